//! Annotations in which users say of Services, routes and other objects what those have no fields for.
//!
//! Each is a constant that knows its name and how to read its value; a value that makes no sense is an
//! error that names the annotation, the reason and what to write. What is done with the value, or in spite of
//! a wrong one, is up to the translation. Start with [`Annotation`], then [`service`] and [`route`].

pub mod gateway;
pub mod route;
pub mod service;
mod values;

use std::{borrow::Borrow, collections::BTreeMap, fmt};

use values::Wrong;
pub use values::{PathHandling, PluginName, Protocol, Rewrite, RewritePart};

use crate::names;

/// An annotation: its name, and how its value is read.
pub struct Annotation<T> {
    name: &'static str,
    read: fn(&str) -> Result<T, Wrong>,
}

/// An annotation has a value that it cannot have.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{annotation} annotation has invalid value: {value}: {reason}; {remedy}")]
pub struct InvalidAnnotation {
    /// Name of the annotation.
    pub annotation: String,
    /// The value, as it stands.
    pub value: String,
    /// What is wrong with it.
    pub reason: String,
    /// What to do about it.
    pub remedy: String,
}

impl<T> Annotation<T> {
    const fn new(name: &'static str, read: fn(&str) -> Result<T, Wrong>) -> Self {
        Self { name, read }
    }

    /// Its name.
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// What a value says.
    pub fn parse(&self, value: &str) -> Result<T, InvalidAnnotation> {
        (self.read)(value).map_err(|wrong| wrong.of(self.name, value))
    }

    /// What the annotations of an object say; nothing if this one is not among them.
    pub fn of<K, V>(&self, annotations: &BTreeMap<K, V>) -> Result<Option<T>, InvalidAnnotation>
    where
        K: Borrow<str> + Ord,
        V: AsRef<str>,
    {
        let value = annotations.get(self.name);
        value.map(|value| self.parse(value.as_ref())).transpose()
    }
}

impl<T> fmt::Debug for Annotation<T> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_tuple("Annotation")
            .field(&self.name)
            .finish()
    }
}

/// Plugins of the entities that are made of the object: names of KongPlugins or KongClusterPlugins,
/// separated by commas.
pub const PLUGINS: Annotation<Vec<PluginName>> =
    Annotation::new(names::PLUGINS_ANNOTATION, values::plugins);
/// Tags to add to the entities that are made of the object, separated by commas.
pub const TAGS: Annotation<Vec<String>> = Annotation::new(names::TAGS_ANNOTATION, values::list);
/// The ingress class of an object; empty is as good as none.
pub const INGRESS_CLASS: Annotation<String> =
    Annotation::new("kubernetes.io/ingress.class", values::any_text);

#[cfg(test)]
mod tests;
