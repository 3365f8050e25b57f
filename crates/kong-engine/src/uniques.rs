//! Names and other things that no two entities may share.
//!
//! Who has something in Konnect and still wants it keeps it. What nobody has goes to the oldest of those
//! that want it. Who wants what another one is about to give up waits, and where all wait for each other
//! the first of them steps aside.

use uuid::Uuid;

use kong_model::UniqueKey;
use kong_resolve::{Intent, Key};

use crate::engine::Engine;
use crate::entities::Entity;

/// How a claim to something unique stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Contest {
    /// Nobody is in the way.
    Free,
    /// Whoever has it is about to give it up.
    Wait,
    /// All wait for each other, and this one is to begin.
    StepAside,
    /// Somebody else has it, for the reason given.
    Lost(String),
}

/// How entities that wait for each other's names stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Chain {
    /// All wait for each other; this one begins.
    Ring { first: Uuid },
    /// The last one waits for nobody.
    Open { last: Uuid },
    /// Too long to say, or it leads into a ring.
    Endless,
}

/// Why another one has what is unique.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Holding {
    /// It has not given it up.
    Still,
    /// It was there first.
    First,
    /// Its object is older.
    Older,
}

impl Entity {
    fn lost(&self, key: &UniqueKey, holder: &str) -> String {
        match &self.content {
            Some(content) => format!("{content}: {key} is taken by {holder}"),
            None => format!("{key} is taken by {holder}"),
        }
    }

    fn lost_to(&self, other: &Self, key: &UniqueKey, holding: Holding) -> String {
        let same = self.owner == other.owner;
        let holder = match &other.content {
            Some(content) if same => content.to_string(),
            Some(content) => format!("{content} of {}", other.owner),
            None => other.owner.to_string(),
        };
        let why = match holding {
            Holding::Still => "still has it in Konnect; its own conditions say why",
            Holding::First | Holding::Older if same => {
                "has it for this object; take one of the two out"
            }
            Holding::First => "has it in Konnect; choose another one",
            Holding::Older => "is older; choose another one",
        };
        format!("{}, which {why}", self.lost(key, &holder))
    }
}

/// No chain of entities that wait for each other's names is longer than this; a longer one is left to
/// dissolve from its other end.
const LONGEST_CHAIN: usize = 1_000;

impl Engine {
    pub(crate) fn contest(&self, id: Uuid, entity: &Entity) -> Contest {
        let realm = entity.realm();
        let mut holder = None;
        for key in entity.claims() {
            if entity.is_present() && entity.holds.contains(&key) {
                continue;
            }
            if let Some(foreign) = self.listings.foreign(&realm, &key)
                && entity
                    .remote
                    .as_ref()
                    .is_none_or(|remote| *remote != foreign.id)
            {
                return Contest::Lost(entity.lost(&key, &foreign.words));
            }
            for (other_id, other) in self.entities.rivals(&realm, &key) {
                if other_id == id {
                    continue;
                }
                let has = other.is_possible() && other.holds.contains(&key);
                let wants = other.wanted().is_some() && other.claims().contains(&key);
                // What is kept, or what Konnect refuses to change or delete, gives nothing up; unless that
                // is because of a name, which may be given up in turn.
                let refused = (other.failures > 0 && !other.beaten || other.is_leaving())
                    && other.problem.as_ref().is_some_and(|it| !it.transient);
                let keeps = has && (other.intent == Some(Intent::Keep) || refused);
                if keeps && !wants {
                    return Contest::Lost(entity.lost_to(other, &key, Holding::Still));
                } else if wants && (has || other.in_flight.is_some()) {
                    return Contest::Lost(entity.lost_to(other, &key, Holding::First));
                } else if wants && self.age(&other.owner) < self.age(&entity.owner) {
                    return Contest::Lost(entity.lost_to(other, &key, Holding::Older));
                }
                if has && holder.is_none() {
                    holder = Some((key.clone(), other));
                }
            }
        }
        let Some((key, holder)) = holder else {
            return Contest::Free;
        };
        match self.chain(id) {
            Chain::Ring { first } if first == id => Contest::StepAside,
            Chain::Open { last } if self.is_stuck(last) => {
                Contest::Lost(entity.lost_to(holder, &key, Holding::Still))
            }
            Chain::Ring { .. } | Chain::Open { .. } | Chain::Endless => Contest::Wait,
        }
    }

    /// How those that wait for each other's names stand, beginning with this one.
    fn chain(&self, start: Uuid) -> Chain {
        let (mut at, mut first) = (start, start);
        for _ in 0..LONGEST_CHAIN {
            match self.waits_for(at) {
                Some(next) if next == start => return Chain::Ring { first },
                Some(next) => {
                    at = next;
                    first = first.min(next);
                }
                None => return Chain::Open { last: at },
            }
        }
        Chain::Endless
    }

    /// Whether an entity cannot be written as wanted, and waits for nobody.
    fn is_stuck(&self, id: Uuid) -> bool {
        let problem = self.entities.get(id).and_then(|it| it.problem.as_ref());
        problem.is_some_and(|problem| !problem.transient)
    }

    /// Who has what this one wants, without wanting it any more.
    fn waits_for(&self, id: Uuid) -> Option<Uuid> {
        let entity = self.entities.get(id)?;
        entity.wanted()?;
        let realm = entity.realm();
        entity
            .claims()
            .iter()
            .filter(|key| !entity.holds.contains(key))
            .find_map(|key| {
                self.entities
                    .rivals(&realm, key)
                    .find_map(|(other_id, other)| {
                        let has = other.is_possible() && other.holds.contains(key);
                        (other_id != id && has && !other.claims().contains(key)).then_some(other_id)
                    })
            })
    }

    /// What makes one object older than another; the key decides between those of one second.
    pub(crate) fn age<'k>(&self, owner: &'k Key) -> (i64, &'k Key) {
        let created = self
            .world
            .entry(owner)
            .map_or(i64::MAX, |entry| entry.meta.created);
        (created, owner)
    }
}
