//! Lists in statuses that several controllers write into: the entries of each stay its own.

use serde_json::{Map, Value, json};

use super::conditions::{self, Condition};

/// An entry of ours.
#[derive(Debug)]
pub(super) struct Entry<I> {
    /// What it is about, to find it again.
    pub(super) identity: I,
    /// What it is about, as it is written; none where an entry is about the controller alone.
    pub(super) reference: Option<Value>,
    /// What is said.
    pub(super) conditions: Vec<Condition>,
}

/// How a list is written.
#[derive(Clone, Copy, Debug)]
pub(super) struct List<'l> {
    /// The list before.
    pub(super) before: Option<&'l Value>,
    /// Our name in it.
    pub(super) controller: &'l str,
    /// The member that says what an entry is about.
    pub(super) member: &'l str,
    /// The types of conditions that are ours.
    pub(super) types: &'l [&'l str],
    /// The generation that was judged.
    pub(super) generation: i64,
    /// The most entries that there may be.
    pub(super) limit: usize,
}

impl List<'_> {
    /// The list: entries of others as they are, ours in the places that they have, new ones at the end. Gives the place
    /// of each of ours, too; one for which there is no room has none.
    pub(super) fn merged<I: PartialEq>(
        self,
        ours: &[Entry<I>],
        identity: impl Fn(&Value) -> Option<I>,
    ) -> (Vec<Value>, Vec<Option<usize>>) {
        let is_ours = |entry: &Value| entry["controllerName"] == self.controller;
        let before = || self.before.and_then(Value::as_array).into_iter().flatten();
        let foreign = before().filter(|entry| !is_ours(entry)).count();
        let mut room = self.limit.saturating_sub(foreign);
        let mut merged: Vec<Value> = Vec::new();
        let mut places: Vec<Option<usize>> = vec![None; ours.len()];
        let mut kept = vec![false; ours.len()];
        // Those that come first are the ones for which there is room.
        for keep in kept.iter_mut().take(room) {
            *keep = true;
        }
        for entry in before() {
            if !is_ours(entry) {
                merged.push(entry.clone());
                continue;
            }
            let Some(about) = identity(&entry[self.member]) else {
                continue;
            };
            let number = ours.iter().position(|it| it.identity == about);
            let Some(number) = number.filter(|it| kept[*it] && places[*it].is_none()) else {
                continue;
            };
            places[number] = Some(merged.len());
            merged.push(self.entry(&ours[number], Some(entry)));
            room -= 1;
        }
        for (number, entry) in ours.iter().enumerate() {
            if places[number].is_none() && kept[number] && room > 0 {
                places[number] = Some(merged.len());
                merged.push(self.entry(entry, None));
                room -= 1;
            }
        }
        (merged, places)
    }

    fn entry<I>(self, entry: &Entry<I>, before: Option<&Value>) -> Value {
        let mut members = match before {
            Some(Value::Object(members)) => members.clone(),
            Some(_) | None => Map::new(),
        };
        let conditions = conditions::merged(
            members.get("conditions"),
            &entry.conditions,
            self.types,
            self.generation,
        );
        if let Some(reference) = &entry.reference {
            members.insert(self.member.to_owned(), reference.clone());
        }
        members.insert("controllerName".to_owned(), json!(self.controller));
        members.insert("conditions".to_owned(), Value::Array(conditions));
        Value::Object(members)
    }
}
