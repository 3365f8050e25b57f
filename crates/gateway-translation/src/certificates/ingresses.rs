//! Certificates that Ingresses ask for.

use std::collections::BTreeSet;

use kong_crds::Kind;
use kong_crds::gateway::Ingress;

use super::Wish;
use crate::class::Class;
use crate::context::{Context, key};

/// What Ingresses ask for, the oldest first. A host goes to whoever names it first.
pub(super) fn wishes(context: &Context<'_, '_>) -> Vec<Wish> {
    let class = Class::of(context);
    let mut taken: BTreeSet<&str> = BTreeSet::new();
    let mut wishes = Vec::new();
    for (name, meta, spec) in context.all::<Ingress>() {
        if !class.has_ingress(meta, spec) {
            continue;
        }
        for (number, tls) in spec.tls.iter().enumerate() {
            let secret = tls.secret_name.as_deref().unwrap_or_default();
            if tls.hosts.is_empty() || secret.is_empty() {
                continue;
            }
            let hosts = if context.settings.as_kong_does() {
                let hosts = tls.hosts.iter().filter(|host| taken.insert(host));
                hosts.cloned().collect()
            } else {
                // The others are told whose the host is.
                tls.hosts.clone()
            };
            wishes.push(Wish {
                secret: name.sibling(None, secret),
                by: key(Kind::Ingress, name),
                field: format!("spec.tls[{number}].secretName"),
                hosts,
            });
        }
    }
    wishes
}
