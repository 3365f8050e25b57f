//! What is computed by itself, and what of the world each of those has read: so it is known what has to be computed
//! again.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use kong_crds::Kind;
use kong_resolve::{Dep, Few, Key, Map, Name, World};

use crate::context::Problem;
use crate::plugins::PluginKey;

/// The label of an EndpointSlice that names its Service.
const SERVICE_NAME_LABEL: &str = "kubernetes.io/service-name";

/// Something that is computed by itself. Whatever depends on what another one gives comes after it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Unit {
    /// Routes of a sort, all together, since each counts the others.
    Routes(Sort),
    /// The routes of one object.
    Route(Key),
    /// The certificates of authorities.
    Authorities,
    /// Consumer groups.
    Groups,
    /// Vaults.
    Vaults,
    /// The licence.
    Licenses,
    /// The services that parts of one name become.
    Service(Arc<str>),
    /// Consumers with their credentials.
    Consumers,
    /// Certificates with their keys.
    Certificates,
    /// A plugin that somebody refers to.
    Plugin(PluginKey),
    /// Plugins that are for everything.
    GlobalPlugins,
    /// Entities of other collections.
    Others,
}

/// A sort of routes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Sort {
    /// Ingresses.
    Ingress,
    /// GRPCRoutes.
    Grpc,
    /// TLSRoutes, TCPRoutes and UDPRoutes.
    Stream,
    /// HTTPRoutes.
    Http,
    /// Those that Gateways have of themselves.
    Guards,
}

impl Unit {
    /// Whether it gives routes.
    pub(super) fn is_of_routes(&self) -> bool {
        matches!(self, Self::Routes(_) | Self::Route(_))
    }
}

/// A unit by its number, which is its own for as long as it is there.
pub(super) type Id = u32;

/// A unit that was computed.
#[derive(Clone, Debug)]
struct Computed {
    unit: Unit,
    reads: Box<[Dep]>,
}

/// The units, and who has read what.
#[derive(Clone, Debug, Default)]
pub(super) struct Graph {
    ids: Map<Unit, Id>,
    units: Vec<Option<Computed>>,
    free: Vec<Id>,
    readers: Map<Dep, Few<Id>>,
    /// What units have found to be wrong, of those that have found something.
    problems: BTreeMap<Id, Vec<Problem>>,
    /// What has to be computed.
    due: BTreeSet<Unit>,
}

impl Graph {
    /// A unit has to be computed again.
    pub(super) fn call(&mut self, unit: Unit) {
        self.due.insert(unit);
    }

    /// The first unit that has to be computed.
    pub(super) fn next(&self) -> Option<&Unit> {
        self.due.first()
    }

    /// The same, which then has not to be computed any more.
    pub(super) fn take(&mut self) -> Option<Unit> {
        self.due.pop_first()
    }

    /// An object has changed: whoever has read of it is called.
    pub(super) fn changed(&mut self, world: &World, key: &Key) {
        self.call_readers(&Dep::Object(key.clone()));
        self.call_readers(&Dep::Kind(key.kind));
        match key.kind {
            // Whoever knows it as that of another Service has read it.
            Kind::EndpointSlice => {
                let meta = world.entry(key).map(|entry| &entry.meta);
                let service = meta.and_then(|meta| meta.label(SERVICE_NAME_LABEL));
                if let Some(service) = service {
                    let service: Name = key.name.sibling(None, service);
                    self.call_readers(&Dep::Slices(service));
                }
            }
            Kind::ReferenceGrant | Kind::KongReferenceGrant => {
                let namespace = Arc::from(key.name.namespace());
                self.call_readers(&Dep::Grants(namespace));
            }
            _ => {}
        }
    }

    fn call_readers(&mut self, dep: &Dep) {
        let readers = self.readers.get(dep).into_iter().flat_map(Few::iter);
        let units = readers.filter_map(|id| self.units.get(*id as usize)?.as_ref());
        self.due.extend(units.map(|computed| computed.unit.clone()));
    }

    /// The number of a unit, which gets one if it has none.
    pub(super) fn id(&mut self, unit: &Unit) -> Id {
        if let Some(id) = self.ids.get(unit) {
            return *id;
        }
        let computed = Computed {
            unit: unit.clone(),
            reads: Box::default(),
        };
        let id = if let Some(id) = self.free.pop() {
            self.units[id as usize] = Some(computed);
            id
        } else {
            self.units.push(Some(computed));
            Id::try_from(self.units.len() - 1).expect("there are fewer units than numbers")
        };
        self.ids.insert(unit.clone(), id);
        id
    }

    /// A unit has been computed.
    pub(super) fn computed(&mut self, unit: &Unit, reads: BTreeSet<Dep>, problems: Vec<Problem>) {
        let id = self.id(unit);
        if problems.is_empty() {
            self.problems.remove(&id);
        } else {
            self.problems.insert(id, problems);
        }
        let Some(Some(computed)) = self.units.get_mut(id as usize) else {
            return;
        };
        let old = std::mem::take(&mut computed.reads);
        // Both are sorted, and mostly the same.
        if old.iter().eq(reads.iter()) {
            computed.reads = old;
            return;
        }
        for dep in old.iter().filter(|dep| !reads.contains(*dep)) {
            remove(&mut self.readers, dep, id);
        }
        let mut kept = Vec::with_capacity(reads.len());
        for dep in reads {
            // What several have read is called the same in one memory.
            let known = self.readers.get_key_value(&dep);
            let dep = known.map_or(dep, |(known, _)| known.clone());
            self.readers.entry(dep.clone()).or_default().insert(id);
            kept.push(dep);
        }
        computed.reads = kept.into_boxed_slice();
    }

    /// A unit is no more.
    pub(super) fn forget(&mut self, unit: &Unit) {
        let Some(id) = self.ids.remove(unit) else {
            return;
        };
        if let Some(computed) = self.units[id as usize].take() {
            for dep in &computed.reads {
                remove(&mut self.readers, dep, id);
            }
        }
        self.problems.remove(&id);
        self.free.push(id);
    }

    /// What units have found to be wrong.
    pub(super) fn problems(&self) -> impl Iterator<Item = &Problem> {
        self.problems.values().flatten()
    }

    /// How many units there are.
    pub(super) fn len(&self) -> usize {
        self.ids.len()
    }
}

fn remove(readers: &mut Map<Dep, Few<Id>>, dep: &Dep, id: Id) {
    if let Some(few) = readers.get_mut(dep) {
        few.remove(&id);
        if few.is_empty() {
            readers.remove(dep);
        }
    }
}
