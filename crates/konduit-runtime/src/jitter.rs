//! Waiting times that are not all the same, so that what failed together is not tried again together.

use std::{
    hash::{BuildHasher as _, RandomState},
    time::Duration,
};

/// A time up to a fifth longer, the spread that client-go gives to leases too.
pub(crate) fn jittered(time: Duration) -> Duration {
    // Every state of the standard library's hasher is drawn anew: that is chance enough for a wait.
    let draw = RandomState::new().hash_one(());
    #[expect(clippy::cast_precision_loss, reason = "a share of a waiting time")]
    let share = draw as f64 / u64::MAX as f64;
    time.mul_f64(1.0 + share / 5.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_differ_and_are_at_most_a_fifth_longer() {
        let second = Duration::from_secs(1);
        let draws: Vec<Duration> = (0..20).map(|_| jittered(second)).collect();
        let longest = Duration::from_millis(1_200);
        assert!(draws.iter().all(|draw| (second..=longest).contains(draw)));
        assert!(draws.iter().any(|draw| *draw != draws[0]));
    }
}
