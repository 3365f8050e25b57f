//! A world of random stories with any kinds: a few of the examples of `examples/kinds`, drawn from the seed, and
//! all that they need.

use std::collections::BTreeSet;

use kong_crds::Kind;
use kong_driver::Schedule;
use kong_resolve::Key;
use serde_json::Value;

use super::{Stage, pick, when_all_is_well};
use crate::act::{Act, Elsewhere};
use crate::document::key_of;
use crate::examples::{Example, Examples, is_judged};
use crate::picture::Picture;
use crate::watchdog::Secrets;

/// What tokens begin with.
const TOKEN: &str = "kpat_";

/// A few kinds, and all that they need.
pub(super) struct Market {
    stock: Vec<Value>,
    /// The examples that there are here.
    examples: Vec<&'static Example>,
}

impl Market {
    /// That of a seed.
    pub(super) fn of(seed: u64) -> Self {
        let mut dice = Schedule::wild(seed.wrapping_mul(0x51_7cc1).wrapping_add(5));
        let examples = Examples::get();
        let all: Vec<&Example> = examples.all().collect();
        let mut keys = BTreeSet::new();
        for _ in 0..=dice.below(3) {
            let key = &all[pick(&mut dice, all.len())].key;
            keys.extend(examples.needs(key));
            keys.insert(key.clone());
        }
        let here = |example: &&'static Example| keys.contains(&example.key);
        Self {
            examples: examples.all().filter(here).collect(),
            stock: examples.documents_of(&keys),
        }
    }

    fn some_document(&self, dice: &mut Schedule) -> Value {
        self.stock[pick(dice, self.stock.len())].clone()
    }

    fn some_keys(&self, dice: &mut Schedule) -> Vec<Key> {
        let keys = (0..=dice.below(3)).map(|_| key_of(&self.some_document(dice)));
        keys.flatten().collect()
    }

    /// One of the objects that stand for something in Konnect.
    fn some_entity(&self, dice: &mut Schedule) -> Option<Key> {
        let keys = self.keys();
        let judged: Vec<&Key> = keys.iter().filter(|key| is_judged(key.kind)).collect();
        let key = judged.get(pick(dice, judged.len().max(1)))?;
        Some(Key::clone(key))
    }
}

impl Stage for Market {
    fn well(&self) -> Picture {
        when_all_is_well(self)
    }

    fn stock(&self) -> Vec<Value> {
        self.stock.clone()
    }

    fn means(&self) -> Vec<Value> {
        let is_token = |document: &Value| {
            let secrets = Secrets::of(document);
            secrets.texts().any(|secret| secret.starts_with(TOKEN))
        };
        let means = |document: &&Value| {
            let kind = key_of(document).map(|key| key.kind);
            match kind {
                Some(Kind::KonnectAPIAuthConfiguration | Kind::KongReferenceGrant) => true,
                Some(Kind::Secret) => is_token(document),
                Some(_) | None => false,
            }
        };
        self.stock.iter().filter(means).cloned().collect()
    }

    fn tokens(&self) -> Vec<String> {
        let edits = self.examples.iter().filter_map(|it| it.edit.as_ref());
        let texts = self.stock.iter().chain(edits);
        let mut tokens: Vec<String> = texts
            .flat_map(|document| {
                let secrets = Secrets::of(document);
                let tokens = secrets.texts().filter(|secret| secret.starts_with(TOKEN));
                tokens.map(str::to_owned).collect::<Vec<_>>()
            })
            .collect();
        tokens.sort();
        tokens.dedup();
        tokens
    }

    fn any_act(&self, dice: &mut Schedule) -> Act {
        let edited: Vec<(&Key, &Value)> = self
            .examples
            .iter()
            .filter_map(|it| Some((&it.key, it.edit.as_ref()?)))
            .collect();
        match dice.below(34) {
            0..=5 => Act::Apply(
                (0..=dice.below(3))
                    .map(|_| self.some_document(dice))
                    .collect(),
            ),
            6..=11 if !edited.is_empty() => {
                let (key, patch) = edited[pick(dice, edited.len())];
                Act::Edit(key.clone(), patch.clone())
            }
            12..=16 => Act::Delete(self.some_keys(dice)),
            17 => Act::Delete(self.keys()),
            18..=20 => Act::Apply(self.shuffled(dice)),
            21 => match self.tokens().first() {
                Some(token) => Act::Revoke(token.clone()),
                None => Act::Settle,
            },
            22 => match self.tokens().first() {
                Some(token) => Act::Accept(token.clone()),
                None => Act::Settle,
            },
            23..=26 => {
                let object = self.some_entity(dice);
                let at = object
                    .as_ref()
                    .and_then(|key| kong_translation::collection(key.kind));
                match object.zip(at) {
                    Some((object, at)) => Act::Elsewhere(Elsewhere::DeleteOf { object, at }),
                    None => Act::Settle,
                }
            }
            27 | 28 => match self.some_entity(dice) {
                Some(key) => Act::WipeId(key),
                None => Act::Settle,
            },
            29 => Act::Collect,
            30 | 31 => Act::Wait(dice.below(70_000)),
            32 => Act::Restart,
            _ => Act::Wait(dice.below(3_000)),
        }
    }
}
