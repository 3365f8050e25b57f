//! A client for tests: short ways to ask, with a token and a time of its own.

use kong_model::{Host, Method, Request, Response};
use konnect_sim::{Konnect, Millis};
use serde_json::{Value, json};

pub(crate) const TOKEN: &str = "kpat_test";

/// Konnect and who asks it.
pub(crate) struct Client {
    pub(crate) konnect: Konnect,
    pub(crate) now: Millis,
}

/// A request as it goes over the wire.
pub(crate) fn request(method: Method, path: &str, body: Option<Value>) -> Request {
    let (path, query) = path.split_once('?').unwrap_or((path, ""));
    let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
    let query = pairs.map(|(key, value)| {
        let known = konnect_sim::PARAMETERS.iter().find(|known| **known == key);
        (*known.unwrap_or(&"unknown"), value.to_owned())
    });
    Request {
        host: Host::Region,
        method,
        path: path.to_owned(),
        query: query.collect(),
        body,
    }
}

/// An id that is easy to read: `id(7)`.
pub(crate) fn id(number: u32) -> String {
    format!("00000000-0000-4000-8000-{number:012}")
}

impl Client {
    pub(crate) fn new() -> Self {
        Self {
            konnect: Konnect::new(1),
            now: Millis(1_700_000_000_000),
        }
    }

    pub(crate) fn ask(&mut self, method: Method, path: &str, body: Option<Value>) -> Response {
        let request = request(method, path, body);
        self.konnect.handle(self.now, TOKEN, &request)
    }

    pub(crate) fn get(&mut self, path: &str) -> Response {
        self.ask(Method::Get, path, None)
    }

    pub(crate) fn put(&mut self, path: &str, body: Value) -> Response {
        self.ask(Method::Put, path, Some(body))
    }

    pub(crate) fn post(&mut self, path: &str, body: Value) -> Response {
        self.ask(Method::Post, path, Some(body))
    }

    pub(crate) fn patch(&mut self, path: &str, body: Value) -> Response {
        self.ask(Method::Patch, path, Some(body))
    }

    pub(crate) fn delete(&mut self, path: &str) -> Response {
        self.ask(Method::Delete, path, None)
    }

    /// Creates a control plane; gives its path.
    pub(crate) fn control_plane(&mut self, name: &str) -> String {
        self.control_plane_of(json!({ "name": name }))
    }

    pub(crate) fn control_plane_of(&mut self, body: Value) -> String {
        let answer = self.post("/v2/control-planes", body);
        assert_eq!(answer.status, 201, "{}", answer.body);
        format!("/v2/control-planes/{}", answer.body["id"].as_str().unwrap())
    }

    /// Puts an entity that has to be accepted; gives the answer.
    pub(crate) fn has(&mut self, path: &str, body: Value) -> Value {
        let answer = self.put(path, body);
        assert_eq!(answer.status, 200, "{path}: {}", answer.body);
        answer.body
    }
}
