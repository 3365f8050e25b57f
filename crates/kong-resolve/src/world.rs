//! Everything that is known, as a value.
//!
//! Objects come in as they are read; standings are written by whoever judges and performs. Nothing
//! here decides anything.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use kong_crds::configuration::v1alpha1::KongReferenceGrant;
use kong_crds::gateway::ReferenceGrant;
use kong_crds::{AnyParts, Kind, Object, Observed, Unreadable};

use crate::grants;
use crate::key::{Key, Name};
use crate::map::Map;
use crate::meta::Meta;
use crate::sight::{Sight, Spot};
use crate::standing::Standing;
use crate::subject::Readable;

/// An object: its metadata, and what it says unless it cannot be read.
#[derive(Clone, Debug)]
pub struct Entry {
    /// What matters of its metadata.
    pub meta: Meta,
    /// Its parts; statuses are taken out and kept elsewhere.
    pub parts: Result<AnyParts, Arc<Unreadable>>,
}

impl Entry {
    /// From what a watch showed.
    pub fn of(observed: Observed) -> Self {
        Self {
            meta: Meta::of(observed.kind, &observed.meta),
            parts: observed.parts.map_err(Arc::new),
        }
    }

    /// Whether the two say the same, statuses aside.
    pub fn says_the_same(&self, other: &Self) -> bool {
        if self.meta != other.meta {
            return false;
        }
        macro_rules! same {
            ($($kind:ident: $type:path => $class:ident;)*) => {
                match (&self.parts, &other.parts) {
                    $((Ok(AnyParts::$kind(one)), Ok(AnyParts::$kind(two))) => one.spec == two.spec,)*
                    (Err(one), Err(two)) => one == two,
                    (Ok(_) | Err(_), _) => false,
                }
            };
        }
        kong_crds::kinds!(same)
    }
}

/// What is known of the cluster, and what the judged objects are worth to each other.
#[derive(Clone, Debug, Default)]
pub struct World {
    /// Boxed, since a table has room for many more than it holds.
    objects: Map<Key, Box<Entry>>,
    standings: Map<Key, Box<Standing>>,
    /// The grants of each namespace.
    grants: BTreeMap<Arc<str>, BTreeSet<Key>>,
    /// What is looked up by its kind as well: what is made into configurations of gateways.
    of_kind: BTreeMap<Kind, BTreeSet<Name>>,
    /// The EndpointSlices of each Service.
    slices: Map<Name, BTreeSet<Name>>,
    /// The Secrets that objects own.
    secrets: Map<Key, BTreeSet<Name>>,
    /// Why what objects are to have in the cluster could not be made.
    refusals: Map<Key, Arc<str>>,
    /// What was seen in Konnect of what is none of ours.
    sights: Map<Spot, Sight>,
    /// What asks for a plugin in its annotation, by kind and by the name of the plugin as it stands there, in
    /// the namespace of who asks.
    users: Map<(Kind, Name), BTreeSet<Name>>,
}

/// Whether there is an index of a kind. Of what lives in Konnect alone there can be very many, and nobody asks for all.
fn is_indexed(kind: Kind) -> bool {
    // Of what is served, these are for gateways without Konnect as well.
    let for_gateways = matches!(
        kind,
        Kind::Secret
            | Kind::KongPlugin
            | Kind::KongClusterPlugin
            | Kind::KongVault
            | Kind::KongConsumerGroup
            | Kind::KongConsumer
            // What is not for them and uses plugins, so that nobody takes these for useless.
            | Kind::KongPluginBinding
            | Kind::KongService
            | Kind::KongRoute
    );
    for_gateways || !kind.is_served()
}

/// The names of the plugins that an object asks for in its annotation, in its own namespace.
pub fn plugins_of<'m>(key: &'m Key, meta: &'m Meta) -> impl Iterator<Item = Name> + 'm {
    let names = meta.plugins().into_iter();
    names.map(|name| key.name.sibling(None, name))
}

/// The Service that an EndpointSlice is of.
fn service_of(key: &Key, meta: &Meta) -> Option<Name> {
    if key.kind != Kind::EndpointSlice {
        return None;
    }
    Some(key.name.sibling(None, meta.label(SERVICE_NAME_LABEL)?))
}

/// The objects that own a Secret; nothing for other kinds.
pub fn owners_of<'m>(key: &'m Key, meta: &'m Meta) -> impl Iterator<Item = Key> + use<'m> {
    let owners = meta.owners.iter().filter(|_| key.kind == Kind::Secret);
    owners.map(|(kind, name)| Key {
        kind: *kind,
        name: key.name.sibling(None, name),
    })
}

