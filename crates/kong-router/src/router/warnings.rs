//! What is wrong with the routes of a table together, although each is right.
//!
//! Only what is sure is said: that a route never gets a request because another one that goes before it asks for
//! less, and that a priority, or the order of two routes that ask for the same, is not the same each time.

use std::collections::BTreeSet;
use std::fmt;

use serde::Serialize;

use super::{Entry, Router, Table};
use crate::derive::{Demand, Origin};
use crate::matcher::Subsystem;

/// Something about a route that its author may not expect.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "warning", rename_all = "snake_case")]
pub enum Warning {
    /// No request ever takes this part of a route: another one holds whenever it does, and goes before it.
    Shadowed {
        /// The name of the route.
        route: String,
        /// Where it stands.
        place: String,
        /// The paths of the part.
        paths: Vec<String>,
        /// The name of the route that goes before it.
        by: String,
    },
    /// The priority of this part of a route is one of two, and which one is up to the run.
    Unstable {
        /// The name of the route.
        route: String,
        /// Where it stands.
        place: String,
        /// The paths of the part.
        paths: Vec<String>,
    },
    /// Two parts hold for the same requests with the same priority, and the ids that decide are not the same each
    /// time that the configuration is loaded.
    Tie {
        /// The name of the route.
        route: String,
        /// Where it stands.
        place: String,
        /// The name of the other one.
        with: String,
    },
    /// Requests of another protocol, which other routes are for, can take the route, once one of its own has: Kong
    /// remembers routes without looking at the protocol, and nothing else tells the two apart.
    ProtocolForgotten {
        /// The name of the route.
        route: String,
        /// Where it stands.
        place: String,
    },
    /// Expressions and routes with attributes are in one table, and their order is not sure.
    Mixed {
        /// The name of a route with attributes.
        route: String,
        /// Where it stands.
        place: String,
    },
    /// The router leaves the route out.
    Unroutable {
        /// Where it stands.
        place: String,
        /// Why.
        reason: String,
    },
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let of = |paths: &[String]| match paths {
            [] => String::new(),
            paths => format!(" with the paths {}", paths.join(", ")),
        };
        match self {
            Self::Shadowed {
                route,
                place,
                paths,
                by,
            } => {
                let of = of(paths);
                write!(
                    f,
                    "no request takes the route \"{route}\"{of}: \"{by}\" takes them all; "
                )?;
                write!(
                    f,
                    "ask for less in \"{by}\", or remove \"{route}\" ({place})"
                )
            }
            Self::Unstable {
                route,
                place,
                paths,
            } => {
                let of = of(paths);
                write!(
                    f,
                    "the priority of the route \"{route}\"{of} overflows, so that its order "
                )?;
                write!(
                    f,
                    "among others changes from run to run; use less attributes, a "
                )?;
                write!(f, "regex_priority from 0 to 1023, or expressions ({place})")
            }
            Self::Tie { route, place, with } => {
                write!(
                    f,
                    "\"{route}\" and \"{with}\" hold for the same requests, and which of them wins changes \
                     when the configuration is loaded again; give them names, or priorities ({place})"
                )
            }
            Self::ProtocolForgotten { route, place } => {
                write!(
                    f,
                    "requests of another protocol can take the route \"{route}\" once one of its own has, for \
                     Kong remembers routes without the protocol; ask for net.dst.port or tls.sni in an \
                     expression ({place})"
                )
            }
            Self::Mixed { route, place } => {
                write!(
                    f,
                    "the route \"{route}\" has attributes and others have expressions, so that "
                )?;
                write!(
                    f,
                    "their order is not sure; write an expression for it, too ({place})"
                )
            }
            Self::Unroutable { place, reason } => {
                write!(
                    f,
                    "the router leaves a route out: {reason}; correct it ({place})"
                )
            }
        }
    }
}

