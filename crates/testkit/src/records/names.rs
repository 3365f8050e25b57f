//! The names that records give to ids, and ours, brought to one form.
//!
//! A record says `<id:KIND/NAMESPACE/NAME>` and `<uid:KIND/NAMESPACE/NAME>`; a run has UUIDs. Both
//! become `{KIND:NAMESPACE:NAME}`: the id of an entity and the UID of its object are often one and the
//! same with us, and sometimes with Kong's operator. Depends on nothing. Start with [`neutral`] and
//! [`Names`].

use std::collections::BTreeMap;

use serde_json::Value;

/// How many characters a UUID has.
const UUID_LENGTH: usize = 36;

/// A text of a record with its names in the common form.
pub(crate) fn neutral(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, name, after)) = next_name(rest) {
        out.push_str(before);
        out.push_str(&token(name));
        rest = after;
    }
    out.push_str(rest);
    out
}

/// The common form of what stands between the brackets of a name.
fn token(name: &str) -> String {
    let name = name.split_once(':').map_or(name, |(_, name)| name);
    let name = name.split_once('#').map_or(name, |(name, _)| name);
    let name = name.replace('/', ":").replace(['<', '>'], "");
    format!("{{{name}}}")
}

/// The first name in a text: what is before it, what it says, what follows.
fn next_name(text: &str) -> Option<(&str, &str, &str)> {
    let starts = ["<id:", "<uid:", "<name:"];
    let at = starts.iter().filter_map(|start| text.find(start)).min()?;
    let mut depth = 0;
    for (index, character) in text[at..].char_indices() {
        match character {
            '<' => depth += 1,
            '>' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            let end = at + index;
            return Some((&text[..at], &text[at + 1..end], &text[end + 1..]));
        }
    }
    None
}

/// A value of a record with all its texts in the common form.
pub(crate) fn neutral_value(value: &Value) -> Value {
    map_texts(value, &neutral)
}

/// A text without the ids that stand in it as they are. Nothing tells what such an id is; most follow from UIDs,
/// and differ from run to run.
pub(crate) fn without_ids(text: &str) -> String {
    map_ids(text, |id| uuid::Uuid::try_parse(id).ok().map(|_| "{}"))
}

/// A text with something else for what has the length of an id, where there is something.
fn map_ids<'a>(text: &str, other: impl Fn(&str) -> Option<&'a str>) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(character) = rest.chars().next() {
        let taken = if let Some(other) = rest.get(..UUID_LENGTH).and_then(&other) {
            out.push_str(other);
            UUID_LENGTH
        } else {
            out.push(character);
            character.len_utf8()
        };
        rest = &rest[taken..];
    }
    out
}

fn map_texts(value: &Value, change: &impl Fn(&str) -> String) -> Value {
    match value {
        Value::String(text) => Value::String(change(text)),
        Value::Array(items) => items.iter().map(|item| map_texts(item, change)).collect(),
        Value::Object(members) => Value::Object(
            members
                .iter()
                .map(|(field, value)| (field.clone(), map_texts(value, change)))
                .collect(),
        ),
        Value::Null | Value::Bool(_) | Value::Number(_) => value.clone(),
    }
}

/// What the names of a record stand for in a run, and the other way round.
#[derive(Clone, Debug, Default)]
pub(crate) struct Names {
    /// From what stands between the brackets, without the `#` of later entities.
    ids: BTreeMap<String, String>,
    /// From a UUID to its common form.
    tokens: BTreeMap<String, String>,
}

impl Names {
    /// Learns what a name such as `id:KongService/ns/a` stands for from now on.
    pub(crate) fn learn(&mut self, name: &str, id: &str) {
        if !id.is_empty() {
            self.ids.insert(name.to_owned(), id.to_owned());
            self.tokens
                .entry(id.to_owned())
                .or_insert_with(|| token(name));
        }
    }

    /// Learns what a name stands for in steps, while what is said of the id keeps its form.
    pub(crate) fn alias(&mut self, name: &str, id: &str) {
        self.ids.insert(name.to_owned(), id.to_owned());
    }

    /// The common form of a UUID that is known.
    pub(crate) fn token(&self, id: &str) -> Option<&str> {
        self.tokens.get(id).map(String::as_str)
    }

    /// A text of a record as it is to be said in this run, or the name that nothing here has.
    pub(crate) fn resolve(&self, text: &str) -> Result<String, String> {
        let mut out = String::new();
        let mut rest = text;
        while let Some((before, name, after)) = next_name(rest) {
            let plain = name.split_once('#').map_or(name, |(name, _)| name);
            let id = self.ids.get(plain).ok_or_else(|| name.to_owned())?;
            out.push_str(before);
            out.push_str(id);
            rest = after;
        }
        out.push_str(rest);
        Ok(out)
    }

    /// A value of a record as it is to be said in this run.
    pub(crate) fn resolve_value(&self, value: &Value) -> Result<Value, String> {
        let failure = std::cell::RefCell::new(None);
        let resolved = map_texts(value, &|text| {
            self.resolve(text).unwrap_or_else(|name| {
                failure.borrow_mut().get_or_insert(name);
                String::new()
            })
        });
        failure.into_inner().map_or(Ok(resolved), Err)
    }

    /// A text of this run with the ids that are known in the common form.
    pub(crate) fn neutral(&self, text: &str) -> String {
        map_ids(text, |id| self.token(id))
    }

    /// A value of this run with the ids that are known in the common form.
    pub(crate) fn neutral_value(&self, value: &Value) -> Value {
        map_texts(value, &|text| self.neutral(text))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "01234567-89ab-4cde-8f01-23456789abcd";

    #[test]
    fn ids_and_uids_of_one_object_have_one_form_on_both_sides() {
        let recorded = "/services/<id:KongService/ns/a#2>?tags=k8s-uid:<uid:KongService/ns/a>";
        let expected = "/services/{KongService:ns:a}?tags=k8s-uid:{KongService:ns:a}";
        assert_eq!(neutral(recorded), expected);
        let mut names = Names::default();
        names.learn("uid:KongService/ns/a", ID);
        let ours = format!("/services/{ID}?tags=k8s-uid:{ID}");
        assert_eq!(names.neutral(&ours), expected);
    }

    #[test]
    fn ids_of_which_nothing_is_known_can_be_left_out() {
        let text = format!("part:{ID} of {{KongService:ns:a}}, {ID}");
        assert_eq!(without_ids(&text), "part:{} of {KongService:ns:a}, {}");
    }

    #[test]
    fn names_within_names_are_one_name() {
        let recorded = "x/<id:KongPluginBinding/ns/<name:plugin-1>>/y";
        assert_eq!(
            neutral(recorded),
            "x/{KongPluginBinding:ns:name:plugin-1}/y"
        );
    }

    #[test]
    fn a_name_of_nothing_is_told() {
        let mut names = Names::default();
        names.learn("id:KongService/ns/a", ID);
        let text = |name: &str| format!("/services/<id:KongService/ns/{name}>");
        assert_eq!(names.resolve(&text("a")), Ok(format!("/services/{ID}")));
        assert_eq!(
            names.resolve(&text("b")),
            Err("id:KongService/ns/b".to_owned())
        );
    }
}
