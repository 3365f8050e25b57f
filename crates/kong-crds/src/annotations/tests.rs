//! What each annotation takes, and what it says to what it does not take.

use super::{
    Annotation, INGRESS_CLASS, InvalidAnnotation, PLUGINS, PathHandling, PluginName, Protocol,
    Rewrite, RewritePart, TAGS, gateway, route, service,
};
use std::collections::BTreeMap;

/// Reason and remedy for a value that is refused.
fn refused<T: std::fmt::Debug>(annotation: &Annotation<T>, value: &str) -> (String, String) {
    let InvalidAnnotation {
        annotation: name,
        value: quoted,
        reason,
        remedy,
    } = annotation.parse(value).unwrap_err();
    assert_eq!((name.as_str(), quoted.as_str()), (annotation.name(), value));
    (reason, remedy)
}

/// The reason alone.
fn reason<T: std::fmt::Debug>(annotation: &Annotation<T>, value: &str) -> String {
    refused(annotation, value).0
}

fn strings<const N: usize>(values: [&str; N]) -> Vec<String> {
    values.map(str::to_owned).to_vec()
}

#[test]
fn an_annotation_is_found_by_its_name_among_others() {
    let annotations = BTreeMap::from([
        ("konghq.com/retries".to_owned(), "3".to_owned()),
        ("konghq.com/tls-verify".to_owned(), "yes".to_owned()),
    ]);
    assert_eq!(service::RETRIES.of(&annotations), Ok(Some(3)));
    assert_eq!(service::PATH.of(&annotations), Ok(None));
    assert!(service::TLS_VERIFY.of(&annotations).is_err());
}

#[test]
fn an_error_names_annotation_value_reason_and_remedy() {
    assert_eq!(
        service::PROTOCOL.parse("smtp").unwrap_err().to_string(),
        "konghq.com/protocol annotation has invalid value: smtp: \"smtp\" is not a protocol of \
         services and routes; write one of http, https, grpc, grpcs, ws, wss, tls, tcp, \
         tls_passthrough"
    );
}

#[test]
fn names_are_those_of_kong() {
    let ours = [
        service::PROTOCOL.name(),
        service::PATH.name(),
        service::CONNECT_TIMEOUT.name(),
        service::READ_TIMEOUT.name(),
        service::WRITE_TIMEOUT.name(),
        service::RETRIES.name(),
        service::TLS_VERIFY.name(),
        service::TLS_VERIFY_DEPTH.name(),
        service::CA_CERTIFICATES_SECRETS.name(),
        service::CA_CERTIFICATES_CONFIG_MAPS.name(),
        service::CLIENT_CERTIFICATE.name(),
        service::HOST_HEADER.name(),
        service::UPSTREAM_POLICY.name(),
        service::OVERRIDE.name(),
        route::STRIP_PATH.name(),
        route::PRESERVE_HOST.name(),
        route::PROTOCOLS.name(),
        route::HTTPS_REDIRECT_STATUS_CODE.name(),
        route::REGEX_PRIORITY.name(),
        route::METHODS.name(),
        route::SNIS.name(),
        route::HOST_ALIASES.name(),
        route::HEADERS_SEPARATOR.name(),
        route::REQUEST_BUFFERING.name(),
        route::RESPONSE_BUFFERING.name(),
        route::PATH_HANDLING.name(),
        route::REGEX_PREFIX.name(),
        route::REWRITE.name(),
        PLUGINS.name(),
        TAGS.name(),
        gateway::UNMANAGED.name(),
        gateway::PUBLISH_SERVICE.name(),
        gateway::INSTANCE_ID.name(),
    ];
    let keys = ours.map(|name| name.strip_prefix("konghq.com/").unwrap());
    let expected = "protocol path connect-timeout read-timeout write-timeout retries tls-verify \
         tls-verify-depth ca-certificates-secrets ca-certificates-configmaps client-cert \
         host-header upstream-policy override strip-path preserve-host protocols \
         https-redirect-status-code regex-priority methods snis host-aliases headers-separator \
         request-buffering response-buffering path-handling regex-prefix rewrite plugins tags \
         gatewayclass-unmanaged publish-service instance-id";
    assert_eq!(keys.join(" "), expected);
    assert_eq!(
        service::SERVICE_UPSTREAM.name(),
        "ingress.kubernetes.io/service-upstream"
    );
    assert_eq!(
        route::FORCE_SSL_REDIRECT.name(),
        "ingress.kubernetes.io/force-ssl-redirect"
    );
    assert_eq!(INGRESS_CLASS.name(), "kubernetes.io/ingress.class");
}

