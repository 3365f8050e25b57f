//! KongKey: a key as JWK or PEM, in a set or not (konnect.md 1.21, 2.9, 5.4).

use kong_crds::configuration::v1alpha1::{KeySetRef, KongKey};
use kong_crds::reference::{NamespacedRef, ObjectRefType};
use kong_model::{Collection, RemoteId};
use kong_resolve::{Frame, Home, Me, Verdict, View};
use serde_json::json;

use crate::bodies::{Members, members, seal, tags};
use crate::case::Case;
use crate::control_plane;
use crate::entity::{Entity, conclude};
use crate::kind::Judge;
use crate::material::VAULT;
use crate::parents::KEY_SET;
use crate::parts::Parts;

impl Judge for KongKey {
    const FRAME: Frame = Frame::Konnect;
    const AT: Collection = Collection::Keys;

    fn judge(me: Me<'_, Self>, view: &View<'_>) -> Verdict {
        let reference = control_plane::in_konnect(me.spec.control_plane_ref.as_ref());
        let Some(reference) = reference else {
            return Verdict::foreign();
        };
        let mut case = Case::of(me, view);
        let place = control_plane::named(&mut case, reference);
        let set = me.spec.key_set_ref.as_ref();
        let set = set.and_then(|set| key_set(&mut case, set, place.home()));
        if me
            .spec
            .jwk
            .as_ref()
            .is_some_and(|jwk| !is_jwk(jwk.expose()))
        {
            case.say_nonsense("spec.jwk is not a JSON object; put a JSON Web Key there");
        }
        case.adopt(me.spec.adopt.as_ref());
        let entity = Entity {
            at: Self::AT,
            parent: None,
            specified: None,
            has_plugins: false,
            parts: Parts::default(),
            body: || {
                let mut members = members(Self::AT, me.spec);
                if let Some(id) = &set {
                    members.insert("set".to_owned(), json!({"id": id.as_str()}));
                }
                let tags = tags(me.key, me.meta, me.spec.tags.as_deref());
                seal(Self::AT, members, tags)
            },
        };
        conclude(case, place, entity)
    }
}

/// Whether a text can be a JSON Web Key, or refers to one in a vault.
fn is_jwk(text: &str) -> bool {
    text.starts_with(VAULT) || serde_json::from_str::<Members>(text).is_ok()
}

/// The id of the set. One that is named by its id is Konnect's to find.
fn key_set(
    case: &mut Case<'_, '_>,
    reference: &KeySetRef,
    home: Option<&Home>,
) -> Option<RemoteId> {
    match (
        reference.type_,
        &reference.namespaced_ref,
        &reference.konnect_id,
    ) {
        (ObjectRefType::NamespacedRef, Some(target), _) => {
            let target = NamespacedRef {
                name: target.name.clone(),
                namespace: None,
            };
            let key = KEY_SET.key(case, &target);
            KEY_SET.follow(case, &key, home)?.id.clone()
        }
        (ObjectRefType::KonnectId, _, Some(id)) => Some(RemoteId::from(id)),
        (ObjectRefType::NamespacedRef, None, _) => {
            case.say_nonsense("when type is namespacedRef, namespacedRef must be set");
            None
        }
        (ObjectRefType::KonnectId, _, None) => {
            case.say_nonsense("when type is konnectID, konnectID must be set");
            None
        }
        (ObjectRefType::Unknown, _, _) => {
            case.say_nonsense(
                "spec.keySetRef.type is neither namespacedRef nor konnectID; correct it",
            );
            None
        }
    }
}

#[cfg(test)]
mod tests {
    #![expect(
        clippy::needless_pass_by_value,
        reason = "tests write their JSON where it is used"
    )]

    use kong_crds::Kind;
    use kong_crds::conditions::{INVALID, KEY_SET_REF_VALID, PROGRAMMED};
    use kong_resolve::{Key, Output, Readiness, Standing};
    use serde_json::Value;

    use super::*;
    use crate::testing::{
        Cluster, claims, condition, control_plane_ref, failing, ready, standing, untagged,
    };

    const JWK: &str = r#"{"kty":"oct","k":"hunter2"}"#;

    fn with_set(standing: Standing, reference: Value) -> (Cluster, Key) {
        let mut cluster = Cluster::with_control_plane();
        cluster.stand(&Key::new(Kind::KongKeySet, "ns", "set"), standing);
        let spec = json!({
            "kid": "k", "name": "n", "jwk": JWK, "controlPlaneRef": control_plane_ref(),
            "keySetRef": reference,
        });
        let key = cluster.entity(Kind::KongKey, spec);
        (cluster, key)
    }

    fn named() -> Value {
        json!({"type": "namespacedRef", "namespacedRef": {"name": "set"}})
    }

    #[test]
    fn a_key_is_in_its_set_and_its_private_part_is_not_shown() {
        let by_id = json!({"type": "konnectID", "konnectID": "set-id"});
        for reference in [named(), by_id] {
            let (cluster, key) = with_set(ready("set-id"), reference);
            let verdict = cluster.judge(&key);
            let set = json!({"id": "set-id"});
            assert_eq!(
                untagged(&claims(&verdict)[0]),
                json!({"kid": "k", "name": "n", "jwk": JWK, "set": set})
            );
            assert!(!format!("{verdict:?}").contains("hunter2"));
            assert_eq!(failing(&verdict), []);
        }
    }

    #[test]
    fn a_pair_in_pem_is_sent_as_such() {
        let mut cluster = Cluster::with_control_plane();
        let pem = json!({"private_key": "hunter2", "public_key": "p"});
        let spec = json!({"kid": "k", "pem": pem, "controlPlaneRef": control_plane_ref()});
        let key = cluster.entity(Kind::KongKey, spec);
        let verdict = cluster.judge(&key);
        assert_eq!(
            untagged(&claims(&verdict)[0]),
            json!({"kid": "k", "pem": pem})
        );
        assert!(!format!("{verdict:?}").contains("hunter2"));
    }

    #[test]
    fn what_cannot_be_a_json_web_key_is_told_and_not_quoted() {
        for (jwk, good) in [
            ("{hunter2", false),
            ("\"hunter2\"", false),
            ("{vault://v/key}", true),
            (JWK, true),
        ] {
            let mut cluster = Cluster::with_control_plane();
            let spec = json!({"kid": "k", "jwk": jwk, "controlPlaneRef": control_plane_ref()});
            let key = cluster.entity(Kind::KongKey, spec);
            let verdict = cluster.judge(&key);
            assert_eq!(verdict.output != Output::KeepLastGood, good, "{jwk}");
            let message = "spec.jwk is not a JSON object; put a JSON Web Key there";
            let said = if good {
                vec![]
            } else {
                vec![(PROGRAMMED, INVALID, message)]
            };
            assert_eq!(failing(&verdict), said);
        }
    }

    #[test]
    fn a_key_waits_for_its_set() {
        let pending = Standing {
            id: None,
            ..standing(Readiness::Pending)
        };
        let (cluster, key) = with_set(pending, named());
        let verdict = cluster.judge(&key);
        assert_eq!(verdict.output, Output::KeepLastGood);
        let said = condition(&verdict, KEY_SET_REF_VALID);
        assert!(said.passing && said.waits);
        assert_eq!(
            said.message,
            "Referenced KongKeySet ns/set is not programmed yet"
        );
    }

    #[test]
    fn of_a_key_without_a_control_plane_nothing_is_said() {
        let mut cluster = Cluster::with_control_plane();
        let key = cluster.entity(Kind::KongKey, json!({"kid": "k", "jwk": "{}"}));
        assert!(cluster.judge(&key).foreign);
    }
}
