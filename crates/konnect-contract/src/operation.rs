//! From a request to the operation that the document has for it.

use kong_model::Request;
use serde_json::Value;

use crate::Breach;

/// What the document says about a method of a path.
pub(crate) struct Operation<'d> {
    document: &'d Value,
    /// The path as the document has it.
    pub(crate) path: String,
    /// What it says about the method.
    pub(crate) node: &'d Value,
    /// What it says about all methods.
    shared: &'d Value,
    /// The parts of the path that have names, with their values.
    pub(crate) parts: Vec<(&'d str, String)>,
}

impl<'d> Operation<'d> {
    /// The operation of a request.
    pub(crate) fn of(document: &'d Value, request: &Request) -> Result<Self, Breach> {
        let paths = document["paths"].as_object();
        // `/group-memberships/add` before `/{id}/add`: the path with the fewest names.
        let (path, parts, shared) = paths
            .into_iter()
            .flatten()
            .filter_map(|(path, node)| Some((path, follow(path, &request.path)?, node)))
            .min_by_key(|(_, parts, _)| parts.len())
            .ok_or_else(|| Breach::Path(request.path.clone()))?;
        let method = request.method.as_str();
        let node = &shared[method.to_ascii_lowercase()];
        if node.is_null() {
            return Err(Breach::Method {
                path: path.clone(),
                method: method.to_owned(),
            });
        }
        Ok(Self {
            document,
            path: path.clone(),
            node,
            shared,
            parts,
        })
    }

    /// A node, or what it refers to.
    pub(crate) fn resolve(&self, node: &'d Value) -> &'d Value {
        match node["$ref"]
            .as_str()
            .and_then(|text| text.strip_prefix('#'))
        {
            Some(pointer) => self.document.pointer(pointer).unwrap_or(&Value::Null),
            None => node,
        }
    }

    /// Its parameters: those of the path and its own.
    pub(crate) fn parameters(&self) -> impl Iterator<Item = &'d Value> {
        let all = [&self.shared["parameters"], &self.node["parameters"]];
        all.into_iter()
            .filter_map(Value::as_array)
            .flatten()
            .map(|parameter| self.resolve(parameter))
    }

    pub(crate) fn body(&self, there: &'static str) -> Breach {
        Breach::Body {
            path: self.path.clone(),
            there,
        }
    }
}

/// The values of the names in a template, if a path follows it.
fn follow<'t>(template: &'t str, path: &str) -> Option<Vec<(&'t str, String)>> {
    let mut parts = Vec::new();
    let mut segments = path.split('/');
    for expected in template.split('/') {
        let segment = segments.next()?;
        let name = expected
            .strip_prefix('{')
            .and_then(|rest| rest.strip_suffix('}'));
        match name {
            Some(name) if !segment.is_empty() => parts.push((name, segment.to_owned())),
            None if expected == segment => {}
            Some(_) | None => return None,
        }
    }
    segments.next().is_none().then_some(parts)
}
