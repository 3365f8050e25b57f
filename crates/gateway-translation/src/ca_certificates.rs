//! Certificates of authorities: Secrets and ConfigMaps with a label.
//!
//! Such an object holds an `id`, and the certificate under `cert` or `ca.crt`.

use std::collections::{BTreeMap, BTreeSet};

use kong_crds::Kind;
use kong_crds::gateway::ConfigMap;
use kong_crds::kubernetes::Secret;
use kong_crds::names::CA_CERTIFICATE_LABEL;
use kong_model::entity::Service;
use kong_resolve::{Key, Meta, Name};
use serde_json::json;

use crate::acceptance::refusal;
use crate::context::{Context, key};
use crate::document::Members;
use crate::origin;

/// A certificate of an authority.
struct Authority {
    object: Key,
    id: String,
    certificate: String,
    tags: Vec<String>,
}

/// The certificates, the last first.
pub(crate) fn all(context: &Context<'_, '_>) -> Vec<Members> {
    let mut authorities = winners(context);
    authorities.sort_by(|one, two| (&two.certificate, &two.id).cmp(&(&one.certificate, &one.id)));
    let members = |authority: Authority| {
        let mut members = Members::new();
        members.insert("id".to_owned(), json!(authority.id));
        members.insert("cert".to_owned(), json!(authority.certificate));
        members.insert("tags".to_owned(), json!(authority.tags));
        let refusal = refusal(context, "ca_certificates", &members);
        if let Some((member, reason, remedy)) = refusal {
            let message = format!("invalid secret CA certificate: {member}: {reason}");
            context.say(&authority.object, "data", message, remedy);
            return None;
        }
        Some(members)
    };
    authorities.into_iter().filter_map(members).collect()
}

/// The ids of certificates.
pub(crate) fn ids(certificates: &[Members]) -> BTreeSet<String> {
    let ids = certificates
        .iter()
        .filter_map(|one| one.get("id")?.as_str());
    ids.map(str::to_owned).collect()
}

/// Of the objects with one id the oldest.
fn winners(context: &Context<'_, '_>) -> Vec<Authority> {
    let mut sources = labelled(context);
    sources.sort_by(|one, two| one.age().cmp(&two.age()));
    let mut taken: BTreeMap<String, Key> = BTreeMap::new();
    let mut authorities = Vec::new();
    for source in sources {
        let Some(id) = source.id else {
            context.say(
                &source.object,
                "data",
                "invalid secret CA certificate: missing 'id' field in data",
                "add an id, which is a UUID",
            );
            continue;
        };
        if let Some(winner) = taken.get(&id) {
            context.say(
                &source.object,
                "data.id",
                format!(
                    "invalid secret CA certificate: duplicate 'id' field in multiple objects; {winner} is older and \
                     keeps it"
                ),
                "give it an id of its own",
            );
            continue;
        }
        let checked = check(source.certificate.as_deref());
        // Kong's controller lets one that cannot be used keep others away.
        if checked.is_ok() || context.settings.as_kong_does() {
            taken.insert(id.clone(), source.object.clone());
        }
        match checked {
            Ok(certificate) => authorities.push(Authority {
                object: source.object.clone(),
                id,
                certificate,
                tags: origin::tags(&source.object, source.meta, &[]),
            }),
            Err(reason) => context.say(
                &source.object,
                "data",
                format!("invalid secret CA certificate: {reason}"),
                "put the certificate of one authority, in PEM, under cert or ca.crt",
            ),
        }
    }
    authorities
}

/// A certificate as Kong takes it: one block, with an end of line.
fn check(certificate: Option<&str>) -> Result<String, String> {
    let certificate =
        certificate.ok_or_else(|| "neither \"cert\" nor \"ca.crt\" key exist".to_owned())?;
    kong_router::check_authority(certificate).map_err(|problem| problem.to_string())?;
    Ok(format!("{}\n", certificate.trim()))
}

/// An object that holds a certificate.
struct Source<'w> {
    object: Key,
    meta: &'w Meta,
    id: Option<String>,
    certificate: Option<String>,
}

impl<'w> Source<'w> {
    fn of_secret(context: &Context<'_, 'w>, name: &Name) -> Option<Self> {
        let (meta, _) = context.get::<Secret>(name)?;
        let value = |key: &str| {
            let value = context.secret_text(name, key)?;
            Some(value.expose().to_owned())
        };
        Some(Self {
            object: key(Kind::Secret, name),
            meta,
            id: value("id"),
            certificate: value("cert").or_else(|| value("ca.crt")),
        })
    }

    fn of_config_map(context: &Context<'_, 'w>, name: &Name) -> Option<Self> {
        let (meta, spec) = context.get::<ConfigMap>(name)?;
        Some(Self {
            object: key(Kind::ConfigMap, name),
            meta,
            id: spec.data.get("id").cloned(),
            certificate: spec
                .data
                .get("cert")
                .or_else(|| spec.data.get("ca.crt"))
                .cloned(),
        })
    }

    fn read(context: &Context<'_, 'w>, object: &Key) -> Option<Self> {
        match object.kind {
            Kind::Secret => Self::of_secret(context, &object.name),
            _ => Self::of_config_map(context, &object.name),
        }
    }

    /// Who comes first.
    fn age(&self) -> (i64, &Name, Kind) {
        (self.meta.created, &self.object.name, self.object.kind)
    }
}

/// The objects with the label.
fn labelled<'w>(context: &Context<'_, 'w>) -> Vec<Source<'w>> {
    let is_labelled = |object: &Key| {
        let meta = context.view.meta(object);
        meta.is_some_and(|meta| meta.label(CA_CERTIFICATE_LABEL) == Some("true"))
    };
    let objects = |kind: Kind| {
        let names = context.view.of_kind(kind);
        names.map(move |name| key(kind, name)).filter(is_labelled)
    };
    objects(Kind::Secret)
        .chain(objects(Kind::ConfigMap))
        .filter_map(|object| Source::read(context, &object))
        .collect()
}

/// Takes from a service the authorities that there are not: Kong would refuse the whole document. `known` are the ids of
/// those that there are.
pub(crate) fn keep_known(known: &BTreeSet<String>, service: &mut Service) {
    let wanted = &mut service.ca_certificates;
    if let Some(ids) = wanted {
        ids.retain(|id| known.contains(id));
    }
    // What the gateway itself trusts decides then.
    if wanted.as_ref().is_some_and(Vec::is_empty) {
        *wanted = None;
    }
}
