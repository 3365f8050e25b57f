//! What an entity that is to be taken over may have otherwise than its object says.
//!
//! It was made by somebody else, so it does not have the tags that say whose it is. Of its tags only those
//! count that the user asks for, and it may have more. Everything else is compared as always: by normal
//! form, and without the secrets that Konnect does not show.

use crate::body::Node;
use crate::normal::{Difference, Normal};
use crate::tags;

const TAGS: &str = "tags";

impl Normal {
    /// Where `held`, which may be nobody's yet, is not what this body wants.
    pub fn differences_to_adopt(&self, held: &Self) -> Vec<Difference> {
        let has = |tag: &Node| items(held.get(TAGS)).contains(tag);
        let missing = items(self.get(TAGS))
            .iter()
            .any(|tag| !tag.as_str().is_some_and(tags::is_operators) && !has(tag));
        let mut differences = self.differences(held);
        differences.retain(|difference| difference.field != TAGS || missing);
        differences
    }

    /// Whether this has the tag with which `wanted` says whose it is.
    pub fn is_marked_as(&self, wanted: &Self) -> bool {
        let mark = wanted.mark(tags::UID);
        mark.is_some() && self.mark(tags::UID) == mark
    }

    /// The generation of the object that this was made from, by its tags.
    pub fn generation(&self) -> Option<&str> {
        self.mark(tags::GENERATION)
    }

    fn mark(&self, key: &str) -> Option<&str> {
        let mut tags = items(self.get(TAGS)).iter().filter_map(Node::as_str);
        tags.find_map(|tag| tag.strip_prefix(key)?.strip_prefix(':'))
    }
}

fn items(node: Option<&Node>) -> &[Node] {
    match node {
        Some(Node::List(items)) => items,
        Some(_) | None => &[],
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::Collection;

    fn service(tags: &Value) -> Normal {
        let body = json!({"name": "a", "host": "h", "tags": tags});
        Normal::from((Collection::Services, &body))
    }

    #[test]
    fn tags_of_operators_make_no_difference_and_those_of_users_have_to_be_there() {
        let differ = |wanted: &Value, held: &Value| {
            let differences = service(wanted).differences_to_adopt(&service(held));
            differences
                .into_iter()
                .map(|it| it.field)
                .collect::<Vec<_>>()
        };
        let none: Vec<String> = Vec::new();
        let own = json!(["k8s-uid:u", "k8s-generation:1", "managed-by:kong-operator"]);
        assert_eq!(differ(&own, &json!([])), none);
        assert_eq!(differ(&own, &json!(["k8s-uid:other", "theirs"])), none);
        let tagged = json!(["k8s-uid:u", "team"]);
        assert_eq!(differ(&tagged, &json!(["more", "team"])), none);
        assert_eq!(differ(&tagged, &json!(["more"])), ["tags"]);
    }

    #[test]
    fn whose_an_entity_is_follows_from_the_tag_with_the_uid() {
        let wanted = service(&json!(["k8s-uid:u", "k8s-generation:2"]));
        let marked = |tags: Value| service(&tags).is_marked_as(&wanted);
        assert!(marked(json!(["k8s-generation:1", "k8s-uid:u"])));
        assert!(!marked(json!(["k8s-uid:v"])) && !marked(json!([])));
    }
}
