//! Who may read metrics, if not everybody: whom the API server permits to get `/metrics`.
//!
//! As controller-runtime's filter of the same purpose: the API server says whose a bearer token is (a
//! TokenReview) and whether that user may (a SubjectAccessReview). What it says holds for a while, so that
//! Prometheus does not cost it two reviews a scrape. Start with [`Gate::check`].

use std::{
    collections::HashMap,
    fmt,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use axum::{
    extract::{Request, State},
    http::{HeaderMap, StatusCode, header},
    middleware::Next,
    response::{IntoResponse as _, Response},
};
use k8s_openapi::api::{
    authentication::v1::{TokenReview, TokenReviewSpec, UserInfo},
    authorization::v1::{NonResourceAttributes, SubjectAccessReview, SubjectAccessReviewSpec},
};
use kube::{Api, Client, api::PostParams};
use sha2::{Digest as _, Sha256};
use tokio::{
    sync::Semaphore,
    time::{Instant, timeout},
};

use crate::cluster::describe;

/// What is asked for.
pub(crate) const PATH: &str = "/metrics";
/// What for.
pub(crate) const VERB: &str = "get";

/// How long a permission holds: a scrape or a few, so that one that is taken back does not last.
const PERMITTED_FOR: Duration = Duration::from_secs(60);
/// How long a refusal holds: whoever has just been given the permission need not wait for long.
const REFUSED_FOR: Duration = Duration::from_secs(10);
/// How many answers are remembered. There are a few readers; more tokens than that are guesses.
const REMEMBERED: usize = 256;
/// How many tokens are asked about at once: guesses must not keep the API server busy.
const ASKED_AT_ONCE: usize = 4;
/// How long the API server may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// What the API server says of a token.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Answer {
    /// Its user may read metrics.
    Permitted,
    /// Its user may not.
    Refused(String),
    /// It is nobody's.
    Unknown,
}

impl Answer {
    fn holds_for(&self) -> Duration {
        match self {
            Self::Permitted => PERMITTED_FOR,
            Self::Refused(_) | Self::Unknown => REFUSED_FOR,
        }
    }
}

/// A token as it is remembered: what is remembered opens nothing.
type Fingerprint = [u8; 32];

/// Lets through whom the API server permits.
#[derive(Clone)]
pub(crate) struct Gate(Arc<Inner>);

struct Inner {
    client: Client,
    answers: Mutex<HashMap<Fingerprint, (Answer, Instant)>>,
    asking: Semaphore,
}

impl fmt::Debug for Gate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Gate").finish_non_exhaustive()
    }
}

impl Gate {
    pub(crate) fn new(client: Client) -> Self {
        Self(Arc::new(Inner {
            client,
            answers: Mutex::default(),
            asking: Semaphore::new(ASKED_AT_ONCE),
        }))
    }

    /// Answers in place of what is behind the gate, unless the request may go on.
    pub(crate) async fn check(State(gate): State<Self>, request: Request, next: Next) -> Response {
        let Some(token) = bearer(request.headers()) else {
            return unauthorized();
        };
        match timeout(PATIENCE, gate.ask(token)).await {
            Ok(Ok(Answer::Permitted)) => next.run(request).await,
            Ok(Ok(Answer::Refused(user))) => {
                let text = format!("\"{user}\" may not {VERB} {PATH}\n");
                (StatusCode::FORBIDDEN, text).into_response()
            }
            Ok(Ok(Answer::Unknown)) => unauthorized(),
            Ok(Err(error)) => unavailable(&describe(&error)),
            Err(_) => unavailable("it takes too long"),
        }
    }

    async fn ask(&self, token: &str) -> Result<Answer, kube::Error> {
        let fingerprint: Fingerprint = Sha256::digest(token).into();
        if let Some(answer) = self.remembered(&fingerprint) {
            return Ok(answer);
        }
        // It is never closed.
        let _turn = self.0.asking.acquire().await;
        // Whoever waited for its turn may have been waiting for the same answer.
        if let Some(answer) = self.remembered(&fingerprint) {
            return Ok(answer);
        }
        let answer = self.review(token).await?;
        self.remember(fingerprint, answer.clone());
        Ok(answer)
    }

