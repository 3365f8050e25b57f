//! When objects become Programmed, and when they cease to be: for measurements and for events.
//!
//! It looks at what the engine is told and at what it writes, and decides nothing.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
    time::Duration,
};

use kong_crds::{AnyParts, Condition, Kind, Object, Observed, conditions, status::Status as _};
use kong_engine::Mono;
use kong_resolve::Uid;
use serde_json::Value;

/// The conditions that say whether all is well with an object; the first that its kind has.
const HEADLINES: [&str; 2] = [conditions::PROGRAMMED, conditions::API_AUTH_VALID];

/// What the headline of an object says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Headline {
    /// The type of the condition.
    pub(crate) condition: &'static str,
    pub(crate) good: bool,
    pub(crate) reason: String,
    pub(crate) message: String,
    pub(crate) generation: i64,
}

/// What is remembered of an object.
#[derive(Debug, PartialEq, Eq)]
struct Row {
    /// The resourceVersion, 0 if it is no number. The answer to a write is often ahead of the watch.
    version: u64,
    good: bool,
    /// Shared: there are few, and many objects.
    reason: Arc<str>,
    generation: i64,
    /// Since when this generation waits; `None` if it is programmed.
    waits_since: Option<Mono>,
}

/// The state of all objects that have one.
#[derive(Debug, Default)]
pub(crate) struct Milestones {
    rows: HashMap<Uid, Row>,
    reasons: HashSet<Arc<str>>,
}

/// What has changed with an object.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Milestone {
    /// How long the generation had waited, if it is programmed now and was not.
    pub(crate) waited: Option<Duration>,
    /// What the headline says, if it said something else before.
    pub(crate) news: Option<Headline>,
}

impl Milestones {
    /// An object is like this, by a watch or by the answer to a write, whichever comes first. Nothing has
    /// changed with an object that is seen for the first time.
    pub(crate) fn seen(&mut self, observed: &Observed, now: Mono) -> Option<Milestone> {
        headline_type(observed.kind)?;
        let uid = Uid::from(observed.meta.uid.as_deref()?);
        let generation = observed.meta.generation.unwrap_or_default();
        let headline = headline_of(observed);
        let version = observed.meta.resource_version.as_deref();
        let version = version
            .and_then(|version| version.parse().ok())
            .unwrap_or_default();
        let reason = headline.as_ref().map(|headline| headline.reason.as_str());
        let reason = self.reason(reason.unwrap_or_default());
        let old = self.rows.get(&uid);
        if old.is_some_and(|row| row.version > version) {
            return None;
        }
        let programmed = headline
            .as_ref()
            .is_some_and(|headline| headline.good && headline.generation == generation);
        let waited_since = old.and_then(|row| row.waits_since);
        let row = Row {
            version,
            good: headline.as_ref().is_some_and(|headline| headline.good),
            reason,
            generation,
            waits_since: (!programmed).then(|| {
                let same = old.is_some_and(|row| row.generation == generation);
                waited_since.filter(|_| same).unwrap_or(now)
            }),
        };
        let milestone = old.map(|old| Milestone {
            waited: waited_since
                .filter(|_| programmed)
                .map(|since| Duration::from_millis(now.since(since))),
            news: headline.filter(|_| (old.good, &old.reason) != (row.good, &row.reason)),
        });
        self.rows.insert(uid, row);
        milestone.filter(|milestone| milestone.waited.is_some() || milestone.news.is_some())
    }

    /// An object is gone.
    pub(crate) fn gone(&mut self, uid: &Uid) {
        self.rows.remove(uid);
    }

    fn reason(&mut self, text: &str) -> Arc<str> {
        if let Some(known) = self.reasons.get(text) {
            return Arc::clone(known);
        }
        let new: Arc<str> = Arc::from(text);
        self.reasons.insert(Arc::clone(&new));
        new
    }
}

/// The condition that is the headline of a kind.
fn headline_type(kind: Kind) -> Option<&'static str> {
    macro_rules! conditions {
        ($($kind:ident: $type:path => $class:ident;)*) => {
            match kind { $(Kind::$kind => <$type as Object>::CONDITIONS,)* }
        };
    }
    let conditions = kong_crds::kinds!(conditions);
    HEADLINES
        .into_iter()
        .find(|headline| conditions.contains(headline))
}

fn headline_of(observed: &Observed) -> Option<Headline> {
    let kind = headline_type(observed.kind)?;
    let Ok(parts) = &observed.parts else {
        return unread_headline(&observed.unread_status, kind);
    };
    macro_rules! conditions {
        ($($kind:ident: $type:path => $class:ident;)*) => {
            match parts {
                $(AnyParts::$kind(parts) => parts
                    .status
                    .as_ref()
                    .map(|status| status.conditions()),)*
            }
        };
    }
    let conditions: &[Condition] = kong_crds::kinds!(conditions).unwrap_or_default();
    let condition = conditions
        .iter()
        .find(|condition| condition.type_ == kind)?;
    Some(Headline {
        condition: kind,
        good: condition.status == "True",
        reason: condition.reason.clone(),
        message: condition.message.clone(),
        generation: condition.observed_generation.unwrap_or_default(),
    })
}

