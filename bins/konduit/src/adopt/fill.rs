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
    /// Takes out what is secret, and says what has to be filled in.
    pub(super) fn hide(&mut self, at: Collection, document: &mut Value) {
        for member in at.secrets() {
            let field = format!("spec.{member}");
            let value = &mut document["spec"][*member];
            if value.is_null() {
                if let Some(spec) = document["spec"].as_object_mut() {
                    spec.remove(*member);
                }
            } else if !self.secrets {
                mark(value);
                self.fill_in(
                    document,
                    &field,
                    "it is secret and not printed; see --with-secrets",
                );
            }
        }
        let admitted = self.manifests.cluster.admit(document);
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
        let pointer = format!("/{}", field.replace('.', "/"));
        let Some(config) = document.pointer_mut(&pointer) else {
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

/// Puts a mark in place of every text.
fn mark(value: &mut Value) {
    match value {
        Value::String(text) if text.starts_with("{vault:") => {}
        Value::String(_) | Value::Number(_) => *value = Value::from(REDACTED),
        Value::Array(items) => items.iter_mut().for_each(mark),
        Value::Object(members) => members.values_mut().for_each(mark),
        Value::Null | Value::Bool(_) => {}
    }
}
