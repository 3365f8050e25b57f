//! KonnectAPIAuthConfiguration: from a token, inline or in a Secret, to access (konnect.md 6.1).
//!
//! It stands for no entity: its claim is the organisation that the token opens, which is only read.

use std::sync::Arc;

use kong_crds::conditions::{API_AUTH_VALID, INVALID, REF_NOT_PERMITTED, RESOLVED_REFS, VALID};
use kong_crds::konnect::v1alpha1::{
    AuthType, KonnectAPIAuthConfiguration, KonnectAPIAuthConfigurationSpec,
};
use kong_crds::names::CREDENTIAL_LABEL;
use kong_model::{Body, Collection, Sealed, ServerUrl, Site};
use kong_resolve::{
    Access, Claim, Condition, Frame, Intent, Key, Me, Name, Output, Permission, Verdict, View,
    grants, identity,
};
use serde_json::json;

use crate::case::with_grant_hint;
use crate::kind::Judge;
use crate::secrets::{self, NoText};

/// The value of the label of Secrets that hold tokens.
const CREDENTIAL: &str = "konnect";
/// The key of such Secrets that holds the token.
const TOKEN_KEY: &str = "token";
/// What to do about a Secret that holds none.
const PUT_TOKEN: &str = "put the token there under the key token, or correct spec.secretRef";

impl Judge for KonnectAPIAuthConfiguration {
    const FRAME: Frame = Frame::Account;
    const AT: Collection = Collection::Identity;

    fn judge(me: Me<'_, Self>, view: &View<'_>) -> Verdict {
        let mut verdict = Verdict::default();
        let token = match me.spec.type_ {
            AuthType::Token => inline(me.spec),
            AuthType::SecretRef => from_secret(me, view, &mut verdict),
            AuthType::Unknown => {
                Err("unknown KonnectAPIAuthType; set spec.type to token or secretRef".to_owned())
            }
        };
        let server = ServerUrl::parse(&me.spec.server_url).map_err(|error| {
            format!(
                "failed to parse server URL: {error}; spec.serverURL cannot be changed: create another \
                 KonnectAPIAuthConfiguration with a right one"
            )
        });
        let region = server.as_ref().map(|server| Arc::from(server.region()));
        verdict.region = region.ok();
        match (token, server) {
            (Ok(token), Ok(server)) => accessible(me, verdict, token, server),
            (token, server) => {
                let problems: Vec<_> = token.err().into_iter().chain(server.err()).collect();
                verdict.say(invalid(&problems.join("; ")));
                verdict
            }
        }
    }
}

/// A token and where it came from, in the words of the condition.
struct Token {
    value: Sealed,
    valid: String,
}

impl Token {
    /// Editors and `kubectl create secret --from-file` leave a line break at the end.
    fn of(text: &str, valid: String) -> Option<Self> {
        let text = text.trim_end();
        (!text.is_empty()).then(|| Self {
            value: Sealed::new(text),
            valid,
        })
    }
}

fn inline(spec: &KonnectAPIAuthConfigurationSpec) -> Result<Token, String> {
    spec.token
        .as_ref()
        .and_then(|token| Token::of(token.expose(), "Token is valid".to_owned()))
        .ok_or_else(|| {
            "spec.token is required if auth type is set to token; put the token there".to_owned()
        })
}

fn from_secret(
    me: Me<'_, KonnectAPIAuthConfiguration>,
    view: &View<'_>,
    verdict: &mut Verdict,
) -> Result<Token, String> {
    let reference = me.spec.secret_ref.as_ref();
    let reference = reference.ok_or_else(|| {
        "spec.secretRef is required if auth type is set to secretRef; name a Secret there"
            .to_owned()
    })?;
    let name = reference.name.as_deref().unwrap_or_default();
    let name = me.key.name.sibling(reference.namespace.as_deref(), name);
    let secret = secrets::key(&name);
    // Asked also while the object is being deleted: a token opens more than a clean-up needs.
    match view.permission(me.key, &secret) {
        Permission::Denied => {
            let denial = with_grant_hint(grants::denial(me.key, &secret), me.key, &secret);
            verdict.say(not_permitted(&denial));
            return Err(denial);
        }
        Permission::Granted => verdict.say(permitted()),
        Permission::Own => {}
    }
    verdict.pins.push(secret);
    token_in(view, &name)
}

