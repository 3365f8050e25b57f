//! Which endpoints a service has, and how much each is worth.

use std::collections::{HashMap, HashSet};

use gateway_types::kubernetes::ServiceType;
use kong_crds::annotations::service::SERVICE_UPSTREAM;
use kong_crds::gateway::EndpointSlice;
use kong_model::entity::Target;

use super::{Resolved, in_dns, weights};
use crate::class_parameters;
use crate::context::Context;
use crate::draft::BackendPort;
use crate::route_annotations::said;

/// What a backend without a weight counts as where weights of one address are added up.
const DEFAULT_WEIGHT: u64 = 100;

/// An address of a backend.
#[derive(Debug)]
struct Endpoint {
    address: String,
    /// Whether it takes no new requests.
    terminating: bool,
}

/// The targets of the backends of a service.
pub(crate) fn of(context: &Context<'_, '_>, backends: &[Resolved<'_>]) -> Vec<Target> {
    let endpoints: Vec<Vec<Endpoint>> = backends
        .iter()
        .map(|backend| endpoints(context, backend))
        .collect();
    let shares: Vec<weights::Backend> = backends
        .iter()
        .zip(&endpoints)
        .map(|(backend, endpoints)| weights::Backend {
            weight: backend
                .weight
                .map(|weight| u64::try_from(weight).unwrap_or_default()),
            endpoints: endpoints.iter().filter(|it| !it.terminating).count() as u64,
        })
        .collect();
    let shares = if context.settings.as_kong_does() {
        weights::divided(&shares)
    } else {
        weights::exact(&shares)
    };
    let mut targets: Vec<Target> = Vec::new();
    let mut places: HashMap<&str, usize> = HashMap::new();
    for (share, endpoints) in shares.into_iter().zip(&endpoints) {
        for endpoint in endpoints {
            let weight = if endpoint.terminating { Some(0) } else { share };
            if let Some(place) = places.get(&*endpoint.address) {
                add(&mut targets[*place], weight);
                continue;
            }
            places.insert(&endpoint.address, targets.len());
            targets.push(Target {
                target: endpoint.address.clone(),
                weight: weight.map(narrow),
                ..Target::default()
            });
        }
    }
    targets
}

/// Adds a weight to that of a target.
fn add(target: &mut Target, weight: Option<u64>) {
    let before = target.weight.map_or(DEFAULT_WEIGHT, u64::from);
    target.weight = Some(narrow(
        before.saturating_add(weight.unwrap_or(DEFAULT_WEIGHT)),
    ));
}

/// A weight that Kong takes.
fn narrow(weight: u64) -> u16 {
    u16::try_from(weight).unwrap_or(u16::MAX)
}

fn endpoints(context: &Context<'_, '_>, backend: &Resolved<'_>) -> Vec<Endpoint> {
    let one = |host: &str| {
        let port = match (&backend.port, backend.service_port()) {
            (_, Some(port)) => Some(port.port),
            // What is outside of the cluster may have ports that its Service says nothing of.
            (BackendPort::Number(number), None) if is_external(backend) => Some(*number),
            _ => None,
        };
        port.map(|port| Endpoint {
            address: format!("{host}:{port}"),
            terminating: false,
        })
    };
    let in_cluster = || in_dns(&backend.service, &context.settings.cluster_domain);
    let external = backend.spec.external_name.as_deref().unwrap_or_default();
    let asked_for_all = class_parameters::of(context).service_upstream == Some(true);
    let external_counts = !asked_for_all || !context.settings.as_kong_does();
    if is_external(backend) && external_counts {
        return one(external).into_iter().collect();
    }
    if asked_for_all || is_upstream(context, backend) {
        return one(&in_cluster()).into_iter().collect();
    }
    of_slices(context, backend)
}

/// Whether a Service stands for a name in DNS.
fn is_external(backend: &Resolved<'_>) -> bool {
    backend.spec.type_ == Some(ServiceType::ExternalName)
}

fn of_slices(context: &Context<'_, '_>, backend: &Resolved<'_>) -> Vec<Endpoint> {
    let Some(port) = backend.service_port() else {
        return Vec::new();
    };
    let mut found: Vec<Endpoint> = Vec::new();
    let mut seen: HashSet<String> = HashSet::new();
    for slice in context.view.slices(&backend.service) {
        let Some((_, slice)) = context.get::<EndpointSlice>(slice) else {
            continue;
        };
        let same_name = |name: &Option<String>| {
            name.as_deref().unwrap_or_default() == port.name.as_deref().unwrap_or_default()
        };
        let Some(number) = slice
            .ports
            .iter()
            .find(|candidate| same_name(&candidate.name))
            .and_then(|port| port.port)
        else {
            continue;
        };
        for endpoint in &slice.endpoints {
            let conditions = endpoint.conditions.as_ref();
            let ready = conditions.and_then(|it| it.ready).unwrap_or(true);
            let terminating = conditions.and_then(|it| it.terminating).unwrap_or(false);
            let drains = terminating && context.settings.drain;
            if !ready && !drains {
                continue;
            }
            let Some(address) = endpoint.addresses.first() else {
                continue;
            };
            let address = if address.contains(':') {
                format!("[{address}]:{number}")
            } else {
                format!("{address}:{number}")
            };
            if seen.insert(address.clone()) {
                found.push(Endpoint {
                    address,
                    terminating: terminating && !ready,
                });
            }
        }
    }
    found
}

/// Whether the Service is its own target, since somebody else balances.
fn is_upstream(context: &Context<'_, '_>, backend: &Resolved<'_>) -> bool {
    let Some((meta, _)) = context.service(&backend.service) else {
        return false;
    };
    let service = super::backends::key_of(&backend.service);
    said(context, &service, meta, &SERVICE_UPSTREAM).unwrap_or(false)
}
