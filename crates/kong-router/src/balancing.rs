//! Which target of an upstream gets a request, as far as that can be said without running.
//!
//! With round robin each target gets its exact share of each whole cycle. With hashing the same value goes to the
//! same target, and which one that is depends on the run. A target of weight 0 gets nothing, and where no weight
//! is left the gateway answers 503.

use kong_model::entity::{Algorithm, HashOn, Target, Upstream};
use serde::Serialize;

use crate::rules::{Host, host_and_port};
use crate::{Config, HttpRequest};

/// The port of a target that names none.
const TARGET_PORT: u16 = 8000;
/// The weight of a target that names none.
const TARGET_WEIGHT: u16 = 100;

/// How the requests to an upstream are spread.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Balancing {
    /// The name of the upstream.
    pub upstream: String,
    /// How a target is chosen.
    pub choice: Choice,
    /// The targets, with what each gets.
    pub shares: Vec<Share>,
}

/// How a target is chosen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Choice {
    /// One after the other.
    RoundRobin,
    /// The one with the least to do for its weight.
    LeastConnections,
    /// The fastest.
    Latency,
    /// The same one for the same value.
    Hash(Hashing),
    /// In a way that is not known here.
    Other(String),
}

/// What the choice of a target hangs on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Hashing {
    /// What is hashed.
    pub on: HashInput,
    /// What is hashed if there is none of that. Without it all such requests go to one target.
    pub fallback: Option<HashInput>,
}

/// A part of a request that can be hashed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum HashInput {
    /// The consumer.
    Consumer,
    /// The address of the client.
    Ip,
    /// The path.
    Path,
    /// This header.
    Header(String),
    /// This cookie; who has none is given one.
    Cookie(String),
    /// This query parameter.
    QueryArg(String),
    /// This group of the pattern that matched.
    UriCapture(String),
}

/// What a target gets.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Share {
    /// Host and port.
    pub target: String,
    /// The `Host` header that it sees, unless that of the client is kept.
    pub host: String,
    /// Its weight.
    pub weight: u16,
    /// The weights of all targets together. Its part of the requests is its weight by this.
    pub of: u32,
}

impl Share {
    /// Its part in percent.
    pub fn percent(&self) -> f64 {
        if self.of == 0 {
            0.0
        } else {
            f64::from(self.weight) * 100.0 / f64::from(self.of)
        }
    }
}

impl Balancing {
    /// How requests to a host are spread; nothing if there is no upstream of that name.
    pub(crate) fn find(config: &Config, host: &str, scheme_port: u16) -> Option<Self> {
        let named = |(_, upstream): &(usize, &crate::Declared)| upstream.name() == Some(host);
        let (number, upstream) = config.of("upstreams").find(named)?;
        let settings: Upstream = upstream.typed().ok()?;
        let targets = config
            .of("targets")
            .filter(|(_, target)| target.link("upstream") == Some(number))
            .filter_map(|(_, target)| target.typed::<Target>().ok());
        let mut shares: Vec<Share> = targets
            .map(|target| share(&target, settings.host_header.as_deref(), scheme_port))
            .collect();
        let of = shares.iter().map(|share| u32::from(share.weight)).sum();
        for share in &mut shares {
            share.of = of;
        }
        Some(Self {
            upstream: host.to_owned(),
            choice: choice(&settings),
            shares,
        })
    }

    /// Whether there is anybody to send a request to.
    pub fn has_targets(&self) -> bool {
        self.shares.iter().any(|share| share.weight > 0)
    }

    /// After how many requests of round robin all begins again.
    pub fn cycle(&self) -> u32 {
        let weights = self.shares.iter().map(|share| u32::from(share.weight));
        let divisor = weights.clone().fold(0, common_divisor);
        weights.sum::<u32>().checked_div(divisor).unwrap_or(0)
    }

