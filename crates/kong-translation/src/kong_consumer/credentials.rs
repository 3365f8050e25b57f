//! The credentials of a consumer that are in Secrets: one entity a Secret (konnect.md 6.6, 10).
//!
//! The label `konghq.com/credential` of a Secret says which sort it is. Kong's operator makes an object of
//! each; here a credential is a part of its consumer, so that nothing secret stands in an object.

use std::collections::BTreeSet;
use std::sync::Arc;

use kong_crds::conditions::{CREDENTIAL_SECRET_REFS_VALID, INVALID, VALID};
use kong_crds::configuration::v1::KongConsumerFields;
use kong_crds::kubernetes::SecretSpec;
use kong_crds::names::{CREDENTIAL_LABEL, TAGS_ANNOTATION};
use kong_model::tags::Owner;
use kong_model::{Body, Collection};
use kong_resolve::{Condition, Intent, Meta, Name, part};
use serde_json::json;
use uuid::Uuid;

use crate::bodies::{Members, origin, seal};
use crate::case::Case;
use crate::parts::{Part, Parts};
use crate::secrets::{self, NoText};

/// A sort of credential.
struct Sort {
    /// The value of the label.
    label: &'static str,
    /// How Kong calls it in messages.
    shown: &'static str,
    at: Collection,
    /// The keys of the Secret that have to be there, which are the members of the entity.
    required: &'static [&'static str],
    /// Further keys that may be there.
    optional: &'static [&'static str],
}

const SORTS: [Sort; 5] = [
    Sort {
        label: "basic-auth",
        shown: "basic-auth",
        at: Collection::BasicAuths,
        required: &["username", "password"],
        optional: &[],
    },
    Sort {
        label: "key-auth",
        shown: "key-auth",
        at: Collection::KeyAuths,
        required: &["key"],
        optional: &[],
    },
    Sort {
        label: "acl",
        shown: "ACL",
        at: Collection::Acls,
        required: &["group"],
        optional: &[],
    },
    Sort {
        label: "jwt",
        shown: "JWT",
        at: Collection::Jwts,
        required: &["key", "algorithm"],
        optional: &["rsa_public_key", "secret"],
    },
    Sort {
        label: "hmac",
        shown: "HMAC",
        at: Collection::HmacAuths,
        required: &["username", "secret"],
        optional: &[],
    },
];

/// The algorithms that a JWT is signed with.
const ALGORITHMS: [&str; 13] = [
    "HS256", "HS384", "HS512", "RS256", "RS384", "RS512", "ES256", "ES384", "ES512", "PS256",
    "PS384", "PS512", "EdDSA",
];

/// Which of the entities of a consumer is the credential of a sort, by its collection, in a Secret of this
/// name.
pub(crate) fn part_of(consumer: &Meta, at: Collection, secret: &str) -> Uuid {
    part(&consumer.uid, &format!("credential/{}/{secret}", at.name()))
}

/// Whether a consumer lists a Secret.
pub(crate) fn lists(fields: &KongConsumerFields, secret: &str) -> bool {
    fields.credentials.iter().flatten().any(|it| it == secret)
}

/// The credentials. Secrets are of the namespace of the consumer.
pub(super) fn parts(case: &Case<'_, '_>, fields: &KongConsumerFields) -> Parts {
    let names: BTreeSet<&str> = fields
        .credentials
        .iter()
        .flatten()
        .map(String::as_str)
        .collect();
    let own = case.view.standing(case.key).and_then(|own| own.id.as_ref());
    let mut parts = Parts::default();
    let mut problems = Problems::default();
    // A deletion reads nothing: what the consumer has goes with it.
    for name in names.into_iter().filter(|_| !case.meta.deleting) {
        let secret = case.key.name.sibling(None, name);
        let mut add = |at, intent| {
            parts.parts.push(Part {
                identity: part_of(case.meta, at, name),
                at,
                parent: own.cloned(),
                specified: None,
                intent,
                content: Some(secrets::key(&secret)),
            });
        };
        match read(case, &secret) {
            Ok((at, body)) => add(at, Intent::Present(Arc::new(body))),
            Err(Unusable { at, problem }) => {
                match problem {
                    Problem::Missing(problem) => problems.missing.push(problem),
                    Problem::Other(problem) => problems.others.push(problem),
                }
                // Whatever it was stays.
                let sorts = SORTS.iter().map(|sort| sort.at);
                let sorts = sorts.filter(|sort| at.is_none_or(|at| at == *sort));
                sorts.for_each(|at| add(at, Intent::Keep));
            }
        }
    }
    if !case.meta.deleting {
        parts.said.push(problems.told(case.key.name.namespace()));
    }
    parts
}