/// The label of an EndpointSlice that names its Service.
const SERVICE_NAME_LABEL: &str = "kubernetes.io/service-name";

impl World {
    /// Puts an object in its place; gives back what was there.
    pub fn insert(&mut self, key: Key, entry: Entry) -> Option<Entry> {
        if is_indexed(key.kind) {
            let names = self.of_kind.entry(key.kind).or_default();
            names.insert(key.name.clone());
        }
        let before = self.objects.get(&key);
        let disowned: Vec<Key> = before
            .into_iter()
            .flat_map(|old| owners_of(&key, &old.meta))
            .collect();
        if let Some(service) = before.and_then(|old| service_of(&key, &old.meta)) {
            self.forget_slice(&service, &key.name);
        }
        self.forget_secret(disowned, &key.name);
        for owner in owners_of(&key, &entry.meta) {
            let secrets = self.secrets.entry(owner).or_default();
            secrets.insert(key.name.clone());
        }
        if let Some(service) = service_of(&key, &entry.meta) {
            let slices = self.slices.entry(service).or_default();
            slices.insert(key.name.clone());
        }
        if matches!(key.kind, Kind::KongReferenceGrant | Kind::ReferenceGrant) {
            let namespace = Arc::from(key.name.namespace());
            self.grants
                .entry(namespace)
                .or_default()
                .insert(key.clone());
        }
        for plugin in plugins_of(&key, &entry.meta) {
            let users = self.users.entry((key.kind, plugin)).or_default();
            users.insert(key.name.clone());
        }
        let own = key.clone();
        let before = self.objects.insert(key, Box::new(entry));
        if let Some(old) = &before {
            self.forget_use(&own, &old.meta);
        }
        before.map(|old| *old)
    }

    /// Removes an object and its standing.
    pub fn remove(&mut self, key: &Key) -> Option<Entry> {
        if let Some(grants) = self.grants.get_mut(key.name.namespace()) {
            grants.remove(key);
        }
        self.standings.remove(key);
        if let Some(names) = self.of_kind.get_mut(&key.kind) {
            names.remove(&key.name);
        }
        let entry = *self.objects.remove(key)?;
        if let Some(service) = service_of(key, &entry.meta) {
            self.forget_slice(&service, &key.name);
        }
        self.forget_use(key, &entry.meta);
        self.forget_secret(owners_of(key, &entry.meta), &key.name);
        Some(entry)
    }

    /// A Secret is no longer one that these own.
    fn forget_secret(&mut self, owners: impl IntoIterator<Item = Key>, secret: &Name) {
        for owner in owners {
            if let Some(secrets) = self.secrets.get_mut(&owner) {
                secrets.remove(secret);
                if secrets.is_empty() {
                    self.secrets.remove(&owner);
                }
            }
        }
    }

    /// An object asks no more for what it asked for, unless it still does.
    fn forget_use(&mut self, key: &Key, before: &Meta) {
        let now = self.objects.get(key).map(|entry| entry.meta.plugins());
        let gone = |name: &&str| now.as_ref().is_none_or(|now| !now.contains(name));
        let gone: Vec<Name> = before
            .plugins()
            .into_iter()
            .filter(gone)
            .map(|name| key.name.sibling(None, name))
            .collect();
        for plugin in gone {
            let place = (key.kind, plugin);
            if let Some(users) = self.users.get_mut(&place) {
                users.remove(&key.name);
                if users.is_empty() {
                    self.users.remove(&place);
                }
            }
        }
    }

    /// An EndpointSlice is no longer of a Service.
    fn forget_slice(&mut self, service: &Name, slice: &Name) {
        if let Some(slices) = self.slices.get_mut(service) {
            slices.remove(slice);
            if slices.is_empty() {
                self.slices.remove(service);
            }
        }
    }

    /// All objects of a kind by name; nothing for kinds of which there is no index, which are those that are
    /// served in a cluster and not for gateways.
    pub fn of_kind(&self, kind: Kind) -> impl Iterator<Item = &Name> {
        self.of_kind.get(&kind).into_iter().flatten()
    }

