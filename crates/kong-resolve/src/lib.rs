#![doc = include_str!("../README.md")]
//!
//! Where to start: [`World`] holds what is known, a judge reads it through a [`View`] and answers
//! with a [`Verdict`]; [`Standing`] is what a judged object offers to those that refer to it.

pub mod conditions;
pub mod few;
pub mod grants;
pub mod key;
pub mod map;
pub mod meta;
pub mod policy;
pub mod sight;
pub mod standing;
pub mod subject;
pub mod verdict;
pub mod view;
pub mod world;

pub use conditions::{Condition, Truth};
pub use few::Few;
pub use grants::Permission;
pub use key::{Key, Name, Ref, Uid};
pub use map::Map;
pub use meta::Meta;
pub use policy::{Adoption, AdoptionMode, DriftPolicy, is_retained};
pub use sight::{Sight, Spot};
pub use standing::{
    Account, CredentialState, Credentials, DataPlanes, Endpoints, Home, LostControlPlane,
    Readiness, Standing,
};
pub use subject::{Frame, Me, Readable};
pub use verdict::{Access, Child, Claim, Intent, Output, Verdict, identity, part};
pub use view::{Dep, Lookup, View};
pub use world::{Entry, World, owners_of, plugins_of};