/// The headline of an object that cannot be read.
fn unread_headline(status: &Value, kind: &'static str) -> Option<Headline> {
    let conditions = status["conditions"].as_array()?;
    let condition = conditions
        .iter()
        .find(|condition| condition["type"] == kind)?;
    let text = |field: &str| condition[field].as_str().unwrap_or_default().to_owned();
    Some(Headline {
        condition: kind,
        good: condition["status"] == "True",
        reason: text("reason"),
        message: text("message"),
        generation: condition["observedGeneration"].as_i64().unwrap_or_default(),
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn service(generation: i64, headline: Option<(&str, &str, i64)>) -> Observed {
        let conditions: Vec<Value> = headline
            .into_iter()
            .map(|(status, reason, observed)| {
                json!({
                    "type": "Programmed", "status": status, "reason": reason, "message": "why",
                    "observedGeneration": observed, "lastTransitionTime": "2026-01-01T00:00:00Z",
                })
            })
            .collect();
        kong_crds::read(json!({
            "apiVersion": "configuration.konghq.com/v1alpha1", "kind": "KongService",
            "metadata": {"name": "a", "namespace": "n", "uid": "u", "generation": generation},
            "spec": {"host": "example.test", "controlPlaneRef": {
                "type": "konnectNamespacedRef", "konnectNamespacedRef": {"name": "plane"},
            }},
            "status": {"conditions": conditions},
        }))
        .unwrap()
    }

    const BAD: Option<(&str, &str, i64)> = Some(("False", "Pending", 1));
    const GOOD: Option<(&str, &str, i64)> = Some(("True", "Programmed", 1));

    #[test]
    fn the_time_runs_from_the_first_sight_of_a_generation() {
        let mut milestones = Milestones::default();
        milestones.seen(&service(1, None), Mono(100));
        milestones.seen(&service(1, BAD), Mono(1_000));
        let milestone = milestones.seen(&service(1, GOOD), Mono(2_100)).unwrap();
        assert_eq!(milestone.waited, Some(Duration::from_secs(2)));
        milestones.seen(&service(2, GOOD), Mono(5_000));
        let again = Some(("True", "Programmed", 2));
        let milestone = milestones.seen(&service(2, again), Mono(5_500)).unwrap();
        assert_eq!(milestone.waited, Some(Duration::from_millis(500)));
        assert_eq!(milestone.news, None, "it was and is programmed");
    }

    #[test]
    fn old_news_of_a_watch_that_lags_behind_are_not_looked_at() {
        let at = |version: &str, headline| {
            let mut observed = service(1, headline);
            observed.meta.resource_version = Some(version.to_owned());
            observed
        };
        let mut milestones = Milestones::default();
        milestones.seen(&at("5", None), Mono(0));
        assert!(milestones.seen(&at("7", GOOD), Mono(1)).is_some());
        assert_eq!(milestones.seen(&at("6", BAD), Mono(2)), None);
        assert_eq!(milestones.seen(&at("7", GOOD), Mono(3)), None);
    }

    #[test]
    fn what_is_seen_for_the_first_time_has_neither_waited_nor_changed() {
        let mut milestones = Milestones::default();
        assert_eq!(milestones.seen(&service(1, GOOD), Mono(0)), None);
        assert_eq!(milestones.seen(&service(1, GOOD), Mono(10)), None);
    }

    #[test]
    fn a_change_of_status_or_reason_is_news_and_a_new_message_is_not() {
        let mut milestones = Milestones::default();
        milestones.seen(&service(1, None), Mono(0));
        let mut reason = |headline| {
            let milestone = milestones.seen(&service(1, headline), Mono(0));
            let news = milestone.and_then(|milestone| milestone.news);
            news.map(|news| news.reason)
        };
        assert_eq!(reason(BAD).as_deref(), Some("Pending"));
        assert_eq!(reason(BAD), None);
        let refused = Some(("False", "Refused", 1));
        assert_eq!(reason(refused).as_deref(), Some("Refused"));
        assert_eq!(reason(GOOD).as_deref(), Some("Programmed"));
        assert_eq!(reason(BAD).as_deref(), Some("Pending"));
    }

    #[test]
    fn credentials_have_a_headline_of_their_own_and_secrets_none() {
        assert_eq!(
            headline_type(Kind::KonnectAPIAuthConfiguration),
            Some("APIAuthValid")
        );
        assert_eq!(headline_type(Kind::KongService), Some("Programmed"));
        assert_eq!(headline_type(Kind::Secret), None);
    }
}
