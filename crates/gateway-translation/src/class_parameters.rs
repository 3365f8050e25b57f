//! What the ingress class that is looked after says of all its Ingresses and of Services.

use kong_crds::Kind;
use kong_crds::configuration::v1alpha1::{IngressClassParameters, IngressClassParametersSpec};
use kong_crds::gateway::IngressClass;
use kong_resolve::Name;

use crate::context::Context;

/// The parameters of the class, or what they are by default.
pub(crate) fn of(context: &Context<'_, '_>) -> IngressClassParametersSpec {
    named(context).unwrap_or_default()
}

fn named(context: &Context<'_, '_>) -> Option<IngressClassParametersSpec> {
    let class = Name {
        namespace: None,
        name: context.settings.ingress_class.as_str().into(),
    };
    let (_, class) = context.get::<IngressClass>(&class)?;
    let reference = class.parameters.as_ref()?;
    let is_ours = reference.api_group.as_deref() == Some(Kind::IngressClassParameters.group())
        && reference.kind == Kind::IngressClassParameters.as_str()
        && reference.scope.as_deref() == Some("Namespace");
    if !is_ours {
        return None;
    }
    let name = Name::new(reference.namespace.as_deref()?, &reference.name);
    let (_, parameters) = context.get::<IngressClassParameters>(&name)?;
    Some(parameters.as_ref().clone())
}
