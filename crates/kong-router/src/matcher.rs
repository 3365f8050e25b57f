//! What runs expressions: Kong's own engine, with the fields that Kong gives it.
//!
//! An expression is parsed and held against the fields of its subsystem once; after that only values of
//! fields that it asks for are looked up. A request with a value that the engine does not take, such as a path
//! that is no UTF-8, matches nothing.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::LazyLock;

use atc_router::ast::{Expression as Tree, LogicalExpression, Type, Value};
use atc_router::context::{Context, Match};
use atc_router::interpreter::Execute as _;
use atc_router::parser::parse;
use atc_router::schema::Schema;
use atc_router::semantics::{FieldCounter as _, Validate as _};

/// Which half of the gateway a route belongs to. They have different fields and different routers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subsystem {
    /// Requests of HTTP, gRPC and WebSockets.
    Http,
    /// Connections and datagrams.
    Stream,
}

const TEXTS: &[&str] = &["net.protocol", "tls.sni"];
const NUMBERS: &[&str] = &["net.src.port", "net.dst.port"];
const ADDRESSES: &[&str] = &["net.src.ip", "net.dst.ip"];
const HTTP_TEXTS: &[&str] = &[
    "http.method",
    "http.host",
    "http.path",
    "http.path.segments.*",
    "http.headers.*",
    "http.queries.*",
];
const SEGMENT_COUNT: &str = "http.path.segments.len";
const SEGMENTS: &str = "http.path.segments.";

static STREAM: LazyLock<Schema> = LazyLock::new(|| {
    let mut schema = Schema::default();
    for field in TEXTS {
        schema.add_field(field, Type::String);
    }
    for field in NUMBERS {
        schema.add_field(field, Type::Int);
    }
    for field in ADDRESSES {
        schema.add_field(field, Type::IpAddr);
    }
    schema
});

static HTTP: LazyLock<Schema> = LazyLock::new(|| {
    let mut schema = Schema::default();
    for field in TEXTS.iter().chain(HTTP_TEXTS) {
        schema.add_field(field, Type::String);
    }
    for field in NUMBERS.iter().chain([&SEGMENT_COUNT]) {
        schema.add_field(field, Type::Int);
    }
    for field in ADDRESSES {
        schema.add_field(field, Type::IpAddr);
    }
    schema
});

impl Subsystem {
    /// The fields of this half, with their types.
    pub(crate) fn schema(self) -> &'static Schema {
        match self {
            Self::Http => &HTTP,
            Self::Stream => &STREAM,
        }
    }

    /// The half that serves a protocol of a route.
    pub fn of(protocol: &str) -> Self {
        match protocol {
            "tcp" | "tls" | "tls_passthrough" | "udp" => Self::Stream,
            _ => Self::Http,
        }
    }
}

/// Why Kong does not take an expression.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct BadExpression(pub String);

/// An expression that is ready to run.
#[derive(Debug)]
pub(crate) struct Compiled {
    text: String,
    tree: Tree,
    fields: Vec<String>,
}

impl Compiled {
    /// Parses an expression and checks that it asks for fields that there are.
    pub(crate) fn new(text: &str, subsystem: Subsystem) -> Result<Self, BadExpression> {
        let tree = parse(text).map_err(|error| BadExpression(error.to_string()))?;
        tree.validate(subsystem.schema()).map_err(BadExpression)?;
        let mut counted = HashMap::new();
        tree.add_to_counter(&mut counted);
        let mut fields: Vec<String> = counted.into_keys().collect();
        fields.sort_unstable();
        for field in &fields {
            if let Some(rest) = field.strip_prefix(SEGMENTS)
                && !(rest == "len" || segments(rest).is_some())
            {
                let reason = format!("illformed http.path.segments.* field: {field}");
                return Err(BadExpression(reason));
            }
        }
        Ok(Self {
            text: text.to_owned(),
            tree,
            fields,
        })
    }

    /// The fields that it asks for.
    pub(crate) fn fields(&self) -> impl Iterator<Item = &str> {
        self.fields.iter().map(String::as_str)
    }

