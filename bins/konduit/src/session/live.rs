//! Manifests that are watched: the driver follows a real clock, and the user sees what happens.
//!
//! One thread does everything in turns: look at the files, ask the API server, let the engine work, show.
//! Start with [`run`].

use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use kong_engine::Mono;

use super::{Outcome, Session, Streams, news, problems, width};
use crate::changes::changes;
use crate::cli::Up;
use crate::findings::Finding;
use crate::manifests::Snapshot;
use crate::output;
use crate::table::{self, Row, Screen, Table, shorten};

/// How often files are looked at. A change is acted on when two looks agree, so that an editor is not
/// caught between emptying a file and writing it: it is applied within a second either way.
const LOOK: Duration = Duration::from_millis(150);

/// The longest that the engine works before somebody looks at keys and files again.
const SLICE: Duration = Duration::from_millis(50);

/// The shortest rest: a deadline that has just been looked at is not looked at again at once.
const REST: Duration = Duration::from_millis(2);

/// The terminal, where its size is not known.
const SIZE: (usize, usize) = (80, 24);

/// How often something new is shown while more is on its way: nobody reads faster, and a look at ten
/// thousand objects costs a few milliseconds.
const PAUSE: Duration = Duration::from_millis(100);

/// A table on a terminal moves with its ages.
const TICK: Duration = Duration::from_secs(1);

/// What has been shown so far.
#[derive(Default)]
struct Shown {
    rows: Vec<Row>,
    findings: Vec<Finding>,
    last_change: Option<String>,
    dump: Option<String>,
    version: Option<u64>,
    at: Option<Instant>,
}

/// Watches until somebody ends it.
pub(super) fn run(session: Session, options: &Up, streams: &mut Streams<'_>) -> Result<Outcome> {
    let mut screen = Screen::default();
    let ended = watch(session, options, streams, &mut screen);
    // The cursor comes back however it ended.
    let left = screen.leave(streams.out);
    ended?;
    left?;
    Ok(Outcome::Well)
}

fn watch(
    mut session: Session,
    options: &Up,
    streams: &mut Streams<'_>,
    screen: &mut Screen,
) -> Result<()> {
    let interrupts = interrupts()?;
    let start = Instant::now();
    let mut shown = Shown::default();
    let mut seen = session.paths.look();
    let mut next_look = start + LOOK;
    if session.look(&seen) == 0 {
        writeln!(
            streams.err,
            "no objects yet; they are applied as they appear"
        )?;
    }
    if !streams.terminal {
        writeln!(streams.err, "watching {}; Ctrl-C ends", watched(options))?;
    }
    let mut candidate: Option<Snapshot> = None;
    loop {
        if Instant::now() >= next_look {
            let snapshot = session.paths.look();
            if snapshot == seen {
                candidate = None;
            } else if candidate.as_ref() == Some(&snapshot) {
                session.look(&snapshot);
                seen = snapshot;
                candidate = None;
            } else {
                candidate = Some(snapshot);
            }
            next_look = Instant::now() + LOOK;
        }
        session.advance(start);
        session.folder.act(&mut session.driver);
        let busy = session.work();
        session.show(options, streams, screen, &mut shown)?;
        let rest = if busy {
            Duration::ZERO
        } else {
            session.rest(start, next_look)
        };
        if is_over(&interrupts, rest) {
            break;
        }
    }
    shown.at = None;
    session.show(options, streams, screen, &mut shown)
}

/// Gives a message when the user wants to end.
fn interrupts() -> Result<Receiver<()>> {
    let (sender, receiver) = mpsc::channel();
    ctrlc::set_handler(move || {
        // Nobody listens any more when it is over already.
        let _ = sender.send(());
    })
    .context("cannot listen for Ctrl-C")?;
    Ok(receiver)
}

fn is_over(interrupts: &Receiver<()>, rest: Duration) -> bool {
    match interrupts.recv_timeout(rest) {
        Ok(()) => true,
        Err(RecvTimeoutError::Timeout) => false,
        Err(RecvTimeoutError::Disconnected) => {
            std::thread::sleep(rest);
            false
        }
    }
}

fn watched(options: &Up) -> String {
    let paths: Vec<String> = options
        .paths
        .iter()
        .map(|path| path.display().to_string())
        .collect();
    paths.join(", ")
}

