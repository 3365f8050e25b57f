//! What `konduit run` may be told. Names and defaults are those of Kong's operator where it has the option
//! (konnect.md 8.1).

use std::path::PathBuf;
use std::time::Duration;

use clap::{ArgAction, Args, ValueEnum, ValueHint};

use super::accepted::Accepted;
use super::address::Address;
use super::logging::{Form, Mode};
use crate::cli::{duration, switch};

/// Run the operator.
#[derive(Args, Debug)]
#[command(args_override_self = true)]
pub(crate) struct Run {
    #[command(flatten)]
    pub(crate) cluster: Cluster,
    #[command(flatten)]
    pub(crate) konnect: Konnect,
    #[command(flatten)]
    pub(crate) certificates: Certificates,
    #[command(flatten)]
    pub(crate) office: Office,
    #[command(flatten)]
    pub(crate) serving: Serving,
    #[command(flatten)]
    pub(crate) logging: Logging,
    #[command(flatten)]
    pub(crate) accepted: Accepted,
}

/// Where the cluster is, and what of it is looked at.
#[derive(Args, Debug)]
#[command(next_help_heading = "Cluster")]
pub(crate) struct Cluster {
    /// The kubeconfig; otherwise that of kubectl, or the service account.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) kubeconfig: Option<PathBuf>,
    /// The context in it.
    #[arg(long, value_name = "NAME")]
    pub(crate) context: Option<String>,
    /// The API server, in place of the one in the kubeconfig.
    #[arg(long, value_name = "URL")]
    pub(crate) apiserver_host: Option<String>,
    /// Namespaces to watch, separated by commas; otherwise all.
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    pub(crate) watch_namespaces: Vec<String>,
    /// Label, of value true, of the Secrets to read; empty for all.
    #[arg(long, value_name = "LABEL", default_value = kong_crds::names::SECRET_LABEL)]
    pub(crate) secret_label_selector: String,
}

/// How Konnect is talked to.
#[derive(Args, Debug)]
#[command(next_help_heading = "Konnect")]
pub(crate) struct Konnect {
    /// Send all requests there; plain http to this machine only.
    #[arg(long = "konnect-url", value_name = "URL")]
    pub(crate) url: Option<String>,
    /// Trust these authorities, in PEM.
    #[arg(long = "konnect-ca-file", value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) ca_file: Option<PathBuf>,
    /// A domain besides konghq.com that tokens may go to.
    #[arg(long = "konnect-allowed-domain", value_name = "DOMAIN", action = ArgAction::Append)]
    #[arg(value_delimiter = ',')]
    pub(crate) allowed_domains: Vec<String>,
    /// What stands in place of konghq.com.
    #[arg(
        long = "kong-custom-domain",
        value_name = "DOMAIN",
        env = "KONG_CUSTOM_DOMAIN",
        hide_env_values = true
    )]
    pub(crate) domain: Option<String>,
    /// How often drift is looked for.
    #[arg(long = "konnect-sync-period", value_name = "TIME", value_parser = duration, default_value = "1m")]
    pub(crate) sync_period: Duration,
    /// How long a request may take.
    #[arg(long = "konnect-request-timeout", value_name = "TIME", value_parser = duration, default_value = "10s")]
    pub(crate) request_timeout: Duration,
}

/// Certificates that are made for data planes.
#[derive(Args, Debug)]
#[command(next_help_heading = "Certificates of data planes")]
pub(crate) struct Certificates {
    /// Secret of the authority that signs them; made if there is none.
    #[arg(long = "cluster-ca-secret", value_name = "NAME")]
    #[arg(default_value = konduit_runtime::rbac::AUTHORITY_SECRET)]
    pub(crate) authority: String,
    /// Its namespace; otherwise our own.
    #[arg(long = "cluster-ca-secret-namespace", value_name = "NAME")]
    pub(crate) authority_namespace: Option<String>,
    /// How long they are good for.
    #[arg(long = "cert-ttl", value_name = "TIME", value_parser = duration, default_value = "87600h")]
    pub(crate) life: Duration,
    /// How long before their end they are made anew.
    #[arg(long = "cert-expiration-margin", value_name = "TIME", value_parser = duration, default_value = "168h")]
    pub(crate) margin: Duration,
}

