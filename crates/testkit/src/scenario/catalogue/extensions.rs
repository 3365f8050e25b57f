//! What data planes need: certificates that are made, or that users bring.

use kong_crds::Kind;
use kong_resolve::Key;
use serde_json::json;

use super::{Scenario, data, edit, key, with_base};
use crate::act::{Act, apply, delete};
use crate::document::{extension, extension_from, group, plane, tls_secret};

/// The Secret that is made for an extension.
fn made_for(extension: &str) -> Key {
    key(Kind::Secret, &format!("{extension}-konnect-cert"))
}

pub(super) fn a_certificate_is_made_for_an_extension() -> Scenario {
    Scenario::new(
        "extension-automatic",
        [
            with_base([extension("edge").into()]),
            Act::Settle,
            edit(
                Kind::KonnectExtension,
                "edge",
                json!({"spec": {"konnect": {"dataPlane": {"labels": {"zone": "edge"}}}}}),
            ),
            Act::Settle,
            delete([key(Kind::KonnectExtension, "edge")]),
            Act::Settle,
            Act::Collect,
            Act::Settle,
            apply([extension("edge")]),
        ],
    )
}

pub(super) fn an_extension_comes_before_all_that_it_needs() -> Scenario {
    Scenario::new(
        "extension-early",
        [
            apply([
                extension("edge"),
                extension_from("other", "pair").in_plane("all"),
            ]),
            Act::Settle,
            apply([tls_secret("pair", "one")]),
            Act::Settle,
            with_base([group("all", &["cp"]).into()]),
        ],
    )
}

pub(super) fn the_certificate_of_an_extension_is_rotated_by_its_user() -> Scenario {
    Scenario::new(
        "extension-manual",
        [
            with_base([
                tls_secret("pair", "one").into(),
                extension_from("edge", "pair").into(),
            ]),
            Act::Settle,
            edit(Kind::Secret, "pair", data(tls_secret("pair", "two"))),
            Act::Settle,
            Act::Restart,
            Act::Settle,
            edit(Kind::Secret, "pair", json!({"data": {"tls.crt": null}})),
            Act::Settle,
            edit(Kind::Secret, "pair", data(tls_secret("pair", "three"))),
            Act::Settle,
            delete([key(Kind::Secret, "pair")]),
            Act::Settle,
            delete([key(Kind::KonnectExtension, "edge")]),
        ],
    )
}

pub(super) fn the_secret_of_an_extension_is_deleted_by_somebody() -> Scenario {
    Scenario::new(
        "extension-secret-deleted",
        [
            with_base([extension("edge").into()]),
            Act::Settle,
            delete([made_for("edge")]),
            Act::Settle,
            edit(
                Kind::Secret,
                "edge-konnect-cert",
                json!({"data": {"tls.crt": "Pw=="}}),
            ),
        ],
    )
}

pub(super) fn everything_of_an_extension_is_deleted_at_once() -> Scenario {
    Scenario::new(
        "extension-deleted",
        [
            with_base([
                extension("edge").into(),
                tls_secret("pair", "one").into(),
                extension_from("other", "pair").into(),
                plane("second").into(),
            ]),
            Act::Wait(25),
            Act::Restart,
            Act::Settle,
            delete([
                key(Kind::KonnectGatewayControlPlane, "cp"),
                key(Kind::KonnectExtension, "edge"),
                key(Kind::Secret, "pair"),
                key(Kind::KonnectExtension, "other"),
            ]),
            Act::Settle,
            Act::Collect,
        ],
    )
}
