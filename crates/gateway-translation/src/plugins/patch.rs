//! Puts a value into a configuration where a JSON pointer says, making what is missing on the way.

use serde_json::{Map, Value};

/// No array is filled up to more than this, whatever index a pointer has.
const LONGEST: usize = 1_000;

/// Adds a value as `add` of JSON Patch does; an empty path replaces everything.
///
/// # Errors
///
/// Why there is no such place. Nothing of the value is in it.
pub(super) fn add(document: &mut Value, path: &str, value: Value) -> Result<(), &'static str> {
    if path.is_empty() {
        *document = value;
        return Ok(());
    }
    let Some(path) = path.strip_prefix('/') else {
        return Err("it does not begin with a slash");
    };
    let parts: Vec<String> = path
        .split('/')
        .map(|part| part.replace("~1", "/").replace("~0", "~"))
        .collect();
    let Some((last, parents)) = parts.split_last() else {
        return Err("it names nothing");
    };
    let mut place = document;
    for (number, part) in parents.iter().enumerate() {
        let next = parents.get(number + 1).unwrap_or(last);
        place = child(place, part, next)?;
    }
    match place {
        Value::Object(members) => {
            members.insert(last.clone(), value);
        }
        Value::Array(items) if last == "-" => items.push(value),
        Value::Array(items) => {
            let at = index(last)?;
            fill(items, at)?;
            items.insert(at, value);
        }
        _ => return Err("it leads into a value that holds no others"),
    }
    Ok(())
}

/// What a part of a pointer leads to; made if there is nothing, as what the next part asks for.
fn child<'v>(place: &'v mut Value, part: &str, next: &str) -> Result<&'v mut Value, &'static str> {
    let missing = || {
        if next == "-" || next.parse::<usize>().is_ok() {
            Value::Array(Vec::new())
        } else {
            Value::Object(Map::new())
        }
    };
    match place {
        Value::Object(members) => {
            let child = members.entry(part).or_insert(Value::Null);
            if child.is_null() {
                *child = missing();
            }
            Ok(child)
        }
        Value::Array(items) => {
            let at = if part == "-" {
                items.len()
            } else {
                index(part)?
            };
            fill(items, at)?;
            if at == items.len() {
                items.push(missing());
            }
            items.get_mut(at).ok_or("it leads past the end")
        }
        _ => Err("it leads into a value that holds no others"),
    }
}

fn index(part: &str) -> Result<usize, &'static str> {
    part.parse()
        .ok()
        .filter(|index| *index <= LONGEST)
        .ok_or("it has no usable index for an array")
}

/// Makes an array long enough to add at an index.
fn fill(items: &mut Vec<Value>, at: usize) -> Result<(), &'static str> {
    if at > LONGEST {
        return Err("it has no usable index for an array");
    }
    while items.len() < at {
        items.push(Value::Null);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_missing_on_the_way_is_made() {
        let mut config = json!({"a": {"b": 1}, "list": ["x"]});
        add(&mut config, "/a/c", json!(2)).unwrap();
        add(&mut config, "/add/headers", json!(["h:v"])).unwrap();
        add(&mut config, "/list/0", json!("first")).unwrap();
        add(&mut config, "/list/-", json!("last")).unwrap();
        add(&mut config, "/new/0/name", json!("n")).unwrap();
        add(&mut config, "/with~1slash/~0", json!(3)).unwrap();
        let expected = json!({
            "a": {"b": 1, "c": 2},
            "add": {"headers": ["h:v"]},
            "list": ["first", "x", "last"],
            "new": [{"name": "n"}],
            "with/slash": {"~": 3},
        });
        assert_eq!(config, expected);
        add(&mut config, "", json!({"all": true})).unwrap();
        assert_eq!(config, json!({"all": true}));
    }

    #[test]
    fn a_place_that_cannot_be_is_refused() {
        let mut config = json!({"a": 1, "list": []});
        for path in ["a", "/a/b", "/list/99999999999", "/list/x"] {
            assert!(add(&mut config, path, json!(0)).is_err(), "{path}");
        }
        assert_eq!(config, json!({"a": 1, "list": []}));
    }
}
