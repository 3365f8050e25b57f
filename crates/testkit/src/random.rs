//! Random stories: what users and others do, in which order, what goes wrong and how slowly everything is,
//! all drawn from one number.
//!
//! [`run`] tells the story of a seed. A small shop is set up, then anything happens to it while effects fail,
//! watches repeat themselves and engines die; in one story of four two engines pass a lease back and forth.
//! Then faults end, and the world must come to rest as the rules say; half of the stories end by setting
//! the shop up properly again, and then it must look as if nothing had ever happened.
//!
//! [`run_with_kinds`] does the same with a few of the examples of `examples/kinds` in place of the shop, and
//! [`run_in_the_cloud`] with data planes in networks of somebody else.

mod cloud;
mod market;
mod shop;

use kong_driver::{Machine, ReplicaId, Schedule};
use kong_engine::Mono;
use kong_model::Collection;
use kong_resolve::Key;
use serde_json::Value;

use crate::Scene;
use crate::act::{Act, Elsewhere};
use crate::document::key_of;
use crate::faults::FaultPlan;
use crate::picture::{Detail, Picture};
use crate::scene::held;
use crate::sweep::{Care, finish, sound};
use crate::trace::Trace;
use crate::watchdog::{Rule, Violation};

pub use shop::{FOREIGN, TOKENS};

/// Where a story takes place.
trait Stage {
    /// What others do in Konnect that has to be so for all to be well.
    fn strangers(&self) -> Vec<Act> {
        Vec::new()
    }

    /// Everything as it should be.
    fn stock(&self) -> Vec<Value>;

    /// What Konnect cannot be asked without.
    fn means(&self) -> Vec<Value>;

    /// The tokens that are in use here.
    fn tokens(&self) -> Vec<String>;

    /// Something that happens.
    fn any_act(&self, dice: &mut Schedule) -> Act;

    /// Whether Konnect takes its time for anything here.
    fn ripens(&self) -> bool {
        let mut keys = self.keys().into_iter();
        keys.any(|key| crate::scenario::ripens(key.kind))
    }

    /// How it looks when all is well.
    fn well(&self) -> Picture;

    /// The names of everything.
    fn keys(&self) -> Vec<Key> {
        self.stock().iter().filter_map(key_of).collect()
    }

    /// Everything, in any order.
    fn shuffled(&self, dice: &mut Schedule) -> Vec<Value> {
        let mut left = self.stock();
        let mut shuffled = Vec::new();
        while !left.is_empty() {
            let at = pick(dice, left.len());
            shuffled.push(left.swap_remove(at));
        }
        shuffled
    }
}

/// How a stage looks when all of its stock is applied, told without faults.
fn when_all_is_well(stage: &impl Stage) -> Picture {
    let mut scene = Scene::new(Schedule::calm(), sound);
    for act in stage
        .strangers()
        .into_iter()
        .chain([crate::act::apply(stage.stock())])
    {
        let done = scene.act(&act);
        debug_assert!(done.is_ok(), "what is applied is valid");
    }
    scene.run_for(2 * RIPENING);
    finish(&mut scene, Care::QUICK);
    Picture::of(&scene, Detail::NoGenerations)
}

/// How the ids of what is somebody else's begin.
const STRANGERS: &str = "99999999-9999-4999-8999-";

/// So long that all is ready that Konnect takes its time for.
const RIPENING: u64 = 130_000;

fn pick(dice: &mut Schedule, length: usize) -> usize {
    usize::try_from(dice.below(length as u64)).unwrap_or(0)
}

fn one_of<'l>(dice: &mut Schedule, list: &[&'l str]) -> &'l str {
    list[pick(dice, list.len())]
}

/// What came of a seed.
#[derive(Debug)]
pub struct Outcome {
    /// The rules that were broken.
    pub violations: Vec<Violation>,
    /// What happened, if that was asked for.
    pub trace: Option<Trace>,
    /// How many effects were taken out.
    pub effects: u64,
    /// How many of them went wrong.
    pub faults: usize,
}

/// Who may write until when.
#[derive(Debug)]
struct Office {
    leader: usize,
    term: u64,
    fence: Mono,
    stalled: [bool; 2],
    cut_off: [bool; 2],
}

