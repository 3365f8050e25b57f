//! From a route to what the router runs: expressions with priorities.
//!
//! A route with an expression of its own is one part. Any other route Kong turns into an expression, after it has
//! split it: all patterns among its paths are one part, and the prefixes of each length are another. Each part has
//! an id of its own, which follows from that of the route and the number of the part.

use std::fmt;
use std::sync::LazyLock;

use kong_model::entity::{Address, Protocol, Route};
use regex::Regex;
use serde_json::Value;
use uuid::Uuid;

use crate::Flavor;
use crate::expression::{
    AddressField, AddressTest, BadPattern, Expression, HeaderName, Network, NumberField,
    NumberTest, Pattern, Style, Text, TextField, TextTest, Unnameable,
};
use crate::identity;
use crate::matcher::{BadExpression, Compiled, Subsystem};
use crate::priority::{self, EndTraits, HttpTraits, Priority};
use crate::target;

/// Why nothing can be made of a route.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Underivable {
    /// It asks for nothing.
    #[error("the route has no attribute that a request could match")]
    Empty,
    /// The engine does not take the expression.
    #[error(transparent)]
    Expression(#[from] BadExpression),
    /// The engine cannot compile a pattern.
    #[error(transparent)]
    Pattern(#[from] BadPattern),
    /// A header has a name that expressions cannot have.
    #[error(transparent)]
    Header(#[from] Unnameable),
    /// A header without a value makes an expression that cannot be read.
    #[error("the header \"{0}\" has no value that it could have")]
    Values(String),
    /// Neither an address nor a network.
    #[error("\"{0}\" is neither an address nor a network that begins with its first address")]
    Address(String),
}

/// What the router runs of a route.
#[derive(Debug)]
pub(crate) struct Part {
    pub(crate) id: Uuid,
    pub(crate) priority: Priority,
    /// The expression as Kong has it, without what the flavour adds.
    pub(crate) expression: String,
    /// The paths that are in it.
    pub(crate) paths: Vec<String>,
    pub(crate) origin: Origin,
    pub(crate) compiled: Compiled,
    /// What has to hold, one by one, to say later what did not.
    pub(crate) demands: Vec<(Demand, Compiled)>,
    /// What counted for its priority; nothing for streams and for expressions.
    pub(crate) traits: Option<HttpTraits>,
}

/// Where an expression comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// From the configuration.
    Configured,
    /// From the attributes of a route.
    Derived,
}

/// Something that a route asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Demand {
    /// One of its methods.
    Methods,
    /// One of its hosts.
    Hosts,
    /// One of its paths.
    Paths,
    /// One of its SNIs.
    Snis,
    /// A value of this header.
    Header(String),
    /// One of its sources.
    Sources,
    /// One of its destinations.
    Destinations,
    /// One of its protocols.
    Protocols,
    /// Its expression.
    Expression,
}

impl fmt::Display for Demand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Methods => f.write_str("methods"),
            Self::Hosts => f.write_str("hosts"),
            Self::Paths => f.write_str("paths"),
            Self::Snis => f.write_str("snis"),
            Self::Header(name) => write!(f, "header {name}"),
            Self::Sources => f.write_str("sources"),
            Self::Destinations => f.write_str("destinations"),
            Self::Protocols => f.write_str("protocols"),
            Self::Expression => f.write_str("expression"),
        }
    }
}

/// Members of a route that only the expressions flavour has.
pub(crate) fn expression_of(route: &Route) -> Option<&str> {
    let expression = route.others.0.get("expression")?.as_str()?;
    (!expression.is_empty()).then_some(expression)
}

/// The protocols of a route.
pub(crate) fn protocols(route: &Route) -> Vec<String> {
    match &route.protocols {
        Some(protocols) => protocols.iter().map(word).collect(),
        None => ["http", "https"].map(str::to_owned).to_vec(),
    }
}

pub(crate) fn word(protocol: &Protocol) -> String {
    let word = match protocol {
        Protocol::Grpc => "grpc",
        Protocol::Grpcs => "grpcs",
        Protocol::Http => "http",
        Protocol::Https => "https",
        Protocol::Tcp => "tcp",
        Protocol::Tls => "tls",
        Protocol::TlsPassthrough => "tls_passthrough",
        Protocol::Udp => "udp",
        Protocol::Ws => "ws",
        Protocol::Wss => "wss",
        Protocol::Other(word) => word,
    };
    word.to_owned()
}