#[test]
fn a_protocol_is_one_of_nine() {
    for protocol in Protocol::ALL {
        assert_eq!(service::PROTOCOL.parse(protocol.as_str()), Ok(protocol));
    }
    for wrong in ["udp", "HTTP", "", " http"] {
        reason(&service::PROTOCOL, wrong);
    }
    assert_eq!(
        route::PROTOCOLS.parse("grpc, https"),
        Ok(vec![Protocol::Grpc, Protocol::Https])
    );
    assert_eq!(
        reason(&route::PROTOCOLS, "http,udp"),
        "\"udp\" is not a protocol of services and routes"
    );
}

#[test]
fn a_flag_is_true_or_false() {
    for flag in [
        service::TLS_VERIFY,
        service::SERVICE_UPSTREAM,
        route::PRESERVE_HOST,
        route::FORCE_SSL_REDIRECT,
        route::REQUEST_BUFFERING,
        route::RESPONSE_BUFFERING,
        gateway::STATIC_NAMING,
        gateway::PROMOTE_WHEN_READY,
    ] {
        assert_eq!(flag.parse("true"), Ok(true));
        assert_eq!(flag.parse("false"), Ok(false));
        for wrong in ["True", "1", "yes", ""] {
            let found = refused(&flag, wrong);
            assert_eq!(found.0, "it is neither true nor false");
            assert_eq!(found.1, "write \"true\" or \"false\"");
        }
    }
    assert_eq!(route::STRIP_PATH.parse("TRUE"), Ok(true));
    assert_eq!(route::STRIP_PATH.parse("False"), Ok(false));
    reason(&route::STRIP_PATH, "on");
}

#[test]
fn numbers_keep_within_what_kong_takes() {
    for timeout in [
        service::CONNECT_TIMEOUT,
        service::READ_TIMEOUT,
        service::WRITE_TIMEOUT,
    ] {
        assert_eq!(timeout.parse("1"), Ok(1));
        assert_eq!(timeout.parse("2147483646"), Ok(2_147_483_646));
        assert_eq!(reason(&timeout, "0"), "it is out of range");
        assert_eq!(reason(&timeout, "2147483647"), "it is out of range");
        assert_eq!(
            refused(&timeout, "5s"),
            (
                "it is not a whole number".to_owned(),
                "write a whole number from 1 to 2147483646 (milliseconds)".to_owned()
            )
        );
    }
    assert_eq!(service::RETRIES.parse("0"), Ok(0));
    assert_eq!(service::RETRIES.parse("32767"), Ok(32_767));
    reason(&service::RETRIES, "-1");
    reason(&service::RETRIES, "32768");
    assert_eq!(service::TLS_VERIFY_DEPTH.parse("64"), Ok(64));
    reason(&service::TLS_VERIFY_DEPTH, "65");
    assert_eq!(route::REGEX_PRIORITY.parse("-5"), Ok(-5));
    reason(&route::REGEX_PRIORITY, "high");
}

#[test]
fn a_redirect_has_a_status_that_kong_answers() {
    for code in [301, 302, 307, 308, 426] {
        let read = route::HTTPS_REDIRECT_STATUS_CODE.parse(&code.to_string());
        assert_eq!(read, Ok(code));
    }
    for wrong in ["200", "303", "", "308.0"] {
        let found = refused(&route::HTTPS_REDIRECT_STATUS_CODE, wrong);
        assert_eq!(found.1, "write 301, 302, 307, 308 or 426");
    }
}

