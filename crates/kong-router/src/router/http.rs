//! Requests of HTTP: what the web server refuses, what the router sees, and what is sent upstream.

use std::collections::HashMap;

use kong_model::entity::Plugin;

use super::{Answer, Hit, Known, KnownService, Router, order};
use crate::balancing::{self, Balancing};
use crate::matcher::{Facts, HttpFacts, Matched};
use crate::plugins;
use crate::request::LOOPBACK;
use crate::rewrite::{self, Failure};
use crate::target;
use crate::{Config, HttpRequest, Scheme};

/// What a plain HTTP client is told that came to a route for TLS only, unless the route says otherwise.
const UPGRADE: u16 = 426;

impl HttpRequest {
    /// The first value of a header.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let mut headers = self.headers.iter();
        headers
            .find_map(|(header, value)| header.eq_ignore_ascii_case(name).then_some(value.as_str()))
    }

    /// Whether the web server lets it through to the router.
    pub(super) fn is_acceptable(&self) -> bool {
        target::is_acceptable(&self.path) && is_acceptable_host(&self.host)
    }

    pub(crate) fn client_address(&self) -> std::net::IpAddr {
        self.client.unwrap_or(LOOPBACK)
    }
}

impl KnownService {
    /// The port that the scheme of the service means.
    fn scheme_port(&self) -> u16 {
        match self.protocol.as_str() {
            "https" | "grpcs" | "wss" => 443,
            _ => 80,
        }
    }

    pub(super) fn balancing(&self, config: &Config) -> Option<Balancing> {
        Balancing::find(config, &self.service.host, self.scheme_port())
    }
}

