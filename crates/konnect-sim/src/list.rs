//! Lists: filters, and the three ways of paging: cursors of core entities, numbered pages, and cursors in
//! links for members of groups.

use std::collections::BTreeSet;
use std::sync::Arc;

use kong_model::{Collection, Shape};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::refusal::Refusal;

/// What core lists give when nobody says how much.
const CORE_SIZE: usize = 100;
/// What other lists give then.
const OTHER_SIZE: usize = 10;

/// The query parameters that lists understand; an HTTP server reads the keys of its queries as these.
pub const PARAMETERS: [&str; 21] = [
    "filter[control_plane_id][eq]",
    "force",
    "size",
    "offset",
    "tags",
    "labels",
    "page[size]",
    "page[number]",
    "page[after]",
    "filter[id][eq]",
    "filter[id][oeq]",
    "filter[name][eq]",
    "filter[name][oeq]",
    "filter[name][neq]",
    "filter[name][contains]",
    "filter[cluster_type][eq]",
    "filter[cluster_type][neq]",
    "filter[cluster_type][oeq]",
    "filter[cloud_gateway][eq]",
    "sort",
    "expand_partials",
];

/// Query parameters with their values.
type Query<'a> = &'a [(&'static str, String)];

/// An entity of a list with its id.
pub(crate) type Item<'a> = (&'a Arc<str>, &'a Arc<Value>);

fn parameter<'a>(query: Query<'a>, key: &str) -> Option<&'a str> {
    let found = query.iter().find(|(other, _)| *other == key)?;
    Some(&found.1)
}

fn number(query: Query<'_>, key: &str, default: usize, most: usize) -> Result<usize, Refusal> {
    match parameter(query, key) {
        None | Some("") => Ok(default),
        Some(text) => text
            .parse()
            .ok()
            .filter(|number| (1..=most).contains(number))
            .ok_or_else(|| {
                let message = format!("\"{text}\" is not a number from 1 to {most}");
                Refusal::field(key, "invalid", message)
            }),
    }
}

fn cursor(query: Query<'_>, key: &str) -> Result<Option<String>, Refusal> {
    match parameter(query, key) {
        None | Some("") => Ok(None),
        Some(text) => match Uuid::try_parse(text) {
            // Entities are in the order of their ids: a cursor is the last id that was given, and holds
            // whatever comes and goes meanwhile.
            Ok(id) => Ok(Some(id.hyphenated().to_string())),
            Err(_) => Err(Refusal::field(key, "invalid", "is not a cursor".to_owned())),
        },
    }
}

fn as_cursor(id: &str) -> String {
    id.replace('-', "")
}

/// One page of a list of `items`, which are in the order of their ids.
pub(crate) fn page<'a>(
    collection: Collection,
    path: &str,
    query: Query<'_>,
    items: impl Iterator<Item = Item<'a>>,
) -> Result<Value, Refusal> {
    let filters = filters(collection, query)?;
    let items = items.filter(|(id, value)| filters.iter().all(|filter| filter(id, value)));
    let most = usize::try_from(collection.page()).unwrap_or(usize::MAX);
    match collection.shape() {
        Shape::Core => {
            let size = number(query, "size", CORE_SIZE, most)?;
            let (data, next) = after(items, cursor(query, "offset")?.as_deref(), size);
            let mut body = json!({ "data": data });
            if let Some(offset) = next {
                body["next"] = Value::from(format!("{path}?offset={offset}&size={size}"));
                body["offset"] = Value::from(offset);
            }
            Ok(body)
        }
        Shape::Numbered | Shape::Identity => {
            let size = number(query, "page[size]", OTHER_SIZE, most)?;
            let page = number(query, "page[number]", 1, usize::MAX)?;
            let all: Vec<Item<'a>> = items.collect();
            let skipped = size.saturating_mul(page - 1);
            let data: Vec<&Value> = all
                .iter()
                .skip(skipped)
                .take(size)
                .map(|item| &**item.1)
                .collect();
            let meta = json!({"page": {"number": page, "size": size, "total": all.len()}});
            Ok(json!({"data": data, "meta": meta}))
        }
        Shape::Wrapped => {
            let data: Vec<&Value> = items.map(|item| &**item.1).collect();
            Ok(json!({"items": data, "page": {"total_count": data.len()}}))
        }
        Shape::Linked => {
            let size = number(query, "page[size]", OTHER_SIZE, most)?;
            let (data, next) = after(items, cursor(query, "page[after]")?.as_deref(), size);
            let next = next.map(|cursor| format!("{path}?page[size]={size}&page[after]={cursor}"));
            let meta = json!({"page": {"size": size, "next": next, "previous": null}});
            Ok(json!({"data": data, "meta": meta}))
        }
        Shape::Membership => {
            let size = number(query, "page[size]", OTHER_SIZE, most)?;
            let all: Vec<Item<'a>> = items.collect();
            let total = all.len();
            let from = cursor(query, "page[after]")?;
            let (data, next) = after(all.into_iter(), from.as_deref(), size);
            let next = next.map(|cursor| format!("{path}?page[size]={size}&page[after]={cursor}"));
            let meta = json!({"page": {"size": size, "next": next, "total": total}});
            Ok(json!({"data": data, "meta": meta}))
        }
    }
}

