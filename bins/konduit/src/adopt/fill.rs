//! What has to be filled in before a manifest is applied: secrets, and what Konnect does not give back.
//!
//! Start with [`Taking::hide`].

use kong_model::Collection;
use kong_model::sealed::REDACTED;
use serde_json::Value;

use super::taking::Taking;
use crate::findings::Finding;
use crate::secrets::{self, Secrets};

impl Taking<'_> {
    /// What of a manifest has to be filled in.
    pub(super) fn said_of(&self, document: &Value) -> Vec<String> {
        let title = title(document);
        let own = self.findings.iter();
        let own = own.filter(|it| it.object.as_ref() == Some(&title));
        own.map(|it| {
            let short = Finding {
                object: None,
                ..it.clone()
            };
            short.to_string()
        })
        .collect()
    }

    /// Takes out what is secret, and says what has to be filled in. Of some members Konnect gives back a hash.
    pub(super) fn hide(&mut self, at: Collection, document: &mut Value) {
        let hashed = at.hashed();
        for member in hashed {
            self.fill_in(
                document,
                &format!("spec.{member}"),
                "Konnect gives back a hash of it alone",
            );
        }
        let references = at.references().iter().map(|it| it.field);
        let references: Vec<&str> = references.collect();
        let secrets = if self.secrets { &[][..] } else { at.secrets() };
        for member in secrets {
            let field = format!("spec.{member}");
            let Some(value) = document.pointer_mut(&pointer(&field)) else {
                continue;
            };
            let before = value.clone();
            mark(member, &references, value);
            if *value != before {
                self.fill_in(
                    document,
                    &field,
                    "it is secret and not printed; see --with-secrets",
                );
            }
        }
        // Whether it would be let in once that is filled in.
        let mut filled = document.clone();
        if let Some(spec) = document["spec"].as_object_mut() {
            spec.retain(|member, _| !hashed.contains(&member.as_str()));
        }
        for member in hashed {
            filled["spec"][*member] = Value::from(REDACTED);
        }
        let admitted = self.manifests.cluster.admit(&filled);
        if let Err(status) = admitted {
            let secrets = Secrets::of(document);
            let message = secrets.scrub(&status.to_string());
            self.findings.push(Finding {
                place: None,
                object: Some(title(document)),
                field: None,
                message: format!("an API server would refuse it: {message}"),
                remedy: Some("fill in what Konnect does not say".to_owned()),
            });
        }
    }

    /// The same for a configuration whose schema is not known here.
    pub(super) fn hide_config(&mut self, document: &mut Value, field: &str) {
        if self.secrets {
            return;
        }
        let Some(config) = document.pointer_mut(&pointer(field)) else {
            return;
        };
        let before = config.clone();
        secrets::hide_named("", config);
        if *config != before {
            self.fill_in(
                document,
                field,
                "what sounds secret in it is not printed; see --with-secrets",
            );
        }
    }

    pub(super) fn fill_in(&mut self, document: &Value, field: &str, message: &str) {
        self.findings.push(Finding {
            place: None,
            object: Some(title(document)),
            field: Some(field.to_owned()),
            message: message.to_owned(),
            remedy: Some("fill it in before you apply the manifest".to_owned()),
        });
    }
}

fn title(document: &Value) -> String {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let meta = &document["metadata"];
    format!(
        "{} {}/{}",
        text(&document["kind"]),
        text(&meta["namespace"]),
        text(&meta["name"])
    )
}

/// Puts a mark in place of every text, but not of what only refers to something: the path says where the value is.
fn mark(path: &str, references: &[&str], value: &mut Value) {
    match value {
        Value::String(text) if text.starts_with("{vault:") => {}
        Value::String(_) if references.contains(&path) => {}
        Value::String(_) | Value::Number(_) => *value = Value::from(REDACTED),
        Value::Array(items) => items
            .iter_mut()
            .for_each(|item| mark(path, references, item)),
        Value::Object(members) => {
            for (name, member) in members {
                mark(&format!("{path}.{name}"), references, member);
            }
        }
        Value::Null | Value::Bool(_) => {}
    }
}

fn pointer(field: &str) -> String {
    format!("/{}", field.replace('.', "/"))
}
