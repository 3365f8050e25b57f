//! The client: one pool of connections, one attempt a call.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use kong_model::{Call, Failure, Reply, Sealed, ServerUrl};

use crate::builder::ClientBuilder;
use crate::execute::Execute;
use crate::trust::Trust;

/// Talks to Konnect. Copies share one pool of connections; tokens and servers are named with each call, so
/// one client serves any number of organisations.
///
/// It makes one attempt and follows no redirect. A token goes only to hosts that are allowed: those of
/// Konnect and those that [`ClientBuilder`] was told of, at public addresses.
#[derive(Clone)]
pub struct Client(pub(crate) Arc<Inner>);

pub(crate) struct Inner {
    pub(crate) http: reqwest::Client,
    pub(crate) trust: Arc<Trust>,
    pub(crate) response_limit: usize,
    pub(crate) timeout: Duration,
}

impl Client {
    /// A client to be: everything has a default.
    pub fn builder() -> ClientBuilder {
        ClientBuilder::default()
    }

    pub(crate) fn new(inner: Inner) -> Self {
        Self(Arc::new(inner))
    }
}

#[async_trait]
impl Execute for Client {
    async fn execute(
        &self,
        server: &ServerUrl,
        token: &Sealed,
        call: &Call,
    ) -> Result<Reply, Failure> {
        let response = self.exchange(server, token, call).await?;
        call.interpret(response)
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field(
                "endpoint",
                &self.0.trust.endpoint.as_ref().map(url::Url::as_str),
            )
            .field("timeout", &self.0.timeout)
            .finish_non_exhaustive()
    }
}
