//! The world as a judge sees it: every read is noted.
//!
//! The notes are the dependency graph. What a judge read, existing or not, is what makes its object be
//! judged again; nothing is declared, so nothing can be forgotten.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::sync::Arc;

use kong_crds::{Kind, Unreadable};

use crate::grants::Permission;
use crate::key::{Key, Name, Ref};
use crate::meta::Meta;
use crate::sight::{Sight, Spot};
use crate::standing::Standing;
use crate::subject::Readable;
use crate::world::World;

/// Something that was read.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Dep {
    /// An object, or that there was none.
    Object(Key),
    /// What an object is worth to others, or that there was none.
    Standing(Key),
    /// The grants of a namespace.
    Grants(Arc<str>),
    /// Which objects of a kind there are.
    Kind(Kind),
    /// The EndpointSlices of a Service.
    Slices(Name),
    /// The Secrets that an object owns.
    Secrets(Key),
    /// Why an object could not be made, or that nothing is known against it.
    Refusal(Key),
    /// The objects of a kind that ask for a plugin in their annotation.
    PluginUsers(Kind, Name),
    /// What Konnect shows of an entity that is none of ours. Boxed, since few read one and there are many reads.
    Sight(Box<Spot>),
}

/// What a look for an object finds.
#[derive(Debug)]
pub enum Lookup<'w, K: Readable> {
    /// No such object.
    Missing,
    /// It is there but cannot be read.
    Unreadable(&'w Unreadable),
    /// It is there.
    Found(&'w Meta, &'w Arc<K::Spec>),
}

/// The world, and notes of what was read of it.
#[derive(Debug)]
pub struct View<'w> {
    world: &'w World,
    reads: RefCell<BTreeSet<Dep>>,
}

impl<'w> View<'w> {
    /// A view of which nothing was read yet.
    pub fn new(world: &'w World) -> Self {
        Self {
            world,
            reads: RefCell::default(),
        }
    }

    /// What was read.
    pub fn into_reads(self) -> BTreeSet<Dep> {
        self.reads.into_inner()
    }

    fn note(&self, dep: Dep) {
        self.reads.borrow_mut().insert(dep);
    }

    /// Looks for an object of a kind that others read as a whole: a Secret, a KongPlugin. Of judged
    /// objects read the [`standing`](Self::standing).
    pub fn object<K: Readable>(&self, reference: &Ref<K>) -> Lookup<'w, K> {
        let key = reference.key();
        let entry = self.world.entry(&key);
        self.note(Dep::Object(key));
        match entry.map(|entry| (&entry.meta, &entry.parts)) {
            None => Lookup::Missing,
            Some((_, Err(unreadable))) => Lookup::Unreadable(unreadable),
            Some((meta, Ok(parts))) => match K::parts(parts) {
                Some(parts) => Lookup::Found(meta, &parts.spec),
                None => Lookup::Missing,
            },
        }
    }

    /// The metadata of an object of any kind; `None` if there is no such object.
    pub fn meta(&self, key: &Key) -> Option<&'w Meta> {
        self.note(Dep::Object(key.clone()));
        Some(&self.world.entry(key)?.meta)
    }

    /// What was answered last of an object; `None` if nothing was, or if there is no such object.
    pub fn status<K: Readable>(&self, reference: &Ref<K>) -> Option<&'w K::Status> {
        let key = reference.key();
        let entry = self.world.entry(&key);
        self.note(Dep::Object(key));
        K::parts(entry?.parts.as_ref().ok()?)?.status.as_deref()
    }

    /// What a judged object is worth to others; `None` if there is no such object.
    pub fn standing(&self, key: &Key) -> Option<&'w Standing> {
        self.note(Dep::Standing(key.clone()));
        self.world.standing(key)
    }

    /// Which objects of a kind there are, by name; see [`World::of_kind`] for which kinds this can be asked.
    pub fn of_kind(&self, kind: Kind) -> impl Iterator<Item = &'w Name> + use<'w> {
        self.note(Dep::Kind(kind));
        self.world.of_kind(kind)
    }

    /// The Secrets that an object owns, by name.
    pub fn secrets_of(&self, owner: &Key) -> impl Iterator<Item = &'w Name> + use<'w> {
        self.note(Dep::Secrets(owner.clone()));
        self.world.secrets_of(owner)
    }

    /// Why an object that is to be in the cluster could not be made.
    pub fn refusal(&self, key: &Key) -> Option<&'w str> {
        self.note(Dep::Refusal(key.clone()));
        self.world.refusal(key)
    }

    /// What Konnect shows of an entity that is none of ours. To ask makes the engine look.
    pub fn sight(&self, spot: Spot) -> Sight {
        let sight = self.world.sight(&spot);
        self.note(Dep::Sight(Box::new(spot)));
        sight
    }

    /// The EndpointSlices of a Service, by name.
    pub fn slices(&self, service: &Name) -> impl Iterator<Item = &'w Name> + use<'w> {
        self.note(Dep::Slices(service.clone()));
        self.world.slices(service)
    }

    /// The objects of a kind that ask for a plugin in their annotation; see [`World::users_of_plugin`].
    pub fn users_of_plugin(
        &self,
        kind: Kind,
        plugin: &Name,
    ) -> impl Iterator<Item = &'w Name> + use<'w> {
        self.note(Dep::PluginUsers(kind, plugin.clone()));
        self.world.users_of_plugin(kind, plugin)
    }

    /// Whether `from` may refer to `to` by a ReferenceGrant of the Gateway API.
    pub fn permission_of_routes(&self, from: &Key, to: &Key) -> Permission {
        self.permission_by(from, to, World::is_granted_to_routes)
    }

    /// Whether `from` may refer to `to` by a KongReferenceGrant.
    pub fn permission(&self, from: &Key, to: &Key) -> Permission {
        self.permission_by(from, to, World::is_granted)
    }

    fn permission_by(
        &self,
        from: &Key,
        to: &Key,
        is_granted: impl FnOnce(&World, &Key, &Key) -> bool,
    ) -> Permission {
        if from.name.namespace == to.name.namespace {
            return Permission::Own;
        }
        self.note(Dep::Grants(Arc::from(to.name.namespace())));
        if is_granted(self.world, from, to) {
            Permission::Granted
        } else {
            Permission::Denied
        }
    }
}
