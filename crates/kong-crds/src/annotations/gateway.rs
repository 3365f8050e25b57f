//! Annotations of Gateways, GatewayClasses and of the objects that run gateways.

use std::collections::BTreeMap;

use super::{Annotation, values};

/// On a Gateway: whether the objects that are made for it have names without a random part.
pub const STATIC_NAMING: Annotation<bool> =
    Annotation::new("gateway-operator.konghq.com/static-naming", values::flag);
/// On a DataPlane: whether a new version takes over as soon as it is ready.
pub const PROMOTE_WHEN_READY: Annotation<bool> = Annotation::new(
    "gateway-operator.konghq.com/promote-when-ready",
    values::flag,
);
/// On a DataPlane: labels of the pods that its Services lead to, in place of its own.
pub const SERVICE_SELECTOR_OVERRIDE: Annotation<BTreeMap<String, String>> = Annotation::new(
    "gateway-operator.konghq.com/service-selector-override",
    values::labels,
);
/// On a GatewayClass: its Gateways are run by somebody else.
pub const UNMANAGED: Annotation<String> =
    Annotation::new("konghq.com/gatewayclass-unmanaged", values::any_text);
/// On a Gateway that somebody else runs: the Services at which it is reached, `namespace/name`.
pub const PUBLISH_SERVICE: Annotation<Vec<String>> =
    Annotation::new("konghq.com/publish-service", values::list);
/// Which instance of the controller looks after the object.
pub const INSTANCE_ID: Annotation<String> =
    Annotation::new("konghq.com/instance-id", values::any_text);
