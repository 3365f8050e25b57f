//! Tokens, certificates, and who may use them.

use kong_crds::Kind;
use kong_resolve::Key;
use serde_json::{Value, json};

use super::{Scenario, VAULT, data, edit, key, with_base};
use crate::act::{Act, apply, delete};
use crate::document::{
    TOKEN, auth, auth_from_secret, certificate, certificate_from, grant, plane, service,
    tls_secret, token_secret, upstream,
};

pub(super) fn a_grant_for_credentials_comes_and_goes() -> Scenario {
    let permission = || {
        grant(
            "g",
            VAULT,
            Kind::KonnectGatewayControlPlane,
            Kind::KonnectAPIAuthConfiguration,
        )
    };
    Scenario::new(
        "grant",
        [
            apply([
                Value::from(auth("auth").in_namespace(VAULT)),
                plane("cp").opened_from(VAULT).into(),
                service("a").into(),
            ]),
            Act::Settle,
            apply([permission()]),
            Act::Settle,
            delete([permission().key()]),
            Act::Wait(30),
            edit(Kind::KongService, "a", json!({"spec": {"retries": 7}})),
            Act::Settle,
            apply([permission()]),
        ],
    )
}

pub(super) fn a_token_in_a_secret_is_rotated() -> Scenario {
    Scenario::new(
        "rotate-token",
        [
            apply([
                Value::from(token_secret("token", "kpat_canary_old")),
                auth_from_secret("auth", "token").into(),
                plane("cp").into(),
                service("a").into(),
            ]),
            Act::Settle,
            edit(
                Kind::Secret,
                "token",
                data(token_secret("token", "kpat_canary_new")),
            ),
            Act::Wait(15),
            edit(Kind::KongService, "a", json!({"spec": {"retries": 7}})),
            Act::Settle,
            Act::Revoke("kpat_canary_old".to_owned()),
            edit(Kind::KongService, "a", json!({"spec": {"retries": 8}})),
        ],
    )
}

pub(super) fn a_token_is_revoked_and_replaced() -> Scenario {
    Scenario::new(
        "revoke-token",
        [
            with_base([service("a").into()]),
            Act::Settle,
            Act::Revoke(TOKEN.to_owned()),
            edit(Kind::KongService, "a", json!({"spec": {"retries": 7}})),
            Act::Settle,
            edit(
                Kind::KonnectAPIAuthConfiguration,
                "auth",
                json!({"spec": {"token": "kpat_canary_next"}}),
            ),
        ],
    )
    .with_refusals(&[401])
}

pub(super) fn a_certificate_is_rotated() -> Scenario {
    Scenario::new(
        "rotate-certificate",
        [
            with_base([
                tls_secret("pair", "one").into(),
                certificate_from("c", "pair").into(),
            ]),
            Act::Settle,
            edit(Kind::Secret, "pair", data(tls_secret("pair", "two"))),
            Act::Settle,
            delete([key(Kind::Secret, "pair")]),
            Act::Settle,
            apply([tls_secret("pair", "three")]),
        ],
    )
}

pub(super) fn secrets_lose_their_label_and_get_it_back() -> Scenario {
    let label = |secret: &str, value: Value| {
        let labels = json!({kong_crds::names::SECRET_LABEL: value});
        edit(
            Kind::Secret,
            secret,
            json!({"metadata": {"labels": labels}}),
        )
    };
    Scenario::new(
        "secret-label",
        [
            apply([
                Value::from(token_secret("token", "kpat_canary_old")),
                auth_from_secret("auth", "token").into(),
                plane("cp").into(),
                tls_secret("pair", "one").into(),
                certificate_from("c", "pair").into(),
            ]),
            Act::Settle,
            label("pair", Value::Null),
            label("token", json!("false")),
            Act::Settle,
            edit(Kind::Secret, "pair", data(tls_secret("pair", "two"))),
            Act::Settle,
            label("token", json!("internal")),
            label("pair", json!("true")),
            Act::Settle,
            label("pair", Value::Null),
            delete([key(Kind::Secret, "pair")]),
            Act::Settle,
            apply([tls_secret("pair", "three")]),
        ],
    )
}

pub(super) fn a_certificate_comes_from_another_namespace() -> Scenario {
    let permission = || grant("g", VAULT, Kind::KongCertificate, Kind::Secret);
    Scenario::new(
        "certificate-grant",
        [
            with_base([
                tls_secret("pair", "one").in_namespace(VAULT).into(),
                certificate_from("c", "pair").of_namespace(VAULT).into(),
            ]),
            Act::Settle,
            apply([permission()]),
            Act::Settle,
            delete([permission().key()]),
            Act::Settle,
            Act::Edit(
                Key::new(Kind::Secret, VAULT, "pair"),
                data(tls_secret("pair", "two")),
            ),
            Act::Settle,
            apply([permission()]),
            Act::Settle,
            delete([key(Kind::KongCertificate, "c"), permission().key()]),
        ],
    )
}

pub(super) fn a_client_certificate_comes_and_goes() -> Scenario {
    Scenario::new(
        "client-certificate",
        [
            with_base([
                certificate("c", "one").into(),
                certificate("d", "two").into(),
                service("a").showing("c").into(),
                upstream("u").showing("c").into(),
            ]),
            Act::Settle,
            edit(
                Kind::KongService,
                "a",
                json!({"spec": {"clientCertificateRef": {"name": "d"}}}),
            ),
            edit(
                Kind::KongUpstream,
                "u",
                json!({"spec": {"clientCertificateRef": null}}),
            ),
            delete([key(Kind::KongCertificate, "c")]),
            Act::Settle,
            edit(
                Kind::KongService,
                "a",
                json!({"spec": {"clientCertificateRef": null}}),
            ),
            delete([key(Kind::KongCertificate, "d")]),
        ],
    )
}
