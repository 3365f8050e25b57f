//! What an engine has been told of references across namespaces, of grants and of tokens.
//!
//! A rule about permissions can only hold as far as news have come, so it is judged by what was
//! delivered, not by what the cluster holds. Start with [`Knowledge::learn`].

use std::collections::{BTreeMap, BTreeSet};

use kong_crds::{AnyParts, Kind, Observed};
use kong_engine::{Input, Outcome};
use kong_resolve::{Key, Name, Uid, grants};

/// What one engine has been told.
#[derive(Clone, Debug, Default)]
pub(crate) struct Knowledge {
    objects: BTreeMap<Key, (Uid, u64, AnyParts)>,
    dead: BTreeSet<Uid>,
}

impl Knowledge {
    pub(crate) fn learn(&mut self, input: &Input) {
        match input {
            Input::Seen(observed) => {
                // A Secret is gone without its label, and back with it.
                if let Some(uid) = observed.meta.uid.as_deref() {
                    self.dead.remove(&Uid::from(uid));
                }
                self.seen(observed);
            }
            Input::Done(_, Outcome::Stored(Some(observed))) => self.seen(observed),
            Input::Gone(key, uid) => {
                self.dead.insert(uid.clone());
                if self
                    .objects
                    .get(key)
                    .is_some_and(|(known, ..)| known == uid)
                {
                    self.objects.remove(key);
                }
            }
            Input::Synced(_) | Input::Role(_) | Input::Done(..) => {}
        }
    }

    fn seen(&mut self, observed: &Observed) {
        match observed.kind {
            Kind::KongReferenceGrant
            | Kind::Secret
            | Kind::KonnectAPIAuthConfiguration
            | Kind::KonnectGatewayControlPlane
            | Kind::KongCertificate => {}
            _ => return,
        }
        let meta = &observed.meta;
        let (Some(name), Ok(parts)) = (&meta.name, &observed.parts) else {
            return;
        };
        let key = Key::new(
            observed.kind,
            meta.namespace.as_deref().unwrap_or_default(),
            name,
        );
        let uid = Uid::from(meta.uid.as_deref().unwrap_or_default());
        let version = meta
            .resource_version
            .as_deref()
            .and_then(|text| text.parse().ok());
        let version = version.unwrap_or(0);
        let older = self
            .objects
            .get(&key)
            .is_some_and(|(_, newer, _)| *newer > version);
        if !older && !self.dead.contains(&uid) {
            self.objects.insert(key, (uid, version, parts.clone()));
        }
    }

    /// The references of an object to Secrets and configurations.
    fn references(&self, key: &Key) -> Vec<Key> {
        let sibling = |kind, namespace: Option<&str>, name: &str| Key {
            kind,
            name: key.name.sibling(namespace, name),
        };
        match self.objects.get(key).map(|(.., parts)| parts) {
            Some(AnyParts::KongCertificate(parts)) => {
                let spec = &parts.spec;
                [&spec.secret_ref, &spec.secret_ref_alt]
                    .into_iter()
                    .flatten()
                    .map(|to| sibling(Kind::Secret, to.namespace.as_deref(), &to.name))
                    .collect()
            }
            Some(AnyParts::KonnectGatewayControlPlane(parts)) => {
                let reference = parts.spec.konnect.as_ref().map(|konnect| &konnect.auth_ref);
                reference
                    .map(|to| {
                        sibling(
                            Kind::KonnectAPIAuthConfiguration,
                            to.namespace.as_deref(),
                            &to.name,
                        )
                    })
                    .into_iter()
                    .collect()
            }
            Some(AnyParts::KonnectAPIAuthConfiguration(parts)) => {
                let reference = parts.spec.secret_ref.as_ref();
                reference
                    .and_then(|to| {
                        Some(sibling(
                            Kind::Secret,
                            to.namespace.as_deref(),
                            to.name.as_deref()?,
                        ))
                    })
                    .into_iter()
                    .collect()
            }
            _ => Vec::new(),
        }
    }

    fn permits(&self, from: &Key, to: &Key) -> bool {
        from.name.namespace == to.name.namespace
            || self.objects.iter().any(|(key, (.., parts))| match parts {
                AnyParts::KongReferenceGrant(grant) => {
                    key.name.namespace == to.name.namespace
                        && grants::permits(&grant.spec, from, to)
                }
                _ => false,
            })
    }

    /// Why an entity of an object may not be written, if so.
    pub(crate) fn forbids(&self, owner: &Key, plane: Option<&Key>) -> Option<String> {
        let mut chain: Vec<Key> = std::iter::once(owner).chain(plane).cloned().collect();
        while let Some(from) = chain.pop() {
            for to in self.references(&from) {
                if !self.permits(&from, &to) {
                    return Some(format!("{from} refers to {to} without a grant"));
                }
                chain.push(to);
            }
        }
        None
    }

    /// Why a token may not be used, if so.
    pub(crate) fn token_is_known(&self, token: &str) -> Option<String> {
        let opens = |(key, (.., parts)): (&Key, &(Uid, u64, AnyParts))| match parts {
            AnyParts::KonnectAPIAuthConfiguration(parts) => {
                let inline = parts.spec.token.as_ref().map(|it| it.expose().trim_end());
                let mut secrets = self
                    .references(key)
                    .into_iter()
                    .filter(|to| self.permits(key, to));
                inline == Some(token) || secrets.any(|to| self.holds(&to.name, token))
            }
            _ => false,
        };
        if self.objects.iter().any(opens) {
            None
        } else {
            Some("no configuration that this engine knows may use this token".to_owned())
        }
    }

    fn holds(&self, secret: &Name, token: &str) -> bool {
        let key = Key {
            kind: Kind::Secret,
            name: secret.clone(),
        };
        match self.objects.get(&key).map(|(.., parts)| parts) {
            Some(AnyParts::Secret(parts)) => parts
                .spec
                .data
                .values()
                .any(|bytes| bytes.trim_ascii_end() == token.as_bytes()),
            _ => false,
        }
    }
}