    /// Both of two.
    pub(crate) fn and(self, other: Self) -> Self {
        let mut fields = self.fields;
        fields.extend(other.fields);
        fields.sort_unstable();
        fields.dedup();
        let both = LogicalExpression::And(self.tree, other.tree);
        Self {
            text: format!("({}) && ({})", self.text, other.text),
            tree: Tree::Logical(Box::new(both)),
            fields,
        }
    }

    /// As it is written.
    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// Whether both are written alike.
    pub(crate) fn is_same_as(&self, other: &Self) -> bool {
        self.text == other.text
    }

    /// What of the path matched and was captured, if the expression holds.
    pub(crate) fn run(&self, context: &mut Context<'_>) -> Option<Matched> {
        let mut matched = Match::new();
        self.tree.execute(context, &mut matched).then(|| {
            let path = match matched.matches.remove("http.path") {
                Some(Value::String(path)) => Some(path),
                Some(Value::IpCidr(_) | Value::IpAddr(_) | Value::Int(_) | Value::Regex(_))
                | None => None,
            };
            Matched {
                path,
                captures: matched.captures.into_iter().collect(),
            }
        })
    }
}

/// What an expression found in a request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Matched {
    /// The part of the path that matched.
    pub(crate) path: Option<String>,
    /// Groups of the patterns that matched, by number and by name.
    pub(crate) captures: HashMap<String, String>,
}

/// First and last of a row of segments.
fn segments(text: &str) -> Option<(usize, usize)> {
    let number = |text: &str| {
        let plain = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        (plain && (text == "0" || !text.starts_with('0')))
            .then(|| text.parse().ok())
            .flatten()
    };
    match text.split_once('_') {
        None => number(text).map(|index: usize| (index, index)),
        Some((first, last)) => {
            let (first, last) = (number(first)?, number(last)?);
            (first < last).then_some((first, last))
        }
    }
}

/// Requests with the same key are one to Kong, once it has answered one of them.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Key(Vec<Option<Vec<String>>>);

impl Key {
    /// What Kong remembers the outcome of a request by: the values of these fields, but for the protocol.
    pub(crate) fn of<'a>(context: &Context<'_>, fields: impl Iterator<Item = &'a str>) -> Self {
        let told = fields.filter(|field| *field != "net.protocol");
        let value = |field: &str| {
            let values = context.value_of(field)?.iter();
            let mut texts: Vec<String> = values.map(|value| format!("{value:?}")).collect();
            texts.sort_unstable();
            Some(texts)
        };
        Self(told.map(value).collect())
    }
}

/// What a request looks like to expressions.
#[derive(Clone, Debug)]
pub(crate) struct Facts {
    pub(crate) protocol: &'static str,
    pub(crate) sni: Option<String>,
    pub(crate) source: (IpAddr, u16),
    pub(crate) destination: (IpAddr, u16),
    pub(crate) http: Option<HttpFacts>,
}

/// What a request of HTTP looks like to expressions, besides.
#[derive(Clone, Debug)]
pub(crate) struct HttpFacts {
    pub(crate) method: String,
    pub(crate) host: String,
    /// Normalised. Nothing if it is no UTF-8, which the engine does not take.
    pub(crate) path: Option<String>,
    /// Names in lower case with `_` for `-`.
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) queries: Vec<(String, String)>,
}

impl Facts {
    /// The values of these fields, as Kong gives them to its engine; nothing if it cannot.
    pub(crate) fn context<'a>(
        &self,
        subsystem: Subsystem,
        fields: impl Iterator<Item = &'a str>,
    ) -> Option<Context<'static>> {
        let mut context = Context::new(subsystem.schema());
        for field in fields {
            self.add(&mut context, field)?;
        }
        Some(context)
    }

    fn add(&self, context: &mut Context<'_>, field: &str) -> Option<()> {
        let mut text = |value: &str| context.add_value(field, Value::String(value.to_owned()));
        match field {
            "net.protocol" => text(self.protocol),
            "tls.sni" => {
                if let Some(sni) = &self.sni {
                    text(sni);
                }
            }
            "net.src.ip" => context.add_value(field, Value::IpAddr(self.source.0)),
            "net.src.port" => context.add_value(field, Value::Int(self.source.1.into())),
            "net.dst.ip" => context.add_value(field, Value::IpAddr(self.destination.0)),
            "net.dst.port" => context.add_value(field, Value::Int(self.destination.1.into())),
            other => {
                let Some(http) = &self.http else {
                    return Some(());
                };
                http.add(context, other)?;
            }
        }
        Some(())
    }
}

