use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::client::{Client, id};

fn ids(body: &Value) -> Vec<String> {
    let data = body["data"].as_array().unwrap();
    data.iter()
        .map(|item| item["id"].as_str().unwrap().to_owned())
        .collect()
}

/// A client and the path of a list of so many services.
fn services(count: u32) -> (Client, String) {
    let mut client = Client::new();
    let list = format!("{}/core-entities/services", client.control_plane("cp"));
    for number in 1..=count {
        client.has(&format!("{list}/{}", id(number)), json!({"host": "h"}));
    }
    (client, list)
}

#[test]
fn a_core_list_gives_a_hundred_and_says_where_the_rest_begins() {
    let (mut client, list) = services(101);
    let first = client.get(&list).body;
    assert_eq!(ids(&first).len(), 100);
    let offset = first["offset"].as_str().unwrap();
    let rest = client.get(&format!("{list}?offset={offset}")).body;
    assert_eq!((ids(&rest), &rest["offset"]), (vec![id(101)], &Value::Null));
    assert_eq!(client.get(first["next"].as_str().unwrap()).body, rest);
    assert_eq!(
        ids(&client.get(&format!("{list}?size=1000")).body).len(),
        101
    );
    for bad in ["size=0", "size=1001", "size=x", "offset=x"] {
        assert_eq!(client.get(&format!("{list}?{bad}")).status, 400, "{bad}");
    }
}

#[test]
fn a_cursor_survives_what_comes_and_goes_between_two_pages() {
    let (mut client, list) = services(6);
    let first = client.get(&format!("{list}?size=3")).body;
    let offset = first["offset"].as_str().unwrap().to_owned();
    client.delete(&format!("{list}/{}", id(1)));
    client.delete(&format!("{list}/{}", id(3)));
    client.delete(&format!("{list}/{}", id(4)));
    client.has(&format!("{list}/{}", id(0)), json!({"host": "h"}));
    client.has(&format!("{list}/{}", id(9)), json!({"host": "h"}));
    let rest = client.get(&format!("{list}?size=3&offset={offset}")).body;
    assert_eq!(ids(&rest), [id(5), id(6), id(9)]);
    assert_eq!(
        rest["offset"],
        Value::Null,
        "a last page that is full has no cursor"
    );
}

#[test]
fn tags_are_all_needed_with_commas_and_one_of_them_with_slashes() {
    let mut client = Client::new();
    let list = format!("{}/core-entities/routes", client.control_plane("cp"));
    for (number, tags) in [
        (1, json!(["a", "b"])),
        (2, json!(["a"])),
        (3, json!(["c:d"])),
        (4, json!(null)),
    ] {
        client.has(
            &format!("{list}/{}", id(number)),
            json!({"paths": ["/"], "tags": tags}),
        );
    }
    for (filter, expected) in [
        ("a", vec![1, 2]),
        ("a,b", vec![1]),
        ("a,x", vec![]),
        ("b/c:d", vec![1, 3]),
        ("c:d", vec![3]),
        ("", vec![1, 2, 3, 4]),
    ] {
        let expected: Vec<String> = expected.into_iter().map(id).collect();
        assert_eq!(
            ids(&client.get(&format!("{list}?tags={filter}")).body),
            expected,
            "{filter}"
        );
    }
    assert_eq!(client.get(&format!("{list}?tags=a,b/c")).status, 400);
}

#[test]
fn targets_are_listed_by_upstream_and_over_all() {
    let mut client = Client::new();
    let core = format!("{}/core-entities", client.control_plane("cp"));
    for upstream in [1, 2] {
        client.has(
            &format!("{core}/upstreams/{}", id(upstream)),
            json!({"name": format!("u{upstream}")}),
        );
        for target in 1..=2 {
            let path = format!(
                "{core}/upstreams/{}/targets/{}",
                id(upstream),
                id(upstream * 10 + target)
            );
            client.has(
                &path,
                json!({"target": format!("t{target}"), "tags": ["t"]}),
            );
        }
    }
    assert_eq!(
        ids(&client
            .get(&format!("{core}/upstreams/{}/targets", id(2)))
            .body),
        [id(21), id(22)]
    );
    assert_eq!(
        ids(&client.get(&format!("{core}/targets?tags=t")).body),
        [id(11), id(12), id(21), id(22)]
    );
    assert_eq!(
        client
            .get(&format!("{core}/upstreams/{}/targets/{}", id(1), id(21)))
            .status,
        404
    );
    assert_eq!(
        client
            .delete(&format!("{core}/upstreams/{}/targets/{}", id(1), id(21)))
            .status,
        204
    );
    assert_eq!(
        client
            .get(&format!("{core}/upstreams/{}/targets/{}", id(2), id(21)))
            .status,
        200
    );
}

