//! A set of which there are many, and in each of them mostly one thing.
//!
//! A tree of one element takes the memory of eleven. Start with [`Few`].

use std::collections::{BTreeSet, btree_set};
use std::{iter, mem, option};

/// A sorted set that holds a single element in place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Few<T> {
    /// None or one.
    One(Option<T>),
    /// Several; boxed, since a tree in place would make each of the many that hold one element larger.
    Many(Box<BTreeSet<T>>),
}

impl<T> Default for Few<T> {
    fn default() -> Self {
        Self::One(None)
    }
}

impl<T: Ord> Few<T> {
    /// Adds an element.
    pub fn insert(&mut self, value: T) {
        match self {
            Self::One(None) => *self = Self::One(Some(value)),
            Self::One(Some(one)) if *one == value => {}
            Self::One(one) => {
                let both = one.take().into_iter().chain(iter::once(value));
                *self = Self::Many(Box::new(both.collect()));
            }
            Self::Many(many) => {
                many.insert(value);
            }
        }
    }

    /// Removes an element.
    pub fn remove(&mut self, value: &T) {
        match self {
            Self::One(one) => {
                one.take_if(|one| one == value);
            }
            Self::Many(many) => {
                many.remove(value);
                if many.len() <= 1 {
                    *self = Self::One(mem::take(&mut **many).pop_first());
                }
            }
        }
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        matches!(self, Self::One(None))
    }

    /// The elements, sorted.
    pub fn iter(&self) -> Iter<'_, T> {
        self.into_iter()
    }
}

impl<T: Ord> Extend<T> for Few<T> {
    fn extend<I: IntoIterator<Item = T>>(&mut self, values: I) {
        values.into_iter().for_each(|value| self.insert(value));
    }
}

/// The elements of a [`Few`], sorted.
#[derive(Clone, Debug)]
pub enum Iter<'a, T> {
    /// Of none or one.
    One(option::Iter<'a, T>),
    /// Of several.
    Many(btree_set::Iter<'a, T>),
}

impl<'a, T> Iterator for Iter<'a, T> {
    type Item = &'a T;

    fn next(&mut self) -> Option<&'a T> {
        match self {
            Self::One(one) => one.next(),
            Self::Many(many) => many.next(),
        }
    }
}

impl<'a, T: Ord> IntoIterator for &'a Few<T> {
    type Item = &'a T;
    type IntoIter = Iter<'a, T>;

    fn into_iter(self) -> Iter<'a, T> {
        match self {
            Few::One(one) => Iter::One(one.iter()),
            Few::Many(many) => Iter::Many(many.iter()),
        }
    }
}

impl<T: Ord> IntoIterator for Few<T> {
    type Item = T;
    type IntoIter = iter::Chain<option::IntoIter<T>, btree_set::IntoIter<T>>;

    fn into_iter(self) -> Self::IntoIter {
        match self {
            Self::One(one) => one.into_iter().chain(BTreeSet::new()),
            Self::Many(many) => None.into_iter().chain(*many),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_a_sorted_set_however_many_there_are() {
        let mut few = Few::default();
        let mut set = BTreeSet::new();
        for (number, value) in [3, 1, 1, 2, 9, 3].into_iter().enumerate() {
            few.insert(value);
            set.insert(value);
            assert!(few.iter().eq(&set), "after {number}");
        }
        for value in [2, 2, 7, 9, 1, 3] {
            few.remove(&value);
            set.remove(&value);
            assert!(few.iter().eq(&set), "without {value}");
            assert_eq!(few.is_empty(), set.is_empty());
        }
        assert_eq!(few, Few::default());
    }
}
