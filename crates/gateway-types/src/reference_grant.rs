//! ReferenceGrant: who in other namespaces may refer to what is here.

use kube::CustomResource;
use serde::{Deserialize, Serialize};

use crate::wire::or_default;
/// Who may refer to what: any of these to any of those.
#[derive(CustomResource, Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[kube(
    group = "gateway.networking.k8s.io",
    version = "v1",
    kind = "ReferenceGrant",
    namespaced,
    derive = "PartialEq",
    schema = "disabled",
    doc = "Who in other namespaces may refer to what is here."
)]
pub struct ReferenceGrantSpec {
    /// Who may refer.
    #[serde(default, deserialize_with = "or_default")]
    pub from: Vec<ReferenceGrantFrom>,
    /// To what they may refer.
    #[serde(default, deserialize_with = "or_default")]
    pub to: Vec<ReferenceGrantTo>,
}

/// Objects that may refer.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ReferenceGrantFrom {
    /// Their API group; empty for the core group.
    pub group: String,
    /// Their kind.
    pub kind: String,
    /// Their namespace.
    pub namespace: String,
}

/// Objects in the namespace of the grant that may be referred to.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ReferenceGrantTo {
    /// Their API group; empty for the core group.
    pub group: String,
    /// Their kind.
    pub kind: String,
    /// The one that may be referred to; by default all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}
