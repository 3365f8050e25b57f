//! The tags and labels that say which Kubernetes object an entity belongs to.
//!
//! Keys, order, limits and truncation are those of Kong's operator (konnect.md 5.2), since its entities
//! have to be recognised as ours on take-over and ours as its own on the way back.

use std::collections::{BTreeMap, BTreeSet};

/// Konnect takes at most this many tags an entity.
const MAX_TAGS: usize = 20;
/// Konnect takes at most this many characters a tag.
const MAX_TAG: usize = 128;
/// Konnect takes at most this many characters a label value.
const MAX_LABEL: usize = 63;

/// Key of the tag that holds the UID of the object an entity was made from.
pub const UID: &str = "k8s-uid";
/// Key of the tag that holds the generation of that object.
pub const GENERATION: &str = "k8s-generation";
/// Key of the tag that holds the UID of the object that asked for an entity made from another one: the
/// service whose annotation names a plugin. Without it the owner is the object of [`UID`].
pub const OWNER: &str = "konduit-owner";
/// Key of the tag that says which of its owner's entities one is, where that has several: under whatever
/// id it is found, it is that one.
pub const PART: &str = "konduit-part";

/// Who manages what carries the tags: the name that Kong's operator gives itself.
const OPERATOR: &str = "kong-operator";

/// The Kubernetes object that an entity is made from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    /// API group; empty for core.
    pub group: String,
    /// API version.
    pub version: String,
    /// Kind.
    pub kind: String,
    /// Namespace; `None` for cluster-scoped objects.
    pub namespace: Option<String>,
    /// Name.
    pub name: String,
    /// UID.
    pub uid: String,
    /// Generation of the specification.
    pub generation: i64,
    /// On whose behalf the entity exists, where that is another object.
    pub owner: Option<Owner>,
}

/// The object on whose behalf an entity exists.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Owner {
    /// Its UID.
    pub uid: String,
    /// Which of its entities this is.
    pub part: String,
}

impl Origin {
    fn pairs(&self) -> Vec<(&'static str, String)> {
        let mut pairs = vec![
            (GENERATION, self.generation.to_string()),
            ("k8s-group", self.group.clone()),
            ("k8s-kind", self.kind.clone()),
            ("k8s-name", self.name.clone()),
        ];
        pairs.extend(
            self.namespace
                .clone()
                .map(|namespace| ("k8s-namespace", namespace)),
        );
        pairs.push((UID, self.uid.clone()));
        pairs.push(("k8s-version", self.version.clone()));
        pairs.push(("managed-by", OPERATOR.to_owned()));
        if let Some(Owner { uid, part }) = &self.owner {
            pairs.extend([(OWNER, uid.clone()), (PART, part.clone())]);
        }
        pairs
    }

    /// The tags of a core entity: ours, then those of the specification, then those of the annotation
    /// `konghq.com/tags`, which are the first to go when there are too many. Sorted.
    pub fn tags<'a>(
        &self,
        specified: impl IntoIterator<Item = &'a str>,
        annotation: Option<&'a str>,
    ) -> Vec<String> {
        let own = self
            .pairs()
            .into_iter()
            .map(|(key, value)| format!("{key}:{value}"));
        let annotated = annotation.into_iter().flat_map(|list| list.split(','));
        let others = specified.into_iter().chain(annotated).map(str::to_owned);
        let mut seen = BTreeSet::new();
        own.chain(others)
            .map(|tag| truncate(&tag, MAX_TAG))
            .filter(|tag| seen.insert(tag.clone()))
            .take(MAX_TAGS)
            .collect::<BTreeSet<_>>()
            .into_iter()
            .collect()
    }

    /// The labels of a control plane; those of the user win.
    pub fn labels(&self, user: &BTreeMap<String, String>) -> BTreeMap<String, String> {
        let mut labels: BTreeMap<String, String> = self
            .pairs()
            .into_iter()
            .map(|(key, value)| (key.to_owned(), label(&value)))
            .collect();
        labels.extend(user.iter().map(|(key, value)| (key.clone(), label(value))));
        labels
    }
}

/// Whether a tag is one that we, or Kong's operator, put on an entity, and none of the user's.
pub fn is_operators(tag: &str) -> bool {
    let (key, value) = tag.split_once(':').unwrap_or((tag, ""));
    match key {
        GENERATION | "k8s-group" | "k8s-kind" | "k8s-name" | "k8s-namespace" | UID
        | "k8s-version" | OWNER | PART => true,
        "managed-by" => value == OPERATOR,
        _ => false,
    }
}

impl Origin {
    /// The object that tags or labels, as `key:value`, say an entity is made from; `None` if they are not those of
    /// an operator. What was too long for a tag is cut.
    pub fn read<'a>(tags: &(impl Iterator<Item = &'a str> + Clone)) -> Option<Self> {
        let text = |key: &str| value(tags, key).map(str::to_owned);
        if text("managed-by").as_deref() != Some(OPERATOR) {
            return None;
        }
        Some(Self {
            group: text("k8s-group").unwrap_or_default(),
            version: text("k8s-version").unwrap_or_default(),
            kind: text("k8s-kind")?,
            namespace: text("k8s-namespace"),
            name: text("k8s-name")?,
            uid: text(UID)?,
            generation: text(GENERATION)
                .and_then(|text| text.parse().ok())
                .unwrap_or_default(),
            owner: text(OWNER).map(|uid| Owner {
                uid,
                part: text(PART).unwrap_or_default(),
            }),
        })
    }
}

