//! Predicates of expressions that several kinds of routes need, and what priorities are made of.

use kong_router::expression::{Expression, Pattern, Text, TextField, TextTest};

use crate::context::Context;
use crate::settings::KongVersion;

/// Where the kind of the object begins in a priority.
pub(crate) const KIND_SHIFT: u32 = 44;

/// A test of a text.
pub(crate) fn test(subject: impl Into<Text>, test: TextTest) -> Expression {
    Expression::text(subject, test)
}

/// One of some server names.
pub(crate) fn snis(names: &[String]) -> Option<Expression> {
    Expression::any(names.iter().map(|name| named(TextField::Sni, name)))
}

/// One of some hosts.
pub(crate) fn hosts(hosts: &[String]) -> Option<Expression> {
    Expression::any(hosts.iter().map(|host| named(TextField::Host, host)))
}

/// None of some names. A wildcard among them cannot be said to versions that cannot negate.
pub(crate) fn none_of<'n>(
    context: &Context<'_, '_>,
    field: &TextField,
    names: impl IntoIterator<Item = &'n String>,
) -> Vec<Expression> {
    let can_negate = context.settings.version >= KongVersion::NEGATION_AND_PORTS;
    let not = |name: &String| {
        if name.starts_with('*') {
            can_negate.then(|| named(field.clone(), name).negated())
        } else {
            Some(test(field.clone(), TextTest::Differs(name.clone())))
        }
    };
    names.into_iter().filter_map(not).collect()
}

/// A name that may have a wildcard at one end.
pub(crate) fn named(field: TextField, name: &str) -> Expression {
    let rule = if let Some(suffix) = name.strip_prefix('*') {
        TextTest::EndsWith(suffix.to_owned())
    } else if let Some(prefix) = name.strip_suffix('*') {
        TextTest::StartsWith(prefix.to_owned())
    } else {
        TextTest::Equals(name.to_owned())
    };
    test(field, rule)
}

/// One of some methods.
pub(crate) fn methods(methods: &[String]) -> Option<Expression> {
    let method = |method: &String| test(TextField::Method, TextTest::Equals(method.clone()));
    Expression::any(methods.iter().map(method))
}

/// The path is this.
pub(crate) fn path_is(path: impl Into<String>) -> Expression {
    test(TextField::Path, TextTest::Equals(path.into()))
}

/// The path begins with this.
pub(crate) fn path_begins(path: impl Into<String>) -> Expression {
    test(TextField::Path, TextTest::StartsWith(path.into()))
}

/// The path has what this describes.
pub(crate) fn path_matches(pattern: Pattern) -> Expression {
    test(TextField::Path, TextTest::Matches(pattern))
}

/// Whatever comes by HTTP.
pub(crate) fn everything() -> Option<Expression> {
    let protocol = |word: &str| test(TextField::Protocol, TextTest::Equals(word.to_owned()));
    Expression::any(["http", "https"].map(protocol))
}

/// A text in a regular expression that means nothing but itself.
pub(crate) fn quoted(text: &str) -> String {
    const SPECIAL: &str = "\\.+*?()|[]{}^$";
    let mut quoted = String::with_capacity(text.len());
    for character in text.chars() {
        if SPECIAL.contains(character) {
            quoted.push('\\');
        }
        quoted.push(character);
    }
    quoted
}
