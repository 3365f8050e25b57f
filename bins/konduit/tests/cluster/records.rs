//! The records of Kong's operator, replayed here as in the simulators: after every step there are the same
//! conditions, finalizers and fields of the status, the same refusals, and Konnect holds the same.
//!
//! What the simulators say is waited for, not written down: this is about whether they tell the truth. Where we
//! differ from Kong's operator is for the tests of `testkit` to say. All records share the servers and the
//! operator, as users do; those in which control planes of anybody are refused by Konnect come after all others, one
//! at a time.

mod stage;

use std::sync::Arc;
use std::time::{Duration, Instant};

use clustertest::World;
use futures::{StreamExt as _, stream};
use testkit::records::{self, Moment, Player, Record};
use tokio::{runtime::Handle, task};

use self::stage::Stage;
use crate::world;

/// How long a step may take until it has come to what the simulators say. The longest delays of the engine, ten
/// seconds before a failure that may pass is written and the retries after it, several times over.
const PATIENCE: Duration = Duration::from_secs(60);
/// How often it is looked at.
const POLL: Duration = Duration::from_millis(250);
/// How long it has to stay so.
const STAYS: Duration = Duration::from_millis(300);
/// How long nothing is written when all is at rest.
const QUIET: Duration = Duration::from_secs(2);
/// How many records are played at once. Most of the time they wait.
const AT_ONCE: usize = 24;
/// The sync period of records that wait for lists, instead of fifteen seconds.
const SYNC_PERIOD: Duration = Duration::from_secs(3);

/// A record after its last step, and what there was with the simulators.
struct Played {
    record: Record,
    player: Player<Stage>,
    end: Moment,
    took: Duration,
}

impl Played {
    /// Where it is not, or no longer, as with the simulators.
    fn apart(&mut self) -> Vec<String> {
        let last = self.record.steps.last();
        if last.is_some_and(|step| step.answers().next().is_some()) {
            // Since the step has ended Konnect answers otherwise.
            return Vec::new();
        }
        let found = self.player.look();
        let lines = self.end.apart("simulated", &found, "real");
        let name = &self.record.name;
        let told = lines.into_iter();
        told.map(|line| format!("{name}, at the end: {line}"))
            .collect()
    }
}

/// Plays records, and says where it did not come to the same.
async fn play(
    world: &Arc<World>,
    records: Vec<Record>,
    at_once: usize,
) -> (Vec<Played>, Vec<String>) {
    for namespace in records.iter().flat_map(Record::namespaces) {
        world.namespace(namespace).await;
    }
    let (mut played, mut apart) = (Vec::new(), Vec::new());
    let plays = stream::iter(records).map(|record| {
        let (world, handle) = (Arc::clone(world), Handle::current());
        // A player waits for each answer, as a person does.
        task::spawn_blocking(move || play_one(world, handle, record))
    });
    let mut plays = plays.buffer_unordered(at_once);
    while let Some(play) = plays.next().await {
        match play.unwrap() {
            Ok(one) => played.push(one),
            Err(lines) => apart.push(lines),
        }
    }
    (played, apart)
}

fn play_one(world: Arc<World>, handle: Handle, record: Record) -> Result<Played, String> {
    let name = record.name.clone();
    let failed = |error| format!("{name} cannot be replayed: {error}");
    let expected = records::replay(&record).map_err(failed)?;
    let mut player = Player::new(Stage::new(world, handle, &record));
    let began = Instant::now();
    for (number, step) in record.steps.iter().enumerate() {
        player.begin(step).map_err(failed)?;
        let next = record.steps.get(number + 1);
        // What somebody did in Konnect stays so until the next list, which may be at once.
        let passes = waits_for_lists(&record) && next.is_some_and(|next| next.wait.is_some());
        if waits_for_lists(&record) && step.wait.is_some() {
            std::thread::sleep(SYNC_PERIOD * 2);
        }
        if passes {
            player.look();
        } else {
            reach(&mut player, &expected[number])
                .map_err(|lines| format!("{name}, step {number}: {lines}"))?;
        }
        player.end(&record.after[number]);
    }
    let end = expected.last().cloned().unwrap_or_default();
    Ok(Played {
        record,
        player,
        end,
        took: began.elapsed(),
    })
}

/// Waits until there is what was expected, and until that has stayed so for a while.
fn reach(player: &mut Player<Stage>, expected: &Moment) -> Result<(), String> {
    let (began, mut since) = (Instant::now(), None);
    loop {
        let apart = expected.apart("simulated", &player.look(), "real");
        if apart.is_empty() {
            if since.get_or_insert_with(Instant::now).elapsed() >= STAYS {
                return Ok(());
            }
        } else {
            since = None;
            if began.elapsed() > PATIENCE {
                return Err(apart.join("\n"));
            }
        }
        std::thread::sleep(POLL);
    }
}

/// Whether what a record shows comes of the lists of what Konnect holds.
fn waits_for_lists(record: &Record) -> bool {
    record
        .sync_period()
        .is_some_and(|period| period < Duration::from_secs(60))
}

/// Where objects of the same second want one name, their UIDs decide, and these are drawn anew each time.
const DRAWN: [&str; 1] = ["plugin-binding"];

/// The records whose kinds are all served; with `RECORD`, those of these names, between commas.
fn chosen() -> Vec<Record> {
    let all = records::recorded()
        .unwrap()
        .into_iter()
        .chain(records::expected().unwrap());
    let only = std::env::var("RECORD").ok();
    all.filter(|record| {
        record.is_served()
            && !DRAWN.contains(&record.name.as_str())
            && only
                .as_ref()
                .is_none_or(|only| only.split(',').any(|name| name == record.name))
    })
    .collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn records_end_on_a_real_api_server_as_they_do_in_the_simulators() {
    let world = Arc::new(world!());
    let (of_lists, others): (Vec<Record>, Vec<Record>) =
        chosen().into_iter().partition(waits_for_lists);
    let (alone, together): (Vec<Record>, Vec<Record>) =
        others.into_iter().partition(Record::disturbs_others);
    let count = of_lists.len() + alone.len() + together.len();
    assert_ne!(count, 0, "no record is chosen");

    let options = world.operator();
    let period = format!("--konnect-sync-period={}s", SYNC_PERIOD.as_secs());
    let operator = options.clone().with(period).start().await;
    let (mut played, mut apart) = play(&world, of_lists, AT_ONCE).await;
    assert_eq!(operator.stop().await, 0);

    let operator = options.with("--konnect-sync-period=1h").start().await;
    for (records, at_once) in [(together, AT_ONCE), (alone, 1)] {
        let (more, wrong) = play(&world, records, at_once).await;
        played.extend(more);
        apart.extend(wrong);
    }
    // Those that were played first have seen a restart, and all have had time.
    world.rest(QUIET).await;
    for one in &played {
        println!("{}: {:?}", one.record.name, one.took);
    }
    let all = task::spawn_blocking(move || {
        let mut lines: Vec<String> = played.iter_mut().flat_map(Played::apart).collect();
        lines.append(&mut apart);
        lines
    });
    let apart = all.await.unwrap();
    assert!(
        apart.is_empty(),
        "of {count} records, {} differences:\n{}",
        apart.len(),
        apart.join("\n")
    );
    println!("{count} records replayed");
    assert_eq!(operator.stop().await, 0);
}
