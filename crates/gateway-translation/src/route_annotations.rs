//! What Ingresses and routes of the Gateway API say of their Kong routes in annotations.
//!
//! Start with [`apply`]. A value that makes no sense changes nothing but that its author is told.

use kong_crds::annotations::route::{
    FORCE_SSL_REDIRECT, HOST_ALIASES, HTTPS_REDIRECT_STATUS_CODE, METHODS, PATH_HANDLING,
    PRESERVE_HOST, PROTOCOLS, REGEX_PRIORITY, REQUEST_BUFFERING, RESPONSE_BUFFERING, SNIS,
    STRIP_PATH, headers,
};
use kong_crds::annotations::{Annotation, InvalidAnnotation, PathHandling as Handling};
use kong_model::entity::{PathHandling, Protocol, Route};
use kong_resolve::{Key, Meta};

use crate::context::Context;

/// The status of the answer to plain HTTP where TLS is forced and no other one is asked for.
const FORCED_REDIRECT: u16 = 302;
/// The greatest `regex_priority` that Kong puts anything in order by.
const MOST_REGEX_PRIORITY: i64 = 1023;

/// What an annotation of an object says; `None`, and a problem, if it makes no sense.
pub(crate) fn said<T>(
    context: &Context<'_, '_>,
    object: &Key,
    meta: &Meta,
    annotation: &Annotation<T>,
) -> Option<T> {
    match annotation.of(&meta.annotations) {
        Ok(value) => value,
        Err(invalid) => {
            say(context, object, invalid);
            None
        }
    }
}

/// Notes that an annotation makes no sense.
pub(crate) fn say(context: &Context<'_, '_>, object: &Key, invalid: InvalidAnnotation) {
    context.say(
        object,
        format!("metadata.annotations[{}]", invalid.annotation),
        format!(
            "{} annotation has invalid value: {}: {}; it has no effect",
            invalid.annotation, invalid.value, invalid.reason
        ),
        invalid.remedy,
    );
}

/// Applies what the annotations of an object say to a route of it. Of a route with an expression only those
/// members are touched that do not match: methods, headers, hosts and SNIs are up to who makes the expression.
pub(crate) fn apply(
    context: &Context<'_, '_>,
    object: &Key,
    meta: &Meta,
    route: &mut Route,
    expressions: bool,
) {
    let flag = |annotation| said(context, object, meta, annotation);
    route.strip_path = flag(&STRIP_PATH).or(route.strip_path);
    route.preserve_host = flag(&PRESERVE_HOST).or(route.preserve_host);
    route.request_buffering = flag(&REQUEST_BUFFERING).or(route.request_buffering);
    route.response_buffering = flag(&RESPONSE_BUFFERING).or(route.response_buffering);
    apply_protocols(context, object, meta, route);
    if expressions {
        return;
    }
    apply_matches(context, object, meta, route);
    if let Some(priority) = said(context, object, meta, &REGEX_PRIORITY) {
        if context.settings.as_kong_does() || (0..=MOST_REGEX_PRIORITY).contains(&priority) {
            route.regex_priority = Some(priority);
        } else {
            context.warn(
                object,
                format!("metadata.annotations[{}]", REGEX_PRIORITY.name()),
                format!(
                    "Kong puts nothing in order by a regex_priority of {priority}; it has no effect"
                ),
                format!("write a whole number from 0 to {MOST_REGEX_PRIORITY}"),
            );
        }
    }
    match said(context, object, meta, &PATH_HANDLING) {
        Some(Handling::V0) => route.path_handling = Some(PathHandling::V0),
        Some(Handling::V1) if context.settings.as_kong_does() => {
            route.path_handling = Some(PathHandling::V1);
        }
        Some(Handling::V1) => context.warn(
            object,
            format!("metadata.annotations[{}]", PATH_HANDLING.name()),
            "the router handles paths by v1 in the flavour \"traditional\" alone; it has no effect",
            "remove the annotation",
        ),
        None => {}
    }
    let is_grpc = |it: &Protocol| matches!(it, Protocol::Grpc | Protocol::Grpcs);
    let is_http = |it: &Protocol| matches!(it, Protocol::Http | Protocol::Https);
    let protocols = route.protocols.as_deref().unwrap_or_default();
    if protocols.iter().any(is_grpc) {
        if protocols.iter().any(is_http) {
            // Kong has no routes for both.
            route.protocols = Some(vec![Protocol::Http, Protocol::Https]);
        } else {
            // There is no path that one could take off.
            route.strip_path = None;
        }
    }
}

