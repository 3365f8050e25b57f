//! A set of which there are many, and in each of them mostly one thing: a tree of one element takes the memory of
//! eleven.

use std::collections::BTreeSet;

/// A set that holds a single element in place.
#[derive(Clone, Debug)]
pub(super) enum Few<T> {
    /// One, or none.
    One(Option<T>),
    /// Any number.
    Many(BTreeSet<T>),
}

impl<T> Default for Few<T> {
    fn default() -> Self {
        Self::One(None)
    }
}

impl<T: Ord + Copy> Few<T> {
    pub(super) fn insert(&mut self, value: T) {
        match self {
            Self::One(None) => *self = Self::One(Some(value)),
            Self::One(Some(one)) if *one == value => {}
            Self::One(Some(one)) => *self = Self::Many(BTreeSet::from([*one, value])),
            Self::Many(many) => {
                many.insert(value);
            }
        }
    }

    pub(super) fn remove(&mut self, value: T) {
        match self {
            Self::One(one) => {
                one.take_if(|one| *one == value);
            }
            Self::Many(many) => {
                many.remove(&value);
                if many.len() < 2 {
                    *self = Self::One(many.first().copied());
                }
            }
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        matches!(self, Self::One(None))
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = T> {
        let (one, many) = match self {
            Self::One(one) => (*one, None),
            Self::Many(many) => (None, Some(many)),
        };
        one.into_iter().chain(many.into_iter().flatten().copied())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_of_few_is_a_set() {
        let mut few = Few::default();
        assert!(few.is_empty());
        for value in [2, 1, 2, 3] {
            few.insert(value);
        }
        assert_eq!(few.iter().collect::<Vec<_>>(), [1, 2, 3]);
        for value in [3, 3, 1] {
            few.remove(value);
        }
        assert_eq!(few.iter().collect::<Vec<_>>(), [2]);
        few.remove(2);
        assert!(few.is_empty());
    }
}
