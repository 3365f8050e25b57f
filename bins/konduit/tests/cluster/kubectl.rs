//! The real `kubectl`, as the person who may do everything. It is in the folder of the other programs of
//! Kubernetes; without it a test says so and passes, unless `REQUIRE_ENVTEST=1`.

use std::{
    env,
    io::{self, Write as _},
    path::PathBuf,
    process::Command,
};

use clustertest::World;
use tempfile::TempDir;
use tokio::task;

/// A `kubectl` that talks to a world.
pub(crate) struct Kubectl {
    program: PathBuf,
    kubeconfig: PathBuf,
    /// Where it keeps what it knows of kinds; its usual place is in the home of whoever runs the tests.
    home: TempDir,
}

impl Kubectl {
    /// `None` if there is none, which is said in one line.
    pub(crate) fn of(world: &World) -> Option<Self> {
        let folder = PathBuf::from(env::var_os("KUBEBUILDER_ASSETS")?);
        let program = folder.join("kubectl");
        if !program.is_file() {
            let why = format!("there is no kubectl in \"{}\"", folder.display());
            assert!(
                env::var_os("REQUIRE_ENVTEST").is_none_or(|value| value != "1"),
                "{why}"
            );
            // Past the capture of the test harness, which would hide it while tests pass.
            let _: io::Result<()> = writeln!(io::stderr(), "SKIPPED: {why}");
            return None;
        }
        let kubeconfig = world.servers.kubeconfig(world.servers.administrator());
        Some(Self {
            program,
            kubeconfig: kubeconfig.unwrap(),
            home: tempfile::tempdir().unwrap(),
        })
    }

    /// What it prints; fails with its complaint, if it has one.
    pub(crate) async fn run(&self, arguments: &[&str]) -> String {
        let mut command = Command::new(&self.program);
        command
            .env("HOME", self.home.path())
            .arg("--kubeconfig")
            .arg(&self.kubeconfig)
            .args(arguments);
        let output = task::spawn_blocking(move || command.output()).await;
        let output = output.unwrap().unwrap();
        let said = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        assert!(
            output.status.success(),
            "kubectl {}: {}{}",
            arguments.join(" "),
            said(&output.stdout),
            said(&output.stderr)
        );
        said(&output.stdout)
    }
}
