#![doc = include_str!("../README.md")]
//!
//! One file a kind, each with the kind's `impl Judge`. Where to start: `judge`, then
//! `kong_service.rs` for a kind as it usually is, then `case.rs` and `entity.rs` for what all kinds
//! share. Nothing in here reads a clock, performs I/O or remembers anything.

mod bodies;
mod case;
mod control_plane;
mod credentials;
mod entity;
mod kind;
mod kong_ca_certificate;
mod kong_certificate;
mod kong_consumer;
mod kong_consumer_group;
mod kong_data_plane_client_certificate;
mod kong_key;
mod kong_key_set;
mod kong_plugin_binding;
mod kong_route;
mod kong_service;
mod kong_sni;
mod kong_target;
mod kong_upstream;
mod kong_vault;
mod konnect_api_auth_configuration;
mod konnect_cloud_gateway_data_plane_group_configuration;
mod konnect_cloud_gateway_network;
mod konnect_cloud_gateway_transit_gateway;
mod konnect_config_store;
mod konnect_extension;
mod konnect_gateway_control_plane;
mod made;
mod material;
mod networks;
mod parents;
mod parts;
mod plugins;
mod report;
mod secrets;
#[cfg(test)]
mod testing;

use std::collections::BTreeSet;

use kong_crds::conditions::INVALID;
use kong_crds::{Kind, Unreadable, names};
use kong_model::Collection;
use kong_resolve::{Condition, Entry, Frame, Key, Me, Meta, Output, Verdict, View};

use crate::kind::Judge;

pub use report::{
    Attempt, Drift, Presence, Problem, Report, State, Urgency, confirmed_generation, recorded_id,
    report,
};

/// Judges an object: what is wrong with its references, and what it wants to be in Konnect. `None`
/// for kinds that are only read by others.
///
/// `entry` is the entry of `key` in the world that `view` shows.
pub fn judge(key: &Key, entry: &Entry, view: &View<'_>) -> Option<Verdict> {
    macro_rules! by_class {
        (judged, $type:path) => {
            Some(judge_as::<$type>(key, entry, view))
        };
        (input, $type:path) => {
            None
        };
        (offline, $type:path) => {
            None
        };
    }
    macro_rules! by_kind {
        ($($kind:ident: $type:path => $class:ident;)*) => {
            match key.kind { $(Kind::$kind => by_class!($class, $type),)* }
        };
    }
    kong_crds::kinds!(by_kind)
}

/// Where the ids stand in the status of a kind; `None` for kinds that are only read by others.
pub fn frame(kind: Kind) -> Option<Frame> {
    macro_rules! by_class {
        (judged, $type:path) => {
            Some(<$type as Judge>::FRAME)
        };
        (input, $type:path) => {
            None
        };
        (offline, $type:path) => {
            None
        };
    }
    macro_rules! by_kind {
        ($($kind:ident: $type:path => $class:ident;)*) => {
            match kind { $(Kind::$kind => by_class!($class, $type),)* }
        };
    }
    kong_crds::kinds!(by_kind)
}

/// Where the entity is that an object of a kind stands for; `None` for kinds that are only read by
/// others.
pub fn collection(kind: Kind) -> Option<Collection> {
    macro_rules! by_class {
        (judged, $type:path) => {
            Some(<$type as Judge>::AT)
        };
        (input, $type:path) => {
            None
        };
        (offline, $type:path) => {
            None
        };
    }
    macro_rules! by_kind {
        ($($kind:ident: $type:path => $class:ident;)*) => {
            match kind { $(Kind::$kind => by_class!($class, $type),)* }
        };
    }
    kong_crds::kinds!(by_kind)
}

/// A kind that is kept from being deleted while something uses it.
#[derive(Clone, Copy, Debug)]
struct InUse {
    pinned: Kind,
    /// Who uses it; everybody if nobody is named.
    by: Option<Kind>,
    /// The finalizer that says so.
    finalizer: &'static str,
}

/// What can be pinned, by whom, and the finalizer that says so.
const IN_USE: [InUse; 5] = [
    InUse {
        pinned: Kind::KonnectAPIAuthConfiguration,
        by: None,
        finalizer: names::API_AUTH_IN_USE_FINALIZER,
    },
    InUse {
        pinned: Kind::Secret,
        by: Some(Kind::KonnectAPIAuthConfiguration),
        finalizer: names::TOKEN_SECRET_IN_USE_FINALIZER,
    },
    InUse {
        pinned: Kind::Secret,
        by: Some(Kind::KonnectExtension),
        finalizer: names::CERTIFICATE_SECRET_IN_USE_FINALIZER,
    },
    // As Kong's operator has it: the entity that is made from the Secret goes first.
    InUse {
        pinned: Kind::Secret,
        by: Some(Kind::KonnectExtension),
        finalizer: names::KONNECT_CLEANUP_FINALIZER,
    },
    InUse {
        pinned: Kind::KongPlugin,
        by: None,
        finalizer: names::PLUGIN_IN_USE_FINALIZER,
    },
];

/// Where Kong's operator puts finalizers that have no meaning here.
const OBSOLETE: [(Kind, &str); 2] = [
    (Kind::KongService, names::CLEANUP_PLUGIN_BINDING_FINALIZER),
    (Kind::KongRoute, names::CLEANUP_PLUGIN_BINDING_FINALIZER),
];

/// Whether an object of this kind can be kept from being deleted while something uses it.
pub fn can_be_pinned(kind: Kind) -> bool {
    IN_USE.iter().any(|row| row.pinned == kind)
}