/// The UID in the tags of an entity of the object that owns it, if they name one.
pub fn owner<'a>(tags: &(impl Iterator<Item = &'a str> + Clone)) -> Option<&'a str> {
    value(tags, OWNER).or_else(|| value(tags, UID))
}

/// Which of its owner's entities one is, if its tags say so.
pub fn part<'a>(tags: &(impl Iterator<Item = &'a str> + Clone)) -> Option<&'a str> {
    value(tags, PART)
}

fn value<'a>(tags: &(impl Iterator<Item = &'a str> + Clone), key: &str) -> Option<&'a str> {
    tags.clone()
        .find_map(|tag| tag.strip_prefix(key)?.strip_prefix(':'))
}

/// A label value of at most the length that Konnect takes. What is cut must not end in a separator,
/// which Konnect refuses.
fn label(value: &str) -> String {
    let cut = truncate(value, MAX_LABEL);
    if cut.len() == value.len() {
        cut
    } else {
        cut.trim_end_matches(['-', '.', '_']).to_owned()
    }
}

fn truncate(text: &str, limit: usize) -> String {
    text.chars().take(limit).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn origin() -> Origin {
        Origin {
            group: "configuration.konghq.com".into(),
            version: "v1alpha1".into(),
            kind: "KongService".into(),
            namespace: Some("ns".into()),
            name: "service".into(),
            uid: "u".into(),
            generation: 3,
            owner: None,
        }
    }

    #[test]
    fn annotation_tags_are_not_trimmed_and_empty_parts_are_kept() {
        let tags = origin().tags(["zeta", "alpha"], Some("alpha,, beta"));
        assert_eq!(&tags[..2], ["", " beta"]);
        assert_eq!(tags.len(), 8 + 4);
    }

    #[test]
    fn annotation_tags_are_the_first_to_go() {
        let specified: Vec<String> = (0..12).map(|n| format!("s{n:02}")).collect();
        let tags = origin().tags(specified.iter().map(String::as_str), Some("lost"));
        assert_eq!(tags.len(), MAX_TAGS);
        assert!(!tags.contains(&"lost".to_owned()));
        assert!(tags.contains(&"s11".to_owned()));
    }

    #[test]
    fn long_values_are_cut_by_character() {
        let long = "é".repeat(200);
        assert!(
            origin()
                .tags([long.as_str()], None)
                .contains(&"é".repeat(MAX_TAG))
        );
        let labels = origin().labels(&BTreeMap::from([("team".to_owned(), long)]));
        assert_eq!(labels["team"], "é".repeat(MAX_LABEL));
        let dashed = format!("{}--b", "a".repeat(MAX_LABEL - 1));
        let labels = origin().labels(&BTreeMap::from([("team".to_owned(), dashed)]));
        assert_eq!(labels["team"], "a".repeat(MAX_LABEL - 1));
    }

    #[test]
    fn an_origin_is_read_out_of_the_tags_that_it_gives() {
        let mut origin = origin();
        origin.owner = Some(Owner {
            uid: "o".into(),
            part: "p".into(),
        });
        let tags = origin.tags(["team:a", "k8s-user"], None);
        let read = Origin::read(&tags.iter().map(String::as_str));
        assert_eq!(read.as_ref(), Some(&origin));
        let theirs: Vec<_> = tags.iter().filter(|tag| !is_operators(tag)).collect();
        assert_eq!(theirs, ["k8s-user", "team:a"]);
        assert_eq!(Origin::read(&["k8s-uid:u", "k8s-kind:X"].into_iter()), None);
    }

    #[test]
    fn the_owner_is_the_one_on_whose_behalf_the_entity_exists() {
        let mut origin = origin();
        let own = |origin: &Origin| {
            owner(&origin.tags([], None).iter().map(String::as_str)).map(str::to_owned)
        };
        assert_eq!(own(&origin), Some("u".to_owned()));
        origin.owner = Some(Owner {
            uid: "o".into(),
            part: "p".into(),
        });
        assert_eq!(own(&origin), Some("o".to_owned()));
        let tags = origin.tags([], None);
        assert_eq!(part(&tags.iter().map(String::as_str)), Some("p"));
        assert_eq!(owner(&["x", "y:z"].into_iter()), None);
    }

    #[test]
    fn every_tag_of_ours_is_told_from_those_of_users() {
        let mut origin = origin();
        origin.owner = Some(Owner {
            uid: "o".into(),
            part: "p".into(),
        });
        let tags = origin.tags(["team", "managed-by:us"], Some("k8s"));
        let users: Vec<_> = tags.iter().filter(|tag| !is_operators(tag)).collect();
        assert_eq!(users, ["k8s", "managed-by:us", "team"]);
    }
}
