//! Answers that a record gives in Konnect's place, as the simulator takes them.
//!
//! A record says with a regular expression which requests it means. The simulator knows one wildcard and
//! the two anchors, so alternatives are spelled out; what cannot be said is told, never left out. Depends
//! on the simulator; start with [`faults`].

use serde_json::Value;

use kong_model::{Method, Response};
use konnect_sim::Fault;

use super::record::Answer;

/// What regular expressions have for any text within a path.
const WILDCARDS: [&str; 3] = [".*", ".+", "\\w+"];
/// What means something in a regular expression and nothing here.
const SPECIAL: [char; 7] = ['[', ']', '+', '?', '.', '{', '}'];

/// The answers to requests of a method whose path, with names resolved, is as a record says; `None` if
/// that cannot be said here.
pub(crate) fn faults(
    method: Method,
    path: &str,
    answer: &Answer,
    body: Value,
) -> Option<Vec<Fault>> {
    let retry_after = answer.headers.iter().find_map(|(header, value)| {
        let text = value
            .as_str()
            .map_or_else(|| value.to_string(), str::to_owned);
        let ours = header.eq_ignore_ascii_case("retry-after");
        ours.then(|| text.parse().ok())?
    });
    let response = Response {
        retry_after,
        ..Response::new(answer.status, body)
    };
    let mut faults = Vec::new();
    for path in plain(path)? {
        // Where Kong's operator creates by POST to the collection, we do by PUT below it; but a control plane, below
        // which is everything else, is created by POST here too.
        if method == Method::Post && !path.ends_with("/control-planes$") {
            let below = match path.strip_suffix('$') {
                Some(collection) => format!("{collection}/"),
                None => path.clone(),
            };
            faults.push(Fault::new(Some(Method::Put), below, response.clone()));
        }
        faults.push(Fault::new(Some(method), path, response.clone()));
    }
    Some(faults)
}

/// The paths that a regular expression means, each with `*` for any text.
fn plain(expression: &str) -> Option<Vec<String>> {
    let with_wildcards = WILDCARDS
        .iter()
        .fold(without_classes(expression), |text, wildcard| {
            text.replace(wildcard, "*")
        });
    let alternatives = alternatives(&with_wildcards)?;
    let said = |text: &String| {
        let open = text.replace("\\.", "").replace("\\/", "");
        !open.contains(SPECIAL)
    };
    let all = alternatives.iter().all(said);
    all.then(|| {
        alternatives
            .iter()
            .map(|text| text.replace('\\', ""))
            .collect()
    })
}

/// Any number of characters of some class, as `[^/]+`, is any text.
fn without_classes(expression: &str) -> String {
    let mut out = String::new();
    let mut rest = expression;
    while let Some((before, class)) = rest.split_once('[') {
        out.push_str(before);
        let after = class.split_once(']').map(|(_, after)| after);
        let repeated = after.and_then(|after| after.strip_prefix(['+', '*']));
        if let Some(after) = repeated {
            out.push('*');
            rest = after;
        } else {
            out.push('[');
            rest = class;
        }
    }
    out + rest
}

/// Spells out `(a|b)`.
fn alternatives(text: &str) -> Option<Vec<String>> {
    let Some((before, rest)) = text.split_once('(') else {
        let plain = !text.contains([')', '|']);
        return plain.then(|| vec![text.to_owned()]);
    };
    let (inner, after) = rest.split_once(')')?;
    let inner = inner.trim_start_matches("?:");
    let spelled = inner
        .split('|')
        .map(|choice| format!("{before}{choice}{after}"));
    let spelled: Option<Vec<Vec<String>>> = spelled.map(|text| alternatives(&text)).collect();
    Some(spelled?.concat())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paths(expression: &str) -> Option<Vec<String>> {
        plain(expression)
    }

    #[test]
    fn alternatives_are_spelled_out_and_wildcards_are_stars() {
        let expected = ["/services$", "/services/*", "/routes$", "/routes/*"];
        assert_eq!(
            paths(r"/(services|routes)($|/[^/]+)"),
            Some(expected.map(str::to_owned).to_vec())
        );
        assert_eq!(paths(r"\.com/v2$"), Some(vec![".com/v2$".to_owned()]));
        let expected = Some(vec!["^/groups/*/consumers$".to_owned()]);
        assert_eq!(paths("^/groups/[a-z0-9-]+/consumers$"), expected);
    }

    #[test]
    fn what_cannot_be_said_is_told() {
        for expression in ["/services/?$", "/[a-z]/", "/a{2}", "/(a|b", "a|b", "/x+"] {
            assert_eq!(paths(expression), None, "{expression}");
        }
    }

    #[test]
    fn a_refused_creation_is_refused_as_we_create() {
        let answer = Answer {
            method: "POST".to_owned(),
            path: String::new(),
            status: 429,
            body: Value::Null,
            headers: [("Retry-After".to_owned(), "7".into())].into(),
        };
        let made = faults(Method::Post, "/services$", &answer, Value::Null).unwrap();
        let said: Vec<_> = made.iter().map(|it| (it.method, &*it.path)).collect();
        assert_eq!(
            said,
            [
                (Some(Method::Put), "/services/"),
                (Some(Method::Post), "/services$")
            ]
        );
        let konnect_sim::Effect::Answer(response) = &made[0].effect else {
            panic!("{:?}", made[0]);
        };
        assert_eq!(response.retry_after, Some(7));
    }
}
