//! The table as a page of the book shows it. Depends on the rows; start with [`with_table`].

use std::fmt::Write as _;

use super::rows::{ROWS, Row};

/// Where the generated part of the page begins.
pub const BEGIN: &str = "<!-- generated from the table of differences: begin -->";
/// Where it ends.
pub const END: &str = "<!-- generated from the table of differences: end -->";

/// The page with its generated part as the table says; `None` if it has no place for it.
pub fn with_table(page: &str) -> Option<String> {
    let (before, rest) = page.split_once(BEGIN)?;
    let (_, after) = rest.split_once(END)?;
    Some(format!("{before}{BEGIN}\n\n{}\n{END}{after}", table()))
}

fn table() -> String {
    let mut text = String::from(
        "| Where | What | Kong's operator | Konduit | Why |\n| --- | --- | --- | --- | --- |\n",
    );
    for row in ROWS {
        let what = format!("{}, {}", any(row.kind, "any kind"), code(row.field));
        let (theirs, ours) = (any(row.theirs, "anything"), any(row.ours, "anything"));
        let line = [place(row), what, theirs, ours, escaped(row.why)];
        writeln!(text, "| {} |", line.join(" | ")).expect("writing to a String cannot fail");
    }
    text
}

fn place(row: &Row) -> String {
    let scenario = any(row.scenario, "everywhere");
    row.step.map_or_else(
        || scenario.clone(),
        |step| format!("{scenario}, step {step}"),
    )
}

/// A pattern, or the words for one that everything is like.
fn any(pattern: &str, words: &str) -> String {
    if pattern == "*" {
        words.to_owned()
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
