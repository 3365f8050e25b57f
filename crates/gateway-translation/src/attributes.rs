//! How many attributes a route without an expression has, and what becomes of one that has too many.
//!
//! Kong computes the priority of such a route with numbers that are too narrow. From four attributes on it is
//! one of two, and if there is neither a pattern nor a host without wildcards among them the router may fail to build.

use kong_model::entity::Route;
use kong_resolve::Key;

use crate::context::Context;
use crate::predicates::quoted;

/// More than this make the priority of a route uncertain.
const CERTAIN: usize = 3;

/// Gives a route with too many attributes patterns for paths, so that Kong's router can be built; its author is told
/// that its place among others is uncertain.
pub(crate) fn keep_buildable(context: &Context<'_, '_>, object: &Key, route: &mut Route) {
    let there = [
        route.methods.as_ref().is_some_and(|it| !it.is_empty()),
        route.hosts.as_ref().is_some_and(|it| !it.is_empty()),
        route.headers.as_ref().is_some_and(|it| !it.is_empty()),
        route.snis.as_ref().is_some_and(|it| !it.is_empty()),
        route.paths.as_ref().is_some_and(|it| !it.is_empty()),
    ];
    if there.into_iter().filter(|it| *it).count() <= CERTAIN {
        return;
    }
    context.say(
        object,
        "",
        format!(
            "route {} has more than {CERTAIN} of host, path, headers, methods and SNIs: Kong's router does not order \
             it among others as one would think",
            route.name.as_deref().unwrap_or_default()
        ),
        "leave some of them out, or let the gateway route by expressions",
    );
    let hosts = route.hosts.as_deref().unwrap_or_default();
    if !hosts.is_empty() && hosts.iter().all(|host| !host.contains('*')) {
        return;
    }
    let paths = route.paths.get_or_insert_default();
    if paths.is_empty() {
        paths.push("~/".to_owned());
    }
    for path in paths.iter_mut().filter(|path| !path.starts_with('~')) {
        *path = format!("~{}", quoted(path));
    }
}
