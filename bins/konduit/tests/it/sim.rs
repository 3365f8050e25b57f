//! `konduit sim` as it runs: says where it is, serves, and ends when it is told to.

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, ChildStderr, Command, Stdio};

use crate::{command, folder, run};

struct Server {
    child: Child,
    err: BufReader<ChildStderr>,
    /// What it said, the line with the address last.
    said: Vec<String>,
    url: String,
}

impl Server {
    fn start(directory: &Path, arguments: &[&str]) -> Self {
        let mut child = command(directory)
            .args(["sim", "--listen", "localhost:0"])
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let err = BufReader::new(child.stderr.take().unwrap());
        let mut server = Self {
            child,
            err,
            said: Vec::new(),
            url: String::new(),
        };
        while server.url.is_empty() {
            let mut line = String::new();
            let length = server.err.read_line(&mut line).unwrap();
            assert_ne!(length, 0, "it ended: {:?}", server.said);
            let rest = line.strip_prefix("listening on ");
            let url = rest.and_then(|rest| rest.split(';').next());
            server.url = url.unwrap_or_default().to_owned();
            server.said.push(line.trim_end().to_owned());
        }
        server
    }

    fn address(&self) -> &str {
        self.url.split_once("://").unwrap().1
    }

    /// The head and the body of an answer over plain HTTP.
    fn ask(&self, method: &str, path: &str, token: &str, body: &str) -> (String, String) {
        let address = self.address();
        let mut stream = TcpStream::connect(address).unwrap();
        let length = body.len();
        let request = format!(
            "{method} {path} HTTP/1.1\r\nhost: {address}\r\nauthorization: Bearer {token}\r\n\
             content-length: {length}\r\nconnection: close\r\n\r\n{body}"
        );
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        (head.to_ascii_lowercase(), body.to_owned())
    }

    /// How it ends on a signal, and what else it said.
    fn end(mut self, signal: &str) -> (Option<i32>, String) {
        let id = self.child.id().to_string();
        assert!(
            Command::new("kill")
                .args([signal, &id])
                .status()
                .unwrap()
                .success()
        );
        let mut rest = String::new();
        self.err.read_to_string(&mut rest).unwrap();
        (self.child.wait().unwrap().code(), rest)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It is gone already unless the test failed.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn it_serves_until_it_is_told_to_end() {
    let directory = folder(&[]);
    for signal in ["-INT", "-TERM"] {
        let server = Server::start(directory.path(), &[]);
        let (head, body) = server.ask(
            "POST",
            "/v2/control-planes",
            "kpat_any",
            "{\"name\": \"shop\"}",
        );
        assert!(head.starts_with("http/1.1 201 "), "{head}");
        assert!(body.contains("\"name\":\"shop\""), "{body}");
        let (_, state) = server.ask("GET", "/sim/state", "", "");
        assert_eq!(
            state,
            "_format_version: \"3.0\"\n_konnect:\n  control_plane_name: shop\n"
        );
        assert_eq!(server.end(signal), (Some(0), String::new()));
    }
}

#[test]
fn what_it_says_can_be_pasted() {
    let directory = folder(&[]);
    let server = Server::start(directory.path(), &[]);
    let url = &server.url;
    assert_eq!(
        server.said,
        [
            "every token is accepted that does not begin with kpat_bad; for example:".to_owned(),
            format!("  curl -H 'Authorization: Bearer kpat_any' {url}/v3/organizations/me"),
            format!("  curl -N '{url}/sim/log?follow'"),
            format!("listening on {url}; Ctrl-C ends it"),
        ]
    );
    let server = Server::start(
        directory.path(),
        &["--tls-dir", "my tls", "--host", "us.api.konghq.com"],
    );
    let (url, address) = (&server.url, server.address());
    assert_eq!(
        server.said,
        [
            "new certificate for localhost, 127.0.0.1, ::1, us.api.konghq.com; clients have to trust \
             \"my tls/ca.crt\""
                .to_owned(),
            "every token is accepted that does not begin with kpat_bad; for example:".to_owned(),
            format!("  curl --cacert 'my tls/ca.crt' -H 'Authorization: Bearer kpat_any' {url}/v3/organizations/me"),
            format!(
                "  curl --cacert 'my tls/ca.crt' --connect-to us.api.konghq.com:443:{address} \
                 -H 'Authorization: Bearer kpat_any' https://us.api.konghq.com/v3/organizations/me"
            ),
            format!("  curl -N --cacert 'my tls/ca.crt' '{url}/sim/log?follow'"),
            format!("listening on {url}; Ctrl-C ends it"),
        ]
    );
    assert!(url.starts_with("https://127.0.0.1:"), "{url}");
    let written = || fs::read_to_string(directory.path().join("my tls/tls.crt")).unwrap();
    let first = written();
    let again = Server::start(directory.path(), &["--tls-dir", "my tls"]);
    assert!(
        again.said[0].starts_with("certificate for localhost"),
        "{:?}",
        again.said
    );
    assert_eq!(written(), first);
}

#[test]
fn tokens_rate_and_latency_are_as_they_are_asked_for() {
    let directory = folder(&[]);
    let server = Server::start(
        directory.path(),
        &[
            "--token",
            "kpat_one",
            "--token",
            "kpat_bad_two",
            "--rate",
            "1",
            "--latency",
            "50",
        ],
    );
    let began = std::time::Instant::now();
    for (token, status) in [("kpat_other", "401"), ("", "401"), ("kpat_bad_two", "200")] {
        let (head, _) = server.ask("GET", "/v3/organizations/me", token, "");
        assert!(
            head.starts_with(&format!("http/1.1 {status} ")),
            "{token}: {head}"
        );
    }
    assert!(began.elapsed().as_millis() >= 150);
    let (head, _) = server.ask("GET", "/v3/organizations/me", "kpat_one", "");
    assert!(head.contains("\r\nx-ratelimit-limit-second: 1"), "{head}");
    assert!(
        server.said.iter().all(|line| !line.contains("kpat_")),
        "{:?}",
        server.said
    );
}

#[test]
fn an_address_that_is_taken_is_wrong_use() {
    let directory = folder(&[]);
    let server = Server::start(directory.path(), &[]);
    let ran = run(directory.path(), &["sim", "--listen", server.address()], "");
    assert_eq!((ran.code, ran.out.as_str()), (2, ""));
    let expected = format!(
        "error: cannot listen on {}: something else listens there; choose another with --listen\n",
        server.address()
    );
    assert_eq!(ran.err, expected);
}

#[test]
fn what_cannot_be_done_is_said_before_anything_is() {
    let directory = folder(&[("tls.crt", "theirs")]);
    for (arguments, words) in [
        (
            &["--listen", "8080"][..],
            "expected an IP address and a port",
        ),
        (&["--host", "us.api.konghq.com"], "--tls-dir <DIR>"),
        (&["--tls-dir", "."], "nothing is overwritten"),
        (
            &["--tls-dir", "new", "--host", "https://a"],
            "is no host name and no IP address",
        ),
        (&["--token", "a b"], "no space"),
        (&["--rate", "0"], "--rate <N>"),
    ] {
        let arguments: Vec<&str> = [&["sim"], arguments].concat();
        let ran = run(directory.path(), &arguments, "");
        assert_eq!((ran.code, ran.out.as_str()), (2, ""), "{arguments:?}");
        assert!(ran.err.contains(words), "{arguments:?}: {}", ran.err);
    }
}
