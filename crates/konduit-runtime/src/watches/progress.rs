//! How far the watches are: what has been seen, and what is broken. Readiness reads it.

use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use kong_crds::Kind;

/// How far the watches are.
#[derive(Debug, Default)]
pub(crate) struct Progress(Mutex<BTreeMap<Kind, Row>>);

#[derive(Debug, Default)]
struct Row {
    /// Watches of the kind that have not seen everything yet.
    missing: usize,
    /// What is wrong with it now.
    trouble: Option<String>,
}

impl Progress {
    fn rows(&self) -> MutexGuard<'_, BTreeMap<Kind, Row>> {
        // Rows are whole after every statement, so they are good whoever panicked.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// There are so many watches of a kind.
    pub(crate) fn expect(&self, kind: Kind, watches: usize) {
        self.rows().entry(kind).or_default().missing = watches;
    }

    /// A watch has seen everything; true if it was the last one of its kind.
    pub(crate) fn listed(&self, kind: Kind) -> bool {
        let mut rows = self.rows();
        let row = rows.entry(kind).or_default();
        row.missing = row.missing.saturating_sub(1);
        row.missing == 0
    }

    /// A watch is broken.
    pub(crate) fn failed(&self, kind: Kind, why: &str) {
        self.rows().entry(kind).or_default().trouble = Some(why.to_owned());
    }

    /// A watch works.
    pub(crate) fn recovered(&self, kind: Kind) {
        self.rows().entry(kind).or_default().trouble = None;
    }

    /// The kinds that have not been seen yet, each with what is wrong with it.
    pub(crate) fn waiting(&self) -> Vec<(Kind, Option<String>)> {
        self.rows()
            .iter()
            .filter(|(_, row)| row.missing > 0)
            .map(|(kind, row)| (*kind, row.trouble.clone()))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kind_is_seen_when_its_last_watch_has_seen_everything() {
        let progress = Progress::default();
        progress.expect(Kind::KongRoute, 2);
        progress.failed(Kind::KongRoute, "forbidden");
        assert!(!progress.listed(Kind::KongRoute));
        assert_eq!(
            progress.waiting(),
            [(Kind::KongRoute, Some("forbidden".to_owned()))]
        );
        assert!(progress.listed(Kind::KongRoute));
        assert_eq!(progress.waiting(), []);
    }
}