/// What is wrong with the Secrets.
#[derive(Default)]
struct Problems {
    /// Those that cannot be had.
    missing: Vec<String>,
    /// The others, each with what to do.
    others: Vec<String>,
}

impl Problems {
    /// Kong says nothing but which Secrets are not there, so these come first.
    fn told(self, namespace: &str) -> Condition {
        let Self {
            missing,
            others: mut lines,
        } = self;
        if !missing.is_empty() {
            let (what, they) = match missing.len() {
                1 => ("it", "it counts"),
                _ => ("them", "they count"),
            };
            let missing = format!(
                "{}; create {what} in namespace \"{namespace}\" with the labels {CREDENTIAL_LABEL} and {}, \
                 without which {they} as not there, or take {what} out of credentials",
                missing.join("\n"),
                secrets::label(),
            );
            lines.insert(0, missing);
        }
        if lines.is_empty() {
            Condition::holds(CREDENTIAL_SECRET_REFS_VALID, VALID, "")
        } else {
            Condition::fails(CREDENTIAL_SECRET_REFS_VALID, INVALID, lines.join("\n"))
        }
    }
}

/// What is wrong with a Secret.
enum Problem {
    /// It cannot be had.
    Missing(String),
    /// Something else, with what to do.
    Other(String),
}

/// Why a Secret gives no credential, and which sort it would be if that is known.
struct Unusable {
    at: Option<Collection>,
    problem: Problem,
}

fn read(case: &Case<'_, '_>, name: &Name) -> Result<(Collection, Body), Unusable> {
    let unusable = |at, problem| Unusable { at, problem };
    let (meta, secret) = secrets::read(case.view, name)
        .map_err(|problem| unusable(None, Problem::Missing(problem)))?;
    let sort = sort(meta, name).map_err(|problem| unusable(None, Problem::Other(problem)))?;
    let at = sort.at;
    let members = members(sort, secret, name)
        .map_err(|problem| unusable(Some(at), Problem::Other(problem)))?;
    Ok((at, seal(at, members, tags(case, at, name, meta))))
}

fn sort(meta: &Meta, name: &Name) -> Result<&'static Sort, String> {
    let sorts = || SORTS.map(|sort| sort.label).join(", ");
    let label = meta.label(CREDENTIAL_LABEL).ok_or_else(|| {
        format!(
            "Secret {name} used as credential, but lacks {CREDENTIAL_LABEL} label; set it to one of {}",
            sorts()
        )
    })?;
    SORTS
        .iter()
        .find(|sort| sort.label == label)
        .ok_or_else(|| {
            format!(
                "Secret {name} used as credential, but has unsupported type {label}; set the label \
             {CREDENTIAL_LABEL} to one of {}",
                sorts()
            )
        })
}

fn members(sort: &Sort, secret: &SecretSpec, name: &Name) -> Result<Members, String> {
    let Sort {
        shown,
        required,
        optional,
        ..
    } = sort;
    let used = format!("Secret {name} used as {shown} credential, but");
    let mut members = Members::new();
    for key in required.iter().chain(*optional) {
        match secrets::text(secret, key) {
            Ok("") | Err(NoText::Missing) if required.contains(key) => {
                return Err(format!("{used} lacks {key} key; add it"));
            }
            Ok("") | Err(NoText::Missing) => {}
            Ok(text) => drop(members.insert((*key).to_owned(), json!(text))),
            Err(NoText::Binary) => {
                return Err(format!("{used} its {key} key is not text; put text there"));
            }
        }
    }
    if sort.at == Collection::Jwts {
        check_algorithm(&used, &members)?;
    }
    Ok(members)
}

/// Whether the algorithm of a JWT is one, and has the public key that it needs.
fn check_algorithm(used: &str, members: &Members) -> Result<(), String> {
    let algorithm = members["algorithm"].as_str().unwrap_or_default();
    if !ALGORITHMS.contains(&algorithm) {
        return Err(format!(
            "{used} algorithm '{algorithm}' is invalid or not supported; use one of {}",
            ALGORITHMS.join(", ")
        ));
    }
    let needs_key = !algorithm.starts_with("HS");
    if needs_key && !members.contains_key("rsa_public_key") {
        return Err(format!(
            "{used} lacks rsa_public_key key which is required when algorithm is {algorithm}; add it"
        ));
    }
    Ok(())
}

/// The tags say which Secret it is, and whose credential.
fn tags(case: &Case<'_, '_>, at: Collection, name: &Name, secret: &Meta) -> Vec<String> {
    let mut origin = origin(&secrets::key(name), secret);
    origin.owner = Some(Owner {
        uid: case.meta.uid.to_string(),
        part: part_of(case.meta, at, &name.name).to_string(),
    });
    origin.tags([], case.meta.annotation(TAGS_ANNOTATION))
}
