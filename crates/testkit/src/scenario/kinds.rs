//! Two stories for each kind, made from its example.
//!
//! In the first, `KIND-life`, all that the example needs is there already; it is created, edited, changed and deleted by
//! somebody in Konnect, and deleted. In the second, `KIND-backwards`, it comes before all that it needs, the
//! engine restarts in the middle, and everything is deleted at once. A kind that only others read has its users in
//! place of an entity. Start with [`all`].

use kong_crds::Kind;
use kong_driver::Schedule;
use kong_model::{Collection, OnDelete};
use kong_resolve::Key;
use serde_json::{Map, Value};

use super::Scenario;
use crate::Scene;
use crate::act::{Act, Elsewhere, apply, delete};
use crate::examples::{Example, Examples, is_judged};
use crate::sweep::sound;

/// More than a sync period, and what it takes to mend something.
const PERIOD: u64 = 65_000;
/// So long that what is missing is said in a status.
const NOTICE: u64 = 1_500;
/// So long that what Konnect takes its time for is ready, and that a list has shown it.
const RIPENING: u64 = 120_000;

/// The stories of all kinds that have an example.
pub(super) fn all() -> Vec<Scenario> {
    let examples = Examples::get();
    let mut all = Vec::new();
    for example in examples.all() {
        let world = World::of(examples, example);
        let life = if is_judged(example.key.kind) {
            world.life()
        } else {
            world.life_for_others()
        };
        all.extend([life, world.backwards()]);
    }
    all
}

/// An example and all that its stories take.
struct World<'e> {
    examples: &'e Examples,
    example: &'e Example,
    /// Who uses it, if it has no entity of its own.
    users: Vec<Key>,
    /// Everything beside the two, parents first.
    others: Vec<Key>,
}

impl<'e> World<'e> {
    fn of(examples: &'e Examples, example: &'e Example) -> Self {
        let key = &example.key;
        let users = if is_judged(key.kind) {
            Vec::new()
        } else {
            examples.users(key)
        };
        let mut others = examples.needs(key);
        others.extend(users.iter().flat_map(|user| examples.needs(user)));
        others.retain(|other| other != key && !users.contains(other));
        others.sort();
        others.dedup();
        Self {
            examples,
            example,
            users,
            others,
        }
    }

    fn name(&self, story: &str) -> String {
        format!("{}-{story}", self.example.key.kind)
    }

    /// Waits until all is ready that the example needs.
    fn ready(&self) -> Act {
        if self.others.iter().any(|key| ripens(key.kind)) {
            Act::Wait(RIPENING)
        } else {
            Act::Settle
        }
    }

    fn edit(&self) -> Option<Act> {
        let patch = self.example.edit.clone()?;
        Some(Act::Edit(self.example.key.clone(), patch))
    }

    /// The example is created, edited, changed and deleted by somebody else, and deleted.
    fn life(&self) -> Scenario {
        let key = &self.example.key;
        let ground = self.examples.documents_of(&self.others);
        let mut acts = vec![
            Act::Apply(ground),
            self.ready(),
            apply([self.example.document.clone()]),
            Act::Settle,
        ];
        if let Some(edit) = self.edit() {
            acts.extend([edit, Act::Settle]);
        }
        let entity = Entity::of(self);
        if let Some(Entity { at, changed }) = &entity {
            let object = key.clone();
            let mut elsewhere = vec![Elsewhere::DeleteOf { object, at: *at }];
            if !changed.is_empty() {
                let change = Elsewhere::ChangeOf {
                    object: key.clone(),
                    at: *at,
                    members: Value::Object(changed.clone()),
                };
                elsewhere.insert(0, change);
            }
            for elsewhere in elsewhere {
                acts.extend([Act::Elsewhere(elsewhere), Act::Wait(PERIOD)]);
            }
        }
        acts.extend([Act::Restart, Act::Settle, delete([key.clone()])]);
        let story = Scenario::new(self.name("life"), acts).on_ground(2);
        match entity {
            // Until the list of it is read nobody can know that it is gone, nor what has gone along with it.
            Some(Entity { at, .. }) if takes_along(at) => story.with_refusals(&[400, 404]),
            Some(_) | None => story,
        }
    }

