//! Checks that several members need together, and that no table can say.

use serde_json::{Map, Value};

use super::finding::Problem;
use super::interpreter::{Judgement, below, filled, find, is_there};
use super::schema::{self, Custom, Protocols};
use super::{Edition, certificate};
use crate::derive::{self, Underivable};
use crate::{Declared, Flavor};

type Members = Map<String, Value>;

/// From the shortest to the longest.
const PERIODS: &[&str] = &["second", "minute", "hour", "day", "month", "year"];
/// Members of a route that an expression stands for.
const TRADITIONAL: &[&str] = &[
    "methods",
    "hosts",
    "paths",
    "headers",
    "snis",
    "sources",
    "destinations",
];

/// Runs one of the checks. Those of whole entities say nothing about parts.
pub(super) fn check(
    check: Custom,
    members: &Members,
    place: &str,
    entity: Option<&Declared>,
    judgement: &mut Judgement,
) {
    match check {
        Custom::CertificatePair => certificate_pair(members, judgement),
        Custom::LimitsInOrder => {
            if let Some(Value::Object(config)) = members.get("config") {
                periods_in_order(config, "config", judgement);
            }
        }
        Custom::Oauth2Flow => oauth2_flow(members, judgement),
        Custom::PeriodsInOrder => periods_in_order(members, place, judgement),
        Custom::Plugin => {
            if let Some(entity) = entity {
                plugin(members, entity, judgement);
            }
        }
        Custom::RouteExpression => {
            if let Some(entity) = entity {
                route_expression(members, entity, judgement);
            }
        }
        Custom::Termination => termination(members, judgement),
        Custom::Unexpired => unexpired(members, judgement),
        Custom::Vault => vault(members, judgement),
    }
}

fn look(reason: impl Into<String>, remedy: &str) -> Problem {
    Problem::Look {
        reason: reason.into(),
        remedy: remedy.to_owned(),
    }
}

/// Kong builds the expression of each route and has it checked by its router.
fn route_expression(members: &Members, route: &Declared, judgement: &mut Judgement) {
    let flavor = judgement.dialect.flavor;
    let attributes = TRADITIONAL
        .iter()
        .any(|member| is_there(members.get(*member)));
    let number = |member: &str| members.get(member).and_then(Value::as_i64).unwrap_or(0);
    if flavor == Flavor::Expressions && is_there(members.get("expression")) {
        if attributes {
            let reason = "has an expression, and members that it stands for";
            judgement.tell("", look(reason, "write one or the other"));
            return;
        }
        if number("regex_priority") != 0 {
            let reason = "means nothing beside an expression";
            judgement.tell("regex_priority", look(reason, "use \"priority\""));
            return;
        }
    }
    if flavor == Flavor::Expressions && attributes && number("priority") != 0 {
        let reason = "means nothing without an expression";
        judgement.tell(
            "priority",
            look(reason, "write an expression, or remove it"),
        );
        return;
    }
    // What has no type yet has been told of already.
    let Ok(typed) = route.typed() else {
        return;
    };
    match derive::check(&typed, flavor) {
        // That there is nothing is said in other words already.
        Ok(()) | Err(Underivable::Empty) => {}
        Err(error) => judgement.tell("", Problem::Expression(error.to_string())),
    }
}

fn plugin(members: &Members, plugin: &Declared, judgement: &mut Judgement) {
    let name = members.get("name").and_then(Value::as_str).unwrap_or("");
    let Some(schema) = schema::plugin(name) else {
        if judgement.dialect.edition == Edition::OpenSource {
            let reason = format!("there is no plugin \"{name}\" in this edition");
            judgement.tell("name", look(reason, "choose another one"));
        }
        return;
    };
    for scope in &schema.without {
        if plugin.links.contains_key(scope.as_str()) {
            let reason = format!("the plugin \"{name}\" cannot be for one {scope}");
            judgement.tell(scope, Problem::Forbidden(reason));
        }
    }
    if schema.protocols == Protocols::Http
        && let Some(Value::Array(protocols)) = members.get("protocols")
    {
        let http = ["grpc", "grpcs", "http", "https"].map(Value::from).to_vec();
        if protocols.iter().any(|protocol| !http.contains(protocol)) {
            judgement.tell("protocols", Problem::OneOf(http));
        }
    }
    let Some(field) = &schema.config else {
        return;
    };
    let empty = Value::Object(Map::new());
    let given = members.get("config").filter(|config| !config.is_null());
    let config = given.unwrap_or(&empty);
    judgement.value(field, config, "config");
    if !judgement.is_clean() {
        return;
    }
    let mut whole = members.clone();
    if let (Some(fields), Value::Object(config)) = (&field.fields, config) {
        whole.insert("config".to_owned(), filled(fields, config).into());
    }
    judgement.checks(&schema.checks, &whole, plugin);
}

