//! What tests ask of objects as JSON: conditions, mostly.

use serde_json::Value;

/// A condition by its type.
pub fn condition<'a>(object: &'a Value, name: &str) -> Option<&'a Value> {
    let conditions = object["status"]["conditions"].as_array()?;
    conditions
        .iter()
        .find(|condition| condition["type"] == name)
}

/// Status and reason of a condition, as `True Programmed`; empty if it is not there.
pub fn said(object: &Value, name: &str) -> String {
    let Some(condition) = condition(object, name) else {
        return String::new();
    };
    let part = |key: &str| condition[key].as_str().unwrap_or_default();
    format!("{} {}", part("status"), part("reason"))
}

/// Whether a condition is true for the newest spec.
pub fn is_true(object: &Value, name: &str) -> bool {
    condition(object, name).is_some_and(|condition| {
        condition["status"] == "True"
            && condition["observedGeneration"] == object["metadata"]["generation"]
    })
}

/// Whether it says that it is in Konnect.
pub fn is_programmed(object: &Value) -> bool {
    is_true(object, "Programmed")
}

/// The id of its entity; that of a control plane is elsewhere than all others.
pub fn konnect_id(object: &Value) -> Option<&str> {
    let status = &object["status"];
    status["konnect"]["id"]
        .as_str()
        .or_else(|| status["id"].as_str())
}

/// Its name.
pub fn name(object: &Value) -> &str {
    object["metadata"]["name"].as_str().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_condition_about_an_older_spec_is_not_true_any_more() {
        let of = |observed: u8| {
            json!({"metadata": {"generation": 2}, "status": {"conditions": [{
                "type": "Programmed", "status": "True", "reason": "Programmed",
                "observedGeneration": observed}]}})
        };
        assert!(is_programmed(&of(2)) && !is_programmed(&of(1)));
        assert_eq!(said(&of(1), "Programmed"), "True Programmed");
        assert_eq!(said(&of(1), "Valid"), "");
    }
}
