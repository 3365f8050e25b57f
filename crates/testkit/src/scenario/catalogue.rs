//! The stories themselves, by what they are about.

mod extensions;
mod konnect;
mod lives;
mod names;
mod plugins;
mod policies;
mod secrets;

use kong_crds::Kind;
use kong_resolve::Key;
use serde_json::{Value, json};

use super::Scenario;
use crate::act::{Act, apply};
use crate::document::{Document, NAMESPACE, Secret, auth, plane};

/// Another namespace.
const VAULT: &str = "vault";

/// Every story.
pub(super) fn all() -> Vec<Scenario> {
    vec![
        lives::everything_is_created(),
        lives::children_come_before_their_parents(),
        lives::fields_change(),
        lives::some_objects_are_deleted(),
        secrets::a_grant_for_credentials_comes_and_goes(),
        secrets::a_token_in_a_secret_is_rotated(),
        secrets::a_token_is_revoked_and_replaced(),
        secrets::a_certificate_is_rotated(),
        secrets::secrets_lose_their_label_and_get_it_back(),
        secrets::a_certificate_comes_from_another_namespace(),
        lives::a_parent_is_deleted_and_made_again(),
        lives::a_parent_is_replaced_at_once(),
        names::a_service_is_renamed(),
        names::two_services_swap_their_names(),
        names::a_name_passes_from_one_object_to_another(),
        names::two_objects_want_one_name(),
        konnect::a_control_plane_is_lost_in_konnect(),
        konnect::somebody_else_changes_things_in_konnect(),
        lives::an_object_is_poisoned(),
        plugins::an_annotation_asks_for_plugins(),
        plugins::a_plugin_has_secrets(),
        plugins::a_binding_asks_for_a_plugin(),
        konnect::a_group_has_members(),
        konnect::a_control_plane_is_a_mirror(),
        konnect::a_network_is_named_by_its_id(),
        lives::everything_is_deleted_at_once(),
        names::ids_are_wiped_from_statuses(),
        names::an_id_belongs_to_somebody_else(),
        names::an_upstream_goes_with_its_targets(),
        secrets::a_client_certificate_comes_and_goes(),
        names::a_route_changes_its_service(),
        lives::the_engine_restarts_in_the_middle(),
        konnect::control_planes_change(),
        policies::services_are_taken_over(),
        policies::what_belongs_to_others_is_not_taken_over(),
        policies::what_was_taken_over_survives_restarts(),
        policies::what_belongs_together_is_taken_over_together(),
        policies::drift_is_left_alone(),
        policies::a_control_plane_says_what_is_done_about_drift(),
        policies::entities_stay_behind(),
        policies::what_stayed_behind_is_taken_over_again(),
        extensions::a_certificate_is_made_for_an_extension(),
        extensions::an_extension_comes_before_all_that_it_needs(),
        extensions::the_certificate_of_an_extension_is_rotated_by_its_user(),
        extensions::the_secret_of_an_extension_is_deleted_by_somebody(),
        extensions::everything_of_an_extension_is_deleted_at_once(),
    ]
}

fn key(kind: Kind, name: &str) -> Key {
    Key::new(kind, NAMESPACE, name)
}

fn edit(kind: Kind, name: &str, patch: Value) -> Act {
    Act::Edit(key(kind, name), patch)
}

/// Credentials and a control plane.
fn base() -> Vec<Value> {
    vec![auth("auth").into(), plane("cp").into()]
}

fn with_base(more: impl IntoIterator<Item = Value>) -> Act {
    apply(base().into_iter().chain(more))
}

fn data(secret: Document<Secret>) -> Value {
    let value: Value = secret.into();
    json!({"stringData": value["stringData"]})
}
