//! Services: parts of one name are joined, and made into services with their upstreams.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::Arc;

use kong_resolve::Key;
use uuid::Uuid;

use super::routes::{PartRef, Routes};
use crate::certificates::{self, Wish};
use crate::context::Context;
use crate::draft::Draft;
use crate::http_route::name_of_shared;
use crate::part::{Joint, Part};
use crate::plugins::{self, Relations};
use crate::services::{self, Built};

/// The services that parts of one name become: one, or, where some wait differently, several.
#[derive(Clone, Debug, Default)]
pub(super) struct OfOneName {
    /// The parts.
    pub(super) parts: Vec<PartRef>,
    /// What became of them.
    pub(super) made: Made,
}

/// What became of parts of one name.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Made {
    pub(super) services: Vec<MadeService>,
    /// The plugins that are for the services and their routes.
    pub(super) relations: Relations,
}

/// A service with its upstream.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct MadeService {
    /// Its name, whether it is there or was left out.
    pub(super) name: String,
    /// Its parts, which have the routes.
    pub(super) parts: Vec<PartRef>,
    pub(super) built: Built,
    /// The certificate that it is to show.
    pub(super) wish: Option<Wish>,
    /// The ids that plugins have which are part of it and its routes.
    pub(super) built_in: Vec<Uuid>,
}

impl Made {
    /// The names of the services.
    pub(super) fn names(&self) -> impl Iterator<Item = String> {
        self.services.iter().map(|service| service.name.clone())
    }

    /// The certificates that the services are to show.
    pub(super) fn wishes(&self) -> impl Iterator<Item = &Wish> {
        self.services
            .iter()
            .filter_map(|service| service.wish.as_ref())
    }

    /// The ids that plugins have which are part of the services and their routes.
    pub(super) fn built_in(&self) -> BTreeSet<Uuid> {
        let ids = self.services.iter().flat_map(|service| &service.built_in);
        ids.copied().collect()
    }
}

/// Makes services of parts of one name.
pub(super) fn make(context: &Context<'_, '_>, routes: &Routes, parts: &[PartRef]) -> Made {
    let right = !context.settings.as_kong_does();
    let mut made = Made::default();
    let mut taken: BTreeSet<String> = BTreeSet::new();
    for (draft, parts) in joined(routes, parts) {
        let leads_there = |part: &PartRef| routes.named(*part).next().is_some();
        if right && !parts.iter().any(leads_there) {
            continue;
        }
        let name = draft.service.name.clone().unwrap_or_default();
        if right && !taken.insert(name.clone()) {
            say_taken(context, &draft, &name);
            continue;
        }
        let built = services::build(context, draft);
        let mut service = MadeService {
            name,
            parts,
            wish: None,
            built_in: Vec::new(),
            built,
        };
        if let Some(it) = &service.built.service {
            let of_parts = || service.parts.iter().flat_map(|part| routes.named(*part));
            let backends = &service.built.backends;
            made.relations
                .add_service(context, it, backends, of_parts());
            service.wish = certificates::wish_of(context, &it.service, backends);
            service.built_in = plugins::built_in(it, of_parts().map(|route| &route.route));
        }
        made.services.push(service);
    }
    made.services.shrink_to_fit();
    made
}

/// What each service is made of.
fn joined(routes: &Routes, parts: &[PartRef]) -> Vec<(Draft, Vec<PartRef>)> {
    let mut alone: Vec<(PartRef, &Part)> = Vec::new();
    let mut by_timeout: BTreeMap<u32, Vec<(&Joint, PartRef, &Part)>> = BTreeMap::new();
    for part in parts {
        let Some(it) = routes.part(*part) else {
            continue;
        };
        match &it.joint {
            None => alone.push((*part, it)),
            Some(joint) => {
                let same = by_timeout.entry(joint.timeout).or_default();
                same.push((joint, *part, it));
            }
        }
    }
    alone.sort_by_key(|(part, _)| routes.place(*part));
    let mut all: Vec<(Draft, Vec<PartRef>)> = Vec::new();
    all.extend(
        alone
            .into_iter()
            .map(|(part, it)| (it.draft.clone(), vec![part])),
    );
    let several = by_timeout.len() > 1;
    for (timeout, mut same) in by_timeout {
        same.retain(|(_, part, _)| routes.named(*part).next().is_some());
        same.sort_by_key(|(joint, ..)| &joint.place);
        let Some((_, _, first)) = same.first() else {
            continue;
        };
        let mut draft = first.draft.clone();
        let name = name_of_shared(first.service(), timeout, several);
        draft.service.host.clone_from(&name);
        draft.service.name = Some(name);
        let others = || same[1..].iter().map(|(_, _, other)| &other.draft);
        let mut seen: HashSet<&Key> = first.draft.parents.iter().collect();
        let parents = others().flat_map(|draft| &draft.parents);
        let parents = parents.filter(|parent| seen.insert(parent)).cloned();
        draft.parents.extend(parents);
        let from = others().flat_map(|draft| &draft.from).cloned();
        draft.from.extend(from);
        all.push((draft, same.into_iter().map(|(_, part, _)| part).collect()));
    }
    all
}

fn say_taken(context: &Context<'_, '_>, draft: &Draft, name: &str) {
    for parent in &draft.parents {
        context.leave_out(
            parent,
            "",
            format!(
                "service {name}: another one has the name, and Kong takes no two; it is left out"
            ),
            "choose another name for the object",
        );
    }
}

/// The services of all names.
pub(super) type Services = BTreeMap<Arc<str>, OfOneName>;
