//! Finalizers, and objects that go.

use super::Row;

pub(super) const ROWS: &[Row] = &[
    // Finalizers.
    Row::new(
        "*",
        "finalizers",
        "*-in-use*",
        "absent",
        "Nothing is written to an object in another namespace without a grant.",
    )
    .beside("elsewhere * False RefNotPermitted *"),
    Row::new(
        "KongPlugin",
        "finalizers",
        "gateway.konghq.com/plugin-in-use",
        "absent",
        "A plugin is not in use by what is gone.",
    )
    .beside("elsewhere theirs * being deleted, finalizers *cleanup-plugin-binding*"),
    Row::new(
        "KongPlugin",
        "finalizers",
        "gateway.konghq.com/plugin-in-use",
        "absent",
        "A plugin is not in use by a binding that names a KongClusterPlugin.",
    )
    .beside("elsewhere ours KongPluginBinding * PluginRefValid False Invalid \"KongClusterPlugin *")
    .expected(),
    Row::new(
        "KongPlugin",
        "finalizers",
        "absent",
        "gateway.konghq.com/plugin-in-use",
        "A KongPlugin in another namespace is in use too, as long as a grant permits it.",
    ),
    Row::new(
        "Kong*",
        "finalizers",
        "gateway.konghq.com/cleanup-plugin-binding",
        "absent",
        "There is no binding to clean up; the cleanup finalizer of the object covers its plugins.",
    ),
    Row::new(
        "Kong*",
        "finalizers",
        "gateway.konghq.com/konnect-cleanup",
        "absent",
        "There is nothing to clean up before anything can be created.",
    )
    .beside("ours Programmed False ConditionWithStatusFalseExists *")
    .expected(),
    Row::new(
        "Kong*",
        "finalizers",
        "absent",
        "gateway.konghq.com/konnect-cleanup",
        "The finalizer stays while the entity does; without it Kong's operator leaves the entity behind.",
    )
    .beside("theirs *RefValid False Invalid \"*not found*")
    .expected(),
    // Objects.
    Row::new(
        "*",
        "object",
        "being deleted",
        "gone",
        "A deletion does not ask for grants again; without one Kong's operator leaves the object terminating for ever.",
    )
    .beside("theirs * False RefNotPermitted *"),
    Row::new(
        "Kong*",
        "object",
        "being deleted",
        "gone",
        "Kong's operator leaves the target of a plugin terminating until the next sync of the binding fails; ours goes at once, its plugins first.",
    )
    .beside("theirs being deleted, finalizers *cleanup-plugin-binding*"),
    Row::new(
        "Kon*",
        "object",
        "being deleted",
        "gone",
        "Kong's operator does not look at a token again once its configuration is being deleted.",
    )
    .beside("theirs APIAuthValid False *")
    .expected(),
    Row::new(
        "Ko*",
        "object",
        "gone",
        "being deleted",
        "A certificate or a config store that is in use waits for those that use it.",
    )
    .beside("ours Programmed False KonnectAPIOpFailed \"* still refers to it*")
    .expected(),
    Row::new(
        "KongPluginBinding",
        "object",
        "made by the operator",
        "gone",
        "A plugin in the annotation `konghq.com/plugins` goes straight to Konnect; no KongPluginBinding is written to the cluster.",
    ),
    Row::new(
        "KongCredential*",
        "object",
        "made by the operator",
        "gone",
        "A credential in a Secret that a consumer lists goes straight to Konnect; nothing secret is written into an object.",
    ),
];
