//! The one place where expressions become text.
//!
//! There are two styles, which differ in parentheses and quotes and in nothing else: that of the gateway itself,
//! when it derives expressions from routes without one, and that of Kong's ingress controller.

use std::fmt::{self, Write as _};
use std::net::{IpAddr, Ipv6Addr};

use super::{
    AddressTest, Expression, Network, NumberTest, Operands, Pattern, Predicate, Text, TextTest,
};

/// How an expression is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// As the gateway derives them: every group in parentheses, tests without, raw strings where possible.
    Gateway,
    /// As Kong's ingress controller does: each of several operands in parentheses, escaped strings.
    Controller,
}

impl fmt::Display for Expression {
    /// In the style of the controller, which is that of expressions in configurations.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.print(Style::Controller))
    }
}

impl Expression {
    /// The expression as text that Kong reads back as the same expression.
    pub fn print(&self, style: Style) -> String {
        let mut text = String::new();
        match (style, self) {
            (Style::Gateway, Self::All(operands)) => gateway_row(&mut text, operands, " && "),
            (Style::Gateway, _) => gateway(&mut text, self),
            (Style::Controller, _) => controller(&mut text, self),
        }
        text
    }
}

fn gateway(text: &mut String, expression: &Expression) {
    match expression {
        Expression::All(operands) => {
            text.push('(');
            gateway_row(text, operands, " && ");
            text.push(')');
        }
        Expression::Any(operands) => {
            text.push('(');
            gateway_row(text, operands, " || ");
            text.push(')');
        }
        Expression::Not(inner) => {
            text.push_str("!(");
            gateway(text, inner);
            text.push(')');
        }
        Expression::Test(predicate) => test(text, predicate, Style::Gateway),
    }
}

fn gateway_row(text: &mut String, operands: &Operands, between: &str) {
    for (index, operand) in operands.iter().enumerate() {
        if index > 0 {
            text.push_str(between);
        }
        gateway(text, operand);
    }
}

fn controller(text: &mut String, expression: &Expression) {
    match expression {
        Expression::All(operands) => controller_row(text, operands, " && "),
        Expression::Any(operands) => controller_row(text, operands, " || "),
        Expression::Not(inner) => {
            text.push_str("!(");
            controller(text, inner);
            text.push(')');
        }
        Expression::Test(predicate) => test(text, predicate, Style::Controller),
    }
}

fn controller_row(text: &mut String, operands: &Operands, between: &str) {
    let alone = operands.iter().len() == 1;
    for (index, operand) in operands.iter().enumerate() {
        if index > 0 {
            text.push_str(between);
        }
        if alone {
            controller(text, operand);
        } else {
            text.push('(');
            controller(text, operand);
            text.push(')');
        }
    }
}

fn test(out: &mut String, predicate: &Predicate, style: Style) {
    let (subject, operator, value) = match predicate {
        Predicate::Text(subject, test) => {
            let (operator, value) = match test {
                TextTest::Equals(value) => ("==", value.as_str()),
                TextTest::Differs(value) => ("!=", value.as_str()),
                TextTest::StartsWith(value) => ("^=", value.as_str()),
                TextTest::EndsWith(value) => ("=^", value.as_str()),
                TextTest::Contains(value) => ("contains", value.as_str()),
                TextTest::Matches(pattern) => ("~", Pattern::as_str(pattern)),
            };
            (self::subject(subject), operator, literal(value, style))
        }
        Predicate::Number(field, test, value) => {
            let operator = match test {
                NumberTest::Equals => "==",
                NumberTest::Differs => "!=",
                NumberTest::Above => ">",
                NumberTest::AtLeast => ">=",
                NumberTest::Below => "<",
                NumberTest::AtMost => "<=",
            };
            (field.to_string(), operator, value.to_string())
        }
        Predicate::Address(field, test) => {
            let (operator, value) = match test {
                AddressTest::Equals(address) => ("==", self::address(*address)),
                AddressTest::Differs(address) => ("!=", self::address(*address)),
                AddressTest::Within(network) => ("in", self::network(*network)),
                AddressTest::Outside(network) => ("not in", self::network(*network)),
            };
            (field.to_string(), operator, value)
        }
    };
    write!(out, "{subject} {operator} {value}").expect("strings take everything");
}

