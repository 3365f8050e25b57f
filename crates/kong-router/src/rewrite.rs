//! What the request-transformer plugin makes of the upstream URI: a template with expressions of Lua in it.
//!
//! Templates can hold any Lua. This runs what is used for rewrites: captures, headers and query parameters,
//! texts, `..`, `==`, `~=`, `and`, `or`, `not`, and parentheses. What it cannot run it says so, rather than guess.

mod lua;

use std::collections::HashMap;

pub(crate) use lua::Failure;
use lua::Value;

/// What a template can ask for.
#[derive(Debug, Default)]
pub(crate) struct Scope {
    /// Groups of the patterns that matched, by number and by name.
    pub(crate) captures: HashMap<String, String>,
    /// Headers, names in lower case.
    pub(crate) headers: HashMap<String, String>,
    pub(crate) queries: HashMap<String, String>,
}

impl Scope {
    fn table(&self, name: &str) -> Option<&HashMap<String, String>> {
        match name {
            "uri_captures" => Some(&self.captures),
            "headers" => Some(&self.headers),
            "query_params" => Some(&self.queries),
            _ => None,
        }
    }
}

/// Fills in a template.
pub(crate) fn render(template: &str, scope: &Scope) -> Result<String, Failure> {
    let mut text = String::new();
    let mut rest = template;
    while let Some(at) = rest.find("$(") {
        text.push_str(&rest[..at]);
        let (expression, after) = enclosed(&rest[at + 2..])?;
        text.push_str(&lua::evaluate(expression, scope)?.printed());
        rest = after;
    }
    text.push_str(rest);
    Ok(text)
}

/// What stands up to the parenthesis that closes, and what follows it. Parentheses in quotes count as well: so
/// they do for Kong.
fn enclosed(text: &str) -> Result<(&str, &str), Failure> {
    let mut depth = 1_usize;
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b'(' => depth += 1,
            b')' => depth -= 1,
            _ => continue,
        }
        if depth == 0 {
            return Ok((&text[..at], &text[at + 1..]));
        }
    }
    Err(Failure::Syntax("a \"$(\" is not closed".to_owned()))
}

impl Value {
    /// As a template prints it: what is nil prints nothing.
    fn printed(&self) -> String {
        match self {
            Self::Nil => String::new(),
            Self::Text(text) => text.clone(),
            Self::Boolean(boolean) => boolean.to_string(),
            Self::Number(number) => number.to_string(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scope(captures: &[(&str, &str)]) -> Scope {
        let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        Scope {
            captures: captures.iter().map(owned).collect(),
            headers: [("x-tenant".to_owned(), "blue".to_owned())].into(),
            queries: HashMap::new(),
        }
    }

    fn rendered(template: &str, captures: &[(&str, &str)]) -> String {
        render(template, &scope(captures)).unwrap()
    }

    #[test]
    fn captures_are_put_in_and_missing_ones_leave_nothing() {
        let template = "/new$(uri_captures[1])";
        assert_eq!(rendered(template, &[("1", "/a")]), "/new/a");
        assert_eq!(rendered(template, &[]), "/new");
        assert_eq!(rendered("/$(uri_captures.id)/x", &[("id", "7")]), "/7/x");
        assert_eq!(rendered("/$(uri_captures[\"id\"])", &[("id", "7")]), "/7");
    }

    #[test]
    fn a_missing_capture_can_be_replaced() {
        let template = "$(uri_captures[1] == nil and \"/\" or uri_captures[1])";
        assert_eq!(rendered(template, &[]), "/");
        assert_eq!(rendered(template, &[("1", "/a")]), "/a");
        let joined = "$(uri_captures[1] == nil and '/b' or '/b/' .. uri_captures[1])";
        assert_eq!(rendered(joined, &[("1", "c")]), "/b/c");
    }

    #[test]
    fn headers_are_found_in_any_case() {
        assert_eq!(rendered("/$(headers['X-Tenant'])/", &[]), "/blue/");
        assert_eq!(rendered("/$(headers.x_tenant or 'none')", &[]), "/blue");
    }

    #[test]
    fn what_cannot_be_run_is_said_to_be_so() {
        for template in [
            "$(string.upper(uri_captures[1]))",
            "$(os.time())",
            "$(1 + 1)",
        ] {
            let error = render(template, &scope(&[])).unwrap_err();
            assert!(
                matches!(error, Failure::Unsupported(_)),
                "{template}: {error}"
            );
        }
        assert!(matches!(
            render("$(uri_captures[1]", &scope(&[])),
            Err(Failure::Syntax(_))
        ));
        // Lua cannot join nothing.
        assert!(matches!(
            render("$('/' .. uri_captures[1])", &scope(&[])),
            Err(Failure::Type(_))
        ));
    }
}
