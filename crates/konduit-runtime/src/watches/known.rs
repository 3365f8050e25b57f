//! What a watch has told, so that it can tell what is gone when it has to list anew.

use std::collections::HashMap;

use kong_resolve::{Key, Uid};

/// The objects that a watch has told of, each with the number of the list that had it last.
#[derive(Debug, Default)]
pub(crate) struct Known {
    objects: HashMap<Key, (Uid, u64)>,
    list: u64,
}

impl Known {
    /// A list begins, perhaps since the last one broke off.
    pub(crate) fn begin(&mut self) {
        self.list += 1;
    }

    /// An object is there.
    pub(crate) fn insert(&mut self, key: Key, uid: Uid) {
        self.objects.insert(key, (uid, self.list));
    }

    /// An object is gone, unless another one has its name by now.
    pub(crate) fn remove(&mut self, key: &Key, uid: &Uid) {
        if self.objects.get(key).is_some_and(|(known, _)| known == uid) {
            self.objects.remove(key);
        }
    }

    /// A list has ended: whatever it did not have is gone.
    pub(crate) fn end(&mut self) -> Vec<(Key, Uid)> {
        let list = self.list;
        self.objects
            .extract_if(|_, (_, last)| *last != list)
            .map(|(key, (uid, _))| (key, uid))
            .collect()
    }

    /// Whether there is any object.
    pub(crate) fn is_used(&self) -> bool {
        !self.objects.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use kong_crds::Kind;
    use kong_resolve::Name;

    use super::*;

    fn key(name: &str) -> Key {
        Key {
            kind: Kind::KongService,
            name: Name::new("default", name),
        }
    }

    #[test]
    fn what_a_new_list_lacks_is_gone() {
        let mut known = Known::default();
        known.begin();
        known.insert(key("a"), Uid::from("1"));
        known.insert(key("b"), Uid::from("2"));
        assert_eq!(known.end(), []);
        known.insert(key("c"), Uid::from("3"));

        known.begin();
        known.insert(key("b"), Uid::from("2"));
        let mut gone = known.end();
        gone.sort();
        assert_eq!(
            gone,
            [(key("a"), Uid::from("1")), (key("c"), Uid::from("3"))]
        );
    }

    #[test]
    fn a_list_that_broke_off_says_nothing() {
        let mut known = Known::default();
        known.begin();
        known.insert(key("a"), Uid::from("1"));
        known.end();
        known.begin();
        known.begin();
        known.insert(key("a"), Uid::from("1"));
        assert_eq!(known.end(), []);
    }

    #[test]
    fn a_late_deletion_does_not_hit_the_successor() {
        let mut known = Known::default();
        known.insert(key("a"), Uid::from("2"));
        known.remove(&key("a"), &Uid::from("1"));
        assert!(known.is_used());
        known.remove(&key("a"), &Uid::from("2"));
        assert!(!known.is_used());
    }
}
