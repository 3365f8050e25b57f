use kong_crds::Kind;
use kong_resolve::{CredentialState, Standing, conditions};
use serde_json::json;

use super::*;
use crate::testing::{Cluster, claims, control_plane, control_plane_ref, control_plane_with, meta};

static KEEP: Intent = Intent::Keep;

/// The entity that an object stands for, which is kept, and of which nobody knows more.
fn kept<'a>(at: Collection) -> State<'a> {
    State {
        at,
        main: true,
        intent: Some(&KEEP),
        id: None,
        presence: Presence::Unknown,
        under_way: false,
        confirmed: false,
        problem: None,
        adopted: false,
        drift: None,
        unseen: false,
        guessed: false,
        facts: &Value::Null,
    }
}

/// A service whose entity is, or is not, as wanted in a control plane with these credentials.
fn said(credentials: CredentialState, confirmed: bool, before: &Value) -> Report {
    let mut cluster = Cluster::new();
    let plane = control_plane_with(|home| home.credentials.state = credentials);
    cluster.stand(&control_plane(), plane);
    let spec = json!({"host": "example.test", "controlPlaneRef": control_plane_ref()});
    let key = cluster.entity(Kind::KongService, spec);
    let verdict = cluster.judge(&key);
    let id = RemoteId::from("service-id");
    let [claim] = claims(&verdict) else {
        panic!("{verdict:?}")
    };
    let state = State {
        intent: Some(&claim.intent),
        id: Some(&id),
        presence: Presence::Present,
        confirmed,
        ..kept(claim.site.at)
    };
    let meta = meta(&cluster, &key);
    report(Frame::Konnect, &key, meta, &verdict, &[state], before)
}

/// The status that a report leads to.
fn status(report: &Report, before: &Value) -> Value {
    let mut status = report.fields.clone();
    let conditions = report.conditions.clone();
    let conditions = conditions::render(conditions, 1, &before["conditions"], "t");
    status.insert("conditions".to_owned(), conditions);
    status.into()
}

fn truth(report: &Report, kind: &str) -> Truth {
    let mut conditions = report.conditions.iter();
    conditions.find(|it| it.kind == kind).unwrap().truth
}

fn valid() -> CredentialState {
    CredentialState::Valid(crate::testing::account())
}

#[test]
fn a_token_that_is_refused_after_everything_was_done_changes_no_status() {
    let done = status(&said(valid(), true, &Value::Null), &Value::Null);
    for refused in [CredentialState::Invalid, CredentialState::Unproven] {
        let report = said(refused, true, &done);
        assert_eq!(status(&report, &done), done);
        assert_eq!(report.standing.readiness, Readiness::Ready);
    }
}

#[test]
fn credentials_that_are_refused_are_not_said_to_be_valid_anew() {
    let undone = said(CredentialState::Invalid, false, &Value::Null);
    let before = status(&undone, &Value::Null);
    for before in [Value::Null, before] {
        let report = said(CredentialState::Invalid, true, &before);
        assert_eq!(truth(&report, c::API_AUTH_VALID), Truth::False);
        assert_eq!(truth(&report, c::PROGRAMMED), Truth::True);
        let Standing { readiness, .. } = report.standing;
        assert_eq!(readiness, Readiness::Ready);
    }
}

#[test]
fn work_that_waits_for_credentials_says_so() {
    let done = status(&said(valid(), true, &Value::Null), &Value::Null);
    let report = said(CredentialState::Invalid, false, &done);
    assert_eq!(truth(&report, c::API_AUTH_VALID), Truth::False);
    assert_eq!(truth(&report, c::PROGRAMMED), Truth::False);
    assert_eq!(report.urgency, Urgency::Soon);
}

/// What is said of a service in a control plane of which one thing is otherwise.
fn said_in(
    home: impl FnOnce(&mut kong_resolve::Home),
    state: Option<State<'_>>,
    before: &Value,
) -> Report {
    let mut cluster = Cluster::new();
    cluster.stand(&control_plane(), control_plane_with(home));
    let spec = json!({"host": "example.test", "controlPlaneRef": control_plane_ref()});
    let key = cluster.entity(Kind::KongService, spec);
    let verdict = cluster.judge(&key);
    let meta = meta(&cluster, &key);
    let states: Vec<State<'_>> = state.into_iter().collect();
    report(Frame::Konnect, &key, meta, &verdict, &states, before)
}

