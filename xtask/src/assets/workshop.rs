//! Builds programs into the cache, so that neither an interruption nor a second builder leaves half of one.
//!
//! A file comes into the cache by a rename, when it is whole. One builder at a time holds the lock of the cache; the
//! system takes the lock back when a builder dies, and the next one sweeps away what that left.

use std::{
    ffi::OsString,
    fs::{self, File, TryLockError},
    io,
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, bail};

use super::tools::{self, Tool};

/// How often a build says that it is still going on: continuous integration gives up on what is silent.
const HEARTBEAT: Duration = Duration::from_secs(20);
/// How often it is looked whether a build has ended.
const POLL: Duration = Duration::from_millis(100);
/// What the name of a file begins with that is not whole yet.
const UNFINISHED: &str = ".unfinished-";

/// Where programs are built, and with what.
#[derive(Debug)]
pub(crate) struct Workshop {
    /// The command that is Go, and what its arguments begin with.
    pub(crate) go: Vec<OsString>,
    /// The folder of the pinned modules.
    pub(crate) modules: PathBuf,
    /// The folder of the cache, for all keys.
    pub(crate) cache: PathBuf,
}

impl Workshop {
    /// The folder for what is pinned now, whether it is there or not.
    pub(crate) fn folder(&self) -> Result<PathBuf> {
        Ok(self.cache.join(tools::key(&self.modules)?))
    }

    /// Builds those programs that are not in the folder yet.
    pub(crate) fn fill(&self, wanted: &[Tool]) -> Result<PathBuf> {
        let folder = self.folder()?;
        fs::create_dir_all(&folder)
            .with_context(|| format!("\"{}\" cannot be made", folder.display()))?;
        let lock = self.lock()?;
        // Whoever had the lock before us may have built them; and whoever died with it left its rest.
        sweep(&folder)?;
        for tool in super::missing(wanted, &folder) {
            self.build(tool, &folder)?;
        }
        drop(lock);
        Ok(folder)
    }

    /// Waits until nobody else builds. The lock is given back when the file is closed.
    fn lock(&self) -> Result<File> {
        let path = self.cache.join("lock");
        let file = File::create(&path)
            .with_context(|| format!("\"{}\" cannot be made", path.display()))?;
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(TryLockError::WouldBlock) => {
                eprintln!("assets: somebody else is building; waiting for them");
            }
            Err(TryLockError::Error(error)) => {
                return Err(error)
                    .with_context(|| format!("\"{}\" cannot be locked", path.display()));
            }
        }
        file.lock()
            .with_context(|| format!("\"{}\" cannot be locked", path.display()))?;
        Ok(file)
    }

    fn build(&self, tool: &Tool, folder: &Path) -> Result<()> {
        let version = tool.version(&self.modules)?;
        eprintln!("assets: building {} {version}", tool.name);
        let began = Instant::now();
        let unfinished = folder.join(format!("{UNFINISHED}{}", tool.name));
        let (program, first) = self.go.split_first().expect("a command is not empty");
        let child = Command::new(program)
            .args(first)
            .args(["build", "-mod=readonly", "-trimpath", "-buildvcs=false"])
            .args(["-ldflags", &tool.linker_flags(&version), "-o"])
            .arg(&unfinished)
            .arg(tool.package)
            .current_dir(self.modules.join(tool.folder))
            // No C: the programs run wherever they are copied to, and no compiler is needed.
            .env("CGO_ENABLED", "0")
            .env("GOWORK", "off")
            // Our standard output is the name of the folder alone; what Go has to say is on the other.
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .spawn();
        let child = match child {
            Ok(child) => child,
            Err(error) if error.kind() == io::ErrorKind::NotFound => bail!(
                "{} is not in the cache and \"{}\" was not found to build it: install Go (see \
                 https://go.dev/dl), or name a folder that holds it with KUBEBUILDER_ASSETS",
                tool.name,
                program.display()
            ),
            Err(error) => {
                return Err(error)
                    .with_context(|| format!("\"{}\" could not be run", program.display()));
            }
        };
        let status = watch(child, tool.name, began)?;
        if !status.success() {
            bail!("{} {version} could not be built: {status}", tool.name);
        }
        let file = tool.file(folder);
        fs::rename(&unfinished, &file)
            .with_context(|| format!("\"{}\" cannot be made", file.display()))?;
        eprintln!(
            "assets: {} is built after {:.0} s",
            tool.name,
            began.elapsed().as_secs_f64()
        );
        Ok(())
    }
}

