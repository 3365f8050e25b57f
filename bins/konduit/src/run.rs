//! `konduit run`: the operator, in a cluster or against one.
//!
//! Reads the options, makes the clients, and hands everything to [`konduit_runtime`]. Start with
//! [`operator`].

mod accepted;
mod address;
mod environment;
pub(crate) mod konnect;
mod logging;
mod options;

use std::ffi::OsString;
use std::future::Future;
use std::io::{self, IsTerminal as _, Write as _};

use anyhow::{Context as _, Result};
use clap::CommandFactory as _;
use konduit_runtime::{
    Authority, Builder, Certificate, Election, Endpoint, Leadership, Readers, Runtime, Selection,
    Timings, Webhook,
    rbac::{self, WEBHOOK_SECRET},
};
use kong_crds::SecretLabel;
use kong_engine::Settings;
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::{Client, Config};

use self::address::Address;
use self::konnect::Target;
use self::options::Serving;
pub(crate) use self::options::{MetricsFilter, Run};
use crate::cli::Cli;
use crate::session::Outcome;

/// What we call ourselves to the API server and to Konnect.
const AGENT: &str = concat!("konduit/", env!("CARGO_PKG_VERSION"));
/// The port of the Service in front of the webhook.
const WEBHOOK_PORT: u16 = 443;

/// The command line, with what the environment says of `run`.
pub(crate) fn arguments() -> Vec<OsString> {
    let command = Cli::command();
    let options: Vec<String> = command
        .find_subcommand("run")
        .into_iter()
        .flat_map(clap::Command::get_arguments)
        .filter_map(|argument| argument.get_long().map(str::to_owned))
        .collect();
    let line = std::env::args_os().collect();
    environment::arguments("run", &options, line, std::env::vars_os())
}

/// Runs until it is asked to end.
pub(crate) fn operator(run: &Run) -> Result<Outcome> {
    logging::start(
        run.logging.logging_mode,
        run.logging.log_format,
        io::stderr().is_terminal(),
    )?;
    // Whoever makes a TLS client after this does not have to say which cryptography it uses. It only fails
    // if it was done before.
    let _ = rustls::crypto::ring::default_provider().install_default();
    if let Some(warning) = run.accepted.warning() {
        tracing::warn!("{warning}");
    }
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("the asynchronous runtime cannot be started")?;
    runtime.block_on(async {
        // Before anything else, so that the end can be asked for at any time.
        let termination = termination()?;
        let operator = wire(run).await?.build();
        match operator.run(termination).await {
            Ok(()) => Ok(Outcome::Well),
            Err(error) => {
                tracing::error!("{error}");
                Ok(Outcome::Findings)
            }
        }
    })
}

/// Puts the parts together.
async fn wire(run: &Run) -> Result<Builder> {
    let config = cluster(run).await?;
    let home = run
        .office
        .leader_election_namespace
        .clone()
        .unwrap_or_else(|| config.default_namespace.clone());
    tracing::info!(server = %config.cluster_url, namespace = home, "starting");
    let client = Client::try_from(config).context("the API server cannot be talked to")?;
    let konnect = konnect::connect(&Target {
        url: run.konnect.url.clone(),
        authorities: run.konnect.ca_file.clone(),
        domain: run.konnect.domain.clone(),
        allowed: run.konnect.allowed_domains.clone(),
        patience: run.konnect.request_timeout,
    })?;
    let milliseconds =
        |time: std::time::Duration| u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
    let seconds = |time: std::time::Duration| i64::try_from(time.as_secs()).unwrap_or(i64::MAX);
    let authority = Authority {
        namespace: run
            .certificates
            .authority_namespace
            .clone()
            .unwrap_or_else(|| home.clone()),
        secret: run.certificates.authority.clone(),
    };
    let mut builder = Runtime::builder(client, konnect)
        .authority(authority)
        .settings(Settings {
            sync_period: milliseconds(run.konnect.sync_period),
            request_timeout: milliseconds(run.konnect.request_timeout),
            certificate_life: seconds(run.certificates.life),
            certificate_margin: seconds(run.certificates.margin),
            ..Settings::default()
        })
        .selection(Selection {
            namespaces: run.cluster.watch_namespaces.clone(),
            secret_label: SecretLabel::new(&run.cluster.secret_label_selector),
        });
    if let Some(listener) = listen("probes", run.serving.health_probe_bind_address)? {
        builder = builder.probes(listener);
    }
    if let Some(listener) = listen("metrics", run.serving.metrics_bind_address)? {
        builder = builder.measurements(listener, readers(&run.serving));
    }
    if run.office.dry_run {
        // There is nobody left to tell if standard output is closed.
        return Ok(builder.rehearse(|line| drop(writeln!(io::stdout(), "{line}"))));
    }
    let host = host();
    if run.serving.emit_kubernetes_events {
        builder = builder.events(&*host);
    }
    if let Some(webhook) = webhook(run, &home)? {
        builder = builder.webhook(webhook);
    }
    Ok(builder.leadership(leadership(run, home, &host)?))
}

