//! BackendTLSPolicies: which one counts for which port of which Service, and whether what it asks for can be had.
//!
//! Start with [`Policies::of`], which judges each once, for services and for statuses. Of several for one target the
//! oldest counts, then the first by name; one that names the port comes before one for the whole Service. One that is
//! not valid has its effect all the same: nothing is sent to a backend that should have been verified and cannot be.

mod authorities;

use std::collections::BTreeMap;
use std::rc::Rc;

use gateway_types::{BackendTLSValidation, SubjectAltNameType};
use kong_crds::Kind;
use kong_crds::annotations::route::HOST_ALIASES;
use kong_crds::gateway::{BackendTLSPolicy, BackendTLSPolicySpec};
use kong_model::entity::TlsNames;
use kong_resolve::{Key, Meta, Name};

use crate::context::{Context, Unresolved, key};
use crate::settings::KongVersion;

pub(crate) use authorities::{add, id_of};

/// The option that says how many certificates may be above that of the backend.
const DEPTH: &str = "tls-verify-depth";

/// All BackendTLSPolicies.
#[derive(Debug, Default)]
pub(crate) struct Policies<'w> {
    list: Vec<Rc<Policy<'w>>>,
    /// Which of them has each Service, or each port of one by its name.
    of_target: BTreeMap<(Name, Option<String>), usize>,
}

/// A BackendTLSPolicy.
#[derive(Debug)]
pub(crate) struct Policy<'w> {
    pub(crate) object: Key,
    pub(crate) meta: &'w Meta,
    pub(crate) spec: &'w BackendTLSPolicySpec,
    /// The Services that it is for, each with the policy that it has lost that target to.
    pub(crate) targets: Vec<(Name, Option<Key>)>,
    /// What it asks for.
    pub(crate) asks: Asks,
}

/// What a policy asks for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Asks {
    /// Certificates of authorities, in PEM.
    pub(crate) authorities: Vec<String>,
    /// Names that the certificate may have.
    pub(crate) names: Option<TlsNames>,
    /// How many certificates may be above it.
    pub(crate) depth: Option<u8>,
    /// References to authorities that lead nowhere.
    pub(crate) unresolved: Vec<Unresolved>,
    /// What Kong has nothing for.
    pub(crate) unsupported: Vec<String>,
}

impl Asks {
    /// Whether it can be had. Of several authorities some may be missing.
    pub(crate) fn is_valid(&self) -> bool {
        self.unsupported.is_empty() && !self.authorities.is_empty()
    }
}

impl<'w> Policies<'w> {
    /// Judges those of a namespace, or all there are; none in the way of Kong's controller, which knows an older version of them only.
    pub(crate) fn of(context: &Context<'_, 'w>, namespace: Option<&str>) -> Self {
        let mut policies = Self::default();
        if context.settings.as_kong_does() {
            return policies;
        }
        let names = context.view.of_kind(Kind::BackendTLSPolicy);
        let names = names.filter(|name| namespace.is_none_or(|it| it == name.namespace()));
        let mut all: Vec<_> = names
            .filter_map(|name| {
                let (meta, spec) = context.one::<BackendTLSPolicy>(name)?;
                Some((name, meta, spec))
            })
            .collect();
        all.sort_by_key(|(name, meta, _)| (meta.created, *name));
        for (name, meta, spec) in all {
            let object = key(Kind::BackendTLSPolicy, name);
            let targets = policies.targets(context, &object, spec);
            let asks = asks(context, &object, spec);
            policies.list.push(Rc::new(Policy {
                object,
                meta,
                spec,
                targets,
                asks,
            }));
        }
        policies
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Policy<'w>> {
        self.list.iter().map(|policy| &**policy)
    }

