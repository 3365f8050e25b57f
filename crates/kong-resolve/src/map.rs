//! The map of the index: a hash map whose hasher has a fixed state.
//!
//! Keys are names behind pointers, of which a tree compares dozens for one look-up; a hash map reads one.
//! With a fixed state a run depends on its inputs alone. All the same nothing that matters may follow
//! from the order of its entries: whoever walks over one sorts, or collects into what is sorted.

use foldhash::fast::FixedState;

/// A map for look-ups.
pub type Map<K, V> = hashbrown::HashMap<K, V, FixedState>;
