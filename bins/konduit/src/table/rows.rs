//! What a table says of each object, read off its status alone.
//!
//! Start with [`rows`]; which condition tells most is decided in `telling`.

use cluster_sim::{Cluster, ObjectId, ResourceId};
use kong_crds::{Kind, Object as _, conditions, names};
use serde_json::Value;

/// How messages begin that only point to other conditions.
const SEE_OTHERS: &str = "Some conditions";

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Row {
    /// The object.
    pub(crate) id: ObjectId,
    /// Its kind.
    pub(crate) kind: Kind,
    /// Namespace and name.
    pub(crate) namespace: String,
    /// The name.
    pub(crate) name: String,
    /// Whether it is as it should be.
    pub(crate) state: State,
    /// Its id in Konnect.
    pub(crate) konnect_id: String,
    /// When it was created, in Unix seconds.
    pub(crate) created: i64,
    /// What of it this is about: the generation that was judged or, where nobody judges, the present
    /// one; the version of a kind that has no generations.
    pub(crate) revision: String,
    /// The type and the reason of the condition that matters.
    pub(crate) reason: String,
    /// What it waits for and what to do.
    pub(crate) waits_for: String,
    /// The organisation in Konnect.
    pub(crate) organization: String,
    /// The Konnect region.
    pub(crate) server: String,
    /// The id of the control plane.
    pub(crate) control_plane: String,
}

/// Whether an object is as it should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    /// It is.
    Good,
    /// Something is wrong.
    Bad,
    /// Nobody has said yet.
    Unknown,
    /// It is on its way out.
    Leaving,
    /// Nobody says it of this kind.
    Silent,
}

impl State {
    /// As the column says it.
    pub(super) fn text(self) -> &'static str {
        match self {
            Self::Good => "True",
            Self::Bad => "False",
            Self::Unknown => "Unknown",
            Self::Leaving => "Deleting",
            Self::Silent => super::NOTHING,
        }
    }

    /// Whether nothing is left to wait for.
    pub(crate) fn is_good(self) -> bool {
        match self {
            Self::Good | Self::Silent => true,
            Self::Bad | Self::Unknown | Self::Leaving => false,
        }
    }
}

/// The condition that says whether an object of a kind is as it should be; none of a kind that only
/// others read.
fn main_condition(kind: Kind) -> Option<&'static str> {
    macro_rules! of_class {
        (judged, $type:path) => {
            <$type>::CONDITIONS
        };
        (input, $type:path) => {
            &[]
        };
        (offline, $type:path) => {
            &[]
        };
    }
    macro_rules! condition_types {
        ($($name:ident: $type:path => $class:ident;)*) => {
            match kind {
                $(Kind::$name => of_class!($class, $type),)*
            }
        };
    }
    let types: &[&str] = kong_crds::kinds!(condition_types);
    // A KonnectExtension speaks of its credentials, too.
    [
        conditions::PROGRAMMED,
        conditions::READY,
        conditions::API_AUTH_VALID,
    ]
    .into_iter()
    .find(|candidate| types.contains(candidate))
}

/// All objects of the cluster, parents before children.
pub(crate) fn rows(cluster: &Cluster) -> Vec<Row> {
    let mut rows = Vec::new();
    for kind in Kind::served() {
        let resource = ResourceId::new(kind.group(), kind.plural());
        rows.extend(
            cluster
                .list(&resource, None)
                .map(|object| row(kind, &resource, object)),
        );
    }
    rows
}