/// Which half of the gateway serves a route: the first of its protocols says so.
pub(crate) fn subsystem(route: &Route) -> Subsystem {
    let protocols = protocols(route);
    protocols
        .first()
        .map_or(Subsystem::Http, |first| Subsystem::of(first))
}

/// Whether the router would take a route.
pub(crate) fn check(route: &Route, flavor: Flavor) -> Result<(), Underivable> {
    parts(route, Uuid::nil(), flavor).map(drop)
}

/// What the router runs of a route.
pub(crate) fn parts(route: &Route, id: Uuid, flavor: Flavor) -> Result<Vec<Part>, Underivable> {
    if flavor == Flavor::Expressions
        && let Some(expression) = expression_of(route)
    {
        return Ok(vec![configured(route, expression, id)?]);
    }
    let paths = route.paths.clone().unwrap_or_default();
    let groups = groups(&paths);
    if groups.len() < 2 {
        return Ok(vec![derived(route, paths, id, flavor)?]);
    }
    let numbered = groups.into_iter().enumerate();
    numbered
        .map(|(index, paths)| derived(route, paths, identity::of_part(id, index + 1), flavor))
        .collect()
}

/// All patterns are one group, and the prefixes of each length are one; in the order of their first.
fn groups(paths: &[String]) -> Vec<Vec<String>> {
    let mut groups: Vec<(usize, Vec<String>)> = Vec::new();
    for path in paths {
        // No prefix is empty, so 0 is free for patterns.
        let key = if is_pattern(path) { 0 } else { path.len() };
        match groups.iter_mut().find(|(other, _)| *other == key) {
            Some((_, group)) => group.push(path.clone()),
            None => groups.push((key, vec![path.clone()])),
        }
    }
    groups.into_iter().map(|(_, group)| group).collect()
}

fn is_pattern(path: &str) -> bool {
    path.starts_with('~')
}

fn configured(route: &Route, expression: &str, id: Uuid) -> Result<Part, Underivable> {
    let subsystem = subsystem(route);
    let expression = renamed(expression);
    let compiled = Compiled::new(&expression, subsystem)?;
    let mut demands = vec![(Demand::Expression, Compiled::new(&expression, subsystem)?)];
    let compiled = with_protocols(route, subsystem, compiled, &mut demands)?;
    let priority = route.others.0.get("priority").and_then(Value::as_u64);
    Ok(Part {
        id,
        priority: Priority::of_expression(priority.unwrap_or(0)),
        expression,
        paths: Vec::new(),
        origin: Origin::Configured,
        compiled,
        demands,
        traits: None,
    })
}

/// Kong still takes the old name of the port.
fn renamed(expression: &str) -> String {
    static OLD: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(r"net\.port(\s*[=><!])").expect("the pattern is constant"));
    OLD.replace_all(expression, "net.dst.port${1}").into_owned()
}

fn derived(
    route: &Route,
    paths: Vec<String>,
    id: Uuid,
    flavor: Flavor,
) -> Result<Part, Underivable> {
    let subsystem = subsystem(route);
    let wanted = wanted(route, &paths, subsystem)?;
    let mut demands = Vec::new();
    for (demand, expression) in &wanted {
        let text = expression.print(Style::Gateway);
        demands.push((demand.clone(), Compiled::new(&text, subsystem)?));
    }
    let whole = wanted.into_iter().map(|(_, expression)| expression);
    let whole = Expression::all(whole).ok_or(Underivable::Empty)?;
    let expression = whole.print(Style::Gateway);
    let mut compiled = Compiled::new(&expression, subsystem)?;
    if flavor == Flavor::Expressions {
        compiled = with_protocols(route, subsystem, compiled, &mut demands)?;
    }
    let traits = (subsystem == Subsystem::Http).then(|| http_traits(route, &paths));
    let priority = traits.map_or_else(|| stream_priority(route), HttpTraits::priority);
    Ok(Part {
        id,
        priority,
        expression,
        paths,
        origin: Origin::Derived,
        compiled,
        demands,
        traits,
    })
}

fn is_empty<T>(list: Option<&Vec<T>>) -> bool {
    list.is_none_or(Vec::is_empty)
}

