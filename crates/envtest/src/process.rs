//! A program that ends when its test does, however that ends: the servers, and whatever else a test wants to run
//! beside them.
//!
//! A shell stands between the two and holds the reading end of a pipe whose writing end is ours alone. When that
//! closes, because [`Process`] was dropped, because a test panicked in a static, or because somebody killed the
//! tests, the shell kills the server. Nothing else covers the last case without unsafe code.

use std::{
    fs::{self, File},
    io,
    os::unix::process::ExitStatusExt as _,
    path::{Path, PathBuf},
    process::{Child, ChildStdin, Command, ExitStatus, Stdio},
};

use crate::Error;

/// Runs its arguments as a server, and writes its number down in a file, which is the first argument. A job in the background has no standard input of its own, hence the third
/// file; the server must not inherit it. What shells say of the
/// killed is not for the log. What is killed has nothing to keep: the etcd of a test does not even
/// wait for its disk.
const KEEPER: &str = r#"
exec 3<&0
file=$1
shift
"$@" </dev/null 3<&- &
server=$!
echo "$server" >"$file"
exec 2>/dev/null
{ read -r _ <&3; kill -9 "$server"; } &
keeper=$!
wait "$server"
code=$?
kill "$keeper"
exit "$code"
"#;

/// How much of what a server wrote goes into an error.
const LAST_WORDS: usize = 4_000;

/// A program that runs.
#[derive(Debug)]
pub struct Process {
    name: &'static str,
    log: PathBuf,
    /// The file that its number is in.
    number: PathBuf,
    shell: Child,
    /// The writing end of the pipe. Closing it is what ends the server.
    pipe: Option<ChildStdin>,
}

impl Process {
    /// Starts a program; what it writes goes to the end of the log.
    pub fn start(
        name: &'static str,
        program: &Path,
        arguments: &[String],
        log: PathBuf,
    ) -> Result<Self, Error> {
        let output = File::options()
            .create(true)
            .append(true)
            .open(&log)
            .map_err(Error::file(&log))?;
        let errors = output.try_clone().map_err(Error::file(&log))?;
        let number = log.with_extension("pid");
        // That of a program before this one, with the same log.
        let _: io::Result<()> = fs::remove_file(&number);
        let mut shell = Command::new("sh")
            .args(["-c", KEEPER, name])
            .arg(&number)
            .arg(program)
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(output)
            .stderr(errors)
            .spawn()
            .map_err(Error::file(program))?;
        let pipe = shell.stdin.take();
        Ok(Self {
            name,
            log,
            number,
            shell,
            pipe,
        })
    }

    /// The number of the process, as soon as it has one.
    pub fn number(&self) -> Option<u32> {
        fs::read_to_string(&self.number).ok()?.trim().parse().ok()
    }

    /// Sends a signal, such as `TERM`, `KILL`, `STOP` and `CONT`. Whether it could be sent.
    pub fn signal(&self, name: &str) -> bool {
        let Some(number) = self.number() else {
            return false;
        };
        let kill = Command::new("kill")
            .args([format!("-{name}"), number.to_string()])
            .output();
        kill.is_ok_and(|output| output.status.success())
    }

    /// Its exit code once it has ended by itself; of what a signal ended, 128 and the number of the signal.
    pub fn exit_code(&mut self) -> Option<i32> {
        self.shell.try_wait().ok().flatten()?.code()
    }

    /// An error if it has ended.
    pub fn check(&mut self) -> Result<(), Error> {
        match self.shell.try_wait() {
            Ok(None) => Ok(()),
            Ok(Some(status)) => Err(Error::Ended {
                program: self.name,
                status: describe(status),
                log: self.last_words(),
            }),
            Err(source) => Err(Error::file(&self.log)(source)),
        }
    }

    /// The end of what it wrote.
    pub fn last_words(&self) -> String {
        match fs::read(&self.log) {
            Ok(bytes) => {
                let start = bytes.len().saturating_sub(LAST_WORDS);
                String::from_utf8_lossy(&bytes[start..]).into_owned()
            }
            Err(error) => error.to_string(),
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        drop(self.pipe.take());
        // The shell is done as soon as it has killed the server; if it is gone already, so is the server.
        let _: io::Result<ExitStatus> = self.shell.wait();
    }
}

/// A status as people read it. A shell that waited for somebody killed says 128 and the signal.
fn describe(status: ExitStatus) -> String {
    match (status.code(), status.signal()) {
        (Some(code), _) if code > 128 => format!("signal {}", code - 128),
        (Some(code), _) => format!("exit code {code}"),
        (None, Some(signal)) => format!("signal {signal}"),
        (None, None) => status.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use std::{
        thread,
        time::{Duration, Instant},
    };

    use super::*;

    /// A process that does what a script says.
    fn script(folder: &Path, text: &str) -> Process {
        let arguments = ["-c".to_owned(), text.to_owned()];
        Process::start("script", Path::new("sh"), &arguments, folder.join("log")).unwrap()
    }

    /// Waits until something holds.
    fn until(mut holds: impl FnMut() -> bool) {
        let began = Instant::now();
        while !holds() {
            assert!(
                began.elapsed() < Duration::from_secs(20),
                "it never happens"
            );
            thread::sleep(Duration::from_millis(10));
        }
    }

    /// Whether somebody with the number that a script wrote down still runs.
    fn runs(folder: &Path) -> bool {
        let number = fs::read_to_string(folder.join("log")).unwrap();
        let number = number.trim();
        assert!(number.parse::<u32>().is_ok(), "{number}");
        let status = Command::new("kill").args(["-0", number]).output().unwrap();
        status.status.success()
    }

    #[test]
    fn what_is_dropped_is_gone_even_if_it_ignores_requests_to_end() {
        let folder = tempfile::tempdir().unwrap();
        let mut process = script(
            folder.path(),
            "trap '' TERM INT; echo $$; while :; do sleep 0.1; done",
        );
        until(|| !process.last_words().is_empty());
        process.check().unwrap();
        assert!(runs(folder.path()));
        drop(process);
        assert!(!runs(folder.path()));
    }

    #[test]
    fn what_a_killed_test_leaves_behind_ends_too() {
        let folder = tempfile::tempdir().unwrap();
        let mut process = script(folder.path(), "echo $$; while :; do sleep 0.1; done");
        until(|| !process.last_words().is_empty());
        // All that a killed process does about its children: its files are closed.
        drop(process.pipe.take());
        until(|| !runs(folder.path()));
        assert!(process.check().is_err());
    }

    #[test]
    fn a_signal_reaches_the_program_and_not_the_shell_around_it() {
        let folder = tempfile::tempdir().unwrap();
        let text = "trap 'exit 7' TERM; echo ready; while :; do sleep 0.1; done";
        let mut process = script(folder.path(), text);
        until(|| !process.last_words().is_empty());
        assert_eq!(process.exit_code(), None);
        assert!(process.signal("TERM"));
        until(|| process.exit_code().is_some());
        assert_eq!(process.exit_code(), Some(7));
    }

    #[test]
    fn what_ends_by_itself_is_quoted() {
        let folder = tempfile::tempdir().unwrap();
        let mut process = script(folder.path(), "echo no room here >&2; exit 3");
        until(|| process.check().is_err());
        let error = process.check().unwrap_err().to_string();
        assert_eq!(
            error,
            "script ended by itself (exit code 3); its last words:\nno room here\n"
        );
    }
}