#[test]
fn who_loses_its_control_plane_is_given_time_to_go_too_and_who_never_had_one_is_told() {
    let mut cluster = Cluster::new();
    let spec = json!({"host": "example.test", "controlPlaneRef": control_plane_ref()});
    let key = cluster.entity(Kind::KongService, spec);
    let verdict = cluster.judge(&key);
    let meta = meta(&cluster, &key);
    let urgency =
        |before: &Value| report(Frame::Konnect, &key, meta, &verdict, &[], before).urgency;
    let done = status(&said(valid(), true, &Value::Null), &Value::Null);
    assert_eq!(urgency(&done), Urgency::Late);
    assert_eq!(urgency(&Value::Null), Urgency::Soon);
    let mut older = done;
    for condition in older["conditions"].as_array_mut().unwrap() {
        condition["observedGeneration"] = json!(0);
    }
    assert_eq!(urgency(&older), Urgency::Soon);
}

#[test]
fn who_is_refused_by_what_is_there_is_told_soon() {
    let group = |home: &mut kong_resolve::Home| home.group = true;
    let done = status(&said(valid(), true, &Value::Null), &Value::Null);
    assert_eq!(said_in(group, None, &done).urgency, Urgency::Soon);
}

#[test]
fn what_refers_to_a_group_is_not_said_to_be_in_it() {
    let report = said_in(|home| home.group = true, None, &Value::Null);
    assert_eq!(Value::Object(report.fields), json!({}));
}

#[test]
fn what_a_status_says_of_references_stands_while_one_may_not_be_followed() {
    let mut cluster = Cluster::new();
    let reference =
        json!({"type": "namespacedRef", "namespacedRef": {"name": "cp", "namespace": "other"}});
    let spec = json!({"controlPlaneRef": reference, "apiSpec": {"name": "n"}});
    let key = cluster.entity(Kind::KonnectConfigStore, spec);
    let verdict = cluster.judge(&key);
    let meta = meta(&cluster, &key);
    let before = json!({"id": "store-id", "controlPlaneID": {"id": "cp-id"}});
    let report = report(Frame::Native, &key, meta, &verdict, &[], &before);
    assert_eq!(Value::Object(report.fields), before);
}

#[test]
fn an_id_goes_from_the_status_with_its_entity_though_a_reference_is_bad() {
    let id = RemoteId::from("service-id");
    let before = json!({"konnect": {"id": "service-id", "controlPlaneID": "cp-id"}});
    let state = |presence| State {
        id: Some(&id),
        presence,
        ..kept(Collection::Services)
    };
    for (presence, expected) in [
        (Presence::Unknown, json!("service-id")),
        (Presence::Present, json!("service-id")),
        (Presence::Absent, Value::Null),
    ] {
        let blocked = |home: &mut kong_resolve::Home| home.readiness = Readiness::Blocked;
        let report = said_in(blocked, Some(state(presence)), &before);
        assert_eq!(Value::Object(report.fields)["konnect"]["id"], expected);
    }
}

#[test]
fn a_group_that_a_consumer_cannot_be_put_into_is_told_by_the_reason_for_that() {
    let state = State {
        main: false,
        intent: Some(&Intent::Absent),
        ..kept(Collection::ConsumerGroupMembers)
    };
    let key = Key::new(Kind::KongConsumer, "ns", "alice");
    for (attempt, reason) in [
        (
            Attempt::Create,
            c::FAILED_TO_ATTACH_CONSUMER_TO_CONSUMER_GROUP,
        ),
        (
            Attempt::Delete,
            c::FAILED_TO_ATTACH_CONSUMER_TO_CONSUMER_GROUP,
        ),
        (Attempt::Reach, c::KONNECT_API_OP_FAILED),
    ] {
        let problem = Problem {
            attempt,
            text: "no".to_owned(),
            transient: true,
        };
        let [failed] = &failure(&key, &state, &problem)[..] else {
            panic!("there is one condition of a failure")
        };
        assert_eq!((failed.kind, failed.reason), (c::PROGRAMMED, reason));
    }
}

