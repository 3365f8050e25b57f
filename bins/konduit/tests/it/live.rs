//! `konduit up` as it runs: what is saved arrives, what is broken keeps its last good state, what is
//! deleted goes in the right order, and Ctrl-C ends it.

use std::fs;
use std::io::{BufRead as _, BufReader, Read};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::time::Duration;

use crate::{CONTROL_PLANE, command, folder, service};

/// Far longer than anything takes, even on a machine with much else to do.
const PATIENCE: Duration = Duration::from_secs(60);

struct Session {
    child: Child,
    out: Receiver<String>,
    err: Receiver<String>,
}

fn lines(stream: impl Read + Send + 'static) -> Receiver<String> {
    let (sender, receiver) = mpsc::channel();
    std::thread::spawn(move || {
        for line in BufReader::new(stream).lines().map_while(Result::ok) {
            if sender.send(line).is_err() {
                break;
            }
        }
    });
    receiver
}

impl Session {
    fn start(directory: &Path, arguments: &[&str]) -> Self {
        let mut child = command(directory)
            .arg("up")
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let out = lines(child.stdout.take().unwrap());
        let err = lines(child.stderr.take().unwrap());
        Self { child, out, err }
    }

    /// Everything that is printed up to and with a line that begins like this.
    fn until(&self, beginning: &str) -> Vec<String> {
        let mut seen = Vec::new();
        loop {
            let line = self
                .out
                .recv_timeout(PATIENCE)
                .unwrap_or_else(|_| panic!("{beginning}: {seen:?}"));
            let found = line.starts_with(beginning);
            seen.push(line);
            if found {
                return seen;
            }
        }
    }

    fn complaint(&self) -> String {
        self.err.recv_timeout(PATIENCE).unwrap()
    }

