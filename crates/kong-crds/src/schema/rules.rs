//! CEL rules that several kinds share; those of one kind stand in its type file.
//!
//! Texts and messages are upstream's, to the letter: users and their tests know them.

use kube::core::Rule;

/// The `type` of a control plane reference: ids are not supported.
pub(crate) fn control_plane_by_id_is_unsupported() -> Rule {
    Rule::new("self.type != 'konnectID'").message("'konnectID' type is not supported")
}

/// A reference of type konnectNamespacedRef says which control plane.
pub(crate) fn named_control_plane_is_set() -> Rule {
    Rule::new(
        "(has(self.type) && self.type == 'konnectNamespacedRef') ? has(self.konnectNamespacedRef) \
         : true",
    )
    .message("when type is konnectNamespacedRef, konnectNamespacedRef must be set")
}

/// A reference to the ingress controller names no control plane.
pub(crate) fn ingress_controller_is_not_named() -> Rule {
    Rule::new("(has(self.type) && self.type == 'kic') ? !has(self.konnectNamespacedRef) : true")
        .message("when type is kic, konnectNamespacedRef must not be set")
}

/// A reference without a type names no control plane.
pub(crate) fn untyped_control_plane_is_not_named() -> Rule {
    Rule::new("!has(self.type) ? !has(self.konnectNamespacedRef) : true")
        .message("when type is unset, konnectNamespacedRef must not be set")
}

/// A reference of type namespacedRef says which object.
pub(crate) fn named_object_is_set() -> Rule {
    Rule::new("self.type == 'namespacedRef' ? has(self.namespacedRef) : true")
        .message("when type is namespacedRef, namespacedRef must be set")
}

/// A reference of type namespacedRef has no id.
pub(crate) fn named_object_has_no_id() -> Rule {
    Rule::new("self.type == 'namespacedRef' ? !has(self.konnectID) : true")
        .message("when type is namespacedRef, konnectID must not be set")
}

/// A reference of type konnectID says which id.
pub(crate) fn konnect_id_is_set() -> Rule {
    Rule::new("self.type == 'konnectID' ? has(self.konnectID) : true")
        .message("when type is konnectID, konnectID must be set")
}

/// A reference of type konnectID names no object.
pub(crate) fn konnect_id_is_not_named() -> Rule {
    Rule::new("self.type == 'konnectID' ? !has(self.namespacedRef) : true")
        .message("when type is konnectID, namespacedRef must not be set")
}

/// `spec.adopt.from` stays.
pub(crate) fn adopt_source_is_immutable() -> Rule {
    Rule::new("self.from == oldSelf.from").message("'from'(adopt source) is immutable")
}

/// Adoption from Konnect says what.
pub(crate) fn adopt_options_are_set() -> Rule {
    Rule::new("self.from == 'konnect' ? has(self.konnect) : true")
        .message("Must specify Konnect options when from='konnect'")
}

/// The adopted id stays.
pub(crate) fn adopted_id_is_immutable() -> Rule {
    Rule::new("has(self.konnect) ? (self.konnect.id == oldSelf.konnect.id) : true")
        .message("konnect.id is immutable")
}

/// `spec.adopt` needs a control plane in Konnect.
pub(crate) fn adopt_needs_control_plane() -> Rule {
    Rule::new(
        "!has(self.adopt) ? true : (has(self.controlPlaneRef) && self.controlPlaneRef.type == \
         'konnectNamespacedRef')",
    )
    .message("spec.adopt is allowed only when controlPlaneRef is konnectNamespacedRef")
}

/// `spec.adopt` is neither added nor removed later.
pub(crate) fn adopt_is_kept() -> Rule {
    Rule::new(
        "(has(oldSelf.adopt) && has(self.adopt)) || (!has(oldSelf.adopt) && !has(self.adopt))",
    )
    .message("Cannot set or unset spec.adopt in updates")
}

/// `spec.controlPlaneRef` is not removed.
pub(crate) fn control_plane_is_kept() -> Rule {
    Rule::new("!has(oldSelf.spec.controlPlaneRef) || has(self.spec.controlPlaneRef)")
        .message("controlPlaneRef is required once set")
}

/// The same, for a kind whose `spec` may be absent.
pub(crate) fn optional_control_plane_is_kept() -> Rule {
    Rule::new(
        "(!has(oldSelf.spec) || !has(oldSelf.spec.controlPlaneRef)) || \
         has(self.spec.controlPlaneRef)",
    )
    .message("controlPlaneRef is required once set")
}

