//! The hash as which Kong keeps the password of a basic-auth credential.
//!
//! It is that which data planes make of the password of a request, so Konnect has to give it to them: SHA-1 over
//! the password and the id of the consumer, in hexadecimal (`kong/plugins/basic-auth/crypto.lua`).

use std::fmt::Write as _;

use sha1::{Digest as _, Sha1};

/// How many digits a hash has.
const DIGITS: usize = 40;

/// The hash of a password of this consumer.
pub fn hash(consumer: &str, password: &str) -> String {
    let digest = Sha1::new().chain_update(password).chain_update(consumer);
    let mut text = String::with_capacity(DIGITS);
    for byte in digest.finalize() {
        // Writing to a string does not fail.
        let _ = write!(text, "{byte:02x}");
    }
    text
}

/// Whether a text can be such a hash. What is kept otherwise says nothing about a password.
pub fn is_hash(text: &str) -> bool {
    text.len() == DIGITS
        && text
            .bytes()
            .all(|it| matches!(it, b'0'..=b'9' | b'a'..=b'f'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_is_salted_with_the_consumer() {
        // SHA-1 of "abc", as FIPS 180 has it.
        assert_eq!(hash("bc", "a"), "a9993e364706816aba3e25717850c26c9cd0d89d");
        assert_ne!(hash("one", "secret"), hash("other", "secret"));
        assert!(is_hash(&hash("one", "secret")));
    }

    #[test]
    fn what_is_kept_otherwise_is_no_hash() {
        for text in ["", "secret", "A9993E364706816ABA3E25717850C26C9CD0D89D"] {
            assert!(!is_hash(text), "{text}");
        }
    }
}
