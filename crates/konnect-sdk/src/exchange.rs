//! From a call to bytes and from bytes to an answer, with everything that may go wrong between.

use std::error::Error;
use std::time::{Instant, SystemTime};

use kong_model::sealed::{REDACTED, scrub};
use kong_model::{Call, Failure, Request, Response, Sealed, ServerUrl};
use reqwest::header::{
    ACCEPT, AUTHORIZATION, CONTENT_TYPE, DATE, HeaderMap, HeaderValue, LOCATION, RETRY_AFTER,
};
use reqwest::{Method, StatusCode};
use serde_json::Value;
use url::Url;

use crate::client::Client;
use crate::trust::Distrust;

const JSON: HeaderValue = HeaderValue::from_static("application/json");
/// What answers may be: errors are problem documents.
const ANSWERS: HeaderValue = HeaderValue::from_static("application/json, application/problem+json");

impl Client {
    /// Sends a call and reads the answer. What the answer means is for [`Call::interpret`] to say.
    pub(crate) async fn exchange(
        &self,
        server: &ServerUrl,
        token: &Sealed,
        call: &Call,
    ) -> Result<Response, Failure> {
        check_ids(call)?;
        let request = call.request();
        let began = Instant::now();
        let result = self.send(server, token, call, &request).await;
        let milliseconds = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
        let (method, path) = (request.method.as_str(), request.path.as_str());
        match result {
            Ok(mut response) => {
                let status = response.status;
                tracing::debug!(method, path, status, milliseconds, "answered");
                if status >= 400 {
                    conceal(&mut response.body, &secrets(token, call));
                }
                Ok(response)
            }
            Err(failure) => {
                tracing::debug!(method, path, %failure, milliseconds, "not answered");
                Err(failure)
            }
        }
    }

    async fn send(
        &self,
        server: &ServerUrl,
        token: &Sealed,
        call: &Call,
        request: &Request,
    ) -> Result<Response, Failure> {
        let base = self
            .0
            .trust
            .base(server, request.host)
            .map_err(|distrust| kept_back(&distrust))?;
        let url = locate(base, request)?;
        let host = url.host_str().unwrap_or_default().to_owned();
        let mut builder = self
            .0
            .http
            .request(method(request), url)
            .header(AUTHORIZATION, bearer(token)?)
            .header(ACCEPT, ANSWERS);
        if let Some(body) = &request.body {
            builder = builder.header(CONTENT_TYPE, JSON).body(body.to_string());
        }
        let lost = |error: reqwest::Error| self.lost(&host, &error);
        let response = builder.send().await.map_err(lost)?;
        let status = response.status();
        if status.is_redirection() {
            let to = target(response.headers());
            return Err(kept_back(&Distrust::Redirect { host, to }));
        }
        let retry_after = retry_after(response.headers(), SystemTime::now());
        let bytes = self.read(response).await?.map_err(lost)?;
        Ok(Response {
            retry_after,
            ..parse(call, status, bytes)?
        })
    }

    /// The body, as long as it is within the limit.
    async fn read(
        &self,
        mut response: reqwest::Response,
    ) -> Result<Result<Vec<u8>, reqwest::Error>, Failure> {
        let limit = self.0.response_limit;
        let too_big = || Failure::Transport(format!("it is longer than {limit} bytes"));
        let announced = response.content_length().unwrap_or_default();
        if announced > u64::try_from(limit).unwrap_or(u64::MAX) {
            return Err(too_big());
        }
        // What is announced is within the limit.
        let mut bytes = Vec::with_capacity(usize::try_from(announced).unwrap_or_default());
        loop {
            match response.chunk().await {
                Ok(Some(chunk)) if bytes.len() + chunk.len() > limit => return Err(too_big()),
                Ok(Some(chunk)) => bytes.extend_from_slice(&chunk),
                Ok(None) => return Ok(Ok(bytes)),
                Err(error) => return Ok(Err(error)),
            }
        }
    }