/// Where the API server is, and who we are to it.
async fn cluster(run: &Run) -> Result<Config> {
    let options = KubeConfigOptions {
        context: run.cluster.context.clone(),
        ..KubeConfigOptions::default()
    };
    let mut config = match &run.cluster.kubeconfig {
        Some(file) => {
            let kubeconfig = Kubeconfig::read_from(file)
                .with_context(|| format!("cannot read \"{}\"", file.display()))?;
            Config::from_custom_kubeconfig(kubeconfig, &options)
                .await
                .with_context(|| format!("\"{}\" cannot be used", file.display()))?
        }
        None if run.cluster.context.is_some() => Config::from_kubeconfig(&options)
            .await
            .context("the kubeconfig cannot be used")?,
        None => Config::infer()
            .await
            .context("there is no cluster: give --kubeconfig, or run in one")?,
    };
    if let Some(host) = run
        .cluster
        .apiserver_host
        .as_deref()
        .filter(|host| !host.is_empty())
    {
        config.cluster_url = host
            .parse()
            .with_context(|| format!("\"{host}\" is no URL of an API server"))?;
    }
    config.headers.push((
        http::header::USER_AGENT,
        http::HeaderValue::from_static(AGENT),
    ));
    Ok(config)
}

fn listen(what: &str, address: Address) -> Result<Option<std::net::TcpListener>> {
    let listener = address
        .listen()
        .with_context(|| format!("the address for {what} cannot be listened on"))?;
    if let Some(address) = listener
        .as_ref()
        .and_then(|listener| listener.local_addr().ok())
    {
        tracing::info!(%address, "{what} are served");
    }
    Ok(listener)
}

/// Who may read metrics.
fn readers(serving: &Serving) -> Readers {
    match serving.metrics_access_filter {
        MetricsFilter::Off => Readers::Everybody,
        MetricsFilter::Rbac => Readers::Permitted {
            certificate: serving.metrics_cert_dir.clone(),
        },
    }
}

/// What an operator with these options needs in a cluster, as manifests.
pub(crate) fn permissions(options: &crate::cli::Rbac) -> Vec<serde_json::Value> {
    let mut rules = rbac::rules();
    let mut readers = None;
    match options.metrics_access_filter {
        MetricsFilter::Off => {}
        MetricsFilter::Rbac => {
            rules.extend(rbac::review_rules());
            readers = Some(rbac::metrics_reader());
        }
    }
    let mut manifests = rbac::manifests(&options.namespace, &rules);
    manifests.extend(readers);
    manifests
}

fn leadership(run: &Run, namespace: String, host: &str) -> Result<Leadership> {
    if run.office.no_leader_election {
        return Ok(Leadership::Alone);
    }
    let timings = Timings::new(
        run.office.leader_election_lease_duration,
        run.office.leader_election_renew_deadline,
        run.office.leader_election_retry_period,
    )?;
    Ok(Leadership::Elected(Election {
        timings,
        ..Election::new(namespace, host)
    }))
}

/// The webhook, if the API server can reach it.
fn webhook(run: &Run, home: &str) -> Result<Option<Webhook>> {
    let own = |endpoint| Certificate::Own {
        namespace: home.to_owned(),
        secret: WEBHOOK_SECRET.to_owned(),
        endpoint,
    };
    let certificate = match (&run.serving.webhook_cert_dir, &run.serving.webhook_url) {
        _ if !run.serving.enable_conversion_webhook => return Ok(None),
        (Some(folder), _) => Certificate::Files(folder.clone()),
        (None, Some(url)) => own(Endpoint::Url(url.clone())),
        (None, None) if is_in_cluster() => own(Endpoint::Service {
            namespace: home.to_owned(),
            name: run.serving.webhook_service.clone(),
            port: WEBHOOK_PORT,
        }),
        (None, None) => {
            tracing::info!(
                "the conversion webhook is not served: the API server would not find it here; see \
                 --webhook-url"
            );
            return Ok(None);
        }
    };
    let listener = listen("conversions", run.serving.webhook_bind_address)?;
    Ok(listener.map(|listener| Webhook {
        listener,
        certificate,
    }))
}

/// Whether this runs in a pod, by what Kubernetes puts into the environment of every container.
fn is_in_cluster() -> bool {
    std::env::var_os("KUBERNETES_SERVICE_HOST").is_some()
}

/// What this replica is called by those who look after it.
fn host() -> String {
    ["POD_NAME", "HOSTNAME"]
        .iter()
        .find_map(|name| std::env::var(name).ok().filter(|value| !value.is_empty()))
        .unwrap_or_else(|| "konduit".to_owned())
}

/// Ends when the process is asked to end.
fn termination() -> Result<impl Future<Output = ()>> {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        let mut terminate = signal(SignalKind::terminate())?;
        let mut interrupt = signal(SignalKind::interrupt())?;
        Ok(async move {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
            }
        })
    }
    #[cfg(not(unix))]
    {
        Ok(async {
            // Without the handler the process ends by itself.
            let _ = tokio::signal::ctrl_c().await;
        })
    }
}
