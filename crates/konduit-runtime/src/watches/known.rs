//! What a watch has told, so that it can tell what is gone when it has to list anew.

use std::collections::HashMap;
use std::sync::Arc;

use kong_crds::Kind;
use kong_resolve::{Key, Name, Uid};

/// The objects of a kind that a watch has told of. There are as many as in the cluster, so each is kept in little
/// space.
#[derive(Debug)]
pub(crate) struct Known {
    kind: Kind,
    objects: HashMap<Uid, Row>,
    list: u32,
}

/// What an object is called, and the number of the list that had it last.
#[derive(Debug)]
struct Row {
    /// The namespace, a slash, which is in no name, and the name.
    name: Box<str>,
    list: u32,
}

impl Known {
    /// Nothing is known yet.
    pub(crate) fn new(kind: Kind) -> Self {
        Self {
            kind,
            objects: HashMap::new(),
            list: 0,
        }
    }

    /// A list begins, perhaps since the last one broke off.
    pub(crate) fn begin(&mut self) {
        self.list = self.list.wrapping_add(1);
    }

    /// An object is there.
    pub(crate) fn insert(&mut self, name: &Name, uid: Uid) {
        let list = self.list;
        let row = self.objects.entry(uid).or_insert_with(|| Row {
            name: joined(name),
            list,
        });
        row.list = list;
    }

    /// An object is gone.
    pub(crate) fn remove(&mut self, uid: &Uid) {
        self.objects.remove(uid);
    }

    /// A list has ended: whatever it did not have is gone.
    pub(crate) fn end(&mut self) -> Vec<(Key, Uid)> {
        let (kind, list) = (self.kind, self.list);
        self.objects
            .extract_if(|_, row| row.list != list)
            .map(|(uid, row)| (key(kind, &row.name), uid))
            .collect()
    }

    /// Whether there is any object.
    pub(crate) fn is_used(&self) -> bool {
        !self.objects.is_empty()
    }
}

fn joined(name: &Name) -> Box<str> {
    format!("{}/{}", name.namespace(), name.name).into()
}

fn key(kind: Kind, joined: &str) -> Key {
    let (namespace, name) = joined.split_once('/').unwrap_or_default();
    Key {
        kind,
        name: Name {
            namespace: kind.namespaced().then(|| Arc::from(namespace)),
            name: Arc::from(name),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(name: &str) -> Name {
        Name::new("default", name)
    }

    #[test]
    fn what_a_new_list_lacks_is_gone() {
        let mut known = Known::new(Kind::KongService);
        known.begin();
        known.insert(&name("a"), Uid::from("1"));
        known.insert(&name("b"), Uid::from("2"));
        assert_eq!(known.end(), []);
        known.insert(&name("c"), Uid::from("3"));

        known.begin();
        known.insert(&name("b"), Uid::from("2"));
        let mut gone = known.end();
        gone.sort();
        let of = |text: &str, uid: &str| {
            let key = Key::new(Kind::KongService, "default", text);
            (key, Uid::from(uid))
        };
        assert_eq!(gone, [of("a", "1"), of("c", "3")]);
    }

    #[test]
    fn objects_of_the_cluster_have_no_namespace() {
        let mut known = Known::new(Kind::KongClusterPlugin);
        known.begin();
        let name = Name {
            namespace: None,
            name: Arc::from("a"),
        };
        known.insert(&name, Uid::from("1"));
        known.begin();
        let key = Key {
            kind: Kind::KongClusterPlugin,
            name,
        };
        assert_eq!(known.end(), [(key, Uid::from("1"))]);
    }

    #[test]
    fn a_list_that_broke_off_says_nothing() {
        let mut known = Known::new(Kind::KongService);
        known.begin();
        known.insert(&name("a"), Uid::from("1"));
        known.end();
        known.begin();
        known.begin();
        known.insert(&name("a"), Uid::from("1"));
        assert_eq!(known.end(), []);
    }

    #[test]
    fn a_new_list_without_the_predecessor_of_a_name_says_that_it_is_gone() {
        let mut known = Known::new(Kind::KongService);
        known.begin();
        known.insert(&name("a"), Uid::from("1"));
        known.begin();
        known.insert(&name("a"), Uid::from("2"));
        let old = Key::new(Kind::KongService, "default", "a");
        assert_eq!(known.end(), [(old, Uid::from("1"))]);
        known.remove(&Uid::from("1"));
        assert!(
            known.is_used(),
            "a late deletion does not hit the successor"
        );
        known.remove(&Uid::from("2"));
        assert!(!known.is_used());
    }
}
