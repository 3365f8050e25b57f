//! The licence of the gateway: that of the newest KongLicense that is switched on.

use std::sync::Arc;

use kong_crds::configuration::v1alpha1::{KongLicense, KongLicenseFields};
use kong_resolve::{Meta, Name};
use serde_json::json;
use uuid::Uuid;

use crate::context::Context;
use crate::document::Members;

/// The KongLicenses that are switched on, the one that counts first.
pub(crate) fn by_rank<'w>(
    context: &Context<'_, 'w>,
) -> Vec<(&'w Name, &'w Meta, &'w Arc<KongLicenseFields>)> {
    let mut licenses = context.all::<KongLicense>();
    licenses.retain(|(_, _, fields)| fields.enabled);
    // Of two that are equally new the one with the smaller name.
    licenses.sort_by(|(one, meta, _), (two, theirs, _)| {
        (theirs.created, one).cmp(&(meta.created, two))
    });
    licenses
}

/// The licence, if there is one.
pub(crate) fn all(context: &Context<'_, '_>) -> Vec<Members> {
    let licenses = by_rank(context);
    let Some((name, _, fields)) = licenses.first() else {
        return Vec::new();
    };
    let id = Uuid::new_v5(
        &Uuid::nil(),
        format!("KongLicense:{}", name.name).as_bytes(),
    );
    let mut license = Members::new();
    license.insert("id".to_owned(), json!(id));
    license.insert(
        "payload".to_owned(),
        json!(fields.raw_license_string.expose()),
    );
    vec![license]
}
