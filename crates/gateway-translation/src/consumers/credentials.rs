//! Credentials: from Secrets to the members of Kong's entities.
//!
//! The label of a Secret says which kind of credential it is, its keys are the members. Nothing of the values is
//! ever in a message.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use kong_crds::Kind;
use kong_crds::configuration::v1::KongConsumerFields;
use kong_crds::kubernetes::Secret;
use kong_crds::names::CREDENTIAL_LABEL;
use kong_resolve::{Key, Meta};
use serde_json::{Value, json};

use crate::acceptance::refusal_in_consumer;
use crate::context::{Context, key};
use crate::document::Members;
use crate::origin;

/// A kind of credentials.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum CredentialKind {
    Acl,
    BasicAuth,
    HmacAuth,
    Jwt,
    KeyAuth,
    MtlsAuth,
    Oauth2,
}

/// A credential. It cannot be printed.
pub(super) struct Credential<'w> {
    pub(super) kind: CredentialKind,
    pub(super) secret: Key,
    pub(super) meta: &'w Meta,
    /// Where the consumer refers to the Secret.
    pub(super) field: String,
    pub(super) members: Members,
}

impl CredentialKind {
    fn of(label: &str) -> Option<Self> {
        Some(match label {
            "acl" => Self::Acl,
            "basic-auth" => Self::BasicAuth,
            "hmac-auth" => Self::HmacAuth,
            "jwt" => Self::Jwt,
            "key-auth" => Self::KeyAuth,
            "mtls-auth" => Self::MtlsAuth,
            "oauth2" => Self::Oauth2,
            _ => return None,
        })
    }

    /// The member of a consumer that holds them.
    pub(super) fn collection(self) -> &'static str {
        match self {
            Self::Acl => "acls",
            Self::BasicAuth => "basicauth_credentials",
            Self::HmacAuth => "hmacauth_credentials",
            Self::Jwt => "jwt_secrets",
            Self::KeyAuth => "keyauth_credentials",
            Self::MtlsAuth => "mtls_auth_credentials",
            Self::Oauth2 => "oauth2_credentials",
        }
    }

    /// How Kong's controller calls the kind in messages.
    fn name(self) -> &'static str {
        match self {
            Self::Acl => "acl",
            Self::BasicAuth => "basic-auth",
            Self::HmacAuth => "hmac-auth",
            Self::Jwt => "jwt-auth",
            Self::KeyAuth => "key-auth",
            Self::MtlsAuth => "mtls-auth",
            Self::Oauth2 => "oauth2",
        }
    }

    /// Members that are texts.
    fn texts(self) -> &'static [&'static str] {
        match self {
            Self::Acl => &["group"],
            Self::BasicAuth => &["username", "password"],
            Self::HmacAuth => &["username", "secret"],
            Self::Jwt => &["algorithm", "key", "rsa_public_key", "secret"],
            Self::KeyAuth => &["key"],
            Self::MtlsAuth => &["subject_name"],
            Self::Oauth2 => &["name", "client_id", "client_secret", "client_type"],
        }
    }

    /// Members without which there is no credential.
    fn required(self) -> &'static [&'static str] {
        match self {
            Self::Acl => &["group"],
            Self::BasicAuth | Self::HmacAuth => &["username"],
            Self::Jwt | Self::KeyAuth => &["key"],
            Self::MtlsAuth => &["subject_name"],
            Self::Oauth2 => &["client_id", "name"],
        }
    }

    /// The member of which no two credentials may have the same value, and what the index of it is called.
    pub(super) fn unique(self) -> Option<(&'static str, &'static str)> {
        match self {
            Self::Acl | Self::MtlsAuth => None,
            Self::BasicAuth => Some(("username", "basic-auth on 'username'")),
            Self::HmacAuth => Some(("username", "hmac-auth on 'username'")),
            Self::Jwt => Some(("key", "jwt-auth on 'key'")),
            Self::KeyAuth => Some(("key", "key-auth on 'key'")),
            Self::Oauth2 => Some(("client_id", "oauth2-credentials on 'client_id'")),
        }
    }
}

/// The credentials of a consumer that can be read, as they are listed.
pub(super) fn of<'w>(
    context: &Context<'_, 'w>,
    consumer: &Key,
    fields: &KongConsumerFields,
    authorities: &BTreeSet<String>,
) -> Vec<Credential<'w>> {
    let mut credentials = Vec::new();
    for (number, listed) in fields.credentials.iter().flatten().enumerate() {
        let field = format!("credentials[{number}]");
        let say = |message: String, remedy: &str| {
            let message = format!("credential {listed:?} failure: {message}");
            context.say(consumer, field.clone(), message, remedy);
        };
        let name = consumer.name.sibling(None, listed);
        let Some((meta, spec)) = context.get::<Secret>(&name) else {
            say(
                format!("Failed to fetch secret: Secret {name} not found"),
                "create the Secret or correct the name",
            );
            continue;
        };
        let Some(label) = meta.label(CREDENTIAL_LABEL) else {
            say(
                format!(
                    "could not load credential from Secret: Secret {name} lacks the label {CREDENTIAL_LABEL}"
                ),
                "label the Secret with the kind of credential, such as key-auth",
            );
            continue;
        };
        let Some(kind) = CredentialKind::of(label) else {
            say(
                format!("failed to provision credential: unsupported credential type: {label:?}"),
                "the types are acl, basic-auth, hmac-auth, jwt, key-auth, mtls-auth and oauth2",
            );
            continue;
        };
        let reader = Reader {
            kind,
            data: &spec.data,
            lenient: context.settings.as_kong_does(),
            authorities,
        };
        let secret = key(Kind::Secret, &name);
        match reader.read(&say) {
            Ok(mut members) => {
                members.insert("tags".to_owned(), json!(origin::tags(&secret, meta, &[])));
                let refusal = refusal_in_consumer(context, kind.collection(), &members);
                if let Some((member, reason, remedy)) = refusal {
                    say(
                        format!(
                            "failed to provision credential: {} is invalid: {member}: {reason}",
                            kind.name()
                        ),
                        &remedy,
                    );
                    continue;
                }
                credentials.push(Credential {
                    kind,
                    secret,
                    meta,
                    field,
                    members,
                });
            }
            Err(reason) => say(
                format!("failed to provision credential: {reason}"),
                "correct the keys of the Secret",
            ),
        }
    }
    credentials
}

