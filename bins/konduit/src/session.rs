//! `konduit up`: manifests, cluster, engine and Konnect in one process.
//!
//! The driver is the one that the tests use. With `--once` its time is virtual and passes as fast as the
//! work is done; otherwise it follows a real clock in [`live`]. Start with [`up`].

mod live;
mod news;
pub(crate) mod problems;

use std::io::{Read, Write};
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context as _, Result, anyhow, bail};
use cluster_sim::Cluster;
use kong_driver::{Driver, Schedule, Setup};
use kong_engine::{Engine, Mono, Settings};
use konnect_sim::Konnect;
use serde_json::Value;

use crate::catalogue::Catalogue;
use crate::cli::{Format, Up};
use crate::findings::Finding;
use crate::folder::Folder;
use crate::manifests::{Paths, Reader, Snapshot};
use crate::output::{self, Language};
use crate::secrets::Vault;
use crate::table::{self, Colour, State, Table, Width};

/// Where everything comes from and goes to.
pub(crate) struct Streams<'s> {
    /// Standard input.
    pub(crate) input: &'s mut dyn Read,
    /// Data.
    pub(crate) out: &'s mut dyn Write,
    /// Everything else.
    pub(crate) err: &'s mut dyn Write,
    /// Whether data goes to a terminal that can be drawn on.
    pub(crate) terminal: bool,
    /// Whether colours are wanted there.
    pub(crate) colour: Colour,
}

/// How it ended, short of an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// All well.
    Well,
    /// Something is not as it should be, and has been said.
    Findings,
    /// All well, and something would change.
    Changes,
}

/// The seed of the ids that Konnect chooses. The same manifests give the same ids.
const SEED: u64 = 1;

/// The path that stands for a standard stream.
const DASH: &str = "-";

/// One run.
struct Session {
    driver: Driver<Engine>,
    folder: Folder,
    paths: Paths,
    reader: Reader,
    vault: Vault,
    /// The version of the cluster that holds no garbage.
    tidied: Option<u64>,
}

/// Those of the operator, but for one: what is applied here is applied at once, so nobody has to be given time to
/// apply or delete what belongs together.
pub(crate) fn settings() -> Settings {
    Settings {
        patience: 2_000,
        ..Settings::default()
    }
}

/// An empty cluster that serves our kinds.
pub(crate) fn cluster(definitions: &[Value]) -> Result<Cluster> {
    let cluster = Cluster::new(definitions)
        .context("the custom resource definitions cannot be served")?
        .with_conversion(|document, api_version| {
            let version = api_version.rsplit('/').next().unwrap_or(api_version);
            kong_crds::convert(document, version).map_err(|error| error.to_string())
        });
    Ok(cluster)
}

/// An engine between a cluster and a Konnect, at the present time.
pub(crate) fn driver(cluster: Cluster, konnect: Konnect) -> Driver<Engine> {
    let wall = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    Driver::new(Setup {
        cluster,
        konnect,
        schedule: Schedule::calm(),
        wall: i64::try_from(wall.as_secs()).unwrap_or_default(),
        machine: || Engine::new(settings()),
    })
}

/// Runs manifests until all is quiet, or until somebody ends it.
pub(crate) fn up(options: &Up, streams: &mut Streams<'_>) -> Result<Outcome> {
    let dump_to_stdout = options.dump.as_deref() == Some(Path::new(DASH));
    if options.paths.is_empty() {
        bail!(
            "no manifests given: name files or folders, or - for standard input; for example: \
             konduit up examples/quickstart"
        );
    }
    match options.output {
        Some(format @ (Format::Json | Format::Yaml)) => {
            let name = if format == Format::Json {
                "json"
            } else {
                "yaml"
            };
            if !options.once {
                bail!("-o {name} needs --once: objects that keep changing are shown as a table");
            }
            if dump_to_stdout {
                bail!("-o {name} and --dump - both want standard output: dump to a file");
            }
        }
        Some(Format::Table | Format::Wide) | None => {}
    }
    if dump_to_stdout && !options.once {
        bail!("--dump - needs --once: the table is on standard output");
    }
    let session = Session::new(options, streams.input)?;
    if options.once {
        session.once(options, streams)
    } else {
        live::run(session, options, streams)
    }
}

