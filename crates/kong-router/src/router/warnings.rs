//! What is wrong with the routes of a table together, although each is right.
//!
//! Only what is sure is said: that a route never gets a request because another one that goes before it asks for
//! less, and that a priority, or the order of two routes that ask for the same, is not the same each time.

use std::fmt;

use serde::Serialize;

use super::{Entry, Router, Table};
use crate::derive::{Demand, Origin};

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
        for (index, entry) in table.entries.iter().enumerate() {
            let known = &self.routes[entry.route];
            let (route, place) = (known.label.clone(), known.place.clone());
            let paths = entry.part.paths.clone();
            if configured && entry.part.origin == Origin::Derived {
                let (route, place) = (route.clone(), place.clone());
                warnings.push(Warning::Mixed { route, place });
            }
            if entry.part.priority.is_unstable() {
                warnings.push(Warning::Unstable {
                    route,
                    place,
                    paths,
                });
                continue;
            }
            let mut earlier = table.entries[..index].iter();
            if let Some(by) = earlier.find(|earlier| covers(earlier, entry)) {
                let by = self.routes[by.route].label.clone();
                warnings.push(Warning::Shadowed {
                    route,
                    place,
                    paths,
                    by,
                });
            }
        }
    }
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
