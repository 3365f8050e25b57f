//! Objects that many tests use, and the order in which they come.

pub(crate) use clustertest::shop::*;

/// The same things in an order that a number chooses.
pub(crate) fn shuffled<T>(mut things: Vec<T>, seed: u64) -> Vec<T> {
    let mut state = seed | 1;
    for last in (1..things.len()).rev() {
        // Any generator will do; this is Marsaglia's xorshift.
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        let other = usize::try_from(state % (last as u64 + 1)).unwrap();
        things.swap(last, other);
    }
    things
}