impl Session {
    fn advance(&mut self, start: Instant) {
        let elapsed = u64::try_from(start.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.driver.advance_to(Mono(elapsed));
    }

    /// Lets the engine work. Returns whether there is more to do right away.
    fn work(&mut self) -> bool {
        let begin = Instant::now();
        while self.driver.step_now().is_some() {
            if begin.elapsed() > SLICE {
                return true;
            }
        }
        // Nobody reads the logs of the simulators here, and they would grow for ever. The engine has
        // heard of every event by now.
        self.driver.cluster.clear_log();
        self.driver.konnect.clear_log();
        let version = self.driver.cluster.version();
        self.driver.cluster.compact(version);
        if self.tidied != Some(version) && self.driver.is_quiet() {
            self.tidied = Some(version);
            let wall = self.driver.now().wall;
            return self.driver.cluster.collect_garbage(wall) > 0;
        }
        false
    }

    /// How long nothing will happen.
    fn rest(&self, start: Instant, next_look: Instant) -> Duration {
        // What was not shown yet, because too much happened at once, is shown on the next turn.
        let look = next_look
            .saturating_duration_since(Instant::now())
            .min(PAUSE);
        let Some(Mono(next)) = self.driver.next_time() else {
            return look;
        };
        let due = start + Duration::from_millis(next);
        due.saturating_duration_since(Instant::now())
            .max(REST)
            .min(look.max(REST))
    }

    fn show(
        &mut self,
        options: &Up,
        streams: &mut Streams<'_>,
        screen: &mut Screen,
        shown: &mut Shown,
    ) -> Result<()> {
        let version = self.driver.cluster.version();
        let findings = self.folder.findings();
        let ticks = streams.terminal && shown.at.is_none_or(|at| at.elapsed() >= TICK);
        let news = shown.version != Some(version) || findings != shown.findings;
        let too_soon = shown.at.is_some_and(|at| at.elapsed() < PAUSE);
        if !ticks && (!news || too_soon) {
            return Ok(());
        }
        // First the file: who reads that something has happened may look into it at once.
        if let Some(file) = &options.dump {
            let dump = self.dump()?;
            if shown.dump.as_ref() != Some(&dump) {
                output::replace_file(file, &dump)?;
                shown.dump = Some(dump);
            }
        }
        let rows = table::rows(&self.driver.cluster);
        let news = changes(&shown.rows, &rows);
        if streams.terminal {
            if let Some(last) = news.last() {
                shown.last_change = Some(last.clone());
            }
            let size = terminal_size::terminal_size()
                .map_or(SIZE, |(terminal_size::Width(width), height)| {
                    (usize::from(width), usize::from(height.0))
                });
            let lines = self.picture(options, streams, &rows, &findings, shown, size);
            screen.draw(streams.out, lines, size)?;
        } else {
            for line in news {
                writeln!(streams.out, "{line}")?;
            }
            streams.out.flush()?;
            for line in news::of(&shown.findings, &findings) {
                writeln!(streams.err, "{line}")?;
            }
        }
        shown.version = Some(version);
        shown.rows = rows;
        shown.findings = findings;
        shown.at = Some(Instant::now());
        Ok(())
    }

    /// What the terminal shows: the table, what is wrong, and the state of things in a line.
    fn picture(
        &self,
        options: &Up,
        streams: &Streams<'_>,
        rows: &[Row],
        findings: &[Finding],
        shown: &Shown,
        (columns, height): (usize, usize),
    ) -> Vec<String> {
        let complaints: Vec<String> = findings
            .iter()
            .cloned()
            .chain(
                problems::of(rows, &self.folder, &self.driver)
                    .into_iter()
                    .filter(|_| self.driver.is_quiet()),
            )
            .flat_map(|finding| wrap(&finding.to_string(), columns))
            .collect();
        // The cursor stands below the last line, and the footer and its blank line need two more.
        let room = height.saturating_sub(3);
        let for_rows = room
            .saturating_sub(1 + complaints.len().min(room / 2))
            .max(1);
        let visible = most_telling(rows, for_rows);
        let table = Table {
            width: width(options.output),
            colour: streams.colour,
            columns: Some(columns),
        };
        let mut lines = table.render(&visible, self.driver.now().wall);
        if visible.len() < rows.len() {
            lines.push(format!("... and {} more", rows.len() - visible.len()));
        }
        lines.extend(complaints);
        if lines.len() > room {
            lines.truncate(room.saturating_sub(1));
            lines.push("...".to_owned());
        }
        let good = rows.iter().filter(|row| row.state.is_good()).count();
        let last = shown
            .last_change
            .as_deref()
            .map(|last| format!(" | {last}"))
            .unwrap_or_default();
        let footer = format!("{good} of {} fine | Ctrl-C ends{last}", self.folder.len());
        lines.extend([String::new(), shorten(&footer, columns)]);
        lines
    }
}

/// As many rows as there is room for, those that are not fine before the others.
fn most_telling(rows: &[Row], room: usize) -> Vec<Row> {
    let mut chosen: Vec<usize> = (0..rows.len()).collect();
    chosen.sort_by_key(|index| rows[*index].state.is_good());
    chosen.truncate(if rows.len() > room {
        room.saturating_sub(1)
    } else {
        room
    });
    chosen.sort_unstable();
    chosen
        .into_iter()
        .map(|index| rows[index].clone())
        .collect()
}

/// A sentence in lines of so many letters, broken between words where there are any.
fn wrap(text: &str, columns: usize) -> Vec<String> {
    let columns = columns.max(20);
    let mut lines = vec![String::new()];
    let mut length = 0;
    for word in text.split(' ') {
        let mut word: Vec<char> = word.chars().collect();
        if length > 0 && length + 1 + word.len() > columns {
            lines.push(String::from("  "));
            length = 2;
        } else if length > 0 {
            if let Some(line) = lines.last_mut() {
                line.push(' ');
            }
            length += 1;
        }
        while !word.is_empty() {
            let rest = word.split_off(word.len().min(columns - length));
            if let Some(line) = lines.last_mut() {
                line.extend(&word);
            }
            length += word.len();
            word = rest;
            if !word.is_empty() {
                lines.push(String::from("  "));
                length = 2;
            }
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sentences_are_broken_between_words_and_words_where_they_must() {
        assert_eq!(
            wrap("one two three four five", 20),
            ["one two three four", "  five"]
        );
        let long = "x".repeat(45);
        let lines = wrap(&long, 20);
        assert_eq!(
            lines.iter().map(String::len).collect::<Vec<_>>(),
            [20, 20, 9]
        );
    }
}
