//! Which endpoints a service has, and how much each is worth.

use gateway_types::kubernetes::ServiceType;
use kong_crds::gateway::EndpointSlice;
use kong_crds::annotations::service::SERVICE_UPSTREAM;
use kong_model::entity::Target;

use super::{Resolved, in_dns};
use crate::context::Context;

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
    let mut targets: Vec<Target> = Vec::new();
    for (backend, endpoints) in backends.iter().zip(&endpoints) {
        let active = endpoints.iter().filter(|it| !it.terminating).count() as u64;
        for endpoint in endpoints {
            let weight = backend.weight.map(|weight| {
                let weight = u64::try_from(weight).unwrap_or_default();
                if endpoint.terminating || weight == 0 {
                    0
                } else {
                    (weight / active.max(1)).max(1)
                }
            });
            let weight = if endpoint.terminating { Some(0) } else { weight };
            add(&mut targets, &endpoint.address, weight);
        }
    }
    targets
}

/// Adds a target, or its weight to that of the same address.
fn add(targets: &mut Vec<Target>, address: &str, weight: Option<u64>) {
    let narrow = |weight: u64| u16::try_from(weight).unwrap_or(u16::MAX);
    if let Some(target) = targets.iter_mut().find(|target| target.target == address) {
        let before = target.weight.map_or(DEFAULT_WEIGHT, u64::from);
        target.weight = Some(narrow(before + weight.unwrap_or(DEFAULT_WEIGHT)));
        return;
    }
    targets.push(Target {
        target: address.to_owned(),
        weight: weight.map(narrow),
        ..Target::default()
    });
}

fn endpoints(context: &Context<'_, '_>, backend: &Resolved<'_>) -> Vec<Endpoint> {
    let whole = |address: String| {
        vec![Endpoint {
            address,
            terminating: false,
        }]
    };
    let Some(port) = backend.service_port() else {
        return Vec::new();
    };
    if backend.spec.type_ == Some(ServiceType::ExternalName) {
        let name = backend.spec.external_name.as_deref().unwrap_or_default();
        return whole(format!("{name}:{}", port.port));
    }
    if is_one_target(context, backend) {
        let name = in_dns(&backend.service, &context.settings.cluster_domain);
        return whole(format!("{name}:{}", port.port));
    }
    let mut found: Vec<Endpoint> = Vec::new();
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
            if !ready && !(terminating && context.settings.drain) {
                continue;
            }
            let Some(address) = endpoint.addresses.first() else {
                continue;
            };
            let address = match address.contains(':') {
                true => format!("[{address}]:{number}"),
                false => format!("{address}:{number}"),
            };
            if found.iter().all(|other| other.address != address) {
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
fn is_one_target(context: &Context<'_, '_>, backend: &Resolved<'_>) -> bool {
    let Some((meta, _)) = context.service(&backend.service) else {
        return false;
    };
    SERVICE_UPSTREAM
        .of(&meta.annotations)
        .ok()
        .flatten()
        .unwrap_or(false)
}
