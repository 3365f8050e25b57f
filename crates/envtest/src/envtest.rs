//! The servers as a test has them: started, asked, stopped, started again, and gone at the end.

use std::{
    fs,
    io::{self, Write as _},
    net::{Ipv4Addr, TcpStream},
    path::{Path, PathBuf},
    sync::{
        Once,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use k8s_openapi::api::{
    authentication::v1::{TokenRequest, TokenRequestSpec},
    core::v1::{Namespace, ServiceAccount},
};
use kube::{Api, Client, Config, api::PostParams};
use serde_json::json;
use tempfile::TempDir;

use crate::{
    Error, Settings, User,
    assets::{self, Assets},
    audit::{self, AuditLog},
    authority::{self, Authority},
    ports,
    process::Process,
};

/// The user who may do everything.
const ADMINISTRATOR: &str = "admin";
/// How long a server has until it is ready: half a minute is plenty where nothing else runs, and continuous
/// integration compiles beside it.
const PATIENCE: Duration = Duration::from_secs(120);
/// How often it is asked whether it is.
const POLL: Duration = Duration::from_millis(50);
/// The name of the audit log.
const AUDIT_LOG: &str = "audit.log";
/// How often a start is tried, if somebody else takes a port between our look and the server's.
const ATTEMPTS: usize = 3;

/// An etcd and a kube-apiserver on loopback, with nothing in them, for one test or for those that share it.
///
/// No controller runs: nothing is collected, no namespace ends, no Deployment becomes ready. Service accounts
/// exist only if a test makes them. Everything ends when this is dropped, and also when the process dies.
#[derive(Debug)]
pub struct Envtest {
    // Fields are dropped in this order: the API server first, the folder last.
    apiserver: Option<Process>,
    etcd: Process,
    authority: Authority,
    administrator: User,
    users: Vec<User>,
    port: u16,
    program: PathBuf,
    arguments: Vec<String>,
    namespaces: AtomicUsize,
    folder: TempDir,
}

impl Envtest {
    /// Starts both servers. Without them, which is said in one line, there is nothing to test and the answer is
    /// `None`; with `REQUIRE_ENVTEST=1`, that is a failure.
    ///
    /// # Panics
    ///
    /// If the servers are there and do not start, or if they are missing and required.
    pub async fn start() -> Option<Self> {
        Self::start_with(Settings::default()).await
    }

    /// The same, with more than the usual.
    ///
    /// # Panics
    ///
    /// As [`Envtest::start`].
    #[expect(clippy::panic, reason = "a panic is how a test fails")]
    pub async fn start_with(settings: Settings) -> Option<Self> {
        match Self::launch(&settings).await {
            Ok(servers) => Some(servers),
            Err(Error::Missing(why)) if !assets::are_required() => {
                static SAID: Once = Once::new();
                // Past the capture of the test harness, which would hide it while tests pass.
                SAID.call_once(|| {
                    let error = Error::Missing(why);
                    let _: io::Result<()> = writeln!(
                        io::stderr(),
                        "SKIPPED, for want of a real API server: {error}"
                    );
                });
                None
            }
            Err(error) => panic!("{error}"),
        }
    }

    /// The same, for who wants to know what went wrong.
    pub async fn launch(settings: &Settings) -> Result<Self, Error> {
        let assets = Assets::from_environment()?;
        let mut attempt = 1;
        loop {
            match Self::try_launch(settings, &assets).await {
                Err(Error::Ended { log, .. })
                    if attempt < ATTEMPTS && log.contains("address already in use") =>
                {
                    attempt += 1;
                }
                outcome => return outcome,
            }
        }
    }

    async fn try_launch(settings: &Settings, assets: &Assets) -> Result<Self, Error> {
        let folder = tempfile::Builder::new()
            .prefix("envtest-")
            .tempdir()
            .map_err(Error::file(std::env::temp_dir()))?;
        let authority = Authority::found(folder.path())?;
        let administrator = authority.user(ADMINISTRATOR, &["system:masters".to_owned()]);
        let users: Vec<User> = settings
            .users
            .iter()
            .map(|(name, groups)| authority.user(name, groups))
            .collect();
        let all: Vec<User> = users.iter().chain([&administrator]).cloned().collect();
        let tokens = folder.path().join("tokens.csv");
        fs::write(&tokens, authority::token_file(&all)).map_err(Error::file(&tokens))?;
        let policy = folder.path().join("audit.yaml");
        fs::write(&policy, audit::POLICY).map_err(Error::file(&policy))?;

        let [client, peer, port] = ports::free()?;
        let mut etcd = Process::start(
            "etcd",
            &assets.etcd,
            &etcd_arguments(folder.path(), client, peer),
            folder.path().join("etcd.log"),
        )?;
        // An API server whose etcd is not there gives up before long.
        listening(&mut etcd, "etcd", client).await?;
        let mut arguments = apiserver_arguments(folder.path(), &authority, client, port);
        arguments.extend(settings.apiserver_flags.iter().cloned());
        let mut servers = Self {
            apiserver: None,
            etcd,
            authority,
            administrator,
            users,
            port,
            program: assets.apiserver.clone(),
            arguments,
            namespaces: AtomicUsize::new(0),
            folder,
        };
        servers.start_apiserver().await?;
        Ok(servers)
    }

    /// Starts the API server on the data that there are, and waits until it is ready. Nothing if it runs.
    pub async fn start_apiserver(&mut self) -> Result<(), Error> {
        if let Some(running) = &mut self.apiserver {
            return running.check();
        }
        self.etcd.check()?;
        let log = self.folder.path().join("kube-apiserver.log");
        let mut apiserver = Process::start("kube-apiserver", &self.program, &self.arguments, log)?;
        self.ready(&mut apiserver).await?;
        self.apiserver = Some(apiserver);
        Ok(())
    }

    /// Kills the API server; its data stay. Every connection breaks at once.
    pub fn stop_apiserver(&mut self) {
        self.apiserver = None;
    }

    /// Kills the API server and starts it again, on the same data and at the same address.
    pub async fn restart_apiserver(&mut self) -> Result<(), Error> {
        self.stop_apiserver();
        self.start_apiserver().await
    }

    /// Waits until the API server says that it is ready, and has the namespace that everybody expects.
    async fn ready(&self, apiserver: &mut Process) -> Result<(), Error> {
        let mut config = self.config(&self.administrator);
        // Asking again is what happens here anyway.
        config.default_retry = false;
        let client = Client::try_from(config)?;
        let namespaces = Api::<Namespace>::all(client.clone());
        let began = Instant::now();
        loop {
            apiserver.check()?;
            let request = http::Request::get("/readyz").body(Vec::new());
            let request = request.expect("the request is well-formed");
            if client.request_text(request).await.is_ok()
                && matches!(namespaces.get_opt("default").await, Ok(Some(_)))
            {
                return Ok(());
            }
            if began.elapsed() > PATIENCE {
                return Err(Error::NotReady {
                    program: "kube-apiserver",
                    after: PATIENCE,
                    log: apiserver.last_words(),
                });
            }
            tokio::time::sleep(POLL).await;
        }
    }

    /// The address of the API server.
    pub fn url(&self) -> String {
        format!("https://127.0.0.1:{}", self.port)
    }

    /// The certificate that clients have to trust, as PEM.
    pub fn certificate(&self) -> &str {
        &self.authority.certificate_pem
    }

    /// The user who may do everything.
    pub fn administrator(&self) -> &User {
        &self.administrator
    }

    /// A user of the [`Settings`], by name.
    pub fn user(&self, name: &str) -> Option<&User> {
        self.users.iter().find(|user| user.name == name)
    }

    /// How a client of kube reaches the API server as this user.
    pub fn config(&self, user: &User) -> Config {
        let url = self.url().parse().expect("an address and a port are a URL");
        let mut config = Config::new(url);
        config.root_cert = Some(vec![self.authority.certificate_der.clone()]);
        config.auth_info.token = Some(user.token.clone().into());
        config
    }

    /// A client that is this user. A client belongs to the runtime in which it was made.
    pub fn client(&self, user: &User) -> Client {
        Client::try_from(self.config(user)).expect("a configuration of ours has all that it takes")
    }

    /// A client that may do everything.
    pub fn admin(&self) -> Client {
        self.client(&self.administrator)
    }

    /// The same as a file, for programs that want one. It goes when the servers do.
    pub fn kubeconfig(&self, user: &User) -> Result<PathBuf, Error> {
        let path = self
            .folder
            .path()
            .join(format!("{}.kubeconfig", user.name.replace(['/', ':'], "-")));
        // JSON is YAML, too.
        let document = json!({
            "apiVersion": "v1", "kind": "Config", "current-context": "envtest",
            "clusters": [{"name": "envtest", "cluster": {
                "server": self.url(), "certificate-authority": self.authority.certificate}}],
            "users": [{"name": user.name, "user": {"token": user.token}}],
            "contexts": [{"name": "envtest", "context": {"cluster": "envtest", "user": user.name}}],
        });
        fs::write(&path, document.to_string()).map_err(Error::file(&path))?;
        Ok(path)
    }

    /// Makes a namespace that no other test knows, and says its name.
    pub async fn namespace(&self) -> Result<String, Error> {
        let number = self.namespaces.fetch_add(1, Ordering::Relaxed);
        let name = format!("test-{number}");
        let mut namespace = Namespace::default();
        namespace.metadata.name = Some(name.clone());
        Api::all(self.admin())
            .create(&PostParams::default(), &namespace)
            .await?;
        Ok(name)
    }

    /// Makes a service account, with a token such as its pods would have.
    pub async fn service_account(&self, namespace: &str, name: &str) -> Result<User, Error> {
        let accounts = Api::<ServiceAccount>::namespaced(self.admin(), namespace);
        let mut account = ServiceAccount::default();
        account.metadata.name = Some(name.to_owned());
        accounts.create(&PostParams::default(), &account).await?;
        let request = TokenRequest {
            spec: Some(TokenRequestSpec::default()),
            ..TokenRequest::default()
        };
        let answer = accounts
            .create_token_request(name, &PostParams::default(), &request)
            .await?;
        Ok(User {
            name: format!("system:serviceaccount:{namespace}:{name}"),
            groups: vec![
                "system:serviceaccounts".to_owned(),
                format!("system:serviceaccounts:{namespace}"),
            ],
            token: answer
                .status
                .and_then(|status| status.token)
                .unwrap_or_default(),
        })
    }

    /// The record of every request that the API server answered.
    pub fn audit(&self) -> AuditLog {
        AuditLog::new(self.folder.path().join(AUDIT_LOG), self.admin())
    }
}

/// Waits until a port of a server is open.
async fn listening(process: &mut Process, name: &'static str, port: u16) -> Result<(), Error> {
    let began = Instant::now();
    while TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_err() {
        process.check()?;
        if began.elapsed() > PATIENCE {
            return Err(Error::NotReady {
                program: name,
                after: PATIENCE,
                log: process.last_words(),
            });
        }
        tokio::time::sleep(POLL).await;
    }
    Ok(())
}

fn etcd_arguments(folder: &Path, client: u16, peer: u16) -> Vec<String> {
    vec![
        format!("--data-dir={}", folder.join("etcd").display()),
        format!("--listen-client-urls=http://127.0.0.1:{client}"),
        format!("--advertise-client-urls=http://127.0.0.1:{client}"),
        format!("--listen-peer-urls=http://127.0.0.1:{peer}"),
        // No test outlives its machine.
        "--unsafe-no-fsync".to_owned(),
        "--log-level=warn".to_owned(),
    ]
}

fn apiserver_arguments(folder: &Path, authority: &Authority, etcd: u16, port: u16) -> Vec<String> {
    let file = |name: &str| folder.join(name).display().to_string();
    vec![
        format!("--etcd-servers=http://127.0.0.1:{etcd}"),
        "--bind-address=127.0.0.1".to_owned(),
        format!("--secure-port={port}"),
        format!(
            "--tls-cert-file={}",
            authority.serving_certificate.display()
        ),
        format!("--tls-private-key-file={}", authority.serving_key.display()),
        format!("--cert-dir={}", file("certificates")),
        "--service-account-issuer=https://kubernetes.default.svc".to_owned(),
        format!(
            "--service-account-key-file={}",
            authority.account_public_key.display()
        ),
        format!(
            "--service-account-signing-key-file={}",
            authority.account_key.display()
        ),
        format!("--token-auth-file={}", file("tokens.csv")),
        "--authorization-mode=RBAC".to_owned(),
        // Nothing makes the accounts that it would want to see.
        "--disable-admission-plugins=ServiceAccount".to_owned(),
        "--allow-privileged=true".to_owned(),
        "--service-cluster-ip-range=10.0.0.0/24".to_owned(),
        // Without these it looks for a way out of this machine, which there may not be.
        "--advertise-address=127.0.0.1".to_owned(),
        "--endpoint-reconciler-type=none".to_owned(),
        format!("--audit-policy-file={}", file("audit.yaml")),
        format!("--audit-log-path={}", file(AUDIT_LOG)),
        // Megabytes until it is moved away, which would lose what nobody has read yet.
        "--audit-log-maxsize=100000".to_owned(),
    ]
}
