//! Routes that Kong would refuse, left out before they cost the whole configuration.
//!
//! The rules are those of `kong-router`, which knows what Kong accepts. A path, a host or the like that is refused
//! costs itself; if nothing is left in its place, or if it is anything else, it costs its route, which must not be for
//! more requests than it was meant for.

use std::collections::{BTreeMap, BTreeSet};

use kong_model::entity::Route;
use kong_router::{Config, Dialect, Edition, Finding, validate};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::context::Context;
use crate::document::{self, DeclaredRoute};
use crate::draft::{Draft, DraftRoute};

/// Takes out of drafts what Kong would refuse, and tells whose it was.
pub(crate) fn leave_out(context: &Context<'_, '_>, drafts: &mut Vec<Draft>) {
    loop {
        let routes: Vec<&DraftRoute> = drafts.iter().flat_map(|draft| &draft.routes).collect();
        let findings = findings(context, &routes);
        let mut refusals: BTreeMap<usize, Refusal> = BTreeMap::new();
        for finding in &findings {
            let Some((number, rest)) = place(&finding.field) else {
                continue;
            };
            let Some(route) = routes.get(number) else {
                continue;
            };
            say(context, route, finding, rest);
            let refusal = refusals.entry(number).or_default();
            match element(rest) {
                Some((list, index)) => {
                    refusal.elements.entry(list).or_default().insert(index);
                }
                None => refusal.whole = true,
            }
        }
        if refusals.is_empty() {
            return;
        }
        let mut number = 0;
        for draft in drafts.iter_mut() {
            draft.routes.retain_mut(|route| {
                let refusal = refusals.get(&number);
                number += 1;
                refusal.is_none_or(|refusal| refusal.repair(&mut route.route))
            });
        }
        drafts.retain(|draft| !draft.routes.is_empty());
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
const LISTS: [&str; 4] = ["hosts", "methods", "paths", "snis"];

impl Refusal {
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

/// What Kong has against routes.
fn findings(context: &Context<'_, '_>, routes: &[&DraftRoute]) -> Vec<Finding> {
    let routes: Vec<Value> = routes
        .iter()
        .map(|draft| {
            document::route(&DeclaredRoute {
                id: Uuid::nil(),
                route: draft.route.clone(),
                expression: draft.expression.clone(),
                plugins: draft.plugins.clone(),
                from: Vec::new(),
            })
        })
        .map(without_id)
        .collect();
    let file = json!({"_format_version": "3.0", "routes": routes});
    let Value::Object(file) = file else {
        return Vec::new();
    };
    let dialect = Dialect {
        flavor: context.settings.flavor,
        edition: Edition::Enterprise,
        ..Dialect::default()
    };
    validate(&Config::new(file), dialect)
}

fn without_id(mut route: Value) -> Value {
    if let Some(members) = route.as_object_mut() {
        members.remove("id");
    }
    route
}

/// The number of the route that a place is in, and the rest of the place.
fn place(field: &str) -> Option<(usize, &str)> {
    let (number, rest) = field.strip_prefix("routes[")?.split_once(']')?;
    Some((number.parse().ok()?, rest.trim_start_matches('.')))
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
        assert_eq!(place("routes[12].paths[3]"), Some((12, "paths[3]")));
        assert_eq!(place("routes[0]"), Some((0, "")));
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
