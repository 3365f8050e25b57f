//! The world of most random stories: a shop with one of everything, and all that can happen to it.

use std::sync::LazyLock;

use kong_crds::Kind;
use kong_driver::Schedule;
use kong_model::Collection;
use kong_resolve::Key;
use serde_json::{Value, json};

use super::{Stage, one_of, pick};
use crate::act::{Act, Elsewhere};
use crate::document::{
    NAMESPACE, auth_from_secret, certificate_from, grant, plane, plugin, route, service, target,
    tls_secret, token_secret, upstream,
};
use crate::picture::Picture;

/// The namespace of the certificate's Secret.
const VAULT: &str = "vault";
/// The tokens of the shop.
pub const TOKENS: [&str; 2] = ["kpat_canary_first", "kpat_canary_second"];
/// The id of what somebody else adds.
pub const FOREIGN: &str = "99999999-9999-4999-8999-999999999999";

/// The shop.
pub(super) struct Shop;

impl Stage for Shop {
    fn stock(&self) -> Vec<Value> {
        stock()
    }

    fn means(&self) -> Vec<Value> {
        stock().into_iter().take(2).collect()
    }

    fn tokens(&self) -> Vec<String> {
        TOKENS.map(str::to_owned).into()
    }

    fn any_act(&self, dice: &mut Schedule) -> Act {
        any_act(dice)
    }

    fn well(&self) -> Picture {
        WELL.clone()
    }
}

/// How it looks when all is well.
static WELL: LazyLock<Picture> = LazyLock::new(|| super::when_all_is_well(&Shop));

fn stock() -> Vec<Value> {
    vec![
        token_secret("token", TOKENS[0]).into(),
        auth_from_secret("auth", "token").into(),
        // Konnect keeps a description that is no longer given, so there always is one.
        plane("cp").described("shop").into(),
        tls_secret("pair", "one").in_namespace(VAULT).into(),
        grant("g", VAULT, Kind::KongCertificate, Kind::Secret).into(),
        certificate_from("c", "pair").of_namespace(VAULT).into(),
        plugin("limit").into(),
        service("a").using_plugins("limit").into(),
        service("b").showing("c").into(),
        route("a").using_plugins("limit").into(),
        upstream("u").into(),
        target("t1", "u", "10.0.0.1:80").into(),
        target("t2", "u", "10.0.0.2:80").into(),
    ]
}

/// An object as a user may want it.
fn variant(dice: &mut Schedule) -> Value {
    let name = ["a", "b"][pick(dice, 2)];
    match dice.below(10) {
        0..=2 => {
            let mut it = service(name)
                .called(one_of(dice, &["a", "b", "x"]))
                .host(one_of(dice, &["one.test", "two.test"]))
                .with("spec.retries", dice.below(3));
            if dice.below(2) == 0 {
                it = it.using_plugins("limit");
            }
            if dice.below(3) == 0 {
                it = it.showing("c");
            }
            it.into()
        }
        3 | 4 => {
            let mut it = route("a")
                .to_service(name)
                .path(one_of(dice, &["/a", "/b"]));
            if dice.below(2) == 0 {
                it = it.using_plugins(one_of(dice, &["limit", "missing", "limit,missing"]));
            }
            it.into()
        }
        5 => upstream("u")
            .algorithm(one_of(dice, &["round-robin", "least-connections"]))
            .into(),
        6 | 7 => target(
            one_of(dice, &["t1", "t2"]),
            "u",
            one_of(dice, &["10.0.0.1:80", "10.0.0.2:80"]),
        )
        .weighing(u32::try_from(dice.below(5)).unwrap_or(0))
        .into(),
        8 => plugin("limit")
            .configured(json!({"minute": 1 + dice.below(3)}))
            .into(),
        _ => plane("cp").described(one_of(dice, &["x", "y"])).into(),
    }
}

fn any_act(dice: &mut Schedule) -> Act {
    let keys = Shop.keys();
    match dice.below(34) {
        0..=10 => Act::Apply((0..=dice.below(3)).map(|_| variant(dice)).collect()),
        11..=15 => {
            let some = (0..=dice.below(3)).map(|_| keys[pick(dice, keys.len())].clone());
            Act::Delete(some.collect())
        }
        16 => Act::Delete(keys),
        17..=19 => Act::Apply(Shop.shuffled(dice)),
        20 | 21 => {
            let permission = grant("g", VAULT, Kind::KongCertificate, Kind::Secret);
            if dice.below(2) == 0 {
                Act::Delete(vec![permission.key()])
            } else {
                Act::Apply(vec![permission.into()])
            }
        }
        22 | 23 => {
            let token = one_of(dice, &TOKENS);
            Act::Apply(vec![token_secret("token", token).into()])
        }
        24 => {
            let pair = tls_secret("pair", one_of(dice, &["one", "two", "three"]));
            Act::Apply(vec![pair.in_namespace(VAULT).into()])
        }
        25 => Act::Revoke(one_of(dice, &TOKENS).to_owned()),
        26 => Act::Accept(one_of(dice, &TOKENS).to_owned()),
        27 | 28 => Act::Elsewhere(elsewhere(dice)),
        29 | 30 => {
            let kinds = [Kind::KongService, Kind::KongRoute];
            Act::WipeId(Key::new(kinds[pick(dice, 2)], NAMESPACE, "a"))
        }
        31 => Act::Wait(dice.below(70_000)),
        32 => Act::Restart,
        _ => Act::Wait(dice.below(3_000)),
    }
}

/// Something that somebody else does in Konnect.
fn elsewhere(dice: &mut Schedule) -> Elsewhere {
    let (at, name) = [
        (Collection::Services, "a"),
        (Collection::Services, "b"),
        (Collection::Routes, "a"),
        (Collection::Upstreams, "u"),
        (Collection::Targets, "10.0.0.1:80"),
        (Collection::Certificates, "c"),
        (Collection::Plugins, "rate-limiting"),
    ][pick(dice, 7)];
    let name = name.to_owned();
    match dice.below(6) {
        0 | 1 => Elsewhere::Delete { at, name },
        2 | 3 => Elsewhere::Change {
            at: Collection::Services,
            name: one_of(dice, &["a", "b"]).to_owned(),
            members: json!({"host": "evil.test"}),
        },
        4 => Elsewhere::Add {
            plane: "cp".to_owned(),
            at: Collection::Services,
            id: FOREIGN.to_owned(),
            body: json!({"name": "foreign", "host": "foreign.test"}),
        },
        _ => Elsewhere::Delete {
            at: Collection::ControlPlanes,
            name: "cp".to_owned(),
        },
    }
}