    /// How many of this many requests each target gets from round robin. Nothing if these are no whole cycles, or
    /// if another choice is made.
    pub fn counts(&self, requests: u32) -> Option<Vec<(&str, u32)>> {
        let cycle = self.cycle();
        if self.choice != Choice::RoundRobin || cycle == 0 || !requests.is_multiple_of(cycle) {
            return None;
        }
        let count = |share: &Share| {
            let exact = u64::from(requests) * u64::from(share.weight) / u64::from(share.of);
            u32::try_from(exact).unwrap_or(u32::MAX)
        };
        let counts = self
            .shares
            .iter()
            .map(|share| (share.target.as_str(), count(share)));
        Some(counts.collect())
    }

    /// The `Host` header that targets see, if it is the same for all that get anything.
    pub fn host(&self) -> Option<&str> {
        let mut hosts = self.shares.iter().filter(|share| share.weight > 0);
        let first = hosts.next()?.host.as_str();
        hosts.all(|share| share.host == first).then_some(first)
    }
}

impl Hashing {
    /// What a request is told apart by: the input that it has, and its value. Requests with neither of both go to
    /// one and the same target. Consumers and captures are not known from a request alone.
    pub fn value<'a>(&'a self, request: &HttpRequest) -> Option<(&'a HashInput, String)> {
        let mut inputs = std::iter::once(&self.on).chain(&self.fallback);
        inputs.find_map(|input| Some((input, input.value(request)?)))
    }
}

impl HashInput {
    fn value(&self, request: &HttpRequest) -> Option<String> {
        match self {
            Self::Consumer | Self::UriCapture(_) => None,
            Self::Ip => Some(request.client_address().to_string()),
            Self::Path => Some(crate::target::path(&request.path).to_owned()),
            Self::Header(name) => request.header(name).map(str::to_owned),
            Self::Cookie(name) => {
                let cookies = request.header("cookie")?.split(';');
                let mut pairs = cookies.filter_map(|pair| pair.trim().split_once('='));
                pairs.find_map(|(cookie, value)| (cookie == name).then(|| value.to_owned()))
            }
            Self::QueryArg(name) => {
                let query = crate::target::query(&request.path);
                let mut pairs = form_urlencoded::parse(query.get(1..)?.as_bytes());
                pairs.find_map(|(key, value)| (key == name.as_str()).then(|| value.into_owned()))
            }
        }
    }
}

fn common_divisor(a: u32, b: u32) -> u32 {
    if b == 0 { a } else { common_divisor(b, a % b) }
}

fn choice(upstream: &Upstream) -> Choice {
    // Once something is to be hashed, it is, whatever the algorithm says.
    let on = upstream.hash_on.as_ref();
    if let Some(on) = on.and_then(|on| input(upstream, on, Which::First)) {
        let fallback = upstream.hash_fallback.as_ref();
        let fallback = fallback.and_then(|on| input(upstream, on, Which::Fallback));
        return Choice::Hash(Hashing { on, fallback });
    }
    match &upstream.algorithm {
        None | Some(Algorithm::RoundRobin) => Choice::RoundRobin,
        Some(Algorithm::LeastConnections) => Choice::LeastConnections,
        Some(Algorithm::Latency) => Choice::Latency,
        Some(Algorithm::ConsistentHashing) => Choice::Other("consistent-hashing".to_owned()),
        Some(Algorithm::StickySessions) => Choice::Other("sticky-sessions".to_owned()),
        Some(Algorithm::Other(word)) => Choice::Other(word.clone()),
    }
}

#[derive(Clone, Copy)]
enum Which {
    First,
    Fallback,
}

