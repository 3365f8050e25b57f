//! The simulated Konnect as something that performs calls.

use std::{
    sync::{Arc, Mutex, MutexGuard},
    time::Duration,
};

use konduit_runtime::Execute;
use kong_model::{Call, Collection, Failure, Method, Reply, Request, Sealed, ServerUrl};
use konnect_sim::{Konnect, Millis};
use serde_json::json;
use tokio::time::Instant;

/// What a request to Konnect takes unless a test says something else, half of it there and half of it back.
const LATENCY: Duration = Duration::from_millis(20);

/// Konnect, and who asked it for what.
pub(crate) struct SimulatedKonnect {
    konnect: Mutex<Konnect>,
    requests: Mutex<Vec<Asked>>,
    latency: Mutex<Duration>,
    began: Instant,
}

struct Asked {
    who: Arc<str>,
    at: Instant,
    is_write: bool,
    answered: bool,
}

/// One replica's way to it.
pub(crate) struct Caller {
    pub(crate) name: Arc<str>,
    pub(crate) konnect: Arc<SimulatedKonnect>,
}

impl SimulatedKonnect {
    pub(crate) fn new() -> Self {
        Self {
            konnect: Mutex::new(Konnect::new(1)),
            requests: Mutex::default(),
            latency: Mutex::new(LATENCY),
            began: Instant::now(),
        }
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, Konnect> {
        self.konnect.lock().unwrap()
    }

    fn now(&self) -> Millis {
        Millis(u64::try_from(self.began.elapsed().as_millis()).unwrap())
    }

    pub(crate) fn requests_of(&self, who: &str) -> usize {
        let requests = self.requests.lock().unwrap();
        requests.iter().filter(|asked| &*asked.who == who).count()
    }

    pub(crate) fn writes_of(&self, who: &str) -> usize {
        let requests = self.requests.lock().unwrap();
        requests
            .iter()
            .filter(|asked| asked.is_write && &*asked.who == who)
            .count()
    }

    pub(crate) fn answered_writes_of(&self, who: &str) -> usize {
        let requests = self.requests.lock().unwrap();
        let writes = requests
            .iter()
            .filter(|asked| asked.is_write && &*asked.who == who);
        writes.filter(|asked| asked.answered).count()
    }

    /// What requests take from now on.
    pub(crate) fn take(&self, latency: Duration) {
        *self.latency.lock().unwrap() = latency;
    }

    pub(crate) fn last_write_of(&self, who: &str) -> Option<Instant> {
        let requests = self.requests.lock().unwrap();
        let writes = requests
            .iter()
            .filter(|asked| asked.is_write && &*asked.who == who);
        writes.map(|asked| asked.at).max()
    }

    /// Somebody else changes the first service.
    pub(crate) fn meddle(&self) {
        let now = self.now();
        let mut konnect = self.lock();
        let (plane, _) = konnect
            .entities(Collection::ControlPlanes, None)
            .next()
            .unwrap();
        let (id, _) = konnect.entities(Collection::Services, None).next().unwrap();
        let path = format!("/v2/control-planes/{plane}/core-entities/services/{id}");
        let request = Request {
            host: kong_model::Host::Region,
            method: Method::Delete,
            path,
            query: Vec::new(),
            body: None,
        };
        let response = konnect.third_party(now, &request);
        assert!(response.status < 500, "{}", json!(response.status));
    }
}

#[async_trait::async_trait]
impl Execute for Caller {
    async fn execute(
        &self,
        _server: &ServerUrl,
        token: &Sealed,
        call: &Call,
    ) -> Result<Reply, Failure> {
        let latency = *self.konnect.latency.lock().unwrap();
        let asked = Asked {
            who: Arc::clone(&self.name),
            at: Instant::now(),
            is_write: call.is_write(),
            answered: false,
        };
        let number = {
            let mut requests = self.konnect.requests.lock().unwrap();
            requests.push(asked);
            requests.len() - 1
        };
        tokio::time::sleep(latency / 2).await;
        let now = self.konnect.now();
        let response = self
            .konnect
            .lock()
            .handle(now, token.reveal(), &call.request());
        tokio::time::sleep(latency / 2).await;
        self.konnect.requests.lock().unwrap()[number].answered = true;
        call.interpret(response)
    }
}