fn row(kind: Kind, resource: &ResourceId, object: &Value) -> Row {
    let meta = &object["metadata"];
    let status = &object["status"];
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let namespace = text(&meta["namespace"]);
    let name = text(&meta["name"]);
    let main = main_condition(kind);
    let list = status["conditions"]
        .as_array()
        .map_or(&[][..], Vec::as_slice);
    let held = main.and_then(|main| list.iter().find(|condition| condition["type"] == main));
    let telling = telling(list, main);
    let state = match (main, held.map(|condition| condition["status"].as_str())) {
        _ if !meta["deletionTimestamp"].is_null() => State::Leaving,
        (None, _) => State::Silent,
        (Some(_), Some(Some("True"))) => State::Good,
        (Some(_), Some(Some("False"))) => State::Bad,
        (Some(_), _) if telling.is_some_and(|condition| condition["status"] == "False") => {
            State::Bad
        }
        (Some(_), _) => State::Unknown,
    };
    let shown = telling.filter(|_| state != State::Silent).or(held);
    let konnect = &status["konnect"];
    // A control plane has its ids beside its conditions, an entity one level further down.
    let field = |name: &str| {
        [&konnect[name], &status[name]]
            .into_iter()
            .find_map(Value::as_str)
            .unwrap_or_default()
            .to_owned()
    };
    Row {
        id: ObjectId::namespaced(resource.clone(), namespace.as_str(), name.as_str()),
        kind,
        konnect_id: field("id"),
        created: seconds(&meta["creationTimestamp"]),
        revision: match main {
            Some(_) => held
                .map(|held| held["observedGeneration"].to_string())
                .unwrap_or_default(),
            None if meta["generation"].is_null() => text(&meta["resourceVersion"]),
            None => meta["generation"].to_string(),
        },
        reason: shown.map_or_else(String::new, |condition| {
            format!(
                "{}={}",
                text(&condition["type"]),
                text(&condition["reason"])
            )
        }),
        waits_for: telling
            .map(|condition| text(&condition["message"]))
            .or_else(|| holder(meta).filter(|_| state == State::Leaving))
            .unwrap_or_default(),
        organization: field("organizationID"),
        server: field("serverURL"),
        control_plane: field("controlPlaneID"),
        namespace,
        name,
        state,
    }
}

/// Finalizers that go when nothing refers to an object any more.
const IN_USE: [&str; 3] = [
    names::API_AUTH_IN_USE_FINALIZER,
    names::TOKEN_SECRET_IN_USE_FINALIZER,
    names::PLUGIN_IN_USE_FINALIZER,
];

/// What keeps an object that is being deleted. Of an entity that is to be cleaned up its conditions say
/// more.
fn holder(meta: &Value) -> Option<String> {
    let finalizers = meta["finalizers"].as_array()?.iter();
    let name = finalizers
        .filter_map(Value::as_str)
        .find(|it| *it != names::KONNECT_CLEANUP_FINALIZER)?;
    Some(if IN_USE.contains(&name) {
        format!("held by the finalizer {name} until nothing refers to it any more")
    } else {
        format!("held by the finalizer {name}; whoever put it there has to take it away")
    })
}

/// The condition that says best what is wrong: one about a reference before the one that follows from
/// it, one that is False before one that is not known.
fn telling<'c>(conditions: &'c [Value], main: Option<&str>) -> Option<&'c Value> {
    let rank = |condition: &Value| match condition["status"].as_str() {
        // A warning is worth telling where nothing is wrong.
        Some("True") => {
            let warns = condition["type"].as_str();
            let warns = warns.is_some_and(|kind| conditions::WARNINGS.contains(&kind));
            warns.then_some((true, true, true))
        }
        status => {
            let is_main = condition["type"].as_str() == main;
            let points = condition["message"]
                .as_str()
                .is_none_or(|message| message.is_empty() || message.starts_with(SEE_OTHERS));
            Some((status != Some("False"), points, is_main))
        }
    };
    conditions
        .iter()
        .filter_map(|condition| Some((rank(condition)?, condition)))
        .min_by_key(|(rank, _)| *rank)
        .map(|(_, condition)| condition)
}

fn seconds(time: &Value) -> i64 {
    time.as_str()
        .and_then(|time| time.parse::<jiff::Timestamp>().ok())
        .map_or(0, jiff::Timestamp::as_second)
}

impl Row {
    /// What it is called when the object is not as it should be.
    pub(crate) fn failure(&self) -> &'static str {
        match main_condition(self.kind) {
            Some(conditions::PROGRAMMED) => "not Programmed",
            Some(conditions::READY) => "not Ready",
            Some(_) | None => "not valid",
        }
    }

    /// The object as messages name it.
    pub(crate) fn title(&self) -> String {
        format!("{} {}/{}", self.kind, self.namespace, self.name)
    }
}