    /// What an error of the HTTP library means. Its own words name the whole URL and every layer.
    fn lost(&self, host: &str, error: &reqwest::Error) -> Failure {
        let (timeout, connect) = (error.is_timeout(), error.is_connect());
        let mut cause: &(dyn Error + 'static) = error;
        loop {
            if let Some(distrust) = cause.downcast_ref::<Distrust>() {
                return kept_back(distrust);
            }
            match cause.source() {
                Some(source) => cause = source,
                None => break,
            }
        }
        Failure::Transport(match (timeout, connect) {
            (true, true) => format!("connecting to \"{host}\" took too long"),
            (true, false) => format!("it took longer than {:?}", self.0.timeout),
            (false, true) => format!("\"{host}\" cannot be reached: {cause}"),
            (false, false) => format!("the connection to \"{host}\" broke: {cause}"),
        })
    }
}

fn kept_back(distrust: &Distrust) -> Failure {
    Failure::Untrusted(distrust.to_string())
}

fn method(request: &Request) -> Method {
    match request.method {
        kong_model::Method::Get => Method::GET,
        kong_model::Method::Post => Method::POST,
        kong_model::Method::Put => Method::PUT,
        kong_model::Method::Patch => Method::PATCH,
        kong_model::Method::Delete => Method::DELETE,
    }
}

/// Ids may come from anywhere: one that would lead to another path is refused.
fn check_ids(call: &Call) -> Result<(), Failure> {
    let (site, id) = match call {
        Call::WhoAmI => return Ok(()),
        Call::List { site, .. } | Call::Post { site, .. } => (site, None),
        Call::Get { site, id }
        | Call::Put { site, id, .. }
        | Call::Patch { site, id, .. }
        | Call::Remove { site, id } => (site, Some(id)),
    };
    let mut ids = [&site.control_plane, &site.parent]
        .into_iter()
        .flatten()
        .chain(id);
    match ids.find(|id| !is_segment(id.as_str())) {
        Some(id) => Err(Failure::Invalid(format!("\"{id}\" is no id"))),
        None => Ok(()),
    }
}

/// Whether a text is one part of a path and says so without escapes.
fn is_segment(text: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '~');
    !matches!(text, "" | "." | "..") && text.chars().all(plain)
}

/// The URL of a request.
fn locate(mut base: Url, request: &Request) -> Result<Url, Failure> {
    let segments: Vec<&str> = request.path.split('/').skip(1).collect();
    if !segments.iter().all(|segment| is_segment(segment)) {
        let path = &request.path;
        return Err(Failure::Invalid(format!("an id is missing in \"{path}\"")));
    }
    // A server has https or http, so its URL has a path.
    if let Ok(mut path) = base.path_segments_mut() {
        path.pop_if_empty().extend(segments);
    }
    if !request.query.is_empty() {
        base.query_pairs_mut().extend_pairs(&request.query);
    }
    Ok(base)
}

fn bearer(token: &Sealed) -> Result<HeaderValue, Failure> {
    let text = format!("Bearer {}", token.reveal());
    let mut value = HeaderValue::from_str(&text)
        .map_err(|_| Failure::Untrusted("it has characters that no token has".to_owned()))?;
    value.set_sensitive(true);
    Ok(value)
}

/// Where a redirect leads, in as many words as are safe to repeat.
fn target(headers: &HeaderMap) -> String {
    let location = headers.get(LOCATION).and_then(|value| value.to_str().ok());
    let host = location
        .and_then(|location| Url::parse(location).ok())
        .and_then(|url| url.host_str().map(str::to_owned));
    host.map_or_else(|| "another path".to_owned(), |host| format!("\"{host}\""))
}

/// `Retry-After` in seconds, as which it comes, or as a date; a date is held against the clock of the
/// server if it says what that shows.
fn retry_after(headers: &HeaderMap, now: SystemTime) -> Option<u32> {
    let text = |name| headers.get(name)?.to_str().ok().map(str::trim);
    let wanted = text(RETRY_AFTER)?;
    if let Ok(seconds) = wanted.parse::<u64>() {
        return Some(u32::try_from(seconds).unwrap_or(u32::MAX));
    }
    let date = httpdate::parse_http_date(wanted).ok()?;
    let now = text(DATE)
        .and_then(|text| httpdate::parse_http_date(text).ok())
        .unwrap_or(now);
    let wait = date.duration_since(now).unwrap_or_default();
    let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
    Some(u32::try_from(seconds).unwrap_or(u32::MAX))
}

/// The JSON of a body. Errors may come from anything on the way and in any form; their status says enough.
fn parse(call: &Call, status: StatusCode, bytes: Vec<u8>) -> Result<Response, Failure> {
    let code = status.as_u16();
    if bytes.is_empty() {
        return Ok(Response::new(code, Value::Null));
    }
    let bytes = match (call, String::from_utf8(bytes)) {
        (Call::List { .. }, Ok(text)) if status.is_success() => match Response::page(code, text) {
            Ok(page) => return Ok(page),
            Err(text) => text.into_bytes(),
        },
        (_, Ok(text)) => text.into_bytes(),
        (_, Err(error)) => error.into_bytes(),
    };
    match serde_json::from_slice(&bytes) {
        Ok(value) => Ok(Response::new(code, value)),
        Err(_) if !status.is_success() => Ok(Response::new(code, Value::Null)),
        Err(error) => {
            // The words of the parser may quote what it has read.
            let (line, column) = (error.line(), error.column());
            let text = format!("it is not JSON from line {line}, column {column} on");
            Err(Failure::Transport(text))
        }
    }
}