#[test]
fn a_konnect_that_cannot_be_reached_has_a_reason_of_its_own() {
    let problem = Problem {
        attempt: Attempt::Reach,
        text: "no answer from Konnect: connection refused".to_owned(),
        transient: true,
    };
    let state = State {
        presence: Presence::Absent,
        problem: Some(&problem),
        ..kept(Collection::Services)
    };
    let report = said_in(|_| {}, Some(state), &Value::Null);
    let said = report.conditions.iter().find(|it| it.kind == c::PROGRAMMED);
    let said = said.unwrap();
    assert_eq!(said.reason, c::KONNECT_API_OP_FAILED);
    assert_eq!(
        said.message,
        "failed to reach Konnect for KongService ns/service: no answer from Konnect: connection \
         refused"
    );
}

#[test]
fn a_group_that_cannot_be_created_while_a_member_is_missing_says_each_thing_once() {
    let problem = Problem {
        attempt: Attempt::Create,
        text: "refused".to_owned(),
        transient: false,
    };
    let state = State {
        presence: Presence::Absent,
        problem: Some(&problem),
        ..kept(Collection::ControlPlanes)
    };
    let mut cluster = Cluster::new();
    let key = cluster.apply(json!({
        "apiVersion": "konnect.konghq.com/v1alpha2", "kind": "KonnectGatewayControlPlane",
        "metadata": {"name": "all"},
        "spec": {
            "createControlPlaneRequest": {
                "name": "all", "cluster_type": "CLUSTER_TYPE_CONTROL_PLANE_GROUP",
            },
            "konnect": {"authRef": {"name": "auth"}},
            "members": [{"name": "missing"}],
        },
    }));
    let verdict = cluster.judge(&key);
    let meta = meta(&cluster, &key);
    let report = report(Frame::Native, &key, meta, &verdict, &[state], &Value::Null);
    let said = |kind: &str| -> Vec<String> {
        let of_kind = report.conditions.iter().filter(|it| it.kind == kind);
        of_kind.map(|it| it.message.clone()).collect()
    };
    let [missing] = &said(c::MEMBERS_REFERENCE_RESOLVED)[..] else {
        panic!("{report:?}")
    };
    assert!(missing.contains("missing"), "{missing}");
    let [programmed] = &said(c::PROGRAMMED)[..] else {
        panic!("{report:?}")
    };
    assert!(programmed.ends_with("refused"), "{programmed}");
}

#[test]
fn an_id_in_a_control_plane_that_was_replaced_is_not_one_in_the_new_one() {
    let mut cluster = Cluster::new();
    cluster.stand(&control_plane(), crate::testing::ready_control_plane());
    let key = cluster.entity(
        Kind::KongCertificate,
        json!({
            "type": "secretRef", "secretRef": {"name": "pair", "namespace": "elsewhere"},
            "controlPlaneRef": control_plane_ref(),
        }),
    );
    let verdict = cluster.judge(&key);
    assert_eq!(verdict.output, Output::KeepLastGood, "no grant, no change");
    let meta = meta(&cluster, &key);
    let plane = verdict.home.as_ref().and_then(|home| home.id.clone());
    let plane = plane.unwrap();
    for (recorded, expected) in [
        (plane.as_str(), json!("certificate-id")),
        ("another", Value::Null),
    ] {
        let before = json!({"konnect": {"id": "certificate-id", "controlPlaneID": recorded}});
        let report = report(Frame::Konnect, &key, meta, &verdict, &[], &before);
        let konnect = &Value::Object(report.fields)["konnect"];
        assert_eq!(konnect["id"], expected);
        assert_eq!(konnect["controlPlaneID"], plane.as_str());
    }
}

