//! The lane of an organisation in Konnect: calls, one attempt each.
//!
//! What performs them is given in: an HTTP client in production, a simulator in tests. When to call, in
//! which order, how many at once and when again is the engine's business.

use kong_engine::Outcome;
use kong_model::Call;
use kong_resolve::Access;

pub use konnect_sdk::Execute;

/// Performs a call with an access.
pub(crate) async fn ask(konnect: &dyn Execute, access: &Access, call: &Call) -> Outcome {
    Outcome::Konnect(konnect.execute(&access.server, &access.token, call).await)
}
