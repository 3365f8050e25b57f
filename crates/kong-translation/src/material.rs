//! Certificates and keys in PEM: from the object itself or from Secrets (konnect.md 1.18, 1.19, 2.9).
//!
//! Says `SecretRefValid` and `ResolvedRefs`, and of what stands in the object itself what is wrong with it.
//! Texts name fields and keys of Secrets and never a value.

use kong_crds::conditions::{INVALID, SECRET_REF_VALID, VALID};
use kong_crds::reference::NamespacedRef;
use kong_model::Collection;
use kong_resolve::Condition;
use serde::Serialize;
use serde_json::json;

use crate::bodies::{Members, absent_if_empty, members};
use crate::case::Case;
use crate::secrets::{self, NoText};

/// How PEM begins.
const PEM: &str = "-----BEGIN ";
/// How a reference to one of Kong's vaults begins.
pub(crate) const VAULT: &str = "{vault:";

/// A member of a body that holds PEM.
#[derive(Clone, Copy)]
pub(crate) struct Field {
    /// The member, which is also the field of the spec.
    pub(crate) member: &'static str,
    /// The key of a Secret that it comes from.
    pub(crate) key: &'static str,
    /// What is to be there.
    pub(crate) what: &'static str,
    /// Whether it has to be there if the object holds the material itself.
    pub(crate) required: bool,
    /// The member without which it is of no use.
    pub(crate) with: Option<&'static str>,
}

/// What is wrong with a text that is to be material of some sort, and what to do.
fn unfit(field: Field, text: &str) -> Option<String> {
    let Field { what, .. } = field;
    let blocks = what.to_uppercase() + "-----";
    match text {
        _ if text.starts_with(VAULT) => None,
        _ if !is_pem(text) => Some(format!("is not PEM; put a {what} in PEM there")),
        _ if !text.contains(&blocks) => Some(format!("holds no {what}; put a {what} in PEM there")),
        _ => None,
    }
}

/// The members that stand in the object itself; what is wrong with them is said.
pub(crate) fn inline(
    case: &mut Case<'_, '_>,
    at: Collection,
    spec: &impl Serialize,
    fields: &[Field],
) -> Members {
    let mut members = members(at, spec);
    let mut problems = Vec::new();
    let names: Vec<_> = fields.iter().map(|field| field.member).collect();
    absent_if_empty(&mut members, &names);
    for field in fields.iter().copied() {
        let Field {
            member,
            what,
            required,
            with,
            ..
        } = field;
        match members.get(member).and_then(|value| value.as_str()) {
            Some(text) => {
                let unfit = unfit(field, text);
                problems.extend(unfit.map(|problem| format!("spec.{member} {problem}")));
                let alone = with.filter(|with| !members.contains_key(*with));
                problems.extend(alone.map(|with| {
                    format!("spec.{member} is of no use without spec.{with}; set both or none")
                }));
            }
            None if required => {
                problems.push(format!(
                    "spec.{member} is required when type is 'inline'; put a {what} in PEM there"
                ));
            }
            None => {}
        }
    }
    if !problems.is_empty() {
        case.say_nonsense(problems.join("; "));
    }
    members
}

/// Whether a text has the form of PEM.
pub(crate) fn is_pem(text: &str) -> bool {
    text.contains(PEM)
}

/// What comes out of Secrets.
#[derive(Default)]
pub(crate) struct FromSecrets {
    members: Members,
    problems: Vec<String>,
    denied: bool,
}

impl FromSecrets {
    /// There is no reference where one has to be.
    pub(crate) fn lacks(&mut self, field: &str) {
        let problem = format!("{field} is required when type is 'secretRef'; name a Secret there");
        self.problems.push(problem);
    }

    /// Reads members out of the Secret that `field` of the spec refers to.
    pub(crate) fn read(
        &mut self,
        case: &mut Case<'_, '_>,
        field: &str,
        target: &NamespacedRef,
        fields: &[Field],
    ) {
        let name = case
            .key
            .name
            .sibling(target.namespace.as_deref(), &target.name);
        let granted = "KongReferenceGrants allow access to Secrets";
        let denied = format!("KongReferenceGrants do not allow access to Secret {name}");
        if !case.may_follow(&secrets::key(&name), granted, denied) {
            self.denied = true;
            return;
        }
        let secret =
            match secrets::read(case.view, &name) {
                Ok((_, secret)) => secret,
                Err(problem) => {
                    let keys: Vec<_> = fields.iter().map(|field| field.key).collect();
                    self.problems.push(format!(
                    "{problem}; create it in namespace \"{}\" with the label {}, without which it \
                     counts as not there, and {} {}, or correct {field}",
                    name.namespace(),
                    secrets::label(),
                    if keys.len() == 1 { "the key" } else { "the keys" },
                    keys.join(" and "),
                ));
                    return;
                }
            };
        for wanted in fields.iter().copied() {
            let Field {
                member, key, what, ..
            } = wanted;
            let problem = match secrets::text(secret, key) {
                Ok("") | Err(NoText::Missing) => Some(format!(
                    "secret {name} is missing key '{key}'; add it or correct {field}"
                )),
                Ok(text) => {
                    let problem = unfit(wanted, text);
                    if problem.is_none() {
                        self.members.insert(member.to_owned(), json!(text));
                    }
                    problem.map(|problem| format!("secret {name} key '{key}' {problem}"))
                }
                Err(NoText::Binary) => Some(format!(
                    "secret {name} key '{key}' is not PEM; put a {what} in PEM there"
                )),
            };
            self.problems.extend(problem);
        }
    }

    /// The members; how the Secrets are is said.
    pub(crate) fn told(self, case: &mut Case<'_, '_>) -> Members {
        if !self.problems.is_empty() {
            let message = self.problems.join("; ");
            case.say(Condition::fails(SECRET_REF_VALID, INVALID, message));
        } else if !self.denied {
            case.say(usable());
        }
        self.members
    }
}

/// What is said of Secrets that are as they have to be.
pub(crate) fn usable() -> Condition {
    Condition::holds(
        SECRET_REF_VALID,
        VALID,
        "Referenced Secret(s) exist and contain the required key(s)",
    )
}