/// What is said of the certificate of an extension with these entities.
fn certificate(states: &[State<'_>], before: &Value) -> (Truth, String) {
    let mut cluster = Cluster::with_control_plane();
    let pem = "-----BEGIN CERTIFICATE-----\nMII\n-----END CERTIFICATE-----\n";
    cluster.secret("pair", json!({}), json!({"tls.crt": pem}));
    let key = cluster.apply(json!({
        "apiVersion": "konnect.konghq.com/v1alpha2", "kind": "KonnectExtension",
        "metadata": {"name": "edge"},
        "spec": {
            "konnect": {"controlPlane": {"ref": control_plane_ref()}},
            "clientAuth": {"certificateSecret": {
                "provisioning": "Manual", "secretRef": {"name": "pair"},
            }},
        },
    }));
    let verdict = cluster.judge(&key);
    let meta = meta(&cluster, &key);
    let report = report(Frame::Extension, &key, meta, &verdict, states, before);
    let mut said = report.conditions.iter();
    let said = said.find(|it| it.kind == c::DATA_PLANE_CERTIFICATE_PROVISIONED);
    said.map_or((Truth::Unknown, String::new()), |it| {
        (it.truth, it.message.clone())
    })
}

#[test]
fn a_status_names_the_certificate_that_would_be_lost_without_it() {
    let (new, old) = (RemoteId::from("new"), RemoteId::from("old"));
    let state = |id, main, presence| State {
        main,
        intent: main.then_some(&Intent::Keep),
        id: Some(id),
        presence,
        confirmed: true,
        ..kept(Collection::DataPlaneCertificates)
    };
    let nothing = Value::Null;
    let (truth, message) = certificate(&[state(&new, true, Presence::Present)], &nothing);
    assert_eq!(truth, Truth::True);
    let said =
        "DataPlane client certificate provisioned successfully; in Konnect it has the ID new";
    assert_eq!(message, said);
    let conditions = json!([{"type": "DataPlaneCertificateProvisioned", "message": message}]);
    let recorded = json!({"conditions": conditions, "konnect": {"controlPlaneID": "plane"}});
    assert_eq!(recorded_id(Frame::Extension, &recorded), Some(new.clone()));
    // Nowhere there is no certificate.
    let nowhere = json!({"conditions": conditions});
    assert_eq!(recorded_id(Frame::Extension, &nowhere), None);
    // While what was replaced is there, it is the one that is named.
    let both = [
        state(&new, true, Presence::Present),
        state(&old, false, Presence::Present),
    ];
    let (truth, message) = certificate(&both, &recorded);
    assert_eq!(truth, Truth::False);
    assert!(
        message.ends_with("the one before has the ID old"),
        "{message}"
    );
    // Nobody has looked yet.
    let (_, message) = certificate(&[state(&new, true, Presence::Unknown)], &recorded);
    assert_eq!(message, said);
    let absent = state(&new, true, Presence::Absent);
    assert_eq!(certificate(&[absent], &recorded).0, Truth::Unknown);
}

#[test]
fn a_token_that_is_no_longer_there_is_said_once_whatever_was_asked_with_it() {
    let mut cluster = Cluster::new();
    let key = cluster.apply(json!({
        "apiVersion": "konnect.konghq.com/v1alpha1", "kind": "KonnectAPIAuthConfiguration",
        "metadata": {"name": "auth"},
        "spec": {
            "type": "secretRef", "secretRef": {"name": "token"}, "serverURL": "us.api.konghq.com",
        },
    }));
    let verdict = cluster.judge(&key);
    let problem = Problem {
        attempt: Attempt::Read,
        text: "Konnect does not accept the token".to_owned(),
        transient: false,
    };
    let state = State {
        problem: Some(&problem),
        ..kept(Collection::Identity)
    };
    let meta = meta(&cluster, &key);
    let said = report(Frame::Account, &key, meta, &verdict, &[state], &Value::Null);
    let [said] = &said.conditions[..] else {
        panic!("{said:?}")
    };
    assert!(
        said.message.contains("Secret \"token\" not found"),
        "{said:?}"
    );
}
