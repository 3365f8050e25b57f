//! Which calls a match is for, in both flavours of Kong's router: a call's path is its service and its method.

use std::collections::BTreeMap;

use gateway_types::{GRPCMethodMatch, MatchType, NameValueMatch};
use kong_model::entity::Route;
use kong_router::expression::{Expression, HeaderName, Pattern, Text, TextField, TextTest};

use super::split::Part;
use crate::predicates::{path_begins, path_is, path_matches, quoted, test};

/// What stands for a part of the path that may be anything, as Kong's controller has it.
const ANYTHING: &str = ".+";
/// The same within its part.
const ANY_NAME: &str = "[^/]+";
/// How a value of a header begins that is a pattern.
const PATTERN_VALUE: &str = "~*";

/// What service and method have to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wanted<'m> {
    Everything,
    Exactly(Option<&'m str>, Option<&'m str>),
    Matching(Option<&'m str>, Option<&'m str>),
}

fn wanted(method: Option<&GRPCMethodMatch>) -> Result<Wanted<'_>, String> {
    let Some(matched) = method else {
        return Ok(Wanted::Everything);
    };
    let (service, method) = (matched.service.as_deref(), matched.method.as_deref());
    match &matched.type_ {
        None | Some(MatchType::Exact) => Ok(Wanted::Exactly(service, method)),
        Some(MatchType::RegularExpression) => Ok(Wanted::Matching(service, method)),
        Some(MatchType::Other(kind)) => Err(format!("there is no match type {kind}")),
    }
}

/// A part of a pattern, which has to be one by itself.
fn part(pattern: Option<&str>) -> Result<&str, String> {
    let Some(pattern) = pattern else {
        return Ok(ANY_NAME);
    };
    match Pattern::new(pattern) {
        Ok(_) => Ok(pattern),
        Err(bad) => Err(bad.to_string()),
    }
}

/// Says in a route which calls a part of a GRPCRoute is for; an error says what cannot be said.
pub(super) fn apply(part: &Part<'_>, as_kong: bool, route: &mut Route) -> Result<(), String> {
    route.hosts = (!part.hosts.is_empty()).then(|| part.hosts.clone());
    route.paths = match path(part.wanted.method.as_ref(), as_kong)? {
        Some(path) => Some(vec![path]),
        None if as_kong && part.is_default && part.hosts.is_empty() => Some(vec!["/".to_owned()]),
        None if as_kong => None,
        // As a pattern it takes its place among the others.
        None => Some(vec!["~/".to_owned()]),
    };
    let headers = headers(&part.wanted.headers, as_kong)?;
    route.headers = (!headers.is_empty()).then_some(headers);
    Ok(())
}

/// The path of a route without an expression.
fn path(method: Option<&GRPCMethodMatch>, as_kong: bool) -> Result<Option<String>, String> {
    Ok(Some(match wanted(method)? {
        Wanted::Everything => return Ok(None),
        Wanted::Exactly(None, None) if !as_kong => return Ok(None),
        Wanted::Exactly(service, method) => {
            let service = service.map_or_else(|| ANYTHING.to_owned(), quoted);
            let method = method.map(|method| format!("{}$", quoted(method)));
            format!("~/{service}/{}", method.unwrap_or_default())
        }
        Wanted::Matching(service, method) if as_kong => {
            let (service, method) = (service.unwrap_or(ANYTHING), method.unwrap_or(ANYTHING));
            format!("~/{service}/{method}")
        }
        Wanted::Matching(service, method) => {
            format!("~/(?:{})/(?:{})$", part(service)?, part(method)?)
        }
    }))
}

/// The path as a predicate.
pub(super) fn path_predicate(
    method: Option<&GRPCMethodMatch>,
    as_kong: bool,
) -> Result<Option<Expression>, String> {
    Ok(Some(match wanted(method)? {
        Wanted::Everything => return Ok(None),
        Wanted::Exactly(None, None) | Wanted::Matching(None, None) => path_begins("/"),
        Wanted::Exactly(Some(service), None) => path_begins(format!("/{service}/")),
        Wanted::Exactly(None, Some(method)) => {
            test(TextField::Path, TextTest::EndsWith(format!("/{method}")))
        }
        Wanted::Exactly(Some(service), Some(method)) => path_is(format!("/{service}/{method}")),
        Wanted::Matching(service, method) => {
            let pattern = if as_kong {
                let (service, method) = (service.unwrap_or(ANYTHING), method.unwrap_or(ANYTHING));
                format!("^/{service}/{method}")
            } else {
                format!("^/(?:{})/(?:{})$", part(service)?, part(method)?)
            };
            path_matches(Pattern::new(pattern).map_err(|bad| bad.to_string())?)
        }
    }))
}