/// The expressions flavour asks for the protocols of a route, unless it could then neither redirect to TLS nor
/// let a connection through.
fn with_protocols(
    route: &Route,
    subsystem: Subsystem,
    compiled: Compiled,
    demands: &mut Vec<(Demand, Compiled)>,
) -> Result<Compiled, Underivable> {
    let protocols = protocols(route);
    if matches!(&protocols[..], [one] if matches!(one.as_str(), "https" | "tls" | "tls_passthrough"))
    {
        return Ok(compiled);
    }
    let tests = protocols.iter().map(|protocol| {
        let seen = match protocol.as_str() {
            "tls_passthrough" => "tcp",
            "grpc" | "ws" => "http",
            "grpcs" | "wss" => "https",
            other => other,
        };
        Expression::text(TextField::Protocol, TextTest::Equals(seen.to_owned()))
    });
    let Some(asked) = Expression::any(tests) else {
        return Ok(compiled);
    };
    let text = asked.print(Style::Gateway);
    demands.push((Demand::Protocols, Compiled::new(&text, subsystem)?));
    Ok(compiled.and(Compiled::new(&text, subsystem)?))
}

/// What a route asks for, in Kong's order.
fn wanted(
    route: &Route,
    paths: &[String],
    subsystem: Subsystem,
) -> Result<Vec<(Demand, Expression)>, Underivable> {
    let mut wanted = Vec::new();
    let mut add = |demand, tests: Vec<Expression>| {
        if let Some(expression) = Expression::any(tests) {
            wanted.push((demand, expression));
        }
    };
    if let Some(snis) = Expression::any(snis(route)) {
        let with_tls = match subsystem {
            Subsystem::Http => "https",
            Subsystem::Stream => "tls",
        };
        let without = Expression::text(TextField::Protocol, TextTest::Differs(with_tls.into()));
        add(Demand::Snis, vec![without, snis]);
    }
    let (source, port) = (AddressField::Source, NumberField::SourcePort);
    add(Demand::Sources, ends(route.sources.as_ref(), source, port)?);
    let (destination, port) = (AddressField::Destination, NumberField::DestinationPort);
    let destinations = ends(route.destinations.as_ref(), destination, port)?;
    add(Demand::Destinations, destinations);
    if subsystem == Subsystem::Stream {
        return Ok(wanted);
    }
    let methods = route.methods.iter().flatten();
    let method =
        |method: &String| Expression::text(TextField::Method, TextTest::Equals(method.clone()));
    add(Demand::Methods, methods.map(method).collect());
    add(
        Demand::Hosts,
        route
            .hosts
            .iter()
            .flatten()
            .map(|text| host(text))
            .collect(),
    );
    let paths: Result<_, _> = paths.iter().map(|text| path(text)).collect();
    add(Demand::Paths, paths?);
    for (name, values) in route.headers.iter().flatten() {
        if values.is_empty() {
            return Err(Underivable::Values(name.clone()));
        }
        let field = TextField::Header(HeaderName::new(name)?);
        let subject = Text::from(field).in_lower_case().any_value();
        let values: Result<_, BadPattern> = values
            .iter()
            .map(|value| Ok(Expression::text(subject.clone(), header(value)?)))
            .collect();
        add(Demand::Header(name.clone()), values?);
    }
    Ok(wanted)
}

fn snis(route: &Route) -> Vec<Expression> {
    let snis = route.snis.iter().flatten();
    let test = |sni: &String| {
        let name = match sni.strip_suffix('.') {
            Some(rest) if !rest.is_empty() => rest,
            _ => sni,
        };
        Expression::text(TextField::Sni, with_wildcard(name))
    };
    snis.map(test).collect()
}

/// A name with at most one `*`, at its beginning or its end.
fn with_wildcard(name: &str) -> TextTest {
    if let Some(rest) = name.strip_prefix('*') {
        TextTest::EndsWith(rest.to_owned())
    } else if let Some(rest) = name.strip_suffix('*') {
        TextTest::StartsWith(rest.to_owned())
    } else {
        TextTest::Equals(name.to_owned())
    }
}

