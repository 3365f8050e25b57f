//! The recorded cases as the default translates them: what it gives instead of what Kong's controller gave, and what
//! it says of them, pinned in a second file beside each record.
//!
//! `<variant>_right.yaml` lies beside `<variant>_golden.yaml` only where there is something to pin. Its comments are
//! the findings; its document is the configuration, or nothing where that is the recorded one. The statuses that objects
//! get are in `<variant>_statuses.yaml`, only where they are not those of the variant `default`. `KONDUIT_BLESS=1`
//! writes the files anew. Why the two configurations differ is in `docs/differences.md`.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use gateway_translation::{DeclaredUpstream, Problem, Settings, Translation, translate};
use kong_router::{Config, Dialect, Edition, Reader, validate};
use serde_json::Value;

use crate::golden::{cases, differences, fixtures, settings, variants, world};

const AGAIN: &str = "KONDUIT_BLESS=1 cargo test -p gateway-translation --test it golden_right";

/// What is pinned of a variant.
#[derive(Default)]
struct Pin {
    /// The findings, a line each.
    said: Vec<String>,
    /// The configuration; null where it is the recorded one.
    document: Value,
}

impl Pin {
    fn of(translation: &Translation, recorded: &Value) -> Self {
        let document = translation.document.to_value();
        let mut lines = Vec::new();
        differences("", recorded, &document, &mut lines);
        Self {
            said: translation.problems.iter().map(line).collect(),
            document: if lines.is_empty() {
                Value::Null
            } else {
                document
            },
        }
    }

    /// As it lies in a file; nothing to pin is no file.
    fn read(file: &Path) -> Self {
        let Ok(text) = fs::read_to_string(file) else {
            return Self::default();
        };
        let said = text.lines().map_while(|line| line.strip_prefix("# "));
        let pin = Self {
            said: said.map(str::to_owned).collect(),
            document: serde_yaml::from_str(&text).unwrap(),
        };
        assert!(!pin.is_empty(), "{} pins nothing", file.display());
        pin
    }

    fn write(&self, file: &Path) {
        if self.is_empty() {
            // There need not have been one.
            drop(fs::remove_file(file));
            return;
        }
        let mut text = String::new();
        for line in &self.said {
            writeln!(text, "# {line}").unwrap();
        }
        if !self.document.is_null() {
            text += &serde_yaml::to_string(&self.document).unwrap();
        }
        fs::write(file, text).unwrap();
    }

    fn is_empty(&self) -> bool {
        self.said.is_empty() && self.document.is_null()
    }

    /// Where another one differs, a line each.
    fn differences(&self, found: &Self) -> Vec<String> {
        let missing = self.said.iter().filter(|line| !found.said.contains(line));
        let new = found.said.iter().filter(|line| !self.said.contains(line));
        let mut lines: Vec<String> = missing.map(|line| format!("not said: {line}")).collect();
        lines.extend(new.map(|line| format!("said, not expected: {line}")));
        differences("", &self.document, &found.document, &mut lines);
        lines
    }
}

/// A finding in one line.
fn line(problem: &Problem) -> String {
    let Problem {
        object,
        field,
        message,
        remedy,
        ..
    } = problem;
    let place = match field.as_str() {
        "" => object.to_string(),
        field => format!("{object} {field}"),
    };
    let line = match remedy.as_str() {
        "" => format!("{place}: {message}"),
        remedy => format!("{place}: {message}; {remedy}"),
    };
    line.replace('\n', "\\n")
}

/// The default for a gateway with the flavour and the features of a variant.
fn right(recorded: Settings) -> Settings {
    Settings {
        flavor: recorded.flavor,
        combined_services: recorded.combined_services,
        features: recorded.features,
        all_routes: recorded.all_routes,
        without: recorded.without,
        ..Settings::right(recorded.version)
    }
}

#[test]
fn the_default_gives_what_is_pinned_beside_each_record() {
    let bless = std::env::var_os("KONDUIT_BLESS").is_some();
    let mut wrong = Vec::new();
    let mut count = 0;
    for case in cases() {
        let world = world(&fs::read_to_string(case.join("in.yaml")).unwrap());
        for (variant, flags) in variants(&case) {
            let record = fs::read_to_string(case.join(format!("{variant}_golden.yaml"))).unwrap();
            let recorded: Value = serde_yaml::from_str(&record).unwrap();
            let translation = translate(&world, &right(settings(&world, &flags)));
            let found = Pin::of(&translation, &recorded);
            let file = case.join(format!("{variant}_right.yaml"));
            let lines = Pin::read(&file).differences(&found);
            count += 1;
            if lines.is_empty() {
                continue;
            }
            if bless {
                found.write(&file);
            } else {
                let name = file.strip_prefix(fixtures()).unwrap().display();
                wrong.push(format!("{name}:\n  {}", lines.join("\n  ")));
            }
        }
    }
    assert!(
        wrong.is_empty(),
        "{} of {count} variants differ:\n{}\nIf this is what the default ought to give, write the files anew, and \
         read the changes:\n  {AGAIN}",
        wrong.len(),
        wrong.join("\n")
    );
    assert!(count > 0);
}

