//! The five kinds of credentials of a consumer: each below its KongConsumer, in the control plane of that
//! (konnect.md 1.10 to 1.14, 2.9, 5.4).

use kong_crds::Kind;
use kong_crds::conditions::{CONSUMER_REF_VALID, INVALID, PROGRAMMED, VALID};
use kong_crds::configuration::v1::KongConsumer;
use kong_crds::configuration::v1alpha1::{
    Credential, KongCredentialACL, KongCredentialAPIKey, KongCredentialBasicAuth,
    KongCredentialHMAC, KongCredentialJWT,
};
use kong_model::Collection;
use kong_resolve::{Condition, Frame, Key, Lookup, Me, Ref, Verdict, View};
use serde::Serialize;

use crate::bodies::{members, seal, tags};
use crate::case::Case;
use crate::entity::{Entity, conclude};
use crate::kind::Judge;
use crate::kong_consumer;
use crate::made::Made;
use crate::parents::{CONSUMER, Parent};
use crate::parts::Parts;

macro_rules! credentials {
    ($($kind:ident => $at:ident),* $(,)?) => {$(
        impl Judge for $kind {
            const FRAME: Frame = Frame::Konnect;
            const AT: Collection = Collection::$at;

            fn judge(me: Me<'_, Self>, view: &View<'_>) -> Verdict {
                credential(me, view)
            }
        }
    )*};
}
credentials! {
    KongCredentialAPIKey => KeyAuths,
    KongCredentialBasicAuth => BasicAuths,
    KongCredentialHMAC => HmacAuths,
    KongCredentialJWT => Jwts,
    KongCredentialACL => Acls,
}

/// What the kinds have in common.
fn credential<K>(me: Me<'_, K>, view: &View<'_>) -> Verdict
where
    K: Judge<Spec: Credential + Serialize>,
{
    let mut case = Case::of(me, view);
    let key = Key {
        kind: Kind::KongConsumer,
        name: case.key.name.sibling(None, &me.spec.consumer_ref().name),
    };
    let unwanted = match made(me, view, &key) {
        Some(Made::Needless(verdict)) => return *verdict,
        Some(Made::Unwanted(condition)) => Some(condition),
        None => None,
    };
    let consumer = Parent::follow(&mut case, &CONSUMER, &key);
    let place = consumer.place(&mut case);
    let is_unwanted = unwanted.is_some();
    if let Some(condition) = unwanted {
        case.makes_way = true;
        case.say(condition);
    }
    case.adopt(me.spec.adopt());
    let entity = Entity {
        at: K::AT,
        parent: consumer.id(),
        specified: None,
        has_plugins: false,
        parts: Parts::default(),
        body: || {
            let tags = tags(me.key, me.meta, me.spec.tags());
            seal(K::AT, members(K::AT, me.spec), tags)
        },
    };
    let verdict = conclude(case, place, entity);
    Verdict {
        cleanup: verdict.cleanup && !is_unwanted,
        ..verdict
    }
}

/// Whether Kong's operator made this object from a Secret that a consumer lists, and what follows: such an
/// object is owned by both, and called after the consumer.
fn made<K: Judge>(me: Me<'_, K>, view: &View<'_>, consumer: &Key) -> Option<Made> {
    let owner = |kind| me.meta.owners.iter().filter(move |(it, _)| *it == kind);
    let name = &*consumer.name.name;
    let called_after = me.key.name.name.strip_prefix(name);
    let called_after = called_after.is_some_and(|rest| rest.starts_with('-'));
    let of_consumer = owner(Kind::KongConsumer).any(|(_, owner)| **owner == *name);
    let (_, secret) = owner(Kind::Secret)
        .next()
        .filter(|_| called_after && of_consumer)?;
    match view.object(&Ref::<KongConsumer>::new(consumer.name.clone())) {
        Lookup::Found(meta, fields) if kong_consumer::lists(fields, secret) => {
            let heir = kong_consumer::part_of(meta, K::AT, secret);
            Some(Made::needless(needless(consumer, secret), heir))
        }
        Lookup::Found(..) => Some(Made::Unwanted(unwanted(consumer, secret))),
        // It goes with its consumer, and what cannot be read says nothing.
        Lookup::Missing | Lookup::Unreadable(_) => None,
    }
}

