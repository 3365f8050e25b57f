//! What `lint` says of certificates that clients do not take.

use gateway_translation::{Level, Rule, Settings, lint, translate};
use rcgen::{CertificateParams, KeyPair, date_time_ymd};

use super::gateway::{CLASS, settings};
use super::golden::world;

/// 2026-07-01.
const NOW: i64 = 1_782_864_000;

/// A certificate for names, valid in these years, and its key.
fn certificate(names: &[&str], years: (i32, i32)) -> (String, String) {
    let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
    let mut params = CertificateParams::new(names).unwrap();
    params.not_before = date_time_ymd(years.0, 1, 1);
    params.not_after = date_time_ymd(years.1, 1, 1);
    let key = KeyPair::generate().unwrap();
    let certificate = params.self_signed(&key).unwrap();
    (certificate.pem(), key.serialize_pem())
}

/// A listener for a host with a certificate of that name, and the Secret.
fn listener(host: &str, (certificate, key): &(String, String), number: usize) -> (String, String) {
    let listener = format!(
        "\n  - {{name: l{number}, port: 443, protocol: HTTPS, hostname: \"{host}\", tls: {{certificateRefs: [{{name: s{number}}}]}}}}"
    );
    let text = |text: &str| text.replace('\n', "\\n");
    let secret = format!(
        "\n---\napiVersion: v1\nkind: Secret\nmetadata: {{name: s{number}, namespace: default}}\ntype: kubernetes.io/tls\nstringData: {{tls.crt: \"{}\", tls.key: \"{}\"}}",
        text(certificate),
        text(key),
    );
    (listener, secret)
}

/// What is said of each of these listeners.
fn said(listeners: &[(&str, (String, String))]) -> Vec<String> {
    let mut manifests = format!(
        "{CLASS}\n---\napiVersion: gateway.networking.k8s.io/v1\nkind: Gateway\nmetadata: {{name: edge, namespace: default}}\nspec:\n  gatewayClassName: kong\n  listeners:"
    );
    let mut secrets = String::new();
    for (number, (host, pair)) in listeners.iter().enumerate() {
        let (listener, secret) = listener(host, pair, number);
        manifests += &listener;
        secrets += &secret;
    }
    manifests += &secrets;
    let settings: Settings = settings(kong_router::Flavor::Expressions);
    let world = world(&manifests);
    let translation = translate(&world, &settings);
    assert_eq!(translation.problems, []);
    let found = lint(&world, &settings, &translation, Some(NOW));
    let found = found.iter().filter(|it| it.rule == Rule::Certificate);
    found
        .inspect(|it| assert_eq!(it.rule.level(), Level::Warning))
        .map(|it| format!("{}: {}", it.field, it.message))
        .collect()
}

#[test]
fn certificates_that_clients_take_are_not_spoken_of() {
    let now = (2026, 2027);
    assert_eq!(
        said(&[
            ("shop.example.com", certificate(&["shop.example.com"], now)),
            ("Cart.example.com", certificate(&["*.example.com"], now)),
            ("*.example.org", certificate(&["*.example.org"], now)),
        ]),
        [] as [&str; 0]
    );
}

#[test]
fn a_certificate_of_another_time_or_host_is_said_where_it_is_referred_to() {
    let now = (2026, 2027);
    let field = |number: usize| format!("spec.listeners[{number}].tls.certificateRefs[0]");
    let secret = |number: usize| format!("the certificate in Secret default/s{number}");
    assert_eq!(
        said(&[
            (
                "a.example.com",
                certificate(&["a.example.com"], (2020, 2021))
            ),
            (
                "b.example.com",
                certificate(&["b.example.com"], (2030, 2031))
            ),
            ("c.example.com", certificate(&["d.example.com"], now)),
            ("a.b.example.com", certificate(&["*.example.com"], now)),
            ("*.example.net", certificate(&["a.example.net"], now)),
        ]),
        [
            format!(
                "{}: {} expired at 2021-01-01T00:00:00Z",
                field(0),
                secret(0)
            ),
            format!(
                "{}: {} is not valid before 2030-01-01T00:00:00Z",
                field(1),
                secret(1)
            ),
            format!(
                "{}: {} is for d.example.com, and is shown for c.example.com",
                field(2),
                secret(2)
            ),
            format!(
                "{}: {} is for *.example.com, and is shown for a.b.example.com",
                field(3),
                secret(3)
            ),
            format!(
                "{}: {} is for a.example.net, and is shown for *.example.net",
                field(4),
                secret(4)
            ),
        ]
    );
}
