//! How Konnect says no: one enum of reasons, two styles of bodies. Core entities answer with gRPC codes
//! and details, everything else with problem documents (RFC 9457).

use kong_model::{Collection, Response, Shape, UniqueKey};
use serde_json::{Value, json};

use crate::check::Violation;

/// The `@type` of every detail of a core error.
const DETAIL: &str = "type.googleapis.com/kong.admin.model.v1.ErrorDetail";

/// Konnect's words for a change that changes nothing.
const IDENTICAL: &str = "Proposed configuration and current configuration are identical";

/// In which words an error is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Style {
    /// `{code, message, details}`.
    Core,
    /// `{status, title, instance, detail}`.
    Problem,
    /// `{message}`.
    Message,
}

impl Style {
    /// The style of a collection; paths that lead nowhere have problems.
    pub(crate) fn of(collection: Option<Collection>) -> Self {
        match collection.map(Collection::shape) {
            Some(Shape::Core) => Self::Core,
            Some(Shape::Wrapped) => Self::Message,
            Some(Shape::Identity | Shape::Numbered | Shape::Linked | Shape::Membership) | None => {
                Self::Problem
            }
        }
    }
}

/// Why a request is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// The token is not accepted.
    Unauthorized,
    /// The token may not do this.
    Forbidden,
    /// Too many requests.
    Limited { retry_after: u32 },
    /// Nothing is there.
    NotFound,
    /// The path is right, the method is not.
    Method,
    /// The body is no JSON, for this reason.
    Unreadable(String),
    /// Fields that are not acceptable.
    Invalid(Vec<Violation>),
    /// A group where a control plane is needed, or the other way round: groups hold members and no
    /// entities of their own.
    Group,
    /// Something unique is taken.
    Taken(UniqueKey),
    /// Nothing would change.
    Identical,
    /// The id exists under another parent.
    TakenId,
    /// A reference that leads nowhere.
    Dangling { field: String },
    /// Something still refers to what is to be deleted.
    Referred { field: &'static str, by: String },
}

impl Refusal {
    /// The refusal of one field.
    pub(crate) fn field(field: &str, rule: &'static str, message: String) -> Self {
        Self::Invalid(vec![Violation {
            field: field.to_owned(),
            rule,
            message,
        }])
    }

    fn is_of_a_store(&self) -> bool {
        match self {
            Self::Taken(key) => key.collection() == Collection::ConfigStores,
            Self::Referred { field, .. } => field.ends_with("config_store_id"),
            _ => false,
        }
    }

    fn status(&self, style: Style) -> u16 {
        match (self, style) {
            (Self::Unauthorized, _) => 401,
            (Self::Forbidden, _) => 403,
            (Self::NotFound, _) => 404,
            (Self::Method, _) => 405,
            (Self::Limited { .. }, _) => 429,
            // The document has no conflicts for these.
            (Self::Taken(_) | Self::Referred { .. }, Style::Problem) if self.is_of_a_store() => 400,
            (Self::Identical, _)
            | (Self::Taken(_) | Self::TakenId | Self::Referred { .. }, Style::Problem) => 409,
            (
                Self::Unreadable(_)
                | Self::Invalid(_)
                | Self::Group
                | Self::Dangling { .. }
                | Self::Taken(_)
                | Self::TakenId
                | Self::Referred { .. },
                _,
            ) => 400,
        }
    }

    /// The answer. Problems name the trace of the request.
    pub(crate) fn response(&self, style: Style, trace: &str) -> Response {
        let status = self.status(style);
        let body = match style {
            Style::Core => self.core(),
            Style::Problem => self.problem(status, trace),
            Style::Message => {
                let problem = self.problem(status, trace);
                json!({ "message": problem["detail"] })
            }
        };
        let retry_after = if let Self::Limited { retry_after } = self {
            Some(*retry_after)
        } else {
            None
        };
        Response {
            retry_after,
            ..Response::new(status, body)
        }
    }

    fn core(&self) -> Value {
        let body = |code: u32, message: &str, details: Vec<Value>| json!({"code": code, "message": message, "details": details});
        let detail = |kind: &str, field: &str, message: &str| json!({"@type": DETAIL, "type": kind, "field": field, "messages": [message]});
        let constraint = |field: &str, kind: &str, message: &str| {
            let message = format!("{field} (type: {kind}) constraint failed{message}");
            let details = vec![detail("ERROR_TYPE_REFERENCE", field, &message)];
            body(3, "data constraint error", details)
        };
        match self {
            Self::Unauthorized => json!({"message": "Unauthorized", "status": 401}),
            Self::Limited { .. } => json!({"message": "API rate limit exceeded"}),
            Self::Forbidden => body(7, "permission denied", Vec::new()),
            Self::NotFound => body(5, "Not found", Vec::new()),
            Self::Method => body(12, "Method Not Allowed", Vec::new()),
            Self::Unreadable(why) => body(3, &format!("invalid JSON: {why}"), Vec::new()),
            Self::Invalid(violations) => {
                let details = violations
                    .iter()
                    .map(|violation| {
                        detail("ERROR_TYPE_FIELD", &violation.field, &violation.message)
                    })
                    .collect();
                body(3, "validation error", details)
            }
            Self::Group => {
                let message = "a control plane group takes its configuration from its members";
                let details =
                    json!({"@type": DETAIL, "type": "ERROR_TYPE_ENTITY", "messages": [message]});
                body(3, "validation error", vec![details])
            }
            Self::Taken(key) => constraint(&key.fields().join(", "), "unique", ""),
            Self::TakenId => constraint("id", "unique", ""),
            Self::Identical => body(6, IDENTICAL, Vec::new()),
            Self::Dangling { field } => constraint(field, "foreign", ""),
            Self::Referred { field, by } => {
                constraint(field, "foreign", &format!(": {by} refers to it"))
            }
        }
    }

