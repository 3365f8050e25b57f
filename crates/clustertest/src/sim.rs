//! `konduit sim` as a process: the simulated Konnect as a stranger would run it.

use std::{
    fs,
    path::Path,
    time::{Duration, Instant},
};

use envtest::process::Process;
use serde_json::Value;
use tempfile::TempDir;

use crate::{documents_of, http::get};

/// How long it has to start.
const PATIENCE: Duration = Duration::from_secs(60);
/// How often it is looked at.
const POLL: Duration = Duration::from_millis(20);

/// A simulated Konnect that runs. It is killed when this is dropped.
#[derive(Debug)]
pub struct Sim {
    _process: Process,
    _folder: TempDir,
    url: String,
}

impl Sim {
    /// Starts it on a free port, and waits until it listens.
    pub async fn start(program: impl AsRef<Path>) -> Self {
        let folder = tempfile::tempdir().expect("a folder for the test");
        let log = folder.path().join("sim.log");
        let arguments = ["sim", "--listen", "127.0.0.1:0"].map(str::to_owned);
        let mut process = Process::start("konduit", program.as_ref(), &arguments, log.clone())
            .unwrap_or_else(|error| panic!("{error}"));
        let began = Instant::now();
        loop {
            let said = fs::read_to_string(&log).unwrap_or_default();
            let mut lines = said.lines();
            let url = lines.find_map(|line| line.strip_prefix("listening on ")?.split_once(';'));
            if let Some((url, _)) = url {
                return Self {
                    _process: process,
                    _folder: folder,
                    url: url.to_owned(),
                };
            }
            let exit = process.exit_code();
            assert!(
                exit.is_none() && began.elapsed() < PATIENCE,
                "the simulator does not listen (exit code {exit:?}); it says:\n{said}"
            );
            tokio::time::sleep(POLL).await;
        }
    }

    /// Where it is, for `--konnect-url`.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// What it holds: a document a control plane, as decK writes them.
    pub async fn state(&self) -> Vec<Value> {
        let address = self.url.trim_start_matches("http://");
        match get(address, "/sim/state").await {
            Some((200, text)) => documents_of(&text),
            other => panic!("the simulator does not say what it holds: {other:?}"),
        }
    }
}
