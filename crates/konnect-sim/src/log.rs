//! What was asked and answered, in order.

use std::fmt::{self, Write as _};
use std::sync::Arc;

use kong_model::{Method, Request};
use serde_json::Value;

use crate::time::Millis;

/// The status of requests that got no answer: their connection was cut.
pub const NO_ANSWER: u16 = 0;

/// One request that came.
#[derive(Clone, PartialEq)]
pub struct Entry {
    /// When.
    pub at: Millis,
    /// Method.
    pub method: Method,
    /// Path with its query, not escaped.
    pub path: Arc<str>,
    /// Status of the answer, also where a fault made it; [`NO_ANSWER`] where there was none.
    pub status: u16,
    /// The body as sent, with its secrets.
    pub body: Option<Arc<Value>>,
    /// Whether a third party asked, and not who is under test.
    pub foreign: bool,
}

impl Entry {
    pub(crate) fn new(at: Millis, request: &Request, status: u16, foreign: bool) -> Self {
        let mut path = request.path.clone();
        for (index, (key, value)) in request.query.iter().enumerate() {
            let mark = if index == 0 { '?' } else { '&' };
            write!(path, "{mark}{key}={value}").expect("writing to a String cannot fail");
        }
        Self {
            at,
            method: request.method,
            path: Arc::from(path),
            status,
            body: request.body.clone().map(Arc::new),
            foreign,
        }
    }

    /// Whether it asked for a change.
    pub fn is_write(&self) -> bool {
        self.method != Method::Get
    }
}

/// Without the body, which has secrets in it.
impl fmt::Debug for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let who = if self.foreign {
            " by a third party"
        } else {
            ""
        };
        let (at, method, path, status) = (self.at.0, self.method, &self.path, self.status);
        write!(f, "{at} ms: {method} {path}: {status}{who}")
    }
}