fn needless(consumer: &Key, secret: &str) -> Condition {
    let message = format!(
        "{consumer} has the credential in Secret {secret} by its field credentials; this object, which \
         Kong's operator made for that, is not used and may be deleted"
    );
    Condition::holds(CONSUMER_REF_VALID, VALID, message)
}

fn unwanted(consumer: &Key, secret: &str) -> Condition {
    let message = format!(
        "{consumer} does not list Secret {secret} in its field credentials; delete this object, which \
         Kong's operator made for that"
    );
    Condition::fails(PROGRAMMED, INVALID, message)
}

#[cfg(test)]
mod tests {
    use kong_model::{RemoteId, Site};
    use kong_resolve::{Intent, Output, Standing};
    use serde_json::{Value, json};

    use super::*;
    use crate::testing::{Cluster, claims, failing, ready, site, untagged};

    /// A credential of each kind: its fields, and what of them is a secret.
    fn kinds() -> [(Kind, Collection, Value, &'static [&'static str]); 5] {
        [
            (
                Kind::KongCredentialAPIKey,
                Collection::KeyAuths,
                json!({"key": "hunter2"}),
                &["key"],
            ),
            (
                Kind::KongCredentialBasicAuth,
                Collection::BasicAuths,
                json!({"username": "u", "password": "hunter2"}),
                &["password"],
            ),
            (
                Kind::KongCredentialHMAC,
                Collection::HmacAuths,
                json!({"username": "u", "secret": "hunter2"}),
                &["secret"],
            ),
            (
                Kind::KongCredentialJWT,
                Collection::Jwts,
                json!({"algorithm": "HS384", "key": "k", "secret": "hunter2"}),
                &["secret"],
            ),
            (
                Kind::KongCredentialACL,
                Collection::Acls,
                json!({"group": "g"}),
                &[],
            ),
        ]
    }

    fn consumer() -> Key {
        Key::new(Kind::KongConsumer, "ns", "consumer")
    }

    fn with_consumer(kind: Kind, fields: &Value) -> (Cluster, Key) {
        let mut cluster = Cluster::with_control_plane();
        cluster.stand(&consumer(), ready("consumer-id"));
        let mut spec = fields.clone();
        spec["consumerRef"] = json!({"name": "consumer"});
        let key = cluster.entity(kind, spec);
        (cluster, key)
    }

    #[test]
    fn a_credential_lives_below_its_consumer_and_its_secret_is_not_shown() {
        for (kind, at, fields, secrets) in kinds() {
            let (cluster, key) = with_consumer(kind, &fields);
            let verdict = cluster.judge(&key);
            let [claim] = claims(&verdict) else {
                panic!("{kind}: {verdict:?}")
            };
            assert_eq!(untagged(claim), fields);
            let id = RemoteId::from("consumer-id");
            let parent = Some(id.clone());
            let home = site(at);
            assert_eq!(claim.site, Site { parent, ..home });
            assert_eq!(verdict.ids, [("consumerID", id)]);
            assert_eq!(failing(&verdict), []);
            for secret in secrets {
                assert_eq!(fields[secret], "hunter2");
            }
            assert!(!format!("{verdict:?}").contains("hunter2"), "{kind}");
            let spec = &cluster.world().entry(&key).unwrap().parts;
            assert!(!format!("{spec:?}").contains("hunter2"), "{kind}");
        }
    }

    #[test]
    fn ids_that_only_kubernetes_knows_are_not_sent() {
        for kind in [Kind::KongCredentialHMAC, Kind::KongCredentialJWT] {
            let fields = json!({"username": "u", "secret": "s", "id": "mine"});
            let (cluster, key) = with_consumer(kind, &fields);
            assert_eq!(untagged(&claims(&cluster.judge(&key))[0]).get("id"), None);
        }
    }

    #[test]
    fn without_its_consumer_a_credential_is_gone_too_and_says_so_at_once() {
        for (kind, _, fields, _) in kinds() {
            let (mut cluster, key) = with_consumer(kind, &fields);
            cluster.remove_standing(&consumer());
            let verdict = cluster.judge(&key);
            assert_eq!(verdict.output, Output::Want(Vec::new()));
            let [(CONSUMER_REF_VALID, INVALID, message)] = failing(&verdict)[..] else {
                panic!("{verdict:?}")
            };
            let start = "KongConsumer.configuration.konghq.com \"consumer\" not found; create it";
            assert!(message.starts_with(start), "{message}");
        }
    }

    #[test]
    fn a_credential_goes_before_the_consumer_that_is_being_deleted() {
        let (mut cluster, key) = with_consumer(Kind::KongCredentialACL, &json!({"group": "g"}));
        let deleting = Standing {
            deleting: true,
            ..ready("consumer-id")
        };
        cluster.stand(&consumer(), deleting);
        assert_eq!(claims(&cluster.judge(&key))[0].intent, Intent::Absent);
    }

    /// What Kong's operator makes of the Secret `s` that the consumer lists, or does not.
    fn made_for(credentials: &Value) -> (Cluster, Key, Key) {
        let mut cluster = Cluster::with_control_plane();
        let consumer = cluster.apply(json!({
            "apiVersion": "configuration.konghq.com/v1", "kind": "KongConsumer",
            "metadata": {"name": "consumer"}, "username": "u", "credentials": credentials,
            "spec": {"controlPlaneRef": crate::testing::control_plane_ref()},
        }));
        cluster.stand(&consumer, ready("consumer-id"));
        let owner = |version: &str, kind: &str, name: &str| json!({"apiVersion": version, "kind": kind, "name": name, "uid": "u"});
        let made = cluster.apply(json!({
            "apiVersion": "configuration.konghq.com/v1alpha1", "kind": "KongCredentialAPIKey",
            "metadata": {"name": "consumer-x7f2k", "ownerReferences": [
                owner("configuration.konghq.com/v1", "KongConsumer", "consumer"),
                owner("v1", "Secret", "s"),
            ]},
            "spec": {"consumerRef": {"name": "consumer"}, "key": "hunter2"},
        }));
        (cluster, consumer, made)
    }

    #[test]
    fn the_heir_of_what_kongs_operator_made_of_a_secret_is_the_part_of_the_consumer() {
        let (mut cluster, consumer, made) = made_for(&json!(["s"]));
        let secret = json!({"key": "hunter2"});
        cluster.secret("s", json!({"konghq.com/credential": "key-auth"}), secret);
        let verdict = cluster.judge(&made);
        assert_eq!(verdict.output, Output::Want(Vec::new()));
        assert!(!verdict.cleanup && verdict.refs_hold());
        let claimed = cluster.judge(&consumer);
        let claimed: Vec<_> = claims(&claimed).iter().map(|it| it.identity).collect();
        assert!(claimed[1..].contains(&verdict.heir.unwrap()));
    }

    #[test]
    fn what_was_made_of_a_secret_that_is_not_listed_wants_to_be_gone() {
        let (cluster, _, made) = made_for(&json!(["other"]));
        let verdict = cluster.judge(&made);
        assert_eq!(claims(&verdict)[0].intent, Intent::Absent);
        assert!(!verdict.cleanup && verdict.heir.is_none());
        let said = crate::testing::condition(&verdict, PROGRAMMED);
        let start = "KongConsumer ns/consumer does not list Secret s";
        assert!(said.message.starts_with(start), "{said:?}");
    }
}