/// Waits for a build, and says now and then that it still goes on.
fn watch(mut child: Child, name: &str, began: Instant) -> Result<ExitStatus> {
    let mut said = began;
    loop {
        let ended = child
            .try_wait()
            .with_context(|| format!("the build of {name} cannot be waited for"))?;
        if let Some(status) = ended {
            return Ok(status);
        }
        if said.elapsed() >= HEARTBEAT {
            said = Instant::now();
            eprintln!(
                "assets: still building {name}, {:.0} s so far",
                began.elapsed().as_secs_f64()
            );
        }
        thread::sleep(POLL);
    }
}

/// Removes what builders left that did not come to an end.
fn sweep(folder: &Path) -> Result<()> {
    let entries =
        fs::read_dir(folder).with_context(|| format!("\"{}\" cannot be read", folder.display()))?;
    for entry in entries {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if name.starts_with(UNFINISHED) {
            fs::remove_file(&path)
                .with_context(|| format!("\"{}\" cannot be removed", path.display()))?;
        }
    }
    Ok(())
}

// The stand-in for Go is a shell script.
#[cfg(unix)]
#[cfg(test)]
mod tests {
    use super::*;
    use crate::workspace;

    /// A workshop whose Go is this script; it finds the file to write in `$file`, and `$cache`.
    fn workshop(home: &Path, script: &str) -> Workshop {
        let cache = home.join("cache");
        let head = "while [ \"$1\" != -o ]; do shift; done; file=$2";
        let script = format!("{head} cache={}; {script}", cache.display());
        Workshop {
            go: ["sh", "-c", &script, "go"].map(OsString::from).into(),
            modules: workspace::root().join("xtask/assets"),
            cache,
        }
    }

    /// What there is in a folder, by name.
    fn names(folder: &Path) -> Vec<String> {
        let mut names: Vec<String> = fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn what_is_built_is_there_afterwards_and_not_built_again() {
        let home = tempfile::tempdir().unwrap();
        let script = "echo built > \"$file\"; echo \"$3\" >> \"$cache/log\"";
        let workshop = workshop(home.path(), script);
        let folder = workshop.fill(tools::SERVERS).unwrap();
        assert_eq!(names(&folder), ["etcd", "kube-apiserver"]);
        workshop.fill(tools::ALL).unwrap();
        let all = ["etcd", "helm", "kube-apiserver", "kubectl"];
        assert_eq!(names(&folder), all);
        let log = fs::read_to_string(workshop.cache.join("log")).unwrap();
        let packages: Vec<&str> = log.lines().collect();
        let expected: Vec<&str> = tools::ALL.iter().map(|tool| tool.package).collect();
        assert_eq!(packages, expected);
    }

    #[test]
    fn two_builders_at_once_build_once() {
        let home = tempfile::tempdir().unwrap();
        let script = "sleep 0.2; echo built > \"$file\"; echo \"$3\" >> \"$cache/log\"";
        let workshop = workshop(home.path(), script);
        let folders: Vec<PathBuf> = thread::scope(|scope| {
            let builders = [(); 3].map(|()| scope.spawn(|| workshop.fill(tools::SERVERS).unwrap()));
            builders.map(|builder| builder.join().unwrap()).into()
        });
        assert!(folders.iter().all(|folder| *folder == folders[0]));
        let log = fs::read_to_string(workshop.cache.join("log")).unwrap();
        assert_eq!(log.lines().count(), tools::SERVERS.len());
    }

    #[test]
    fn a_build_that_fails_leaves_nothing_that_looks_whole() {
        let home = tempfile::tempdir().unwrap();
        let broken = workshop(home.path(), "echo half > \"$file\"; exit 1");
        let error = broken.fill(tools::SERVERS).unwrap_err();
        assert!(error.to_string().starts_with("etcd v"), "{error}");
        assert!(error.to_string().contains("could not be built"), "{error}");
        assert_eq!(names(&broken.folder().unwrap()), [".unfinished-etcd"]);

        let whole = workshop(home.path(), "echo built > \"$file\"");
        let folder = whole.fill(tools::SERVERS).unwrap();
        assert_eq!(names(&folder), ["etcd", "kube-apiserver"]);
    }

    #[test]
    fn without_go_it_says_what_to_install() {
        let home = tempfile::tempdir().unwrap();
        let mut workshop = workshop(home.path(), "exit 1");
        workshop.go = vec![home.path().join("no-such-program").into()];
        let error = workshop.fill(tools::SERVERS).unwrap_err().to_string();
        assert!(error.starts_with("etcd is not in the cache"), "{error}");
        assert!(error.contains("install Go"), "{error}");
    }
}