    async fn review(&self, token: &str) -> Result<Answer, kube::Error> {
        let review = TokenReview {
            spec: TokenReviewSpec {
                token: token.to_owned(),
                audiences: None,
            },
            ..TokenReview::default()
        };
        let parameters = PostParams::default();
        let reviews: Api<TokenReview> = Api::all(self.0.client.clone());
        let status = reviews.create(&parameters, &review).await?.status;
        let status = status.unwrap_or_default();
        let user = status.user.filter(|_| status.authenticated == Some(true));
        let Some(user) = user else {
            return Ok(Answer::Unknown);
        };
        let name = user.username.clone().unwrap_or_default();
        let reviews: Api<SubjectAccessReview> = Api::all(self.0.client.clone());
        let review = reviews.create(&parameters, &may_read(user)).await?;
        Ok(if review.status.is_some_and(|status| status.allowed) {
            Answer::Permitted
        } else {
            Answer::Refused(name)
        })
    }

    fn remembered(&self, fingerprint: &Fingerprint) -> Option<Answer> {
        // The map is whole after every statement, so it is good whoever panicked.
        let answers = self.0.answers.lock();
        let answers = answers.unwrap_or_else(PoisonError::into_inner);
        let (answer, until) = answers.get(fingerprint)?;
        (*until > Instant::now()).then(|| answer.clone())
    }

    fn remember(&self, fingerprint: Fingerprint, answer: Answer) {
        let now = Instant::now();
        let answers = self.0.answers.lock();
        let mut answers = answers.unwrap_or_else(PoisonError::into_inner);
        if answers.len() >= REMEMBERED {
            answers.retain(|_, (_, until)| *until > now);
        }
        if answers.len() >= REMEMBERED {
            // Guesses do not push out those that are good.
            answers.retain(|_, (answer, _)| *answer == Answer::Permitted);
        }
        if answers.len() < REMEMBERED {
            let until = now + answer.holds_for();
            answers.insert(fingerprint, (answer, until));
        }
    }
}

/// The question whether a user may read metrics.
fn may_read(user: UserInfo) -> SubjectAccessReview {
    SubjectAccessReview {
        spec: SubjectAccessReviewSpec {
            user: user.username,
            uid: user.uid,
            groups: user.groups,
            extra: user.extra,
            non_resource_attributes: Some(NonResourceAttributes {
                path: Some(PATH.to_owned()),
                verb: Some(VERB.to_owned()),
            }),
            ..SubjectAccessReviewSpec::default()
        },
        ..SubjectAccessReview::default()
    }
}

/// The token of a request.
fn bearer(headers: &HeaderMap) -> Option<&str> {
    let text = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = text.trim().split_once(' ')?;
    let token = token.trim();
    (scheme.eq_ignore_ascii_case("bearer") && !token.is_empty()).then_some(token)
}

fn unauthorized() -> Response {
    let headers = [(header::WWW_AUTHENTICATE, "Bearer")];
    let text = "a bearer token that the API server knows is needed\n";
    (StatusCode::UNAUTHORIZED, headers, text).into_response()
}

fn unavailable(error: &str) -> Response {
    tracing::warn!(error, "the API server does not say who may read metrics");
    let text = "the API server does not say whether you may\n";
    (StatusCode::SERVICE_UNAVAILABLE, text).into_response()
}

#[cfg(test)]
mod tests {
    use axum::{Json, Router, routing::post};
    use serde_json::{Value, json};

    use super::*;

