//! What a match asks for, in the words of the two flavours.

use gateway_types::{HTTPPathMatch, MatchType, NameValueMatch, PathMatchType};
use kong_router::expression::{
    Expression, HeaderName, Pattern, QueryName, Text, TextField, TextTest,
};

use super::Refusal;
use super::filters::{answers_preflights, normal};
use super::source::Match;
use crate::predicates::quoted;

/// The kind of a path match, and its value.
pub(super) fn path_of(path: &HTTPPathMatch) -> (PathMatchType, &str) {
    let kind = path.type_.clone().unwrap_or(PathMatchType::PathPrefix);
    (kind, path.value.as_deref().unwrap_or("/"))
}

/// The host of a route; nothing for all.
pub(super) fn host(host: &str) -> Option<Expression> {
    text(TextField::Host, host)
}

/// One of some server names.
pub(super) fn snis(snis: &[String]) -> Option<Expression> {
    let snis = snis.iter().filter_map(|sni| text(TextField::Sni, sni));
    Expression::any(snis.collect::<Vec<_>>())
}

/// A name, possibly with a wildcard for its beginning.
fn text(field: TextField, name: &str) -> Option<Expression> {
    let test = match name.strip_prefix('*') {
        _ if name.is_empty() => return None,
        Some(end) => TextTest::EndsWith(end.to_owned()),
        None => TextTest::Equals(name.to_owned()),
    };
    Some(Expression::text(field, test))
}

/// What holds if there is nothing else to ask.
pub(super) fn everything() -> Option<Expression> {
    let protocol =
        |word: &str| Expression::text(TextField::Protocol, TextTest::Equals(word.to_owned()));
    Expression::any([protocol("http"), protocol("https")])
}

/// A match as an expression; nothing if it asks for nothing. As Kong's controller does it, headers of one name all
/// count, and so do all values of a header; in the right way the first header of a name counts, and one value of it
/// is enough.
pub(super) fn expression(
    it: &Match<'_>,
    captures_rest: bool,
    right: bool,
) -> Result<Option<Expression>, Refusal> {
    let mut all = Vec::new();
    // What captures the rest needs something that it is the rest of.
    let root = HTTPPathMatch::default();
    let needed = (right && captures_rest).then_some(&root);
    if let Some(path) = it.spec.path.as_ref().or(needed) {
        all.push(path_expression(it, path, captures_rest, right)?);
    }
    let headers = named(it, "headers", &it.spec.headers, right, |name| {
        Ok(TextField::Header(HeaderName::new(name)?))
    })?;
    all.extend(Expression::all(headers));
    let queries = named(it, "queryParams", &it.spec.query_params, right, |name| {
        Ok(TextField::Query(QueryName::new(name)?))
    })?;
    all.extend(Expression::all(queries));
    if let Some(method) = &it.spec.method {
        let is =
            |method: &str| Expression::text(TextField::Method, TextTest::Equals(method.to_owned()));
        let preflight = if right && answers_preflights(&it.rule.spec.filters) {
            preflight(method).map(|asked| [is("OPTIONS"), asked])
        } else {
            None
        };
        let preflight = preflight.and_then(Expression::all);
        all.extend(Expression::any([is(method)].into_iter().chain(preflight)));
    }
    Ok(Expression::all(all))
}

/// What a browser sends that asks whether it may use a method.
fn preflight(method: &str) -> Option<Expression> {
    let name = HeaderName::new("access-control-request-method").ok()?;
    let asked = Text::from(TextField::Header(name)).any_value();
    Some(Expression::text(asked, TextTest::Equals(method.to_owned())))
}

fn pattern(field: String, pattern: String) -> Result<TextTest, Refusal> {
    Pattern::new(pattern)
        .map(TextTest::Matches)
        .map_err(|bad| Refusal::new(field, bad.to_string(), "correct the regular expression"))
}

