//! Secret text that cannot be printed or serialised by accident.
//!
//! A [`Sealed`] has no `Serialize`, its `Debug` prints a placeholder, and its memory is cleared when the
//! last holder lets go. Whoever needs the value calls [`Sealed::reveal`], which is easy to search for.

use std::fmt;
use std::sync::Arc;

use hmac::{Hmac, KeyInit, Mac};
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
    fn a_fingerprint_depends_on_value_and_key() {
        let (one, two) = (Sealed::new("one"), Sealed::new("two"));
        assert_eq!(one.fingerprint(b"k"), Sealed::new("one").fingerprint(b"k"));
        assert_ne!(one.fingerprint(b"k"), two.fingerprint(b"k"));
        assert_ne!(one.fingerprint(b"k"), one.fingerprint(b"l"));
    }
}
