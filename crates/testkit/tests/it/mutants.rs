//! The suite can see: engines that are wrong on purpose, each of which must break the rule that it breaks.
//!
//! They wrap the sound engine and lie to it, or change what it says. What they are caught by is part of the
//! assertion, so that a rule that goes blind is noticed.

mod flaws;

use std::collections::BTreeMap;
use std::time::Instant;

use flaws::Where;
use testkit::sweep::{Care, sound, tell, with_fault};
use testkit::{FaultPlan, Picture, Rule, Violation, faults, random, scenario};

/// Random stories that are told at most.
const SEEDS: u64 = 300;

/// Which rules stories break when this engine plays them, until the expected one is broken.
fn caught(
    (flaw, expected, place, machine): flaws::Row,
    wells: &BTreeMap<&str, Picture>,
) -> Result<String, String> {
    let mut others = Vec::new();
    let mut look = |run: String, violations: Vec<Violation>| {
        let found = violations
            .iter()
            .find(|violation| violation.rule == expected);
        let found = found.map(|violation| format!("{flaw:?}: {run}: {violation}"));
        others.extend(violations.into_iter().map(|it| it.rule));
        found
    };
    match place {
        Where::Stories => {
            for scenario in scenario::all() {
                let mut told = tell(scenario, FaultPlan::Nothing, Care::QUICK, machine);
                if let Some(how) = told.picture.difference(&wells[scenario.name.as_str()]) {
                    let rule = Rule::SameEnd;
                    told.violations.push(Violation { rule, how });
                }
                if let Some(found) = look(scenario.name.clone(), told.violations) {
                    return Ok(found);
                }
            }
        }
        Where::Faults => {
            for scenario in scenario::all().iter().take(3) {
                let clean = tell(scenario, FaultPlan::Nothing, Care::QUICK, machine);
                let effects = (0_u64..).zip(clean.faults);
                for (index, at) in effects.flat_map(|(index, faults)| {
                    let faults = faults.into_iter();
                    faults.map(move |at| (index, at))
                }) {
                    let (name, fault) = faults::FAULTS[at];
                    let well = &wells[scenario.name.as_str()];
                    let told = with_fault(scenario, well, index, fault, Care::QUICK, machine);
                    let run = format!("{}:{index}:{name}", scenario.name);
                    if let Some(found) = look(run, told.violations) {
                        return Ok(found);
                    }
                }
            }
        }
        Where::Seeds => {
            for seed in 0..SEEDS {
                let violations = random::run(seed, None, machine).violations;
                if let Some(found) = look(format!("random:{seed}"), violations) {
                    return Ok(found);
                }
            }
        }
    }
    others.sort();
    others.dedup();
    Err(format!(
        "{flaw:?} does not break {expected:?}, only {others:?}"
    ))
}

#[test]
fn every_wrong_engine_is_caught_by_the_rule_that_it_breaks() {
    let wells: BTreeMap<&str, Picture> = scenario::all()
        .iter()
        .map(|scenario| {
            let told = tell(scenario, FaultPlan::Nothing, Care::QUICK, sound);
            (scenario.name.as_str(), told.picture)
        })
        .collect();
    let mut missed = Vec::new();
    for row in flaws::ALL {
        let start = Instant::now();
        match caught(row, &wells) {
            Ok(found) => println!("{found:.230} ({:.1?})", start.elapsed()),
            Err(why) => missed.push(why),
        }
    }
    assert!(flaws::ALL.len() >= 12);
    assert!(missed.is_empty(), "{}", missed.join("\n"));
}
