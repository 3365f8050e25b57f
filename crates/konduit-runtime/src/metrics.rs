//! What is counted, under the names of Kong's operator where it has one (konnect.md 8.2).
//!
//! Kong's histogram of durations is in milliseconds by its name and buckets but observes seconds; here it is
//! milliseconds. Kong's counter has no `_total` at its end, which OpenMetrics asks of a counter, so it is
//! exposed as of unknown type under the name that dashboards have. Start with [`Metrics`].

mod kong;
mod labels;

use std::{fmt, time::Duration};

use kong_crds::Kind;
use kong_engine::{KubeFailure, Lane, Outcome, Purpose};
use kong_model::{Call, Failure, Reply, ServerUrl};
use prometheus_client::{
    encoding::text,
    metrics::{
        counter::Counter,
        family::Family,
        gauge::Gauge,
        histogram::{Histogram, exponential_buckets, exponential_buckets_range},
    },
    registry::Registry,
};

use self::{
    kong::Untyped,
    labels::{EntityLabels, LaneLabels, OfKind, Request, Write},
};

/// Buckets of seconds, from 50 ms to seven minutes: from a single write to a backlog of thousands.
fn seconds() -> Histogram {
    Histogram::new(exponential_buckets(0.05, 2.0, 14))
}

/// The buckets of Kong's operator: 20 between a millisecond and ten minutes.
fn milliseconds() -> Histogram {
    Histogram::new(exponential_buckets_range(1.0, 600_000.0, 20))
}

type Histograms<L> = Family<L, Histogram, fn() -> Histogram>;

/// Everything that is counted.
pub(crate) struct Metrics {
    registry: Registry,
    operations: Family<EntityLabels, Untyped>,
    operation_durations: Histograms<EntityLabels>,
    requests: Family<Request, Counter>,
    writes: Family<Write, Counter>,
    lane_depth: Family<LaneLabels, Gauge>,
    lane_in_flight: Family<LaneLabels, Gauge>,
    time_to_programmed: Histograms<OfKind>,
    watch_failures: Family<OfKind, Counter>,
    drift: Counter,
    drift_left: Counter,
    judged: Counter,
    leader: Gauge,
    synced: Gauge,
    events_dropped: Counter,
    not_sent: Counter,
}

impl fmt::Debug for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Metrics").finish_non_exhaustive()
    }
}

impl Default for Metrics {
    fn default() -> Self {
        let metrics = Self {
            registry: Registry::default(),
            operations: Family::default(),
            operation_durations: Family::new_with_constructor(milliseconds),
            requests: Family::default(),
            writes: Family::default(),
            lane_depth: Family::default(),
            lane_in_flight: Family::default(),
            time_to_programmed: Family::new_with_constructor(seconds),
            watch_failures: Family::default(),
            drift: Counter::default(),
            drift_left: Counter::default(),
            judged: Counter::default(),
            leader: Gauge::default(),
            synced: Gauge::default(),
            events_dropped: Counter::default(),
            not_sent: Counter::default(),
        };
        metrics.registered()
    }
}

impl Metrics {
    fn registered(mut self) -> Self {
        let registry = &mut self.registry;
        registry.register(
            "gateway_operator_konnect_entity_operation_count",
            "Writes of entities to Konnect",
            self.operations.clone(),
        );
        registry.register(
            "gateway_operator_konnect_entity_operation_duration_milliseconds",
            "How long writes of entities to Konnect take",
            self.operation_durations.clone(),
        );
        registry.register(
            "konduit_konnect_requests",
            "Requests to Konnect, lists included",
            self.requests.clone(),
        );
        registry.register(
            "konduit_kubernetes_writes",
            "Writes to the API server",
            self.writes.clone(),
        );
        registry.register(
            "konduit_lane_depth",
            "What waits for its turn in a lane",
            self.lane_depth.clone(),
        );
        registry.register(
            "konduit_lane_in_flight",
            "Requests of a lane that are under way",
            self.lane_in_flight.clone(),
        );
        registry.register(
            "konduit_time_to_programmed_seconds",
            "From the first sight of a generation to the status that says it is programmed",
            self.time_to_programmed.clone(),
        );
        registry.register(
            "konduit_watch_failures",
            "Watches that broke and were tried again",
            self.watch_failures.clone(),
        );
        registry.register(
            "konduit_drift_found",
            "Entities that were found in Konnect other than they were left",
            self.drift.clone(),
        );
        registry.register(
            "konduit_drift_left",
            "Entities that were found other than they were left and stay so, by the annotation konduit/drift: warn",
            self.drift_left.clone(),
        );
        registry.register(
            "konduit_objects_judged",
            "Objects judged",
            self.judged.clone(),
        );
        registry.register(
            "konduit_leader",
            "1 if this replica may write, 0 if it stands by",
            self.leader.clone(),
        );
        registry.register(
            "konduit_kinds_synced",
            "Kinds of which all objects have been seen",
            self.synced.clone(),
        );
        registry.register(
            "konduit_events_dropped",
            "Kubernetes events that were not published, since there were too many or the API server refused them",
            self.events_dropped.clone(),
        );
        registry.register(
            "konduit_effects_not_sent",
            "Effects whose deadline passed before they could be sent",
            self.not_sent.clone(),
        );
        self
    }

