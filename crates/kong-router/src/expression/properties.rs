//! Whatever a value holds, what is printed is read back as the same tree: Kong's own parser says so.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use atc_router::ast;
use atc_router::parser::parse;
use atc_router::semantics::Validate as _;
use proptest::prelude::*;

use super::*;
use crate::matcher::Subsystem;

/// Strings of those who try to get out.
fn hostile() -> impl Strategy<Value = String> {
    let pieces = prop::sample::select(vec![
        "\"",
        "#",
        "\"#",
        "r#\"",
        "\\",
        "\\\"",
        "\n",
        "\r",
        "\t",
        "\0",
        ")",
        "(",
        " && ",
        " || ",
        "!",
        "http.path ^= \"/\"",
        "\u{2028}",
        "é",
        "💥",
        "$(",
        "]]",
        "a",
        "/",
        "%22",
    ]);
    prop_oneof![
        prop::collection::vec(pieces, 0..8).prop_map(|pieces| pieces.concat()),
        any::<String>(),
    ]
}

fn text_field() -> impl Strategy<Value = TextField> {
    prop_oneof![
        Just(TextField::Protocol),
        Just(TextField::Sni),
        Just(TextField::Method),
        Just(TextField::Host),
        Just(TextField::Path),
        any::<u16>().prop_map(TextField::Segment),
        (any::<u16>(), any::<u16>()).prop_map(|(first, last)| TextField::Segments(first, last)),
        "[A-Za-z0-9_-]{1,12}"
            .prop_map(|name| TextField::Header(HeaderName::new(&name).expect("a word"))),
        "[A-Za-z0-9_]{1,12}"
            .prop_map(|name| TextField::Query(QueryName::new(&name).expect("a word"))),
    ]
}

fn text_test() -> impl Strategy<Value = TextTest> {
    (hostile(), 0..6_u8).prop_map(|(value, which)| match which {
        0 => TextTest::Equals(value),
        1 => TextTest::Differs(value),
        2 => TextTest::StartsWith(value),
        3 => TextTest::EndsWith(value),
        4 => TextTest::Contains(value),
        _ => TextTest::Matches(Pattern::new(&*value).unwrap_or_else(|_| Pattern::exactly(&value))),
    })
}

fn address() -> impl Strategy<Value = IpAddr> {
    prop_oneof![
        any::<u32>().prop_map(|bits| IpAddr::V4(Ipv4Addr::from(bits))),
        any::<u128>().prop_map(|bits| IpAddr::V6(Ipv6Addr::from(bits))),
        any::<u32>().prop_map(|bits| IpAddr::V6(Ipv4Addr::from(bits).to_ipv6_mapped())),
        any::<u32>().prop_map(|bits| IpAddr::V6(Ipv6Addr::from(u128::from(bits)))),
    ]
}

fn address_test() -> impl Strategy<Value = AddressTest> {
    (address(), any::<u8>(), 0..4_u8).prop_map(|(address, prefix, which)| {
        let longest = if address.is_ipv4() { 33 } else { 129 };
        let network = Network::of(address, prefix % longest).expect("a prefix in range");
        match which {
            0 => AddressTest::Equals(address),
            1 => AddressTest::Differs(address),
            2 => AddressTest::Within(network),
            _ => AddressTest::Outside(network),
        }
    })
}

fn predicate() -> impl Strategy<Value = Expression> {
    let numbers = prop::sample::select(vec![
        NumberField::SourcePort,
        NumberField::DestinationPort,
        NumberField::SegmentCount,
    ]);
    let comparisons = prop::sample::select(vec![
        NumberTest::Equals,
        NumberTest::Differs,
        NumberTest::Above,
        NumberTest::AtLeast,
        NumberTest::Below,
        NumberTest::AtMost,
    ]);
    let ends = prop::sample::select(vec![AddressField::Source, AddressField::Destination]);
    prop_oneof![
        4 => (text_field(), any::<bool>(), any::<bool>(), text_test()).prop_map(
            |(field, lower, any, test)| Expression::text(Text { field, lower, any }, test)
        ),
        1 => (numbers, comparisons, any::<u32>())
            .prop_map(|(field, test, value)| Expression::number(field, test, value)),
        1 => (ends, address_test()).prop_map(|(field, test)| Expression::address(field, test)),
    ]
}

fn expression() -> impl Strategy<Value = Expression> {
    predicate().prop_recursive(4, 24, 4, |inner| {
        let row = prop::collection::vec(inner.clone(), 1..4);
        prop_oneof![
            row.clone()
                .prop_map(|row| Expression::all(row).expect("not empty")),
            row.prop_map(|row| Expression::any(row).expect("not empty")),
            inner.prop_map(Expression::negated),
        ]
    })
}

