//! The recorded cases: manifests, and the configuration that Kong's controller makes of them.
//!
//! What the default gives instead is in `golden_right`. `GOLDEN=case` runs one case, `GOLDEN_PART=consumers,plugins` compares these collections alone.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use gateway_translation::{KongVersion, Settings, translate};
use kong_resolve::{Entry, Key, World};
use kong_router::Flavor;
use serde_json::Value;

pub(crate) fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures")
}

/// The folders of all cases, or of the one that was asked for.
pub(crate) fn cases() -> Vec<PathBuf> {
    let only = std::env::var("GOLDEN").ok();
    let mut cases = Vec::new();
    for set in ["golden", "golden-more"] {
        for entry in fs::read_dir(fixtures().join(set)).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            if path.is_dir()
                && only
                    .as_ref()
                    .is_none_or(|only| name.contains(only.as_str()))
            {
                cases.push(path);
            }
        }
    }
    cases.sort();
    cases
}

/// Objects as they lie in a cache: nothing is defaulted or checked.
pub(crate) fn world(manifests: &str) -> World {
    let documents = manifests.split("\n---");
    let documents = documents.map(|document| serde_yaml::from_str(document).unwrap());
    world_of(documents.filter(|document: &Value| !document.is_null()))
}

/// The same of documents.
pub(crate) fn world_of(documents: impl Iterator<Item = Value>) -> World {
    let mut world = World::default();
    for document in documents {
        let observed = kong_crds::read_manifest(document).unwrap();
        let key = Key::of(&observed).unwrap();
        world.insert(key, Entry::of(observed));
    }
    world
}

/// The version of the gateway that all cases were recorded for.
const VERSION: KongVersion = KongVersion::new(3, 12);

/// How Kong's controller was told to translate a variant of a case.
pub(crate) fn settings(world: &World, flags: &BTreeMap<String, bool>) -> Settings {
    let mut settings = Settings {
        all_routes: true,
        without: refused(world),
        ..Settings::as_kong(VERSION)
    };
    for (flag, on) in flags {
        match flag.as_str() {
            "ExpressionRoutes" if *on => settings.flavor = Flavor::Expressions,
            "ExpressionRoutes" => settings.flavor = Flavor::TraditionalCompatible,
            "CombinedServicesFromDifferentHTTPRoutes" => settings.combined_services = *on,
            "KongServiceFacade" => settings.features.service_facades = *on,
            "SupportRedirectPlugin" => settings.features.redirect_plugin = *on,
            "RewriteURIs" => settings.features.rewrite_uris = *on,
            other => panic!("{other}"),
        }
    }
    settings
}

/// The objects that the gateway of a case refuses, so that it is told of the rest.
fn refused(world: &World) -> BTreeSet<Key> {
    let broken = world
        .entries()
        .filter(|(_, entry)| entry.meta.annotation("test.konghq.com/broken") == Some("true"));
    broken.map(|(key, _)| key.clone()).collect()
}

/// The variants of a case, with their flags.
pub(crate) fn variants(case: &Path) -> Vec<(String, BTreeMap<String, bool>)> {
    let mut variants = Vec::new();
    for entry in fs::read_dir(case).unwrap() {
        let file = entry.unwrap().file_name().to_string_lossy().into_owned();
        let Some(variant) = file.strip_suffix("_golden.yaml") else {
            continue;
        };
        let file = case.join(format!("{variant}_settings.yaml"));
        let flags = match fs::read_to_string(file) {
            Ok(text) => {
                let settings: Value = serde_yaml::from_str(&text).unwrap();
                serde_json::from_value(settings["feature_flags"].clone()).unwrap()
            }
            Err(_) => BTreeMap::new(),
        };
        variants.push((variant.to_owned(), flags));
    }
    variants.sort();
    variants
}

/// Where two documents differ, a line each.
pub(crate) fn differences(place: &str, expected: &Value, found: &Value, lines: &mut Vec<String>) {
    match (expected, found) {
        (Value::Object(one), Value::Object(two)) => {
            for (name, value) in one {
                let at = format!("{place}.{name}");
                differences(&at, value, two.get(name).unwrap_or(&Value::Null), lines);
            }
            for (name, value) in two.iter().filter(|(name, _)| !one.contains_key(*name)) {
                lines.push(format!("{place}.{name}: not expected: {value}"));
            }
        }
        (Value::Array(one), Value::Array(two)) if one.len() == two.len() => {
            for (number, (one, two)) in one.iter().zip(two).enumerate() {
                let name = one["name"].as_str().or_else(|| one["target"].as_str());
                let name = name.map_or_else(|| number.to_string(), str::to_owned);
                differences(&format!("{place}[{name}]"), one, two, lines);
            }
        }
        (Value::Number(one), Value::Number(two)) if one.as_f64() == two.as_f64() => {}
        (one, two) if one == two => {}
        (one, two) => lines.push(format!("{place}: expected {one}, found {two}")),
    }
}

#[test]
fn kongs_own_translation_is_given_when_it_is_asked_for() {
    let parts = std::env::var("GOLDEN_PART").ok();
    let parts: Option<Vec<&str>> = parts.as_ref().map(|parts| parts.split(',').collect());
    let (mut wrong, mut count) = (Vec::new(), 0);
    for case in cases() {
        let world = world(&fs::read_to_string(case.join("in.yaml")).unwrap());
        for (variant, flags) in variants(&case) {
            let file = case.join(format!("{variant}_golden.yaml"));
            let mut expected: Value =
                serde_yaml::from_str(&fs::read_to_string(file).unwrap()).unwrap();
            let translation = translate(&world, &settings(&world, &flags));
            let mut found = translation.document.to_value();
            if let Some(parts) = &parts {
                for document in [&mut expected, &mut found] {
                    let document = document.as_object_mut().unwrap();
                    document.retain(|collection, _| parts.contains(&collection.as_str()));
                }
            }
            let mut lines = Vec::new();
            differences("", &expected, &found, &mut lines);
            count += 1;
            if !lines.is_empty() {
                let case = case.file_name().unwrap().to_string_lossy();
                wrong.push(format!("{case} {variant}:\n  {}", lines.join("\n  ")));
            }
        }
    }
    assert!(
        wrong.is_empty(),
        "{} of {count} variants differ:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
    assert!(count > 0);
}
