//! Konnect's own API: an HTTP request becomes a visit to the simulator, and what became of it an HTTP answer.
//!
//! What the wire adds is here: which region a host names, tokens, bodies that are too long or no JSON, and the
//! headers that Kong's gateway, which stands before Konnect, puts on every answer.

use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::http::header::{self, HeaderMap, HeaderName, HeaderValue};
use axum::http::{StatusCode, Uri, request::Parts};
use axum::response::{IntoResponse, Response};
use futures::StreamExt as _;
use kong_model::{Host, Method, ServerUrl};
use konnect_sim::{Allowance, HOME, PARAMETERS, Served, Visit};
use percent_encoding::percent_decode_str;
use serde_json::{Value, json};

use crate::simulator::{Arrived, Simulator};

/// How long a body may be: what Kong's own Admin API takes unless told otherwise.
pub(crate) const LONGEST_BODY: usize = 10 * 1024 * 1024;
/// How much of a body that is too long is still read: a client that is busy sending sees no answer.
const PATIENCE: usize = 8 * LONGEST_BODY;

/// The trace of a request, under the name that Kong's gateway gives it.
const TRACE: HeaderName = HeaderName::from_static("x-kong-request-id");

/// Marks a response that must not be sent: the connection ends instead.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cut;

/// The methods of the API. HEAD is a GET whose answer has no body, which the server sees to.
const METHODS: [(&str, Method); 6] = [
    ("GET", Method::Get),
    ("HEAD", Method::Get),
    ("POST", Method::Post),
    ("PUT", Method::Put),
    ("PATCH", Method::Patch),
    ("DELETE", Method::Delete),
];

/// Reads a method as it stands in a request line.
pub(crate) fn method(name: &str) -> Option<Method> {
    let mut methods = METHODS.iter();
    methods
        .find(|(known, _)| *known == name)
        .map(|(_, method)| *method)
}

/// Answers one request.
pub(crate) async fn answer(State(simulator): State<Simulator>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let region = region(&parts);
    let arrived = Arrived {
        region: &region,
        method: parts.method.as_str(),
        path: parts
            .uri
            .path_and_query()
            .map_or("/", |target| target.as_str()),
    };
    let Some(method) = method(arrived.method) else {
        return refuse(
            &simulator,
            arrived,
            StatusCode::METHOD_NOT_ALLOWED,
            "Method not allowed",
        );
    };
    let bytes = match whole(body).await {
        Ok(bytes) => bytes,
        Err(Incomplete::TooLong) => {
            let status = StatusCode::PAYLOAD_TOO_LARGE;
            return refuse(&simulator, arrived, status, "Request size limit exceeded");
        }
        // The client has gone, and nobody reads this.
        Err(Incomplete::Broken) => return StatusCode::BAD_REQUEST.into_response(),
    };
    let (body, unreadable) = read(method, &bytes);
    let request = kong_model::Request {
        host: if region == "global" {
            Host::Global
        } else {
            Host::Region
        },
        method,
        path: decoded(parts.uri.path()),
        query: query(&parts.uri),
        body,
    };
    let (served, delay) = simulator.serve(
        arrived,
        &Visit {
            now: Simulator::now(),
            region: &region,
            token: token(&parts.headers),
            request: &request,
            unreadable: unreadable.as_deref(),
        },
    );
    if !delay.is_zero() {
        tokio::time::sleep(delay).await;
    }
    response(served)
}

/// The region that a host names as its first label, as in `eu.api.konghq.com`.
fn region(parts: &Parts) -> String {
    let header = parts
        .headers
        .get(header::HOST)
        .and_then(|host| host.to_str().ok())
        .and_then(|host| host.parse::<axum::http::uri::Authority>().ok());
    let authority = parts.uri.authority().or(header.as_ref());
    let named = authority.and_then(|authority| ServerUrl::parse(authority.host()).ok());
    named.map_or_else(|| HOME.to_owned(), |url| url.region().to_owned())
}

/// The bearer token; empty if there is none.
fn token(headers: &HeaderMap) -> &str {
    let value = headers
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.split_once(' '));
    match value {
        Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => token.trim(),
        Some(_) | None => "",
    }
}

/// The query parameters that the API knows; it looks at no others.
fn query(uri: &Uri) -> Vec<(&'static str, String)> {
    let pairs = uri.query().unwrap_or_default().split('&');
    pairs
        .filter_map(|pair| {
            let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
            let key = decoded(&key.replace('+', " "));
            let key = PARAMETERS.iter().find(|known| **known == key)?;
            Some((*key, decoded(&value.replace('+', " "))))
        })
        .collect()
}

fn decoded(text: &str) -> String {
    percent_decode_str(text).decode_utf8_lossy().into_owned()
}

/// Why there is no body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Incomplete {
    TooLong,
    Broken,
}

async fn whole(body: Body) -> Result<Bytes, Incomplete> {
    let mut stream = body.into_data_stream();
    let mut kept = Vec::new();
    let mut seen = 0;
    while let Some(piece) = stream.next().await {
        let piece = piece.map_err(|_| Incomplete::Broken)?;
        seen += piece.len();
        if seen <= LONGEST_BODY {
            kept.extend_from_slice(&piece);
        } else if seen > PATIENCE {
            break;
        }
    }
    if seen > LONGEST_BODY {
        Err(Incomplete::TooLong)
    } else {
        Ok(Bytes::from(kept))
    }
}