/// Headers with their values. Kong's controller takes every value for exact.
fn headers(
    wanted: &[NameValueMatch],
    as_kong: bool,
) -> Result<BTreeMap<String, Vec<String>>, String> {
    let mut headers: BTreeMap<String, Vec<String>> = BTreeMap::new();
    if as_kong {
        for header in wanted {
            let values = headers.entry(header.name.clone()).or_default();
            values.push(header.value.clone());
        }
        return Ok(headers);
    }
    for header in first_of_each(wanted) {
        let value = match &header.type_ {
            None | Some(MatchType::Exact) if header.value.starts_with(PATTERN_VALUE) => {
                format!("{PATTERN_VALUE}^{}$", quoted(&header.value))
            }
            None | Some(MatchType::Exact) => header.value.clone(),
            Some(MatchType::RegularExpression) => {
                let pattern = checked_without_case(&header.value)?;
                format!("{PATTERN_VALUE}{pattern}")
            }
            Some(MatchType::Other(kind)) => return Err(format!("there is no match type {kind}")),
        };
        headers.insert(header.name.to_ascii_lowercase(), vec![value]);
    }
    Ok(headers)
}

/// A pattern that means the same in lower case, in which Kong reads it.
fn checked_without_case(pattern: &str) -> Result<&str, String> {
    Pattern::new(pattern).map_err(|bad| bad.to_string())?;
    let mut characters = pattern.chars();
    while let Some(character) = characters.next() {
        if character != '\\' {
            continue;
        }
        if let Some(class) = characters.next().filter(char::is_ascii_uppercase) {
            return Err(format!(
                "Kong reads the pattern of a header in lower case, where \\{class} means something else"
            ));
        }
    }
    Ok(pattern)
}

/// All headers as a predicate.
pub(super) fn header_predicate(
    wanted: &[NameValueMatch],
    as_kong: bool,
) -> Result<Option<Expression>, String> {
    let mut headers: Vec<&NameValueMatch> = if as_kong {
        wanted.iter().collect()
    } else {
        first_of_each(wanted)
    };
    headers.sort_by(|one, two| one.name.cmp(&two.name));
    let mut all = Vec::new();
    for header in headers {
        let name = HeaderName::new(&header.name).map_err(|error| error.to_string())?;
        let test = match &header.type_ {
            None | Some(MatchType::Exact) => TextTest::Equals(header.value.clone()),
            Some(MatchType::RegularExpression) => {
                TextTest::Matches(Pattern::new(&*header.value).map_err(|bad| bad.to_string())?)
            }
            Some(MatchType::Other(kind)) => return Err(format!("there is no match type {kind}")),
        };
        let value = Text::from(TextField::Header(name));
        // One of several values is enough.
        let value = if as_kong { value } else { value.any_value() };
        all.push(Expression::text(value, test));
    }
    Ok(Expression::all(all))
}

/// Of several matches of one header the first counts.
pub(super) fn first_of_each(wanted: &[NameValueMatch]) -> Vec<&NameValueMatch> {
    let mut first: Vec<&NameValueMatch> = Vec::new();
    for header in wanted {
        if first
            .iter()
            .all(|it| !it.name.eq_ignore_ascii_case(&header.name))
        {
            first.push(header);
        }
    }
    first
}

#[cfg(test)]
mod tests {
    use super::*;

    fn method(kind: MatchType, service: Option<&str>, method: Option<&str>) -> GRPCMethodMatch {
        GRPCMethodMatch {
            type_: Some(kind),
            service: service.map(str::to_owned),
            method: method.map(str::to_owned),
        }
    }

    #[test]
    fn a_pattern_stays_in_its_part_of_the_path() {
        let wanted = method(MatchType::RegularExpression, Some("a|b"), None);
        let path = path(Some(&wanted), false).unwrap().unwrap();
        assert_eq!(path, "~/(?:a|b)/(?:[^/]+)$");
        let expression = path_predicate(Some(&wanted), false).unwrap().unwrap();
        assert_eq!(
            expression.to_string(),
            r#"http.path ~ "^/(?:a|b)/(?:[^/]+)$""#
        );
        let escaping = method(MatchType::RegularExpression, Some("a)|(b"), None);
        assert!(self::path(Some(&escaping), false).is_err());
        assert!(path_predicate(Some(&escaping), false).is_err());
    }

    #[test]
    fn kongs_controller_takes_a_pattern_as_it_is() {
        let wanted = method(MatchType::RegularExpression, None, Some("Get.*"));
        assert_eq!(path(Some(&wanted), true).unwrap().unwrap(), "~/.+/Get.*");
        let none = method(MatchType::Exact, None, None);
        assert_eq!(path(Some(&none), true).unwrap().unwrap(), "~/.+/");
        assert_eq!(path(Some(&none), false).unwrap(), None);
    }

    #[test]
    fn headers_are_patterns_where_they_are_meant_to_be() {
        let header = |kind, value: &str| NameValueMatch {
            type_: Some(kind),
            name: "X-Plan".to_owned(),
            value: value.to_owned(),
        };
        let values =
            |header: NameValueMatch| headers(&[header], false).map(|it| it["x-plan"][0].clone());
        assert_eq!(values(header(MatchType::Exact, "a.b")).unwrap(), "a.b");
        assert_eq!(
            values(header(MatchType::Exact, "~*a")).unwrap(),
            r"~*^~\*a$"
        );
        let pattern = |value| values(header(MatchType::RegularExpression, value));
        assert_eq!(pattern(r"^\d+$").unwrap(), r"~*^\d+$");
        assert!(pattern(r"^\D+$").is_err());
        assert!(pattern(r"^\\D+$").is_ok());
    }
}