    /// The policy of a port of a Service.
    pub(crate) fn for_port(&self, service: &Name, port: Option<&str>) -> Option<Rc<Policy<'w>>> {
        if self.list.is_empty() {
            return None;
        }
        let target = |section: Option<&str>| {
            let target = (service.clone(), section.map(str::to_owned));
            self.of_target.get(&target)
        };
        let number = port
            .and_then(|port| target(Some(port)))
            .or_else(|| target(None))?;
        self.list.get(*number).cloned()
    }

    fn targets(
        &mut self,
        context: &Context<'_, 'w>,
        object: &Key,
        spec: &BackendTLSPolicySpec,
    ) -> Vec<(Name, Option<Key>)> {
        let number = self.list.len();
        let mut targets = Vec::new();
        for (at, target) in spec.target_refs.iter().enumerate() {
            let field = format!("spec.targetRefs[{at}]");
            let is_service = matches!(target.group.as_str(), "" | "core")
                && target.kind == Kind::Service.as_str();
            if !is_service {
                context.say(
                    object,
                    field,
                    format!(
                        "{} {} cannot have a BackendTLSPolicy here",
                        target.kind, target.name
                    ),
                    "refer to a Service",
                );
                continue;
            }
            let service = object.name.sibling(None, &target.name);
            let section = target.section_name.clone().filter(|name| !name.is_empty());
            let owner = *self
                .of_target
                .entry((service.clone(), section))
                .or_insert(number);
            let lost_to = (owner != number).then(|| self.list[owner].object.clone());
            if let Some(winner) = &lost_to {
                context.say(
                    object,
                    field,
                    format!(
                        "Multiple BackendTLSPolicies target the same service: {winner} is older and counts for Service \
                         {service}"
                    ),
                    "keep one of them, or name different ports",
                );
            }
            targets.push((service, lost_to));
        }
        targets
    }
}

/// What a policy asks for; what of that cannot be had is told.
fn asks(context: &Context<'_, '_>, object: &Key, spec: &BackendTLSPolicySpec) -> Asks {
    let validation = &spec.validation;
    let mut asks = Asks::default();
    let hostname = validation.hostname.as_str();
    let is_plain = HOST_ALIASES
        .parse(hostname)
        .is_ok_and(|read| read == [hostname]);
    if !is_plain || hostname.contains('*') {
        asks.unsupported
            .push(format!("hostname {hostname:?} is no host name"));
    }
    if validation.well_known_ca_certificates.is_some() {
        asks.unsupported.push(
            "WellKnownCACertificates feature is not currently supported: name the authorities in caCertificateRefs"
                .to_owned(),
        );
    }
    for (at, reference) in validation.ca_certificate_refs.iter().enumerate() {
        let field = format!("spec.validation.caCertificateRefs[{at}]");
        match authorities::read(context, object, &field, reference) {
            Ok(authorities) => asks.authorities.extend(authorities),
            Err(unresolved) => asks.unresolved.push(unresolved),
        }
    }
    asks.names = names(context, validation, &mut asks.unsupported);
    if let Some(depth) = spec.options.get(DEPTH) {
        asks.depth = depth.parse().ok();
        if asks.depth.is_none() {
            context.say(
                object,
                format!("spec.options[{DEPTH}]"),
                format!("\"{depth}\" is no depth; it does not count"),
                "write a whole number from 0 to 64",
            );
        }
    }
    for unresolved in &asks.unresolved {
        unresolved.say(context);
    }
    for unsupported in &asks.unsupported {
        context.say(
            object,
            "spec.validation",
            format!("{unsupported}; requests to its backends fail"),
            "remove it",
        );
    }
    asks
}

/// The names that the certificate of a backend may have instead of the host.
fn names(
    context: &Context<'_, '_>,
    validation: &BackendTLSValidation,
    unsupported: &mut Vec<String>,
) -> Option<TlsNames> {
    if validation.subject_alt_names.is_empty() {
        return None;
    }
    if context.settings.version < KongVersion::TLS_SANS {
        unsupported.push(format!(
            "SubjectAltNames feature is not currently supported with Kong Gateway versions < {}",
            KongVersion::TLS_SANS
        ));
        return None;
    }
    let of = |kind: SubjectAltNameType| {
        let names = validation.subject_alt_names.iter();
        let names = names.filter(|name| name.type_ == kind);
        let names: Vec<String> = names
            .filter_map(|name| match kind {
                SubjectAltNameType::URI => name.uri.clone(),
                _ => name.hostname.clone(),
            })
            .collect();
        (!names.is_empty()).then_some(names)
    };
    Some(TlsNames {
        dnsnames: of(SubjectAltNameType::Hostname),
        uris: of(SubjectAltNameType::URI),
    })
}
