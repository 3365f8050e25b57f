//! Which entity of Konnect a request is about, said alike for both sides.
//!
//! Ids differ from run to run, and Kong's operator writes plugins through objects of its own making, so
//! an entity is known by the object in its tags, and a plugin by its name and what it is bound to. Paths
//! come from the table of collections. Start with [`Entities::key`].

use std::collections::BTreeMap;

use serde_json::Value;

use kong_model::{Collection, Shape};

/// What a path points at.
pub(crate) struct Place<'a> {
    /// The collection.
    pub(crate) collection: Collection,
    control_plane: &'a str,
    id: Option<&'a str>,
}

/// Reads a path, whose names are in their common form; `None` where we know of nothing.
pub(crate) fn place(path: &str) -> Option<Place<'_>> {
    let path = path.split_once('?').map_or(path, |(path, _)| path);
    Collection::all().find_map(|collection| {
        let mut place = Place {
            collection,
            control_plane: "",
            id: None,
        };
        let mut segments = path.split('/');
        for expected in collection.items_path().split('/') {
            let segment = segments.next()?;
            match expected {
                "{cp}" => place.control_plane = segment,
                "{parent}" => {}
                expected if expected == segment => {}
                _ => return None,
            }
        }
        place.id = segments.next();
        segments.next().is_none().then_some(place)
    })
}

/// What is known of entities from the requests so far.
#[derive(Clone, Debug, Default)]
pub(crate) struct Entities {
    /// The key of the plugin of an id, or of the object that an id belongs to.
    plugins: BTreeMap<String, String>,
}

impl Entities {
    /// What the entity is called that a request with this body is about.
    pub(crate) fn key(&mut self, place: &Place<'_>, body: Option<&Value>) -> String {
        let owner = body.and_then(uid);
        let id = place.id.or(owner.as_deref());
        if place.collection == Collection::Plugins {
            let key = match (body, id) {
                (Some(body), _) => plugin(body),
                (None, Some(id)) => self
                    .plugins
                    .get(id)
                    .cloned()
                    .unwrap_or_else(|| id.to_owned()),
                (None, None) => String::new(),
            };
            if let Some(id) = id {
                self.plugins.insert(id.to_owned(), key.clone());
            }
            return key;
        }
        if place.collection.shape() == Shape::Membership {
            return place.control_plane.to_owned();
        }
        // What has neither tags nor an id of our choice is known by its body alone.
        id.map_or_else(|| "new".to_owned(), str::to_owned)
    }

    /// The key of a plugin that a record calls by the name of an object.
    pub(crate) fn plugin(&self, token: &str) -> Option<&str> {
        self.plugins.get(token).map(String::as_str)
    }
}

/// What an entity is called that Konnect holds under an id, in its common form.
pub(crate) fn held(collection: Collection, id: &str, value: &Value) -> String {
    if collection == Collection::Plugins {
        plugin(value)
    } else {
        id.to_owned()
    }
}

/// A plugin is what it does and to what.
pub(crate) fn plugin(body: &Value) -> String {
    let scopes = ["service", "route", "consumer", "consumer_group"];
    let bound = scopes.iter().filter_map(|scope| body[scope]["id"].as_str());
    let bound: Vec<&str> = bound.collect();
    let name = body["name"].as_str().unwrap_or_default();
    let on = if bound.is_empty() {
        "everything".to_owned()
    } else {
        bound.join(" and ")
    };
    format!("{name} on {on}")
}

/// The object that an entity says it belongs to, in its tags or labels.
pub(crate) fn uid(body: &Value) -> Option<String> {
    let tags = body["tags"].as_array().into_iter().flatten();
    let mut tags = tags.filter_map(Value::as_str);
    let tag = tags.find_map(|tag| tag.strip_prefix("k8s-uid:"));
    tag.or_else(|| body["labels"]["k8s-uid"].as_str())
        .map(str::to_owned)
}
