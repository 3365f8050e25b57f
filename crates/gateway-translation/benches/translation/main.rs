//! What translating many HTTPRoutes costs, what one change among them costs, and how much memory a route takes. Run
//! with `cargo bench -p gateway-translation`; ratios are within the same run. How changes are compared is said in
//! [`changes`].
//!
//! Each HTTPRoute has a host that it shares with nine others, a prefix to one Service and an exact path with a header
//! and a filter to two others, by weight. There is a Service for every second route, with three endpoints.

#![expect(clippy::print_stdout, reason = "a bench prints its figures")]
#![expect(
    clippy::cast_precision_loss,
    reason = "figures are printed with three digits"
)]

mod changes;
mod cluster;

use std::process::Command;
use std::time::{Duration, Instant};

use gateway_translation::{KongVersion, Settings, Translator};
use kong_resolve::{Key, World};
use kong_router::Flavor;

use changes::Cluster;
use cluster::filled;

/// Numbers of HTTPRoutes that are compared.
const SIZES: [usize; 3] = [1_000, 10_000, 30_000];
/// How often everything is translated at most, where that is soon done.
const MOST_REPEATED: usize = 5;

/// That of the command, which differs from that of the system in what it costs where there is much.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn settings(flavor: Flavor) -> Settings {
    Settings {
        flavor,
        ..Settings::right(KongVersion::default())
    }
}

/// Resident memory of this process, in bytes; `None` where the system does not tell.
fn resident() -> Option<usize> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmRSS:"))?;
    let kilobytes: usize = line.split_whitespace().nth(1)?.parse().ok()?;
    Some(kilobytes * 1_024)
}

/// What a translation of so many HTTPRoutes holds, in a process that has done nothing else.
fn memory(flavor: Flavor) {
    let size = SIZES[1];
    let world = filled(size);
    let keys: Vec<Key> = world.entries().map(|(key, _)| key.clone()).collect();
    let before = resident();
    let mut translator = Translator::new(settings(flavor));
    translator.apply(&world, &keys);
    match (before, resident()) {
        (Some(before), Some(after)) => println!(
            "  resident memory with {size}, besides the objects: {} bytes an HTTPRoute; {:.1} units each",
            after.saturating_sub(before) / size,
            translator.units() as f64 / size as f64,
        ),
        _ => println!("  resident memory: not told by this system"),
    }
}

/// A translation of everything, and the least time of several.
fn full(flavor: Flavor, world: &World, size: usize) -> (Translator, Duration) {
    let keys: Vec<Key> = world.entries().map(|(key, _)| key.clone()).collect();
    let all = || {
        let begin = Instant::now();
        let mut translator = Translator::new(settings(flavor));
        translator.apply(world, &keys);
        (translator, begin.elapsed())
    };
    let more = (SIZES[SIZES.len() - 1] / size).min(MOST_REPEATED) - 1;
    (0..more).fold(all(), |(_, least), _| {
        let (translator, time) = all();
        (translator, least.min(time))
    })
}

/// What everything costs, and what one change does, in clusters of all sizes.
fn times(flavor: Flavor) {
    let mut first: Option<Duration> = None;
    let mut clusters = Vec::new();
    for size in SIZES {
        let world = filled(size);
        let (translator, full) = full(flavor, &world, size);
        assert_eq!(translator.problems(), []);
        let begin = Instant::now();
        let document = translator.document();
        let assembled = begin.elapsed();
        let begin = Instant::now();
        let text = document.to_value().to_string();
        let rendered = begin.elapsed();
        println!(
            "  {size:>6} HTTPRoutes: all {full:>8.1?}, assembled in {assembled:>8.1?}, {:.1} MiB of JSON in \
             {rendered:.1?}",
            text.len() as f64 / (1024.0 * 1024.0),
        );
        let base = *first.get_or_insert(full);
        if size != SIZES[0] {
            let times = full.as_secs_f64() / base.as_secs_f64();
            let sizes = size as f64 / SIZES[0] as f64;
            println!(
                "    all grows with the power {:.3} of the number",
                times.log(sizes)
            );
        }
        clusters.push(Cluster::new(size, world, translator));
    }
    changes::print(&mut clusters);
    for cluster in &clusters {
        assert_eq!(cluster.translator.problems(), []);
    }
}

fn main() {
    let flavors = [Flavor::TraditionalCompatible, Flavor::Expressions];
    let asked = std::env::args().find_map(|it| Some(it.strip_prefix("memory=")?.to_owned()));
    if let Some(asked) = asked {
        let is_asked = |flavor: &&Flavor| format!("{flavor:?}") == asked;
        flavors
            .iter()
            .filter(is_asked)
            .for_each(|flavor| memory(*flavor));
        return;
    }
    for flavor in flavors {
        println!("{flavor:?}");
        let own = std::env::current_exe().map(Command::new);
        let child = own.and_then(|mut own| own.arg(format!("memory={flavor:?}")).status());
        assert!(
            child.is_ok_and(|status| status.success()),
            "memory is measured"
        );
        times(flavor);
    }
}
