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

impl Judge for KonnectAPIAuthConfiguration {
    const FRAME: Frame = Frame::Account;

    fn judge(me: Me<'_, Self>, view: &View<'_>) -> Verdict {
        let mut verdict = Verdict::default();
        let token = match me.spec.type_ {
            AuthType::Token => inline(me.spec),
            AuthType::SecretRef => from_secret(me, view, &mut verdict),
            AuthType::Unknown => {
                Err("unknown KonnectAPIAuthType; set spec.type to token or secretRef".to_owned())
            }
        };
        let server = ServerUrl::parse(&me.spec.server_url)
            .map_err(|error| format!("failed to parse server URL: {error}"));
        match (token, server) {
            (Ok(token), Ok(server)) => accessible(me, verdict, token, server),
            (token, server) => {
                let problems: Vec<_> = token.err().into_iter().chain(server.err()).collect();
                verdict.conditions.push(invalid(&problems.join("; ")));
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
        .ok_or_else(|| "spec.token is required if auth type is set to token".to_owned())
}

fn from_secret(
    me: Me<'_, KonnectAPIAuthConfiguration>,
    view: &View<'_>,
    verdict: &mut Verdict,
) -> Result<Token, String> {
    let reference = me.spec.secret_ref.as_ref();
    let reference = reference
        .ok_or_else(|| "spec.secretRef is required if auth type is set to secretRef".to_owned())?;
    let name = reference.name.as_deref().unwrap_or_default();
    let name = me.key.name.sibling(reference.namespace.as_deref(), name);
    let secret = secrets::key(&name);
    // Asked also while the object is being deleted: a token opens more than a clean-up needs.
    match view.permission(me.key, &secret) {
        Permission::Denied => {
            let denial = with_grant_hint(grants::denial(me.key, &secret), &secret);
            verdict.conditions.push(not_permitted(&denial));
            return Err(denial);
        }
        Permission::Granted => verdict.conditions.push(permitted()),
        Permission::Own => {}
    }
    verdict.pins.push(secret);
    token_in(view, &name)
}

fn token_in(view: &View<'_>, name: &Name) -> Result<Token, String> {
    let (meta, secret) = secrets::read(view, name).map_err(|problem| {
        format!(
            "failed to get Secret {name}: {problem}; create it with the label \
             {CREDENTIAL_LABEL}: {CREDENTIAL} and the key {TOKEN_KEY}, or correct spec.secretRef"
        )
    })?;
    if meta.label(CREDENTIAL_LABEL) != Some(CREDENTIAL) {
        return Err(format!(
            "secret {name} does not have label {CREDENTIAL_LABEL}: {CREDENTIAL}"
        ));
    }
    if secret.data.is_empty() {
        return Err(format!("secret {name} has no data"));
    }
    let text = secrets::text(secret, TOKEN_KEY).map_err(|problem| match problem {
        NoText::Missing => format!("secret {name} does not have key {TOKEN_KEY}"),
        NoText::Binary => format!("secret {name} has no text under key {TOKEN_KEY}"),
    })?;
    Token::of(text, format!("Token from Secret {name} is valid"))
        .ok_or_else(|| format!("secret {name} has nothing under key {TOKEN_KEY}"))
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
        generation: me.meta.generation,
        main: true,
    }]);
    verdict.access = Some(Access {
        server,
        token: value,
    });
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
