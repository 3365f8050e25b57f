//! What Konnect answered to questions, to be answered again.

use std::collections::HashMap;

use kong_model::{Call, Failure, Items, Reply};

/// The last answer to every question.
#[derive(Debug, Default)]
pub(super) struct Archive(HashMap<String, Result<Reply, Failure>>);

impl Archive {
    /// Keeps an answer. Those to further pages of an earlier reading of the same list go.
    pub(super) fn keep(&mut self, call: &Call, result: &Result<Reply, Failure>) {
        if call.is_write() {
            return;
        }
        if let Call::List { cursor: None, .. } = call {
            let list = name(call);
            self.0.retain(|question, _| !question.starts_with(&list));
        }
        self.0.insert(question(call), result.clone());
    }

    /// The answer to a question; to one that was never asked an empty page, which is what a control plane
    /// has that was only pretended to be made.
    pub(super) fn answer(&self, call: &Call) -> Result<Reply, Failure> {
        if let Some(answer) = self.0.get(&question(call)) {
            return answer.clone();
        }
        match call {
            Call::List { .. } => Ok(Reply::Page {
                items: Items::from(Vec::new()),
                next: None,
            }),
            Call::WhoAmI
            | Call::Get { .. }
            | Call::Put { .. }
            | Call::Post { .. }
            | Call::Patch { .. }
            | Call::Remove { .. } => Err(Failure::Transport("it was not asked yet".to_owned())),
        }
    }
}

/// What is asked, whatever page of it.
fn name(call: &Call) -> String {
    let (filter, _) = listed(call);
    format!("{} {filter} ", call.request().path)
}

fn question(call: &Call) -> String {
    let (_, page) = listed(call);
    format!("{}{page}", name(call))
}

/// Which entities a list is to give, and from where; empty for what is no list.
fn listed(call: &Call) -> (String, String) {
    match call {
        Call::List { filter, cursor, .. } => (format!("{filter:?}"), format!("{cursor:?}")),
        Call::WhoAmI
        | Call::Get { .. }
        | Call::Put { .. }
        | Call::Post { .. }
        | Call::Patch { .. }
        | Call::Remove { .. } => Default::default(),
    }
}

#[cfg(test)]
mod tests {
    use kong_model::{Collection, Cursor, Filter, RemoteId, Site};
    use serde_json::json;

    use super::*;

    fn list(cursor: Option<&str>) -> Call {
        Call::List {
            site: Site {
                at: Collection::Services,
                control_plane: Some(RemoteId::from("plane")),
                parent: None,
            },
            filter: Filter::All,
            cursor: cursor.map(|text| Cursor::Offset(text.to_owned())),
        }
    }

    fn page(names: &[&str]) -> Reply {
        Reply::Page {
            items: names.iter().map(|name| json!({"name": name})).collect(),
            next: None,
        }
    }

    #[test]
    fn a_list_that_is_read_anew_replaces_all_pages_of_the_old_one() {
        let mut archive = Archive::default();
        archive.keep(&list(None), &Ok(page(&["a"])));
        archive.keep(&list(Some("x")), &Ok(page(&["b"])));
        assert_eq!(archive.answer(&list(Some("x"))), Ok(page(&["b"])));
        archive.keep(&list(None), &Ok(page(&["c"])));
        assert_eq!(archive.answer(&list(None)), Ok(page(&["c"])));
        assert_eq!(archive.answer(&list(Some("x"))), Ok(page(&[])));
    }
}
