//! Shares of targets.

use std::collections::BTreeMap;

use kong_router::{Choice, HttpRequest, Request, Router};
use serde_json::Value;

use crate::records::{conclude, read};

fn counts(value: &Value) -> BTreeMap<String, u32> {
    serde_json::from_value(value.clone()).unwrap()
}

fn request(headers: &[String]) -> Request {
    Request::typed("GET", "http://any.test/", headers).unwrap()
}

#[test]
fn targets_get_what_they_got_from_kong() {
    let (mut compared, mut differences) = (0, Vec::new());
    for record in read("balancing.jsonl") {
        let mut differ = |what: String| differences.push(format!("{}: {what}", record.id));
        compared += 1;
        let router = Router::new(&record.config, record.flavor);
        let observed = &record.value["observed"];
        let explanation = router.explain(&request(&[]));
        let statuses = counts(&observed["status"]);
        let status = explanation.answer.status.unwrap().to_string();
        if statuses.keys().collect::<Vec<_>>() != [&status] {
            differ(format!("status is {status}, was {statuses:?}"));
        }
        let targets = counts(&observed["targets"]);
        let balancing = explanation.targets.unwrap();
        let shares = || balancing.shares.iter().filter(|share| share.weight > 0);
        for target in targets.keys() {
            if !shares().any(|share| share.target == *target) {
                differ(format!("{target} gets nothing"));
            }
        }
        let hosts: Vec<String> = counts(&observed["host_header"]).into_keys().collect();
        for host in &hosts {
            if !shares().any(|share| share.host == *host) {
                differ(format!("no target sees the host {host}"));
            }
        }
        if let (Some(host), [seen]) = (&explanation.answer.upstream_host, &hosts[..])
            && host != seen
            && shares().count() == 1
        {
            differ(format!("the host is {host}, was {seen}"));
        }
        let requests = u32::try_from(record.value["requests"].as_u64().unwrap()).unwrap();
        match &balancing.choice {
            Choice::RoundRobin => {
                let exact: BTreeMap<String, u32> = balancing
                    .counts(requests)
                    .into_iter()
                    .flatten()
                    .filter(|(_, count)| *count > 0)
                    .map(|(target, count)| (target.to_owned(), count))
                    .collect();
                if exact != targets {
                    differ(format!("{exact:?} were {targets:?}"));
                }
            }
            Choice::Hash(hashing) => {
                let by_value = observed.get("by_value").and_then(Value::as_object);
                for (value, met) in by_value.into_iter().flatten() {
                    let header = observed
                        .get("hash_header")
                        .or_else(|| record.value.get("hash_header"));
                    let header = header.and_then(Value::as_str).unwrap_or("session-id");
                    let Request::Http(sent) = request(&[format!("{header}: {value}")]) else {
                        panic!("a request of HTTP");
                    };
                    let told: &HttpRequest = &sent;
                    let hashed = hashing.value(told).map(|(_, hashed)| hashed);
                    if hashed.as_ref() != Some(value) || met.as_array().unwrap().len() != 1 {
                        differ(format!("{value} is hashed as {hashed:?}, met {met}"));
                    }
                }
                if by_value.is_none() && targets.len() > 1 {
                    differ(format!("one value, and {targets:?}"));
                }
            }
            Choice::LeastConnections | Choice::Latency | Choice::Other(_) => {}
        }
    }
    conclude("balancing.jsonl", compared, &differences);
}