    /// The EndpointSlices of a Service, by name.
    pub fn slices<'w>(&'w self, service: &Name) -> impl Iterator<Item = &'w Name> + use<'w> {
        self.slices.get(service).into_iter().flatten()
    }

    /// The Secrets that an object owns, by name.
    pub fn secrets_of<'w>(&'w self, owner: &Key) -> impl Iterator<Item = &'w Name> + use<'w> {
        self.secrets.get(owner).into_iter().flatten()
    }

    /// Why an object that is to be in the cluster could not be made; `None` if nothing is known against it.
    pub fn refusal(&self, key: &Key) -> Option<&str> {
        self.refusals.get(key).map(|text| &**text)
    }

    /// Sets why an object could not be made; true if that is news.
    pub fn set_refusal(&mut self, key: &Key, refusal: Option<&str>) -> bool {
        if self.refusal(key) == refusal {
            return false;
        }
        match refusal {
            Some(text) => self.refusals.insert(key.clone(), Arc::from(text)),
            None => self.refusals.remove(key),
        };
        true
    }

    /// What was seen of an entity in Konnect that is none of ours.
    pub fn sight(&self, spot: &Spot) -> Sight {
        self.sights.get(spot).cloned().unwrap_or_default()
    }

    /// Sets what was seen of an entity; true if that is news. What is unseen is forgotten.
    pub fn set_sight(&mut self, spot: &Spot, sight: Sight) -> bool {
        if self.sight(spot) == sight {
            return false;
        }
        match sight {
            Sight::Unseen => self.sights.remove(spot),
            sight => self.sights.insert(spot.clone(), sight),
        };
        true
    }

    /// The objects of a kind that ask for a plugin in their annotation, by name. The plugin is named as it
    /// stands there, in the namespace of who asks.
    pub fn users_of_plugin<'w>(
        &'w self,
        kind: Kind,
        plugin: &Name,
    ) -> impl Iterator<Item = &'w Name> + use<'w> {
        let users = self.users.get(&(kind, plugin.clone()));
        users.into_iter().flatten()
    }

    /// An object.
    pub fn entry(&self, key: &Key) -> Option<&Entry> {
        self.objects.get(key).map(|entry| &**entry)
    }

    /// All objects, parents first.
    pub fn entries(&self) -> impl Iterator<Item = (&Key, &Entry)> {
        let sorted: BTreeMap<&Key, &Entry> = self
            .objects
            .iter()
            .map(|(key, entry)| (key, &**entry))
            .collect();
        sorted.into_iter()
    }

    /// The spec of an object, if it is there and can be read.
    pub fn spec<K: Readable>(&self, name: &Name) -> Option<&Arc<K::Spec>> {
        let entry = self.objects.get(&Key {
            kind: K::KIND,
            name: name.clone(),
        })?;
        Some(&K::parts(entry.parts.as_ref().ok()?)?.spec)
    }

    /// What a judged object is worth to others; `None` if it does not exist.
    pub fn standing(&self, key: &Key) -> Option<&Standing> {
        self.standings.get(key).map(|standing| &**standing)
    }

    /// Sets what a judged object is worth to others; true if that is news.
    pub fn set_standing(&mut self, key: &Key, standing: Standing) -> bool {
        if self.standing(key) == Some(&standing) {
            return false;
        }
        self.standings.insert(key.clone(), Box::new(standing));
        true
    }

    /// Whether a KongReferenceGrant in the namespace of `to` permits `from` to refer to it.
    pub(crate) fn is_granted(&self, from: &Key, to: &Key) -> bool {
        self.grants::<KongReferenceGrant>(to)
            .any(|grant| grants::permits(grant, from, to))
    }

    /// Whether a ReferenceGrant in the namespace of `to` permits `from` to refer to it.
    pub(crate) fn is_granted_to_routes(&self, from: &Key, to: &Key) -> bool {
        self.grants::<ReferenceGrant>(to)
            .any(|grant| grants::permits_route(grant, from, to))
    }

    fn grants<K: Readable>(&self, to: &Key) -> impl Iterator<Item = &K::Spec> {
        let grants = self.grants.get(to.name.namespace()).into_iter().flatten();
        grants
            .filter_map(|key| self.objects.get(key))
            .filter(|entry| !entry.meta.deleting)
            .filter_map(|entry| Some(&*K::parts(entry.parts.as_ref().ok()?)?.spec))
    }
}

macro_rules! readable {
    ($($kind:ident: $type:path => $class:ident;)*) => {
        $(
            impl Readable for $type {
                fn parts(any: &AnyParts) -> Option<&kong_crds::Parts<Self>> {
                    match any {
                        AnyParts::$kind(parts) => Some(parts),
                        _ => None,
                    }
                }
            }
        )*
    };
}
kong_crds::kinds!(readable);

/// Every readable kind is an object; spelled out so that the bound is checked in one place.
const _: fn() = || {
    fn object<K: Object>() {}
    macro_rules! check {
        ($($kind:ident: $type:path => $class:ident;)*) => { $(object::<$type>();)* };
    }
    kong_crds::kinds!(check);
};
