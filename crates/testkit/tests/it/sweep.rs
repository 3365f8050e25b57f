//! The crash sweep.

use testkit::trace::Trace;
use testkit::{random, scenario, sweep};

/// Failures that are printed before the sweep gives up.
const MOST: usize = 40;

#[test]
fn every_single_fault_leaves_the_world_as_if_nothing_had_happened() {
    let only = std::env::var("KONDUIT_SCENARIO").ok();
    let mut scenarios = scenario::all().to_vec();
    scenarios.retain(|scenario| {
        only.as_deref()
            .is_none_or(|only| scenario.name.starts_with(only))
    });
    let swept = sweep::sweep(&scenarios, sweep::sound, MOST);
    println!(
        "{} scenarios, {} runs in {:.1?}",
        scenarios.len(),
        swept.runs,
        swept.took
    );
    let explained: Vec<String> = swept.failures.iter().map(sweep::Failure::explain).collect();
    assert!(explained.is_empty(), "{}", explained.join("\n"));
}

#[test]
fn replay() {
    let Ok(what) = std::env::var("KONDUIT_REPLAY") else {
        return;
    };
    let (lines, violations) = if let Some(what) = what.strip_prefix("sweep:") {
        let told = sweep::replay(what).expect("a scenario, the number of an effect, and a fault");
        (told.lines, told.violations)
    } else {
        let (stage, seed) = what.split_once(':').unwrap_or_default();
        let seed = seed.parse();
        let seed =
            seed.expect("sweep:SCENARIO[:EFFECT:FAULT], random:SEED, kinds:SEED or cloud:SEED");
        let trace = Some(Trace::kept());
        let outcome = match stage {
            "kinds" => random::run_with_kinds(seed, trace, sweep::sound),
            "cloud" => random::run_in_the_cloud(seed, trace, sweep::sound),
            _ => random::run(seed, trace, sweep::sound),
        };
        let lines = outcome.trace.map(|trace| trace.lines().to_vec());
        (lines.unwrap_or_default(), outcome.violations)
    };
    for line in &lines {
        println!("{line}");
    }
    for violation in &violations {
        println!("{violation}");
    }
    assert!(violations.is_empty(), "the rules above are broken");
}

#[test]
fn every_story_ends_well_without_faults() {
    let mut failures = Vec::new();
    for scenario in scenario::all() {
        let told = sweep::tell(
            scenario,
            testkit::FaultPlan::Nothing,
            sweep::Care::CLEAN,
            sweep::sound,
        );
        println!(
            "{}: {} effects, {:?} writes",
            scenario.name,
            told.faults.len(),
            told.writes
        );
        failures.extend(
            told.violations
                .iter()
                .map(|violation| format!("{}: {violation}", scenario.name)),
        );
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}
