//! `konduit run` as a process: options, log, probes, its end. Against an API server that knows nothing: what
//! it does with one that does is tested where it is written.

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use crate::{command, folder, run};

/// Answers everything with 404, as an API server without our kinds does.
fn empty_api_server() -> u16 {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            std::thread::spawn(move || {
                let mut stream = stream.unwrap();
                let mut lines = BufReader::new(stream.try_clone().unwrap()).lines();
                // Requests without a body end with an empty line.
                while lines
                    .by_ref()
                    .map_while(Result::ok)
                    .any(|line| line.is_empty())
                {
                    let answer = "HTTP/1.1 404 Not Found\r\nContent-Length: 9\r\n\r\nnot found";
                    if stream.write_all(answer.as_bytes()).is_err() {
                        break;
                    }
                }
            });
        }
    });
    port
}

fn kubeconfig(port: u16) -> String {
    format!(
        "\
apiVersion: v1
kind: Config
current-context: here
contexts: [{{name: here, context: {{cluster: here, user: me, namespace: kong}}}}]
clusters: [{{name: here, cluster: {{server: 'http://127.0.0.1:{port}'}}}}]
users: [{{name: me, user: {{}}}}]
"
    )
}

fn get(address: &str, path: &str) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

fn start(directory: &Path, configure: impl FnOnce(&mut Command)) -> Child {
    let mut command = command(directory);
    command
        .args([
            "run",
            "--kubeconfig",
            "kubeconfig",
            "--no-leader-election",
            "--log-format=text",
        ])
        .env_remove("RUST_LOG")
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    configure(&mut command);
    command.spawn().unwrap()
}

