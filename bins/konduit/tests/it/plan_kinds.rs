//! `konduit plan` of every kind, by its example: what it says is what an operator does.

use kong_crds::Kind;
use kong_driver::Schedule;
use konnect_sim::Konnect;
use serde_json::Value;
use testkit::examples::{Examples, is_judged};
use testkit::sweep::sound;
use testkit::{Act, Scene};
use uuid::Uuid;

use crate::folder;
use crate::konnect::Served;

/// So long that Konnect has made ready what it takes its time for, and that a list has shown it.
const RIPENING: u64 = 130_000;

fn manifests(documents: &[Value]) -> String {
    let texts = documents
        .iter()
        .map(|it| serde_yaml::to_string(it).unwrap());
    texts.collect::<Vec<_>>().join("---\n")
}

/// A request without the ids that differ from Konnect to Konnect.
fn request(method: &str, path: &str) -> String {
    let segments = path.split('/').map(|segment| {
        let is_id = Uuid::parse_str(segment).is_ok() || segment == "{new}";
        if is_id { "*" } else { segment }
    });
    format!("{method} {}", segments.collect::<Vec<_>>().join("/"))
}

/// The requests that a plan tells.
fn told(konnect: &Konnect, documents: &[Value]) -> (i32, Vec<String>, String) {
    let served = Served::start(konnect.clone());
    let directory = folder(&[("all.yaml", &manifests(documents))]);
    let (code, json) = served.json(directory.path(), &[]);
    let shown = json.to_string();
    let secrets = Examples::get().secrets();
    assert_eq!(secrets.found_in(&shown), None, "{shown}");
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let requests = json["requests"].as_array().into_iter().flatten();
    let requests = requests.map(|it| request(&text(&it["method"]), &text(&it["path"])));
    let mut requests: Vec<String> = requests.collect();
    requests.sort();
    (code, requests, shown)
}

/// The requests that an operator sends when this happens.
fn sent(scene: &mut Scene, act: &Act) -> Vec<String> {
    scene.clear_logs();
    scene.act(act).expect("the examples are valid");
    scene.run_for(RIPENING);
    let log = scene.driver.konnect.log().iter().filter(|it| it.is_write());
    let mut sent: Vec<String> = log
        .map(|it| request(it.method.as_str(), &it.path))
        .collect();
    sent.sort();
    sent
}

#[test]
fn a_plan_for_any_kind_tells_what_an_operator_sends() {
    let examples = Examples::get();
    let mut complaints = Vec::new();
    for kind in Kind::served().filter(|kind| is_judged(*kind)) {
        let example = examples.of(kind).unwrap();
        let needs = examples.needs(&example.key);
        let before = examples.documents_of(&needs);
        let mut scene = Scene::new(Schedule::calm(), sound);
        sent(&mut scene, &Act::Apply(before.clone()));
        let mut documents = before.clone();
        documents.push(example.document.clone());
        let mut edited = example.document.clone();
        let mut steps = vec![(Act::Apply(vec![edited.clone()]), documents.clone())];
        // What carries no tags is known by its name, which the edit of a store changes.
        let edit = example.edit.as_ref();
        let edit = edit.filter(|_| kind != Kind::KonnectConfigStore);
        if let Some(edit) = edit {
            json_patch::merge(&mut edited, edit);
            documents.pop();
            documents.push(edited);
            steps.push((Act::Edit(example.key.clone(), edit.clone()), documents));
        }
        // Control planes may be those of others, and of what carries no tags nobody can say.
        let at = kong_translation::collection(kind).filter(|at| at.carries_tags());
        if at.is_some() {
            steps.push((Act::Delete(vec![example.key.clone()]), before));
        }
        for (act, documents) in steps {
            let (code, told_before, whole) = told(&scene.driver.konnect, &documents);
            let sent = sent(&mut scene, &act);
            if told_before != sent || code != if sent.is_empty() { 0 } else { 2 } {
                complaints.push(format!(
                    "{kind}, {act:?}: {code} {told_before:?} {sent:?} {whole}"
                ));
            }
            // Nothing is said to go without a request that lets it go.
            let goes = whole.contains(r#""action":"delete""#);
            if goes && !sent.iter().any(|it| it.starts_with("DELETE")) {
                complaints.push(format!("{kind}, {act:?}: nothing goes: {whole}"));
            }
            let (code, told_after, whole) = told(&scene.driver.konnect, &documents);
            if code != 0 || !told_after.is_empty() {
                complaints.push(format!(
                    "{kind}, after {act:?}: {code} {told_after:?} {whole}"
                ));
            }
        }
    }
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
}