/// The first `size` items after a cursor, and the cursor of the next page if there is one.
fn after<'a>(
    items: impl Iterator<Item = Item<'a>>,
    from: Option<&str>,
    size: usize,
) -> (Vec<&'a Value>, Option<String>) {
    let mut data = Vec::new();
    let mut last = None;
    for (id, value) in items.skip_while(|(id, _)| from.is_some_and(|from| &***id <= from)) {
        if data.len() == size {
            return (data, last.map(|id: &str| as_cursor(id)));
        }
        last = Some(&**id);
        data.push(&**value);
    }
    (data, None)
}

type Test<'a> = Box<dyn Fn(&str, &Value) -> bool + 'a>;

fn filters<'a>(collection: Collection, query: Query<'a>) -> Result<Vec<Test<'a>>, Refusal> {
    let mut tests: Vec<Test<'a>> = Vec::new();
    for (key, value) in query {
        match (*key, collection.shape()) {
            ("tags", Shape::Core) if !value.is_empty() => tests.push(tagged(value)?),
            ("labels", Shape::Numbered) if !value.is_empty() => tests.push(labelled(value)),
            _ => {
                if let Some((field, operator)) = filter_key(key) {
                    tests.push(compared(collection, key, field, operator, value)?);
                }
            }
        }
    }
    Ok(tests)
}

/// `filter[FIELD][OPERATOR]`.
fn filter_key(key: &str) -> Option<(&str, &str)> {
    let inner = key.strip_prefix("filter[")?.strip_suffix(']')?;
    inner.split_once("][")
}

/// Tags with `,` between them are all needed, of tags with `/` between them one.
fn tagged(value: &str) -> Result<Test<'_>, Refusal> {
    if value.contains(',') && value.contains('/') {
        let message = "mixes , and /".to_owned();
        return Err(Refusal::field("tags", "invalid", message));
    }
    let all = !value.contains('/');
    let wanted: BTreeSet<&str> = value.split([',', '/']).collect();
    Ok(Box::new(move |_, entity| {
        let tags = entity["tags"].as_array();
        let has = |tag: &&str| tags.is_some_and(|tags| tags.iter().any(|other| other == *tag));
        if all {
            wanted.iter().all(has)
        } else {
            wanted.iter().any(has)
        }
    }))
}

/// `key:value` has the label with this value, `key` has it with any; several are all needed.
fn labelled(value: &str) -> Test<'_> {
    let wanted: Vec<(&str, Option<&str>)> = value
        .split(',')
        .map(|pair| match pair.split_once(':') {
            Some((key, value)) => (key, Some(value)),
            None => (pair, None),
        })
        .collect();
    Box::new(move |_, entity| {
        wanted.iter().all(|(key, value)| {
            let held = entity["labels"].get(key);
            held.is_some_and(|held| value.is_none_or(|value| held == value))
        })
    })
}

fn compared<'a>(
    collection: Collection,
    key: &str,
    field: &'a str,
    operator: &'a str,
    value: &'a str,
) -> Result<Test<'a>, Refusal> {
    let known = field == "id" || collection.schema()["properties"].get(field).is_some();
    let operators = ["eq", "neq", "oeq", "contains"];
    if !known || !operators.contains(&operator) {
        let message = "is not a known filter".to_owned();
        return Err(Refusal::field(key, "unknown_property", message));
    }
    let below = collection.below();
    Ok(Box::new(move |id, entity| {
        let held = match (field, below) {
            ("id", _) => &Value::from(id),
            (field, Some(below)) if below.fields.contains(&field) => &entity[below.member][field],
            (field, _) => &entity[field],
        };
        let held = match held {
            Value::String(text) => text.clone(),
            Value::Null => String::new(),
            other => other.to_string(),
        };
        match operator {
            "eq" => held == value,
            "neq" => held != value,
            "oeq" => value.split(',').any(|value| held == value),
            _ => held.contains(value),
        }
    }))
}
