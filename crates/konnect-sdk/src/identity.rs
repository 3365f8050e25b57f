//! Whose token it is.

use async_trait::async_trait;
use kong_model::entity::Organisation;
use kong_model::{Call, Stored};

use crate::error::Error;
use crate::konnect::Konnect;

/// Who asks.
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait Identity: Send + Sync {
    /// The organisation of the token.
    async fn organisation(&self) -> Result<Stored<Organisation>, Error>;
}

#[async_trait]
impl Identity for Konnect {
    async fn organisation(&self) -> Result<Stored<Organisation>, Error> {
        Ok(Stored::read(self.entity_of(&Call::WhoAmI).await?)?)
    }
}
