//! Whether Kong takes an entity. It refuses a whole configuration for one that it does not, so such a one is left out
//! and its object is told.

use kong_router::{Config, Dialect, Edition, Problem, Reader, validate};
use serde_json::{Value, json};

use crate::context::Context;
use crate::document::Members;

/// Why Kong refuses an entity, if it does: the member, the reason and the remedy. What it refers to is not looked at.
/// In the way of Kong's controller nothing is looked at.
pub(crate) fn refusal(
    context: &Context<'_, '_>,
    collection: &str,
    entity: &Members,
) -> Option<(String, String, String)> {
    refusals(context, collection, entity).into_iter().next()
}

/// Everything that Kong has against an entity.
pub(crate) fn refusals(
    context: &Context<'_, '_>,
    collection: &str,
    entity: &Members,
) -> Vec<(String, String, String)> {
    if context.settings.as_kong_does() {
        return Vec::new();
    }
    let mut document = Members::new();
    document.insert("_format_version".to_owned(), json!("3.0"));
    document.insert(collection.to_owned(), json!([entity]));
    // What the tables do not know may be one of the Enterprise edition's own things.
    let dialect = Dialect {
        flavor: context.settings.flavor,
        edition: Edition::Enterprise,
        reader: Reader::Kong,
        now: None,
    };
    let findings = validate(&Config::new(document), dialect);
    let place = format!("{collection}[0]");
    findings
        .into_iter()
        // Members that the tables do not know are such things, too.
        .filter(|finding| !matches!(finding.problem, Problem::Dangling { .. } | Problem::Unknown))
        .map(|finding| {
            let member = finding.field.strip_prefix(&place).unwrap_or(&finding.field);
            let member = member.trim_start_matches('.').to_owned();
            (member, finding.reason(), finding.remedy())
        })
        .collect()
}

/// The same for an entity that is part of a consumer.
pub(crate) fn refusal_in_consumer(
    context: &Context<'_, '_>,
    collection: &str,
    entity: &Members,
) -> Option<(String, String, String)> {
    let mut consumer = Members::new();
    consumer.insert("username".to_owned(), json!("anybody"));
    consumer.insert(
        collection.to_owned(),
        Value::Array(vec![Value::Object(entity.clone())]),
    );
    let (member, reason, remedy) = refusal(context, "consumers", &consumer)?;
    let place = format!("{collection}[0].");
    let member = member.strip_prefix(&place).unwrap_or(&member).to_owned();
    Some((member, reason, remedy))
}
