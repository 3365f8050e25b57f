//! What every kind leaves alone, if an annotation says so: drift, and its entity when it goes.

use kong_crds::Kind;
use kong_crds::names::{DELETION_POLICY_ANNOTATION, DRIFT_ANNOTATION};
use kong_model::Collection;
use serde_json::json;
use testkit::examples::Examples;
use testkit::scenario::Scenario;
use testkit::{Act, Elsewhere};

use super::trial::Trial;
use super::{ground, lives};

/// A world with the example of a kind, which has this annotation and has been edited.
fn annotated(kind: Kind, story: &Scenario, annotation: (&str, &str)) -> Trial {
    let example = Examples::get().of(kind).expect("it has a story");
    let mut document = example.document.clone();
    let (name, value) = annotation;
    let annotations = json!({"metadata": {"annotations": {name: value}}});
    json_patch::merge(&mut document, &annotations);
    let mut trial = Trial::new(example.key.clone(), ground(story));
    trial.act(&Act::Apply(vec![document]));
    if let Some(edit) = example.edit.clone() {
        trial.act(&Act::Edit(trial.key.clone(), edit));
    }
    trial.is_well("at first");
    trial
}

/// All kinds with something in Konnect, and where that is.
fn owners() -> impl Iterator<Item = (Kind, &'static Scenario, Collection)> {
    lives().filter_map(|(kind, story)| {
        let at = kong_translation::collection(kind)?;
        (at != Collection::Identity).then_some((kind, story, at))
    })
}

#[test]
fn every_kind_leaves_drift_if_told_so() {
    let mut complaints = Vec::new();
    let mut changes = 0;
    for ((kind, story, _), policy) in
        owners().flat_map(|owner| ["warn", "ignore"].map(|policy| (owner, policy)))
    {
        let annotation = (DRIFT_ANNOTATION, policy);
        let mut trial = annotated(kind, story, annotation);
        for act in &story.acts[story.ground..] {
            let Act::Elsewhere(elsewhere) = act else {
                continue;
            };
            let reason = match (policy, elsewhere) {
                ("warn", Elsewhere::DeleteOf { .. }) => "Gone",
                ("warn", _) => "Changed",
                (_, _) => "",
            };
            changes += 1;
            trial.act(act);
            let (own, in_konnect) = trial.scene.writes();
            trial.ask(in_konnect == 0, &format!("{act:?} is mended"));
            let said = trial.reason("Drifted");
            trial.ask(said == reason, &format!("{act:?}: it says {said:?}"));
            let writes = usize::from(policy == "warn");
            trial.ask(own <= writes, &format!("{act:?}: {own} writes"));
            let programmed = trial.scene.condition(&trial.key, "Programmed");
            let ready = trial.scene.condition(&trial.key, "Ready");
            let holds = programmed["status"] == "True" || ready["status"] == "True";
            trial.ask(holds, &format!("{act:?}: it is no longer programmed"));
            trial.survives_a_restart(&format!("after {act:?}"));
        }
        trial.goes();
        complaints.extend(trial.end());
    }
    assert!(changes >= 60, "{changes}");
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
}

#[test]
fn the_entity_of_every_kind_stays_if_told_so() {
    let (mut complaints, mut retained) = (Vec::new(), 0);
    for (kind, story, at) in owners() {
        let annotation = (DELETION_POLICY_ANNOTATION, "retain");
        let mut trial = annotated(kind, story, annotation);
        let Some(id) = trial.scene.id(&trial.key) else {
            continue;
        };
        retained += 1;
        let before = trial.scene.find_by_id(at, &id);
        trial.goes();
        trial.ask(trial.scene.writes().1 == 0, "it is written to");
        let after = trial.scene.find_by_id(at, &id);
        let stays = before.is_some() && after == before;
        trial.ask(
            stays,
            &format!("its entity was {before:?} and is {after:?}"),
        );
        complaints.extend(trial.end());
    }
    assert!(retained >= 20, "{retained}");
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
}