/// Whether what Kong has read is what was meant.
fn same(meant: &Expression, read: &ast::Expression) -> bool {
    match (meant, read) {
        (Expression::All(row) | Expression::Any(row), read) if row.iter().len() == 1 => {
            row.iter().all(|operand| same(operand, read))
        }
        (Expression::All(row), _) => {
            let mut parts = Vec::new();
            split(read, row.iter().len(), true, &mut parts)
                && row
                    .iter()
                    .zip(&parts)
                    .all(|(meant, read)| same(meant, read))
        }
        (Expression::Any(row), _) => {
            let mut parts = Vec::new();
            split(read, row.iter().len(), false, &mut parts)
                && row
                    .iter()
                    .zip(&parts)
                    .all(|(meant, read)| same(meant, read))
        }
        (Expression::Not(inner), ast::Expression::Logical(logical)) => match &**logical {
            ast::LogicalExpression::Not(read) => same(inner, read),
            ast::LogicalExpression::And(..) | ast::LogicalExpression::Or(..) => false,
        },
        (Expression::Test(meant), ast::Expression::Predicate(read)) => same_test(meant, read),
        (Expression::Not(_), ast::Expression::Predicate(_))
        | (Expression::Test(_), ast::Expression::Logical(_)) => false,
    }
}

/// Takes a row apart that the parser has nested to the left.
fn split<'a>(
    read: &'a ast::Expression,
    count: usize,
    and: bool,
    parts: &mut Vec<&'a ast::Expression>,
) -> bool {
    if count == 1 {
        parts.push(read);
        return true;
    }
    let ast::Expression::Logical(logical) = read else {
        return false;
    };
    match &**logical {
        ast::LogicalExpression::And(left, right) if and => {
            split(left, count - 1, and, parts) && split(right, 1, and, parts)
        }
        ast::LogicalExpression::Or(left, right) if !and => {
            split(left, count - 1, and, parts) && split(right, 1, and, parts)
        }
        ast::LogicalExpression::And(..)
        | ast::LogicalExpression::Or(..)
        | ast::LogicalExpression::Not(_) => false,
    }
}

fn same_test(meant: &Predicate, read: &ast::Predicate) -> bool {
    use ast::BinaryOperator as Operator;
    match (meant, &read.rhs) {
        (Predicate::Text(subject, test), ast::Value::String(value)) => {
            let (operator, meant) = match test {
                TextTest::Equals(value) => (Operator::Equals, value),
                TextTest::Differs(value) => (Operator::NotEquals, value),
                TextTest::StartsWith(value) => (Operator::Prefix, value),
                TextTest::EndsWith(value) => (Operator::Postfix, value),
                TextTest::Contains(value) => (Operator::Contains, value),
                TextTest::Matches(_) => return false,
            };
            read.op == operator && value == meant && same_subject(subject, &read.lhs)
        }
        (Predicate::Text(subject, TextTest::Matches(pattern)), ast::Value::Regex(value)) => {
            value.as_str() == pattern.as_str() && same_subject(subject, &read.lhs)
        }
        (Predicate::Number(field, _, value), ast::Value::Int(read_value)) => {
            read.lhs.var_name == field.to_string() && *read_value == i64::from(*value)
        }
        (Predicate::Address(field, test), ast::Value::IpAddr(value)) => {
            let (AddressTest::Equals(meant) | AddressTest::Differs(meant)) = test else {
                return false;
            };
            read.lhs.var_name == field.to_string() && value == meant
        }
        (Predicate::Address(field, test), ast::Value::IpCidr(value)) => {
            let (AddressTest::Within(meant) | AddressTest::Outside(meant)) = test else {
                return false;
            };
            read.lhs.var_name == field.to_string()
                && value.first_address() == meant.address
                && value.network_length() == meant.prefix
        }
        _ => false,
    }
}

fn same_subject(meant: &Text, read: &ast::Lhs) -> bool {
    read.var_name == meant.field.to_string()
        && read.get_transformations() == (meant.lower, meant.any)
}

proptest! {
    #[test]
    fn what_is_printed_is_read_back_as_it_was_meant(expression in expression()) {
        for style in [Style::Gateway, Style::Controller] {
            let text = expression.print(style);
            let read = match parse(&text) {
                Ok(read) => read,
                Err(error) => return Err(TestCaseError::fail(format!("{text}: {error}"))),
            };
            prop_assert!(same(&expression, &read), "{text}");
            let judged = read.validate(Subsystem::Http.schema());
            prop_assert!(judged.is_ok(), "{text}: {judged:?}");
        }
    }

    #[test]
    fn no_header_name_gets_out_of_its_place(name in hostile()) {
        if let Ok(header) = HeaderName::new(&name) {
            let text = TextField::Header(header).to_string();
            let word = text.strip_prefix("http.headers.").expect("the prefix of headers");
            prop_assert!(word.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_'));
        }
    }
}