    /// An API server that knows `reader`, `stranger`, and nobody else; `down` is an answer that it cannot
    /// give. It counts the reviews.
    fn server(count: &Arc<Mutex<Vec<&'static str>>>) -> Client {
        let (tokens, subjects) = (Arc::clone(count), Arc::clone(count));
        let tokens = async move |Json(review): Json<Value>| {
            tokens.lock().unwrap().push("token");
            let token = review["spec"]["token"].as_str().unwrap().to_owned();
            if token == "down" {
                return Err(StatusCode::INTERNAL_SERVER_ERROR);
            }
            let known = ["reader", "stranger"].contains(&token.as_str());
            let status = if known {
                json!({"authenticated": true, "user": {"username": token, "groups": ["all"]}})
            } else {
                json!({"error": "it is nobody's"})
            };
            Ok(answer(review, status))
        };
        let subjects = async move |Json(review): Json<Value>| {
            subjects.lock().unwrap().push("subject");
            let spec = &review["spec"];
            let wanted = json!({"path": "/metrics", "verb": "get"});
            let allowed = spec["user"] == "reader"
                && spec["groups"] == json!(["all"])
                && spec["nonResourceAttributes"] == wanted;
            answer(review, json!({"allowed": allowed}))
        };
        let router = Router::new()
            .route("/apis/authentication.k8s.io/v1/tokenreviews", post(tokens))
            .route(
                "/apis/authorization.k8s.io/v1/subjectaccessreviews",
                post(subjects),
            );
        Client::new(router, "default")
    }

    fn answer(mut review: Value, status: Value) -> Json<Value> {
        review["status"] = status;
        Json(review)
    }

    fn count(reviews: &Arc<Mutex<Vec<&'static str>>>, what: &str) -> usize {
        let reviews = reviews.lock().unwrap();
        reviews.iter().filter(|review| **review == what).count()
    }

    #[tokio::test(start_paused = true)]
    async fn what_the_api_server_says_of_a_token_holds_for_a_while() {
        let reviews = Arc::default();
        let gate = Gate::new(server(&reviews));
        for _ in 0..2 {
            assert_eq!(gate.ask("reader").await.unwrap(), Answer::Permitted);
            let refused = Answer::Refused("stranger".to_owned());
            assert_eq!(gate.ask("stranger").await.unwrap(), refused);
            assert_eq!(gate.ask("nobody").await.unwrap(), Answer::Unknown);
        }
        assert_eq!(
            (count(&reviews, "token"), count(&reviews, "subject")),
            (3, 2)
        );
        tokio::time::advance(Duration::from_secs(30)).await;
        for token in ["reader", "stranger", "nobody"] {
            gate.ask(token).await.unwrap();
        }
        assert_eq!(
            (count(&reviews, "token"), count(&reviews, "subject")),
            (5, 3)
        );
        tokio::time::advance(Duration::from_secs(31)).await;
        gate.ask("reader").await.unwrap();
        assert_eq!(
            (count(&reviews, "token"), count(&reviews, "subject")),
            (6, 4)
        );
    }

    #[tokio::test(start_paused = true)]
    async fn an_api_server_that_does_not_answer_permits_nothing_and_is_asked_again() {
        let reviews = Arc::default();
        let gate = Gate::new(server(&reviews));
        for attempt in 1..=2 {
            assert!(gate.ask("down").await.is_err());
            assert_eq!(count(&reviews, "token"), attempt);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn guesses_fill_no_memory_and_push_out_nobody() {
        let reviews = Arc::default();
        let gate = Gate::new(server(&reviews));
        gate.ask("reader").await.unwrap();
        for guess in 0..2 * REMEMBERED {
            gate.ask(&format!("guess-{guess}")).await.unwrap();
        }
        assert!(gate.0.answers.lock().unwrap().len() <= REMEMBERED);
        gate.ask("reader").await.unwrap();
        assert_eq!(count(&reviews, "subject"), 1);
    }

    #[test]
    fn a_bearer_token_is_found_however_it_is_written() {
        let of = |text: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::AUTHORIZATION, text.parse().unwrap());
            bearer(&headers).map(str::to_owned)
        };
        for text in ["Bearer abc", "bearer abc", "BEARER  abc "] {
            assert_eq!(of(text).as_deref(), Some("abc"), "{text}");
        }
        for text in ["Basic abc", "Bearer", "Bearer ", "abc", ""] {
            assert_eq!(of(text), None, "{text}");
        }
        assert_eq!(bearer(&HeaderMap::new()), None);
    }
}
