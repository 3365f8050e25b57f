//! The authorities that BackendTLSPolicies refer to, as entities: unlike others they have neither a label nor an id of
//! their own, so that the id follows from the certificate.

use std::collections::{BTreeMap, BTreeSet};

use gateway_types::LocalObjectReference;
use kong_crds::gateway::ConfigMap;
use kong_crds::kubernetes::Secret;
use kong_resolve::Key;
use serde_json::json;

use crate::acceptance::refusal;
use crate::context::{Context, Unresolved};
use crate::document::Members;
use crate::origin;

/// The key under which certificates of authorities are.
const CA: &str = "ca.crt";
/// What a certificate in PEM ends with.
const END: &str = "-----END CERTIFICATE-----";

/// The certificates that a reference is to, each by itself.
pub(super) fn read(
    context: &Context<'_, '_>,
    policy: &Key,
    field: &str,
    reference: &LocalObjectReference,
) -> Result<Vec<String>, Unresolved> {
    let unresolved = |reason, message: String, remedy: &str| Unresolved {
        object: policy.clone(),
        reason,
        field: field.to_owned(),
        message,
        remedy: remedy.into(),
    };
    let name = policy.name.sibling(None, &reference.name);
    let is_core = matches!(reference.group.as_str(), "" | "core");
    let text = match (is_core, reference.kind.as_str()) {
        (true, "ConfigMap") => {
            let map = context.get::<ConfigMap>(&name);
            map.map(|(_, map)| map.data.get(CA).cloned())
        }
        (true, "Secret") => context.get::<Secret>(&name).map(|_| {
            let text = context.secret_text(&name, CA)?;
            Some(text.expose().to_owned())
        }),
        _ => {
            return Err(unresolved(
                "InvalidKind",
                "CACertificateRefs must reference ConfigMaps or Secrets in the core group"
                    .to_owned(),
                "refer to a ConfigMap",
            ));
        }
    };
    let kind = &reference.kind;
    let failed = |why: &str| {
        unresolved(
            "InvalidCACertificateRef",
            format!("failed getting {kind} {name} set as CACertificateRef: {why}"),
            "put certificates of authorities, in PEM, under ca.crt",
        )
    };
    let text = text
        .ok_or_else(|| failed("it does not exist"))?
        .ok_or_else(|| failed("it has no key ca.crt"))?;
    let blocks: Vec<String> = text
        .split_inclusive(END)
        .map(str::trim)
        .filter(|block| !block.is_empty())
        .map(|block| format!("{block}\n"))
        .collect();
    if blocks.is_empty() {
        return Err(failed("it is empty"));
    }
    for block in &blocks {
        kong_router::check_authority(block).map_err(|problem| failed(&problem.to_string()))?;
    }
    Ok(blocks)
}

/// The id of a certificate.
pub(crate) fn id_of(certificate: &str) -> String {
    origin::id("ca_certificates", certificate).to_string()
}

/// Adds the authorities of policies to the others. Kong takes no certificate twice: gives the ids under which those are
/// that are there already.
pub(crate) fn add(
    context: &Context<'_, '_>,
    certificates: &mut Vec<Members>,
) -> BTreeMap<String, String> {
    let mut others: BTreeMap<String, String> = BTreeMap::new();
    let mut known: BTreeMap<String, String> = BTreeMap::new();
    for members in certificates.iter() {
        let text = |member: &str| Some(members.get(member)?.as_str()?.trim().to_owned());
        if let (Some(certificate), Some(id)) = (text("cert"), text("id")) {
            known.insert(certificate, id);
        }
    }
    let mut added: BTreeSet<String> = BTreeSet::new();
    for policy in context.backend_tls(None).iter() {
        for certificate in &policy.asks.authorities {
            let id = id_of(certificate);
            if let Some(other) = known.get(certificate.trim()) {
                others.insert(id, other.clone());
                continue;
            }
            if !added.insert(id.clone()) {
                continue;
            }
            let mut members = Members::new();
            members.insert("id".to_owned(), json!(id));
            members.insert("cert".to_owned(), json!(certificate));
            let tags = origin::tags(&policy.object, policy.meta, &[]);
            members.insert("tags".to_owned(), json!(tags));
            match refusal(context, "ca_certificates", &members) {
                None => certificates.push(members),
                Some((member, reason, remedy)) => context.say(
                    &policy.object,
                    "spec.validation.caCertificateRefs",
                    format!("an authority is left out: {member}: {reason}"),
                    remedy,
                ),
            }
        }
    }
    let place = |members: &Members| {
        let text = |member: &str| {
            members
                .get(member)
                .and_then(|it| it.as_str())
                .map(str::to_owned)
        };
        (text("cert"), text("id"))
    };
    certificates.sort_by_cached_key(|members| std::cmp::Reverse(place(members)));
    others
}
