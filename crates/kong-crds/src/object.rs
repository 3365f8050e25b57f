//! What every kind has in common: [`Object`], and the shapes that an object takes once it is read.
//!
//! An object is taken apart as it comes in: metadata for the index, an `Arc` of the spec for
//! judgement, the status for the comparison with what we would write. Start with [`Observed`].

use std::{fmt, sync::Arc};

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde_json::Value;

use crate::{Kind, Unreadable, status::Status};

/// An object as a watch or a manifest showed it.
#[derive(Clone, Debug)]
pub struct Observed {
    /// Its kind.
    pub kind: Kind,
    /// Its metadata, without managed fields.
    pub meta: ObjectMeta,
    /// Its spec and status, or why they could not be read.
    pub parts: Result<AnyParts, Unreadable>,
    /// The status of an object that could not be read, as it stands; null otherwise.
    pub unread_status: Value,
}

impl Observed {
    /// The object as it would be read back from its own document.
    pub fn of<K: Object>(object: K) -> Self
    where
        AnyParts: From<Parts<K>>,
    {
        let (mut meta, spec, status) = object.into_parts();
        meta.managed_fields = None;
        Self {
            kind: K::KIND,
            meta,
            parts: Ok(Parts::<K> {
                spec: Arc::new(spec),
                status: status.map(Box::new),
            }
            .into()),
            unread_status: Value::Null,
        }
    }
}

/// A Kubernetes object that we read.
pub trait Object: Sized + 'static {
    /// Its kind.
    const KIND: Kind;

    /// The condition types that its status can carry, none of them twice.
    const CONDITIONS: &'static [&'static str];

    /// What the user wants: the field `spec`, or the fields beside `metadata` where a kind has no
    /// such field.
    type Spec: Clone + PartialEq + fmt::Debug + Send + Sync + 'static;

    /// What we answer; `()` for a kind without status.
    type Status: Status;

    /// Takes the object apart.
    fn into_parts(self) -> (ObjectMeta, Self::Spec, Option<Self::Status>);

    /// Reads everything but the metadata from a document of the version that we work in.
    fn read_parts(document: &mut Value) -> Result<Parts<Self>, Unreadable>;

    /// One definition per served version, the version that we work in last; none for a kind that is
    /// not a custom resource.
    #[cfg(feature = "schema")]
    fn definitions() -> Vec<crate::schema::CustomResourceDefinition>;
}

/// The spec and status of an object.
pub struct Parts<K: Object> {
    /// What the user wants; shared, since judgement and entities hold on to it.
    pub spec: Arc<K::Spec>,
    /// What was answered last; boxed, for most of those who hold parts have taken it out.
    pub status: Option<Box<K::Status>>,
}

impl<K: Object> Clone for Parts<K> {
    fn clone(&self) -> Self {
        Self {
            spec: Arc::clone(&self.spec),
            status: self.status.clone(),
        }
    }
}

impl<K: Object> PartialEq for Parts<K> {
    fn eq(&self, other: &Self) -> bool {
        self.spec == other.spec && self.status == other.status
    }
}

impl<K: Object> fmt::Debug for Parts<K> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Parts")
            .field("spec", &self.spec)
            .field("status", &self.status)
            .finish()
    }
}

macro_rules! define_any_parts {
    ($($kind:ident: $type:path => $class:ident;)*) => {
        /// The spec and status of an object of any kind.
        #[derive(Clone, Debug, PartialEq)]
        pub enum AnyParts {
            $(
                #[doc = concat!("Those of a ", stringify!($kind), ".")]
                $kind(Parts<$type>),
            )*
        }

        impl AnyParts {
            /// The kind of object that these are parts of.
            pub fn kind(&self) -> Kind {
                match self {
                    $(Self::$kind(_) => Kind::$kind,)*
                }
            }

            /// Reads what a document of that kind holds beside the metadata.
            pub(crate) fn read(kind: Kind, document: &mut Value) -> Result<Self, Unreadable> {
                match kind {
                    $(Kind::$kind => <$type as Object>::read_parts(document).map(Self::$kind),)*
                }
            }
        }

        $(
            impl From<Parts<$type>> for AnyParts {
                fn from(parts: Parts<$type>) -> Self {
                    Self::$kind(parts)
                }
            }
        )*
    };
}
crate::kinds!(define_any_parts);

/// Implements [`Object`] for a type of `#[derive(CustomResource)]` that has a status.
///
/// The type of what the user wants is named by where it stands in a document: `spec` for a field that has to be
/// there, `optional_spec` for one that may be missing, `fields` for what stands beside the metadata. `required` are
/// fields that a definition asks for in place of an optional spec.
macro_rules! object {
    (
        $kind:ident, $place:ident: $spec:ty, status: $status:ty,
        conditions: [$($condition:ident),* $(,)?] $(, older: [$($older:ty),*])?
        $(, required: [$($required:literal),*])? $(,)?
    ) => {
        impl $crate::Object for $kind {
            const KIND: $crate::Kind = $crate::Kind::$kind;
            const CONDITIONS: &'static [&'static str] = &[$($crate::conditions::$condition),*];
            type Spec = $spec;
            type Status = $status;

            fn into_parts(self) -> ($crate::ObjectMeta, $spec, Option<$status>) {
                (self.metadata, self.spec, self.status)
            }

            fn read_parts(
                document: &mut serde_json::Value,
            ) -> Result<$crate::Parts<Self>, $crate::Unreadable> {
                // Taken out first, since fields beside the metadata take the rest along.
                let status = document.get_mut("status").map(serde_json::Value::take);
                let spec = $crate::object::read_spec!($place, document);
                let mut rest = serde_json::json!({"status": status});
                if spec.is_err() {
                    // An object that cannot be read has the status that it has.
                    document["status"] = rest["status"].take();
                }
                Ok($crate::Parts {
                    spec: std::sync::Arc::new(spec?),
                    status: $crate::read::optional_field(&mut rest, "status")?,
                })
            }

            #[cfg(feature = "schema")]
            fn definitions() -> Vec<$crate::schema::CustomResourceDefinition> {
                vec![
                    $($(<$older>::definition(),)*)?
                    $crate::object::definition!($place, Self $($(, $required)*)?),
                ]
            }
        }
    };
}
pub(crate) use object;

/// Reads what the user wants from where it stands, see [`object!`].
macro_rules! read_spec {
    (spec, $document:expr) => {
        $crate::read::required_field($document, "spec")
    };
    (optional_spec, $document:expr) => {
        $crate::read::optional_field($document, "spec").map(Option::unwrap_or_default)
    };
    (fields, $document:expr) => {
        $crate::read::read_value($document.take(), "")
    };
}
pub(crate) use read_spec;

/// The definition of the version that we work in, see [`object!`].
#[cfg(feature = "schema")]
macro_rules! definition {
    (optional_spec, $type:ty $(, $required:literal)*) => {
        $crate::schema::with_required(<$type as kube::CustomResourceExt>::crd(), &[$($required),*])
    };
    ($place:ident, $type:ty) => {
        <$type as kube::CustomResourceExt>::crd()
    };
}
#[cfg(feature = "schema")]
pub(crate) use definition;