    /// Everything as text, in the format of OpenMetrics.
    pub(crate) fn text(&self) -> String {
        let mut text = String::new();
        // Writing to a string does not fail.
        let _ = text::encode(&mut text, &self.registry);
        text
    }

    /// A call to Konnect was answered, or not.
    pub(crate) fn konnect(
        &self,
        server: &ServerUrl,
        call: &Call,
        purpose: Option<Purpose>,
        result: &Result<Reply, Failure>,
        took: Duration,
    ) {
        self.requests
            .get_or_create(&Request::of(call, result))
            .inc();
        if let Some(purpose) = purpose {
            let labels = EntityLabels::of(server, call, purpose, result);
            self.operations.get_or_create(&labels).inc();
            self.operation_durations
                .get_or_create(&labels)
                .observe(took.as_secs_f64() * 1_000.0);
        }
    }

    /// A write to the API server was answered, or not.
    pub(crate) fn write(&self, kind: Kind, part: &'static str, outcome: &Outcome) {
        let result = match outcome {
            Outcome::Stored(_) => "stored",
            Outcome::NotStored(KubeFailure::Conflict) => "conflict",
            Outcome::NotStored(KubeFailure::NotFound) => "not_found",
            Outcome::NotStored(KubeFailure::Refused(_)) => "refused",
            Outcome::NotStored(KubeFailure::Unknown(_)) => "unknown",
            Outcome::Konnect(_) | Outcome::NotSent => return,
        };
        let labels = Write {
            kind: kind.as_str(),
            part,
            result,
        };
        self.writes.get_or_create(&labels).inc();
    }

    pub(crate) fn lane(&self, lane: &Lane, depth: usize, in_flight: usize) {
        let labels = LaneLabels::of(lane);
        let count = |number: usize| i64::try_from(number).unwrap_or(i64::MAX);
        self.lane_depth.get_or_create(&labels).set(count(depth));
        self.lane_in_flight
            .get_or_create(&labels)
            .set(count(in_flight));
    }

    /// A lane that is no more.
    pub(crate) fn lane_is_gone(&self, lane: &Lane) {
        let labels = LaneLabels::of(lane);
        self.lane_depth.remove(&labels);
        self.lane_in_flight.remove(&labels);
    }

    pub(crate) fn programmed(&self, kind: Kind, after: Duration) {
        let labels = OfKind {
            kind: kind.as_str(),
        };
        self.time_to_programmed
            .get_or_create(&labels)
            .observe(after.as_secs_f64());
    }

    pub(crate) fn watch_failed(&self, kind: Kind) {
        let labels = OfKind {
            kind: kind.as_str(),
        };
        self.watch_failures.get_or_create(&labels).inc();
    }

    /// What the engine has counted since it was made.
    pub(crate) fn engine(&self, stats: kong_engine::Stats) {
        let raise = |counter: &Counter, to: u64| {
            counter.inc_by(to.saturating_sub(counter.get()));
        };
        raise(&self.drift, stats.drift);
        raise(&self.drift_left, stats.drift_left);
        raise(&self.judged, stats.judged);
    }

    pub(crate) fn leads(&self, leads: bool) {
        self.leader.set(i64::from(leads));
    }

    pub(crate) fn kind_synced(&self) {
        self.synced.inc();
    }

    pub(crate) fn event_dropped(&self) {
        self.events_dropped.inc();
    }

