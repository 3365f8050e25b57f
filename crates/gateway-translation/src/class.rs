//! Whose objects are taken: the ingress class of Ingresses and of Kong's own kinds.

use gateway_types::kubernetes::IngressSpec;
use kong_crds::annotations::INGRESS_CLASS;
use kong_crds::{Kind, Object};
use kong_resolve::{Key, Meta, Name};

use crate::context::Context;

/// The annotation of the IngressClass that stands in where none is named.
const DEFAULT: &str = "ingressclass.kubernetes.io/is-default-class";

/// The ingress class that is looked after.
pub(crate) struct Class<'c> {
    name: &'c str,
    is_default: bool,
}

impl<'c> Class<'c> {
    pub(crate) fn of(context: &'c Context<'_, '_>) -> Self {
        let name = context.settings.ingress_class.as_str();
        let class = Key {
            kind: Kind::IngressClass,
            name: Name {
                namespace: None,
                name: name.into(),
            },
        };
        let is_default = context
            .view
            .meta(&class)
            .is_some_and(|meta| meta.annotation(DEFAULT) == Some("true"));
        Self { name, is_default }
    }

    /// Whether an object that says its class in an annotation is ours.
    pub(crate) fn has(&self, meta: &Meta) -> bool {
        match annotated(meta) {
            Some(class) => class == self.name,
            None => self.is_default,
        }
    }

    /// Whether an Ingress is ours: its annotation counts before its field.
    pub(crate) fn has_ingress(&self, meta: &Meta, spec: &IngressSpec) -> bool {
        match annotated(meta).or(spec.ingress_class_name.as_deref()) {
            Some(class) => class == self.name,
            None => self.is_default,
        }
    }

    /// Whether an object that names the class in a field is ours.
    pub(crate) fn is(&self, name: &str) -> bool {
        name == self.name || (name.is_empty() && self.is_default)
    }
}

fn annotated(meta: &Meta) -> Option<&str> {
    meta.annotation(INGRESS_CLASS.name())
        .filter(|class| !class.is_empty())
}

/// All objects of a kind that are of our class, oldest first.
pub(crate) fn all_of_ours<'w, K>(
    context: &Context<'_, 'w>,
) -> Vec<(Key, &'w Meta, &'w std::sync::Arc<K::Spec>)>
where
    K: kong_resolve::Readable + Object,
{
    let class = Class::of(context);
    context
        .all::<K>()
        .into_iter()
        .filter(|(_, meta, _)| class.has(meta))
        .map(|(name, meta, spec)| (crate::context::key(K::KIND, name), meta, spec))
        .collect()
}
