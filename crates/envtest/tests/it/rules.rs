//! Every CEL rule of every kind, in its own words: a table, asked of the simulated server and of a real one.

use std::collections::BTreeSet;

use envtest::{Envtest, definitions};
use serde_json::Value;

use crate::{
    conversion,
    exchange::comparable,
    kinds,
    real::Real,
    simulated::Simulated,
    table::{self, Expected},
};

#[test]
fn the_table_has_every_rule_and_no_other() {
    let mut tried = BTreeSet::new();
    for row in table::rows() {
        let path = match row.at.as_str() {
            "<nil>" => String::new(),
            // An item of a list stands for all of them.
            at => at.replace(|character: char| character.is_ascii_digit(), ""),
        };
        for kind in row.of {
            tried.insert((kind, path.clone(), row.message.clone()));
        }
    }
    let rules = kinds::rules();
    assert!(rules.len() > 100, "{} rules", rules.len());
    let untried: Vec<_> = rules.difference(&tried).collect();
    let unknown: Vec<_> = tried.difference(&rules).collect();
    assert!(
        untried.is_empty() && unknown.is_empty(),
        "rules without a row: {untried:#?}\nrows without a rule: {unknown:#?}"
    );
}

#[test]
fn the_simulated_server_lets_through_and_refuses_what_the_table_says() {
    let cluster = kinds::cluster();
    let mut differences = Vec::new();
    for case in table::cases() {
        let mut server = Simulated::new(cluster.clone());
        for trial in case.trials {
            let answer = server.ask(&trial.request);
            differences.extend(difference(&case.name, &trial, &answer));
        }
    }
    assert!(differences.is_empty(), "{}", differences.join("\n"));
}

#[tokio::test]
async fn a_real_server_lets_through_and_refuses_the_same_in_the_same_words() {
    let Some(servers) = Envtest::start().await else {
        return;
    };
    let admin = servers.admin();
    let documents = kinds::documents_with(&conversion::serve().await);
    definitions::install(&admin, &documents).await.unwrap();

    let cluster = kinds::cluster();
    let mut differences = Vec::new();
    for case in table::cases() {
        let mut simulated = Simulated::new(cluster.clone());
        let mut real = Real::new(&admin);
        for trial in case.trials {
            let answer = real.ask(&trial.request).await;
            differences.extend(difference(&case.name, &trial, &answer));
            let one = said(&answer);
            let other = said(&simulated.ask(&trial.request));
            if one != other {
                differences.push(format!(
                    "{}: {}\n  a real server says  {one}\n  the simulated one   {other}",
                    case.name, trial.request
                ));
            }
        }
        real.forget().await;
    }
    assert!(differences.is_empty(), "{}", differences.join("\n"));
}

/// What an answer says. Not whether the version moved: a change that changes nothing moves it once on a real server,
/// because of defaults that were not stored before, and that is no matter of rules.
fn said(answer: &Value) -> Value {
    let mut answer = comparable(answer);
    if let Some(members) = answer.as_object_mut() {
        members.remove("changed");
    }
    answer
}

/// What is wrong with an answer, if it is not what a trial expects.
fn difference(name: &str, trial: &table::Trial, answer: &serde_json::Value) -> Option<String> {
    let outcome = table::outcome(answer);
    let text = |expected: &Expected| match expected {
        Expected::Taken => "taken".to_owned(),
        Expected::Refused(causes) => format!("refused: {causes:#?}"),
    };
    (outcome != trial.expected).then(|| {
        format!(
            "{name}: {}\n  expected {}\n  found    {}",
            trial.request,
            text(&trial.expected),
            text(&outcome)
        )
    })
}