#[cfg(test)]
pub(super) mod tests {
    use serde_json::json;

    use super::*;

    pub(crate) fn row_of(kind: Kind, namespace: &str, status: &Value) -> Row {
        let object = json!({"metadata": {"name": "n", "namespace": namespace,
            "creationTimestamp": "1970-01-01T00:01:40Z"}, "status": status});
        row(kind, &ResourceId::new(kind.group(), kind.plural()), &object)
    }

    pub(crate) fn condition(kind: &str, status: &str, reason: &str, message: &str) -> Value {
        json!({"type": kind, "status": status, "reason": reason, "message": message})
    }

    #[test]
    fn the_condition_that_explains_the_others_is_shown() {
        let row = row_of(
            Kind::KongRoute,
            "a",
            &json!({"conditions": [
                condition("Programmed", "False", "ConditionWithStatusFalseExists", "Some conditions have status set to False"),
                condition("ControlPlaneRefValid", "True", "Valid", "fine"),
                condition("KongServiceRefValid", "False", "Invalid", "service is missing"),
            ]}),
        );
        assert_eq!(
            (row.state, row.waits_for.as_str()),
            (State::Bad, "service is missing")
        );
        assert_eq!(row.reason, "KongServiceRefValid=Invalid");
    }

    #[test]
    fn what_nobody_has_looked_at_is_neither_good_nor_bad() {
        let row = row_of(
            Kind::KongService,
            "a",
            &json!({"conditions": [
            condition("Programmed", "Unknown", "Pending", "Waiting for controller")]}),
        );
        assert_eq!(
            (row.state, row.waits_for.as_str()),
            (State::Unknown, "Waiting for controller")
        );
        let row = row_of(
            Kind::KonnectAPIAuthConfiguration,
            "a",
            &json!({"conditions": [
            condition("Valid", "Unknown", "Pending", "Waiting for controller")]}),
        );
        assert_eq!(row.state, State::Unknown);
        assert_eq!(row_of(Kind::Secret, "a", &Value::Null).state, State::Silent);
        assert!(State::Silent.is_good());
    }

    #[test]
    fn an_extension_is_good_once_it_is_ready_whatever_its_credentials_are() {
        let extension = |ready: &str| {
            let conditions = json!([
                condition("APIAuthValid", "True", "Valid", "fine"),
                condition(
                    "DataPlaneCertificateProvisioned",
                    "False",
                    "RefNotFound",
                    "no Secret"
                ),
                condition(
                    "Ready",
                    ready,
                    "Provisioning",
                    "the other conditions say it"
                ),
            ]);
            row_of(
                Kind::KonnectExtension,
                "a",
                &json!({"conditions": conditions}),
            )
        };
        let row = extension("False");
        assert_eq!((row.state, &*row.waits_for), (State::Bad, "no Secret"));
        assert_eq!(row.failure(), "not Ready");
        assert_eq!(extension("True").state, State::Good);
    }

    #[test]
    fn what_is_being_deleted_says_which_finalizer_holds_it() {
        let leaving = |finalizers: Value| {
            let object = json!({"metadata": {"name": "n", "namespace": "a", "finalizers": finalizers,
                "deletionTimestamp": "1970-01-01T00:01:40Z"}});
            let kind = Kind::KongPlugin;
            row(kind, &ResourceId::new(kind.group(), kind.plural()), &object).waits_for
        };
        assert_eq!(leaving(json!(["gateway.konghq.com/konnect-cleanup"])), "");
        assert_eq!(
            leaving(json!([
                "gateway.konghq.com/konnect-cleanup",
                "gateway.konghq.com/plugin-in-use"
            ])),
            "held by the finalizer gateway.konghq.com/plugin-in-use until nothing refers to it any more"
        );
        assert_eq!(
            leaving(json!(["example.com/mine"])),
            "held by the finalizer example.com/mine; whoever put it there has to take it away"
        );
    }
}
