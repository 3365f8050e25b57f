//! Finalizers, annotations and labels that objects carry: names shared with Kong's operator, and
//! our own under `konduit/`.

/// On every object that has an entity in Konnect: the entity goes first.
pub const KONNECT_CLEANUP_FINALIZER: &str = "gateway.konghq.com/konnect-cleanup";
/// On a KonnectAPIAuthConfiguration that something refers to.
pub const API_AUTH_IN_USE_FINALIZER: &str = "konnect.konghq.com/konnectapiauth-in-use";
/// On the Secret that holds the token of a KonnectAPIAuthConfiguration.
pub const TOKEN_SECRET_IN_USE_FINALIZER: &str =
    "gateway.konghq.com/secret-in-use-by-konnect-resource";
/// On the Secret with the certificate of a KonnectExtension.
pub const CERTIFICATE_SECRET_IN_USE_FINALIZER: &str = "gateway.konghq.com/secret-in-use";
/// On a KongPlugin that an annotation or a binding refers to.
pub const PLUGIN_IN_USE_FINALIZER: &str = "gateway.konghq.com/plugin-in-use";
/// On a service or a route whose annotation names plugins, while Kong's operator has a KongPluginBinding
/// for it. The clean-up finalizer of the object covers its plugins here.
pub const CLEANUP_PLUGIN_BINDING_FINALIZER: &str = "gateway.konghq.com/cleanup-plugin-binding";

/// Plugins of a service, route, ...: names of KongPlugins, separated by commas.
pub const PLUGINS_ANNOTATION: &str = "konghq.com/plugins";
/// Tags to add to the entities of the object, separated by commas.
pub const TAGS_ANNOTATION: &str = "konghq.com/tags";
/// `retain` keeps the entity in Konnect when its object is deleted; `delete`, which is the default, does not.
pub const DELETION_POLICY_ANNOTATION: &str = "konduit/deletion-policy";
/// What is to become of an entity that somebody else changed or deleted: `enforce`, `warn` or `ignore`.
/// On a control plane it is also for what is in it and says nothing itself.
pub const DRIFT_ANNOTATION: &str = "konduit/drift";
/// What the version that an object is stored or served in has no fields for (see
/// [`conversion`](crate::conversion)).
pub const CONVERSION_DATA_ANNOTATION: &str = "konduit/conversion-data";

/// Until when the certificate in a Secret is good, if an operator made it.
pub const CERTIFICATE_EXPIRY_ANNOTATION: &str = "konghq.com/cert-expires-at";
/// On Secrets with the certificate of a KonnectExtension.
pub const DATA_PLANE_CERTIFICATE_LABEL: &str = "konghq.com/konnect-dp-cert";
/// On such Secrets that an operator made: `automatic`.
pub const SECRET_PROVISIONING_LABEL: &str = "gateway.konghq.com/secret-provisioning";

/// On Secrets: which sort of credential they hold; `konnect` for API tokens.
pub const CREDENTIAL_LABEL: &str = "konghq.com/credential";
/// On Secrets that Kong's operator and we read.
pub const SECRET_LABEL: &str = "konghq.com/secret";
/// On ConfigMaps that Kong's operator and we read.
pub const CONFIG_MAP_LABEL: &str = "konghq.com/configmap";
/// On Secrets and ConfigMaps with the certificate of an authority.
pub const CA_CERTIFICATE_LABEL: &str = "konghq.com/ca-cert";
/// On Secrets that are to be checked when they change; `plugin` for the configuration of a plugin.
pub const VALIDATE_LABEL: &str = "konghq.com/validate";
/// On KongClusterPlugins that are for everything.
pub const GLOBAL_LABEL: &str = "global";
/// On objects that Kong's operator made from objects of another kind.
pub const MANAGED_BY_LABEL: &str = "gateway-operator.konghq.com/managed-by";
/// The name of the object that they were made from.
pub const MANAGED_BY_NAME_LABEL: &str = "gateway-operator.konghq.com/managed-by-name";
/// Its namespace.
pub const MANAGED_BY_NAMESPACE_LABEL: &str = "gateway-operator.konghq.com/managed-by-namespace";
