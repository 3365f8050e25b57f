//! What every part of a translation has at hand: the world through a view, the settings, and a place for what
//! is wrong.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;

use gateway_types::kubernetes::ServiceSpec;
use kong_crds::gateway::{KeptStatus, Service};
use kong_crds::{Kind, SecretString};
use kong_resolve::{Key, Lookup, Meta, Name, Readable, Ref, View};
use serde::de::DeserializeOwned;

use crate::backend_tls::Policies;
use crate::listeners::Judged;
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
    /// The reason in conditions, if it costs the part of the object that it is about: a rule, or if it is otherwise
    /// harmless the field alone.
    pub costs: Option<&'static str>,
}

/// The reason in conditions for what Kong has nothing for.
pub(crate) const UNSUPPORTED: &str = "UnsupportedValue";

/// A reference that leads to nothing that can be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Unresolved {
    /// The object with the reference.
    pub(crate) object: Key,
    /// The reason in conditions.
    pub(crate) reason: &'static str,
    /// Where the reference stands.
    pub(crate) field: String,
    /// What is wrong.
    pub(crate) message: String,
    /// What to do about it.
    pub(crate) remedy: Box<str>,
}

impl Unresolved {
    /// Tells the author.
    pub(crate) fn say(&self, context: &Context<'_, '_>) {
        context.say(&self.object, &self.field, &self.message, &*self.remedy);
    }
}

/// What the parts of a translation share.
pub(crate) struct Context<'c, 'w> {
    pub(crate) view: &'c View<'w>,
    pub(crate) settings: &'c Settings,
    problems: RefCell<Vec<Problem>>,
    /// Gateways with their listeners, as far as they have been judged.
    pub(crate) gateways: RefCell<BTreeMap<Name, Option<Rc<Judged<'w>>>>>,
    backend_tls: RefCell<BTreeMap<Option<String>, Rc<Policies<'w>>>>,
}

impl<'c, 'w> Context<'c, 'w> {
    pub(crate) fn new(view: &'c View<'w>, settings: &'c Settings) -> Self {
        Self {
            view,
            settings,
            problems: RefCell::default(),
            gateways: RefCell::default(),
            backend_tls: RefCell::default(),
        }
    }

    /// The BackendTLSPolicies of a namespace, or all, judged once.
    pub(crate) fn backend_tls(&self, namespace: Option<&str>) -> Rc<Policies<'w>> {
        let place = namespace.map(str::to_owned);
        if let Some(known) = self.backend_tls.borrow().get(&place) {
            return Rc::clone(known);
        }
        let policies = Rc::new(Policies::of(self, namespace));
        let mut known = self.backend_tls.borrow_mut();
        known.insert(place, Rc::clone(&policies));
        policies
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
        self.note((false, None), object, field, message, remedy);
    }

    /// Notes that something has no effect, and that nothing else is lost by it.
    pub(crate) fn warn(
        &self,
        object: &Key,
        field: impl Into<String>,
        message: impl Into<String>,
        remedy: impl Into<String>,
    ) {
        self.note((true, None), object, field, message, remedy);
    }

    /// Notes that Kong has nothing for a field, which is dropped while the rest works: the status of the object has to
    /// say so.
    pub(crate) fn drop_field(
        &self,
        object: &Key,
        field: impl Into<String>,
        message: impl Into<String>,
        remedy: impl Into<String>,
    ) {
        self.note((true, Some(UNSUPPORTED)), object, field, message, remedy);
    }

    /// Notes that something is wrong and costs the part of the object where it is, which the status of the object
    /// has to say.
    pub(crate) fn leave_out(
        &self,
        object: &Key,
        field: impl Into<String>,
        message: impl Into<String>,
        remedy: impl Into<String>,
    ) {
        self.note((false, Some(UNSUPPORTED)), object, field, message, remedy);
    }

    /// The same for a reason of its own.
    pub(crate) fn leave_out_for(
        &self,
        reason: &'static str,
        object: &Key,
        field: impl Into<String>,
        message: impl Into<String>,
        remedy: impl Into<String>,
    ) {
        self.note((false, Some(reason)), object, field, message, remedy);
    }

    fn note(
        &self,
        (harmless, costs): (bool, Option<&'static str>),
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
            harmless,
            costs,
        });
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
