//! Every kind with `spec.adopt` takes over what somebody else has made: its own entity, made by hand.

use kong_crds::Kind;
use kong_model::tags::is_operators;
use kong_model::{Collection, RemoteId, Site, Update};
use kong_resolve::Key;
use serde_json::{Value, json};
use testkit::document::TOKEN;
use testkit::examples::Examples;
use testkit::scenario::Scenario;
use testkit::{Act, Scene, held};

use super::trial::Trial;
use super::{PERIOD, ground, lives};

/// The entity of an example as somebody else would have made it, and the groups that it is in.
struct Theirs {
    at: Collection,
    id: String,
    entities: Vec<(Site, Value)>,
}

impl Theirs {
    /// Lets the example come, looks at what it has become, and lets it go again.
    fn of(scene: &mut Scene, key: &Key, example: &Act, at: Collection) -> Self {
        scene.act(example).expect("the examples are valid");
        scene.run_for(2 * PERIOD);
        let (id, status) = (scene.id(key).expect("it is in Konnect"), scene.status(key));
        let plane = [
            &status["konnect"]["controlPlaneID"],
            &status["controlPlaneID"],
        ];
        let plane = plane
            .into_iter()
            .find_map(Value::as_str)
            .map(RemoteId::from);
        let memberships = Collection::all().filter(|it| it.members() == Some(at));
        let mut entities = Vec::new();
        for place in [at].into_iter().chain(memberships) {
            for (own, entity) in held(&scene.driver.konnect, place) {
                if own != id && !own.ends_with(&format!("/{id}")) {
                    continue;
                }
                let mut entity = entity.clone();
                entity["id"] = json!(own);
                if let Some(tags) = entity["tags"].as_array_mut() {
                    tags.retain(|tag| !tag.as_str().is_some_and(is_operators));
                }
                let site = Site {
                    at: place,
                    control_plane: plane.clone(),
                    parent: None,
                };
                entities.push((site, entity));
            }
        }
        let deleted = scene.act(&Act::Delete(vec![key.clone()]));
        deleted.expect("it is there");
        assert!(scene.settle(), "{key} does not go");
        assert!(scene.object(key).is_none(), "{key} does not go");
        Self { at, id, entities }
    }

    /// Puts it there.
    fn plant(&self, scene: &mut Scene) {
        for (site, entity) in &self.entities {
            let konnect = &mut scene.driver.konnect;
            let planted = konnect.plant(TOKEN, "us", site, entity.clone());
            assert!(planted, "{site:?}");
            scene.watchdog.disturbed(site.at, konnect);
        }
        scene.clear_logs();
    }

    /// How often it was written to, or put into groups.
    fn writes(&self, scene: &Scene) -> usize {
        let whole = matches!(self.at.update(), Update::Whole { .. });
        let itself = |path: &str| {
            let joins = path.contains("/consumer_groups/") && path.ends_with("/consumers");
            path.ends_with(&self.id) || joins || whole && path.contains(self.at.items_path())
        };
        let log = scene.driver.konnect.log().iter();
        let ours = log.filter(|it| it.is_write() && !it.foreign);
        ours.filter(|it| itself(&it.path)).count()
    }
}

/// The example as it is once this edit was made, which takes over what has this id.
fn adopting(kind: Kind, edit: &Value, id: &str, mode: &str) -> Act {
    let example = Examples::get().of(kind).expect("it has a story");
    let mut document = example.document.clone();
    json_patch::merge(&mut document, edit);
    document["spec"]["adopt"] = json!({"from": "konnect", "mode": mode, "konnect": {"id": id}});
    Act::Apply(vec![document])
}

/// All kinds that can take something over, with their stories.
fn adopters() -> Vec<(Kind, &'static Scenario, Collection)> {
    let definitions = kong_crds::crd_documents();
    let adopts = |kind: Kind| {
        let mut own = definitions.iter();
        let own = own.find(|it| it["spec"]["names"]["kind"] == kind.as_str());
        own.is_some_and(|own| {
            let mut versions = own["spec"]["versions"].as_array().into_iter().flatten();
            let pointer = "/schema/openAPIV3Schema/properties/spec/properties/adopt";
            versions.any(|it| it["name"] == kind.version() && it.pointer(pointer).is_some())
        })
    };
    let able = lives().filter(|(kind, _)| adopts(*kind));
    able.map(|(kind, story)| {
        let at = kong_translation::collection(kind).expect("what it takes over is somewhere");
        (kind, story, at)
    })
    .collect()
}

/// What somebody else made has become its own, and goes with it.
fn is_taken_over(trial: &mut Trial, theirs: &Theirs, writes: usize) {
    let is_ours = trial.scene.id(&trial.key).as_ref() == Some(&theirs.id);
    trial.ask(is_ours, "it is not taken over");
    trial.is_well("after it was taken over");
    trial.ask(trial.reason("Adopted") == "Adopted", "it is not Adopted");
    let written = theirs.writes(&trial.scene);
    trial.ask(written == writes, &format!("{written} writes"));
    trial.survives_a_restart("after it was taken over");
    trial.goes();
    let left = trial.scene.find_by_id(theirs.at, &theirs.id).is_some();
    trial.ask(!left || is_emptied(theirs.at), "it stays in Konnect");
}

/// Whether nothing of a collection is ever deleted, but emptied.
fn is_emptied(at: Collection) -> bool {
    matches!(at.update(), Update::Whole { .. })
}

/// The world of a story with somebody else's entity like that of its example.
fn trial((kind, story, at): (Kind, &'static Scenario, Collection)) -> (Trial, Theirs) {
    let example = Examples::get().of(kind).expect("it has a story");
    let (key, mut scene) = (example.key.clone(), ground(story));
    let theirs = Theirs::of(&mut scene, &key, &story.acts[story.ground], at);
    theirs.plant(&mut scene);
    (Trial::new(key, scene), theirs)
}

#[test]
fn every_kind_takes_over_what_is_as_it_says_without_a_write() {
    let adopters = adopters();
    assert!(adopters.len() >= 20, "{adopters:?}");
    let mut complaints = Vec::new();
    for adopter in adopters {
        let (mut trial, theirs) = trial(adopter);
        trial.act(&adopting(adopter.0, &json!({}), &theirs.id, "match"));
        is_taken_over(&mut trial, &theirs, 0);
        complaints.extend(trial.end());
    }
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
}

#[test]
fn every_kind_leaves_what_differs_and_overrides_it_with_one_write_if_told_so() {
    let mut complaints = Vec::new();
    let mut overridden = 0;
    for adopter in adopters() {
        let example = Examples::get().of(adopter.0).expect("it has a story");
        let Some(edit) = example.edit.clone() else {
            continue;
        };
        let (mut trial, theirs) = trial(adopter);
        trial.act(&adopting(adopter.0, &edit, &theirs.id, "match"));
        trial.ask(trial.reason("Adopted") == "NotMatch", "it matches");
        trial.ask(theirs.writes(&trial.scene) == 0, "it is written to");
        if theirs.at.carries_tags() {
            overridden += 1;
            trial.act(&adopting(adopter.0, &edit, &theirs.id, "override"));
            is_taken_over(&mut trial, &theirs, 1);
        }
        complaints.extend(trial.end());
    }
    assert!(overridden >= 15, "{overridden}");
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
}
