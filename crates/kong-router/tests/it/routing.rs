//! Routes, parts of routes, and requests.

use std::collections::{BTreeMap, BTreeSet};

use kong_router::{Request, Router};
use serde_json::Value;

use crate::records::{Record, conclude, read};

const FIELDS: [&str; 6] = [
    "route",
    "service",
    "upstream_uri",
    "upstream_host",
    "status",
    "location",
];

fn requests(record: &Record) -> impl Iterator<Item = (Request, &Value)> {
    let requests = record.value["requests"].as_array().unwrap().iter();
    requests.map(|request| {
        let expected = &request["expect"];
        (serde_json::from_value(request.clone()).unwrap(), expected)
    })
}

/// Every request of a file is answered as it was.
fn answers_alike(file: &str) {
    let (mut compared, mut unsure, mut differences) = (0, 0, Vec::new());
    for record in read(file) {
        let router = Router::new(&record.config, record.flavor);
        assert_eq!(router.unroutable(), [], "{}", record.id);
        // One gateway answered all of them, one after the other.
        let mut gateway = router.session();
        for (index, (request, expected)) in requests(&record).enumerate() {
            let explanation = gateway.explain(&request);
            let answer = serde_json::to_value(&explanation.answer).unwrap();
            let place = || format!("{} request {index}: {request:?}", record.id);
            if expected["nondeterministic"] == true {
                unsure += 1;
                let seen = expected["routes_seen"].as_array().unwrap();
                let mut possible: BTreeSet<&str> = explanation
                    .runners_up
                    .iter()
                    .filter(|candidate| candidate.may_win)
                    .map(|candidate| candidate.route.as_str())
                    .collect();
                possible.extend(explanation.answer.route.as_deref());
                let impossible = |route: &&Value| {
                    route
                        .as_str()
                        .is_some_and(|route| !possible.contains(route))
                };
                if let Some(route) = seen.iter().find(impossible) {
                    differences.push(format!("{} can win: {route} of {possible:?}", place()));
                }
                continue;
            }
            compared += 1;
            for field in FIELDS {
                if answer[field] != expected[field] {
                    let (is, was) = (&answer[field], &expected[field]);
                    differences.push(format!("{}: {field} is {is}, was {was}", place()));
                }
            }
            if explanation.answer.nondeterministic {
                differences.push(format!("{}: is not sure, was", place()));
            }
        }
    }
    println!("{file}: {unsure} up to the run");
    conclude(file, compared, &differences);
}

#[test]
fn requests_to_random_tables_are_answered_as_by_kong() {
    answers_alike("http-random.jsonl");
}

#[test]
fn requests_to_tables_of_a_controller_are_answered_as_by_kong() {
    answers_alike("http-controller-traditional.jsonl");
}

#[test]
fn requests_to_expressions_of_a_controller_are_answered_as_by_kong() {
    answers_alike("http-controller-expressions.jsonl");
}

#[test]
fn connections_and_datagrams_are_routed_as_by_kong() {
    let (mut compared, mut differences) = (0, Vec::new());
    for record in read("stream.jsonl") {
        let router = Router::new(&record.config, record.flavor);
        let mut gateway = router.session();
        for (request, expected) in requests(&record) {
            compared += 1;
            let answer = serde_json::to_value(gateway.answer(&request)).unwrap();
            for field in ["route", "service", "answered"] {
                if answer[field] != expected[field] {
                    let (is, was) = (&answer[field], &expected[field]);
                    differences.push(format!(
                        "{} {request:?}: {field} is {is}, was {was}",
                        record.id
                    ));
                }
            }
        }
    }
    conclude("stream.jsonl", compared, &differences);
}

/// The order of headers in an expression means nothing, so expressions are compared by what is between `&&`.
fn demands(expression: &str) -> BTreeSet<&str> {
    expression.split(" && ").collect()
}

#[test]
fn routes_become_the_parts_that_kong_makes_of_them() {
    let (mut compared, mut differences) = (0, Vec::new());
    for file in ["http-random.jsonl", "http-controller-traditional.jsonl"] {
        for record in read(file) {
            let router = Router::new(&record.config, record.flavor);
            let parts: BTreeMap<String, _> = router
                .parts()
                .map(|part| (part.id.to_string(), part))
                .collect();
            let expected = record.value["routes"].as_array().unwrap();
            assert_eq!(parts.len(), expected.len(), "{}", record.id);
            for was in expected {
                compared += 1;
                let id = was["id"].as_str().unwrap();
                let Some(is) = parts.get(id) else {
                    differences.push(format!("{}: no part {was}", record.id));
                    continue;
                };
                let number = |field: &str| {
                    let text = was.get(field)?.as_str()?;
                    Some(text.parse::<u64>().unwrap())
                };
                let first = number("priority").unwrap();
                let possible = [is.priority.interpreted, is.priority.compiled];
                let alike = is.route == was["name"].as_str().unwrap()
                    && demands(&is.expression) == demands(was["expression"].as_str().unwrap())
                    && serde_json::to_value(&is.paths).unwrap()
                        == was
                            .get("paths")
                            .cloned()
                            .unwrap_or_else(|| Value::Array(Vec::new()))
                    && possible.contains(&first)
                    && (is.priority.is_unstable() || first == is.priority.interpreted)
                    && number("priority_jit").is_none_or(|other| other == is.priority.compiled);
                if !alike {
                    differences.push(format!("{}: {is:?} was {was}", record.id));
                }
            }
            let unstable = router.parts().any(|part| part.priority.is_unstable());
            if unstable != (record.value["overflow"] == true) {
                differences.push(format!("{}: overflow is {unstable}", record.id));
            }
        }
    }
    conclude("parts of routes", compared, &differences);
}
