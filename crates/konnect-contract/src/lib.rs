#![doc = include_str!("../README.md")]
//!
//! Where to start: [`Contract`]. What OpenAPI says differently from JSON Schema is put right in `dialect`;
//! `sample` makes bodies that try every rule of a schema.

mod dialect;
mod operation;
mod query;
mod sample;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use jsonschema::Validator;
use kong_model::{Request, Response};
use serde_json::Value;

use dialect::Side;
use operation::Operation;

pub use sample::samples;

/// The vendor's document: `cargo xtask openapi` writes it.
const DOCUMENT: &str = include_str!("../data/openapi.json");

/// A way in which a request or an answer is not what the document says.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Breach {
    /// The API has no such path.
    #[error("{0} is no path of the API")]
    Path(String),
    /// The path does not have this method.
    #[error("{path} has no {method}")]
    Method {
        /// The path, as the document has it.
        path: String,
        /// The method.
        method: String,
    },
    /// A query parameter that the operation does not have, or one that is missing.
    #[error("{path} has no parameter \"{name}\", or needs one")]
    Parameter {
        /// The path, as the document has it.
        path: String,
        /// The parameter.
        name: String,
    },
    /// An answer with a status that the document does not name.
    #[error("{path} never answers with {status}")]
    Status {
        /// The path, as the document has it.
        path: String,
        /// The status.
        status: u16,
    },
    /// A body where there is none, or none where there is one.
    #[error("{path} has {there} body")]
    Body {
        /// The path, as the document has it.
        path: String,
        /// `no` or `a`.
        there: &'static str,
    },
    /// A value that is not acceptable.
    #[error("{path}: {at}: {message}")]
    Value {
        /// The path, as the document has it.
        path: String,
        /// The parameter, or the place in the body.
        at: String,
        /// Which rule it breaks.
        message: String,
    },
}

/// What the vendor says about requests and answers.
pub struct Contract {
    document: Value,
    /// Schemas as they hold for what is sent and for what is answered, each with what it refers to.
    components: BTreeMap<Side, Value>,
    validators: Mutex<BTreeMap<(Side, String), Arc<Validator>>>,
}

impl Contract {
    /// The vendor's document.
    pub fn of_the_vendor() -> Self {
        let document = serde_json::from_str(DOCUMENT).expect("the document is JSON");
        Self::new(document)
    }

    fn new(document: Value) -> Self {
        let side = |side| (side, dialect::translate(&document["components"], side));
        Self {
            components: [Side::Request, Side::Answer].map(side).into(),
            document,
            validators: Mutex::default(),
        }
    }

    /// What is wrong with a request.
    pub fn request(&self, request: &Request) -> Vec<Breach> {
        let operation = match Operation::of(&self.document, request) {
            Ok(operation) => operation,
            Err(breach) => return vec![breach],
        };
        let mut breaches = query::check(self, &operation, request);
        let expected = operation.resolve(&operation.node["requestBody"]);
        let schema = &expected["content"]["application/json"]["schema"];
        breaches.extend(match &request.body {
            Some(_) if schema.is_null() => Some(operation.body("no")),
            None if expected["required"] == true => Some(operation.body("a")),
            Some(_) | None => None,
        });
        if let Some(body) = request.body.as_ref().filter(|_| !schema.is_null()) {
            breaches.extend(self.hold(Side::Request, &operation.path, "body", schema, body));
        }
        breaches
    }

    /// What is wrong with the answer to a request. An error that the document names without a body may
    /// have any.
    pub fn answer(&self, request: &Request, response: &Response) -> Vec<Breach> {
        let operation = match Operation::of(&self.document, request) {
            Ok(operation) => operation,
            Err(breach) => return vec![breach],
        };
        let status = response.status;
        let named = &operation.node["responses"][status.to_string()];
        if named.is_null() {
            let path = operation.path.clone();
            return vec![Breach::Status { path, status }];
        }
        let content = &operation.resolve(named)["content"];
        let schema = ["application/json", "application/problem+json"]
            .iter()
            .map(|kind| &content[*kind]["schema"])
            .find(|schema| !schema.is_null());
        match (schema, &response.body) {
            (None, Value::Null) => Vec::new(),
            (None, _) if status >= 400 => Vec::new(),
            (None, _) => vec![operation.body("no")],
            (Some(_), Value::Null) => vec![operation.body("a")],
            (Some(schema), body) => self.hold(Side::Answer, &operation.path, "body", schema, body),
        }
    }

    /// What is wrong with a value.
    fn hold(&self, side: Side, path: &str, at: &str, schema: &Value, value: &Value) -> Vec<Breach> {
        let validator = self.validator(side, schema);
        let breaches = validator.iter_errors(value).map(|error| Breach::Value {
            path: path.to_owned(),
            at: format!("{at}{}", error.instance_path()),
            message: error.to_string(),
        });
        breaches.collect()
    }

    fn validator(&self, side: Side, schema: &Value) -> Arc<Validator> {
        let key = (side, schema.to_string());
        let mut validators = self
            .validators
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let make = || {
            let mut whole = dialect::translate(schema, side);
            if let Some(members) = whole.as_object_mut() {
                members.insert("components".to_owned(), self.components[&side].clone());
            }
            let validator = dialect::options().build(&whole);
            Arc::new(validator.expect("the schemas of the document can be used"))
        };
        Arc::clone(validators.entry(key).or_insert_with(make))
    }
}

impl fmt::Debug for Contract {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Contract")
            .field("version", &self.document["info"]["version"])
            .finish_non_exhaustive()
    }
}
