use kong_crds::Kind;
use kong_crds::kubernetes::SecretSpec;
use kong_resolve::{Key, Uid};
use x509_parser::{
    extensions::{GeneralName, ParsedExtension},
    parse_x509_certificate,
    prelude::X509Certificate,
};

use super::*;

const NOW: i64 = 1_700_000_000;
const LATER: i64 = NOW + 30 * 24 * 3_600;

fn mint() -> Mint {
    Mint {
        secret: Key::new(Kind::Secret, "shop", "edge-konnect-cert"),
        replaces: None,
        owner: Key::new(Kind::KonnectExtension, "shop", "edge"),
        owner_uid: Uid::from("u"),
        common_name: "edge.shop".to_owned(),
        labels: Vec::new(),
        not_before: NOW,
        not_after: LATER,
    }
}

fn der(pem: &str) -> Vec<u8> {
    pem::parse(pem).unwrap().into_contents()
}

fn authority() -> SecretSpec {
    authority::make(NOW).unwrap()
}

fn signer(authority: &SecretSpec) -> Signer {
    Authority::default().read(authority).unwrap()
}

fn with<T>(pem: &str, look: impl FnOnce(&X509Certificate<'_>) -> T) -> T {
    let der = der(pem);
    let (_, certificate) = parse_x509_certificate(&der).unwrap();
    look(&certificate)
}

#[test]
fn a_certificate_is_signed_by_the_authority_that_stands_beside_it() {
    let minted = make(&signer(&authority()), &mint()).unwrap();
    let authority = der(&minted.authority);
    let (_, authority) = parse_x509_certificate(&authority).unwrap();
    with(&minted.certificate, |certificate| {
        assert_eq!(certificate.issuer(), authority.subject());
        let signed = certificate.verify_signature(Some(authority.public_key()));
        assert!(signed.is_ok(), "{signed:?}");
    });
    assert!(authority.is_ca() && authority.verify_signature(None).is_ok());
}

#[test]
fn a_certificate_says_whom_it_is_for_and_what_it_may_be_used_for() {
    let minted = make(&signer(&authority()), &mint()).unwrap();
    with(&minted.certificate, |certificate| {
        let subject = certificate.subject();
        assert_eq!(subject.to_string(), "CN=edge.shop, O=Kong, Inc., C=US");
        let validity = certificate.validity();
        assert_eq!(validity.not_before.timestamp(), NOW);
        assert_eq!(validity.not_after.timestamp(), LATER);
        let usage = certificate.key_usage().unwrap().unwrap().value;
        assert!(usage.digital_signature() && usage.key_encipherment());
        assert!(!usage.key_cert_sign() && !certificate.is_ca());
        let extended = certificate.extended_key_usage().unwrap().unwrap().value;
        assert!(extended.client_auth && !extended.server_auth && !extended.any);
        let names = certificate.subject_alternative_name().unwrap().unwrap();
        assert_eq!(
            names.value.general_names,
            [GeneralName::DNSName("edge.shop")]
        );
    });
}

#[test]
fn a_key_belongs_to_its_certificate_and_is_never_made_twice() {
    let signer = signer(&authority());
    let [one, two] = [(); 2].map(|()| make(&signer, &mint()).unwrap());
    assert_ne!(one.key, two.key);
    for minted in [&one, &two] {
        let key = KeyPair::from_pem(minted.key.reveal()).unwrap();
        with(&minted.certificate, |certificate| {
            let public = rcgen::PublicKeyData::subject_public_key_info(&key);
            assert_eq!(certificate.public_key().raw, public);
        });
        assert!(!format!("{minted:?}").contains("PRIVATE"), "{minted:?}");
    }
    let serial = |minted: &Minted| with(&minted.certificate, |it| it.serial.clone());
    assert_ne!(serial(&one), serial(&two));
}

#[test]
fn keys_are_read_in_every_form_that_tools_write() {
    for key in [
        include_str!("fixtures/p256.pem"),
        include_str!("fixtures/p384.pem"),
        include_str!("fixtures/rsa.pem"),
    ] {
        let mut theirs = authority();
        theirs
            .data
            .insert("tls.key".to_owned(), key.as_bytes().to_vec());
        // Only what it signs with is looked at here: the certificate beside it is of another key.
        let minted = make(&signer(&theirs), &mint()).unwrap();
        with(&minted.certificate, |certificate| {
            let signature = certificate.signature_algorithm.algorithm.to_id_string();
            let expected = if key.contains("RSA") {
                "1.2.840.113549.1.1.11"
            } else {
                "1.2.840.10045.4.3."
            };
            assert!(signature.starts_with(expected), "{signature}");
        });
    }
}

#[test]
fn an_authority_that_cannot_be_used_is_named_and_not_quoted() {
    for (key, value, problem) in [
        ("tls.crt", None, "no certificate;"),
        (
            "tls.crt",
            Some("hunter2"),
            "no certificate that can be read;",
        ),
        ("tls.key", None, "no key that can be used;"),
        ("tls.key", Some("hunter2"), "no key that can be used;"),
    ] {
        let mut broken = authority();
        match value {
            Some(value) => broken
                .data
                .insert(key.to_owned(), value.as_bytes().to_vec()),
            None => broken.data.remove(key),
        };
        let Err(error) = Authority::default().read(&broken) else {
            panic!("{key} {value:?} is taken")
        };
        let text = error.to_string();
        assert!(text.contains("default/kong-operator-ca"), "{text}");
        assert!(
            text.contains(problem) && !text.contains("hunter2"),
            "{text}"
        );
    }
}

#[test]
fn an_authority_signs_certificates_and_no_authorities() {
    let authority = authority();
    let certificate = String::from_utf8(authority.data["tls.crt"].clone()).unwrap();
    with(&certificate, |certificate| {
        let limits = certificate.extensions().iter().find_map(|extension| {
            match extension.parsed_extension() {
                ParsedExtension::BasicConstraints(limits) => Some(limits.clone()),
                _ => None,
            }
        });
        assert_eq!(limits.and_then(|it| it.path_len_constraint), Some(0));
    });
}