fn token_in(view: &View<'_>, name: &Name) -> Result<Token, String> {
    let (meta, secret) = secrets::read(view, name).map_err(|problem| {
        format!(
            "failed to get Secret {name}: {problem}; create it with the labels \
             {CREDENTIAL_LABEL}: {CREDENTIAL} and {}, without which it counts as not there, and \
             the key {TOKEN_KEY}, or correct spec.secretRef",
            secrets::label()
        )
    })?;
    if meta.label(CREDENTIAL_LABEL) != Some(CREDENTIAL) {
        return Err(format!(
            "secret {name} does not have label {CREDENTIAL_LABEL}: {CREDENTIAL}; add it"
        ));
    }
    if secret.data.is_empty() {
        return Err(format!("secret {name} has no data; {PUT_TOKEN}"));
    }
    let text = secrets::text(secret, TOKEN_KEY).map_err(|problem| match problem {
        NoText::Missing => format!("secret {name} does not have key {TOKEN_KEY}; {PUT_TOKEN}"),
        NoText::Binary => format!("secret {name} has no text under key {TOKEN_KEY}; {PUT_TOKEN}"),
    })?;
    Token::of(text, format!("Token from Secret {name} is valid"))
        .ok_or_else(|| format!("secret {name} has nothing under key {TOKEN_KEY}; {PUT_TOKEN}"))
}

fn accessible(
    me: Me<'_, KonnectAPIAuthConfiguration>,
    mut verdict: Verdict,
    token: Token,
    server: ServerUrl,
) -> Verdict {
    let Token { value, valid } = token;
    let body = json!({"server": server.to_string(), "token": value.reveal()});
    verdict.output = Output::Want(vec![Claim {
        identity: identity(&me.meta.uid),
        site: Site {
            at: Collection::Identity,
            control_plane: None,
            parent: None,
        },
        configuration: Key::clone(me.key),
        intent: Intent::Present(Arc::new(Body::from_wire(Collection::Identity, &body))),
        specified: None,
        adopt: None,
        known_by: Vec::new(),
        generation: me.meta.generation,
        main: true,
        content: None,
    }]);
    verdict.access = Some(Box::new(Access {
        server,
        token: value,
    }));
    verdict
        .confirmed
        .push(Condition::holds(API_AUTH_VALID, VALID, valid));
    verdict
}

fn invalid(problems: &str) -> Condition {
    Condition::fails(API_AUTH_VALID, INVALID, problems)
}

fn not_permitted(denial: &str) -> Condition {
    Condition::fails(RESOLVED_REFS, REF_NOT_PERMITTED, denial)
}

fn permitted() -> Condition {
    Condition::holds(
        RESOLVED_REFS,
        RESOLVED_REFS,
        "KongReferenceGrant allows access to the referenced Secret",
    )
}