#[test]
fn paths_and_prefixes_begin_with_a_slash() {
    assert_eq!(service::PATH.parse("/v2"), Ok("/v2".to_owned()));
    assert_eq!(refused(&service::PATH, "v2").1, "write \"/v2\"");
    assert_eq!(route::REGEX_PREFIX.parse("/@"), Ok("/@".to_owned()));
    reason(&route::REGEX_PREFIX, "~");
    reason(&route::REGEX_PREFIX, "");
}

#[test]
fn lists_are_trimmed_and_empty_items_do_not_count() {
    for list in [
        service::CA_CERTIFICATES_SECRETS,
        service::CA_CERTIFICATES_CONFIG_MAPS,
        gateway::PUBLISH_SERVICE,
        TAGS,
    ] {
        assert_eq!(list.parse(" a ,b,, c,"), Ok(strings(["a", "b", "c"])));
        assert_eq!(list.parse(""), Ok(vec![]));
    }
}

#[test]
fn a_name_is_not_empty() {
    for name in [service::CLIENT_CERTIFICATE, service::UPSTREAM_POLICY] {
        assert_eq!(name.parse("sticky"), Ok("sticky".to_owned()));
        assert_eq!(reason(&name, ""), "it is empty");
    }
}

#[test]
fn methods_are_letters_and_become_capitals() {
    assert_eq!(
        route::METHODS.parse("get, Purge"),
        Ok(strings(["GET", "PURGE"]))
    );
    assert_eq!(
        reason(&route::METHODS, "GET,M-SEARCH"),
        "\"M-SEARCH\" is not a method: it has more than letters"
    );
}

#[test]
fn hosts_may_have_a_wildcard_at_one_end() {
    for hosts in [route::SNIS, route::HOST_ALIASES] {
        let text = "shop.example.com,*.example.com,example.*,my_host";
        let expected = strings(["shop.example.com", "*.example.com", "example.*", "my_host"]);
        assert_eq!(hosts.parse(text), Ok(expected));
        assert_eq!(hosts.parse(""), Ok(vec![]));
        for wrong in [
            "*", "a.*.b", "*.a.*", "a b", "-a", "a..b", "a:80", "http://a",
        ] {
            let found = reason(&hosts, &format!("a,{wrong}"));
            assert_eq!(found, format!("\"{wrong}\" is not a host name"));
        }
    }
}

#[test]
fn a_host_header_may_have_a_port() {
    for host in ["erp.internal", "erp.internal:8443"] {
        assert_eq!(service::HOST_HEADER.parse(host), Ok(host.to_owned()));
    }
    for wrong in ["", "*.internal", "erp:0", "erp:http", "erp:70000", "erp/x"] {
        assert_eq!(
            reason(&service::HOST_HEADER, wrong),
            "it is not a host name"
        );
    }
}

#[test]
fn a_plugin_may_be_elsewhere() {
    let plugin = |namespace: Option<&str>, name: &str| PluginName {
        namespace: namespace.map(str::to_owned),
        name: name.to_owned(),
    };
    assert_eq!(
        PLUGINS.parse("limit, shared:auth"),
        Ok(vec![plugin(None, "limit"), plugin(Some("shared"), "auth")])
    );
    for wrong in [":auth", "shared:", "a:b:c"] {
        assert_eq!(
            reason(&PLUGINS, wrong),
            format!("\"{wrong}\" names no plugin")
        );
    }
}

#[test]
fn paths_are_handled_in_one_of_two_ways() {
    for handling in [PathHandling::V0, PathHandling::V1] {
        assert_eq!(route::PATH_HANDLING.parse(handling.as_str()), Ok(handling));
    }
    for wrong in ["v2", "v9x", "V0", ""] {
        assert_eq!(refused(&route::PATH_HANDLING, wrong).1, "write v0 or v1");
    }
}