    /// Ends it as a terminal does.
    fn interrupt(mut self) -> Option<i32> {
        let id = self.child.id().to_string();
        assert!(
            Command::new("kill")
                .args(["-INT", &id])
                .status()
                .unwrap()
                .success()
        );
        self.child.wait().unwrap().code()
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        // It is gone already unless the test failed.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn what_is_saved_arrives_and_what_is_broken_keeps_its_last_good_state() {
    let route = "\
---
apiVersion: configuration.konghq.com/v1alpha1
kind: KongRoute
metadata: {name: shop}
spec:
  paths: [/]
  serviceRef: {type: namespacedRef, namespacedRef: {name: shop}}
";
    let folder = folder(&[("a.yaml", CONTROL_PLANE)]);
    let file = folder.path().join("shop.yaml");
    let good = format!("{}{route}", service("shop", "host: a.example.com"));
    fs::write(&file, &good).unwrap();
    let session = Session::start(folder.path(), &[".", "--dump", "dump.deck"]);
    assert_eq!(session.complaint(), "watching .; Ctrl-C ends");
    session.until("KongRoute default/shop Programmed (generation 1, id ");

    // A change of a value.
    fs::write(&file, good.replace("a.example.com", "b.example.com")).unwrap();
    session.until("KongService default/shop Programmed (generation 2, id ");

    // A typing error: the object stays as it was.
    fs::write(&file, good.replace("host:", "hosts:")).unwrap();
    assert_eq!(
        session.complaint(),
        "./shop.yaml:5: KongService default/shop: spec.hosts: unknown field \
         (the last good version stays in force); did you mean \"host\"?"
    );
    // Taken back: nothing is left to complain about.
    fs::write(&file, good.replace("a.example.com", "b.example.com")).unwrap();
    assert_eq!(
        session.complaint(),
        "./shop.yaml: KongService default/shop: nothing wrong any more"
    );

    // A file that is no YAML: its objects stay, and another file is still followed.
    fs::write(&file, good.replace("  host", "\thost")).unwrap();
    assert_eq!(
        session.complaint(),
        "./shop.yaml:5:1: KongService shop: not valid YAML: the line is indented with a tab; indent with \
         spaces"
    );
    fs::write(
        folder.path().join("more.yaml"),
        service("more", "host: c.example.com"),
    )
    .unwrap();
    let told = session.until("KongService default/more Programmed");
    assert!(
        !told
            .iter()
            .any(|line| line.contains("gone") || line.contains("deleted")),
        "{told:?}"
    );

    // The whole file goes: the route before the service that it belongs to.
    fs::remove_file(&file).unwrap();
    let told = session.until("KongService default/shop gone");
    assert!(
        told.contains(&"KongRoute default/shop gone".to_owned()),
        "{told:?}"
    );
    let dump = fs::read_to_string(folder.path().join("dump.deck")).unwrap();
    assert!(
        dump.contains("host: c.example.com") && !dump.contains("routes:"),
        "{dump}"
    );
    assert_eq!(session.interrupt(), Some(0));
}

/// Everything that the quickstart has its readers do, and every line that it says they will see.
#[test]
fn the_quickstart_prints_what_the_book_says() {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let book = fs::read_to_string(workspace.join("docs/quickstart.md")).unwrap();
    let in_book = |line: String| {
        assert!(book.lines().any(|told| told == line), "{line}");
    };
    let folder = folder(&[]);
    let shop = folder.path().join("shop");
    fs::create_dir(&shop).unwrap();
    for file in fs::read_dir(workspace.join("examples/quickstart")).unwrap() {
        let file = file.unwrap();
        fs::copy(file.path(), shop.join(file.file_name())).unwrap();
    }
    let routes = shop.join("service-and-route.yaml");
    let good = fs::read_to_string(&routes).unwrap();
    let upstreams = shop.join("upstream-and-targets.yaml");
    let session = Session::start(folder.path(), &["shop"]);
    assert_eq!(session.complaint(), "watching shop; Ctrl-C ends");
    session.until("KongTarget kong/target-b Programmed");
    let last = |beginning| session.until(beginning).pop().unwrap();

    let good = good.replace("/anything\n", "/anything-else\n");
    fs::write(&routes, &good).unwrap();
    in_book(last("KongRoute kong/route-with-service"));
    fs::write(&routes, good.replace("  host:", "  hots:")).unwrap();
    in_book(session.complaint());
    fs::write(&routes, &good).unwrap();
    in_book(session.complaint());
    fs::write(
        &routes,
        good.replace("      name: service", "      name: sevrice"),
    )
    .unwrap();
    in_book(last("KongRoute kong/route-with-service"));
    fs::write(&routes, &good).unwrap();
    session.until("KongRoute kong/route-with-service Programmed");

    let text = fs::read_to_string(&upstreams).unwrap();
    fs::write(&upstreams, text.replace("  slots:", "\tslots:")).unwrap();
    in_book(session.complaint());
    fs::write(&upstreams, &text).unwrap();
    session.complaint();
    fs::remove_file(&upstreams).unwrap();
    session
        .until("KongUpstream kong/upstream gone")
        .into_iter()
        .for_each(in_book);
    let (_, route) = good.split_once("---\n").unwrap();
    fs::write(&routes, route).unwrap();
    let (blocked, blocking) = (
        "KongService kong/service being deleted: ",
        "KongRoute kong/route-with-service not Programmed: ",
    );
    let mut told = session.until(blocking);
    if !told.iter().any(|line| line.starts_with(blocked)) {
        told.extend(session.until(blocked));
    }
    told.retain(|line| line.starts_with(blocked) || line.starts_with(blocking));
    told.into_iter().for_each(in_book);
    assert_eq!(session.interrupt(), Some(0));
}

#[test]
fn everything_at_once_drains() {
    let folder = folder(&[
        ("a.yaml", CONTROL_PLANE),
        ("b.yaml", &service("shop", "host: a.example.com")),
    ]);
    let session = Session::start(folder.path(), &["."]);
    session.until("KongService default/shop Programmed");
    fs::remove_file(folder.path().join("a.yaml")).unwrap();
    fs::remove_file(folder.path().join("b.yaml")).unwrap();
    let told = session.until("KonnectAPIAuthConfiguration default/auth gone");
    let position = |line: &str| told.iter().position(|told| told == line);
    let service = position("KongService default/shop gone");
    let control_plane = position("KonnectGatewayControlPlane default/cp gone");
    assert!(service.is_some() && control_plane.is_some(), "{told:?}");
    assert!(service < control_plane, "{told:?}");
    assert_eq!(session.interrupt(), Some(0));
}

#[test]
fn an_object_that_is_deleted_and_put_back_is_created_anew() {
    let text = service("shop", "host: a.example.com");
    let folder = folder(&[("a.yaml", CONTROL_PLANE), ("b.yaml", &text)]);
    let session = Session::start(folder.path(), &["."]);
    session.until("KongService default/shop Programmed");
    fs::remove_file(folder.path().join("b.yaml")).unwrap();
    session.until("KongService default/shop gone");
    fs::write(folder.path().join("b.yaml"), &text).unwrap();
    session.until("KongService default/shop Programmed");
    assert_eq!(session.interrupt(), Some(0));
}

#[test]
fn an_object_that_is_put_back_before_it_is_gone_is_said_to_come_back() {
    let route = "\
apiVersion: configuration.konghq.com/v1alpha1
kind: KongRoute
metadata: {name: shop}
spec:
  paths: [/]
  serviceRef: {type: namespacedRef, namespacedRef: {name: shop}}
";
    let shop = service("shop", "host: a.example.com");
    let folder = folder(&[
        ("a.yaml", CONTROL_PLANE),
        ("b.yaml", &shop),
        ("c.yaml", route),
    ]);
    let session = Session::start(folder.path(), &["."]);
    assert_eq!(session.complaint(), "watching .; Ctrl-C ends");
    session.until("KongRoute default/shop Programmed");
    fs::remove_file(folder.path().join("b.yaml")).unwrap();
    session.until("KongService default/shop being deleted: ");
    fs::write(folder.path().join("b.yaml"), &shop).unwrap();
    assert_eq!(
        session.complaint(),
        "./b.yaml:1: KongService default/shop: is still being deleted, and comes back when it is gone"
    );
    fs::remove_file(folder.path().join("c.yaml")).unwrap();
    session.until("KongService default/shop Programmed");
    assert_eq!(
        session.complaint(),
        "./b.yaml: KongService default/shop: nothing wrong any more"
    );
    assert_eq!(session.interrupt(), Some(0));
}

/// A pipe gives what is in it once, so a second look must not take everything for deleted; and a pipe
/// that nobody writes to must not hold up the folder it is in.
#[cfg(unix)]
#[test]
fn pipes_are_read_once_and_passed_over_in_folders() {
    let watched = folder(&[("shop.yaml", &service("shop", "host: a.example.com"))]);
    let pipe = |path: &Path| {
        let made = Command::new("mkfifo").arg(path).status().unwrap();
        assert!(made.success());
    };
    pipe(&watched.path().join("idle.yaml"));
    let elsewhere = folder(&[]);
    let given = elsewhere.path().join("pipe");
    pipe(&given);
    let session = Session::start(watched.path(), &[".", given.to_str().unwrap()]);
    fs::write(&given, CONTROL_PLANE).unwrap();
    session.until("KongService default/shop Programmed");
    fs::write(
        watched.path().join("more.yaml"),
        service("more", "host: b.example.com"),
    )
    .unwrap();
    let told = session.until("KongService default/more Programmed");
    assert!(
        !told.iter().any(|line| line.contains("being deleted")),
        "{told:?}"
    );
    assert_eq!(session.interrupt(), Some(0));
}