/// `spec.controlPlaneRef` of a programmed object stays.
pub(crate) fn control_plane_is_frozen() -> Rule {
    Rule::new(
        "(!self.status.conditions.exists(c, c.type == 'Programmed' && c.status == 'True')) ? true \
         : oldSelf.spec.controlPlaneRef == self.spec.controlPlaneRef",
    )
    .message("spec.controlPlaneRef is immutable when an entity is already Programmed")
}

/// The consumer of a programmed credential stays.
pub(crate) fn consumer_is_frozen() -> Rule {
    Rule::new(
        "(!self.status.conditions.exists(c, c.type == 'Programmed' && c.status == 'True')) ? true \
         : oldSelf.spec.consumerRef == self.spec.consumerRef",
    )
    .message("spec.consumerRef is immutable when an entity is already Programmed")
}

/// A field of a programmed object stays.
pub(crate) fn is_frozen(field: &str) -> Rule {
    Rule::new(format!(
        "(!has(self.status) || !self.status.conditions.exists(c, c.type == 'Programmed' && \
         c.status == 'True')) ? true : oldSelf.spec.{field} == self.spec.{field}"
    ))
    .message(format!("spec.{field} is immutable when an entity is already Programmed").as_str())
}

/// The control plane of an extension stays.
pub(crate) fn extended_control_plane_is_immutable() -> Rule {
    Rule::new("oldSelf.spec.konnect.controlPlane.ref == self.spec.konnect.controlPlane.ref")
        .message("spec.konnect.controlPlane.ref is immutable.")
}

/// Entities of Konnect do not belong to the ingress controller.
pub(crate) fn control_plane_is_not_ingress_controller() -> Rule {
    Rule::new("!has(self.controlPlaneRef) ? true : self.controlPlaneRef.type != 'kic'")
        .message("KIC is not supported as control plane")
}

/// `spec.id` stays.
pub(crate) fn id_is_immutable() -> Rule {
    Rule::new(
        "(!has(self.spec.id) && !has(oldSelf.spec.id)) || (has(self.spec.id) && \
         has(oldSelf.spec.id) && self.spec.id == oldSelf.spec.id)",
    )
    .message("spec.id is immutable")
}

/// The account of a programmed object stays.
pub(crate) fn auth_is_frozen_when_programmed() -> Rule {
    auth_is_frozen_when("Programmed")
        .message("spec.konnect.authRef is immutable when an entity is already Programmed")
}

/// A working account stays.
pub(crate) fn auth_is_frozen_when_valid() -> Rule {
    auth_is_frozen_when("APIAuthValid").message(
        "spec.konnect.authRef is immutable when an entity refers to a Valid API Auth Configuration",
    )
}

fn auth_is_frozen_when(condition: &str) -> Rule {
    Rule::new(format!(
        "(!has(self.status) || !has(self.status.conditions) || \
         !self.status.conditions.exists(c, c.type == '{condition}' && c.status == 'True')) ? true \
         : self.spec.konnect.authRef == oldSelf.spec.konnect.authRef"
    ))
}

/// A certificate of type inline is there.
pub(crate) fn inline_certificate_is_set() -> Rule {
    Rule::new("self.type != 'inline' || (has(self.cert) && self.cert.size() != 0)")
        .message("spec.cert is required when type is 'inline'")
}

/// Certificate material is PEM, or one whole vault reference.
pub(crate) fn vault_reference(field: &str, material: &str) -> Rule {
    Rule::new(
        "!self.startsWith('{vault:') || \
         self.matches('^[{]vault://[a-zA-Z0-9._-]+/[^{}]+[}][[:space:]]*$')",
    )
    .message(
        format!(
            "{field} must contain {material} material or a valid Kong vault reference, e.g. \
             '{{vault://my-vault/my-secret}}'"
        )
        .as_str(),
    )
}

/// Tags are neither empty nor long.
pub(crate) fn tags() -> Rule {
    Rule::new("self.all(tag, size(tag) >= 1 && size(tag) <= 128)")
        .message("tags entries must not be longer than 128 characters")
}

/// The URL of a Konnect region.
pub(crate) fn server_url() -> [Rule; 4] {
    [
        Rule::new("size(self) > 0").message("Server URL is required"),
        Rule::new("self == oldSelf").message("Server URL is immutable"),
        Rule::new("isURL(self) ? url(self).getScheme() == 'https' : true")
            .message("Server URL must use HTTPs if specifying scheme"),
        Rule::new(
            "size(self) > 0 && !isURL(self) ? \
             self.matches('^(([a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9]).)*\
             ([A-Za-z0-9]|[A-Za-z0-9][A-Za-z0-9-]*[A-Za-z0-9])$') : true",
        )
        .message("Server URL must satisfy hostname (RFC 1123) regex if not a valid absolute URL"),
    ]
}
