//! The table as a page of the book shows it. Depends on the rows; start with [`with_table`].

use std::fmt::Write as _;

use super::rows::{Row, rows};

/// Where the generated part of the page begins.
pub const BEGIN: &str = "<!-- generated from the table of differences: begin -->";
/// Where it ends.
pub const END: &str = "<!-- generated from the table of differences: end -->";

/// What stands between the two tables.
const EXPECTED: &str = "
## To be expected

What no recording shows follows from how Kong's operator works. The test reads these rows too; scenarios
worked out by hand, in `crates/testkit/fixtures/operator-expected`, need each of them.

";

/// The page with its generated part as the table says; `None` if it has no place for it.
pub fn with_table(page: &str) -> Option<String> {
    let (before, rest) = page.split_once(BEGIN)?;
    let (_, after) = rest.split_once(END)?;
    Some(format!("{before}{BEGIN}\n\n{}\n{END}{after}", table()))
}

fn table() -> String {
    let mut text = part(true);
    text.push_str(EXPECTED);
    text.push_str(&part(false));
    text
}

/// The rows that recordings show, or the others.
fn part(recorded: bool) -> String {
    let mut text = String::from(
        "| Where | What | Kong's operator | Konduit | Why |\n| --- | --- | --- | --- | --- |\n",
    );
    for row in rows().filter(|row| row.recorded == recorded) {
        let what = format!("{}, {}", any(row.kind, "any kind"), code(row.field));
        let (theirs, ours) = (any(row.theirs, "anything"), any(row.ours, "anything"));
        let line = [place(row), what, theirs, ours, escaped(row.why)];
        writeln!(text, "| {} |", line.join(" | ")).expect("writing to a String cannot fail");
    }
    text
}

fn place(row: &Row) -> String {
    let scenario = any(row.scenario, "everywhere");
    row.beside.map_or_else(
        || scenario.clone(),
        |line| format!("{scenario} beside {}", code(line)),
    )
}

/// A pattern, or words for one that everything is like, or nothing.
fn any(pattern: &str, words: &str) -> String {
    if pattern == "*" {
        words.to_owned()
    } else if pattern.is_empty() {
        "nothing".to_owned()
    } else {
        code(pattern)
    }
}

fn code(pattern: &str) -> String {
    format!("`{}`", escaped(&pattern.replace('*', "…")))
}

/// A cell of a table is one line, and a bar would end it.
fn escaped(text: &str) -> String {
    text.replace('\n', " ").replace('|', "\\|")
}
