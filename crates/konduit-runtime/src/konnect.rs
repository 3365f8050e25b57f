//! The lane of an organisation in Konnect: calls, one attempt each.
//!
//! What performs them is given in: an HTTP client in production, a simulator in tests. When to call, in
//! which order, how many at once and when again is the engine's business.

use kong_engine::Outcome;
use kong_model::{Call, Failure, Reply, Sealed, ServerUrl};
use kong_resolve::Access;

/// Performs a call to Konnect: one attempt, no retries.
#[async_trait::async_trait]
pub trait Execute: Send + Sync + 'static {
    /// Sends a call to a region with a token and says what came of it.
    async fn execute(
        &self,
        server: &ServerUrl,
        token: &Sealed,
        call: &Call,
    ) -> Result<Reply, Failure>;
}

/// Performs a call with an access.
pub(crate) async fn ask(konnect: &dyn Execute, access: &Access, call: &Call) -> Outcome {
    Outcome::Konnect(konnect.execute(&access.server, &access.token, call).await)
}
