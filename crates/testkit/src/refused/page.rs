//! The table as a page of the book. Depends on the rows; start with [`page`].

use std::collections::BTreeMap;
use std::fmt::Write as _;

use kong_crds::Kind;

use super::{Refusal, Row};

const HEAD: &str = "# When something is refused

Objects that make no sense on their own are not taken by the API server: `kubectl apply` fails and prints why. What makes no sense only
beside others, or in Konnect, is taken, and a condition in its status says what is wrong with it. Nothing else suffers: whatever does not
depend on the object goes on.

This page has objects of each kind that are refused, the exact words, and what to do. The messages of the API server are those of
Kong's definitions. A message of a condition names the way out itself; these words are in the last column. What the types and reasons of
conditions mean is in [Conditions and reasons](conditions.md).

The page is made from the table in `crates/testkit/fixtures/refused`, and a test lets every row of it happen.
";

const COLUMNS: &str =
    "| What is wrong | Who says so | The message | What to do |\n| --- | --- | --- | --- |";

/// The whole page.
pub fn page(rows: &[Row]) -> String {
    let mut kinds: BTreeMap<&'static str, (Kind, Vec<&Row>)> = BTreeMap::new();
    for row in rows {
        let kind = row.kind();
        let of = kinds.entry(kind.as_str()).or_insert((kind, Vec::new()));
        of.1.push(row);
    }
    let mut page = HEAD.to_owned();
    for (name, (kind, rows)) in kinds {
        let file = name.to_lowercase();
        let title = format!("## {kind}\n\n[The kind](kinds/{file}.md)");
        write!(page, "\n{title}\n\n{COLUMNS}\n").expect("writing to a String cannot fail");
        for row in rows {
            writeln!(page, "{}", line(row)).expect("writing to a String cannot fail");
        }
    }
    page
}

fn line(row: &Row) -> String {
    let (who, message) = match row.refusal() {
        Refusal::Server(causes) => {
            let causes: Vec<String> = causes.iter().map(|cause| code(cause)).collect();
            ("the API server".to_owned(), causes.join("<br>"))
        }
        Refusal::Condition(told) => {
            let who = format!("condition `{}`, reason `{}`", told.kind, told.reason);
            (who, code(&told.message))
        }
    };
    let cells = [plain(&row.what), who, message, plain(&row.remedy)];
    format!("| {} |", cells.join(" | "))
}

/// Text of the table; a cell is one line, and a bar would end it.
fn plain(text: &str) -> String {
    let text = text.replace('\n', " ").replace('|', "\\|");
    text.replace('<', "&lt;").replace('{', "&#123;")
}

/// Words as they are, also with backticks in them.
fn code(text: &str) -> String {
    let text = text.replace('\n', " ").replace('|', "\\|");
    if text.contains('`') {
        format!("`` {text} ``")
    } else {
        format!("`{text}`")
    }
}
