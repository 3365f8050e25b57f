//! The simulated Konnect as something that performs calls.

use std::{
    sync::{Mutex, MutexGuard},
    time::Duration,
};

use konduit_runtime::Execute;
use kong_model::{Call, Failure, Reply, Sealed, ServerUrl};
use konnect_sim::{Konnect, Millis};
use tokio::time::Instant;

/// What a request to Konnect takes.
const LATENCY: Duration = Duration::from_millis(20);

pub(crate) struct SimulatedKonnect {
    konnect: Mutex<Konnect>,
    began: Instant,
}

impl SimulatedKonnect {
    pub(crate) fn new() -> Self {
        Self {
            konnect: Mutex::new(Konnect::new(1)),
            began: Instant::now(),
        }
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, Konnect> {
        self.konnect.lock().unwrap()
    }
}

#[async_trait::async_trait]
impl Execute for SimulatedKonnect {
    async fn execute(
        &self,
        _server: &ServerUrl,
        token: &Sealed,
        call: &Call,
    ) -> Result<Reply, Failure> {
        tokio::time::sleep(LATENCY).await;
        let now = Millis(u64::try_from(self.began.elapsed().as_millis()).unwrap());
        let response = self.lock().handle(now, token.reveal(), &call.request());
        call.interpret(response)
    }
}
