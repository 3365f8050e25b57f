//! Where the path of an Ingress leads: a port of a Service, or a KongServiceFacade in front of one; and what services
//! and routes are called after it.

use gateway_types::kubernetes::{IngressBackend, ServiceType};
use kong_crds::Kind;
use kong_crds::incubator::v1alpha1::KongServiceFacade;
use kong_model::entity::{Protocol, Service};
use kong_resolve::{Key, Name};

use crate::context::Context;
use crate::draft::{Backend, BackendPort, BackendTarget, Draft, WithoutBackends};
use crate::origin::Provenance;

/// The port of services that have found none.
const DEFAULT_PORT: u16 = 80;
/// What a port is called that is not named.
const IMPLICIT_PORT: &str = "implicitPort";

/// Where a path leads.
#[derive(Clone, Debug)]
pub(super) struct Destination {
    /// The name of the Service or KongServiceFacade.
    name: Name,
    /// The port as names have it; none of a KongServiceFacade, which has but one.
    port_name: Option<String>,
    target: BackendTarget,
    port: BackendPort,
}

/// Why a backend leads nowhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Nowhere {
    /// What is wrong.
    pub(super) message: String,
    /// What to do about it.
    pub(super) remedy: &'static str,
}

impl Destination {
    /// Where a backend of an Ingress leads.
    pub(super) fn of(
        context: &Context<'_, '_>,
        ingress: &Key,
        backend: &IngressBackend,
    ) -> Result<Self, Nowhere> {
        let nowhere = |message: String, remedy| Err(Nowhere { message, remedy });
        if let Some(service) = &backend.service {
            let name = ingress.name.sibling(None, &service.name);
            let port = service.port.clone().unwrap_or_default();
            let port = match (port.name.filter(|name| !name.is_empty()), port.number) {
                (Some(name), _) => BackendPort::Name(name),
                (None, Some(number)) if number != 0 => BackendPort::Number(number),
                (None, _) => BackendPort::None,
            };
            return Ok(Self {
                port_name: Some(match &port {
                    BackendPort::Number(number) => number.to_string(),
                    BackendPort::Name(name) => name.clone(),
                    BackendPort::None => IMPLICIT_PORT.to_owned(),
                }),
                port: found(context, &name, port),
                target: BackendTarget::Service(name.clone()),
                name,
            });
        }
        let Some(resource) = &backend.resource else {
            return nowhere(
                "no Service or Resource specified for Ingress path".to_owned(),
                "name a Service and its port",
            );
        };
        let group = resource.api_group.as_deref();
        let kind = Kind::KongServiceFacade;
        if group != Some(kind.group()) || resource.kind != kind.as_str() {
            let group = group.map(|group| format!("{group}/")).unwrap_or_default();
            return nowhere(
                format!("unknown resource type {group}{}", resource.kind),
                "name a Service, or a KongServiceFacade",
            );
        }
        if !context.settings.features.service_facades {
            return nowhere(
                "KongServiceFacade is not enabled, please set the \"KongServiceFacade\" feature gate to 'true' to \
                 enable it"
                    .to_owned(),
                "switch the feature on, or name a Service",
            );
        }
        let name = ingress.name.sibling(None, &resource.name);
        let Some((_, facade)) = context.get::<KongServiceFacade>(&name) else {
            return nowhere(
                format!(
                    "failed to get KongServiceFacade \"{}\": there is none",
                    resource.name
                ),
                "create it, or correct the name",
            );
        };
        Ok(Self {
            port_name: None,
            target: BackendTarget::Facade(name.clone()),
            port: BackendPort::Number(facade.backend_ref.port),
            name,
        })
    }

    /// The name of the Kong service.
    pub(super) fn service_name(&self) -> String {
        let Self { name, .. } = self;
        match &self.port_name {
            Some(port) => format!("{}.{}.{port}", name.namespace(), name.name),
            None => format!("{}.{}.svc.facade", name.namespace(), name.name),
        }
    }

    /// The name of the Kong route of an Ingress for a host.
    pub(super) fn route_name(&self, ingress: &Name, host: &str) -> String {
        let (namespace, ingress) = (ingress.namespace(), &ingress.name);
        let host = host.replace('*', "_");
        let name = &self.name.name;
        match &self.port_name {
            Some(port) => format!("{namespace}.{ingress}.{name}.{host}.{port}"),
            None => format!("{namespace}.{ingress}.{host}.{name}.svc.facade"),
        }
    }

    /// The service without routes.
    pub(super) fn draft(
        &self,
        context: &Context<'_, '_>,
        ingress: &Key,
        field: String,
        path: Option<String>,
    ) -> Draft {
        let service = self.service_name();
        let Self { name, .. } = self;
        let host = match &self.port_name {
            Some(port) => format!("{}.{}.{port}.svc", name.name, name.namespace()),
            None => service.clone(),
        };
        Draft {
            service: Service {
                name: Some(service),
                host,
                port: Some(self.port_number(context).unwrap_or(DEFAULT_PORT)),
                protocol: Some(Protocol::Http),
                path,
                ..Service::default()
            },
            parents: vec![ingress.clone()],
            backends: vec![Backend {
                referrer: ingress.clone(),
                field,
                target: self.target.clone(),
                port: self.port.clone(),
                weight: None,
            }],
            routes: Vec::new(),
            plugins: Vec::new(),
            without_backends: WithoutBackends::Stays,
            from: vec![Provenance::of(ingress, None)],
        }
    }

    /// The number of the port, if the Service has it.
    fn port_number(&self, context: &Context<'_, '_>) -> Option<u16> {
        let service = match &self.target {
            BackendTarget::Facade(facade) => {
                let (_, facade) = context.get::<KongServiceFacade>(facade)?;
                self.name.sibling(None, &facade.backend_ref.name)
            }
            BackendTarget::Service(_) | BackendTarget::Unsupported { .. } => self.name.clone(),
        };
        let (_, spec) = context.service(&service)?;
        let external = spec.type_ == Some(ServiceType::ExternalName);
        let number = match &self.port {
            BackendPort::Number(number) if external => Some(*number),
            BackendPort::Number(number) => {
                let mut ports = spec.ports.iter().map(|it| it.port);
                ports.find(|port| port == number)
            }
            BackendPort::Name(name) => {
                let mut ports = spec.ports.iter();
                ports
                    .find(|port| port.name.as_ref() == Some(name))
                    .map(|it| it.port)
            }
            BackendPort::None => None,
        };
        number.and_then(|number| u16::try_from(number).ok())
    }
}

/// The port that is meant: where none is named, the only one that the Service has.
fn found(context: &Context<'_, '_>, service: &Name, port: BackendPort) -> BackendPort {
    if port != BackendPort::None {
        return port;
    }
    match context
        .service(service)
        .map(|(_, spec)| spec.ports.as_slice())
    {
        Some([only]) => BackendPort::Number(only.port),
        Some(_) | None => BackendPort::None,
    }
}
