//! `konduit run` as a process: how it is started, and what can be done to it.

use std::{
    fs,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use envtest::process::Process;

use crate::http::get;

/// How long it has to start or to end.
const PATIENCE: Duration = Duration::from_secs(60);
/// How often it is looked at.
const POLL: Duration = Duration::from_millis(20);

/// How it is started. Made by `World::operator`; the usual is a leader that writes, without a webhook.
#[derive(Clone, Debug)]
#[must_use]
pub struct Options {
    program: PathBuf,
    arguments: Vec<String>,
    environment: Vec<String>,
    log: PathBuf,
}

impl Options {
    pub(crate) fn new(program: &Path, log: PathBuf, arguments: Vec<String>) -> Self {
        Self {
            program: program.to_owned(),
            arguments,
            environment: Vec::new(),
            log,
        }
    }

    /// Gives it one more option; the last of a name counts.
    pub fn with(mut self, argument: impl Into<String>) -> Self {
        self.arguments.push(argument.into());
        self
    }

    /// Takes back options that begin like this, as `--konnect-url`.
    pub fn without(mut self, start: &str) -> Self {
        self.arguments
            .retain(|argument| !argument.starts_with(start));
        self
    }

    /// Sets a variable of its environment.
    pub fn variable(mut self, name: &str, value: &str) -> Self {
        self.environment.push(format!("{name}={value}"));
        self
    }

    /// Starts it, and waits until it has seen every kind.
    pub async fn start(self) -> Operator {
        let operator = self.start_alone().await;
        let began = Instant::now();
        while !operator.is_ready().await {
            assert!(
                began.elapsed() < PATIENCE,
                "the operator is not ready; its log:\n{}",
                operator.log()
            );
            tokio::time::sleep(POLL).await;
        }
        operator
    }

    /// Starts it, and waits until it answers probes, whatever it answers.
    pub async fn start_alone(self) -> Operator {
        let _: std::io::Result<()> = fs::remove_file(&self.log);
        // The process keeps its number when `env` becomes the program.
        let mut arguments = self.environment;
        arguments.push(self.program.display().to_string());
        arguments.extend(self.arguments);
        let process = Process::start("konduit", Path::new("env"), &arguments, self.log.clone())
            .unwrap_or_else(|error| panic!("{error}"));
        let mut operator = Operator {
            process,
            log: self.log,
            probes: String::new(),
            metrics: String::new(),
        };
        operator.probes = operator.address("probes are served").await;
        operator.metrics = operator.address("metrics are served").await;
        operator
    }
}

/// An operator that runs. It is killed when this is dropped.
#[derive(Debug)]
pub struct Operator {
    process: Process,
    log: PathBuf,
    probes: String,
    metrics: String,
}

impl Operator {
    /// Waits until the log says where something is served.
    async fn address(&mut self, what: &str) -> String {
        let began = Instant::now();
        loop {
            let log = self.log();
            let line = log.lines().find(|line| line.contains(what));
            // A line that is half written has no end yet.
            let address = line.and_then(|line| line.split_once("address="));
            let address = address.and_then(|(_, rest)| rest.split_whitespace().next());
            if let Some(address) = address.filter(|_| log.ends_with('\n')) {
                return address.to_owned();
            }
            let exit = self.process.exit_code();
            assert!(
                exit.is_none() && began.elapsed() < PATIENCE,
                "the operator does not say \"{what}\" (exit code {exit:?}); its log:\n{log}"
            );
            tokio::time::sleep(POLL).await;
        }
    }

    /// Everything that it has logged since it was started.
    pub fn log(&self) -> String {
        fs::read_to_string(&self.log).unwrap_or_default()
    }

    /// The number of the process.
    pub fn number(&self) -> u32 {
        self.process.number().expect("it was started")
    }

    /// Sends a signal, such as `TERM`, `KILL`, `STOP` and `CONT`.
    pub fn signal(&self, name: &str) {
        assert!(self.process.signal(name), "SIG{name} cannot be sent");
    }

    /// Kills it, and waits until it is gone.
    pub async fn kill(mut self) {
        self.signal("KILL");
        self.end().await;
    }

    /// Asks it to end as Kubernetes does, and says its exit code.
    pub async fn stop(mut self) -> i32 {
        self.signal("TERM");
        self.end().await
    }

    /// Waits until it has ended.
    pub async fn end(&mut self) -> i32 {
        let began = Instant::now();
        loop {
            if let Some(code) = self.process.exit_code() {
                return code;
            }
            assert!(began.elapsed() < PATIENCE, "it does not end");
            tokio::time::sleep(POLL).await;
        }
    }

    /// Whether it says that it is ready.
    pub async fn is_ready(&self) -> bool {
        matches!(get(&self.probes, "/readyz").await, Some((200, _)))
    }

    /// What `/metrics` says; empty if it does not answer.
    pub async fn metrics(&self) -> String {
        get(&self.metrics, "/metrics")
            .await
            .map(|(_, text)| text)
            .unwrap_or_default()
    }

    /// The sum of all series of a metric.
    pub async fn metric(&self, name: &str) -> f64 {
        let text = self.metrics().await;
        let samples = text.lines().filter_map(|line| {
            let rest = line.strip_prefix(name)?;
            if !rest.starts_with([' ', '{']) {
                return None;
            }
            rest.rsplit(' ').next()?.parse::<f64>().ok()
        });
        samples.sum()
    }

    /// Resident memory now, and the most there ever was, in KiB. Linux only.
    pub fn memory(&self) -> (u64, u64) {
        let status = fs::read_to_string(format!("/proc/{}/status", self.number()));
        let status = status.unwrap_or_default();
        let of = |key: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(key));
            let number = line.and_then(|rest| rest.split_whitespace().next());
            number.and_then(|number| number.parse().ok()).unwrap_or(0)
        };
        (of("VmRSS:"), of("VmHWM:"))
    }

    /// Time that it has spent on a processor. Linux only, in steps of ten milliseconds.
    pub fn processor_time(&self) -> Duration {
        /// What the kernel counts in, of which there are a hundred a second everywhere.
        const TICK: Duration = Duration::from_millis(10);
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.number()));
        let stat = stat.unwrap_or_default();
        // The second field is a name in parentheses, which may hold blanks.
        let fields = stat.rsplit(')').next().unwrap_or_default();
        let fields: Vec<&str> = fields.split_whitespace().collect();
        let ticks = |at: usize| fields.get(at).and_then(|field| field.parse::<u32>().ok());
        TICK * (ticks(11).unwrap_or(0) + ticks(12).unwrap_or(0))
    }
}