/// Tells the story of a seed.
pub fn run<M: Machine>(seed: u64, trace: Option<Trace>, machine: fn() -> M) -> Outcome {
    tell(&shop::Shop, seed, trace, machine)
}

/// Tells the story of a seed with a few of the kinds that are served, and all that they need.
pub fn run_with_kinds<M: Machine>(seed: u64, trace: Option<Trace>, machine: fn() -> M) -> Outcome {
    tell(&market::Market::of(seed), seed, trace, machine)
}

/// Tells the story of a seed about data planes in networks that are named by their ids.
pub fn run_in_the_cloud<M: Machine>(
    seed: u64,
    trace: Option<Trace>,
    machine: fn() -> M,
) -> Outcome {
    tell(&cloud::Cloud, seed, trace, machine)
}

fn tell<M: Machine>(
    stage: &impl Stage,
    seed: u64,
    trace: Option<Trace>,
    machine: fn() -> M,
) -> Outcome {
    let mut dice = Schedule::wild(seed.wrapping_mul(0x9e37_79b9).wrapping_add(77));
    let schedule = if dice.below(4) == 0 {
        Schedule::calm()
    } else {
        Schedule::wild(seed)
    };
    let mut scene = Scene::without_leader(schedule, machine);
    scene.trace = trace;
    scene.watchdog.reads_everything = seed.is_multiple_of(64);
    let first = scene.driver.add_replica();
    let mut office = (dice.below(4) == 0).then(|| {
        scene.driver.add_replica();
        Office {
            leader: 0,
            term: 1,
            fence: Mono(60_000),
            stalled: [false; 2],
            cut_off: [false; 2],
        }
    });
    let fence = office
        .as_ref()
        .map_or(Mono(u64::MAX), |office| office.fence);
    scene.elect(first, 1, fence);
    let one_in = [8, 15, 30, 100][usize::try_from(dice.below(4)).unwrap_or(0)];
    scene.plan(FaultPlan::Often(seed, one_in));

    for act in stage.strangers() {
        say(&mut scene, &act);
    }
    say(&mut scene, &crate::act::apply(stage.shuffled(&mut dice)));
    for _ in 0..4 + dice.below(9) {
        if let Some(office) = &mut office {
            politics(&mut scene, office, &mut dice);
        }
        let act = stage.any_act(&mut dice);
        say(&mut scene, &act);
        let pause = match dice.below(8) {
            0 | 1 => 0,
            2 | 3 => dice.below(60),
            4 | 5 => dice.below(900),
            6 => dice.below(8_000),
            _ => dice.below(90_000),
        };
        scene.run_for(pause);
    }
    end(stage, &mut scene, office, &mut dice);
    Outcome {
        effects: scene.driver.effects(),
        faults: scene.faults.len(),
        violations: std::mem::take(&mut scene.watchdog.violations),
        trace: scene.trace,
    }
}

/// Performs an act; what the API server refuses is part of the story.
fn say<M: Machine>(scene: &mut Scene<M>, act: &Act) {
    let done = scene.act(act);
    if let Some(trace) = &mut scene.trace {
        match done {
            Ok(()) => trace.say(&format!("{act:?}")),
            Err(refused) => trace.say(&format!("{act:?}: {refused}")),
        }
    }
}

/// Something between two engines: one hangs, is cut off, goes on, is followed by the other.
fn politics<M: Machine>(scene: &mut Scene<M>, office: &mut Office, dice: &mut Schedule) {
    let who = usize::try_from(dice.below(2)).unwrap_or(0);
    match dice.below(6) {
        0 => {
            scene.driver.stall(ReplicaId(who));
            office.stalled[who] = true;
        }
        1 | 2 if office.stalled[who] => {
            scene.resume(ReplicaId(who));
            office.stalled[who] = false;
        }
        3 => {
            office.cut_off[who] ^= true;
            scene.driver.partition(ReplicaId(who), office.cut_off[who]);
        }
        4 => hand_over(scene, office, dice),
        _ if !office.stalled[office.leader] => {
            let now = scene.driver.now().mono;
            // A lease that is over is not prolonged.
            if now < office.fence {
                office.fence = office.fence.max(now.after(40_000));
                scene.elect(ReplicaId(office.leader), office.term, office.fence);
            }
        }
        _ => {}
    }
    if let Some(trace) = &mut scene.trace {
        trace.say(&format!("{office:?}"));
    }
}

