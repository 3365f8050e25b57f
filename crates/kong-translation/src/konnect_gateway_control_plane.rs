//! KonnectGatewayControlPlane: a control plane that is made here (Origin) or only read (Mirror), and
//! the members of a group (konnect.md 2.9, 3.5, 6.2).

mod members;

use std::sync::Arc;

use kong_crds::conditions::MIRRORED;
use kong_crds::konnect::v1alpha2::{
    CreateControlPlaneRequest, EntitySource, KonnectGatewayControlPlane,
};
use kong_model::{Body, Collection, RemoteId, Site};
use kong_resolve::{
    Claim, Condition, CredentialState, Credentials, Frame, Home, Intent, Me, Output, Readiness,
    Verdict, View, identity,
};
use serde_json::json;
use uuid::Uuid;

use crate::bodies::{members, origin};
use crate::case::{Case, Findings};
use crate::control_plane;
use crate::kind::Judge;

/// The cluster type of groups.
const GROUP: &str = "CLUSTER_TYPE_CONTROL_PLANE_GROUP";

impl Judge for KonnectGatewayControlPlane {
    const FRAME: Frame = Frame::Native;
    const AT: Collection = Collection::ControlPlanes;

    fn judge(me: Me<'_, Self>, view: &View<'_>) -> Verdict {
        let mut case = Case::of(me, view);
        // Without a reference there is none of the empty name, which is what Kong says of it too.
        let reference = me.spec.konnect.clone().unwrap_or_default().auth_ref;
        let credentials = control_plane::own_credentials(&mut case, &reference);
        for condition in control_plane::credentials(&credentials, me.key) {
            case.say(condition);
        }
        let mut confirmed = Vec::new();
        let claims = match me.spec.source {
            EntitySource::Origin => original(&mut case, me, &credentials, &mut confirmed),
            EntitySource::Mirror => mirrored(&mut case, me, &credentials, &mut confirmed),
            EntitySource::Unknown => {
                case.say_nonsense("spec.source is neither Origin nor Mirror; correct it");
                None
            }
        };
        let resolved = match credentials.state {
            CredentialState::Missing | CredentialState::NotPermitted => false,
            CredentialState::Unproven | CredentialState::Invalid | CredentialState::Valid(_) => {
                true
            }
        };
        let valid = matches!(credentials.state, CredentialState::Valid(_));
        let output = match claims {
            Some(claims) if resolved || me.meta.deleting => Output::Want(claims),
            Some(_) | None => Output::KeepLastGood,
        };
        let drift = case.drift_policy(None);
        let Findings {
            conditions,
            ids,
            pins,
        } = case.into_findings();
        Verdict {
            conditions: conditions.into(),
            output,
            pins,
            cleanup: valid,
            ids,
            home: Some(Arc::new(Home {
                control_plane: me.key.clone(),
                id: None,
                readiness: Readiness::Pending,
                deleting: me.meta.deleting,
                group: is_group(me),
                mirror: me.spec.source == EntitySource::Mirror,
                drift,
                credentials,
            })),
            confirmed,
            drift,
            ..Verdict::default()
        }
    }
}

fn is_group(me: Me<'_, KonnectGatewayControlPlane>) -> bool {
    let request = me.spec.create_control_plane_request.as_ref();
    me.spec.source == EntitySource::Origin
        && request.and_then(|request| request.cluster_type.as_deref()) == Some(GROUP)
}

/// The control plane, and its members if it is a group. `None` if it cannot be said what it is.
fn original(
    case: &mut Case<'_, '_>,
    me: Me<'_, KonnectGatewayControlPlane>,
    credentials: &Credentials,
    confirmed: &mut Vec<Condition>,
) -> Option<Vec<Claim>> {
    let Some(request) = &me.spec.create_control_plane_request else {
        case.say_nonsense("spec.createControlPlaneRequest must be set for type Origin");
        return None;
    };
    let identity = identity(&me.meta.uid);
    if me.meta.deleting {
        return Some(vec![itself(me, credentials, identity, Intent::Absent)]);
    }
    let body = Intent::Present(Arc::new(body(me, request)));
    let mut claims = vec![itself(me, credentials, identity, body)];
    if is_group(me) {
        let ids = members::ids(case, me, confirmed);
        // The id of the group is part of the path.
        if let Some(group) = case.view.standing(me.key).and_then(|own| own.id.clone()) {
            claims.push(members::claim(me, credentials, group, ids.as_deref()));
        }
    }
    Some(claims)
}

