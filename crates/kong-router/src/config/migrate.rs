//! What Kong does to configurations of a format before 3.0: paths that look like patterns become patterns.

use serde_json::{Map, Value};

use super::Declared;

/// Whether the format is one in which patterns have no mark.
pub(super) fn is_old(document: &Map<String, Value>) -> bool {
    matches!(
        document.get("_format_version").and_then(Value::as_str),
        Some("1.1" | "2.1")
    )
}

/// Marks the patterns among the paths of a route.
pub(super) fn paths(entity: &mut Declared) {
    if entity.collection != "routes" {
        return;
    }
    let Some(Value::Array(paths)) = entity.fields.get_mut("paths") else {
        return;
    };
    for path in paths {
        if let Value::String(path) = path
            && looks_like_a_pattern(path)
        {
            path.insert(0, '~');
        }
    }
}

fn looks_like_a_pattern(path: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b".-_~/%".contains(&byte);
    !path.starts_with('~') && !path.bytes().all(plain)
}
