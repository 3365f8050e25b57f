//! What every part of a translation has at hand: the world through a view, the settings, and a place for what
//! is wrong.

use std::cell::RefCell;
use std::sync::Arc;

use gateway_types::kubernetes::ServiceSpec;
use kong_crds::gateway::{KeptStatus, Service};
use kong_crds::{Kind, SecretString};
use kong_resolve::{Key, Lookup, Meta, Name, Readable, Ref, View};
use serde::de::DeserializeOwned;

use crate::settings::Settings;

/// Something that is wrong with an object, or that will not be as its author may think.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Problem {
    /// The object.
    pub object: Key,
    /// The field, as kubectl prints it; empty for the object as a whole.
    pub field: String,
    /// What is wrong and what became of it. Where Kong's controller has a message, this is it.
    pub message: String,
    /// What to do about it; empty where the message says so.
    pub remedy: String,
    /// Whether nothing is lost by it: a field has no effect.
    pub harmless: bool,
}

/// What the parts of a translation share.
pub(crate) struct Context<'c, 'w> {
    pub(crate) view: &'c View<'w>,
    pub(crate) settings: &'c Settings,
    problems: RefCell<Vec<Problem>>,
}

impl<'c, 'w> Context<'c, 'w> {
    pub(crate) fn new(view: &'c View<'w>, settings: &'c Settings) -> Self {
        Self {
            view,
            settings,
            problems: RefCell::default(),
        }
    }

    /// What was found to be wrong, each once.
    pub(crate) fn into_problems(self) -> Vec<Problem> {
        let mut problems = self.problems.into_inner();
        problems.sort();
        problems.dedup();
        problems
    }

    /// Notes that something is wrong.
    pub(crate) fn say(
        &self,
        object: &Key,
        field: impl Into<String>,
        message: impl Into<String>,
        remedy: impl Into<String>,
    ) {
        self.problems.borrow_mut().push(Problem {
            object: object.clone(),
            field: field.into(),
            message: message.into(),
            remedy: remedy.into(),
            harmless: false,
        });
    }

    /// Notes that something has no effect, and that nothing else is lost by it.
    pub(crate) fn warn(
        &self,
        object: &Key,
        field: impl Into<String>,
        message: impl Into<String>,
        remedy: impl Into<String>,
    ) {
        self.say(object, field, message, remedy);
        if let Some(problem) = self.problems.borrow_mut().last_mut() {
            problem.harmless = true;
        }
    }

    /// An object that is there and can be read. One that cannot be read is as good as none to others; that it
    /// cannot is said once, by whoever goes over all of its kind.
    pub(crate) fn get<K: Readable>(&self, name: &Name) -> Option<(&'w Meta, &'w Arc<K::Spec>)> {
        match self.view.object(&Ref::<K>::new(name.clone())) {
            Lookup::Found(meta, spec) => Some((meta, spec)),
            Lookup::Missing | Lookup::Unreadable(_) => None,
        }
    }

    /// The status of an object as its document has it; `None` if there is none, or none that can be read.
    pub(crate) fn status<K, S>(&self, name: &Name) -> Option<S>
    where
        K: Readable<Status = KeptStatus>,
        S: DeserializeOwned,
    {
        let status = self.view.status(&Ref::<K>::new(name.clone()))?;
        S::deserialize(&status.0).ok()
    }

    /// An object as such: that it cannot be read is said.
    pub(crate) fn one<K: Readable>(&self, name: &Name) -> Option<(&'w Meta, &'w Arc<K::Spec>)> {
        match self.view.object(&Ref::<K>::new(name.clone())) {
            Lookup::Found(meta, spec) => Some((meta, spec)),
            Lookup::Missing => None,
            Lookup::Unreadable(unreadable) => {
                self.say(
                    &key(K::KIND, name),
                    unreadable.path.clone(),
                    format!("cannot be read: {}", unreadable.reason),
                    "correct the field",
                );
                None
            }
        }
    }

    /// All objects of a kind that can be read, oldest first, then by namespace and name.
    pub(crate) fn all<K: Readable>(&self) -> Vec<(&'w Name, &'w Meta, &'w Arc<K::Spec>)> {
        let names = self.view.of_kind(K::KIND);
        let mut all: Vec<_> = names
            .filter_map(|name| {
                let (meta, spec) = self.one::<K>(name)?;
                Some((name, meta, spec))
            })
            .collect();
        all.sort_by(|(name, meta, _), (other, theirs, _)| {
            (meta.created, name).cmp(&(theirs.created, other))
        });
        all
    }

    /// A Service.
    pub(crate) fn service(&self, name: &Name) -> Option<(&'w Meta, &'w Arc<ServiceSpec>)> {
        self.get::<Service>(name)
    }

    /// A value of a Secret as text; `None` if there is no such Secret or key, or if it is no text.
    pub(crate) fn secret_text(&self, name: &Name, key: &str) -> Option<SecretString> {
        let (_, secret) = self.get::<kong_crds::kubernetes::Secret>(name)?;
        let bytes = secret.data.get(key)?.clone();
        String::from_utf8(bytes).ok().map(SecretString::from)
    }
}

/// The key of an object of a kind.
pub(crate) fn key(kind: Kind, name: &Name) -> Key {
    Key {
        kind,
        name: name.clone(),
    }
}