impl Session {
    fn new(options: &Up, input: &mut dyn Read) -> Result<Self> {
        let definitions = kong_crds::crd_documents();
        let mut konnect = Konnect::new(SEED);
        konnect.provision_at_once();
        let driver = driver(cluster(&definitions)?, konnect);
        let mut paths = Paths::new(options.paths.clone(), input)?;
        if let Some(dump) = options.dump.as_deref().filter(|it| *it != Path::new(DASH)) {
            paths.leave_out(dump)?;
        }
        Ok(Self {
            driver,
            folder: Folder::new(options.namespace.clone(), Catalogue::new(definitions)),
            paths,
            reader: Reader::default(),
            vault: Vault::default(),
            tidied: None,
        })
    }

    /// Takes note of what the files say; the number of documents in them.
    fn look(&mut self, snapshot: &Snapshot) -> usize {
        let mut reading = self.reader.read(snapshot);
        reading.findings.extend(snapshot.findings.iter().cloned());
        let documents = reading.manifests.len();
        self.folder.look(&self.driver.cluster, reading);
        documents
    }

    fn once(mut self, options: &Up, streams: &mut Streams<'_>) -> Result<Outcome> {
        let snapshot = self.paths.look();
        if self.look(&snapshot) == 0 {
            tell(streams.err, &self.folder.findings())?;
            return Err(nothing(&snapshot));
        }
        let limit = u64::try_from(options.timeout.as_millis()).unwrap_or(u64::MAX);
        self.folder.act(&mut self.driver);
        let quiet = self.driver.settle(Mono(limit));

        let rows = table::rows(&self.driver.cluster);
        let now = self.driver.now().wall;
        let dump_to_stdout = options.dump.as_deref() == Some(Path::new(DASH));
        match options.output {
            Some(Format::Json) => self.print_list(Language::Json, streams.out)?,
            Some(Format::Yaml) => self.print_list(Language::Yaml, streams.out)?,
            Some(Format::Table | Format::Wide) | None if rows.is_empty() => {}
            Some(Format::Table | Format::Wide) | None => {
                let table = Table {
                    width: width(options.output),
                    colour: if dump_to_stdout {
                        Colour::Off
                    } else {
                        streams.colour
                    },
                    columns: None,
                };
                let out = if dump_to_stdout {
                    &mut *streams.err
                } else {
                    &mut *streams.out
                };
                for line in table.render(&rows, now) {
                    writeln!(out, "{line}")?;
                }
            }
        }
        if let Some(file) = &options.dump {
            let dump = self.dump()?;
            if dump_to_stdout {
                streams.out.write_all(dump.as_bytes())?;
            } else {
                output::replace_file(file, &dump)?;
            }
        }
        streams.out.flush()?;

        let mut findings = self.folder.findings();
        findings.extend(problems::of(&rows, &self.folder, &self.driver));
        findings.sort();
        tell(streams.err, &findings)?;
        let waits = rows.iter().any(|row| !row.state.is_good());
        // What is wrong has been said; that it is tried again and again is no reason to wait longer.
        let undecided = rows
            .iter()
            .any(|row| matches!(row.state, State::Unknown | State::Leaving));
        if undecided && !quiet {
            let seconds = options.timeout.as_secs_f64();
            writeln!(
                streams.err,
                "gave up after {seconds} s of simulated time; see --timeout"
            )?;
        }
        Ok(if findings.is_empty() && !waits {
            Outcome::Well
        } else {
            Outcome::Findings
        })
    }

    /// What Konnect holds, without what came out of Secrets.
    fn dump(&mut self) -> Result<String> {
        self.vault.learn(&self.driver.cluster);
        output::dump(&self.driver.konnect, &self.vault)
    }

    fn print_list(&self, language: Language, out: &mut dyn Write) -> Result<()> {
        output::document(out, language, &output::list(&self.driver.cluster))
    }
}

fn width(format: Option<Format>) -> Width {
    match format {
        Some(Format::Wide) => Width::Wide,
        Some(Format::Table | Format::Json | Format::Yaml) | None => Width::Normal,
    }
}

pub(crate) fn tell(err: &mut dyn Write, findings: &[Finding]) -> Result<()> {
    for finding in findings {
        writeln!(err, "{finding}")?;
    }
    Ok(())
}

/// Why there is nothing to do.
pub(crate) fn nothing(snapshot: &Snapshot) -> anyhow::Error {
    if snapshot.files.is_empty() {
        anyhow!("there are no manifests: no *.yaml, *.yml or *.json file is where you pointed")
    } else {
        anyhow!("there is no object in what could be read")
    }
}
