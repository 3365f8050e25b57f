//! Connections and datagrams: which route they take, and whether that works.

use super::{Answer, Hit, Router, order};
use crate::matcher::Facts;
use crate::request::LOOPBACK;
use crate::{StreamRequest, Transport};

impl Router {
    pub(super) fn answer_stream(&self, request: &StreamRequest, hits: &[Hit<'_>]) -> Answer {
        let Some(winner) = hits.first() else {
            return Answer {
                answered: Some(false),
                ..Answer::default()
            };
        };
        let known = &self.routes[winner.entry.route];
        let works = known.service.as_ref().is_some_and(|service| {
            let targets = service.balancing(&self.config);
            let reachable = targets.is_none_or(|targets| targets.has_targets());
            reachable && fits(request.stream, &known.protocols, &service.protocol)
        });
        Answer {
            route: Some(known.label.clone()),
            service: known.service.as_ref().map(|service| service.label.clone()),
            answered: Some(works),
            nondeterministic: order::is_unsure(&self.routes, hits),
            ..Answer::default()
        }
    }
}

/// What the router sees of a connection: without a name of TLS it does not know that there is TLS.
pub(super) fn facts(request: &StreamRequest) -> Facts {
    let sni = request
        .sni
        .clone()
        .filter(|_| request.stream == Transport::Tls);
    Facts {
        protocol: match (request.stream, &sni) {
            (Transport::Udp, _) => "udp",
            (Transport::Tls, Some(_)) => "tls",
            (Transport::Tls, None) | (Transport::Tcp, _) => "tcp",
        },
        sni,
        source: (request.client.unwrap_or(LOOPBACK), 0),
        destination: (LOOPBACK, request.port),
        http: None,
    }
}

/// Whether a connection on a route gets through to a service. A route may be chosen for what it cannot carry.
fn fits(stream: Transport, route: &[String], service: &str) -> bool {
    let has = |protocol: &str| route.iter().any(|one| one == protocol);
    match stream {
        Transport::Udp => service == "udp",
        Transport::Tcp => service != "udp",
        Transport::Tls => service != "udp" && (has("tls") || has("tls_passthrough")),
    }
}
