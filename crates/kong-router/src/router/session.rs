//! A gateway that answers one request after the other.
//!
//! Kong remembers what a request came to, and gives the same route to the next one that is alike in everything that
//! its routes ask for. But of two requests that differ in their protocol alone it does not know that they differ:
//! once `http` has been answered, `https` to the same host and path takes the same route, also if that is for
//! `http` only, or none. So the first of both decides until the configuration is loaded again.

use std::collections::HashMap;

use super::{Answer, Explanation, Hit, Router, Table, http, stream};
use crate::Request;
use crate::matcher::{Facts, Key};

/// What a gateway has come to know since its configuration was loaded.
#[derive(Debug)]
pub struct Session<'a> {
    router: &'a Router,
    http: Memory<'a>,
    stream: Memory<'a>,
}

type Memory<'a> = HashMap<Key, Vec<Hit<'a>>>;

/// What a look into the memory gave.
struct Found<'a> {
    hits: Vec<Hit<'a>>,
    /// Whether it would have been another route without the memory.
    remembered: bool,
}

impl<'a> Session<'a> {
    pub(super) fn new(router: &'a Router) -> Self {
        Self {
            router,
            http: Memory::new(),
            stream: Memory::new(),
        }
    }

    /// What the next request comes to.
    pub fn answer(&mut self, request: &Request) -> Answer {
        self.next(request).0
    }

    /// What the next request comes to, and why.
    pub fn explain(&mut self, request: &Request) -> Explanation {
        let (answer, hits, facts, table) = self.next(request);
        let misses = self.router.misses(table, &hits, &facts);
        self.router.explained(answer, &hits, misses)
    }

    fn next(&mut self, request: &Request) -> (Answer, Vec<Hit<'a>>, Facts, &'a Table) {
        let router = self.router;
        match request {
            Request::Http(request) => {
                let facts = http::facts(request);
                if !request.is_acceptable() {
                    return (Answer::of_the_gateway(400), Vec::new(), facts, &router.http);
                }
                let found = look(&mut self.http, &router.http, &facts);
                let mut answer = router.answer_http(request, &found.hits);
                answer.remembered = found.remembered;
                (answer, found.hits, facts, &router.http)
            }
            Request::Stream(connection) => {
                let facts = stream::facts(connection);
                let found = look(&mut self.stream, &router.stream, &facts);
                let mut answer = router.answer_stream(connection, &found.hits);
                answer.remembered = found.remembered;
                (answer, found.hits, facts, &router.stream)
            }
        }
    }
}

fn look<'a>(memory: &mut Memory<'a>, table: &'a Table, facts: &Facts) -> Found<'a> {
    let (key, hits) = table.hits(facts);
    let Some(key) = key else {
        return Found {
            hits,
            remembered: false,
        };
    };
    let Some(known) = memory.get(&key) else {
        memory.insert(key, hits.clone());
        return Found {
            hits,
            remembered: false,
        };
    };
    let first = |hits: &[Hit<'_>]| hits.first().map(|hit| hit.entry.part.id);
    Found {
        remembered: first(known) != first(&hits),
        hits: known.clone(),
    }
}

#[cfg(test)]
mod tests {
    use crate::{Config, Flavor, Request, Router};

    #[test]
    fn the_first_of_two_protocols_decides_for_both() {
        let config = Config::read(
            r#"{"services": [{"name": "s", "host": "h", "routes": [{"name": "r",
                "protocols": ["http"], "expression": "http.path ^= \"/\""}]}]}"#,
        )
        .unwrap();
        let router = Router::new(&config, Flavor::Expressions);
        let request = |scheme: &str| Request::typed("GET", &format!("{scheme}://a.test/x"), &[]);
        let (plain, secure) = (request("http").unwrap(), request("https").unwrap());
        assert_eq!(router.answer(&secure).status, Some(404));
        let mut session = router.session();
        assert!(!session.answer(&plain).remembered);
        let answer = session.answer(&secure);
        assert_eq!(
            (answer.route.as_deref(), answer.remembered),
            (Some("r"), true)
        );
        let mut session = router.session();
        session.answer(&secure);
        assert_eq!(session.answer(&plain).status, Some(404));
    }
}
