//! What routes of several kinds have in common: backends, matches by name and value, persistence of
//! sessions, and the status.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use serde::{Deserialize, Serialize};

use crate::{
    filter::RouteFilter,
    reference::{BackendRef, ParentReference},
    wire::{open_enum, or_default},
};
/// A backend of an HTTPRoute or GRPCRoute, with filters of its own.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RouteBackendRef {
    /// The backend with its share.
    #[serde(flatten)]
    pub backend: BackendRef,
    /// Filters for the requests that go to this backend.
    #[serde(
        default,
        deserialize_with = "or_default",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub filters: Vec<RouteFilter>,
}

/// A match of a header (of HTTP or gRPC) or of a query parameter.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct NameValueMatch {
    /// How the value is compared; by default exactly.
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub type_: Option<MatchType>,
    /// Name of the header, in whatever case, or of the query parameter.
    pub name: String,
    /// The value, or the expression that it has to match.
    pub value: String,
}

open_enum! {
    /// How a value is compared.
    pub enum MatchType {
        /// It is equal.
        Exact = "Exact",
        /// It matches an expression whose dialect is up to the implementation.
        RegularExpression = "RegularExpression",
    }
}

/// How requests of a session keep going to the same backend.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SessionPersistence {
    /// The longest a session lasts, such as `1h30m`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub absolute_timeout: Option<String>,
    /// What carries the session; by default a cookie.
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub type_: Option<SessionPersistenceType>,
    /// The cookie that carries it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cookie: Option<SessionCookie>,
    /// The header that carries it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub header: Option<SessionHeader>,
}

open_enum! {
    /// What carries a session.
    pub enum SessionPersistenceType {
        /// A cookie.
        Cookie = "Cookie",
        /// A header.
        Header = "Header",
    }
}

/// The cookie that carries a session.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SessionCookie {
    /// How long the cookie lasts; by default as long as the browser is open.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lifetime_type: Option<CookieLifetimeType>,
    /// Name of the cookie.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Path of the cookie; by default `/`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
}

open_enum! {
    /// How long a cookie lasts.
    pub enum CookieLifetimeType {
        /// As long as the session may.
        Permanent = "Permanent",
        /// As long as the browser is open.
        Session = "Session",
    }
}

/// The header that carries a session.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionHeader {
    /// Name of the header.
    pub name: String,
}

open_enum! {
    /// For which routes a Gateway is a default, and which defaults a route wants.
    pub enum GatewayDefaultScope {
        /// All.
        All = "All",
        /// None.
        None = "None",
    }
}

/// Status of a route: an entry for each parent and controller.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct RouteStatus {
    /// The entries, those of other controllers among them.
    #[serde(default, deserialize_with = "or_default")]
    pub parents: Vec<RouteParentStatus>,
}

/// How a route stands with one parent.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RouteParentStatus {
    /// The parent, as the spec refers to it.
    pub parent_ref: ParentReference,
    /// Who says so.
    pub controller_name: String,
    /// What is right or wrong.
    #[serde(default, deserialize_with = "or_default")]
    pub conditions: Vec<Condition>,
}