#[cfg(test)]
mod tests {
    #![expect(
        clippy::needless_pass_by_value,
        reason = "tests write their JSON where it is used"
    )]

    use kong_crds::Kind;
    use serde_json::Value;

    use super::*;
    use crate::testing::{Cluster, claims, failing};

    fn apply(cluster: &mut Cluster, spec: Value) -> Key {
        cluster.apply(json!({
            "apiVersion": "konnect.konghq.com/v1alpha1", "kind": "KonnectAPIAuthConfiguration",
            "metadata": {"name": "auth"}, "spec": spec,
        }))
    }

    fn from_secret(cluster: &mut Cluster) -> Key {
        apply(
            cluster,
            json!({
                "type": "secretRef", "secretRef": {"name": "token"},
                "serverURL": "https://eu.api.konghq.com",
            }),
        )
    }

    #[test]
    fn an_inline_token_gives_access_and_asks_whose_it_is() {
        let mut cluster = Cluster::new();
        let spec = json!({"type": "token", "token": "kpat_1\n", "serverURL": "us.api.konghq.com"});
        let key = apply(&mut cluster, spec);
        let verdict = cluster.judge(&key);
        let access = verdict.access.clone().unwrap();
        assert_eq!(access.token.reveal(), "kpat_1");
        assert_eq!(access.server.to_string(), "https://us.api.konghq.com");
        let valid = Condition::holds(API_AUTH_VALID, VALID, "Token is valid");
        assert_eq!(verdict.confirmed, [valid]);
        assert_eq!((&verdict.conditions[..], verdict.cleanup), (&[][..], false));
        let [claim] = claims(&verdict) else {
            panic!("{verdict:?}")
        };
        assert_eq!(claim.configuration, key);
        assert_eq!(claim.site.at, Collection::Identity);
        assert!(!format!("{verdict:?}").contains("kpat_1"));
    }

    #[test]
    fn a_secret_is_pinned_and_named_in_the_condition() {
        let mut cluster = Cluster::new();
        let secret = cluster.secret(
            "token",
            json!({"konghq.com/credential": "konnect"}),
            json!({"token": "kpat_2\n"}),
        );
        let key = from_secret(&mut cluster);
        let verdict = cluster.judge(&key);
        assert_eq!(verdict.access.unwrap().token.reveal(), "kpat_2");
        assert_eq!(verdict.pins, [secret]);
        assert_eq!(
            verdict.confirmed[0].message,
            "Token from Secret ns/token is valid"
        );
    }

    #[test]
    fn what_is_wrong_with_a_secret_is_said_in_the_words_of_kong() {
        let label = json!({"konghq.com/credential": "konnect"});
        let cases = [
            (
                None,
                "failed to get Secret ns/token: Secret \"token\" not found; create it",
            ),
            (
                Some((json!({}), json!({"token": "t"}))),
                "secret ns/token does not have label konghq.com/credential: konnect",
            ),
            (
                Some((label.clone(), json!({}))),
                "secret ns/token has no data",
            ),
            (
                Some((label.clone(), json!({"other": "t"}))),
                "secret ns/token does not have key token",
            ),
            (
                Some((label, json!({"token": "\n"}))),
                "secret ns/token has nothing under key token",
            ),
        ];
        for (secret, start) in cases {
            let mut cluster = Cluster::new();
            if let Some((labels, data)) = secret {
                cluster.secret("token", labels, data);
            }
            let key = from_secret(&mut cluster);
            let verdict = cluster.judge(&key);
            assert_eq!(verdict.output, Output::Want(Vec::new()));
            assert_eq!(verdict.access, None);
            let [(API_AUTH_VALID, INVALID, message)] = failing(&verdict)[..] else {
                panic!("{verdict:?}")
            };
            assert!(message.starts_with(start), "{message}");
            assert!(message.contains("; "), "what to do: {message}");
        }
    }

    #[test]
    fn token_and_server_are_both_complained_of() {
        let mut cluster = Cluster::new();
        let key = apply(
            &mut cluster,
            json!({"type": "token", "serverURL": "api.konghq.com"}),
        );
        let verdict = cluster.judge(&key);
        let [(_, _, message)] = failing(&verdict)[..] else {
            panic!("{verdict:?}")
        };
        let start = "spec.token is required if auth type is set to token; put the token there; failed to parse server \
                     URL: failed to parse region from hostname: \"api.konghq.com\"";
        assert!(message.starts_with(start), "{message}");
    }

    #[test]
    fn a_secret_elsewhere_is_not_read_without_a_grant_even_by_what_is_being_deleted() {
        let mut cluster = Cluster::new();
        let secret = cluster.apply(json!({
            "apiVersion": "v1", "kind": "Secret", "stringData": {"token": "kpat_3"},
            "metadata": {
                "name": "token", "namespace": "other",
                "labels": {"konghq.com/credential": "konnect"},
            },
        }));
        let spec = json!({
            "type": "secretRef", "secretRef": {"name": "token", "namespace": "other"},
            "serverURL": "us.api.konghq.com",
        });
        let key = apply(&mut cluster, spec);
        let denial = "cross-namespace reference to Secret token in namespace other from \
                      KonnectAPIAuthConfiguration.konnect.konghq.com in namespace ns is not \
                      granted by any KongReferenceGrant; create one in namespace \"other\" with \
                      from {group: konnect.konghq.com, kind: KonnectAPIAuthConfiguration, \
                      namespace: ns} and to {group: core, kind: Secret}";
        for deleting in [false, true] {
            if deleting {
                cluster.delete(&key);
            }
            let verdict = cluster.judge(&key);
            assert_eq!(
                failing(&verdict),
                [
                    (API_AUTH_VALID, INVALID, denial),
                    (RESOLVED_REFS, REF_NOT_PERMITTED, denial),
                ]
            );
            assert_eq!(verdict.pins, []);
            let secret = kong_resolve::Dep::Object(secret.clone());
            assert!(!cluster.reads(&key).contains(&secret));
        }
        cluster.grant(Kind::KonnectAPIAuthConfiguration, Kind::Secret);
        let verdict = cluster.judge(&key);
        assert_eq!(failing(&verdict), []);
        assert_eq!(verdict.conditions[..], [permitted()]);
        assert_eq!(verdict.pins, [secret]);
    }
}
