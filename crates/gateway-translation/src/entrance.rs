//! By which listener a request comes to a route: for who explains where it went.

use gateway_types::{Listener, Protocol, TLSMode};
use kong_resolve::{Key, View, World};
use kong_router::{HttpRequest, Request, Scheme, StreamRequest, Transport};

use crate::context::Context;
use crate::listeners::{accepting, includes};
use crate::settings::Settings;

/// A listener.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entrance {
    /// The Gateway or the ListenerSet that it is written in.
    pub owner: Key,
    /// Its name there.
    pub listener: String,
    /// Its protocol.
    pub protocol: String,
    /// Its port.
    pub port: i64,
    /// The hosts that it is for; all without.
    pub hostname: Option<String>,
}

/// The listener by which a request comes to a route of the Gateway API: of those that accept the route and are for the
/// request the one at its port, if there is one there, whose hostname fits best. `None` if the route has none, as an
/// Ingress has.
pub fn entrance(
    world: &World,
    settings: &Settings,
    route: &Key,
    request: &Request,
) -> Option<Entrance> {
    let view = View::new(world);
    let context = Context::new(&view, settings);
    let (host, port) = host_and_port(request);
    let accepting = accepting(&context, route);
    let fits = |listener: &Listener| {
        let hostname = listener.hostname.as_deref().unwrap_or_default();
        speaks(listener, request) && includes(hostname, &host)
    };
    let found = accepting
        .iter()
        .map(|(attached, _)| attached)
        .filter(|attached| fits(attached.listener))
        .max_by_key(|attached| {
            let hostname = attached.listener.hostname.as_deref().unwrap_or_default();
            let exact = !hostname.is_empty() && !hostname.starts_with('*');
            (attached.listener.port == port, exact, hostname.len())
        })?;
    Some(Entrance {
        owner: found.owner.clone(),
        listener: found.listener.name.clone(),
        protocol: found.listener.protocol.as_str().to_owned(),
        port: found.listener.port,
        hostname: found.listener.hostname.clone(),
    })
}

/// The name that a client asked for, and the port that it came to.
fn host_and_port(request: &Request) -> (String, i64) {
    let (host, port) = match request {
        Request::Http(HttpRequest {
            scheme, host, port, ..
        }) => {
            // An address of version 6 has colons of its own, and no listener is for one.
            let name = host
                .rsplit_once(':')
                .map_or(host.as_str(), |(name, _)| name);
            (name, port.unwrap_or(scheme.port()))
        }
        Request::Stream(StreamRequest { port, sni, .. }) => {
            (sni.as_deref().unwrap_or_default(), *port)
        }
    };
    (host.to_ascii_lowercase(), i64::from(port))
}

/// Whether a listener is for what a request speaks.
fn speaks(listener: &Listener, request: &Request) -> bool {
    let mode = listener.tls.as_ref().and_then(|tls| tls.mode.as_ref());
    match request {
        Request::Http(HttpRequest {
            scheme: Scheme::Http,
            ..
        }) => listener.protocol == Protocol::HTTP,
        Request::Http(HttpRequest {
            scheme: Scheme::Https,
            ..
        }) => listener.protocol == Protocol::HTTPS && mode != Some(&TLSMode::Passthrough),
        Request::Stream(StreamRequest { stream, .. }) => match stream {
            Transport::Tcp => listener.protocol == Protocol::TCP,
            Transport::Tls => listener.protocol == Protocol::TLS,
            Transport::Udp => listener.protocol == Protocol::UDP,
        },
    }
}
