//! What can go wrong between a test and its servers.

use std::{io, path::PathBuf, time::Duration};

/// The servers could not be started, or did not do what they were asked for.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There are no servers to start.
    #[error("{0}; \"export KUBEBUILDER_ASSETS=$(cargo xtask assets)\" provides them")]
    Missing(String),
    /// A file or a program could not be used.
    #[error("\"{}\" cannot be used: {source}", path.display())]
    File {
        /// Which one.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// There is no free port.
    #[error("no free port on the loopback interface: {0}")]
    Port(io::Error),
    /// Certificates could not be made.
    #[error("certificates cannot be made: {0}")]
    Certificate(#[from] rcgen::Error),
    /// A server ended by itself.
    #[error("{program} ended by itself ({status}); its last words:\n{log}")]
    Ended {
        /// Which server.
        program: &'static str,
        /// How it ended.
        status: String,
        /// The end of what it wrote.
        log: String,
    },
    /// A server is not ready in time.
    #[error("{program} is not ready after {} s; its last words:\n{log}", after.as_secs())]
    NotReady {
        /// Which server.
        program: &'static str,
        /// How long it had.
        after: Duration,
        /// The end of what it wrote.
        log: String,
    },
    /// A definition is not served in time.
    #[error("\"{name}\" is not established after {} s: {conditions}", after.as_secs())]
    NotEstablished {
        /// Name of the definition.
        name: String,
        /// How long it had.
        after: Duration,
        /// Its conditions by then.
        conditions: String,
    },
    /// The audit log never showed a request that was made.
    #[error("the audit log does not show a request that was made {} s ago", after.as_secs())]
    NotLogged {
        /// How long it had.
        after: Duration,
    },
    /// A request failed.
    #[error(transparent)]
    Request(#[from] kube::Error),
}

impl Error {
    /// For `map_err`, where a file is used.
    pub(crate) fn file(path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::File { path, source }
    }
}
