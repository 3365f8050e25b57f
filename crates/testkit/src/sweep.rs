//! The crash sweep: every story, told once for every effect and every way in which it can go wrong.
//!
//! [`tell`] tells a story with a plan of faults and looks at the end; [`sweep`] tells all of them, on all
//! processors. A failure prints the command that tells the one story again.

use std::collections::BTreeSet;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use kong_driver::{Fault, Machine, Schedule};
use kong_engine::{Effect, Engine, Settings};
use kong_model::Method;

use crate::Scene;
use crate::faults::{FAULTS, FaultPlan, concerns};
use crate::picture::{Detail, Picture};
use crate::scenario::Scenario;
use crate::trace::Trace;
use crate::watchdog::{Rule, Violation};

/// How long a story may take to come to rest after its last act: the longest pause after one refusal is
/// 75 s, and a chain of parents and children may have to wait for each other.
const REST: u64 = 600_000;
/// A sync period of an engine with the usual settings.
const PERIOD: u64 = 60_000;

/// The engine as it is.
pub fn sound() -> Engine {
    Engine::new(Settings::default())
}

/// How closely a story is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Care {
    /// Whether everything that can be printed is searched for secrets.
    pub reads_everything: bool,
    /// How many sync periods nothing may happen in at the end.
    pub periods: u64,
    /// Whether the steps are kept.
    pub trace: bool,
}

impl Care {
    /// For the run without faults.
    pub const CLEAN: Self = Self {
        reads_everything: true,
        periods: 10,
        trace: false,
    };
    /// For the thousands with one.
    pub const QUICK: Self = Self {
        reads_everything: false,
        periods: 2,
        trace: false,
    };
}

/// A story that was told.
#[derive(Debug)]
pub struct Told {
    /// How the world looked in the end.
    pub picture: Picture,
    /// The rules that were broken.
    pub violations: Vec<Violation>,
    /// For every effect up to the end, which faults mean anything for it; none while the ground is prepared.
    pub faults: Vec<Vec<usize>>,
    /// What happened, if that was asked for.
    pub lines: Vec<String>,
    /// Writes to the API server and to Konnect.
    pub writes: (usize, usize),
}

/// Tells a story.
pub fn tell<M: Machine>(
    scenario: &Scenario,
    plan: FaultPlan,
    care: Care,
    machine: fn() -> M,
) -> Told {
    let clean = matches!(plan, FaultPlan::Nothing);
    let mut scene = Scene::new(Schedule::calm(), machine);
    scene.watchdog.reads_everything = care.reads_everything;
    scene.trace = care.trace.then(Trace::kept);
    let effects = std::rc::Rc::new(std::cell::RefCell::new(Vec::new()));
    if clean {
        let noted = std::rc::Rc::clone(&effects);
        scene.driver.set_plan(move |_, _, effect: &Effect| {
            let faults = FAULTS.iter().enumerate();
            let faults = faults.filter(|(_, (_, fault))| concerns(*fault, &effect.action));
            noted
                .borrow_mut()
                .push(faults.map(|(at, _)| at).collect::<Vec<usize>>());
            None
        });
    } else {
        scene.plan(plan);
    }
    let mut prepared = 0;
    for (at, act) in scenario.acts.iter().enumerate() {
        if at == scenario.ground {
            prepared = effects.borrow().len();
        }
        if let Some(trace) = &mut scene.trace {
            trace.say(&format!("{act:?}"));
        }
        if let Err(refused) = scene.act(act) {
            let how = format!("the API server refuses to {act:?}: {refused}");
            scene.watchdog.report(Rule::SameEnd, how);
        }
    }
    finish(&mut scene, care);
    if clean {
        let unexpected: BTreeSet<String> = scene
            .driver
            .konnect
            .log()
            .iter()
            .filter(|entry| !(200..300).contains(&entry.status))
            .filter(|entry| !scenario.refusals.contains(&entry.status))
            .map(|entry| format!("{entry:?}"))
            .collect();
        if !unexpected.is_empty() {
            scene
                .watchdog
                .report(Rule::NoRefusal, format!("Konnect answered {unexpected:?}"));
        }
    }
    let mut faults = effects.take();
    faults.iter_mut().take(prepared).for_each(Vec::clear);
    Told {
        picture: Picture::of(&scene, Detail::All),
        violations: std::mem::take(&mut scene.watchdog.violations),
        faults,
        lines: scene
            .trace
            .as_ref()
            .map(|trace| trace.lines().to_vec())
            .unwrap_or_default(),
        writes: scene.writes(),
    }
}