/// Protocols, and what becomes of plain HTTP where TLS is wanted.
fn apply_protocols(context: &Context<'_, '_>, object: &Key, meta: &Meta, route: &mut Route) {
    let asked = said(context, object, meta, &PROTOCOLS).filter(|asked| !asked.is_empty());
    if said(context, object, meta, &FORCE_SSL_REDIRECT) == Some(true) {
        let is_grpc = |it: &Protocol| matches!(it, Protocol::Grpc | Protocol::Grpcs);
        let grpc = route.protocols.iter().flatten().any(is_grpc);
        route.protocols = Some(vec![if grpc {
            Protocol::Grpcs
        } else {
            Protocol::Https
        }]);
        route.https_redirect_status_code = Some(FORCED_REDIRECT);
    }
    if let Some(asked) = asked {
        let protocols = asked.into_iter().map(protocol).collect();
        route.protocols = Some(protocols);
    }
    if let Some(status) = said(context, object, meta, &HTTPS_REDIRECT_STATUS_CODE) {
        route.https_redirect_status_code = u16::try_from(status).ok();
    }
}

/// A host as Kong is given it: it compares hosts as they are written.
pub(crate) fn as_kong_compares(context: &Context<'_, '_>, host: String) -> String {
    if context.settings.as_kong_does() {
        host
    } else {
        host.to_ascii_lowercase()
    }
}

/// The hosts that an annotation names.
pub(crate) fn hosts(
    context: &Context<'_, '_>,
    object: &Key,
    meta: &Meta,
    annotation: &Annotation<Vec<String>>,
) -> Option<Vec<String>> {
    let hosts = said(context, object, meta, annotation)?.into_iter();
    Some(hosts.map(|host| as_kong_compares(context, host)).collect())
}

/// Which requests the route is for.
fn apply_matches(context: &Context<'_, '_>, object: &Key, meta: &Meta, route: &mut Route) {
    if let Some(methods) = said(context, object, meta, &METHODS) {
        route.methods = Some(methods).filter(|methods| !methods.is_empty());
    }
    if let Some(snis) = hosts(context, object, meta, &SNIS) {
        route.snis = Some(snis).filter(|snis| !snis.is_empty());
    }
    if let Some(aliases) = hosts(context, object, meta, &HOST_ALIASES)
        && !aliases.is_empty()
    {
        let hosts = route.hosts.get_or_insert_default();
        for alias in aliases {
            if !hosts.contains(&alias) {
                hosts.push(alias);
            }
        }
    }
    match headers(&meta.annotations) {
        Ok(headers) if headers.is_empty() => {}
        Ok(headers) if context.settings.as_kong_does() => route.headers = Some(headers),
        // Both the matches of a route and its annotation have to be fulfilled; of one header the route's counts.
        Ok(headers) => {
            let all = route.headers.get_or_insert_default();
            for (name, values) in headers {
                if all.keys().all(|known| !known.eq_ignore_ascii_case(&name)) {
                    all.insert(name, values);
                }
            }
        }
        Err(invalid) => say(context, object, invalid),
    }
}

/// A protocol of an annotation in the words of the entity.
pub(crate) fn protocol(protocol: kong_crds::annotations::Protocol) -> Protocol {
    use kong_crds::annotations::Protocol as Said;
    match protocol {
        Said::Http => Protocol::Http,
        Said::Https => Protocol::Https,
        Said::Grpc => Protocol::Grpc,
        Said::Grpcs => Protocol::Grpcs,
        Said::Ws => Protocol::Ws,
        Said::Wss => Protocol::Wss,
        Said::Tls => Protocol::Tls,
        Said::Tcp => Protocol::Tcp,
        Said::TlsPassthrough => Protocol::TlsPassthrough,
    }
}
