//! Who keeps a credential that several consumers claim: nobody, as with Kong's controller, or the oldest.

use std::collections::{BTreeMap, BTreeSet};

use kong_resolve::Key;
use serde_json::Value;

use super::Candidate;
use super::credentials::{Credential, CredentialKind};
use crate::context::Context;

/// What no two credentials may share.
type Claim = (CredentialKind, String);

/// What a credential claims, and what the index of that is called.
fn claim(credential: &Credential<'_>) -> Option<(Claim, &'static str)> {
    let (member, index) = credential.kind.unique()?;
    let value = credential.members.get(member)?.as_str()?;
    Some(((credential.kind, value.to_owned()), index))
}

/// What a credential claims of its consumer, or of all with certificates.
fn own_claim(consumer: &Key, credential: &Credential<'_>) -> Option<Claim> {
    let member = |name: &str| credential.members.get(name).map(Value::to_string);
    let value = match credential.kind {
        CredentialKind::Acl => format!("{consumer} {}", member("group")?),
        CredentialKind::MtlsAuth => {
            format!(
                "{:?} {:?}",
                member("subject_name"),
                member("ca_certificate")
            )
        }
        _ => return None,
    };
    Some((credential.kind, value))
}

/// The consumers that claim what others claim, or they themselves once more. Each is told.
pub(super) fn all_who_share(
    context: &Context<'_, '_>,
    candidates: &[Candidate<'_>],
) -> BTreeSet<Key> {
    let mut claims: BTreeMap<Claim, Vec<(&Key, &Credential<'_>, &str)>> = BTreeMap::new();
    for candidate in candidates {
        for credential in &candidate.credentials {
            if let Some((claim, index)) = claim(credential) {
                let by = (&candidate.object, credential, index);
                claims.entry(claim).or_default().push(by);
            }
        }
    }
    let mut losers = BTreeSet::new();
    for (consumer, credential, index) in claims.into_values().filter(|by| by.len() > 1).flatten() {
        tell(context, consumer, credential, index, "");
        losers.insert(consumer.clone());
    }
    losers
}

/// Takes from consumers what an older credential of another one claims. Each is told.
pub(super) fn to_the_oldest(context: &Context<'_, '_>, candidates: &mut [Candidate<'_>]) {
    let mut by_age: Vec<(usize, usize)> = candidates
        .iter()
        .enumerate()
        .flat_map(|(consumer, candidate)| {
            (0..candidate.credentials.len()).map(move |credential| (consumer, credential))
        })
        .collect();
    // Consumers are in order of their age already.
    by_age.sort_by_key(|(consumer, credential)| {
        let credential = &candidates[*consumer].credentials[*credential];
        (credential.meta.created, &credential.secret)
    });
    let mut taken: BTreeMap<Claim, Key> = BTreeMap::new();
    let mut lost: BTreeSet<(usize, usize)> = BTreeSet::new();
    for place in by_age {
        let candidate = &candidates[place.0];
        let credential = &candidate.credentials[place.1];
        let found = claim(credential);
        let index = found
            .as_ref()
            .map_or("mtls-auth on 'subject_name'", |(_, index)| index);
        let claim = found
            .map(|(claim, _)| claim)
            .or_else(|| own_claim(&candidate.object, credential));
        let Some(claim) = claim else {
            continue;
        };
        if let Some(winner) = taken.get(&claim) {
            lost.insert(place);
            // The same once more does no harm.
            if *winner != candidate.object {
                let keeps = format!("; {winner} has the older one and keeps it");
                tell(context, &candidate.object, credential, index, &keeps);
            }
        } else {
            taken.insert(claim, candidate.object.clone());
        }
    }
    for (consumer, candidate) in candidates.iter_mut().enumerate() {
        let mut number = 0;
        candidate.credentials.retain(|_| {
            number += 1;
            !lost.contains(&(consumer, number - 1))
        });
    }
}

fn tell(
    context: &Context<'_, '_>,
    consumer: &Key,
    credential: &Credential<'_>,
    index: &str,
    more: &str,
) {
    let conflict = format!("conflict detected in {index:?} index{more}");
    let remedy = "give each consumer a credential of its own";
    context.say(
        &credential.secret,
        "data",
        format!("Secret has conflicting credential: {conflict}"),
        remedy,
    );
    context.say(
        consumer,
        credential.field.clone(),
        format!("Consumer has conflicting credentials: {conflict}"),
        remedy,
    );
}