    /// The example comes after those who use it, is edited, and goes before them.
    fn life_for_others(&self) -> Scenario {
        let key = &self.example.key;
        let ground = self.others.iter().chain(&self.users);
        let mut acts = vec![
            Act::Apply(self.examples.documents_of(ground)),
            Act::Settle,
            apply([self.example.document.clone()]),
            Act::Settle,
        ];
        if let Some(edit) = self.edit() {
            acts.extend([edit, Act::Settle]);
        }
        acts.extend([
            Act::Restart,
            Act::Settle,
            delete([key.clone()]),
            Act::Wait(NOTICE),
            delete(self.users.clone()),
        ]);
        Scenario::new(self.name("life"), acts).on_ground(2)
    }

    /// The last comes first, and all go at once.
    fn backwards(&self) -> Scenario {
        let mut keys: Vec<Key> = self.others.clone();
        keys.push(self.example.key.clone());
        keys.extend(self.users.iter().cloned());
        keys.reverse();
        let mut acts = Vec::new();
        let half = keys.len() / 2;
        for (at, key) in keys.iter().enumerate() {
            acts.push(Act::Apply(self.examples.documents_of([key])));
            acts.push(Act::Wait(if at == 0 { NOTICE } else { 20 }));
            if at == half {
                acts.push(Act::Restart);
            }
        }
        acts.extend([self.ready(), Act::Restart, Act::Delete(keys)]);
        Scenario::new(self.name("backwards"), acts)
    }
}

/// What an example has in Konnect.
struct Entity {
    at: Collection,
    /// The members that its edit changes, as they were before.
    changed: Map<String, Value>,
}

impl Entity {
    /// Found by looking: creates and edits the example.
    fn of(world: &World<'_>) -> Option<Self> {
        let mut scene = Scene::new(Schedule::calm(), sound);
        let key = &world.example.key;
        let ground = world.examples.documents_of(&world.others);
        let document = world.example.document.clone();
        scene
            .act(&apply(ground.into_iter().chain([document])))
            .ok()?;
        scene.act(&world.ready()).ok()?;
        scene.settle();
        let id = scene.id(key)?;
        let at = Collection::all().find(|at| scene.find_by_id(*at, &id).is_some())?;
        let before = scene.find_by_id(at, &id)?;
        if let Some(edit) = world.edit() {
            scene.act(&edit).ok()?;
            scene.settle();
        }
        let after = scene.find_by_id(at, &id)?;
        let mut changed: Map<String, Value> = Map::new();
        // What Konnect does not give back nobody can see change, and what it adds nobody can ask for.
        let unseen = [at.secrets(), at.facts()].concat();
        let members = at.defaults().keys();
        for member in members.filter(|member| !unseen.contains(&member.as_str())) {
            if before[member] != after[member] {
                changed.insert(member.clone(), before[member].clone());
            }
        }
        // The generation is among the tags and labels of every entity.
        if changed.keys().any(|member| !is_marks(member)) {
            changed.retain(|member, _| !is_marks(member));
        }
        Some(Self { at, changed })
    }
}

/// Whether Konnect takes its time until an entity of a kind is ready.
pub fn ripens(kind: Kind) -> bool {
    kong_translation::collection(kind).is_some_and(|at| at.facts().contains(&"state"))
}

/// Whether other entities go with those of a collection.
fn takes_along(at: Collection) -> bool {
    at == Collection::ControlPlanes
        || Collection::all().any(|other| {
            let mut references = other.references().iter();
            other.parent().is_some_and(|parent| parent.to == at)
                || references.any(|it| it.to == at && it.on_delete == OnDelete::Cascade)
        })
}

fn is_marks(member: &str) -> bool {
    matches!(member, "tags" | "labels")
}