/// The statuses of all objects, by their names.
fn statuses(translation: &Translation) -> Value {
    let statuses = translation.statuses.iter();
    statuses
        .map(|(object, status)| (object.to_string(), status.clone()))
        .collect::<serde_json::Map<String, Value>>()
        .into()
}

/// What a file says, which is nothing if it is not there.
fn read(file: &Path) -> Option<Value> {
    Some(serde_yaml::from_str(&fs::read_to_string(file).ok()?).unwrap())
}

#[test]
fn the_conditions_are_pinned_beside_each_record() {
    let bless = std::env::var_os("KONDUIT_BLESS").is_some();
    let none = || Value::Object(serde_json::Map::new());
    let mut wrong = Vec::new();
    let mut count = 0;
    for case in cases() {
        let world = world(&fs::read_to_string(case.join("in.yaml")).unwrap());
        let plain = case.join("default_statuses.yaml");
        // `default` is the first, since what the others may leave out is what it has.
        let mut variants = variants(&case);
        variants.sort_by_key(|(variant, _)| variant != "default");
        for (variant, flags) in variants {
            let settings = right(settings(&world, &flags));
            let found = statuses(&translate(&world, &settings));
            let file = case.join(format!("{variant}_statuses.yaml"));
            let fallback = if file == plain { None } else { read(&plain) };
            let fallback = fallback.unwrap_or_else(none);
            let pinned = read(&file);
            count += 1;
            let needed = (found != fallback).then_some(&found);
            if pinned.as_ref() == needed {
                continue;
            }
            if bless {
                match needed {
                    Some(found) => fs::write(&file, serde_yaml::to_string(found).unwrap()).unwrap(),
                    None => fs::remove_file(&file).unwrap(),
                }
                continue;
            }
            let mut lines = Vec::new();
            let pinned = pinned.unwrap_or(fallback);
            differences("", &pinned, &found, &mut lines);
            let name = file.strip_prefix(fixtures()).unwrap().display();
            wrong.push(format!("{name}:\n  {}", lines.join("\n  ")));
        }
    }
    assert!(
        wrong.is_empty(),
        "statuses differ, or lie twice:\n{}\nIf they ought to be so, write the files anew, and read the changes:\n  \
         {AGAIN}",
        wrong.join("\n")
    );
    assert!(count > 0);
}

#[test]
fn kong_takes_what_the_default_gives() {
    let mut wrong = Vec::new();
    for case in cases() {
        let world = world(&fs::read_to_string(case.join("in.yaml")).unwrap());
        for (variant, flags) in variants(&case) {
            let settings = right(settings(&world, &flags));
            let dialect = Dialect {
                flavor: settings.flavor,
                edition: Edition::Enterprise,
                reader: Reader::Kong,
                now: None,
            };
            let mut document = translate(&world, &settings).document;
            // The rules are those of versions that have no sessions that stick yet.
            let sticks = |it: &DeclaredUpstream| it.upstream.sticky_sessions_cookie.is_some();
            document.upstreams.retain(|upstream| !sticks(upstream));
            let Value::Object(members) = document.to_value() else {
                panic!("a document has members");
            };
            for finding in validate(&Config::new(members), dialect) {
                let case = case.file_name().unwrap().to_string_lossy();
                let (field, reason) = (&finding.field, finding.reason());
                wrong.push(format!("{case} {variant}: {field}: {reason}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn each_pin_is_beside_a_record() {
    for case in cases() {
        let variants = variants(&case);
        for entry in fs::read_dir(&case).unwrap() {
            let file = entry.unwrap().file_name().to_string_lossy().into_owned();
            let pinned = file
                .strip_suffix("_right.yaml")
                .or_else(|| file.strip_suffix("_statuses.yaml"));
            if let Some(pinned) = pinned {
                assert!(
                    variants.iter().any(|(variant, _)| variant == pinned),
                    "{}/{file} is beside no record",
                    case.display()
                );
            }
        }
    }
}