#[test]
fn a_rewrite_is_text_and_captures() {
    let text = |text: &str| RewritePart::Text(text.to_owned());
    let parts = |value: &str| route::REWRITE.parse(value).map(|Rewrite(parts)| parts);
    assert_eq!(
        parts("/internal/$1/x$12"),
        Ok(vec![
            text("/internal/"),
            RewritePart::Capture(1),
            text("/x"),
            RewritePart::Capture(12),
        ])
    );
    assert_eq!(parts(r"/price/\$1"), Ok(vec![text("/price/$1")]));
    assert_eq!(parts("/"), Ok(vec![text("/")]));
    assert_eq!(
        reason(&route::REWRITE, "/rewrite/$/xx"),
        "unexpected / at pos 10"
    );
    assert_eq!(
        reason(&route::REWRITE, "/rewrite/$"),
        "unexpected end of string"
    );
    assert_eq!(reason(&route::REWRITE, r"/a\b"), "unexpected b at pos 3");
    assert_eq!(reason(&route::REWRITE, r"/a\"), "unexpected end of string");
    assert_eq!(
        reason(&route::REWRITE, "/$99999999999"),
        "there is no group 99999999999"
    );
    assert_eq!(
        reason(&route::REWRITE, "items/$1"),
        "it does not begin with a slash, so requests would have no path"
    );
}

#[test]
fn a_rewrite_cannot_smuggle_code_into_the_plugin() {
    assert_eq!(
        reason(&route::REWRITE, "/$(os.exit())"),
        "unexpected ( at pos 2"
    );
    assert_eq!(
        reason(&route::REWRITE, r"/\$(os.exit())"),
        "\"$(\" would be run as code by the plugin that rewrites"
    );
}

#[test]
fn headers_are_taken_from_all_annotations_of_that_name() {
    let of = |annotations: &[(&str, &str)]| {
        let annotations: BTreeMap<String, String> = annotations
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        route::headers(&annotations)
    };
    assert_eq!(
        of(&[
            ("konghq.com/headers.X-Plan", "gold, silver"),
            ("konghq.com/headers.x-team", "a"),
            ("konghq.com/headersX", "b"),
        ]),
        Ok(BTreeMap::from([
            ("X-Plan".to_owned(), strings(["gold", "silver"])),
            ("x-team".to_owned(), strings(["a"])),
        ]))
    );
    assert_eq!(
        of(&[
            ("konghq.com/headers-separator", ";"),
            ("konghq.com/headers.X-Plan", "a,b;c"),
        ]),
        Ok(BTreeMap::from([(
            "X-Plan".to_owned(),
            strings(["a,b", "c"])
        )]))
    );
    assert_eq!(of(&[]), Ok(BTreeMap::new()));
    let empty = of(&[("konghq.com/headers.X-Plan", " , ")]).unwrap_err();
    assert_eq!(empty.annotation, "konghq.com/headers.X-Plan");
    assert_eq!(empty.reason, "it has no value of the header");
    let separator = of(&[("konghq.com/headers-separator", "")]).unwrap_err();
    assert_eq!(separator.annotation, "konghq.com/headers-separator");
}

#[test]
fn labels_of_a_selector_have_values() {
    assert_eq!(
        gateway::SERVICE_SELECTOR_OVERRIDE.parse("app=kong, tier = "),
        Ok(BTreeMap::from([
            ("app".to_owned(), "kong".to_owned()),
            ("tier".to_owned(), String::new()),
        ]))
    );
    for wrong in ["app", "=kong"] {
        assert_eq!(
            reason(&gateway::SERVICE_SELECTOR_OVERRIDE, wrong),
            format!("\"{wrong}\" is not a label with a value")
        );
    }
}

#[test]
fn what_is_only_looked_at_is_taken_as_it_is() {
    for annotation in [
        INGRESS_CLASS,
        service::OVERRIDE,
        gateway::UNMANAGED,
        gateway::INSTANCE_ID,
    ] {
        assert_eq!(annotation.parse(""), Ok(String::new()));
        assert_eq!(annotation.parse("kong"), Ok("kong".to_owned()));
    }
}