    pub(crate) fn not_sent(&self) {
        self.not_sent.inc();
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use kong_model::{Collection, RemoteId, Site};

    use super::*;

    fn removal() -> Call {
        Call::Remove {
            site: Site {
                at: Collection::Services,
                control_plane: Some(RemoteId::from("plane")),
                parent: None,
            },
            id: RemoteId::from("service"),
        }
    }

    #[test]
    fn writes_to_konnect_are_counted_under_the_names_of_kongs_operator_in_milliseconds() {
        let metrics = Metrics::default();
        let server = ServerUrl::parse("us.api.konghq.com").unwrap();
        let took = Duration::from_millis(250);
        let count = |result| {
            metrics.konnect(&server, &removal(), Some(Purpose::Delete), &result, took);
        };
        count(Ok(Reply::Done));
        count(Err(Failure::Conflict("name".to_owned())));
        count(Err(Failure::Transport("gone".to_owned())));
        let text = metrics.text();
        let labels = |success, code| {
            format!(
                "{{server_url=\"https://us.api.konghq.com\",operation_type=\"delete\",\
                 entity_type=\"KongService\",success=\"{success}\",status_code=\"{code}\"}}"
            )
        };
        for (success, code) in [("true", ""), ("false", "409"), ("false", "0")] {
            let labels = labels(success, code);
            let count = format!("gateway_operator_konnect_entity_operation_count{labels} 1\n");
            assert!(text.contains(&count), "{count}\n{text}");
            let sum = format!(
                "gateway_operator_konnect_entity_operation_duration_milliseconds_sum{labels} 250.0\n"
            );
            assert!(text.contains(&sum), "{sum}\n{text}");
        }
    }

    #[test]
    fn the_book_names_everything_that_is_counted_and_nothing_else() {
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/running.md");
        let page = std::fs::read_to_string(path).unwrap();
        let (_, section) = page.split_once("\n## Metrics\n").unwrap();
        let (section, _) = section.split_once("\n## ").unwrap();
        let rows = section.lines().filter(|line| line.starts_with("| `"));
        let names = rows.flat_map(|row| row.split(" | ").next().unwrap().split('`'));
        let book: BTreeSet<String> = names
            .filter(|name| name.contains('_'))
            .map(str::to_owned)
            .collect();
        // What has labels is told once there are some.
        let metrics = Metrics::default();
        let server = ServerUrl::parse("us.api.konghq.com").unwrap();
        let done = Ok(Reply::Done);
        metrics.konnect(
            &server,
            &removal(),
            Some(Purpose::Delete),
            &done,
            Duration::ZERO,
        );
        metrics.write(Kind::KongRoute, "status", &Outcome::Stored(None));
        metrics.lane(&Lane::Kube, 1, 1);
        metrics.programmed(Kind::KongRoute, Duration::ZERO);
        metrics.watch_failed(Kind::KongRoute);
        let text = metrics.text();
        let counted: BTreeSet<String> = text
            .lines()
            .filter_map(|line| line.strip_prefix("# TYPE ")?.split_once(' '))
            .map(|(name, kind)| match kind {
                "counter" => format!("{name}_total"),
                _ => name.to_owned(),
            })
            .collect();
        assert_eq!(book, counted);
    }

    #[test]
    fn a_list_is_a_request_and_no_operation() {
        let metrics = Metrics::default();
        let server = ServerUrl::parse("us.api.konghq.com").unwrap();
        metrics.konnect(
            &server,
            &Call::WhoAmI,
            None,
            &Err(Failure::Unauthorized),
            Duration::ZERO,
        );
        let text = metrics.text();
        assert!(
            text.contains(
                "konduit_konnect_requests_total{call=\"identity\",status_code=\"401\"} 1"
            ),
            "{text}"
        );
        assert!(!text.contains("entity_operation_count{"), "{text}");
    }

    #[test]
    fn writes_to_the_api_server_are_counted_by_kind_and_result() {
        let metrics = Metrics::default();
        metrics.write(Kind::KongRoute, "status", &Outcome::Stored(None));
        metrics.write(
            Kind::KongRoute,
            "status",
            &Outcome::NotStored(KubeFailure::Conflict),
        );
        metrics.write(Kind::KongRoute, "status", &Outcome::NotSent);
        let text = metrics.text();
        let line = |result| {
            format!(
                "konduit_kubernetes_writes_total{{kind=\"KongRoute\",part=\"status\",result=\"{result}\"}} 1"
            )
        };
        assert!(text.contains(&line("stored")), "{text}");
        assert!(text.contains(&line("conflict")), "{text}");
        assert_eq!(text.matches("konduit_kubernetes_writes_total{").count(), 2);
    }
}
