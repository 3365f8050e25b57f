//! Routes that Kong would refuse, left out before they cost the whole configuration.
//!
//! The rules are those of `kong-router`, which knows what Kong accepts. A path, a host or the like that is refused
//! costs itself; if nothing is left in its place, or if it is anything else, it costs its route, which must not be for
//! more requests than it was meant for.

use std::collections::{BTreeMap, BTreeSet};

use kong_model::entity::Route;
use kong_router::{Config, Dialect, Edition, Finding, validate};
use serde_json::json;

use crate::context::Context;
use crate::document::{self, Members};
use crate::draft::{Draft, DraftRoute};
use crate::plain;

/// Takes out of the routes of drafts what Kong would refuse.
pub(crate) fn leave_out(context: &Context<'_, '_>, drafts: &mut Vec<Draft>) {
    for draft in drafts.iter_mut() {
        draft.routes.retain_mut(|route| accept(context, route));
    }
    drafts.retain(|draft| !draft.routes.is_empty());
}

/// Takes out of a route what Kong would refuse, and tells whose it was; whether something is left. Whether its name is
/// that of another one is for who knows all.
pub(crate) fn accept(context: &Context<'_, '_>, route: &mut DraftRoute) -> bool {
    loop {
        let mut refusal = Refusal::default();
        for finding in findings(context, route) {
            let Some(place) = place(&finding.field) else {
                continue;
            };
            say(context, route, &finding, place);
            match element(place) {
                Some((list, index)) => {
                    refusal.elements.entry(list).or_default().insert(index);
                }
                None => refusal.whole = true,
            }
        }
        if refusal.is_none() {
            return true;
        }
        if !refusal.repair(&mut route.route) {
            return false;
        }
    }
}

/// What of a route is refused.
#[derive(Debug, Default)]
struct Refusal {
    /// Elements of lists.
    elements: BTreeMap<&'static str, BTreeSet<usize>>,
    /// Something else, and so all of it.
    whole: bool,
}

/// Lists of which an element can go: then the route is for less.
const LISTS: [&str; 5] = ["hosts", "methods", "paths", "snis", "tags"];

impl Refusal {
    fn is_none(&self) -> bool {
        !self.whole && self.elements.is_empty()
    }

    /// Takes out what is refused; whether something is left.
    fn repair(&self, route: &mut Route) -> bool {
        if self.whole {
            return false;
        }
        self.elements.iter().all(|(list, refused)| {
            let list = match *list {
                "hosts" => &mut route.hosts,
                "methods" => &mut route.methods,
                "paths" => &mut route.paths,
                "tags" => &mut route.tags,
                _ => &mut route.snis,
            };
            let list = list.get_or_insert_default();
            let mut index = 0;
            list.retain(|_| {
                index += 1;
                !refused.contains(&(index - 1))
            });
            !list.is_empty()
        })
    }
}

/// What Kong has against a route.
fn findings(context: &Context<'_, '_>, draft: &DraftRoute) -> Vec<Finding> {
    let expression = draft.expression.as_ref().map(|(expression, _)| expression);
    let is_plain = plain::route(&draft.route, expression);
    if is_plain && draft.plugins.is_empty() {
        return Vec::new();
    }
    let mut file = Members::new();
    file.insert("_format_version".to_owned(), json!("3.0"));
    let mut members = if is_plain {
        // Its plugins are looked at, beside a name.
        Members::from_iter([
            ("name".to_owned(), json!("plain")),
            ("paths".to_owned(), json!(["/"])),
        ])
    } else {
        document::route_members(&draft.route, draft.expression.as_ref())
    };
    document::inline(&mut members, &draft.plugins);
    file.insert("routes".to_owned(), json!([members]));
    let dialect = Dialect {
        flavor: context.settings.flavor,
        edition: Edition::Enterprise,
        ..Dialect::default()
    };
    validate(&Config::new(file), dialect)
}

/// What is in the one route that a place is in.
fn place(field: &str) -> Option<&str> {
    let rest = field.strip_prefix("routes[0]")?;
    Some(rest.trim_start_matches('.'))
}

/// The element of a list that a place is.
fn element(place: &str) -> Option<(&'static str, usize)> {
    let (list, rest) = place.split_once('[')?;
    let list = LISTS.into_iter().find(|known| *known == list)?;
    let (index, _) = rest.split_once(']')?;
    Some((list, index.parse().ok()?))
}

fn say(context: &Context<'_, '_>, route: &DraftRoute, finding: &Finding, place: &str) {
    let rule = route.from.first().and_then(|from| from.rule);
    let what = match (element(place), place) {
        (Some((list, _)), _) => format!("what becomes one of its {list}"),
        (None, "") => "it".to_owned(),
        (None, place) => format!("its {place}"),
    };
    context.leave_out(
        &route.object,
        rule.map_or_else(String::new, |rule| format!("spec.rules[{rule}]")),
        format!(
            "route {}: Kong refuses {what}: {}; it is left out",
            route.route.name.as_deref().unwrap_or_default(),
            finding.reason()
        ),
        finding.remedy(),
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_that_of_a_route_and_maybe_of_an_element() {
        assert_eq!(place("routes[0].paths[3]"), Some("paths[3]"));
        assert_eq!(place("routes[0]"), Some(""));
        assert_eq!(place("services[0]"), None);
        assert_eq!(element("paths[3]"), Some(("paths", 3)));
        assert_eq!(element("plugins[0].config"), None);
        assert_eq!(element("name"), None);
    }

    #[test]
    fn a_route_that_would_be_for_more_is_not_repaired() {
        let mut route = Route {
            hosts: Some(vec!["a".to_owned(), "b".to_owned()]),
            ..Route::default()
        };
        let refuse = |indexes: &[usize]| Refusal {
            elements: BTreeMap::from([("hosts", indexes.iter().copied().collect())]),
            whole: false,
        };
        assert!(refuse(&[0]).repair(&mut route));
        assert_eq!(route.hosts, Some(vec!["b".to_owned()]));
        assert!(!refuse(&[0]).repair(&mut route));
    }
}
