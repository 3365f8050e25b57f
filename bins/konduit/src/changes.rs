//! What happened to the objects between two looks, one line a change.
//!
//! Depends on rows only. Start with [`changes`].

use kong_crds::Kind;

use crate::table::{Row, State};

/// The changes from one set of rows to another. Both are in the order that tables have.
pub(crate) fn changes(before: &[Row], after: &[Row]) -> Vec<String> {
    let mut before = before.iter().peekable();
    let mut gone = Vec::new();
    let mut told = Vec::new();
    for row in after {
        while let Some(lost) = before.next_if(|known| place(known) < place(row)) {
            gone.push(format!("{} gone", lost.title()));
        }
        match before.next_if(|known| place(known) == place(row)) {
            Some(known) if is_alike(known, row) => {}
            Some(_) => told.push(describe(row, "changed")),
            None => told.push(describe(row, "added")),
        }
    }
    gone.extend(before.map(|lost| format!("{} gone", lost.title())));
    // Children come after their parents in a table, and go before them.
    gone.reverse();
    gone.extend(told);
    gone
}

/// Where a row stands in a table.
fn place(row: &Row) -> (Kind, &str, &str) {
    (row.kind, &row.namespace, &row.name)
}

fn is_alike(one: &Row, other: &Row) -> bool {
    one.state == other.state
        && one.konnect_id == other.konnect_id
        && one.waits_for == other.waits_for
        && one.revision == other.revision
}

fn describe(row: &Row, what_happened: &str) -> String {
    let because = |words: &str| match row.waits_for.as_str() {
        "" => words.to_owned(),
        reason => format!("{words}: {reason}"),
    };
    let state = match row.state {
        State::Good if row.konnect_id.is_empty() => format!("valid (generation {})", row.revision),
        State::Good => format!(
            "Programmed (generation {}, id {})",
            row.revision, row.konnect_id
        ),
        State::Bad => because(row.failure()),
        State::Leaving => because("being deleted"),
        State::Unknown | State::Silent => what_happened.to_owned(),
    };
    format!("{} {state}", row.title())
}

#[cfg(test)]
mod tests {
    use cluster_sim::{Cluster, Request, WriteOptions};
    use serde_json::json;

    use super::*;
    use crate::table::rows;

    #[test]
    fn coming_changing_and_going_are_told_once() {
        let mut cluster = Cluster::new(&[]).unwrap();
        let empty = rows(&cluster);
        let document = json!({"apiVersion": "v1", "kind": "Secret",
            "metadata": {"name": "s", "namespace": "n"}});
        let options = WriteOptions::STRICT;
        cluster
            .handle(0, "test", Request::Create { document, options })
            .unwrap();
        let first = rows(&cluster);
        assert_eq!(changes(&empty, &first), ["Secret n/s added"]);
        assert!(changes(&first, &first).is_empty());
        assert_eq!(changes(&first, &empty), ["Secret n/s gone"]);
    }

    #[test]
    fn what_is_wrong_is_told_with_its_reason() {
        let mut cluster = Cluster::new(&[]).unwrap();
        let document = json!({"apiVersion": "v1", "kind": "Secret",
            "metadata": {"name": "s", "namespace": "n"}});
        let options = WriteOptions::STRICT;
        cluster
            .handle(0, "test", Request::Create { document, options })
            .unwrap();
        let before = rows(&cluster);
        let mut after = before.clone();
        after[0].state = State::Bad;
        after[0].waits_for = "the service is missing".to_owned();
        assert_eq!(
            changes(&before, &after),
            ["Secret n/s not valid: the service is missing"]
        );
        after[0].state = State::Good;
        after[0].konnect_id = "1234".to_owned();
        after[0].revision = "2".to_owned();
        assert_eq!(
            changes(&before, &after),
            ["Secret n/s Programmed (generation 2, id 1234)"]
        );
    }
}
