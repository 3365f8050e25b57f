//! What a real server takes from chance and clock, made from the inputs instead: uids, generated names
//! and times.
//!
//! May depend on nothing of the crate. Start reading at [`uid`].

use chrono::{DateTime, SecondsFormat};
use uuid::Uuid;

/// The uid of an object: UUIDv5, in the URL namespace, of `apiVersion/Kind/namespace/name`. A later
/// object of the same name has `#1`, `#2`, ... appended, so that it is told from the first.
pub(super) fn uid(
    api_version: &str,
    kind: &str,
    namespace: &str,
    name: &str,
    incarnation: u32,
) -> String {
    let first = format!("{api_version}/{kind}/{namespace}/{name}");
    let identity = if incarnation == 0 {
        first
    } else {
        format!("{first}#{incarnation}")
    };
    Uuid::new_v5(&Uuid::NAMESPACE_URL, identity.as_bytes()).to_string()
}

/// The characters of generated names, as in a real server: no vowels, so no words.
const ALPHABET: &[u8; 27] = b"bcdfghjklmnpqrstvwxz2456789";

/// Characters after the prefix.
const SUFFIX: usize = 5;

/// Longest generated name, as in a real server.
const LONGEST: usize = 63;

/// The name that the n-th attempt makes of a prefix.
pub(super) fn generated_name(kind: &str, namespace: &str, prefix: &str, attempt: u64) -> String {
    let identity = format!("{kind}/{namespace}/{prefix}/{attempt}");
    let hash = Uuid::new_v5(&Uuid::NAMESPACE_URL, identity.as_bytes());
    let mut end = prefix.len().min(LONGEST - SUFFIX);
    while !prefix.is_char_boundary(end) {
        end -= 1;
    }
    let suffix = hash.as_bytes().iter().take(SUFFIX);
    prefix[..end]
        .chars()
        .chain(suffix.map(|byte| char::from(ALPHABET[usize::from(*byte) % ALPHABET.len()])))
        .collect()
}

/// Unix seconds as objects carry them.
pub(super) fn timestamp(seconds: i64) -> String {
    DateTime::from_timestamp(seconds, 0)
        .unwrap_or(DateTime::UNIX_EPOCH)
        .to_rfc3339_opts(SecondsFormat::Secs, true)
}
