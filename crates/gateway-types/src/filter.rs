//! What a rule does with requests and answers besides sending them on.
//!
//! HTTPRoute and GRPCRoute share these types; GRPCRoute admits fewer values of [`FilterType`].

use serde::{Deserialize, Serialize};

use crate::{
    reference::{BackendObjectReference, LocalObjectReference},
    wire::{open_enum, or_default},
};
/// One filter. Which of the members counts is in its type.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RouteFilter {
    /// Which sort of filter.
    #[serde(rename = "type")]
    pub type_: FilterType,
    /// Changes headers of requests.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request_header_modifier: Option<HeaderModifier>,
    /// Changes headers of answers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub response_header_modifier: Option<HeaderModifier>,
    /// Sends requests to a second backend as well.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request_mirror: Option<RequestMirror>,
    /// Answers with a redirect.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request_redirect: Option<RequestRedirect>,
    /// Changes host and path of requests.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url_rewrite: Option<URLRewrite>,
    /// Answers cross-origin requests.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cors: Option<CORS>,
    /// Asks somebody else whether a request may pass.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub external_auth: Option<ExternalAuth>,
    /// A filter of an implementation, such as a KongPlugin.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub extension_ref: Option<LocalObjectReference>,
}

open_enum! {
    /// The sorts of filters.
    pub enum FilterType {
        /// Changes headers of requests.
        RequestHeaderModifier = "RequestHeaderModifier",
        /// Changes headers of answers.
        ResponseHeaderModifier = "ResponseHeaderModifier",
        /// Sends requests to a second backend as well.
        RequestMirror = "RequestMirror",
        /// Answers with a redirect.
        RequestRedirect = "RequestRedirect",
        /// Changes host and path of requests.
        URLRewrite = "URLRewrite",
        /// Answers cross-origin requests.
        CORS = "CORS",
        /// Asks somebody else whether a request may pass.
        ExternalAuth = "ExternalAuth",
        /// A filter of an implementation.
        ExtensionRef = "ExtensionRef",
    }
}

/// Changes of headers: `set`, then `add`, then `remove`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeaderModifier {
    /// Headers that replace those of their name.
    #[serde(
        default,
        deserialize_with = "or_default",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub set: Vec<HTTPHeader>,
    /// Headers that are put beside those of their name.
    #[serde(
        default,
        deserialize_with = "or_default",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub add: Vec<HTTPHeader>,
    /// Names of headers that are taken out.
    #[serde(
        default,
        deserialize_with = "or_default",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub remove: Vec<String>,
}

/// A header with its value.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct HTTPHeader {
    /// Name of the header, in whatever case.
    pub name: String,
    /// Its value.
    pub value: String,
}

/// A second backend that gets a copy of requests; its answers are dropped.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RequestMirror {
    /// The backend.
    pub backend_ref: BackendObjectReference,
    /// Percentage of the requests; by default all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub percent: Option<i64>,
    /// Fraction of the requests, in place of a percentage.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fraction: Option<Fraction>,
}

/// A part of a whole.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fraction {
    /// How many.
    pub numerator: i64,
    /// Of how many; by default 100.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub denominator: Option<i64>,
}

/// A change of a path.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PathModifier {
    /// What is replaced.
    #[serde(rename = "type")]
    pub type_: PathModifierType,
    /// What takes the place of the path.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub replace_full_path: Option<String>,
    /// What takes the place of the matched prefix.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub replace_prefix_match: Option<String>,
}

open_enum! {
    /// What a path modifier replaces.
    pub enum PathModifierType {
        /// The whole path.
        ReplaceFullPath = "ReplaceFullPath",
        /// The prefix that the rule matched.
        ReplacePrefixMatch = "ReplacePrefixMatch",
    }
}

/// A redirect; what it leaves out is as in the request.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RequestRedirect {
    /// Scheme of the location.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scheme: Option<String>,
    /// Host of the location.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hostname: Option<String>,
    /// Path of the location.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<PathModifier>,
    /// Port of the location; by default that of the scheme, or else of the listener.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub port: Option<i64>,
    /// Status of the answer; by default 302.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status_code: Option<i64>,
}

/// A change of where a request seems to go.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct URLRewrite {
    /// What the Host header becomes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hostname: Option<String>,
    /// What the path becomes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<PathModifier>,
}

/// How cross-origin requests are answered.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CORS {
    /// Origins that may ask; `*` for all.
    #[serde(
        default,
        deserialize_with = "or_default",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub allow_origins: Vec<String>,
    /// Whether requests may come with credentials.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub allow_credentials: Option<bool>,
    /// Methods that may be used; `*` for all.
    #[serde(
        default,
        deserialize_with = "or_default",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub allow_methods: Vec<String>,
    /// Headers that requests may have; `*` for all.
    #[serde(
        default,
        deserialize_with = "or_default",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub allow_headers: Vec<String>,
    /// Headers of the answer that scripts may see; `*` for all.
    #[serde(
        default,
        deserialize_with = "or_default",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub expose_headers: Vec<String>,
    /// Seconds that a preflight answer may be kept; by default 5.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_age: Option<i64>,
}

/// Somebody who is asked whether a request may pass.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ExternalAuth {
    /// How to ask.
    pub protocol: ExternalAuthProtocol,
    /// Whom to ask.
    pub backend_ref: BackendObjectReference,
    /// What the question has, by gRPC.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub grpc: Option<GRPCAuth>,
    /// What the question has, by HTTP.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub http: Option<HTTPAuth>,
    /// Whether the body goes along.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub forward_body: Option<ForwardBody>,
}

open_enum! {
    /// The ways to ask for permission.
    pub enum ExternalAuthProtocol {
        /// By an HTTP request.
        HTTP = "HTTP",
        /// By Envoy's external authorisation protocol.
        GRPC = "GRPC",
    }
}

/// What goes along with a question by gRPC.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct GRPCAuth {
    /// Headers of the request that go along; by default all.
    #[serde(
        default,
        deserialize_with = "or_default",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub allowed_headers: Vec<String>,
}

/// What goes along with a question by HTTP, and back.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct HTTPAuth {
    /// What is put before the path of the request.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// Headers of the request that go along beside the usual ones.
    #[serde(
        default,
        deserialize_with = "or_default",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub allowed_headers: Vec<String>,
    /// Headers of the answer that go on to the backend; by default all.
    #[serde(
        default,
        deserialize_with = "or_default",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub allowed_response_headers: Vec<String>,
}

/// How much of a body goes along with a question.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ForwardBody {
    /// Most bytes; by default none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_size: Option<i64>,
}