impl Router {
    /// What its author may not expect.
    pub fn warnings(&self) -> Vec<Warning> {
        let mut warnings: Vec<Warning> = self
            .unroutable
            .iter()
            .map(|left_out| Warning::Unroutable {
                place: left_out.place.clone(),
                reason: left_out.reason.clone(),
            })
            .collect();
        for table in [&self.http, &self.stream] {
            self.warn(table, &mut warnings);
        }
        warnings
    }

    fn warn(&self, table: &Table, warnings: &mut Vec<Warning>) {
        let configured = table
            .entries
            .iter()
            .any(|entry| entry.part.origin == Origin::Configured);
        let has = |field: &str| table.fields.contains(field);
        let forgets = table.subsystem == Subsystem::Http
            && has("net.protocol")
            && !has("net.dst.port")
            && !has("tls.sni");
        let protocols = |entry: &Entry| web_protocols(&self.routes[entry.route].protocols);
        // Where all routes are for one protocol, nobody asks by another.
        let served: BTreeSet<&str> = table.entries.iter().flat_map(protocols).collect();
        for (index, entry) in table.entries.iter().enumerate() {
            let known = &self.routes[entry.route];
            let (route, place) = (known.label.clone(), known.place.clone());
            let paths = entry.part.paths.clone();
            if configured && entry.part.origin == Origin::Derived {
                let (route, place) = (route.clone(), place.clone());
                warnings.push(Warning::Mixed { route, place });
            }
            if forgets && tells_protocols(entry) && protocols(entry) != served {
                let (route, place) = (route.clone(), place.clone());
                warnings.push(Warning::ProtocolForgotten { route, place });
            }
            if entry.part.priority.is_unstable() {
                warnings.push(Warning::Unstable {
                    route,
                    place,
                    paths,
                });
                continue;
            }
            let sure = |earlier: &Entry| {
                let stays = known.has_id && self.routes[earlier.route].has_id;
                stays || earlier.part.priority != entry.part.priority
            };
            for earlier in &table.entries[..index] {
                let other = self.routes[earlier.route].label.clone();
                if covers(earlier, entry) && sure(earlier) {
                    warnings.push(Warning::Shadowed {
                        route,
                        place,
                        paths,
                        by: other,
                    });
                    break;
                }
                if !sure(earlier) && (covers(earlier, entry) || covers(entry, earlier)) {
                    warnings.push(Warning::Tie {
                        route,
                        place,
                        with: other,
                    });
                    break;
                }
            }
        }
    }
}

/// What the protocols of a route of HTTP are on the wire.
fn web_protocols(protocols: &[String]) -> BTreeSet<&'static str> {
    let on_the_wire = |protocol: &String| match protocol.as_str() {
        "https" | "grpcs" | "wss" => "https",
        _ => "http",
    };
    protocols.iter().map(on_the_wire).collect()
}

/// Whether a part is for some protocols only.
fn tells_protocols(entry: &Entry) -> bool {
    let demands = entry.part.demands.iter();
    let asked = demands
        .filter(|(demand, _)| *demand == Demand::Protocols)
        .map(|(_, compiled)| compiled.text());
    // Both protocols of a half are no restriction.
    asked
        .into_iter()
        .any(|text| !(text.contains("\"http\"") && text.contains("\"https\"")))
}

/// Whether the first holds whenever the second does, as far as that can be seen: each thing that it asks for, the
/// second asks for in the same words, or its path begins with that of the first.
fn covers(first: &Entry, second: &Entry) -> bool {
    let (more, less) = (&first.part, &second.part);
    if more.origin != less.origin || more.priority.is_unstable() {
        return false;
    }
    more.demands.iter().all(|(demand, wanted)| {
        less.demands.iter().any(|(other, has)| {
            demand == other
                && (wanted.is_same_as(has) || (*demand == Demand::Paths && begins(first, second)))
        })
    })
}

