//! HTTPRoutes as they should be translated, where Kong's own controller does otherwise.

use gateway_translation::{KongVersion, Problem, Settings, Translation, translate};
use kong_router::Flavor;
use serde_json::{Value, json};

use crate::golden::world;

const SERVICES: &str = "
apiVersion: v1
kind: Service
metadata: {name: a, namespace: default, uid: a}
spec: {ports: [{port: 80}]}
---
apiVersion: v1
kind: Service
metadata: {name: b, namespace: default, uid: b, annotations: {konghq.com/retries: '9'}}
spec: {ports: [{port: 80}]}
---
";

/// The translation of one HTTPRoute whose rules are these.
fn translation(rules: &str, flavor: Flavor) -> Translation {
    let manifests = format!(
        "{SERVICES}
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {{name: r, namespace: default, uid: r}}
spec:
  parentRefs: [{{name: g}}]
  hostnames: [h.example.com]
  rules: {rules}
"
    );
    let settings = Settings {
        flavor,
        all_routes: true,
        ..Settings::right(KongVersion::default())
    };
    translate(&world(&manifests), &settings)
}

fn traditional(rules: &str) -> Translation {
    translation(rules, Flavor::TraditionalCompatible)
}

/// The routes, by name.
fn routes(translation: &Translation) -> Vec<Value> {
    let document = translation.document.to_value();
    let services = document["services"].as_array().cloned().unwrap_or_default();
    let mut routes: Vec<Value> = services
        .iter()
        .flat_map(|service| service["routes"].as_array().cloned().unwrap_or_default())
        .collect();
    routes.sort_by_key(|route| route["name"].to_string());
    routes
}

/// Fields of problems with what they say.
fn problems(translation: &Translation) -> Vec<(&str, &str)> {
    fn pair(problem: &Problem) -> (&str, &str) {
        (&problem.field, &problem.message)
    }
    translation.problems.iter().map(pair).collect()
}

/// The one plugin of the one route.
fn plugin(translation: &Translation) -> Value {
    routes(translation)[0]["plugins"][0].clone()
}

#[test]
fn a_filter_that_cannot_be_had_costs_its_rule_alone() {
    let translation = traditional(
        "[{filters: [{type: RequestMirror, requestMirror: {backendRef: {name: b, port: 80}}}],
           backendRefs: [{name: a, port: 80}]},
          {matches: [{path: {type: Exact, value: /x}}], backendRefs: [{name: a, port: 80}]}]",
    );
    let names: Vec<Value> = routes(&translation)
        .iter()
        .map(|it| it["name"].clone())
        .collect();
    assert_eq!(names, ["httproute.default.r.1.0"]);
    let (field, message) = problems(&translation)[0];
    assert_eq!(field, "spec.rules[0].filters[0].type");
    assert!(
        message.starts_with("httpFilter RequestMirror unsupported"),
        "{message}"
    );
}

#[test]
fn paths_are_escaped_and_what_has_none_gets_one() {
    let translation = traditional(
        "[{matches: [{path: {type: Exact, value: '/a.b(c)'}}, {path: {value: /d%20-e/}}, {method: GET}],
           backendRefs: [{name: a, port: 80}]}]",
    );
    let paths: Vec<Value> = routes(&translation)
        .iter()
        .map(|it| it["paths"].clone())
        .collect();
    let expected = [
        json!(["~/a\\.b\\(c\\)$"]),
        json!(["~/d -e$", "~/d -e/"]),
        json!(["~/"]),
    ];
    assert_eq!(paths, expected);
}

#[test]
fn a_match_that_cannot_be_had_costs_itself_alone() {
    let translation = traditional(
        "[{matches: [{queryParams: [{name: q, value: '1'}]}, {path: {type: RegularExpression, value: '/('}},
                     {headers: [{type: RegularExpression, name: x, value: '^\\D+$'}]}, {path: {value: /ok}}],
           backendRefs: [{name: a, port: 80}]}]",
    );
    assert_eq!(routes(&translation).len(), 1);
    let fields: Vec<&str> = problems(&translation)
        .iter()
        .map(|(field, _)| *field)
        .collect();
    let expected = [
        "spec.rules[0].matches[0].queryParams",
        "spec.rules[0].matches[1].path.value",
        "spec.rules[0].matches[2].headers[0].value",
    ];
    assert_eq!(fields, expected);
}