fn host(text: &str) -> Expression {
    let (name, port) = target::split_port(text);
    let name = Expression::text(TextField::Host, with_wildcard(name));
    match port {
        None => name,
        Some(port) => {
            let port = Expression::number(NumberField::DestinationPort, NumberTest::Equals, port);
            Expression::all([name, port]).expect("there are two")
        }
    }
}

fn path(path: &str) -> Result<Expression, BadPattern> {
    let test = match path.strip_prefix('~') {
        None => TextTest::StartsWith(path.to_owned()),
        // Patterns begin where paths begin, and groups have their names as the engine writes them.
        Some(pattern) => {
            TextTest::Matches(Pattern::new(format!("^{}", pattern.replace("?<", "?P<")))?)
        }
    };
    Ok(Expression::text(TextField::Path, test))
}

/// Headers match without case, so Kong lowers the values; also in patterns, where that can change what they mean.
fn header(value: &str) -> Result<TextTest, BadPattern> {
    Ok(match value.strip_prefix("~*") {
        None => TextTest::Equals(value.to_ascii_lowercase()),
        Some(pattern) => TextTest::Matches(Pattern::new(pattern.to_ascii_lowercase())?),
    })
}

fn ends(
    ends: Option<&Vec<Address>>,
    address: AddressField,
    port: NumberField,
) -> Result<Vec<Expression>, Underivable> {
    let mut tests = Vec::new();
    for end in ends.into_iter().flatten() {
        let ip = end
            .ip
            .as_deref()
            .map(|ip| end_address(ip, address))
            .transpose()?;
        let port = end
            .port
            .map(|number| Expression::number(port, NumberTest::Equals, number.into()));
        let both = ip.is_some() && port.is_some();
        let mut parts = ip.into_iter().chain(port);
        if both {
            tests.extend(Expression::all(parts));
        } else {
            tests.extend(parts.next());
        }
    }
    Ok(tests)
}

fn end_address(ip: &str, field: AddressField) -> Result<Expression, Underivable> {
    let test = if ip.contains('/') {
        // Kong takes the last bits off for version 4, and the engine takes no others.
        let network = Network::read(ip).filter(|network| network.begins_as(ip));
        network.map(AddressTest::Within)
    } else {
        ip.parse().ok().map(AddressTest::Equals)
    };
    match test {
        Some(test) => Ok(Expression::address(field, test)),
        None => Err(Underivable::Address(ip.to_owned())),
    }
}

fn http_traits(route: &Route, paths: &[String]) -> HttpTraits {
    let headers = route
        .headers
        .as_ref()
        .map_or(0, std::collections::BTreeMap::len);
    let attributes = [
        !is_empty(route.methods.as_ref()),
        !is_empty(route.hosts.as_ref()),
        headers > 0,
        !is_empty(route.snis.as_ref()),
        !paths.is_empty(),
    ];
    let attributes = attributes.into_iter().filter(|there| *there).count();
    // An empty list of hosts has no wildcard either.
    let hosts = route.hosts.as_ref();
    let plain_hosts = hosts.is_some_and(|hosts| hosts.iter().all(|host| !host.contains('*')));
    let first = paths.first().map(String::as_str);
    let pattern = first.filter(|path| is_pattern(path));
    HttpTraits {
        attributes: u32::try_from(attributes).expect("there are five at most"),
        plain_hosts,
        headers: u32::try_from(headers).unwrap_or(u32::MAX),
        pattern: pattern.map(|_| route.regex_priority.unwrap_or(0)),
        length: match (pattern, first) {
            (None, Some(path)) => u32::try_from(path.len()).unwrap_or(u32::MAX),
            (Some(_), _) | (None, None) => 0,
        },
    }
}

fn stream_priority(route: &Route) -> Priority {
    let end = |ends: &Option<Vec<Address>>| end_traits(ends.as_deref().unwrap_or_default());
    let snis = !is_empty(route.snis.as_ref());
    priority::of_stream(snis, end(&route.sources), end(&route.destinations))
}

fn end_traits(ends: &[Address]) -> EndTraits {
    let network = |end: &&Address| end.ip.as_ref().is_some_and(|ip| ip.contains('/'));
    let address = |end: &&Address| end.ip.is_some() && !network(end);
    EndTraits {
        address: ends.iter().any(|end| address(&end)),
        port: ends.iter().any(|end| end.port.is_some()),
        network: ends.iter().any(|end| network(&end)),
    }
}