/// Reads the data of a Secret.
struct Reader<'r> {
    kind: CredentialKind,
    data: &'r BTreeMap<String, Vec<u8>>,
    /// Whether it is read as Kong's controller reads it.
    lenient: bool,
    authorities: &'r BTreeSet<String>,
}

impl Reader<'_> {
    fn read(&self, say: &dyn Fn(String, &str)) -> Result<Members, String> {
        let name = self.kind.name();
        let mut members = Members::new();
        for member in self.kind.texts() {
            if let Some(value) = self.text(member)? {
                members.insert((*member).to_owned(), json!(value));
            }
        }
        if self.lenient {
            if let Some(id) = self.text("id")? {
                members.insert("id".to_owned(), json!(id));
            }
            let more = (self.kind == CredentialKind::MtlsAuth).then_some("ca_certificate");
            let unreadable = ["consumer", "created_at", "tags"].into_iter().chain(more);
            for member in unreadable {
                if self.value(member).is_some() {
                    return Err(format!(
                        "failed to decode {name} credential: {member} is no text"
                    ));
                }
            }
        }
        match self.kind {
            CredentialKind::KeyAuth => self.ttl(&mut members, say)?,
            CredentialKind::Oauth2 => self.oauth2(&mut members, say)?,
            CredentialKind::Jwt => {
                let algorithm = members.get("algorithm").and_then(Value::as_str);
                if algorithm.is_none_or(str::is_empty) {
                    members.insert("algorithm".to_owned(), json!("HS256"));
                }
            }
            CredentialKind::MtlsAuth if !self.lenient => self.authority(&mut members)?,
            CredentialKind::Acl
            | CredentialKind::BasicAuth
            | CredentialKind::HmacAuth
            | CredentialKind::MtlsAuth => {}
        }
        for member in self.kind.required() {
            let value = members.get(*member).and_then(Value::as_str);
            if value.is_none_or(|value| value.is_empty() && !self.lenient) {
                return Err(format!("{name} is invalid: no {member}"));
            }
        }
        Ok(members)
    }

    /// A value; the name of its key is compared without case if there is none that is equal.
    fn value(&self, member: &str) -> Option<&[u8]> {
        let exact = self.data.get(member);
        let value = exact.or_else(|| {
            let mut others = self.data.iter();
            let other = others.find(|(key, _)| self.lenient && key.eq_ignore_ascii_case(member));
            other.map(|(_, value)| value)
        });
        value.map(Vec::as_slice)
    }

    fn text(&self, member: &str) -> Result<Option<Cow<'_, str>>, String> {
        let Some(value) = self.value(member) else {
            return Ok(None);
        };
        match std::str::from_utf8(value) {
            Ok(text) => Ok(Some(text.into())),
            Err(_) if self.lenient => Ok(Some(String::from_utf8_lossy(value))),
            Err(_) => Err(format!(
                "{} is invalid: {member} is no text",
                self.kind.name()
            )),
        }
    }

    fn ttl(&self, members: &mut Members, say: &dyn Fn(String, &str)) -> Result<(), String> {
        let Some(text) = self.text("ttl")? else {
            return Ok(());
        };
        match text.parse::<i64>() {
            Ok(ttl) => {
                members.insert("ttl".to_owned(), json!(ttl));
            }
            Err(_) if self.lenient => say(
                "Failed to parse ttl to int, the field is left out".to_owned(),
                "write the seconds in digits",
            ),
            // Without it the key would be good for ever.
            Err(_) => return Err("key-auth is invalid: ttl is no number of seconds".to_owned()),
        }
        Ok(())
    }

    fn oauth2(&self, members: &mut Members, say: &dyn Fn(String, &str)) -> Result<(), String> {
        if let Some(uris) = self.text("redirect_uris")? {
            let uris: Vec<&str> = uris
                .split(',')
                .map(|uri| if self.lenient { uri } else { uri.trim() })
                .collect();
            members.insert("redirect_uris".to_owned(), json!(uris));
        }
        if let Some(hash) = self.text("hash_secret")? {
            let hash = match &*hash {
                "1" | "t" | "T" | "TRUE" | "true" | "True" => true,
                "0" | "f" | "F" | "FALSE" | "false" | "False" => false,
                _ => {
                    say(
                        "Failed to parse hash_secret to bool, defaulting to false".to_owned(),
                        "write true or false",
                    );
                    false
                }
            };
            members.insert("hash_secret".to_owned(), json!(hash));
        }
        Ok(())
    }

    /// The authority that has to have signed the certificate of the client.
    fn authority(&self, members: &mut Members) -> Result<(), String> {
        let Some(id) = self.text("ca_certificate")? else {
            return Ok(());
        };
        let id = id.trim();
        // A credential without the authority would be good for certificates of others.
        if !self.authorities.contains(id) {
            return Err(
                "mtls-auth is invalid: there is no certificate of an authority with the id in ca_certificate"
                    .to_owned(),
            );
        }
        members.insert("ca_certificate".to_owned(), json!({"id": id}));
        Ok(())
    }
}
