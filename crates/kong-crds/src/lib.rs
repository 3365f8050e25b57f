#![doc = include_str!("../README.md")]
#![allow(
    clippy::duplicated_attributes,
    reason = "it takes equal arguments of two printer columns for one attribute given twice"
)]
#![cfg_attr(
    feature = "schema",
    allow(
        unreachable_pub,
        reason = "the schema derive copies its type into a function"
    )
)]

pub mod adopt;
pub mod annotations;
pub mod conditions;
pub mod configuration;
pub mod conversion;
pub mod gateway;
pub mod incubator;
mod kinds;
pub mod konnect;
pub mod kubernetes;
pub mod names;
mod object;
mod read;
pub mod reference;
#[cfg(feature = "schema")]
pub mod schema;
#[cfg(feature = "schema")]
pub mod schema_diff;
mod secret_label;
mod secret_string;
mod secret_value;
pub mod status;

pub use conversion::{ConversionError, convert};
pub use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, ObjectMeta, Time};
pub use kinds::{Kind, UnknownKind};
pub use object::{AnyParts, Object, Observed, Parts};
pub use read::{ReadError, Unreadable, read, read_manifest};
#[cfg(feature = "schema")]
pub use schema::crd_documents;
pub use secret_label::SecretLabel;
pub use secret_string::SecretString;
pub use secret_value::SecretValue;
