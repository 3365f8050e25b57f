//! Whose a token is, and what that user may: reviews, which are answered and not stored.

use serde_json::{Value, json};

/// Tokens that the server knows, each with its user.
const USERS: [(&str, &str); 2] = [
    (
        "token-of-prometheus",
        "system:serviceaccount:monitoring:prometheus",
    ),
    ("token-of-somebody", "somebody"),
];

/// A review with its answer; `None` if it is something else.
pub(super) fn answer(plural: &str, review: &Value) -> Option<Value> {
    let spec = &review["spec"];
    let status = match plural {
        "tokenreviews" => {
            let user = USERS.iter().find(|(token, _)| spec["token"] == *token);
            match user {
                Some((_, name)) => json!({"authenticated": true, "user": {"username": name}}),
                None => json!({"authenticated": false, "error": "unknown"}),
            }
        }
        "subjectaccessreviews" => {
            let wanted = json!({"path": "/metrics", "verb": "get"});
            let asked = spec["nonResourceAttributes"] == wanted;
            json!({"allowed": asked && spec["user"] == USERS[0].1})
        }
        _ => return None,
    };
    let mut review = review.clone();
    review["status"] = status;
    Some(review)
}
