//! How long everything takes, and how badly watches behave: drawn from a seed.
//!
//! The generator is the splitmix64 of Steele, Lea and Flood: eight lines, no state but a number, and the
//! same numbers on every machine, which is what replaying a seed needs.

/// A span of milliseconds from which a delay is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// The shortest.
    pub from: u64,
    /// The longest.
    pub to: u64,
}

impl Span {
    /// Always the same delay.
    pub const fn exactly(milliseconds: u64) -> Self {
        Self {
            from: milliseconds,
            to: milliseconds,
        }
    }
}

/// How often something happens: in one case of so many; 0 is never.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Chance(pub u32);

/// Delays and mishaps of one run.
#[derive(Clone, Debug)]
pub struct Schedule {
    state: u64,
    /// From a request to the API server to its answer.
    pub kube: Span,
    /// From a request to Konnect to its answer.
    pub konnect: Span,
    /// From a change in the cluster to the watch that tells of it.
    pub watch: Span,
    /// How often a watch repeats what it told before.
    pub repeat: Chance,
    /// How often a watch is cut and has to list anew.
    pub cut: Chance,
}

impl Schedule {
    /// Everything takes its usual time and nothing goes wrong.
    pub const fn calm() -> Self {
        Self {
            state: 0,
            kube: Span::exactly(2),
            konnect: Span::exactly(20),
            watch: Span::exactly(1),
            repeat: Chance(0),
            cut: Chance(0),
        }
    }

    /// Delays from nothing to several seconds, watches that repeat themselves and break.
    pub const fn wild(seed: u64) -> Self {
        Self {
            state: seed,
            kube: Span { from: 0, to: 900 },
            konnect: Span { from: 0, to: 3_000 },
            watch: Span { from: 0, to: 2_500 },
            repeat: Chance(10),
            cut: Chance(60),
        }
    }

    /// The next number.
    pub fn number(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `bound`; 0 if there is none.
    pub fn below(&mut self, bound: u64) -> u64 {
        self.number().checked_rem(bound).unwrap_or_default()
    }

    /// A delay.
    pub fn draw(&mut self, span: Span) -> u64 {
        span.from + self.below(span.to.saturating_sub(span.from) + 1)
    }

    /// Whether something happens this time.
    pub fn happens(&mut self, chance: Chance) -> bool {
        chance.0 != 0 && self.below(u64::from(chance.0)) == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_gives_the_same_delays() {
        let draws = |seed| {
            let mut schedule = Schedule::wild(seed);
            [0; 8].map(|_: u64| schedule.draw(Span { from: 5, to: 9 }))
        };
        assert_eq!(draws(7), draws(7));
        assert_ne!(draws(7), draws(8));
        assert!(draws(7).iter().all(|delay| (5..=9).contains(delay)));
    }
}