/// One that is only read. It leaves nothing behind when its object goes.
fn mirrored(
    case: &mut Case<'_, '_>,
    me: Me<'_, KonnectGatewayControlPlane>,
    credentials: &Credentials,
    confirmed: &mut Vec<Condition>,
) -> Option<Vec<Claim>> {
    let Some(mirror) = &me.spec.mirror else {
        case.say_nonsense("mirror field must be set for type Mirror");
        return None;
    };
    let id = RemoteId::from(&mirror.konnect.id);
    let intent = if me.meta.deleting {
        Intent::Release(id)
    } else {
        confirmed.push(Condition::holds(MIRRORED, MIRRORED, ""));
        Intent::Observe(id)
    };
    Some(vec![itself(
        me,
        credentials,
        identity(&me.meta.uid),
        intent,
    )])
}

fn itself(
    me: Me<'_, KonnectGatewayControlPlane>,
    credentials: &Credentials,
    identity: Uuid,
    intent: Intent,
) -> Claim {
    Claim {
        identity,
        site: Site {
            at: Collection::ControlPlanes,
            control_plane: None,
            parent: None,
        },
        configuration: credentials.configuration.clone(),
        intent,
        specified: None,
        adopt: None,
        known_by: Vec::new(),
        generation: me.meta.generation,
        main: true,
        content: None,
    }
}

fn body(me: Me<'_, KonnectGatewayControlPlane>, request: &CreateControlPlaneRequest) -> Body {
    let mut members = members(Collection::ControlPlanes, request);
    let user = request.labels.clone().unwrap_or_default();
    let labels = origin(me.key, me.meta).labels(&user);
    members.insert("labels".to_owned(), json!(labels));
    Body::from_wire(Collection::ControlPlanes, &members.into())
}