/// The other engine takes over, once the lease of the first is over.
fn hand_over<M: Machine>(scene: &mut Scene<M>, office: &mut Office, dice: &mut Schedule) {
    let now = scene.driver.now().mono;
    scene.run_for(office.fence.since(now) + 1);
    let (old, new) = (office.leader, 1 - office.leader);
    // Who cannot reach the API server cannot get the lease.
    scene.driver.partition(ReplicaId(new), false);
    office.cut_off[new] = false;
    // Whether the old one learns of it is a matter of luck.
    if dice.below(2) == 0 {
        scene.driver.depose(ReplicaId(old));
    }
    office.leader = new;
    office.term += 1;
    office.fence = scene.driver.now().mono.after(60_000);
    scene.elect(ReplicaId(new), office.term, office.fence);
}

fn end<M: Machine>(
    stage: &impl Stage,
    scene: &mut Scene<M>,
    office: Option<Office>,
    dice: &mut Schedule,
) {
    let mut leader = ReplicaId(0);
    if let Some(mut office) = office {
        for who in [0, 1] {
            scene.resume(ReplicaId(who));
            scene.driver.partition(ReplicaId(who), false);
        }
        if dice.below(2) == 0 {
            hand_over(scene, &mut office, dice);
        }
        let now = scene.driver.now().mono;
        scene.run_for(office.fence.since(now) + 1);
        leader = ReplicaId(office.leader);
        scene.elect(leader, office.term + 1, Mono(u64::MAX));
        scene.driver.kill(ReplicaId(1 - office.leader));
    }
    for token in stage.tokens() {
        say(scene, &Act::Accept(token));
    }
    match dice.below(4) {
        0 => {}
        1 => close(stage, scene),
        2 => {
            close(stage, scene);
            open(stage, scene);
        }
        _ => {
            // What is on its way out cannot be set up again before it is gone.
            say(scene, &Act::Settle);
            let leaving =
                |object: &serde_json::Value| object["metadata"]["deletionTimestamp"].is_string();
            if scene.objects().iter().any(leaving) {
                close(stage, scene);
            }
            open(stage, scene);
        }
    }
    scene.driver.clear_plan();
    scene.driver.schedule = Schedule::calm();
    // What somebody else changed is found by the next list, and what Konnect has made ready by one after it.
    scene.settle();
    scene.run_for(if stage.ripens() { 2 * RIPENING } else { 65_000 });
    finish(scene, Care::QUICK);
    restart_is_silent(scene, leader);
}

/// Everything is deleted, which must leave nothing.
fn close<M: Machine>(stage: &impl Stage, scene: &mut Scene<M>) {
    // Without a token nothing can be deleted in Konnect: whoever threw it away has to bring it back.
    // What is on its way out may take a change along, so it may have to be said again.
    for _ in 0..3 {
        for document in stage.means() {
            say(scene, &Act::Apply(vec![document]));
        }
        scene.settle();
        let there = |key: &Key| {
            let objects = scene.objects();
            objects.iter().filter_map(key_of).any(|it| it == *key)
        };
        if stage
            .means()
            .iter()
            .filter_map(key_of)
            .all(|key| there(&key))
        {
            break;
        }
    }
    say(scene, &crate::act::delete(stage.keys()));
    if !scene.settle_within(1_200_000) {
        let why = "deleting everything is not done after twenty minutes";
        scene.watchdog.report(Rule::Quiet, why);
    }
    say(scene, &Act::Collect);
    scene.settle();
    let objects: Vec<String> = scene
        .objects()
        .iter()
        .filter_map(key_of)
        .map(|key| key.to_string())
        .collect();
    let entities: Vec<String> = Collection::all()
        .flat_map(|at| held(&scene.driver.konnect, at).map(move |(id, _)| (at, id)))
        .filter(|(_, id)| !id.starts_with(STRANGERS))
        .map(|(at, id)| format!("{} {id}", at.name()))
        .collect();
    if !objects.is_empty() || !entities.is_empty() {
        let how = format!("everything was deleted, but there is {objects:?} and {entities:?}");
        scene.watchdog.report(Rule::NoOrphan, how);
    }
}

