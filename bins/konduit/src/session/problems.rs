//! Objects that are not as they should be, as findings: the message of their condition with the file and
//! the line it is about.
//!
//! Start with [`of`].

use crate::findings::Finding;
use crate::folder::Folder;
use crate::table::{Row, State};

/// One finding an object that is not as it should be.
pub(crate) fn of(rows: &[Row], folder: &Folder) -> Vec<Finding> {
    rows.iter().filter_map(|row| problem(row, folder)).collect()
}

fn problem(row: &Row, folder: &Folder) -> Option<Finding> {
    let words = match row.state {
        State::Good | State::Silent => return None,
        State::Bad => row.failure().to_owned(),
        State::Unknown => format!("{} yet", row.failure()),
        State::Leaving => "not gone yet".to_owned(),
    };
    let message = match row.waits_for.as_str() {
        "" => words,
        reason => format!("{words}: {reason}"),
    };
    let manifest = folder.manifest(&row.id);
    Some(Finding {
        place: manifest.map(|manifest| manifest.place(field_in(&row.waits_for))),
        object: Some(row.title()),
        field: None,
        message,
        remedy: None,
    })
}

/// The field that a message is about: the first path in it. Messages name the field in their own words,
/// so it serves to find the line only.
fn field_in(message: &str) -> &str {
    let begins = |index: &usize| {
        message[..*index]
            .chars()
            .next_back()
            .is_none_or(|before| !before.is_alphanumeric() && before != '.')
    };
    let Some((start, _)) = ["spec.", "metadata."]
        .iter()
        .flat_map(|root| message.match_indices(root))
        .filter(|(index, _)| begins(index))
        .min()
    else {
        return "";
    };
    let path = &message[start..];
    let end = path
        .find(|letter: char| !letter.is_ascii_alphanumeric() && !"._-[]/".contains(letter))
        .unwrap_or(path.len());
    path[..end].trim_end_matches(['.', '/'])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_field_of_a_message_is_found() {
        assert_eq!(
            field_in("create it or correct spec.upstreamRef"),
            "spec.upstreamRef"
        );
        assert_eq!(
            field_in("correct spec.serviceRef or spec.x."),
            "spec.serviceRef"
        );
        assert_eq!(
            field_in("see metadata.annotations[konghq.com/plugins]: no"),
            "metadata.annotations[konghq.com/plugins]"
        );
        assert_eq!(field_in("a KongService has no myspec.x"), "");
    }
}
