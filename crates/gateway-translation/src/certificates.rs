//! Certificates with their keys: those of Ingresses, of listeners of Gateways, and those that services show to
//! their backends.
//!
//! Who asks for which Secret, and for which host names, is found out by `ingresses`, `listeners` and `clients`;
//! here Secrets with the same certificate become one, and each host name goes to one of them.

mod clients;
mod ingresses;
mod listeners;

use std::collections::BTreeMap;

use kong_crds::kubernetes::Secret;
use kong_crds::{Kind, SecretString};
use kong_resolve::{Key, Meta, Name};
use serde_json::json;
use uuid::Uuid;

use crate::acceptance::refusal;
use crate::context::{Context, key};
use crate::document::Members;
use crate::origin;

pub(crate) use clients::wish_of;

/// A wish for a certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Wish {
    /// The Secret.
    pub(crate) secret: Name,
    /// Who wishes.
    pub(crate) by: Key,
    /// Where the reference to the Secret stands.
    pub(crate) field: String,
    /// For which host names.
    pub(crate) hosts: Vec<String>,
}

/// What Ingresses and listeners ask for.
pub(crate) fn shown_to_clients(context: &Context<'_, '_>) -> Vec<Wish> {
    let mut wishes = ingresses::wishes(context);
    wishes.extend(listeners::wishes(context));
    wishes
}

/// A certificate with its key. It cannot be printed.
struct Pair<'w> {
    object: Key,
    meta: &'w Meta,
    certificate: String,
    key: String,
}

impl Pair<'_> {
    /// The id of the certificate: that of the Secret, or one that follows from its name.
    fn id(&self) -> String {
        match self.meta.uid.as_uuid() {
            Some(_) => self.meta.uid.to_string(),
            None => origin::id("certificates", &self.object.name.to_string()).to_string(),
        }
    }

    /// Which of two Secrets with the same certificate counts.
    fn age(&self) -> (i64, String) {
        (self.meta.created, self.id())
    }
}

/// A certificate with the names it is shown for.
struct Certificate<'w> {
    /// Of Secrets with the same certificate the one that gives it its tags.
    pair: Pair<'w>,
    /// The age and the id of the oldest of them.
    oldest: (i64, String),
    hosts: Vec<String>,
}

/// All certificates.
#[derive(Clone, Default, PartialEq)]
pub(crate) struct Certificates {
    /// Their members, the last first.
    pub(crate) members: Vec<Members>,
    /// The ids of those that services show, by their Secrets: the id is not that of the Secret if an older Secret has the
    /// same certificate.
    pub(crate) shown: BTreeMap<Name, String>,
}

/// All certificates; `clients` are those that services show.
pub(crate) fn all(context: &Context<'_, '_>, clients: Vec<Wish>) -> Certificates {
    let mut wishes = ingresses::wishes(context);
    let secrets: Vec<Name> = clients.iter().map(|wish| wish.secret.clone()).collect();
    wishes.extend(clients);
    wishes.extend(listeners::wishes(context));
    let mut collection = Collection::default();
    for wish in wishes {
        collection.add(context, wish);
    }
    let shown = secrets.into_iter().filter_map(|secret| {
        let id = collection.id_of(&secret)?;
        Some((secret, id))
    });
    Certificates {
        shown: shown.collect(),
        members: collection.into_members(),
    }
}

/// Certificates to be.
#[derive(Default)]
struct Collection<'w> {
    certificates: Vec<Certificate<'w>>,
    /// Which of them each Secret has become, if any.
    of_secret: BTreeMap<Name, Option<usize>>,
    /// Who has each host name.
    of_host: BTreeMap<String, usize>,
}

impl<'w> Collection<'w> {
    fn add(&mut self, context: &Context<'_, 'w>, wish: Wish) {
        let known = self.of_secret.get(&wish.secret).copied();
        let number = known.unwrap_or_else(|| {
            let pair = pair(context, &wish)?;
            Some(self.place(context, pair))
        });
        self.of_secret.insert(wish.secret.clone(), number);
        let Some(number) = number else {
            return;
        };
        for host in wish.hosts {
            if let Some((reason, remedy)) = refused_host(context, &host) {
                context.say(
                    &wish.by,
                    wish.field.clone(),
                    format!("the certificate is not shown for {host:?}: {reason}"),
                    remedy,
                );
                continue;
            }
            match self.of_host.get(&host) {
                None => {
                    self.of_host.insert(host.clone(), number);
                    self.certificates[number].hosts.push(host);
                }
                Some(other) if *other == number => {}
                Some(other) => context.say(
                    &wish.by,
                    wish.field.clone(),
                    format!(
                        "Same SNI requested for multiple certs, can only serve one cert: {host} has that of {}",
                        self.certificates[*other].pair.object
                    ),
                    "name each host for one certificate only",
                ),
            }
        }
    }

