//! Which Secrets are read: those that say by a label that they are meant for Kong.
//!
//! A cluster often has more Secrets than everything else in it, and no permission can be for "those that
//! something refers to". The watch in a cluster asks with [`selector`](SecretLabel::selector); what plays a
//! cluster in one process asks [`selects`](SecretLabel::selects). Both are the same rule.

use serde_json::Value;

use crate::names::SECRET_LABEL;

/// The values that count, as with Kong's operator; the second is what people write.
const VALUES: [&str; 2] = ["internal", "true"];

/// The label that a Secret has to have to be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SecretLabel(String);

impl Default for SecretLabel {
    fn default() -> Self {
        Self::new(SECRET_LABEL)
    }
}

impl SecretLabel {
    /// This label; every Secret is read if it is empty.
    pub fn new(name: impl Into<String>) -> Self {
        Self(name.into())
    }

    /// The rule as a label selector; `None` if there is none.
    pub fn selector(&self) -> Option<String> {
        let [first, second] = VALUES;
        (!self.0.is_empty()).then(|| format!("{} in ({first}, {second})", self.0))
    }

    /// The label that makes a Secret be read, name and value; `None` if it needs none.
    pub fn mark(&self) -> Option<(&str, &'static str)> {
        (!self.0.is_empty()).then_some((self.0.as_str(), VALUES[1]))
    }

    /// Whether a Secret is read, given as the API server stores it.
    pub fn selects(&self, secret: &Value) -> bool {
        self.0.is_empty()
            || secret["metadata"]["labels"][&self.0]
                .as_str()
                .is_some_and(|value| VALUES.contains(&value))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_secret_counts_if_the_label_has_a_value_that_counts() {
        let label = SecretLabel::default();
        let secret = |labels: Value| json!({"kind": "Secret", "metadata": {"labels": labels}});
        for value in ["true", "internal"] {
            assert!(label.selects(&secret(json!({"konghq.com/secret": value}))));
        }
        for labels in [
            Value::Null,
            json!({}),
            json!({"konghq.com/secret": "false"}),
            json!({"konghq.com/secret": ""}),
            json!({"konghq.com/credential": "true"}),
        ] {
            assert!(!label.selects(&secret(labels.clone())), "{labels}");
        }
        assert_eq!(
            label.selector().as_deref(),
            Some("konghq.com/secret in (internal, true)")
        );
    }

    #[test]
    fn an_empty_label_means_every_secret() {
        let label = SecretLabel::new("");
        assert!(label.selects(&json!({"metadata": {"name": "any"}})));
        assert_eq!(label.selector(), None);
    }
}
