//! The entities on a page, read one after the other.

use std::fmt;
use std::ops::Range;
use std::vec;

use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::Failure;
use super::answer::unreadable;

/// The entities on a page of a list.
///
/// A page has up to a thousand, and as values they take many times the space of their text. So they are kept as they
/// came over the wire, and each is read when it is its turn.
#[derive(Clone)]
pub struct Items(Form);

#[derive(Clone)]
enum Form {
    Values(Vec<Value>),
    Text {
        text: String,
        places: Vec<Range<usize>>,
    },
}

/// A page with what says where the next one begins.
#[derive(Deserialize)]
struct Page<'t> {
    #[serde(borrow)]
    data: Vec<&'t RawValue>,
    #[serde(default)]
    offset: Value,
    #[serde(default)]
    meta: Value,
}

impl Items {
    /// The entities of a page, and what is around them; the text itself if it has no list in `data`.
    pub(super) fn of_page(text: String) -> Result<(Self, Value), String> {
        let Ok(Page { data, offset, meta }) = serde_json::from_str(&text) else {
            return Err(text);
        };
        let start = text.as_ptr().addr();
        let places = data.iter().map(|item| {
            let at = item.get().as_ptr().addr() - start;
            at..at + item.get().len()
        });
        let places = places.collect();
        let around = json!({"offset": offset, "meta": meta});
        Ok((Self(Form::Text { text, places }), around))
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        match &self.0 {
            Form::Values(values) => values.len(),
            Form::Text { places, .. } => places.len(),
        }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// All of them as values.
    ///
    /// # Errors
    ///
    /// If one of them cannot be read.
    pub fn into_values(self) -> Result<Vec<Value>, Failure> {
        match self.0 {
            Form::Values(values) => Ok(values),
            form @ Form::Text { .. } => Self(form).into_iter().collect(),
        }
    }
}

impl From<Vec<Value>> for Items {
    fn from(values: Vec<Value>) -> Self {
        Self(Form::Values(values))
    }
}

impl FromIterator<Value> for Items {
    fn from_iter<T: IntoIterator<Item = Value>>(values: T) -> Self {
        Self(Form::Values(values.into_iter().collect()))
    }
}

impl IntoIterator for Items {
    type Item = Result<Value, Failure>;
    type IntoIter = Entities;

    fn into_iter(self) -> Entities {
        Entities(match self.0 {
            Form::Values(values) => Rest::Values(values.into_iter()),
            Form::Text { text, places } => Rest::Text(text, places.into_iter()),
        })
    }
}

/// The entities on a page, each read when it is asked for.
pub struct Entities(Rest);

/// Those that were not asked for yet.
enum Rest {
    Values(vec::IntoIter<Value>),
    Text(String, vec::IntoIter<Range<usize>>),
}

impl Iterator for Entities {
    type Item = Result<Value, Failure>;

    fn next(&mut self) -> Option<Self::Item> {
        match &mut self.0 {
            Rest::Values(values) => values.next().map(Ok),
            Rest::Text(text, places) => {
                let item = places.next().and_then(|place| text.get(place))?;
                // The words of the parser may quote what it has read.
                let wrong = |_| unreadable("an entity that cannot be read");
                Some(serde_json::from_str(item).map_err(wrong))
            }
        }
    }
}

impl PartialEq for Items {
    fn eq(&self, other: &Self) -> bool {
        self.clone().into_iter().eq(other.clone())
    }
}

impl Eq for Items {}

/// Entities may hold secrets.
impl fmt::Debug for Items {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} items", self.len())
    }
}

impl fmt::Debug for Entities {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Entities").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entities_are_read_from_where_they_are_in_the_text() {
        let text = r#" {"offset" : "next", "data": [ {"a": "ö]"}, {"b": [1, {"data": []}]} ]}"#;
        let (items, around) = Items::of_page(text.to_owned()).unwrap();
        assert_eq!(around["offset"], "next");
        assert_eq!(items.len(), 2);
        let values = vec![json!({"a": "ö]"}), json!({"b": [1, {"data": []}]})];
        assert_eq!(items, Items::from(values.clone()));
        assert_eq!(items.into_values(), Ok(values));
    }

    #[test]
    fn what_is_no_page_has_no_entities() {
        for text in [
            "",
            "null",
            "[]",
            "{}",
            r#"{"data": null}"#,
            r#"{"data": {}}"#,
            r#"{"data": [1,]}"#,
        ] {
            assert_eq!(Items::of_page(text.to_owned()), Err(text.to_owned()));
        }
    }

    #[test]
    fn an_entity_that_cannot_be_read_is_said_when_it_is_its_turn() {
        let text = r#"{"data": [{"a": 1}, {"a": 1e999}]}"#;
        let (items, _) = Items::of_page(text.to_owned()).unwrap();
        let mut items = items.into_iter();
        assert_eq!(items.next(), Some(Ok(json!({"a": 1}))));
        assert!(matches!(items.next(), Some(Err(Failure::Transport(_)))));
        assert_eq!(items.next(), None);
    }
}
