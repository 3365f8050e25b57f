//! One call, one attempt: the narrow waist between those who decide what to ask and those who ask it.

use async_trait::async_trait;
use kong_model::{Call, Failure, Reply, Sealed, ServerUrl};

/// Performs calls. Whoever has a clock, a queue and retries of its own needs nothing else of this crate.
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait Execute: Send + Sync + 'static {
    /// One attempt at one call.
    async fn execute(
        &self,
        server: &ServerUrl,
        token: &Sealed,
        call: &Call,
    ) -> Result<Reply, Failure>;
}