/// The finalizers that say that an object of this kind is in use, each with whether it is to be there while
/// verdicts on these objects pin it.
pub fn in_use_finalizers(
    kind: Kind,
    by: &BTreeSet<Key>,
) -> impl Iterator<Item = (&'static str, bool)> {
    let rows = IN_USE.iter().filter(move |row| row.pinned == kind);
    rows.map(|row| {
        let mut users = by.iter();
        let wanted = users.any(|user| row.by.is_none_or(|kind| kind == user.kind));
        (row.finalizer, wanted)
    })
}

/// Finalizers that Kong's operator puts on objects of this kind and that nobody needs any more: they are
/// taken away, or nothing would.
pub fn obsolete_finalizers(kind: Kind) -> impl Iterator<Item = &'static str> {
    OBSOLETE
        .iter()
        .filter(move |(obsolete, _)| *obsolete == kind)
        .map(|(_, finalizer)| *finalizer)
}

fn judge_as<K: Judge>(key: &Key, entry: &Entry, view: &View<'_>) -> Verdict {
    let meta = &entry.meta;
    match &entry.parts {
        Ok(any) => {
            let parts = K::parts(any).expect("an entry holds parts of the kind in its key");
            let spec = &parts.spec;
            K::judge(Me { key, meta, spec }, view)
        }
        Err(unreadable) => cannot_be_read(key, meta, K::FRAME, unreadable),
    }
}

/// What it wants is unknown, so what it has stays. Its deletion needs no spec.
fn cannot_be_read(key: &Key, meta: &Meta, frame: Frame, unreadable: &Unreadable) -> Verdict {
    let cleanup = frame != Frame::Account;
    let message = format!("{key} cannot be read: {unreadable}; correct the field");
    let output = if meta.deleting {
        Output::Want(Vec::new())
    } else {
        Output::KeepLastGood
    };
    Verdict {
        conditions: [Condition::fails(frame.summary(), INVALID, message)].into(),
        output,
        cleanup,
        ..Verdict::default()
    }
}

#[cfg(test)]
mod tests {
    use kong_crds::conditions::{API_AUTH_VALID, PROGRAMMED};
    use serde_json::json;

    use super::*;
    use crate::testing::Cluster;

    #[test]
    fn an_object_that_cannot_be_read_keeps_what_it_has_and_names_the_field() {
        let mut cluster = Cluster::new();
        let key = cluster.apply(json!({
            "apiVersion": "configuration.konghq.com/v1alpha1", "kind": "KongService",
            "metadata": {"name": "service"}, "spec": {"host": 7},
        }));
        let verdict = cluster.judge(&key);
        assert_eq!(verdict.output, Output::KeepLastGood);
        assert!(verdict.cleanup);
        let [condition] = &verdict.conditions[..] else {
            panic!("{verdict:?}")
        };
        assert_eq!((condition.kind, condition.reason), (PROGRAMMED, INVALID));
        let start = "KongService ns/service cannot be read: spec.host: ";
        assert!(condition.message.starts_with(start), "{condition:?}");
        assert!(condition.message.ends_with("; correct the field"));
        cluster.delete(&key);
        assert_eq!(cluster.judge(&key).output, Output::Want(Vec::new()));
    }

    #[test]
    fn credentials_that_cannot_be_read_say_so_in_their_own_condition() {
        let mut cluster = Cluster::new();
        let key = cluster.apply(json!({
            "apiVersion": "konnect.konghq.com/v1alpha1", "kind": "KonnectAPIAuthConfiguration",
            "metadata": {"name": "auth"}, "spec": {"type": "token"},
        }));
        let verdict = cluster.judge(&key);
        assert_eq!(verdict.conditions[0].kind, API_AUTH_VALID);
        assert!(!verdict.cleanup);
    }

    #[test]
    fn kinds_that_are_only_read_are_not_judged() {
        let mut cluster = Cluster::new();
        let key = cluster.apply(json!({
            "apiVersion": "v1", "kind": "Secret", "metadata": {"name": "secret"},
        }));
        let view = View::new(cluster.world());
        let entry = cluster.world().entry(&key).unwrap();
        assert_eq!(judge(&key, entry, &view), None);
        assert_eq!(frame(Kind::Secret), None);
        assert_eq!(frame(Kind::KongRoute), Some(Frame::Konnect));
    }

    #[test]
    fn what_can_be_pinned_has_a_finalizer_of_its_own() {
        let wanted = |kind: Kind, by: &[Kind]| -> Vec<&str> {
            let by = by.iter().map(|kind| Key::new(*kind, "ns", "user"));
            let by: BTreeSet<Key> = by.collect();
            let wanted = in_use_finalizers(kind, &by).filter(|(_, wanted)| *wanted);
            wanted.map(|(finalizer, _)| finalizer).collect()
        };
        assert_eq!(
            wanted(Kind::KongPlugin, &[Kind::KongRoute]),
            [names::PLUGIN_IN_USE_FINALIZER]
        );
        let (token, certificate) = (
            names::TOKEN_SECRET_IN_USE_FINALIZER,
            [
                names::CERTIFICATE_SECRET_IN_USE_FINALIZER,
                names::KONNECT_CLEANUP_FINALIZER,
            ],
        );
        let (configuration, extension) =
            (Kind::KonnectAPIAuthConfiguration, Kind::KonnectExtension);
        assert_eq!(wanted(Kind::Secret, &[configuration]), [token]);
        assert_eq!(wanted(Kind::Secret, &[extension]), certificate);
        assert_eq!(wanted(Kind::Secret, &[configuration, extension]).len(), 3);
        assert_eq!(wanted(Kind::Secret, &[]), [""; 0]);
        assert!(can_be_pinned(Kind::Secret) && !can_be_pinned(Kind::KongService));
    }
}
