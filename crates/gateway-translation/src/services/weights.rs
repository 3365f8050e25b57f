//! From the weights of backends to those of their endpoints.
//!
//! A backend's share is split evenly among its endpoints, and Kong has whole numbers only. [`exact`] finds the
//! smallest ones that give each backend its share; [`divided`] does what Kong's controller does, which is not that.

/// The greatest weight that a target may have.
const MOST: u128 = 65_535;

/// A backend, as far as its share is concerned.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Backend {
    /// Its weight, if it has one.
    pub(crate) weight: Option<u64>,
    /// Among how many endpoints it is split.
    pub(crate) endpoints: u64,
}

/// The weight of each endpoint of each backend: the share by the number of endpoints, rounded down, at least 1.
pub(crate) fn divided(backends: &[Backend]) -> Vec<Option<u64>> {
    let divide = |backend: &Backend| match backend.weight? {
        0 => Some(0),
        weight => Some((weight / backend.endpoints.max(1)).max(1)),
    };
    backends.iter().map(divide).collect()
}

/// The weight of each endpoint of each backend, so that shares are exact. Where no backend has a weight, none of
/// the endpoints gets one either. Beyond what Kong can tell apart shares are as near as can be.
pub(crate) fn exact(backends: &[Backend]) -> Vec<Option<u64>> {
    if backends.iter().all(|backend| backend.weight.is_none()) && backends.len() < 2 {
        return vec![None; backends.len()];
    }
    // Each as a fraction in its lowest terms.
    let fractions: Vec<(u128, u128)> = backends
        .iter()
        .map(|backend| {
            let weight = u128::from(backend.weight.unwrap_or(1));
            let endpoints = u128::from(backend.endpoints);
            if weight == 0 || endpoints == 0 {
                return (0, 1);
            }
            let common = gcd(weight, endpoints);
            (weight / common, endpoints / common)
        })
        .collect();
    let least = fractions
        .iter()
        .try_fold(1_u128, |all, (_, below)| lcm(all, *below));
    let whole: Option<Vec<u128>> = least.and_then(|least| {
        fractions
            .iter()
            .map(|(above, below)| above.checked_mul(least / below))
            .collect()
    });
    // Sixteen numbers below a million do not overflow this in practice; if they do, the fractions are near enough.
    let whole = whole.unwrap_or_else(|| {
        let scaled = |(above, below): &(u128, u128)| above.saturating_mul(MOST) / below;
        fractions.iter().map(scaled).collect()
    });
    let common = whole.iter().copied().fold(0, gcd).max(1);
    let whole: Vec<u128> = whole.into_iter().map(|weight| weight / common).collect();
    let greatest = whole.iter().copied().max().unwrap_or_default();
    whole
        .into_iter()
        .map(|weight| {
            let weight = if greatest > MOST && weight > 0 {
                // Divided first where the product would not fit.
                let scaled = weight
                    .checked_mul(MOST)
                    .map_or_else(|| weight / (greatest / MOST), |product| product / greatest);
                scaled.max(1)
            } else {
                weight
            };
            Some(u64::try_from(weight).unwrap_or(u64::MAX))
        })
        .collect()
}

/// The greatest number that divides both.
pub(super) fn gcd(one: u128, two: u128) -> u128 {
    match two {
        0 => one,
        two => gcd(two, one % two),
    }
}

fn lcm(one: u128, two: u128) -> Option<u128> {
    (one / gcd(one, two)).checked_mul(two)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn backends(backends: &[(u64, u64)]) -> Vec<Backend> {
        let backend = |(weight, endpoints): &(u64, u64)| Backend {
            weight: Some(*weight),
            endpoints: *endpoints,
        };
        backends.iter().map(backend).collect()
    }

    fn exactly(shares: &[(u64, u64)]) -> Vec<u64> {
        exact(&backends(shares)).into_iter().flatten().collect()
    }

    #[test]
    fn each_backend_gets_its_share() {
        assert_eq!(exactly(&[(50, 5), (50, 8), (1, 1)]), [40, 25, 4]);
        assert_eq!(exactly(&[(1, 3), (3, 3)]), [1, 3]);
        assert_eq!(exactly(&[(10, 0), (5, 2), (0, 4)]), [0, 1, 0]);
        assert_eq!(exactly(&[(0, 1)]), [0]);
        assert_eq!(exactly(&[]), [0; 0]);
    }

    #[test]
    fn weights_stay_in_kongs_range_and_nobody_is_left_out() {
        assert_eq!(exactly(&[(1_000_000, 1), (1, 1)]), [65_535, 1]);
        let primes = [(999_983, 997), (999_979, 991), (999_961, 983), (1, 977)];
        let weights = exactly(&primes);
        assert!(weights.iter().all(|weight| (1..=65_535).contains(weight)));
        let huge: Vec<(u64, u64)> = (1..17).map(|n| (u64::MAX - n, u64::MAX / n - 1)).collect();
        assert!(exactly(&huge).iter().all(|weight| *weight <= 65_535));
    }

    #[test]
    fn without_weights_kongs_own_default_is_kept() {
        let none = Backend {
            weight: None,
            endpoints: 3,
        };
        assert_eq!(exact(&[none]), [None]);
        assert_eq!(exact(&[none, none]), [Some(1), Some(1)]);
    }

    #[test]
    fn kongs_controller_rounds_down() {
        assert_eq!(
            divided(&backends(&[(1, 3), (3, 3), (0, 2)])),
            [Some(1), Some(1), Some(0)]
        );
    }
}