    /// The place of a certificate: that of one that is the same, else a new one.
    fn place(&mut self, context: &Context<'_, '_>, pair: Pair<'w>) -> usize {
        let same = self.certificates.iter().position(|other| {
            other.pair.certificate == pair.certificate && other.pair.key == pair.key
        });
        if let Some(number) = same {
            let other = &mut self.certificates[number];
            if pair.age() < other.oldest {
                other.oldest = pair.age();
                // Kong's controller keeps the tags of the Secret that it sees first.
                if !context.settings.as_kong_does() {
                    other.pair = pair;
                }
            }
            return number;
        }
        self.certificates.push(Certificate {
            oldest: pair.age(),
            pair,
            hosts: Vec::new(),
        });
        self.certificates.len() - 1
    }

    /// The id of the certificate that a Secret has become.
    fn id_of(&self, secret: &Name) -> Option<String> {
        let number = (*self.of_secret.get(secret)?)?;
        Some(self.certificates[number].oldest.1.clone())
    }

    fn into_members(mut self) -> Vec<Members> {
        self.certificates.sort_by(|one, two| {
            (&two.pair.certificate, &two.oldest).cmp(&(&one.pair.certificate, &one.oldest))
        });
        self.certificates.into_iter().map(members).collect()
    }
}

/// Why Kong shows no certificate for a host name, if it is none.
fn refused_host(context: &Context<'_, '_>, host: &str) -> Option<(String, String)> {
    let mut sni = Members::new();
    sni.insert("name".to_owned(), json!(host));
    sni.insert("certificate".to_owned(), json!({"id": Uuid::nil()}));
    let (_, reason, remedy) = refusal(context, "snis", &sni)?;
    Some((reason, remedy))
}

fn members(mut certificate: Certificate<'_>) -> Members {
    let Pair {
        object,
        meta,
        certificate: text,
        key,
    } = &certificate.pair;
    let id = &certificate.oldest.1;
    certificate.hosts.sort();
    let mut members = Members::new();
    members.insert("id".to_owned(), json!(id));
    members.insert("cert".to_owned(), json!(text));
    members.insert("key".to_owned(), json!(key));
    members.insert("tags".to_owned(), json!(origin::tags(object, meta, &[])));
    if !certificate.hosts.is_empty() {
        let sni = |name: &String| json!({"name": name, "certificate": {"id": id}});
        let snis: Vec<_> = certificate.hosts.iter().map(sni).collect();
        members.insert("snis".to_owned(), json!(snis));
    }
    members
}

/// Why there is no certificate with its key in a Secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum NoPair {
    /// There is no Secret.
    Missing,
    /// What is in it is none.
    Unusable(String),
}

/// The certificate and the key in a Secret, if they belong together. Both are secrets: they cannot be printed.
pub(crate) fn pair_in(
    context: &Context<'_, '_>,
    secret: &Name,
) -> Result<(SecretString, SecretString), NoPair> {
    if context.get::<Secret>(secret).is_none() {
        return Err(NoPair::Missing);
    }
    let value = |key: &str| {
        let value = context.secret_text(secret, key)?;
        Some(SecretString::from(value.expose().trim().to_owned()))
    };
    match (value("tls.crt"), value("tls.key")) {
        (Some(certificate), Some(key)) => {
            match kong_router::check_pair(certificate.expose(), key.expose()) {
                Ok(()) => Ok((certificate, key)),
                Err(problem) => Err(NoPair::Unusable(problem.to_string())),
            }
        }
        (_, _) => Err(NoPair::Unusable(
            "no keypair could be found in it".to_owned(),
        )),
    }
}

/// The certificate and the key in a Secret, if they belong together and Kong takes them.
fn pair<'w>(context: &Context<'_, 'w>, wish: &Wish) -> Option<Pair<'w>> {
    let object = key(Kind::Secret, &wish.secret);
    let (meta, _) = context.get::<Secret>(&wish.secret).or_else(|| {
        context.say(
            &wish.by,
            wish.field.clone(),
            format!("Failed to fetch the secret ({})", wish.secret),
            "create the Secret or correct the name",
        );
        None
    })?;
    match pair_in(context, &wish.secret) {
        Ok((certificate, key)) => {
            let (certificate, key) = (certificate.expose().to_owned(), key.expose().to_owned());
            let tags = origin::tags(&object, meta, &[]);
            let mut members = Members::new();
            members.insert("cert".to_owned(), json!(certificate));
            members.insert("key".to_owned(), json!(key));
            members.insert("tags".to_owned(), json!(tags));
            if let Some((member, reason, remedy)) = refusal(context, "certificates", &members) {
                let message = format!("{member}: {reason}: the certificate is left out");
                context.say(&object, "", message, remedy);
                return None;
            }
            Some(Pair {
                object,
                meta,
                certificate,
                key,
            })
        }
        Err(NoPair::Missing) => None,
        Err(NoPair::Unusable(reason)) => {
            for (told, field) in [(&object, "data"), (&wish.by, wish.field.as_str())] {
                context.say(
                    told,
                    field,
                    format!(
                        "failed to construct certificate from secret {}: {reason}",
                        wish.secret
                    ),
                    "put a certificate under tls.crt and its key under tls.key",
                );
            }
            None
        }
    }
}
