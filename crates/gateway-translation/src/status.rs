//! The status that each object ought to have, from the same judgement that makes the configuration.
//!
//! Nothing is decided here: listeners say which routes they take, `look` says what a backend is, and whatever was left
//! out of the configuration was noted where that was decided. What is written here is put together with what others
//! have written: their entries and conditions stay as they are and where they are.
//!
//! Two things are up to the writer. Conditions whose status has changed have no `lastTransitionTime`, which
//! [`with_times`] fills in; and whether a gateway has taken the configuration is not known, so that `Programmed` stays
//! as it was at the places that a [`Translation`](crate::Translation) says are [`Awaiting`] that, until
//! [`Translation::record`](crate::Translation::record) is told.

mod conditions;
mod entries;
mod gateway_class;
mod gateways;
mod ingress;
mod kongs;
mod listeners;
mod policies;
mod pushed;
mod routes;

use std::collections::{BTreeMap, BTreeSet};

use kong_crds::Kind;
use kong_resolve::{Key, Readable, Ref};
use serde_json::{Map, Value, json};

use crate::context::{Context, Problem};
use crate::document::Document;

pub use conditions::with_times;
pub use pushed::{Awaiting, Push};

/// The statuses, and where they wait for a gateway.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Statuses {
    /// The whole status of each object of which something is to be said.
    pub statuses: BTreeMap<Key, Value>,
    /// Where they wait.
    pub awaiting: Vec<Awaiting>,
}

/// What is known of the objects once all has been translated.
struct Known<'t> {
    /// The rules of each object that are in the configuration.
    there: BTreeMap<&'t Key, BTreeSet<usize>>,
    /// The Services and KongServiceFacades that are in it.
    backends: &'t BTreeSet<Key>,
    /// What was left out, by object.
    left_out: BTreeMap<&'t Key, Vec<&'t Problem>>,
}

/// The statuses of all objects. In the way of Kong's controller there are none.
pub(crate) fn all(
    context: &Context<'_, '_>,
    document: &Document,
    backends: &BTreeSet<Key>,
    problems: &[Problem],
) -> Statuses {
    let mut statuses = Statuses::default();
    if context.settings.as_kong_does() {
        return statuses;
    }
    let known = Known::of(document, backends, problems);
    let attached = routes::put(context, &known, &mut statuses);
    gateway_class::put(context, &mut statuses);
    gateways::put(context, &attached, &mut statuses);
    policies::put(context, &known, &attached, &mut statuses);
    ingress::put(context, &known, &mut statuses);
    kongs::put(context, &known, &mut statuses);
    statuses
}

impl<'t> Known<'t> {
    fn of(document: &'t Document, backends: &'t BTreeSet<Key>, problems: &'t [Problem]) -> Self {
        let mut there: BTreeMap<&Key, BTreeSet<usize>> = BTreeMap::new();
        let routes = document.services.iter().flat_map(|service| &service.routes);
        for from in routes.flat_map(|route| &route.from) {
            let rules = there.entry(&from.object).or_default();
            rules.extend(from.rule);
        }
        let mut left_out: BTreeMap<&Key, Vec<&Problem>> = BTreeMap::new();
        for problem in problems.iter().filter(|it| it.costs.is_some()) {
            left_out.entry(&problem.object).or_default().push(problem);
        }
        Self {
            there,
            backends,
            left_out,
        }
    }

    /// What of an object was left out.
    fn left_out(&self, object: &Key) -> &[&Problem] {
        self.left_out.get(object).map_or(&[], Vec::as_slice)
    }
}

/// The status that an object has, as its members; none if it has none.
fn before<K: Readable>(context: &Context<'_, '_>, object: &Key) -> Map<String, Value> {
    let status = context.view.status(&Ref::<K>::new(object.name.clone()));
    match status.map(serde_json::to_value) {
        Some(Ok(Value::Object(members))) => members,
        Some(Ok(_) | Err(_)) | None => Map::new(),
    }
}

/// A reference to an object in the words of a status.
fn reference(object: &Key) -> Value {
    let group = match object.kind {
        Kind::Service => "core",
        kind => kind.group(),
    };
    json!({
        "group": group, "kind": object.kind.as_str(), "namespace": object.name.namespace(),
        "name": &*object.name.name,
    })
}