/// Everything in a call that may not be shown.
fn secrets<'c>(token: &'c Sealed, call: &'c Call) -> Vec<&'c str> {
    let mut secrets = vec![token];
    match call {
        Call::Put { body, .. } | Call::Post { body, .. } | Call::Patch { body, .. } => {
            secrets.extend(body.secrets());
        }
        Call::WhoAmI | Call::List { .. } | Call::Get { .. } | Call::Remove { .. } => {}
    }
    let texts = secrets.into_iter().map(Sealed::reveal);
    texts.filter(|text| !text.is_empty()).collect()
}

/// A server may repeat in an error what it was sent.
fn conceal(value: &mut Value, secrets: &[&str]) {
    match value {
        Value::String(text) => {
            *text = scrub(text, secrets.iter().copied());
            // Whatever a short one spoils, it is not told either.
            for secret in secrets {
                if text.contains(secret) {
                    *text = text.replace(secret, REDACTED);
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| conceal(item, secrets)),
        Value::Object(members) => members
            .values_mut()
            .for_each(|member| conceal(member, secrets)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn request(path: &str) -> Request {
        Request {
            host: kong_model::Host::Region,
            method: kong_model::Method::Get,
            path: path.to_owned(),
            query: vec![("filter[id][eq]", "a&b c".to_owned())],
            body: None,
        }
    }

    #[test]
    fn a_request_goes_below_the_path_of_the_server() {
        let base = |text| Url::parse(text).unwrap();
        for (server, url) in [
            ("https://a.test", "https://a.test/v2/x"),
            ("https://a.test/", "https://a.test/v2/x"),
            ("https://a.test/p/", "https://a.test/p/v2/x"),
            ("https://a.test/p", "https://a.test/p/v2/x"),
        ] {
            let located = locate(base(server), &request("/v2/x")).unwrap();
            let query = "?filter%5Bid%5D%5Beq%5D=a%26b+c";
            assert_eq!(located.as_str(), format!("{url}{query}"));
        }
        for path in [
            "/v2//x",
            "/v2/../x",
            "/v2/./x",
            "/v2/a%2Fb",
            "/v2/a?b",
            "/v2/a#b",
            "/v2/",
            "/v2/ö",
        ] {
            let refused = locate(base("https://a.test"), &request(path));
            assert!(matches!(refused, Err(Failure::Invalid(_))), "{path}");
        }
    }

    #[test]
    fn retry_after_is_seconds_or_a_date() {
        let now = SystemTime::UNIX_EPOCH + Duration::from_millis(784_111_777_400);
        let after = |retry: &str, date: Option<&str>| {
            let mut headers = HeaderMap::new();
            headers.insert(RETRY_AFTER, HeaderValue::from_str(retry).unwrap());
            if let Some(date) = date {
                headers.insert(DATE, HeaderValue::from_str(date).unwrap());
            }
            retry_after(&headers, now)
        };
        assert_eq!(after("7", None), Some(7));
        assert_eq!(after(" 0 ", None), Some(0));
        assert_eq!(after("99999999999", None), Some(u32::MAX));
        assert_eq!(after("Sun, 06 Nov 1994 08:50:00 GMT", None), Some(23));
        let sooner = Some("Sun, 06 Nov 1994 08:49:50 GMT");
        assert_eq!(after("Sun, 06 Nov 1994 08:50:00 GMT", sooner), Some(10));
        assert_eq!(after("Sun, 06 Nov 1994 08:00:00 GMT", None), Some(0));
        for nonsense in ["soon", "-1", "1.5", ""] {
            assert_eq!(after(nonsense, None), None, "{nonsense}");
        }
        assert_eq!(retry_after(&HeaderMap::new(), now), None);
    }

    #[test]
    fn what_was_sent_is_not_repeated_from_errors() {
        let words = ["bad key: canary!", "bad id: ab", "bad line: MIGHAgEAMBMG"];
        let mut body = serde_json::json!({"details": [{ "messages": words }], "n": 1});
        let pem = "-----BEGIN KEY-----\nMIGHAgEAMBMG\n-----END KEY-----\n";
        conceal(&mut body, &["canary", "ab", pem]);
        let told = [
            "bad key: [redacted]!",
            "bad id: [redacted]",
            "bad line: [redacted]",
        ];
        assert_eq!(body["details"][0]["messages"], serde_json::json!(told));
    }
}