/// Lets a world come to rest and holds it to that.
pub fn finish<M: Machine>(scene: &mut Scene<M>, care: Care) {
    if let Some(trace) = &mut scene.trace {
        trace.say("the end");
    }
    if !scene.settle_within(REST) {
        let why = "there is still something to do ten minutes later";
        scene.watchdog.report(Rule::Quiet, why);
    }
    scene.driver.clear_plan();
    let (cluster, konnect) = (&scene.driver.cluster, &scene.driver.konnect);
    scene.watchdog.at_rest(cluster, konnect);
    let before = scene.writes();
    let asked = scene.driver.konnect.log().len();
    scene.run_for(care.periods * PERIOD + PERIOD / 10);
    let mut lists = std::collections::BTreeMap::<&str, u64>::new();
    for entry in &scene.driver.konnect.log()[asked..] {
        if entry.method == Method::Get && !entry.path.contains("/organizations") {
            *lists.entry(&entry.path).or_default() += 1;
        }
    }
    // The first may come at once, and the last at the end of a period that has just begun.
    let often: Vec<String> = lists
        .into_iter()
        .filter(|(_, times)| *times > care.periods + 1)
        .map(|(path, times)| format!("{path} {times} times in {} periods", care.periods))
        .collect();
    if !often.is_empty() {
        let how = often.join(", ");
        scene.watchdog.report(Rule::FewLists, how);
    }
    if scene.writes() != before {
        let writes = scene
            .driver
            .konnect
            .log()
            .iter()
            .filter(|entry| entry.is_write())
            .skip(before.1)
            .map(|entry| format!("{entry:?}"));
        let writes: Vec<String> = writes.collect();
        let how = format!(
            "{before:?} writes became {:?} with nothing to do; to Konnect: {writes:?}",
            scene.writes()
        );
        scene.watchdog.report(Rule::Quiet, how);
    }
}

/// A run that broke a rule.
#[derive(Clone, Debug)]
pub struct Failure {
    /// The run: as the command line has it.
    pub run: String,
    /// What was broken.
    pub violations: Vec<Violation>,
}

impl Failure {
    /// The failure with the command that repeats it.
    pub fn explain(&self) -> String {
        let mut text = format!(
            "KONDUIT_REPLAY='{}' cargo test -p testkit --test it replay -- --nocapture",
            self.run
        );
        for violation in &self.violations {
            text.push_str("\n    ");
            text.push_str(&violation.to_string());
        }
        text
    }
}

/// What came of a sweep.
#[derive(Debug, Default)]
pub struct Swept {
    /// Runs, the clean ones too.
    pub runs: usize,
    /// Those that broke a rule.
    pub failures: Vec<Failure>,
    /// How long it took.
    pub took: Duration,
}

/// Tells one story with one effect gone wrong, and compares the end with the clean run.
pub fn with_fault<M: Machine>(
    scenario: &Scenario,
    clean: &Picture,
    index: u64,
    fault: Fault,
    care: Care,
    machine: fn() -> M,
) -> Told {
    let mut told = tell(scenario, FaultPlan::At(index, fault), care, machine);
    if let Some(how) = told.picture.difference(clean) {
        let rule = Rule::SameEnd;
        told.violations.push(Violation { rule, how });
    }
    told
}

/// Tells these stories with every single fault, on all processors, until so many runs have failed.
pub fn sweep<M: Machine + 'static>(
    scenarios: &[Scenario],
    machine: fn() -> M,
    most_failures: usize,
) -> Swept {
    let start = Instant::now();
    let swept = Mutex::new(Swept::default());
    let next = AtomicUsize::new(0);
    let fail = |run: String, violations: Vec<Violation>| {
        let mut swept = swept.lock().expect("no thread panics with the lock");
        swept.failures.push(Failure { run, violations });
        swept.failures.len() >= most_failures
    };
    let work = || {
        while let Some(scenario) = scenarios.get(next.fetch_add(1, Ordering::Relaxed)) {
            let clean = tell(scenario, FaultPlan::Nothing, Care::CLEAN, machine);
            let mut runs = 1;
            let mut full = false;
            if !clean.violations.is_empty() {
                full = fail(format!("sweep:{}", scenario.name), clean.violations);
            }
            let effects = (0_u64..).zip(&clean.faults);
            for (index, faults) in effects {
                for (name, fault) in faults.iter().map(|at| FAULTS[*at]) {
                    if full {
                        break;
                    }
                    let told =
                        with_fault(scenario, &clean.picture, index, fault, Care::QUICK, machine);
                    runs += 1;
                    if !told.violations.is_empty() {
                        let run = format!("sweep:{}:{index}:{name}", scenario.name);
                        full = fail(run, told.violations);
                    }
                }
            }
            swept.lock().expect("no thread panics with the lock").runs += runs;
        }
    };
    std::thread::scope(|scope| {
        let threads = std::thread::available_parallelism().map_or(1, usize::from);
        for _ in 0..threads {
            scope.spawn(work);
        }
    });
    let mut swept = swept.into_inner().expect("no thread panics with the lock");
    swept.took = start.elapsed();
    swept
}

/// Tells a story again, as the command line asks: `scenario`, or `scenario:index:fault`.
pub fn replay(what: &str) -> Option<Told> {
    let mut parts = what.split(':');
    let scenario = crate::scenario::find(parts.next()?)?;
    let care = Care {
        trace: true,
        ..Care::QUICK
    };
    let clean = tell(
        scenario,
        FaultPlan::Nothing,
        Care { periods: 1, ..care },
        sound,
    );
    let Some(index) = parts.next() else {
        return Some(clean);
    };
    let name = parts.next()?;
    let (_, fault) = FAULTS.into_iter().find(|(known, _)| *known == name)?;
    Some(with_fault(
        scenario,
        &clean.picture,
        index.parse().ok()?,
        fault,
        care,
        sound,
    ))
}
