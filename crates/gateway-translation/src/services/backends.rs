//! From what a route calls its backend to the Service behind it.

use gateway_types::kubernetes::{ServicePort, ServiceSpec, ServiceType};
use kong_crds::Kind;
use kong_crds::incubator::v1alpha1::KongServiceFacade;
use kong_resolve::{Key, Meta, Name};

use super::app_protocol;
use crate::context::{Context, Unresolved, key};
use crate::draft::{Backend, BackendPort, BackendTarget};

/// The reason in conditions for what is not there.
const NOT_FOUND: &str = "BackendNotFound";

/// A backend whose Service is there.
#[derive(Clone, Debug)]
pub(crate) struct Resolved<'w> {
    /// The object whose annotations count: the Service, or the KongServiceFacade in front of it.
    pub(crate) object: Key,
    /// Its metadata.
    pub(crate) meta: &'w Meta,
    /// The Service.
    pub(crate) service: Name,
    /// What it is.
    pub(crate) spec: &'w ServiceSpec,
    /// The port of it, as written.
    pub(crate) port: BackendPort,
    /// Its weight, as written.
    pub(crate) weight: Option<i64>,
}

impl<'w> Resolved<'w> {
    /// The port as a number, if it was written as one and the Service has it.
    pub(crate) fn port_number(&self) -> Option<u16> {
        let is_external = self.spec.type_ == Some(ServiceType::ExternalName);
        match (&self.port, self.service_port()) {
            (BackendPort::Number(number), Some(_)) => u16::try_from(*number).ok(),
            (BackendPort::Number(number), None) if is_external => u16::try_from(*number).ok(),
            _ => None,
        }
    }

    /// What is wrong with the port, if anything is.
    fn missing_port(&self) -> Option<String> {
        let is_external = self.spec.type_ == Some(ServiceType::ExternalName);
        match (&self.port, self.service_port()) {
            (_, Some(_)) => None,
            (BackendPort::Number(_), None) if is_external => None,
            (BackendPort::Number(number), None) => Some(format!("has no port {number}")),
            (BackendPort::Name(name), None) => Some(format!("has no port \"{name}\"")),
            (BackendPort::None, None) => Some("is referred to without a port".to_owned()),
        }
    }

    /// The port of the Service.
    pub(crate) fn service_port(&self) -> Option<&'w ServicePort> {
        self.spec.ports.iter().find(|port| match &self.port {
            BackendPort::Number(number) => port.port == *number,
            BackendPort::Name(name) => port.name.as_ref() == Some(name),
            BackendPort::None => false,
        })
    }
}

/// The key of a Service.
pub(crate) fn key_of(service: &Name) -> Key {
    key(Kind::Service, service)
}

/// The Service behind a backend; `None`, and a problem, if there is none or nobody permits to use it.
pub(crate) fn resolve<'w>(context: &Context<'_, 'w>, backend: &Backend) -> Option<Resolved<'w>> {
    match look(context, backend) {
        Ok(resolved) => Some(resolved),
        Err(unresolved) => {
            unresolved.say(context);
            None
        }
    }
}

/// The Service behind a backend, or why it cannot be used.
pub(crate) fn look<'w>(
    context: &Context<'_, 'w>,
    backend: &Backend,
) -> Result<Resolved<'w>, Unresolved> {
    let unresolved = |reason, message: String, remedy: &str| Unresolved {
        object: backend.referrer.clone(),
        reason,
        field: backend.field.clone(),
        message,
        remedy: remedy.into(),
    };
    match &backend.target {
        BackendTarget::Service(service) => {
            let object = key(Kind::Service, service);
            let is_of_gateway_api = backend.referrer.kind != Kind::Ingress;
            if is_of_gateway_api
                && !context
                    .view
                    .permission_of_routes(&backend.referrer, &object)
                    .is_given()
            {
                let message = format!(
                    "{service} is in a different namespace than the {} (namespace {}) and no ReferenceGrant allowing \
                     reference is configured",
                    backend.referrer.kind,
                    backend.referrer.name.namespace(),
                );
                let remedy = kong_resolve::grants::remedy_of_routes(&backend.referrer, &object);
                return Err(unresolved("RefNotPermitted", message, &remedy));
            }
            let (meta, spec) = context.service(service).ok_or_else(|| {
                unresolved(
                    NOT_FOUND,
                    format!("target {service} of type Service does not exist"),
                    "create the Service or correct the name",
                )
            })?;
            let resolved = Resolved {
                object,
                meta,
                service: service.clone(),
                spec,
                port: backend.port.clone(),
                weight: backend.weight,
            };
            if let Some(problem) = resolved.missing_port()
                && !context.settings.as_kong_does()
            {
                return Err(Unresolved {
                    field: format!("{}.port", backend.field),
                    ..unresolved(
                        NOT_FOUND,
                        format!("target {service} of type Service {problem}"),
                        "refer to one of its ports",
                    )
                });
            }
            let port = resolved.service_port();
            let route = backend.referrer.kind;
            if let Some(asked) = app_protocol::unsupported(context, route, meta, port) {
                return Err(Unresolved {
                    field: format!("{}.port", backend.field),
                    ..unresolved(
                        "UnsupportedProtocol",
                        format!(
                            "target {service} of type Service wants appProtocol {asked}, which Kong does not speak to \
                             backends of a {route}"
                        ),
                        "refer to a port with another appProtocol, or say by konghq.com/protocol of the Service how to \
                         speak to it",
                    )
                });
            }
            Ok(resolved)
        }
        BackendTarget::Facade(facade) => {
            let object = key(Kind::KongServiceFacade, facade);
            let (meta, spec) = context.get::<KongServiceFacade>(facade).ok_or_else(|| {
                unresolved(
                    NOT_FOUND,
                    format!("target {facade} of type KongServiceFacade does not exist"),
                    "create the KongServiceFacade or correct the name",
                )
            })?;
            let service = facade.sibling(None, &spec.backend_ref.name);
            let (_, service_spec) = context.service(&service).ok_or_else(|| Unresolved {
                object: object.clone(),
                field: "spec.backendRef".to_owned(),
                ..unresolved(
                    NOT_FOUND,
                    format!("target {service} of type Service does not exist"),
                    "create the Service or correct the name",
                )
            })?;
            Ok(Resolved {
                object,
                meta,
                service,
                spec: service_spec,
                port: BackendPort::Number(spec.backend_ref.port),
                weight: backend.weight,
            })
        }
        BackendTarget::Unsupported { group, kind, name } => Err(unresolved(
            "InvalidKind",
            format!("{kind} {name} of group \"{group}\" cannot be a backend"),
            "refer to a Service",
        )),
    }
}