/// The body as JSON, or why it is none. Methods without a body have none, whatever was sent.
fn read(method: Method, bytes: &[u8]) -> (Option<Value>, Option<String>) {
    match method {
        Method::Get | Method::Delete => (None, None),
        Method::Post | Method::Put | Method::Patch if bytes.is_empty() => (None, None),
        Method::Post | Method::Put | Method::Patch => match serde_json::from_slice(bytes) {
            Ok(value) => (Some(value), None),
            Err(error) => (None, Some(error.to_string())),
        },
    }
}

fn refuse(
    simulator: &Simulator,
    arrived: Arrived<'_>,
    status: StatusCode,
    message: &str,
) -> Response {
    simulator.refuse(arrived, status.as_u16());
    (status, axum::Json(json!({ "message": message }))).into_response()
}

/// What goes over the wire.
fn response(served: Served) -> Response {
    let Some(answer) = served.response else {
        let mut response = Response::new(Body::empty());
        response.extensions_mut().insert(Cut);
        return response;
    };
    let status = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = if answer.body.is_null() {
        status.into_response()
    } else {
        let content = content_type(&answer.body);
        let headers = [(header::CONTENT_TYPE, HeaderValue::from_static(content))];
        (status, headers, answer.body.to_string()).into_response()
    };
    let headers = response.headers_mut();
    if let Ok(trace) = HeaderValue::from_str(&served.trace) {
        headers.insert(TRACE, trace);
    }
    if let Some(seconds) = answer.retry_after {
        headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    if let Some(allowance) = served.allowance {
        for (name, value) in limits(allowance) {
            headers.insert(HeaderName::from_static(name), HeaderValue::from(value));
        }
    }
    response
}

/// A problem document is what has a title (RFC 9457); errors of core entities have none.
fn content_type(body: &Value) -> &'static str {
    if body["title"].is_string() && body["status"].is_number() {
        "application/problem+json"
    } else {
        "application/json; charset=utf-8"
    }
}

/// The headers of the rate limiting of Kong's gateway, for a limit in seconds.
fn limits(allowance: Allowance) -> [(&'static str, u32); 5] {
    [
        ("x-ratelimit-limit-second", allowance.limit),
        ("x-ratelimit-remaining-second", allowance.remaining),
        ("ratelimit-limit", allowance.limit),
        ("ratelimit-remaining", allowance.remaining),
        ("ratelimit-reset", allowance.reset),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(uri: &str, host: &str) -> Parts {
        let request = Request::builder().uri(uri).header(header::HOST, host);
        request.body(Body::empty()).unwrap().into_parts().0
    }

    #[test]
    fn a_region_is_the_first_label_of_the_host_wherever_that_stands() {
        for (uri, host, expected) in [
            ("/v2", "eu.api.konghq.com", "eu"),
            ("/v2", "global.api.konghq.com:8080", "global"),
            ("https://in.api.konghq.tech/v2", "", "in"),
            ("/v2", "127.0.0.1:8080", HOME),
            ("/v2", "[::1]:8080", HOME),
            ("/v2", "localhost", HOME),
            ("/v2", "konnect.example.test", HOME),
            ("/v2", "not a host", HOME),
        ] {
            assert_eq!(region(&parts(uri, host)), expected, "{uri} {host}");
        }
    }

    #[test]
    fn only_a_bearer_token_is_a_token() {
        for (value, expected) in [
            ("Bearer kpat_1", "kpat_1"),
            ("bearer  kpat_1 ", "kpat_1"),
            ("Basic a3BhdF8x", ""),
            ("kpat_1", ""),
            ("Bearer ", ""),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(header::AUTHORIZATION, HeaderValue::from_static(value));
            assert_eq!(token(&headers), expected, "{value}");
        }
        assert_eq!(token(&HeaderMap::new()), "");
    }

    #[test]
    fn queries_are_unescaped_and_what_the_api_does_not_know_is_left_out() {
        let uri = Uri::from_static("/v2?page%5Bsize%5D=5&filter[name][eq]=a%20b+c&sise=1&tags&&");
        assert_eq!(
            query(&uri),
            [
                ("page[size]", "5".to_owned()),
                ("filter[name][eq]", "a b c".to_owned()),
                ("tags", String::new()),
            ]
        );
        assert_eq!(query(&Uri::from_static("/v2")), []);
    }

    #[test]
    fn a_body_is_read_where_the_method_has_one() {
        assert_eq!(
            read(Method::Put, b"{\"a\":1}"),
            (Some(json!({"a": 1})), None)
        );
        assert_eq!(read(Method::Put, b""), (None, None));
        assert_eq!(read(Method::Delete, b"{"), (None, None));
        let (body, why) = read(Method::Post, b"{");
        assert_eq!(body, None);
        assert!(why.is_some_and(|why| why.contains("line 1")));
    }
}
