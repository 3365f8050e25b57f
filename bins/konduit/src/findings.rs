//! What is wrong, said in one line: where, which object, which field, why, and what to do.
//!
//! Every complaint about a manifest or an object becomes a [`Finding`]; how it reads is decided in its
//! `Display` alone. Depends on nothing of the program.

use std::fmt;
use std::sync::Arc;

use serde_json::Value;

/// A place in a file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Place {
    /// The file as the user would call it.
    pub(crate) file: Arc<str>,
    /// Line, counted from 1; 0 for the whole file.
    pub(crate) line: usize,
    /// Column, counted from 1; 0 for the whole line.
    pub(crate) column: usize,
}

impl Place {
    /// A whole file.
    pub(crate) fn file(file: &Arc<str>) -> Self {
        Self {
            file: Arc::clone(file),
            line: 0,
            column: 0,
        }
    }

    /// A line of a file.
    pub(crate) fn line(file: &Arc<str>, line: usize) -> Self {
        Self {
            file: Arc::clone(file),
            line,
            column: 0,
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.file)?;
        if self.line > 0 {
            write!(f, ":{}", self.line)?;
        }
        if self.column > 0 {
            write!(f, ":{}", self.column)?;
        }
        Ok(())
    }
}

/// Something that is wrong.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Finding {
    /// Where.
    pub(crate) place: Option<Place>,
    /// With which object, such as `KongService default/shop`.
    pub(crate) object: Option<String>,
    /// With which field of it.
    pub(crate) field: Option<String>,
    /// What is wrong.
    pub(crate) message: String,
    /// What to do about it.
    pub(crate) remedy: Option<String>,
}

impl Finding {
    /// Something is wrong there.
    pub(crate) fn new(place: Place, message: impl Into<String>) -> Self {
        Self {
            place: Some(place),
            object: None,
            field: None,
            message: message.into(),
            remedy: None,
        }
    }

    /// It is about this object.
    #[must_use]
    pub(crate) fn about(mut self, object: impl Into<String>) -> Self {
        self.object = Some(object.into()).filter(|object| !object.is_empty());
        self
    }

    /// It is about this field.
    #[must_use]
    pub(crate) fn at(mut self, field: impl Into<String>) -> Self {
        self.field = Some(field.into()).filter(|field| !field.is_empty() && field != "<nil>");
        self
    }

    /// The finding for those who show the place in a way of their own.
    pub(crate) fn without_place(&self) -> String {
        let finding = Self {
            place: None,
            ..self.clone()
        };
        finding.to_string()
    }

    /// This helps.
    #[must_use]
    pub(crate) fn remedy(mut self, remedy: impl Into<String>) -> Self {
        self.remedy = Some(remedy.into());
        self
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(place) = &self.place {
            write!(f, "{place}: ")?;
        }
        for part in [&self.object, &self.field].into_iter().flatten() {
            write!(f, "{part}: ")?;
        }
        f.write_str(&self.message)?;
        match &self.remedy {
            Some(remedy) => write!(f, "; {remedy}"),
            None => Ok(()),
        }
    }
}

/// What a value is, in the words of those who write YAML.
pub(crate) fn words(value: &Value) -> &'static str {
    match value {
        Value::Null => "empty",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "a list",
        Value::Object(_) => "a mapping",
    }
}

/// The field that a message is about: the first path in it. Messages name the field in their own words,
/// so it serves to find the line only.
pub(crate) fn path_in(message: &str) -> &str {
    let begins = |index: &usize| {
        message[..*index]
            .chars()
            .next_back()
            .is_none_or(|before| !before.is_alphanumeric() && before != '.')
    };
    let Some((start, _)) = ["spec.", "metadata."]
        .iter()
        .flat_map(|root| message.match_indices(root))
        .filter(|(index, _)| begins(index))
        .min()
    else {
        return "";
    };
    let path = &message[start..];
    let end = path
        .find(|letter: char| !letter.is_ascii_alphanumeric() && !"._-[]/".contains(letter))
        .unwrap_or(path.len());
    path[..end].trim_end_matches(['.', '/'])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_finding_names_place_object_field_reason_and_remedy() {
        let finding = Finding::new(Place::line(&Arc::from("shop.yaml"), 12), "unknown field")
            .about("KongService default/shop")
            .at("spec.hosts")
            .remedy("did you mean \"host\"?");
        assert_eq!(
            finding.to_string(),
            "shop.yaml:12: KongService default/shop: spec.hosts: unknown field; did you mean \"host\"?"
        );
    }

    #[test]
    fn what_is_not_known_is_left_out() {
        let finding = Finding::new(Place::file(&Arc::from("shop.yaml")), "is not text")
            .about("")
            .at("<nil>");
        assert_eq!(finding.to_string(), "shop.yaml: is not text");
    }

    #[test]
    fn the_field_of_a_message_is_found() {
        assert_eq!(
            path_in("create it or correct spec.upstreamRef"),
            "spec.upstreamRef"
        );
        assert_eq!(
            path_in("correct spec.serviceRef or spec.x."),
            "spec.serviceRef"
        );
        assert_eq!(
            path_in("see metadata.annotations[konghq.com/plugins]: no"),
            "metadata.annotations[konghq.com/plugins]"
        );
        assert_eq!(path_in("a KongService has no myspec.x"), "");
    }
}
