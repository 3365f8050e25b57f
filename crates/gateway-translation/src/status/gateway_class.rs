//! Statuses of GatewayClasses: whether what they refer to can be their parameters.
//!
//! Whether a GatewayConfiguration is there is not known here; who reads those has to say that.

use kong_crds::Kind;
use kong_crds::gateway::{GatewayClass, GatewayClassSpec};
use serde_json::Value;

use super::conditions::{self, ACCEPTED, Condition};
use super::{Statuses, before};
use crate::context::{Context, key};
use crate::listeners;

/// What parameters have to be.
const PARAMETERS: (&str, &str) = ("gateway-operator.konghq.com", "GatewayConfiguration");

pub(super) fn put(context: &Context<'_, '_>, statuses: &mut Statuses) {
    for (name, meta, spec) in context.all::<GatewayClass>() {
        if listeners::is_ours(context, &name.name) != Some(true) {
            continue;
        }
        let object = key(Kind::GatewayClass, name);
        let mut status = before::<GatewayClass>(context, &object);
        let said = [accepted(spec)];
        let conditions = conditions::merged(
            status.get("conditions"),
            &said,
            &[ACCEPTED],
            meta.generation,
        );
        status.insert("conditions".to_owned(), Value::Array(conditions));
        statuses.statuses.insert(object, Value::Object(status));
    }
}

fn accepted(spec: &GatewayClassSpec) -> Condition {
    let mut wrong = Vec::new();
    if let Some(reference) = &spec.parameters_ref {
        let (group, kind) = PARAMETERS;
        if reference.group != group || reference.kind != kind {
            wrong.push(format!("ParametersRef must reference a {group}/{kind}"));
        }
        if reference
            .namespace
            .as_deref()
            .unwrap_or_default()
            .is_empty()
        {
            wrong.push("ParametersRef must reference a namespaced resource".to_owned());
        }
    }
    if wrong.is_empty() {
        Condition::holds(ACCEPTED, ACCEPTED, "GatewayClass is accepted")
    } else {
        Condition::fails(ACCEPTED, "InvalidParameters", wrong.join(". "))
    }
}

/// Why a reference of a Gateway to parameters cannot be one, if so.
pub(super) fn wrong_parameters(group: &str, kind: &str) -> Option<String> {
    if (group, kind) == PARAMETERS {
        return None;
    }
    let (right_group, right_kind) = PARAMETERS;
    Some(format!(
        "invalid parametersRef: only {right_group}/{right_kind} is supported, got {group}/{kind}"
    ))
}