/// Asks it to end as Kubernetes does.
fn terminate(mut child: Child) -> ExitStatus {
    let id = child.id().to_string();
    assert!(
        Command::new("kill")
            .args(["-TERM", &id])
            .status()
            .unwrap()
            .success()
    );
    let limit = Instant::now() + Duration::from_secs(20);
    loop {
        if let Some(status) = child.try_wait().unwrap() {
            return status;
        }
        assert!(Instant::now() < limit, "it does not end");
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn it_answers_probes_warns_once_of_what_has_no_effect_and_ends_well() {
    let port = empty_api_server();
    let folder = folder(&[("kubeconfig", &kubeconfig(port))]);
    let mut child = start(folder.path(), |command| {
        command
            .args(["--enable-controller-gateway=false", "--feature-gates", "x"])
            .env("KONG_OPERATOR_ANONYMOUS_REPORTS", "false")
            .env("KONG_OPERATOR_HEALTH_PROBE_BIND_ADDRESS", "127.0.0.1:0")
            .env("KONG_OPERATOR_METRICS_BIND_ADDRESS", "127.0.0.1:0");
    });
    let mut lines = BufReader::new(child.stderr.take().unwrap())
        .lines()
        .map_while(Result::ok);
    let mut before = Vec::new();
    let mut address = |what: &str| {
        let line = lines.find(|line| {
            before.push(line.clone());
            line.contains(what)
        });
        let line = line.unwrap();
        line.split_once("address=")
            .unwrap()
            .1
            .split_whitespace()
            .next()
            .unwrap()
            .to_owned()
    };
    let (probes, metrics) = (address("probes are served"), address("metrics are served"));
    let warnings: Vec<&String> = before
        .iter()
        .filter(|line| line.contains("no effect"))
        .collect();
    assert_eq!(warnings.len(), 1, "{before:?}");
    for name in [
        "--enable-controller-gateway",
        "--feature-gates",
        "--anonymous-reports",
    ] {
        assert!(warnings[0].contains(name), "{name}: {warnings:?}");
    }

    let limit = Instant::now() + Duration::from_secs(20);
    let ready = loop {
        let answer = get(&probes, "/readyz");
        // The definitions are not there, which does not matter; Secrets always are.
        if !answer.contains("Kong") || Instant::now() > limit {
            break answer;
        }
        std::thread::sleep(Duration::from_millis(50));
    };
    assert!(ready.starts_with("HTTP/1.1 503"), "{ready}");
    assert!(ready.contains("Secret: "), "{ready}");
    assert!(!ready.contains("KongService: "), "{ready}");
    assert!(get(&probes, "/healthz").starts_with("HTTP/1.1 200"));
    // The last kind may have been seen, and not been counted yet.
    let all = format!("konduit_kinds_synced {}", kong_crds::Kind::SERVED - 1);
    while !get(&metrics, "/metrics").contains(&all) {
        assert!(Instant::now() < limit, "not every kind is counted");
        std::thread::sleep(Duration::from_millis(50));
    }
    assert_eq!(terminate(child).code(), Some(0));
}

#[test]
fn a_line_of_the_log_is_json_unless_somebody_wants_text() {
    let port = empty_api_server();
    let folder = folder(&[("kubeconfig", &kubeconfig(port))]);
    let mut child = start(folder.path(), |command| {
        command.args(["--log-format=json", "--metrics-bind-address=0"]);
        command.args(["--health-probe-bind-address=127.0.0.1:0"]);
    });
    let mut line = String::new();
    BufReader::new(child.stderr.take().unwrap())
        .read_line(&mut line)
        .unwrap();
    let line: serde_json::Value = serde_json::from_str(&line).unwrap();
    assert_eq!(line["message"], "starting");
    assert_eq!(line["namespace"], "kong");
    assert_eq!(terminate(child).code(), Some(0));
}

#[test]
fn what_cannot_work_is_said_before_anything_begins() {
    let folder = folder(&[("kubeconfig", &kubeconfig(1))]);
    let wrong = |arguments: &[&str]| {
        let mut line = vec![
            "run",
            "--kubeconfig",
            "kubeconfig",
            "--metrics-bind-address=0",
        ];
        line.extend(["--health-probe-bind-address=0", "--log-format=text"]);
        line.extend(arguments);
        let ran = run(folder.path(), &line, "");
        assert_eq!(ran.code, 2, "{}", ran.err);
        ran.err
    };
    for (arguments, words) in [
        (&["--kubeconfig", "nowhere"][..], "cannot read \"nowhere\""),
        (&["--context", "nowhere"], "\"kubeconfig\" cannot be used"),
        (
            &["--konnect-url", "http://konnect.example.com"],
            "neither https nor on this machine",
        ),
        (&["--konnect-ca-file", "nowhere"], "cannot read \"nowhere\""),
        (
            &["--leader-election-lease-duration", "5s"],
            "longer than the renew deadline",
        ),
        (&["--metrics-bind-address", "nowhere"], "is no address"),
        (&["--konnect-sync-period", "soon"], "expected a time"),
    ] {
        let err = wrong(arguments);
        assert!(err.contains(words), "{words}: {err}");
    }
}

#[test]
fn the_manifests_of_the_permissions_are_as_they_would_be_generated() {
    let printed = run(folder(&[]).path(), &["rbac"], "").out;
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../deploy/rbac.yaml");
    let kept = fs::read_to_string(path).unwrap_or_default();
    let lines = |text: &str| -> Vec<String> {
        let lines = text.lines().filter(|line| !line.starts_with('#'));
        lines.map(str::to_owned).collect()
    };
    assert_eq!(
        lines(&kept),
        lines(&printed),
        "deploy/rbac.yaml is stale: run `cargo xtask rbac`"
    );
}

#[test]
fn the_permissions_are_for_the_namespace_that_is_asked_for() {
    let printed = run(folder(&[]).path(), &["rbac", "-n", "platform"], "").out;
    assert!(printed.contains("namespace: platform"));
    assert!(!printed.contains("kong-system"));
}

#[test]
fn who_may_read_metrics_can_only_be_asked_with_permissions_that_are_printed_when_wanted() {
    let folder = folder(&[]);
    let usual = run(folder.path(), &["rbac"], "").out;
    let more = run(folder.path(), &["rbac", "--metrics-access-filter=rbac"], "").out;
    for words in [
        "tokenreviews",
        "subjectaccessreviews",
        "konduit-metrics-reader",
        "/metrics",
    ] {
        assert!(!usual.contains(words), "{words}: {usual}");
        assert!(more.contains(words), "{words}: {more}");
    }
}