fn vault(members: &Members, judgement: &mut Judgement) {
    let name = members.get("name").and_then(Value::as_str).unwrap_or("");
    match schema::vault(name) {
        Some(field) => {
            if let Some(config) = members.get("config") {
                judgement.value(field, config, "config");
            }
        }
        None if judgement.dialect.edition == Edition::OpenSource => {
            let reason = format!("there is no vault \"{name}\" in this edition");
            judgement.tell("name", look(reason, "choose \"env\""));
        }
        None => {}
    }
}

fn certificate_pair(members: &Members, judgement: &mut Judgement) {
    for (certificate, key) in [("cert", "key"), ("cert_alt", "key_alt")] {
        let text = |member| members.get(member).and_then(Value::as_str);
        if let (Some(certificate), Some(key)) = (text(certificate), text(key))
            && !certificate::belong_together(certificate, key)
        {
            let reason = "the certificate is for another key";
            judgement.tell("", look(reason, "write the key that it was made for"));
        }
    }
    let text = |member| members.get(member).and_then(Value::as_str);
    if let (Some(first), Some(second)) = (text("cert"), text("cert_alt"))
        && certificate::same_kind(first, second)
    {
        let reason = "both certificates are for keys of one kind";
        judgement.tell(
            "cert_alt",
            look(reason, "choose one for RSA and one for ECDSA"),
        );
    }
}

/// Kong takes no authority that has expired.
fn unexpired(members: &Members, judgement: &mut Judgement) {
    let (Some(now), Some(text)) = (judgement.dialect.now, members.get("cert")) else {
        return;
    };
    if text
        .as_str()
        .is_some_and(|text| certificate::has_expired(text, now))
    {
        judgement.tell("cert", look("has expired", "write one that is still valid"));
    }
}

fn oauth2_flow(members: &Members, judgement: &mut Judgement) {
    const FLOWS: &[&str] = &[
        "config.enable_authorization_code",
        "config.enable_implicit_grant",
        "config.enable_client_credentials",
        "config.enable_password_grant",
    ];
    let enabled = |flow: &str| find(members, flow) == Some(&Value::Bool(true));
    if !FLOWS.iter().any(|flow| enabled(flow)) {
        let reason = "enables no flow";
        judgement.tell("config", look(reason, "enable at least one of the four"));
    }
}

fn periods_in_order(limits: &Members, place: &str, judgement: &mut Judgement) {
    let limit = |period: &str| limits.get(period).and_then(Value::as_f64);
    for (index, shorter) in PERIODS.iter().enumerate() {
        for longer in &PERIODS[index + 1..] {
            if let (Some(less), Some(more)) = (limit(shorter), limit(longer))
                && more < less
            {
                let reason = format!("lower than the limit of a {shorter}");
                let remedy = "let limits grow with their periods";
                judgement.tell(&below(place, longer), look(reason, remedy));
            }
        }
    }
}

fn termination(members: &Members, judgement: &mut Judgement) {
    let set = |member: &str| is_there(find(members, &format!("config.{member}")));
    let echo = find(members, "config.echo") == Some(&Value::Bool(true));
    let reason = if set("message") && (set("content_type") || set("body")) {
        "message cannot be used with content_type or body"
    } else if set("content_type") && !set("body") {
        "content_type needs a body"
    } else if echo && (set("content_type") || set("body")) {
        "echo cannot be used with content_type and body"
    } else {
        return;
    };
    judgement.tell("config", look(reason, "leave one of them out"));
}
