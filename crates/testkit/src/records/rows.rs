//! The differences that we want, each with its reason: tables of [`Row`]s by what they are about, and
//! nothing else. Start with [`rows`].
//!
//! A row says what else has to be so (`beside`) rather than in which scenario it was seen, so that it is
//! true of scenarios that nobody has recorded yet.

mod conditions;
mod deletion;
mod requests;
mod status;
mod words;

use super::compare::Difference;
use super::pattern::is_like;

/// A difference that is wanted. In every text `*` stands for any text.
#[derive(Clone, Copy, Debug)]
pub struct Row {
    /// The scenarios.
    pub scenario: &'static str,
    /// Kind of the object, or collection of the entity.
    pub kind: &'static str,
    /// What differs: `condition TYPE`, `finalizers`, `status PATH`, `object`, `rejected`, `request`.
    pub field: &'static str,
    /// What Kong's operator does.
    pub theirs: &'static str,
    /// What we do.
    pub ours: &'static str,
    /// What else has to be so: one of the lines beside the difference.
    pub beside: Option<&'static str>,
    /// Why.
    pub why: &'static str,
    /// Whether a recording shows it; otherwise the description of Kong's operator does.
    pub recorded: bool,
}

impl Row {
    /// A row that a recording needs, wherever it is.
    const fn new(
        kind: &'static str,
        field: &'static str,
        theirs: &'static str,
        ours: &'static str,
        why: &'static str,
    ) -> Self {
        Self {
            scenario: "*",
            kind,
            field,
            theirs,
            ours,
            beside: None,
            why,
            recorded: true,
        }
    }

    /// The same, but only if this is so too.
    const fn beside(self, line: &'static str) -> Self {
        let beside = Some(line);
        Self { beside, ..self }
    }

    /// The same, but no recording shows it: it follows from how Kong's operator works.
    const fn expected(self) -> Self {
        let recorded = false;
        Self { recorded, ..self }
    }

    /// Whether a difference is this one.
    pub fn covers(&self, difference: &Difference) -> bool {
        let beside = |line: &str| {
            let mut lines = difference.beside.iter();
            lines.any(|there| is_like(line, there))
        };
        is_like(self.scenario, &difference.scenario)
            && is_like(self.kind, &difference.kind)
            && is_like(self.field, &difference.field)
            && is_like(self.theirs, &difference.theirs)
            && is_like(self.ours, &difference.ours)
            && self.beside.is_none_or(beside)
    }
}

/// Every difference that is wanted, in the order in which they are looked through.
pub fn rows() -> impl Iterator<Item = &'static Row> {
    let tables = [
        words::ROWS,
        conditions::ROWS,
        status::ROWS,
        deletion::ROWS,
        requests::ROWS,
    ];
    tables.into_iter().flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_is_about_what_is_beside_the_difference_too() {
        let row = Row::new("Kong*", "object", "*", "gone", "").beside("ours * False Reason *");
        let difference = |kind: &str, beside: &str| Difference {
            scenario: "s".to_owned(),
            step: 0,
            kind: kind.to_owned(),
            name: "ns/a".to_owned(),
            field: "object".to_owned(),
            theirs: "there".to_owned(),
            ours: "gone".to_owned(),
            beside: vec!["step deletes x".to_owned(), beside.to_owned()],
        };
        let there = "ours T False Reason \"m\"";
        assert!(row.covers(&difference("KongService", there)));
        assert!(!row.covers(&difference("Secret", there)));
        assert!(!row.covers(&difference("KongService", "theirs T False Reason \"m\"")));
        let elsewhere = Row {
            scenario: "t*",
            ..row
        };
        assert!(!elsewhere.covers(&difference("KongService", there)));
    }
}