fn subject(subject: &Text) -> String {
    let mut text = subject.field.to_string();
    if subject.lower {
        text = format!("lower({text})");
    }
    if subject.any {
        text = format!("any({text})");
    }
    text
}

/// A string that ends where it is meant to end. In a raw string only `"#` means anything; in an escaped one
/// only `"` and `\` do, and line breaks stay legible.
fn literal(value: &str, style: Style) -> String {
    if style == Style::Gateway && !value.contains("\"#") {
        return format!("r#\"{value}\"#");
    }
    let mut text = String::with_capacity(value.len() + 2);
    text.push('"');
    for character in value.chars() {
        match character {
            '"' => text.push_str("\\\""),
            '\\' => text.push_str("\\\\"),
            '\n' => text.push_str("\\n"),
            '\r' => text.push_str("\\r"),
            '\t' => text.push_str("\\t"),
            other => text.push(other),
        }
    }
    text.push('"');
    text
}

fn address(address: IpAddr) -> String {
    match address {
        IpAddr::V4(four) => four.to_string(),
        IpAddr::V6(six) => groups(six),
    }
}

/// Without dots: the language reads none in addresses of eight groups.
fn groups(address: Ipv6Addr) -> String {
    if address.to_ipv4().is_none() {
        return address.to_string();
    }
    let groups = address.segments().map(|group| format!("{group:x}"));
    groups.join(":")
}

fn network(network: Network) -> String {
    format!("{}/{}", address(network.address), network.prefix)
}

#[cfg(test)]
mod tests {
    use super::super::{HeaderName, NumberField, TextField};
    use super::*;

    fn path(test: TextTest) -> Expression {
        Expression::text(TextField::Path, test)
    }

    #[test]
    fn the_gateway_puts_groups_into_parentheses_and_tests_not() {
        let name = HeaderName::new("x-team").unwrap();
        let header = Text::from(TextField::Header(name))
            .in_lower_case()
            .any_value();
        let expression = Expression::all([
            Expression::any([path(TextTest::StartsWith("/a".into()))]).unwrap(),
            Expression::any([
                Expression::text(header, TextTest::Equals("x".into())),
                path(TextTest::Matches(Pattern::new("^/b\\d$").unwrap())),
            ])
            .unwrap(),
        ])
        .unwrap();
        assert_eq!(
            expression.print(Style::Gateway),
            "(http.path ^= r#\"/a\"#) && (any(lower(http.headers.x_team)) == r#\"x\"# || \
             http.path ~ r#\"^/b\\d$\"#)"
        );
    }

    #[test]
    fn the_controller_puts_each_of_several_operands_into_parentheses() {
        let host = Expression::text(TextField::Host, TextTest::Equals("h".into()));
        let either = Expression::any([
            path(TextTest::Equals("/p".into())),
            path(TextTest::StartsWith("/p/".into())),
        ])
        .unwrap();
        assert_eq!(
            Expression::all([host.clone(), either]).unwrap().to_string(),
            "(http.host == \"h\") && ((http.path == \"/p\") || (http.path ^= \"/p/\"))"
        );
        assert_eq!(
            Expression::all([host]).unwrap().to_string(),
            "http.host == \"h\""
        );
    }

    #[test]
    fn the_end_of_a_raw_string_makes_the_gateway_escape() {
        let expression = path(TextTest::Equals("a\"#b\\".into()));
        assert_eq!(
            expression.print(Style::Gateway),
            "http.path == \"a\\\"#b\\\\\""
        );
    }

    #[test]
    fn addresses_with_four_numbers_inside_are_written_in_groups() {
        let test = AddressTest::Equals("::ffff:1.2.3.4".parse().unwrap());
        let expression = Expression::address(super::super::AddressField::Source, test);
        assert_eq!(
            expression.to_string(),
            "net.src.ip == 0:0:0:0:0:ffff:102:304"
        );
        let port = Expression::number(NumberField::DestinationPort, NumberTest::AtMost, 90);
        assert_eq!(port.to_string(), "net.dst.port <= 90");
    }
}