#[cfg(test)]
mod tests {
    #![expect(
        clippy::needless_pass_by_value,
        reason = "tests write their JSON where it is used"
    )]

    use kong_crds::Kind;
    use kong_crds::conditions::{
        API_AUTH_RESOLVED_REF, API_AUTH_VALID, INVALID, MEMBERS_REFERENCE_RESOLVED, PROGRAMMED,
        REF_NOT_FOUND, REF_NOT_PERMITTED, VALID,
    };
    use kong_resolve::{Key, Standing};
    use serde_json::Value;

    use super::*;
    use crate::testing::{
        Cluster, account, body, claims, condition, configuration, failing, ready, standing,
    };

    fn apply(cluster: &mut Cluster, spec: Value) -> Key {
        cluster.apply(json!({
            "apiVersion": "konnect.konghq.com/v1alpha2", "kind": "KonnectGatewayControlPlane",
            "metadata": {"name": "cp"}, "spec": spec,
        }))
    }

    fn origin(request: Value) -> Value {
        json!({"createControlPlaneRequest": request, "konnect": {"authRef": {"name": "auth"}}})
    }

    fn group() -> Value {
        let mut spec = origin(json!({"name": "g", "cluster_type": GROUP}));
        spec["members"] = json!([{"name": "b"}, {"name": "a"}]);
        spec
    }

    fn member(name: &str) -> Key {
        Key::new(Kind::KonnectGatewayControlPlane, "ns", name)
    }

    fn with_credentials() -> Cluster {
        let mut cluster = Cluster::new();
        let valid = Standing {
            account: Some(Box::new(account())),
            ..standing(Readiness::Ready)
        };
        cluster.stand(&configuration(), valid);
        cluster
    }

    #[test]
    fn a_control_plane_is_made_as_asked_with_labels_that_say_whose_it_is() {
        let mut cluster = with_credentials();
        let request = json!({"name": "shop", "labels": {"team": "t", "k8s-name": "mine"}});
        let key = apply(&mut cluster, origin(request));
        let verdict = cluster.judge(&key);
        let [claim] = claims(&verdict) else {
            panic!("{verdict:?}")
        };
        assert_eq!(
            body(claim),
            json!({"name": "shop", "labels": {
                "k8s-generation": "1", "k8s-group": "konnect.konghq.com",
                "k8s-kind": "KonnectGatewayControlPlane", "k8s-name": "mine",
                "k8s-namespace": "ns", "k8s-uid": "uid-cp", "k8s-version": "v1alpha2",
                "managed-by": "kong-operator", "team": "t",
            }})
        );
        assert_eq!(claim.configuration, configuration());
        assert!(claim.main && verdict.cleanup);
        assert_eq!(verdict.pins, [configuration()]);
        assert_eq!(failing(&verdict), []);
        let home = verdict.home.unwrap();
        assert_eq!((&home.control_plane, home.group), (&key, false));
        assert_eq!(home.credentials.state, CredentialState::Valid(account()));
    }

    #[test]
    fn missing_credentials_keep_the_control_plane_as_it_is() {
        let mut cluster = Cluster::new();
        let key = apply(&mut cluster, origin(json!({"name": "shop"})));
        let verdict = cluster.judge(&key);
        assert_eq!(verdict.output, Output::KeepLastGood);
        assert!(!verdict.cleanup);
        let [(API_AUTH_RESOLVED_REF, REF_NOT_FOUND, message)] = failing(&verdict)[..] else {
            panic!("{verdict:?}")
        };
        assert!(message.starts_with("Referenced KonnectAPIAuthConfiguration ns/auth not found"));
    }

    #[test]
    fn credentials_elsewhere_need_a_grant_and_are_not_looked_at_without() {
        let mut cluster = Cluster::new();
        let spec = json!({
            "createControlPlaneRequest": {"name": "shop"},
            "konnect": {"authRef": {"name": "auth", "namespace": "other"}},
        });
        let key = apply(&mut cluster, spec);
        let elsewhere = Key::new(Kind::KonnectAPIAuthConfiguration, "other", "auth");
        let verdict = cluster.judge(&key);
        let [(API_AUTH_RESOLVED_REF, REF_NOT_PERMITTED, message)] = failing(&verdict)[..] else {
            panic!("{verdict:?}")
        };
        assert!(message.starts_with(
            "cross-namespace reference to KonnectAPIAuthConfiguration auth in namespace other \
             from KonnectGatewayControlPlane.konnect.konghq.com in namespace ns is not granted by \
             any KongReferenceGrant"
        ));
        assert_eq!(verdict.pins, []);
        let looked = kong_resolve::Dep::Standing(elsewhere.clone());
        assert!(!cluster.reads(&key).contains(&looked));
        cluster.grant(
            Kind::KonnectGatewayControlPlane,
            Kind::KonnectAPIAuthConfiguration,
        );
        cluster.stand(&elsewhere, standing(Readiness::Pending));
        assert_eq!(cluster.judge(&key).pins, [elsewhere]);
    }

    #[test]
    fn a_refused_token_matters_only_where_there_is_work() {
        let mut cluster = Cluster::new();
        let key = apply(&mut cluster, origin(json!({"name": "shop"})));
        cluster.stand(&configuration(), standing(Readiness::Blocked));
        let verdict = cluster.judge(&key);
        let refused = condition(&verdict, API_AUTH_VALID).clone();
        assert_eq!(
            (refused.reason, refused.passing),
            (INVALID, false),
            "{refused:?}"
        );
        assert_eq!(
            refused.when(
                true,
                &json!([{
                    "type": API_AUTH_VALID, "status": "True", "reason": VALID,
                    "message": "referenced KonnectAPIAuthConfiguration ns/auth is valid",
                }]),
                1,
            ),
            Condition::holds(
                API_AUTH_VALID,
                VALID,
                "referenced KonnectAPIAuthConfiguration ns/auth is valid"
            )
        );
        assert!(verdict.refs_hold() && !verdict.cleanup);
        assert_eq!(claims(&verdict).len(), 1);
        cluster.stand(&configuration(), standing(Readiness::Pending));
        let verdict = cluster.judge(&key);
        assert!(condition(&verdict, API_AUTH_VALID).passing && !verdict.cleanup);
    }

    #[test]
    fn a_mirror_is_read_and_leaves_nothing_behind() {
        let mut cluster = with_credentials();
        let id = "0000aaaa-1111-4222-8333-444455556666";
        let spec = json!({
            "source": "Mirror", "mirror": {"konnect": {"id": id}},
            "konnect": {"authRef": {"name": "auth"}},
        });
        let key = apply(&mut cluster, spec);
        let verdict = cluster.judge(&key);
        let intents = |verdict: &Verdict| -> Vec<Intent> {
            let intents = claims(verdict).iter().map(|it| it.intent.clone());
            intents.collect()
        };
        assert_eq!(intents(&verdict), [Intent::Observe(RemoteId::from(id))]);
        assert_eq!(
            verdict.confirmed,
            [Condition::holds(MIRRORED, MIRRORED, "")]
        );
        cluster.delete(&key);
        let verdict = cluster.judge(&key);
        assert_eq!(intents(&verdict), [Intent::Release(RemoteId::from(id))]);
    }

    #[test]
    fn the_members_of_a_group_are_set_once_all_ids_are_known() {
        let mut cluster = with_credentials();
        let key = apply(&mut cluster, group());
        cluster.stand(&member("a"), ready("id-a"));
        cluster.stand(&member("b"), standing(Readiness::Pending));
        cluster.stand(&key, ready("id-group"));
        let waiting = cluster.judge(&key);
        let unresolved = condition(&waiting, MEMBERS_REFERENCE_RESOLVED);
        assert_eq!(
            unresolved.message,
            "failed to set group members, some members couldn't be found: control plane group cp \
             member b has no Konnect ID"
        );
        assert!(unresolved.passing);
        let programmed = condition(&waiting, PROGRAMMED);
        assert_eq!(programmed.message, unresolved.message);
        assert_eq!(
            programmed.reason,
            kong_crds::conditions::FAILED_TO_SET_CONTROL_PLANE_GROUP_MEMBERS
        );
        assert_eq!(claims(&waiting)[1].intent, Intent::Keep);

        cluster.stand(&member("b"), ready("id-b"));
        let verdict = cluster.judge(&key);
        let [itself, membership] = claims(&verdict) else {
            panic!("{verdict:?}")
        };
        assert_eq!(
            body(membership),
            json!({"members": [{"id": "id-a"}, {"id": "id-b"}]})
        );
        assert_eq!(
            membership.site.control_plane,
            Some(RemoteId::from("id-group"))
        );
        assert_ne!(itself.identity, membership.identity);
        assert_eq!(verdict.confirmed, [members::resolved()]);
        assert!(verdict.home.unwrap().group);
    }

    #[test]
    fn a_group_exists_before_its_members_are_set_and_names_those_that_are_missing() {
        let mut cluster = with_credentials();
        let key = apply(&mut cluster, group());
        let verdict = cluster.judge(&key);
        assert_eq!(claims(&verdict).len(), 1);
        let unresolved = condition(&verdict, MEMBERS_REFERENCE_RESOLVED);
        assert!(!unresolved.passing);
        for name in ["member a does not exist", "member b does not exist"] {
            assert!(unresolved.message.contains(name), "{unresolved:?}");
        }
    }

    #[test]
    fn a_control_plane_that_is_being_deleted_wants_to_be_gone_without_asking_for_grants() {
        let mut cluster = Cluster::new();
        let spec = json!({
            "createControlPlaneRequest": {"name": "shop"},
            "konnect": {"authRef": {"name": "auth", "namespace": "other"}},
        });
        let key = apply(&mut cluster, spec);
        cluster.delete(&key);
        let verdict = cluster.judge(&key);
        assert_eq!(claims(&verdict)[0].intent, Intent::Absent);
        let grants = kong_resolve::Dep::Grants("other".into());
        assert!(!cluster.reads(&key).contains(&grants));
    }

    #[test]
    fn one_without_a_request_or_a_mirror_says_what_is_missing() {
        let mut cluster = with_credentials();
        for spec in [json!({}), json!({"source": "Mirror"})] {
            let key = apply(&mut cluster, spec);
            let verdict = cluster.judge(&key);
            assert_eq!(verdict.output, Output::KeepLastGood);
            assert_eq!(condition(&verdict, PROGRAMMED).reason, INVALID);
        }
    }
}
