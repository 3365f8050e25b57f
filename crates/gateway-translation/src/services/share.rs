//! The share of requests that backends should have got which are not there: the Gateway API wants them to fail.

use kong_model::entity::Plugin;
use serde_json::json;

use super::Resolved;
use super::weights::gcd;
use crate::draft::Backend;

/// What a backend without a weight counts as.
const DEFAULT_WEIGHT: u64 = 1;

/// The plugin that answers 500 in place of the backends that are missing, as often as they would have been asked.
/// `None` if none is missing, or if all are: for that there is a plugin without chance.
pub(super) fn of_the_missing(backends: &[Backend], resolved: &[Resolved<'_>]) -> Option<Plugin> {
    let weight = |weight: Option<i64>| match weight {
        None => u128::from(DEFAULT_WEIGHT),
        Some(weight) => u128::try_from(weight).unwrap_or_default(),
    };
    let all: u128 = backends.iter().map(|backend| weight(backend.weight)).sum();
    let there: u128 = resolved.iter().map(|backend| weight(backend.weight)).sum();
    let missing = all.saturating_sub(there);
    if resolved.is_empty() || missing == 0 {
        return None;
    }
    let common = gcd(missing, all).max(1);
    let (missing, all) = (missing / common, all / common);
    let program = format!(
        "if math.random({all}) <= {missing} then\n  \
         return kong.response.exit(500, {{ message = \"no existing backendRef provided\" }})\nend"
    );
    Some(Plugin {
        name: "pre-function".to_owned(),
        config: serde_json::from_value(json!({"access": [program]})).ok(),
        ..Plugin::default()
    })
}