/// Whether this replica writes.
#[derive(Args, Debug)]
#[command(next_help_heading = "Who writes")]
pub(crate) struct Office {
    /// Write nothing; print what would be written.
    #[arg(long, value_name = "BOOL", action = ArgAction::Set, num_args = 0..=1, require_equals = true)]
    #[arg(value_parser = switch)]
    #[arg(default_value = "false", default_missing_value = "true")]
    #[arg(hide_default_value = true)]
    pub(crate) dry_run: bool,
    /// This is the only replica: no lease is needed.
    #[arg(long, value_name = "BOOL", action = ArgAction::Set, num_args = 0..=1, require_equals = true)]
    #[arg(value_parser = switch)]
    #[arg(default_value = "false", default_missing_value = "true")]
    pub(crate) no_leader_election: bool,
    /// Namespace of the lease; otherwise our own.
    #[arg(
        long,
        value_name = "NAME",
        env = "POD_NAMESPACE",
        hide_env_values = true
    )]
    pub(crate) leader_election_namespace: Option<String>,
    /// How long a lease holds.
    #[arg(long, value_name = "TIME", value_parser = duration, default_value = "15s")]
    pub(crate) leader_election_lease_duration: Duration,
    /// How long after a renewal a leader may write.
    #[arg(long, value_name = "TIME", value_parser = duration, default_value = "10s")]
    pub(crate) leader_election_renew_deadline: Duration,
    /// How often the lease is looked at.
    #[arg(long, value_name = "TIME", value_parser = duration, default_value = "2s")]
    pub(crate) leader_election_retry_period: Duration,
}

/// What others may ask of it.
#[derive(Args, Debug)]
#[command(next_help_heading = "What is served")]
pub(crate) struct Serving {
    /// Where /healthz and /readyz are; 0 for nowhere.
    #[arg(long, value_name = "ADDRESS", default_value = ":8081")]
    pub(crate) health_probe_bind_address: Address,
    /// Where /metrics is; 0 for nowhere.
    #[arg(long, value_name = "ADDRESS", default_value = ":8080")]
    pub(crate) metrics_bind_address: Address,
    /// off, or rbac: https, for whom the API server permits.
    #[arg(
        long,
        value_enum,
        value_name = "WHO",
        default_value = "off",
        hide_possible_values = true
    )]
    pub(crate) metrics_access_filter: MetricsFilter,
    /// Folder of tls.crt and tls.key for it; otherwise made.
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub(crate) metrics_cert_dir: Option<PathBuf>,
    /// Serve the conversion webhook.
    #[arg(long, value_name = "BOOL", action = ArgAction::Set, num_args = 0..=1, require_equals = true)]
    #[arg(value_parser = switch)]
    #[arg(default_value = "true", default_missing_value = "true")]
    pub(crate) enable_conversion_webhook: bool,
    /// Where the webhook is.
    #[arg(long, value_name = "ADDRESS", default_value = ":9443")]
    pub(crate) webhook_bind_address: Address,
    /// Folder of tls.crt and tls.key; otherwise they are made.
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub(crate) webhook_cert_dir: Option<PathBuf>,
    /// The Service in front of it, in our namespace.
    #[arg(long, value_name = "NAME", default_value = "konduit-webhook")]
    pub(crate) webhook_service: String,
    /// Its URL, where there is no such Service.
    #[arg(long, value_name = "URL")]
    pub(crate) webhook_url: Option<String>,
    /// Publish Kubernetes events.
    #[arg(long, value_name = "BOOL", action = ArgAction::Set, num_args = 0..=1, require_equals = true)]
    #[arg(value_parser = switch)]
    #[arg(default_value = "true", default_missing_value = "true")]
    pub(crate) emit_kubernetes_events: bool,
}

/// What is logged.
#[derive(Args, Debug)]
#[command(next_help_heading = "Log")]
pub(crate) struct Logging {
    /// production (JSON) or development (text, and more of it).
    #[arg(long, value_enum, value_name = "MODE", default_value = "production")]
    #[arg(hide_possible_values = true)]
    pub(crate) logging_mode: Mode,
    /// text or json, whatever the mode; RUST_LOG says how much.
    #[arg(long, value_enum, value_name = "FORM", hide_possible_values = true)]
    pub(crate) log_format: Option<Form>,
}

/// Who may read metrics.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum MetricsFilter {
    /// Everybody.
    Off,
    /// Whom the API server permits.
    Rbac,
}
