//! What one change costs among few objects and among many.
//!
//! A change of an object that has not been looked at for long finds little of what it needs in the caches of the
//! processor, and among few objects more of it by chance. So that sizes are compared and not caches, the clusters take
//! turns; the same is measured with each by itself, and with caches that hold nothing of any. Beside each stands the
//! [`Floor`]: what takes time even if everything else is free.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use gateway_translation::{DeclaredService, DeclaredUpstream, Translator, Work};
use kong_resolve::{Map, World};
use serde_json::Value;

use crate::SIZES;
use crate::cluster::{insert, route, slice};

/// Changes of each cluster that are timed.
const CHANGES: usize = 400;
/// Those before them, which are not.
const WARM_UP: usize = 40;
/// More than the caches of the processor hold, in bytes.
const SWEEP: usize = 96 << 20;
/// What the caches take in at once, in bytes.
const LINE: usize = 64;

/// A cluster, and what became of it.
pub(crate) struct Cluster {
    pub(crate) world: World,
    pub(crate) translator: Translator,
    floor: Floor,
    size: usize,
    /// How many changes there were.
    turn: usize,
}

/// The least that a change takes: the services that differ, with their routes and upstreams, are looked up in a plain
/// map, and others put in their place.
struct Floor(Map<String, (DeclaredService, Option<DeclaredUpstream>)>);

/// The object that changes.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Changed {
    Route,
    Slice,
}

/// What is in the caches when something changes.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Caches {
    /// What the changes of all clusters in turn have left there.
    Shared,
    /// What the changes of the same cluster have left there.
    Own,
    /// Nothing of use.
    Swept,
}

impl Floor {
    fn of(translator: &Translator) -> Self {
        let document = translator.document();
        let upstreams = document.upstreams.into_iter();
        let mut upstreams: Map<String, DeclaredUpstream> =
            upstreams.map(|it| (it.upstream.name.clone(), it)).collect();
        let services = document.services.into_iter();
        let services = services.map(|service| {
            let upstream = upstreams.remove(&service.service.host);
            (service.name().to_owned(), (service, upstream))
        });
        Self(services.collect())
    }

    fn replace(&mut self, names: &BTreeSet<String>) {
        for name in names {
            if let Some(kept) = self.0.get_mut(name) {
                *kept = kept.clone();
            }
        }
    }
}

impl Cluster {
    pub(crate) fn new(size: usize, world: World, translator: Translator) -> Self {
        Self {
            floor: Floor::of(&translator),
            world,
            translator,
            size,
            turn: 0,
        }
    }

    /// An object that is another one than before.
    fn next(&mut self, changed: Changed) -> Value {
        self.turn += 1;
        let turn = self.turn;
        // All over the cluster: the factor is prime.
        let number = turn * 7_919 % self.size;
        match changed {
            Changed::Route => route(number, &format!("turn-{turn}")),
            Changed::Slice => slice(
                number / 2,
                &format!("10.254.{}.{}", turn >> 8 & 255, turn & 255),
            ),
        }
    }

    /// How long a change took, how long the least of it did, and how much there was to do.
    fn change(&mut self, changed: Changed, caches: Caches, sweep: &mut [u8]) -> Measured {
        let object = self.next(changed);
        let key = insert(&mut self.world, object);
        clear(caches, sweep);
        let begin = Instant::now();
        let delta = self.translator.apply(&self.world, &[key]);
        let time = begin.elapsed();
        assert!(!delta.is_empty(), "the change is one of the configuration");
        assert!(delta.services.len() < 30, "few services differ: {delta:?}");
        clear(caches, sweep);
        let begin = Instant::now();
        self.floor.replace(&delta.services);
        let floor = begin.elapsed();
        Measured {
            time,
            floor,
            work: self.translator.work(),
        }
    }
}

fn clear(caches: Caches, sweep: &mut [u8]) {
    if caches == Caches::Swept {
        for byte in sweep.iter_mut().step_by(LINE) {
            *byte = byte.wrapping_add(1);
        }
    }
}

struct Measured {
    time: Duration,
    floor: Duration,
    work: Work,
}

/// What the changes of a cluster came to.
struct Summary {
    /// The time that nine of ten take at least: others compute on the machine.
    time: Duration,
    median: Duration,
    floor: Duration,
    /// How much there was to do on the average: units, reads, and routes put in order.
    work: [f64; 3],
}

impl Summary {
    fn of(measured: &[Measured]) -> Self {
        let sorted = |time: fn(&Measured) -> Duration| {
            let mut times: Vec<Duration> = measured.iter().map(time).collect();
            times.sort();
            times
        };
        let (times, floors) = (sorted(|it| it.time), sorted(|it| it.floor));
        let average = |work: fn(&Work) -> usize| {
            let all: usize = measured.iter().map(|it| work(&it.work)).sum();
            all as f64 / measured.len() as f64
        };
        Self {
            time: times[times.len() / 10],
            median: times[times.len() / 2],
            floor: floors[floors.len() / 10],
            work: [
                average(|it| it.units),
                average(|it| it.reads),
                average(|it| it.ordered),
            ],
        }
    }
}

/// The changes of all clusters.
fn measure(clusters: &mut [Cluster], changed: Changed, caches: Caches) -> Vec<Summary> {
    let mut sweep = vec![0; SWEEP];
    let mut all: Vec<Vec<Measured>> = clusters.iter().map(|_| Vec::new()).collect();
    let mut change = |number: usize, cluster: &mut Cluster| {
        let measured = cluster.change(changed, caches, &mut sweep);
        all[number].push(measured);
    };
    if caches == Caches::Own {
        for (number, cluster) in clusters.iter_mut().enumerate() {
            (0..WARM_UP + CHANGES).for_each(|_| change(number, cluster));
        }
    } else {
        for _ in 0..WARM_UP + CHANGES {
            for (number, cluster) in clusters.iter_mut().enumerate() {
                change(number, cluster);
            }
        }
    }
    all.iter().map(|it| Summary::of(&it[WARM_UP..])).collect()
}

/// Prints what changes cost in clusters of all sizes.
pub(crate) fn print(clusters: &mut [Cluster]) {
    for (changed, title) in [
        (Changed::Route, "one HTTPRoute changes"),
        (Changed::Slice, "one EndpointSlice changes"),
    ] {
        println!("  {title}, and the least of it:");
        for (caches, title) in [
            (Caches::Shared, "the clusters take turns"),
            (Caches::Swept, "with empty caches"),
            (Caches::Own, "each cluster by itself"),
        ] {
            let all = measure(clusters, changed, caches);
            let first = &all[0];
            println!("    {title}");
            for (size, it) in SIZES.iter().zip(&all) {
                let ratio = |one: Duration, base: Duration| one.as_secs_f64() / base.as_secs_f64();
                println!(
                    "      {size:>6} HTTPRoutes: {:>8.1?} {:.2}x (median {:>8.1?}); the least {:>8.1?} {:.2}x",
                    it.time,
                    ratio(it.time, first.time),
                    it.median,
                    it.floor,
                    ratio(it.floor, first.floor),
                );
                if caches == Caches::Shared {
                    let [units, reads, ordered] = it.work;
                    println!(
                        "             {units:.1} units, {reads:.1} reads, {ordered:.1} routes put in order"
                    );
                }
            }
        }
    }
}