#[test]
fn one_value_of_a_header_or_query_is_enough_in_an_expression() {
    let rules = "[{matches: [{headers: [{name: X-A, value: v}, {name: x-a, value: w}],
                              queryParams: [{name: q, value: \"1\\\"2\"}]}], backendRefs: [{name: a, port: 80}]}]";
    let translation = translation(rules, Flavor::Expressions);
    assert_eq!(
        routes(&translation)[0]["expression"],
        "(http.host == \"h.example.com\") && ((any(http.headers.x_a) == \"v\") && \
         (any(http.queries.q) == \"1\\\"2\"))"
    );
}

#[test]
fn a_redirect_with_a_known_location_is_a_plugin_of_its_own() {
    let translation = traditional(
        "[{filters: [{type: RequestRedirect, requestRedirect: {scheme: https, hostname: n.example.com, port: 443}}]}]",
    );
    let plugin = plugin(&translation);
    assert_eq!(plugin["name"], "redirect");
    let config = json!({"location": "https://n.example.com", "keep_incoming_path": true, "status_code": 302});
    assert_eq!(plugin["config"], config);
}

#[test]
fn a_redirect_that_depends_on_the_request_is_put_together_there() {
    let translation = traditional(
        "[{matches: [{path: {value: /old}}],
           filters: [{type: RequestRedirect, requestRedirect: {scheme: https, statusCode: 301,
             path: {type: ReplacePrefixMatch, replacePrefixMatch: '/n\"]]\\'}}}]}]",
    );
    let plugin = plugin(&translation);
    assert_eq!(plugin["name"], "pre-function");
    let expected = "local scheme, host, port = \"https\", kong.request.get_forwarded_host(), nil\n\
        if (scheme == \"http\" and port == 80) or (scheme == \"https\" and port == 443) then port = nil end\n\
        local path = \"/n\\034\\093\\093\\092\" .. string.sub(kong.request.get_path(), 5)\n\
        if path == \"\" then path = \"/\" end\n\
        path = string.gsub(path, \"[^%w%-%._~!$&'()*+,;=:@/%%]\", function(byte)\n  \
        return string.format(\"%%%02X\", string.byte(byte))\nend)\n\
        local query = kong.request.get_raw_query()\n\
        if query ~= \"\" then path = path .. \"?\" .. query end\n\
        if port then host = host .. \":\" .. port end\n\
        return kong.response.exit(301, nil, { Location = scheme .. \"://\" .. host .. path })";
    assert_eq!(plugin["config"]["access"][0], expected);
}

#[test]
fn text_for_a_template_never_becomes_code() {
    for filter in [
        "{type: RequestHeaderModifier, requestHeaderModifier: {set: [{name: x, value: '$(os)'}]}}",
        "{type: URLRewrite, urlRewrite: {path: {type: ReplaceFullPath, replaceFullPath: '/$(os)'}}}",
        "{type: URLRewrite, urlRewrite: {hostname: '$(os)'}}",
        "{type: URLRewrite, urlRewrite: {path: {type: ReplacePrefixMatch, replacePrefixMatch: '/$(os)'}}}",
    ] {
        let rules = format!("[{{filters: [{filter}], backendRefs: [{{name: a, port: 80}}]}}]");
        let translation = traditional(&rules);
        assert_eq!(routes(&translation), [] as [Value; 0], "{filter}");
        assert_eq!(translation.problems.len(), 1, "{filter}");
    }
}

#[test]
fn missing_backends_get_their_share_of_failures() {
    let translation = traditional(
        "[{backendRefs: [{name: a, port: 80, weight: 3}, {name: ghost, port: 80, weight: 2},
                         {name: a, port: 81, weight: 1}]}]",
    );
    let service = &translation.document.to_value()["services"][0];
    assert_eq!(
        service["plugins"][0]["config"]["access"][0],
        "if math.random(2) <= 1 then\n  return kong.response.exit(500, { message = \"no existing backendRef provided\" })\nend"
    );
    let said = problems(&translation);
    let expected = [
        (
            "spec.rules[0].backendRefs[1]",
            "target default/ghost of type Service does not exist",
        ),
        (
            "spec.rules[0].backendRefs[2].port",
            "target default/a of type Service has no port 81",
        ),
    ];
    assert_eq!(said, expected);
}

#[test]
fn of_backends_that_disagree_the_first_counts() {
    let translation = traditional("[{backendRefs: [{name: a, port: 80}, {name: b, port: 80}]}]");
    let service = &translation.document.to_value()["services"][0];
    assert_eq!(service["retries"], 9);
    assert_eq!(translation.problems.len(), 2);
    assert!(
        problems(&translation)[0]
            .1
            .ends_with("That of the first one counts.")
    );
}

#[test]
fn cross_origin_requests_are_answered_by_kong() {
    let translation = traditional(
        "[{filters: [{type: CORS, cors: {allowOrigins: ['https://*.example.com', 'https://a.test'],
             allowMethods: ['*'], allowHeaders: [x-a], allowCredentials: true}}], backendRefs: [{name: a, port: 80}]}]",
    );
    let config = json!({
        "origins": ["^https://[^/]+\\.example\\.com$", "https://a.test"], "headers": ["x-a"], "max_age": 5,
        "credentials": true,
    });
    assert_eq!(plugin(&translation)["config"], config);
}

#[test]
fn what_kong_refuses_of_a_backend_costs_itself_alone() {
    let manifests = "
apiVersion: v1
kind: Service
metadata: {name: a, namespace: default, uid: a, annotations: {
  konghq.com/path: /a//b, konghq.com/retries: '3', konghq.com/upstream-policy: p}}
spec: {type: ExternalName, externalName: 'not a name', ports: [{port: 80}]}
---
apiVersion: configuration.konghq.com/v1beta1
kind: KongUpstreamPolicy
metadata: {name: p, namespace: default}
spec: {algorithm: consistent-hashing, hashOn: {input: ip}, hashOnFallback: {input: ip}}
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: r, namespace: default, uid: r}
spec:
  parentRefs: [{name: g}]
  rules: [{backendRefs: [{name: a, port: 80}]}]
";
    let settings = Settings {
        all_routes: true,
        ..Settings::right(KongVersion::default())
    };
    let translation = translate(&world(manifests), &settings);
    let document = translation.document.to_value();
    let (service, upstream) = (&document["services"][0], &document["upstreams"][0]);
    assert_eq!(
        (&service["path"], &service["retries"]),
        (&Value::Null, &json!(3))
    );
    assert_eq!(
        (&upstream["algorithm"], &upstream["hash_on"]),
        (&json!("round-robin"), &Value::Null)
    );
    assert_eq!(upstream["targets"], Value::Null);
    assert_eq!(translation.problems.len(), 3, "{:#?}", translation.problems);
}