impl Router {
    pub(super) fn answer_http(&self, request: &HttpRequest, hits: &[Hit<'_>]) -> Answer {
        let Some(winner) = hits.first() else {
            return Answer::of_the_gateway(404);
        };
        let known = &self.routes[winner.entry.route];
        let mut answer = Answer {
            route: Some(known.label.clone()),
            service: known.service.as_ref().map(|service| service.label.clone()),
            nondeterministic: order::is_unsure(&self.routes, hits),
            ..Answer::default()
        };
        match refusal(known, request) {
            Some((status, location)) => {
                answer.status = Some(status);
                answer.location = location;
            }
            None => self.proxy(&mut answer, request, known, &winner.matched),
        }
        answer
    }

    /// Fills in what the service sees.
    fn proxy(&self, answer: &mut Answer, request: &HttpRequest, known: &Known, matched: &Matched) {
        let Some(service) = &known.service else {
            answer.status = Some(503);
            return;
        };
        let path = match self.upstream_path(request, known, service, matched) {
            Ok(path) => path,
            Err(Failure::Unsupported(what)) => {
                answer.status = Some(200);
                answer.unknown = Some(format!("the template of the upstream URI: \"{what}\""));
                return;
            }
            Err(Failure::Syntax(_) | Failure::Type(_)) => {
                answer.status = Some(500);
                return;
            }
        };
        if !path.starts_with('/') {
            answer.status = Some(500);
            return;
        }
        let balancing = service.balancing(&self.config);
        if balancing
            .as_ref()
            .is_some_and(|targets| !targets.has_targets())
        {
            answer.status = Some(503);
            return;
        }
        answer.status = Some(200);
        answer.upstream_uri = Some(path + target::query(&request.path));
        answer.upstream_host = match (known.route.preserve_host, &balancing) {
            (Some(true), _) => Some(request.host.clone()),
            (_, Some(balancing)) => balancing.host().map(str::to_owned),
            (_, None) => {
                let port = service.service.port.unwrap_or(80);
                let scheme_port = service.scheme_port();
                Some(balancing::with_port(
                    &service.service.host,
                    port,
                    scheme_port,
                ))
            }
        };
    }

    fn upstream_path(
        &self,
        request: &HttpRequest,
        known: &Known,
        service: &KnownService,
        matched: &Matched,
    ) -> Result<String, Failure> {
        if let Some(template) = self.template(known, service) {
            let scope = scope(request, matched);
            return rewrite::render(&template, &scope);
        }
        let strip = known.route.strip_path.unwrap_or_else(|| !is_grpc(known));
        let stripped = strip.then(|| matched.path.as_deref().unwrap_or("/"));
        let base = service.service.path.as_deref().unwrap_or("/");
        let normal = target::normalise(target::path(&request.path).as_bytes());
        Ok(target::escape(&target::upstream(base, &normal, stripped)))
    }

    /// What a request-transformer makes of the upstream URI.
    fn template(&self, known: &Known, service: &KnownService) -> Option<String> {
        let applied = plugins::applied(&self.config, known.number, Some(service.number));
        let (number, _) = applied
            .into_iter()
            .find(|(_, plugin)| plugin.name == "request-transformer")?;
        let plugin: Plugin = self.config.entities()[number].typed().ok()?;
        let template = plugin
            .config?
            .0
            .get("replace")?
            .get("uri")?
            .as_str()?
            .to_owned();
        Some(template)
    }
}

/// What the router sees of a request.
pub(super) fn facts(request: &HttpRequest) -> Facts {
    let (host, port) = target::split_port(&request.host);
    let own_port = request.port.unwrap_or_else(|| request.scheme.port());
    let normal = target::normalise(target::path(&request.path).as_bytes());
    let query = target::query(&request.path).get(1..).unwrap_or_default();
    let header = |(name, value): &(String, String)| {
        (name.to_ascii_lowercase().replace('-', "_"), value.clone())
    };
    let queries = form_urlencoded::parse(query.as_bytes());
    Facts {
        protocol: request.scheme.as_str(),
        sni: request
            .sni
            .clone()
            .filter(|_| request.scheme == Scheme::Https),
        source: (request.client_address(), 0),
        destination: (
            LOOPBACK,
            port.and_then(|port| u16::try_from(port).ok())
                .unwrap_or(own_port),
        ),
        http: Some(HttpFacts {
            method: request.method.clone(),
            host: host.to_owned(),
            path: String::from_utf8(normal).ok(),
            headers: request.headers.iter().map(header).collect(),
            queries: queries.into_owned().collect(),
        }),
    }
}

fn is_grpc(known: &Known) -> bool {
    let grpc = |protocol: &String| matches!(protocol.as_str(), "grpc" | "grpcs");
    known.protocols.iter().any(grpc)
}

/// The status, and perhaps the place, that a client is given who speaks another protocol than the route wants.
fn refusal(known: &Known, request: &HttpRequest) -> Option<(u16, Option<String>)> {
    let has = |protocol: &str| known.protocols.iter().any(|one| one == protocol);
    if has("https") && !has("http") && request.scheme == Scheme::Http {
        let status = known.route.https_redirect_status_code.unwrap_or(UPGRADE);
        let location = (status != UPGRADE).then(|| {
            let host = server_name(&request.host);
            format!("https://{host}{}", request.path)
        });
        return Some((status, location));
    }
    if is_grpc(known) {
        // HTTP/1.1 never is gRPC.
        let content = request.header("content-type").unwrap_or_default();
        let status = if content.starts_with("application/grpc") {
            UPGRADE
        } else {
            415
        };
        return Some((status, None));
    }
    None
}

/// The host as the web server knows it: in lower case, without its port and its last point.
fn server_name(host: &str) -> String {
    let name = match host.strip_prefix('[').and_then(|rest| rest.find(']')) {
        Some(end) => &host[..end + 2],
        None => host.split(':').next().unwrap_or(host),
    };
    name.strip_suffix('.').unwrap_or(name).to_ascii_lowercase()
}

/// Whether the web server takes a `Host` header.
fn is_acceptable_host(host: &str) -> bool {
    let name = server_name(host);
    let bad = |byte: u8| byte <= b' ' || byte == 0x7F || byte == b'/' || byte == b'\\';
    !name.is_empty() && !host.bytes().any(bad) && !name.contains("..")
}

fn scope(request: &HttpRequest, matched: &Matched) -> rewrite::Scope {
    let has_groups = matched.captures.contains_key("1");
    let mut headers: HashMap<String, String> = request
        .headers
        .iter()
        .map(|(name, value)| (name.to_ascii_lowercase(), value.clone()))
        .collect();
    headers.insert("host".to_owned(), request.host.clone());
    let query = target::query(&request.path).get(1..).unwrap_or_default();
    rewrite::Scope {
        captures: if has_groups {
            matched.captures.clone()
        } else {
            HashMap::new()
        },
        headers,
        queries: form_urlencoded::parse(query.as_bytes())
            .into_owned()
            .collect(),
    }
}