    fn problem(&self, status: u16, trace: &str) -> Value {
        let (title, detail) = match self {
            Self::Unauthorized => ("Unauthorized", "Invalid credentials".to_owned()),
            Self::Forbidden => ("Forbidden", "Forbidden".to_owned()),
            Self::NotFound => ("Not Found", "Not found".to_owned()),
            Self::Method => ("Method Not Allowed", "Method not allowed".to_owned()),
            Self::Limited { .. } => ("Too Many Requests", "Too many requests".to_owned()),
            Self::Unreadable(why) => ("Bad Request", format!("Invalid JSON: {why}")),
            Self::Invalid(_) | Self::Dangling { .. } => {
                ("Bad Request", "Invalid parameters".to_owned())
            }
            Self::Group => (
                "Bad Request",
                "Only groups have members, and no group is a member".to_owned(),
            ),
            Self::Taken(key) => ("Conflict", format!("{key} is already in use")),
            Self::Identical => ("Conflict", IDENTICAL.to_owned()),
            Self::TakenId => ("Conflict", "The id is already in use".to_owned()),
            Self::Referred { by, .. } => ("Conflict", format!("{by} refers to it")),
        };
        let mut body = problem(status, title, &detail, trace);
        let parameters: Vec<Value> = match self {
            Self::Invalid(violations) => violations.iter().map(Violation::parameter).collect(),
            Self::Dangling { field } => vec![
                json!({"field": field, "rule": "missing_reference", "reason": "does not exist", "source": "body"}),
            ],
            Self::Taken(key) => vec![
                json!({"field": key.fields().join(", "), "rule": "invalid", "reason": detail, "source": "body"}),
            ],
            Self::Referred { field, by } => vec![
                json!({"field": *field, "rule": "invalid", "reason": format!("{by} refers to it"), "source": "body"}),
            ],
            Self::Group => vec![
                json!({"field": "cluster_type", "rule": "invalid", "reason": detail, "source": "body"}),
            ],
            Self::Unauthorized
            | Self::Forbidden
            | Self::Limited { .. }
            | Self::NotFound
            | Self::Method
            | Self::Unreadable(_)
            | Self::TakenId
            | Self::Identical => Vec::new(),
        };
        if status == 400 {
            body["invalid_parameters"] = Value::from(parameters);
        }
        body
    }
}

/// Statuses that only faults have: the gRPC code and the title.
const SCRIPTED: &[(u16, u32, &str)] = &[
    (400, 3, "Bad Request"),
    (408, 4, "Request Timeout"),
    (409, 6, "Conflict"),
    (412, 9, "Precondition Failed"),
    (500, 13, "Internal Server Error"),
    (501, 12, "Not Implemented"),
    (502, 14, "Bad Gateway"),
    (503, 14, "Service Unavailable"),
    (504, 4, "Gateway Timeout"),
];

/// gRPC's code for what has no other.
const UNKNOWN: u32 = 2;

/// The answer that has a status because a fault says so, in the words that Konnect would use.
pub(crate) fn scripted(
    status: u16,
    retry_after: Option<u32>,
    style: Style,
    trace: &str,
) -> Response {
    let refusal = match status {
        401 => Some(Refusal::Unauthorized),
        403 => Some(Refusal::Forbidden),
        404 => Some(Refusal::NotFound),
        405 => Some(Refusal::Method),
        429 => Some(Refusal::Limited { retry_after: 0 }),
        _ => None,
    };
    let body = match (refusal, style) {
        (Some(refusal), _) => refusal.response(style, trace).body,
        (None, _) if status < 400 => Value::Null,
        (None, style) => {
            let known = SCRIPTED.iter().find(|(known, _, _)| *known == status);
            let (_, code, title) = known.copied().unwrap_or((status, UNKNOWN, "Error"));
            match style {
                Style::Core => json!({"code": code, "message": title, "details": []}),
                Style::Problem => problem(status, title, title, trace),
                Style::Message => json!({ "message": title }),
            }
        }
    };
    Response {
        retry_after,
        ..Response::new(status, body)
    }
}

fn problem(status: u16, title: &str, detail: &str, trace: &str) -> Value {
    json!({
        "status": status, "title": title, "instance": format!("kong:trace:{trace}"), "detail": detail,
    })
}