/// Whether each path of the second begins with one of the first.
fn begins(first: &Entry, second: &Entry) -> bool {
    let plain = |path: &&String| !path.starts_with('~');
    let prefixes: Vec<&String> = first.part.paths.iter().filter(plain).collect();
    second
        .part
        .paths
        .iter()
        .all(|path| plain(&path) && prefixes.iter().any(|prefix| path.starts_with(*prefix)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Config, Flavor};

    fn warnings(routes: &str, flavor: Flavor) -> Vec<Warning> {
        let text =
            format!(r#"{{"services": [{{"name": "s", "host": "h", "routes": [{routes}]}}]}}"#);
        Router::new(&Config::read(&text).unwrap(), flavor).warnings()
    }

    fn shadowed(routes: &str) -> Vec<(String, String)> {
        warnings(routes, Flavor::TraditionalCompatible)
            .into_iter()
            .map(|warning| match warning {
                Warning::Shadowed { route, by, .. } => (route, by),
                other => panic!("{other}"),
            })
            .collect()
    }

    #[test]
    fn a_route_that_asks_for_more_and_goes_behind_is_shadowed() {
        // A plain host goes before everything but another plain host.
        let routes = r#"{"name": "all", "hosts": ["a.test"], "paths": ["~/(.*)"]},
            {"name": "never", "hosts": ["a.test"], "paths": ["~/(.*)"]}"#;
        let found = shadowed(routes);
        assert_eq!(found.len(), 1);
        let longer = r#"{"name": "short", "paths": ["/a"], "hosts": ["a.test"]},
            {"name": "long", "paths": ["/a/b"], "hosts": ["a.test"]}"#;
        assert_eq!(shadowed(longer), [], "the longer path goes first");
        let method = r#"{"name": "host", "hosts": ["*.test"], "paths": ["/"]},
            {"name": "same", "hosts": ["*.test"], "paths": ["/"], "headers": {"x": ["1"]}}"#;
        assert_eq!(shadowed(method), [], "more attributes go first");
    }

    #[test]
    fn equal_routes_without_names_are_a_tie() {
        let routes = r#"{"paths": ["/a"]}, {"paths": ["/a"]}"#;
        let found = warnings(routes, Flavor::TraditionalCompatible);
        assert!(matches!(&found[..], [Warning::Tie { .. }]), "{found:?}");
    }

    #[test]
    fn a_priority_that_overflows_is_told_of() {
        let routes = r#"{"name": "r", "paths": ["~/a"], "regex_priority": 4096}"#;
        let found = warnings(routes, Flavor::TraditionalCompatible);
        assert!(
            matches!(&found[..], [Warning::Unstable { .. }]),
            "{found:?}"
        );
    }

    #[test]
    fn a_route_for_one_protocol_needs_more_than_that_in_expressions() {
        let route = |expression: &str| {
            format!(r#"{{"name": "r", "protocols": ["http"], "expression": "{expression}"}}"#)
        };
        let found = warnings(
            &route("http.method == 1 || http.path ^= 2"),
            Flavor::Expressions,
        );
        assert!(
            matches!(&found[..], [Warning::Unroutable { .. }]),
            "{found:?}"
        );
        let plain = route(r#"http.path ^= \"/\""#);
        let secure =
            r#"{"name": "s", "protocols": ["https"], "expression": "http.path == \"/s\""}"#;
        let found = warnings(&format!("{plain}, {secure}"), Flavor::Expressions);
        assert!(
            matches!(&found[..], [Warning::ProtocolForgotten { .. }]),
            "{found:?}"
        );
        assert_eq!(warnings(&plain, Flavor::Expressions), []);
        let port = route(r#"http.path ^= \"/\" && net.dst.port == 80"#);
        let found = warnings(&format!("{port}, {secure}"), Flavor::Expressions);
        assert_eq!(found, []);
    }

    #[test]
    fn expressions_and_attributes_do_not_mix() {
        let routes = r#"{"name": "a", "paths": ["/"]},
            {"name": "e", "expression": "net.dst.port == 80"}"#;
        let found = warnings(routes, Flavor::Expressions);
        assert!(matches!(&found[..], [Warning::Mixed { .. }]), "{found:?}");
    }
}