impl HttpFacts {
    fn add(&self, context: &mut Context<'_>, field: &str) -> Option<()> {
        let mut text = |value: &str| context.add_value(field, Value::String(value.to_owned()));
        match field {
            "http.method" => text(&self.method),
            "http.host" => text(&self.host),
            "http.path" => text(self.path.as_ref()?),
            SEGMENT_COUNT => {
                let count = split(self.path.as_ref()?).len();
                let count = i64::try_from(count).unwrap_or(i64::MAX);
                context.add_value(field, Value::Int(count));
            }
            other => {
                if let Some(name) = other.strip_prefix("http.headers.") {
                    for (_, value) in self.headers.iter().filter(|(header, _)| header == name) {
                        text(value);
                    }
                } else if let Some(name) = other.strip_prefix("http.queries.") {
                    for (_, value) in self.queries.iter().filter(|(query, _)| query == name) {
                        text(value);
                    }
                } else if let Some((first, last)) =
                    other.strip_prefix(SEGMENTS).and_then(self::segments)
                    && let Some(row) = split(self.path.as_ref()?).get(first..=last)
                {
                    text(&row.join("/"));
                }
            }
        }
        Some(())
    }
}

/// The parts of a path. A slash at its end begins no part.
fn split(path: &str) -> Vec<&str> {
    let inner = path.strip_prefix('/').unwrap_or(path);
    let inner = inner.strip_suffix('/').unwrap_or(inner);
    if inner.is_empty() {
        Vec::new()
    } else {
        inner.split('/').collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts(path: &str) -> Facts {
        Facts {
            protocol: "http",
            sni: None,
            source: ([127, 0, 0, 1].into(), 40000),
            destination: ([127, 0, 0, 1].into(), 80),
            http: Some(HttpFacts {
                method: "GET".into(),
                host: "h.test".into(),
                path: Some(path.into()),
                headers: vec![("x_a".into(), "1".into()), ("x_a".into(), "2".into())],
                queries: vec![("q".into(), String::new())],
            }),
        }
    }

    fn holds(expression: &str, path: &str) -> bool {
        let compiled = Compiled::new(expression, Subsystem::Http).unwrap();
        let context = facts(path).context(Subsystem::Http, compiled.fields());
        compiled.run(&mut context.unwrap()).is_some()
    }

    #[test]
    fn segments_are_counted_and_joined_as_kong_does() {
        assert!(holds("http.path.segments.len == 3", "/a/b/c/"));
        assert!(holds("http.path.segments.0_1 == \"a/b\"", "/a/b/c"));
        assert!(holds("http.path.segments.2 == \"c\"", "/a/b/c"));
        assert!(!holds("http.path.segments.3 == \"\"", "/a/b/c/"));
        assert!(holds("http.path.segments.len == 0", "/"));
        for field in ["01", "2_1", "1_1", "len0", "a", "1_"] {
            let text = format!("http.path.segments.{field} == \"a\"");
            assert!(Compiled::new(&text, Subsystem::Http).is_err(), "{field}");
        }
    }

    #[test]
    fn all_values_of_a_header_have_to_match_unless_any_is_asked_for() {
        assert!(!holds("http.headers.x_a == \"1\"", "/"));
        assert!(holds("any(http.headers.x_a) == \"1\"", "/"));
        assert!(!holds("http.headers.x_b == \"1\"", "/"));
        assert!(holds("http.queries.q == \"\"", "/"));
    }

    #[test]
    fn a_stream_has_no_paths() {
        let error = Compiled::new("http.path == \"/\"", Subsystem::Stream).unwrap_err();
        assert_eq!(error.0, "Unknown LHS field");
    }

    #[test]
    fn a_path_that_is_no_utf8_matches_nothing_that_asks_for_it() {
        let mut facts = facts("/");
        if let Some(http) = &mut facts.http {
            http.path = None;
        }
        let context = |field| facts.context(Subsystem::Http, [field].into_iter());
        assert!(context("http.path").is_none());
        assert!(context("http.host").is_some());
    }
}
