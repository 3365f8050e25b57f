//! KongVault: in a control plane of some namespace, with a config store or not (konnect.md 1.23, 2.9, 5.4).
//!
//! It has no namespace itself, so that all that it refers to is elsewhere and needs a grant.

use kong_crds::conditions::{
    CONFIG_STORE_REF_VALID, INVALID, NOT_PROGRAMMED, REF_NOT_PERMITTED, VALID,
};
use kong_crds::configuration::v1alpha1::{
    ConfigStoreKind, ConfigStoreRef, KongVault, KongVaultSpec,
};
use kong_crds::{Kind, SecretValue};
use kong_model::{Collection, RemoteId};
use kong_resolve::{Condition, Frame, Home, Key, Me, Readiness, Verdict, View};
use serde_json::{Map, Value, json};

use crate::bodies::{Members, absent_if_empty, members, seal, tags};
use crate::case::{Case, with_grant_hint};
use crate::control_plane::{self, is_shared};
use crate::entity::{Entity, conclude};
use crate::kind::Judge;
use crate::parts::Parts;

/// The backend that has config stores.
const KONNECT: &str = "konnect";
/// The member of the configuration that names the config store.
const STORE: &str = "config_store_id";

impl Judge for KongVault {
    const FRAME: Frame = Frame::Konnect;
    const AT: Collection = Collection::Vaults;

    fn judge(me: Me<'_, Self>, view: &View<'_>) -> Verdict {
        let reference = control_plane::in_konnect(me.spec.control_plane_ref.as_ref());
        let Some(reference) = reference else {
            return Verdict::foreign();
        };
        let mut case = Case::of(me, view);
        let place = control_plane::named(&mut case, reference);
        let config = config(&mut case, me.spec, place.home());
        case.adopt(me.spec.adopt.as_ref());
        let entity = Entity {
            at: Self::AT,
            parent: None,
            specified: None,
            has_plugins: false,
            parts: Parts::default(),
            body: || body(me, config),
        };
        conclude(case, place, entity)
    }
}

fn body(me: Me<'_, KongVault>, config: Members) -> kong_model::Body {
    let mut members = members(KongVault::AT, me.spec);
    // What Konnect calls name is the backend here.
    members.insert("name".to_owned(), json!(me.spec.backend));
    absent_if_empty(&mut members, &["description"]);
    members.insert("config".to_owned(), Value::Object(config));
    let tags = tags(me.key, me.meta, me.spec.tags.as_deref());
    seal(KongVault::AT, members, tags)
}

/// The configuration with the id of the config store in it; what is wrong is said.
fn config(case: &mut Case<'_, '_>, spec: &KongVaultSpec, home: Option<&Home>) -> Members {
    let written = match spec.config.as_ref().map(SecretValue::expose) {
        Some(Value::Object(written)) => Ok(written.clone()),
        None | Some(Value::Null) => Ok(Map::new()),
        Some(_) => {
            Err("spec.config is not a valid JSON object: write members and their values there")
        }
    };
    let Some(reference) = &spec.config_store_ref else {
        return written.unwrap_or_else(|problem| {
            case.say_nonsense(problem);
            Map::new()
        });
    };
    if case.meta.deleting {
        return Map::new();
    }
    let unusable = if spec.backend == KONNECT {
        match &written {
            Err(problem) => Some((*problem).to_owned()),
            Ok(written) if written.contains_key(STORE) => Some(format!(
                "it is mutually exclusive with \"{STORE}\" in spec.config; remove one of them"
            )),
            Ok(_) => None,
        }
    } else {
        Some(format!(
            "it is only supported with the \"{KONNECT}\" backend, but spec.backend is \"{}\"; \
             remove it or correct spec.backend",
            spec.backend
        ))
    };
    let found = match unusable {
        Some(reason) => Err(invalid(format!(
            "spec.configStoreRef cannot be used: {reason}"
        ))),
        None => store(case, reference, home),
    };
    let mut config = written.unwrap_or_default();
    match found {
        Ok((id, said)) => {
            config.insert(STORE.to_owned(), json!(id.as_str()));
            case.say(said);
        }
        Err(problem) => case.say(problem),
    }
    config
}

/// The id of the config store and what is to be said of it, or why it cannot be used.
fn store(
    case: &Case<'_, '_>,
    reference: &ConfigStoreRef,
    home: Option<&Home>,
) -> Result<(RemoteId, Condition), Condition> {
    if reference.kind == ConfigStoreKind::Unknown {
        let message = "spec.configStoreRef.kind is not KonnectConfigStore; correct it";
        return Err(invalid(message.to_owned()));
    }
    let namespace = Some(reference.namespace.as_str());
    let key = Key {
        kind: Kind::KonnectConfigStore,
        name: case.key.name.sibling(namespace, &reference.name),
    };
    if !case.permission(&key).is_given() {
        let denial = format!("KongReferenceGrants do not allow access to {key}");
        return Err(Condition::fails(
            CONFIG_STORE_REF_VALID,
            REF_NOT_PERMITTED,
            with_grant_hint(denial, case.key, &key),
        ));
    }
    let Some(standing) = case.view.standing(&key) else {
        return Err(invalid(format!(
            "Referenced {key} does not exist; create it or correct spec.configStoreRef"
        ))
        .bereft());
    };
    if let (Some(theirs), Some(ours)) = (&standing.home, home)
        && !is_shared(theirs, ours)
    {
        return Err(invalid(format!(
            "Referenced {key} belongs to a different ControlPlane: it is in {}, the vault in {}; \
             correct spec.configStoreRef or spec.controlPlaneRef",
            theirs.control_plane.name, ours.control_plane.name
        )));
    }
    let usable = standing.readiness == Readiness::Ready && !standing.deleting;
    match &standing.id {
        Some(id) if usable => {
            let message = format!("Referenced {key} is programmed");
            let said = Condition::holds(CONFIG_STORE_REF_VALID, VALID, message);
            Ok((id.clone(), said))
        }
        _ if standing.deleting => Err(invalid(format!(
            "Referenced {key} is being deleted; delete this object too or correct \
             spec.configStoreRef"
        ))
        .bereft()),
        Some(_) | None => {
            let waiting = format!("Referenced {key} is not programmed yet");
            let blocked = standing.readiness == Readiness::Blocked;
            let message = if blocked {
                waiting + "; its own conditions say why"
            } else {
                waiting
            };
            let said = Condition::fails(CONFIG_STORE_REF_VALID, NOT_PROGRAMMED, message);
            Err(said.passing(!blocked).waiting(true))
        }
    }
}

fn invalid(message: String) -> Condition {
    Condition::fails(CONFIG_STORE_REF_VALID, INVALID, message)
}

#[cfg(test)]
mod tests;
