//! Random schedules.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Instant;

use testkit::random::Outcome;
use testkit::trace::Trace;
use testkit::{Rule, random, sweep};

/// How many seeds an ordinary run tells.
const SEEDS: u64 = 10_000;
/// And how many of those with any kinds.
const SEEDS_OF_KINDS: u64 = 3_000;
/// And how many about networks of somebody else.
const SEEDS_IN_THE_CLOUD: u64 = 1_000;
/// Failures that are printed.
const MOST: usize = 12;
fn number(variable: &str) -> Option<u64> {
    std::env::var(variable).ok()?.parse().ok()
}

#[test]
fn whatever_happens_in_whatever_order_the_rules_hold() {
    hold("random", SEEDS, |seed| {
        random::run(seed, None, sweep::sound)
    });
}

#[test]
fn whatever_happens_to_any_kinds_the_rules_hold() {
    hold("kinds", SEEDS_OF_KINDS, |seed| {
        random::run_with_kinds(seed, None, sweep::sound)
    });
}

#[test]
fn whatever_happens_to_networks_of_others_the_rules_hold() {
    hold("cloud", SEEDS_IN_THE_CLOUD, |seed| {
        random::run_in_the_cloud(seed, None, sweep::sound)
    });
}

/// Tells the stories of all seeds.
#[expect(
    clippy::print_stdout,
    reason = "it is a test that says how much it told"
)]
fn hold(stage: &str, seeds: u64, tell: impl Fn(u64) -> Outcome + Sync) {
    let start = Instant::now();
    let from = number("KONDUIT_FROM").unwrap_or(0);
    let seeds = number("KONDUIT_SEEDS").unwrap_or(seeds);
    let ignored = std::env::var("KONDUIT_IGNORE").ok();
    let next = AtomicU64::new(from);
    let (effects, faults) = (AtomicU64::new(0), AtomicUsize::new(0));
    let failures = Mutex::new(Vec::new());
    let work = || {
        loop {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if seed >= from + seeds {
                return;
            }
            let mut outcome = tell(seed);
            // To look for the next thing while something is being mended.
            if let Some(ignored) = &ignored {
                let rule = |rule: Rule| ignored.contains(&format!("{rule:?}"));
                outcome.violations.retain(|violation| !rule(violation.rule));
            }
            effects.fetch_add(outcome.effects, Ordering::Relaxed);
            faults.fetch_add(outcome.faults, Ordering::Relaxed);
            if !outcome.violations.is_empty() {
                let failure = sweep::Failure {
                    run: format!("{stage}:{seed}"),
                    violations: outcome.violations,
                };
                failures
                    .lock()
                    .expect("no story panics")
                    .push((seed, failure.explain()));
            }
        }
    };
    std::thread::scope(|scope| {
        let threads = std::thread::available_parallelism().map_or(1, usize::from);
        for _ in 0..threads {
            scope.spawn(work);
        }
    });
    println!(
        "{stage}: {seeds} seeds, {} effects, {} of them gone wrong, in {:.1?}",
        effects.into_inner(),
        faults.into_inner(),
        start.elapsed()
    );
    let mut failures = failures.into_inner().expect("no story panics");
    failures.sort();
    let first: Vec<String> = failures.iter().take(MOST).map(|it| it.1.clone()).collect();
    let (broken, first) = (failures.len(), first.join("\n"));
    assert!(broken == 0, "{broken} stories break a rule:\n{first}");
}

#[test]
fn the_same_seed_gives_the_same_steps() {
    let hash = |seed| {
        let outcome = random::run(seed, Some(Trace::hashed()), sweep::sound);
        outcome.trace.map(|trace| trace.hash())
    };
    let first: Vec<_> = (0..12).map(hash).collect();
    let second: Vec<_> = (0..12).map(hash).collect();
    assert_eq!(first, second);
    assert!(first.windows(2).all(|pair| pair[0] != pair[1]));
}