fn path_expression(
    it: &Match<'_>,
    path: &HTTPPathMatch,
    captures_rest: bool,
    right: bool,
) -> Result<Expression, Refusal> {
    let field = || format!("{}.path.value", it.field());
    let test = |test| Expression::text(TextField::Path, test);
    let (kind, value) = path_of(path);
    let value = if right && kind != PathMatchType::RegularExpression {
        normalised(value)
    } else {
        value.to_owned()
    };
    match kind {
        PathMatchType::Exact => Ok(test(TextTest::Equals(value))),
        PathMatchType::RegularExpression if right => {
            // What it is alone must not close a group that it is put into.
            pattern(field(), value.clone())?;
            Ok(test(pattern(field(), format!("^{}", whole(&value)))?))
        }
        PathMatchType::RegularExpression => {
            let anchor = if value.starts_with('^') { "" } else { "^" };
            Ok(test(pattern(field(), format!("{anchor}{value}"))?))
        }
        PathMatchType::PathPrefix => {
            let prefix = normal(&value);
            let equal = test(TextTest::Equals(prefix.to_owned()));
            let below = if captures_rest {
                let escaped = if right {
                    quoted(prefix)
                } else {
                    prefix.to_owned()
                };
                let rest = match prefix {
                    "/" => "^/(.*)".to_owned(),
                    _ => format!("^{escaped}(/.*)"),
                };
                pattern(field(), rest)?
            } else if prefix == "/" {
                return Ok(test(TextTest::StartsWith(prefix.to_owned())));
            } else {
                TextTest::StartsWith(format!("{prefix}/"))
            };
            let either = Expression::any([equal, test(below)]);
            Ok(either.expect("two operands are more than none"))
        }
        PathMatchType::Other(kind) => Err(Refusal::new(
            format!("{}.path.type", it.field()),
            format!("unknown/unsupported path match type: {kind}"),
            "use Exact, PathPrefix or RegularExpression",
        )),
    }
}

/// A regular expression for paths without its anchor, so that it can be put behind one: alternatives would get away
/// from it.
pub(super) fn whole(pattern: &str) -> String {
    if pattern.contains('|') {
        format!("(?:{pattern})")
    } else {
        pattern.strip_prefix('^').unwrap_or(pattern).to_owned()
    }
}

fn named(
    it: &Match<'_>,
    member: &str,
    matches: &[NameValueMatch],
    right: bool,
    field: impl Fn(&str) -> Result<TextField, kong_router::expression::Unnameable>,
) -> Result<Vec<Expression>, Refusal> {
    let mut matches: Vec<(usize, &NameValueMatch)> = matches.iter().enumerate().collect();
    matches.sort_by(|(_, one), (_, two)| one.name.cmp(&two.name));
    let mut seen: Vec<&str> = Vec::new();
    let mut all = Vec::new();
    if right {
        // The first of a name counts, so look at them as they stand.
        matches.sort_by_key(|(index, _)| *index);
    }
    for (index, asked) in matches {
        let place = format!("{}.{member}[{index}]", it.field());
        let name = field(&asked.name).map_err(|unnameable| {
            let remedy = "match something else, or use the traditional flavour of the router";
            Refusal::new(format!("{place}.name"), unnameable.to_string(), remedy)
        })?;
        // To Kong "-" and "_" are the same in names of headers, but each may ask for a value of its own.
        let is_seen = seen.iter().any(|seen| match &name {
            TextField::Header(_) => seen.eq_ignore_ascii_case(&asked.name),
            _ => *seen == asked.name,
        });
        if right && is_seen {
            continue;
        }
        seen.push(&asked.name);
        let subject = if right {
            Text::from(name).any_value()
        } else {
            Text::from(name)
        };
        let test = match &asked.type_ {
            None | Some(MatchType::Exact) => TextTest::Equals(asked.value.clone()),
            Some(MatchType::RegularExpression) => {
                pattern(format!("{place}.value"), asked.value.clone())?
            }
            Some(MatchType::Other(kind)) => {
                return Err(Refusal::new(
                    format!("{place}.type"),
                    format!("unknown/unsupported header match type: {kind}"),
                    "use Exact or RegularExpression",
                ));
            }
        };
        all.push(Expression::text(subject, test));
    }
    Ok(all)
}

/// Characters that stay encoded in the paths that Kong compares.
const RESERVED: &[u8] = b"!*'();:@&=+$,/?%#[]";

/// A path as Kong compares it: decoded, but for what means something in paths.
pub(super) fn normalised(path: &str) -> String {
    let bytes = path.as_bytes();
    let mut decoded: Vec<u8> = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let digits = path.get(at + 1..at + 3).filter(|_| bytes[at] == b'%');
        let byte = digits
            .filter(|digits| digits.bytes().all(|digit| digit.is_ascii_hexdigit()))
            .and_then(|digits| u8::from_str_radix(digits, 16).ok());
        match byte {
            Some(byte) if RESERVED.contains(&byte) => {
                decoded.extend(format!("%{byte:02X}").bytes());
                at += 3;
            }
            Some(byte) => {
                decoded.push(byte);
                at += 3;
            }
            None => {
                decoded.push(bytes[at]);
                at += 1;
            }
        }
    }
    // What is no text encoded cannot be written decoded.
    String::from_utf8(decoded).unwrap_or_else(|_| path.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_decoded_but_for_what_means_something() {
        assert_eq!(normalised("/a%20b%2fc%C3%A9"), "/a b%2Fcé");
        assert_eq!(normalised("/100%"), "/100%");
        assert_eq!(normalised("/%zz%f"), "/%zz%f");
        assert_eq!(normalised("/%ff"), "/%ff");
    }
}