fn input(upstream: &Upstream, on: &HashOn, which: Which) -> Option<HashInput> {
    let pick = |first: &Option<String>, fallback: &Option<String>| match which {
        Which::First => first.clone(),
        Which::Fallback => fallback.clone(),
    };
    match on {
        HashOn::None | HashOn::Other(_) => None,
        HashOn::Consumer => Some(HashInput::Consumer),
        HashOn::Ip => Some(HashInput::Ip),
        HashOn::Path => Some(HashInput::Path),
        HashOn::Cookie => upstream.hash_on_cookie.clone().map(HashInput::Cookie),
        HashOn::Header => {
            pick(&upstream.hash_on_header, &upstream.hash_fallback_header).map(HashInput::Header)
        }
        HashOn::QueryArg => {
            let name = pick(
                &upstream.hash_on_query_arg,
                &upstream.hash_fallback_query_arg,
            );
            name.map(HashInput::QueryArg)
        }
        HashOn::UriCapture => {
            let name = pick(
                &upstream.hash_on_uri_capture,
                &upstream.hash_fallback_uri_capture,
            );
            name.map(HashInput::UriCapture)
        }
    }
}

fn share(target: &Target, host_header: Option<&str>, scheme_port: u16) -> Share {
    let (host, port) = match host_and_port(&target.target) {
        Ok((Host::Name(name), port)) => (name, port),
        Ok((Host::Address(address), port)) if address.is_ipv6() => (format!("[{address}]"), port),
        Ok((Host::Address(address), port)) => (address.to_string(), port),
        Err(_) => (target.target.clone(), None),
    };
    let port = port.unwrap_or(TARGET_PORT);
    Share {
        target: format!("{host}:{port}"),
        host: with_port(host_header.unwrap_or(&host), port, scheme_port),
        weight: target.weight.unwrap_or(TARGET_WEIGHT),
        of: 0,
    }
}

/// A host as the `Host` header has it: with the port, unless the scheme says so already.
pub(crate) fn with_port(host: &str, port: u16, scheme_port: u16) -> String {
    if port == scheme_port {
        host.to_owned()
    } else {
        format!("{host}:{port}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn balancing(upstream: &str) -> Balancing {
        let text = format!("{{\"upstreams\": [{upstream}]}}");
        Balancing::find(&Config::read(&text).unwrap(), "u", 80).unwrap()
    }

    #[test]
    fn a_cycle_is_as_short_as_the_weights_allow() {
        let balancing = balancing(
            r#"{"name": "u", "targets": [{"target": "a:80", "weight": 30},
                {"target": "b:80", "weight": 70}, {"target": "c:80", "weight": 0}]}"#,
        );
        assert_eq!(balancing.cycle(), 10);
        assert_eq!(
            balancing.counts(20).unwrap(),
            [("a:80", 6), ("b:80", 14), ("c:80", 0)]
        );
        assert_eq!(balancing.counts(25), None);
    }

    #[test]
    fn hashing_wins_over_the_algorithm_and_falls_back() {
        let balancing = balancing(
            r#"{"name": "u", "algorithm": "round-robin", "hash_on": "header",
                "hash_on_header": "x-id", "hash_fallback": "query_arg",
                "hash_fallback_query_arg": "id", "targets": [{"target": "a"}]}"#,
        );
        let Choice::Hash(hashing) = &balancing.choice else {
            panic!("it hashes");
        };
        let request = |headers: &str, path: &str| {
            let text = format!(r#"{{"host": "h", "path": "{path}", "headers": {headers}}}"#);
            serde_json::from_str::<HttpRequest>(&text).unwrap()
        };
        let value = |headers, path| {
            hashing
                .value(&request(headers, path))
                .map(|(_, value)| value)
        };
        assert_eq!(value(r#"{"X-Id": "7"}"#, "/?id=8").as_deref(), Some("7"));
        assert_eq!(value("{}", "/?id=8").as_deref(), Some("8"));
        assert_eq!(value("{}", "/"), None);
        assert_eq!(balancing.shares[0].target, "a:8000");
        assert_eq!(balancing.host(), Some("a:8000"));
    }

    #[test]
    fn nobody_is_left_where_all_weights_are_zero() {
        let none = balancing(r#"{"name": "u", "targets": [{"target": "a", "weight": 0}]}"#);
        assert!(!none.has_targets());
        assert_eq!(none.counts(10), None);
    }
}
