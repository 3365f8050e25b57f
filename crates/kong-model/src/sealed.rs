//! Secret text that cannot be printed or serialised by accident.
//!
//! A [`Sealed`] has no `Serialize`, its `Debug` prints a placeholder, and its memory is cleared when the
//! last holder lets go. Whoever needs the value calls [`Sealed::reveal`], which is easy to search for.

use std::fmt;
use std::sync::Arc;

use hmac::{Hmac, KeyInit, Mac};
use serde_json::Value;
use sha2::Sha256;
use zeroize::Zeroize;

/// What stands in place of a secret wherever it would be shown.
pub const REDACTED: &str = "[redacted]";

/// A secret value: shared, comparable, never shown.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Sealed(Arc<Clear>);

/// Clears its memory when the last holder lets go.
#[derive(PartialEq, Eq, PartialOrd, Ord, Hash)]
struct Clear(String);

impl Drop for Clear {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl Sealed {
    /// Seals a value.
    pub fn new(value: impl Into<String>) -> Self {
        Self(Arc::new(Clear(value.into())))
    }

    /// The value itself, for the wire and nothing else.
    pub fn reveal(&self) -> &str {
        &self.0.0
    }

    /// A hash that tells equal values from different ones only to who knows `key`.
    pub fn fingerprint(&self, key: &[u8]) -> [u8; 32] {
        let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes keys of every length");
        mac.update(self.reveal().as_bytes());
        mac.finalize().into_bytes().into()
    }
}

/// Values that are shorter are only taken for the secret where they stand in quotes.
const SHORT: usize = 6;

/// The words of somebody else without these values: as they are, as JSON writes them, and line by line.
pub fn scrub<'s>(sentence: &str, values: impl IntoIterator<Item = &'s str>) -> String {
    let mut values: Vec<&str> = values.into_iter().collect();
    let lines: Vec<&str> = values
        .iter()
        .filter(|value| value.trim().contains('\n'))
        .flat_map(|value| value.lines())
        .map(str::trim)
        // What a PEM is, everybody may know.
        .filter(|line| line.len() >= SHORT && !line.starts_with("-----"))
        .collect();
    values.extend(lines);
    values.retain(|value| !value.is_empty());
    // A value that holds another one goes first.
    values.sort_by_key(|value| std::cmp::Reverse(value.len()));
    let mut sentence = sentence.to_owned();
    for value in values {
        let quoted = Value::from(value).to_string();
        sentence = sentence.replace(&quoted, &format!("\"{REDACTED}\""));
        if value.len() >= SHORT {
            sentence = sentence.replace(value, REDACTED);
            sentence = sentence.replace(quoted.trim_matches('"'), REDACTED);
        }
    }
    sentence
}

impl fmt::Debug for Sealed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(REDACTED)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sealed_value_is_not_printed() {
        let secret = Sealed::new("hunter2");
        assert_eq!(format!("{secret:?}"), REDACTED);
        assert_eq!(secret.reveal(), "hunter2");
    }

    #[test]
    fn a_sentence_is_scrubbed_of_every_form_of_a_value() {
        let key = "-----BEGIN KEY-----\nMIGHAgEAMBMG\nKoZIzj0DAQcD\n-----END KEY-----\n";
        for (sentence, expected) in [
            (
                "the key 'peppermint' is taken",
                "the key '[redacted]' is taken",
            ),
            (
                "\"ab\" is no value, and about is",
                "\"[redacted]\" is no value, and about is",
            ),
            (
                "not a PEM: \"-----BEGIN KEY-----\\nMIGHAgEAMBMG\\nKoZIzj0DAQcD\\n-----END KEY-----\\n\"",
                "not a PEM: \"[redacted]\"",
            ),
            ("line 2: KoZIzj0DAQcD", "line 2: [redacted]"),
            (
                "-----BEGIN KEY----- is missing",
                "-----BEGIN KEY----- is missing",
            ),
        ] {
            assert_eq!(scrub(sentence, ["", "peppermint", "ab", key]), expected);
        }
    }

    #[test]
    fn a_fingerprint_depends_on_value_and_key() {
        let (one, two) = (Sealed::new("one"), Sealed::new("two"));
        assert_eq!(one.fingerprint(b"k"), Sealed::new("one").fingerprint(b"k"));
        assert_ne!(one.fingerprint(b"k"), two.fingerprint(b"k"));
        assert_ne!(one.fingerprint(b"k"), one.fingerprint(b"l"));
    }
}