/// Everything is set up as it should be, and then it must look so.
fn open<M: Machine>(stage: &impl Stage, scene: &mut Scene<M>) {
    say(
        scene,
        &Act::Elsewhere(Elsewhere::Delete {
            at: Collection::Services,
            name: FOREIGN.to_owned(),
        }),
    );
    for act in stage.strangers() {
        say(scene, &act);
    }
    say(scene, &crate::act::apply(stage.stock()));
    scene.settle();
    scene.driver.clear_plan();
    if !scene.settle_within(1_200_000) {
        let why = "setting everything up is not done after twenty minutes";
        scene.watchdog.report(Rule::Quiet, why);
    }
    // Drift that nobody has told us of is found by the next list, and what is ready late makes others late.
    scene.run_for(if stage.ripens() {
        2 * RIPENING
    } else {
        RIPENING
    });
    if let Some(how) = Picture::of(scene, Detail::NoGenerations).difference(&stage.well()) {
        scene.watchdog.report(Rule::SameEnd, how);
    }
}

/// An engine that starts with an empty memory has nothing to write.
fn restart_is_silent<M: Machine>(scene: &mut Scene<M>, leader: ReplicaId) {
    let before = scene.writes();
    if let Some(trace) = &mut scene.trace {
        trace.say("restart");
    }
    scene.restart(leader);
    scene.run_for(20_000);
    if scene.writes() != before {
        let how = format!(
            "{before:?} writes became {:?} after a restart",
            scene.writes()
        );
        scene.watchdog.report(Rule::WriteCount, how);
    }
    let (cluster, konnect) = (&scene.driver.cluster, &scene.driver.konnect);
    scene.watchdog.at_rest(cluster, konnect);
}

/// Something that may happen in the shop, drawn from a number.
pub fn any_act(seed: u64) -> Act {
    shop::Shop.any_act(&mut Schedule::wild(seed))
}

/// Lets things happen to the shop without faults, and compares what the engine then knows of every object
/// with what an engine knows that starts with nothing. Says what differs.
///
/// # Errors
///
/// If an object is worth something else to others after the start, or something is written.
pub fn compare_with_rebuild(acts: &[Act]) -> Result<(), String> {
    let mut scene = Scene::new(Schedule::calm(), sound);
    say(&mut scene, &crate::act::apply(shop::Shop.stock()));
    for act in acts {
        say(&mut scene, act);
    }
    for token in TOKENS {
        say(&mut scene, &Act::Accept(token.to_owned()));
    }
    if !scene.settle_within(1_200_000) {
        return Err("there is still something to do".to_owned());
    }
    // What somebody else changed is found by the next list.
    scene.run_for(130_000);
    let standings = |scene: &Scene| -> Vec<String> {
        let world = scene
            .driver
            .engine(ReplicaId(0))
            .map(kong_engine::Engine::world);
        world
            .into_iter()
            .flat_map(|world| world.entries().map(|(key, _)| (key, world.standing(key))))
            .map(|(key, standing)| format!("{key}: {standing:?}"))
            .collect()
    };
    let (before, writes) = (standings(&scene), scene.writes());
    scene.restart(ReplicaId(0));
    scene.run_for(20_000);
    let after = standings(&scene);
    let differs = |(one, other): (&String, &String)| {
        (one != other).then(|| format!("\n  was {one}\n  is  {other}"))
    };
    let found: String = before.iter().zip(&after).filter_map(differs).collect();
    if before.len() != after.len() || !found.is_empty() {
        return Err(format!(
            "{} and {} objects{found}",
            before.len(),
            after.len()
        ));
    }
    if scene.writes() != writes {
        return Err(format!("{writes:?} writes became {:?}", scene.writes()));
    }
    Ok(())
}