#[test]
fn control_planes_come_in_numbered_pages() {
    let mut client = Client::new();
    let all: BTreeSet<String> = (0..25)
        .map(|n| client.control_plane(&format!("cp{n}")))
        .collect();
    let page = |client: &mut Client, query: &str| {
        let body = client.get(&format!("/v2/control-planes{query}")).body;
        (ids(&body), body["meta"]["page"].clone())
    };
    let mut seen = BTreeSet::new();
    for (query, count, number) in [
        ("", 10, 1),
        ("?page[number]=2", 10, 2),
        ("?page[number]=3", 5, 3),
    ] {
        let (ids, meta) = page(&mut client, query);
        assert_eq!(
            (ids.len(), meta),
            (count, json!({"number": number, "size": 10, "total": 25}))
        );
        seen.extend(ids.into_iter().map(|id| format!("/v2/control-planes/{id}")));
    }
    assert_eq!(seen, all);
    assert_eq!(page(&mut client, "?page[size]=100").0.len(), 25);
    assert_eq!(page(&mut client, "?page[number]=4").0.len(), 0);
    for bad in [
        "page[size]=101",
        "page[size]=0",
        "page[number]=0",
        "page[number]=x",
    ] {
        let answer = client.get(&format!("/v2/control-planes?{bad}"));
        assert_eq!(
            (answer.status, &answer.body["status"]),
            (400, &json!(400)),
            "{bad}"
        );
    }
}

#[test]
fn control_planes_are_found_by_labels_and_fields() {
    let mut client = Client::new();
    let mut made = Vec::new();
    for (name, labels, cluster) in [
        (
            "alpha",
            json!({"team": "x", "env": "dev"}),
            "CLUSTER_TYPE_CONTROL_PLANE",
        ),
        (
            "beta",
            json!({"team": "x"}),
            "CLUSTER_TYPE_K8S_INGRESS_CONTROLLER",
        ),
        ("gamma", json!({}), "CLUSTER_TYPE_CONTROL_PLANE_GROUP"),
    ] {
        made.push(
            client
                .control_plane_of(json!({"name": name, "labels": labels, "cluster_type": cluster})),
        );
    }
    let first = made[0].rsplit('/').next().unwrap();
    for (query, expected) in [
        ("labels=team:x".to_owned(), vec!["alpha", "beta"]),
        ("labels=team:x,env:dev".to_owned(), vec!["alpha"]),
        ("labels=team:x,env".to_owned(), vec!["alpha"]),
        ("labels=team:y".to_owned(), vec![]),
        (format!("filter[id][eq]={first}"), vec!["alpha"]),
        (format!("filter[id][oeq]={first},other"), vec!["alpha"]),
        ("filter[name][eq]=beta".to_owned(), vec!["beta"]),
        ("filter[name][neq]=beta".to_owned(), vec!["alpha", "gamma"]),
        (
            "filter[name][contains]=a".to_owned(),
            vec!["alpha", "beta", "gamma"],
        ),
        ("filter[name][contains]=mm".to_owned(), vec!["gamma"]),
        (
            "filter[name][oeq]=alpha,gamma".to_owned(),
            vec!["alpha", "gamma"],
        ),
        (
            "filter[cluster_type][eq]=CLUSTER_TYPE_CONTROL_PLANE_GROUP".to_owned(),
            vec!["gamma"],
        ),
        (
            "filter[cloud_gateway][eq]=false&labels=team".to_owned(),
            vec!["alpha", "beta"],
        ),
    ] {
        let body = client.get(&format!("/v2/control-planes?{query}")).body;
        let data = body["data"].as_array().unwrap();
        let mut names: Vec<_> = data.iter().map(|cp| cp["name"].as_str().unwrap()).collect();
        names.sort_unstable();
        assert_eq!(names, expected, "{query}");
    }
}

#[test]
fn members_of_a_group_come_in_pages_with_links() {
    let mut client = Client::new();
    let members: Vec<Value> = (0..12)
        .map(|n| client.control_plane(&format!("member{n}")))
        .map(|path| json!({"id": path.rsplit('/').next().unwrap()}))
        .collect();
    let group = client.control_plane_of(
        json!({"name": "group", "cluster_type": "CLUSTER_TYPE_CONTROL_PLANE_GROUP"}),
    );
    client.put(
        &format!("{group}/group-memberships"),
        json!({ "members": members }),
    );
    let mut path = format!("{group}/group-memberships?page[size]=5");
    let mut counts = Vec::new();
    loop {
        let body = client.get(&path).body;
        counts.push(ids(&body).len());
        match body["meta"]["page"]["next"].as_str() {
            Some(next) => next.clone_into(&mut path),
            None => break,
        }
    }
    assert_eq!(counts, [5, 5, 2]);
}
