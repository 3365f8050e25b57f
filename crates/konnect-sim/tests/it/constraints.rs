use kong_model::{Call, Collection, Failure, Response, Site};
use serde_json::{Value, json};

use crate::client::{Client, id};

/// The field and the message of a refused constraint.
fn constraint(answer: &Response) -> (&str, &str) {
    assert_eq!(answer.status, 400, "{}", answer.body);
    assert_eq!(answer.body["message"], "data constraint error");
    let detail = &answer.body["details"][0];
    assert_eq!(detail["type"], "ERROR_TYPE_REFERENCE");
    (
        detail["field"].as_str().unwrap(),
        detail["messages"][0].as_str().unwrap(),
    )
}

#[test]
fn a_name_that_is_taken_is_refused_in_the_words_of_konnect() {
    let mut client = Client::new();
    let cp = client.control_plane("cp");
    let services = format!("{cp}/core-entities/services");
    client.has(
        &format!("{services}/{}", id(1)),
        json!({"name": "same", "host": "h"}),
    );
    let body = json!({"name": "same", "host": "other"});
    let expected = ("name", "name (type: unique) constraint failed");
    assert_eq!(
        constraint(&client.put(&format!("{services}/{}", id(2)), body.clone())),
        expected
    );
    assert_eq!(constraint(&client.post(&services, body.clone())), expected);
    assert_eq!(client.delete(&format!("{services}/{}", id(1))).status, 204);
    client.has(&format!("{services}/{}", id(2)), body.clone());
    client.has(
        &format!("{services}/{}", id(2)),
        json!({"name": "renamed", "host": "h"}),
    );
    client.has(&format!("{services}/{}", id(3)), body);
}

#[test]
fn names_are_taken_within_one_control_plane_and_one_collection() {
    let mut client = Client::new();
    let (one, two) = (client.control_plane("one"), client.control_plane("two"));
    client.has(
        &format!("{one}/core-entities/services/{}", id(1)),
        json!({"name": "n", "host": "h"}),
    );
    client.has(
        &format!("{two}/core-entities/services/{}", id(1)),
        json!({"name": "n", "host": "h"}),
    );
    client.has(
        &format!("{one}/core-entities/routes/{}", id(1)),
        json!({"name": "n", "paths": ["/"]}),
    );
    for number in 2..4 {
        client.has(
            &format!("{one}/core-entities/services/{}", id(number)),
            json!({"host": "h"}),
        );
    }
}

#[test]
fn a_plugin_is_unique_in_its_scope_and_a_target_in_its_upstream() {
    let mut client = Client::new();
    let core = format!("{}/core-entities", client.control_plane("cp"));
    client.has(&format!("{core}/services/{}", id(1)), json!({"host": "h"}));
    client.has(
        &format!("{core}/plugins/{}", id(2)),
        json!({"name": "cors"}),
    );
    client.has(
        &format!("{core}/plugins/{}", id(3)),
        json!({"name": "cors", "service": {"id": id(1)}}),
    );
    for body in [
        json!({"name": "cors"}),
        json!({"name": "cors", "service": {"id": id(1)}}),
    ] {
        let answer = client.put(&format!("{core}/plugins/{}", id(4)), body);
        assert!(constraint(&answer).1.contains("(type: unique)"));
    }
    for upstream in [5, 6] {
        client.has(
            &format!("{core}/upstreams/{}", id(upstream)),
            json!({"name": format!("u{upstream}")}),
        );
        client.has(
            &format!(
                "{core}/upstreams/{}/targets/{}",
                id(upstream),
                id(upstream + 10)
            ),
            json!({"target": "a"}),
        );
    }
    let twice = client.put(
        &format!("{core}/upstreams/{}/targets/{}", id(5), id(20)),
        json!({"target": "a:8000"}),
    );
    assert_eq!(constraint(&twice).0, "target");
    let moved = client.put(
        &format!("{core}/upstreams/{}/targets/{}", id(6), id(15)),
        json!({"target": "b"}),
    );
    assert_eq!(constraint(&moved).0, "id");
}

#[test]
fn a_reference_has_to_lead_somewhere_in_the_same_control_plane() {
    let mut client = Client::new();
    let (cp, other) = (client.control_plane("cp"), client.control_plane("other"));
    client.has(
        &format!("{other}/core-entities/services/{}", id(1)),
        json!({"host": "h"}),
    );
    client.has(
        &format!("{cp}/core-entities/routes/{}", id(1)),
        json!({"paths": ["/"]}),
    );
    for (path, body, field) in [
        (
            "routes",
            json!({"paths": ["/"], "service": {"id": id(1)}}),
            "service.id",
        ),
        (
            "routes",
            json!({"paths": ["/"], "service": {}}),
            "service.id",
        ),
        (
            "plugins",
            json!({"name": "cors", "route": {"id": id(2)}}),
            "route.id",
        ),
        (
            "services",
            json!({"host": "h", "client_certificate": {"id": id(1)}}),
            "client_certificate.id",
        ),
    ] {
        let answer = client.put(&format!("{cp}/core-entities/{path}/{}", id(9)), body);
        let message = format!("{field} (type: foreign) constraint failed");
        assert_eq!(constraint(&answer), (field, message.as_str()));
    }
    client.has(
        &format!("{cp}/core-entities/routes/{}", id(9)),
        json!({"paths": ["/"], "service": null}),
    );
}

#[test]
fn what_is_in_use_cannot_be_deleted() {
    let mut client = Client::new();
    let core = format!("{}/core-entities", client.control_plane("cp"));
    client.has(
        &format!("{core}/certificates/{}", id(1)),
        json!({"cert": "c", "key": "k"}),
    );
    client.has(
        &format!("{core}/services/{}", id(2)),
        json!({"host": "h", "client_certificate": {"id": id(1)}}),
    );
    client.has(
        &format!("{core}/routes/{}", id(3)),
        json!({"paths": ["/"], "service": {"id": id(2)}}),
    );
    for (path, blocker) in [
        ("certificates", (1, "services")),
        ("services", (2, "routes")),
    ] {
        let answer = client.delete(&format!("{core}/{path}/{}", id(blocker.0)));
        assert!(constraint(&answer).1.contains(blocker.1), "{}", answer.body);
    }
    for (path, number) in [("routes", 3), ("services", 2), ("certificates", 1)] {
        assert_eq!(
            client
                .delete(&format!("{core}/{path}/{}", id(number)))
                .status,
            204
        );
        assert_eq!(
            client.get(&format!("{core}/{path}/{}", id(number))).status,
            404
        );
    }
}

#[test]
fn a_reference_that_is_given_up_blocks_no_longer() {
    let mut client = Client::new();
    let core = format!("{}/core-entities", client.control_plane("cp"));
    client.has(&format!("{core}/services/{}", id(1)), json!({"host": "h"}));
    client.has(
        &format!("{core}/routes/{}", id(2)),
        json!({"paths": ["/"], "service": {"id": id(1)}}),
    );
    client.has(&format!("{core}/routes/{}", id(2)), json!({"paths": ["/"]}));
    assert_eq!(
        client.delete(&format!("{core}/services/{}", id(1))).status,
        204
    );
}

#[test]
fn targets_go_with_their_upstream_and_plugins_with_what_they_are_bound_to() {
    let mut client = Client::new();
    let core = format!("{}/core-entities", client.control_plane("cp"));
    client.has(&format!("{core}/upstreams/{}", id(1)), json!({"name": "u"}));
    client.has(
        &format!("{core}/upstreams/{}/targets/{}", id(1), id(2)),
        json!({"target": "a"}),
    );
    client.has(&format!("{core}/services/{}", id(3)), json!({"host": "h"}));
    client.has(
        &format!("{core}/plugins/{}", id(4)),
        json!({"name": "cors", "service": {"id": id(3)}}),
    );
    client.has(
        &format!("{core}/plugins/{}", id(5)),
        json!({"name": "cors"}),
    );
    assert_eq!(
        client.delete(&format!("{core}/upstreams/{}", id(1))).status,
        204
    );
    assert_eq!(
        client.delete(&format!("{core}/services/{}", id(3))).status,
        204
    );
    assert_eq!(
        client.get(&format!("{core}/targets")).body,
        json!({"data": []})
    );
    let plugins: Vec<String> = client
        .konnect
        .entities(Collection::Plugins, None)
        .map(|(id, _)| id.to_owned())
        .collect();
    assert_eq!(plugins, [id(5)]);
    client.has(&format!("{core}/upstreams/{}", id(1)), json!({"name": "u"}));
    client.has(
        &format!("{core}/upstreams/{}/targets/{}", id(1), id(6)),
        json!({"target": "a"}),
    );
}

#[test]
fn a_control_plane_name_that_is_taken_is_a_conflict() {
    let mut client = Client::new();
    client.control_plane("same");
    let other = client.control_plane("other");
    let created = client.post("/v2/control-planes", json!({"name": "same"}));
    let renamed = client.patch(&other, json!({"name": "same"}));
    for answer in [created, renamed] {
        assert_eq!((answer.status, &answer.body["status"]), (409, &json!(409)));
        assert_eq!(answer.body["title"], "Conflict");
    }
    assert_eq!(client.get(&other).body["name"], "other");
}

#[test]
fn clients_understand_the_refusals() {
    let mut client = Client::new();
    let cp = client.control_plane("cp");
    let core = format!("{cp}/core-entities");
    client.has(
        &format!("{core}/services/{}", id(1)),
        json!({"name": "n", "host": "h"}),
    );
    client.has(
        &format!("{core}/routes/{}", id(2)),
        json!({"paths": ["/"], "service": {"id": id(1)}}),
    );
    let site = |at| Site {
        at,
        control_plane: Some(cp.rsplit('/').next().unwrap().into()),
        parent: None,
    };
    let put = |at: Collection, body: Value| Call::Put {
        site: site(at),
        id: id(9).into(),
        body: kong_model::Body::from_wire(at, &body).into(),
    };
    let remove = Call::Remove {
        site: site(Collection::Services),
        id: id(1).into(),
    };
    let mut failure = |call: &Call| {
        call.interpret(client.konnect.handle(client.now, "kpat_x", &call.request()))
            .unwrap_err()
    };
    assert!(matches!(
        failure(&put(
            Collection::Services,
            json!({"name": "n", "host": "h"})
        )),
        Failure::Conflict(_)
    ));
    assert!(matches!(
        failure(&put(
            Collection::Routes,
            json!({"paths": ["/"], "service": {"id": id(5)}})
        )),
        Failure::Reference(_)
    ));
    assert!(matches!(
        failure(&put(Collection::Services, json!({"host": ""}))),
        Failure::Invalid(_)
    ));
    assert!(matches!(failure(&remove), Failure::Reference(_)));
}

#[test]
fn what_belongs_to_a_consumer_goes_with_it() {
    let mut client = Client::new();
    let core = format!("{}/core-entities", client.control_plane("cp"));
    let consumer = format!("{core}/consumers/{}", id(1));
    client.has(&consumer, json!({"username": "u"}));
    for (number, path, body) in [
        (2, "key-auth", json!({"key": "k"})),
        (3, "basic-auth", json!({"username": "u", "password": "p"})),
        (4, "hmac-auth", json!({"username": "u"})),
        (5, "jwt", json!({"key": "iss"})),
        (6, "acls", json!({"group": "g"})),
    ] {
        let credential = client.has(&format!("{consumer}/{path}/{}", id(number)), body);
        assert_eq!(credential["consumer"], json!({"id": id(1)}), "{path}");
    }
    for (number, scope) in [(7, json!({"consumer": {"id": id(1)}})), (8, json!({}))] {
        let mut plugin = scope;
        plugin["name"] = json!("cors");
        client.has(&format!("{core}/plugins/{}", id(number)), plugin);
    }
    assert_eq!(client.delete(&consumer).status, 204);
    for list in ["key-auths", "basic-auths", "hmac-auths", "jwts", "acls"] {
        assert_eq!(
            client.get(&format!("{core}/{list}")).body,
            json!({"data": []})
        );
    }
    let plugins = client.get(&format!("{core}/plugins")).body;
    assert_eq!(plugins["data"].as_array().map(Vec::len), Some(1));
}

#[test]
fn names_of_certificates_keys_of_sets_and_plugins_of_groups_go_along() {
    let mut client = Client::new();
    let core = format!("{}/core-entities", client.control_plane("cp"));
    for (above, body, below, child) in [
        (
            format!("certificates/{}", id(1)),
            json!({"cert": "c", "key": "k"}),
            format!("certificates/{}/snis/{}", id(1), id(2)),
            json!({"name": "a.test"}),
        ),
        (
            format!("key-sets/{}", id(3)),
            json!({"name": "set"}),
            format!("keys/{}", id(4)),
            json!({"kid": "k", "set": {"id": id(3)}}),
        ),
        (
            format!("consumer_groups/{}", id(5)),
            json!({"name": "gold"}),
            format!("plugins/{}", id(6)),
            json!({"name": "cors", "consumer_group": {"id": id(5)}}),
        ),
    ] {
        let (above, below) = (format!("{core}/{above}"), format!("{core}/{below}"));
        client.has(&above, body);
        client.has(&below, child);
        assert_eq!(client.delete(&above).status, 204);
        assert_eq!(client.get(&below).status, 404, "{below}");
    }
}

#[test]
fn a_trusted_authority_cannot_be_deleted_while_a_service_names_it() {
    let mut client = Client::new();
    let core = format!("{}/core-entities", client.control_plane("cp"));
    let service = format!("{core}/services/{}", id(3));
    for number in [1, 2] {
        let path = format!("{core}/ca_certificates/{}", id(number));
        client.has(&path, json!({"cert": format!("c{number}")}));
    }
    let trusting = |ids: Value| json!({"host": "h", "ca_certificates": ids});
    client.has(&service, trusting(json!([id(1), id(2)])));
    let dangling = client.put(&service, trusting(json!([id(1), id(9)])));
    assert_eq!(constraint(&dangling).0, "ca_certificates.id");
    let second = format!("{core}/ca_certificates/{}", id(2));
    assert!(constraint(&client.delete(&second)).1.contains("services"));
    client.has(&service, trusting(json!([id(1)])));
    assert_eq!(client.delete(&second).status, 204);
}

#[test]
fn credentials_differ_in_a_control_plane_and_groups_in_a_consumer() {
    let mut client = Client::new();
    let core = format!("{}/core-entities", client.control_plane("cp"));
    for number in [1, 2] {
        let body = json!({"username": format!("u{number}"), "custom_id": ""});
        client.has(&format!("{core}/consumers/{}", id(number)), body);
    }
    for (path, body, field) in [
        ("key-auth", json!({"key": "canary"}), "key"),
        (
            "basic-auth",
            json!({"username": "u", "password": "p"}),
            "username",
        ),
        (
            "hmac-auth",
            json!({"username": "u", "secret": "s"}),
            "username",
        ),
        ("jwt", json!({"key": "iss"}), "key"),
    ] {
        client.has(
            &format!("{core}/consumers/{}/{path}/{}", id(1), id(3)),
            body.clone(),
        );
        let answer = client.put(
            &format!("{core}/consumers/{}/{path}/{}", id(2), id(4)),
            body,
        );
        let message = format!("{field} (type: unique) constraint failed");
        assert_eq!(constraint(&answer), (field, message.as_str()));
    }
    for (consumer, number) in [(1, 5), (2, 6)] {
        let path = format!("{core}/consumers/{}/acls/{}", id(consumer), id(number));
        client.has(&path, json!({"group": "g"}));
    }
    let twice = format!("{core}/consumers/{}/acls/{}", id(2), id(7));
    assert_eq!(
        constraint(&client.put(&twice, json!({"group": "g"}))).0,
        "group"
    );
}

#[test]
fn keys_differ_in_their_set_and_vaults_by_prefix() {
    let mut client = Client::new();
    let core = format!("{}/core-entities", client.control_plane("cp"));
    client.has(
        &format!("{core}/key-sets/{}", id(1)),
        json!({"name": "set"}),
    );
    let set = json!({"id": id(1)});
    client.has(&format!("{core}/keys/{}", id(2)), json!({"kid": "k"}));
    client.has(
        &format!("{core}/keys/{}", id(3)),
        json!({"kid": "k", "set": set}),
    );
    let twice = client.put(&format!("{core}/keys/{}", id(4)), json!({"kid": "k"}));
    assert_eq!(constraint(&twice).0, "kid, set");
    let vault = |prefix: &str| json!({"name": "env", "prefix": prefix});
    client.has(&format!("{core}/vaults/{}", id(5)), vault("a"));
    client.has(&format!("{core}/vaults/{}", id(6)), vault("b"));
    let twice = client.put(&format!("{core}/vaults/{}", id(7)), vault("a"));
    assert_eq!(constraint(&twice).0, "prefix");
}

#[test]
fn a_consumer_is_in_its_groups_until_it_leaves_or_either_goes() {
    let mut client = Client::new();
    let core = format!("{}/core-entities", client.control_plane("cp"));
    let members = |group: u32| format!("{core}/consumer_groups/{}/consumers", id(group));
    for (number, name) in [(1, "ann"), (2, "bob")] {
        client.has(
            &format!("{core}/consumers/{}", id(number)),
            json!({"username": name}),
        );
    }
    for (number, name) in [(3, "gold"), (4, "silver")] {
        client.has(
            &format!("{core}/consumer_groups/{}", id(number)),
            json!({"name": name}),
        );
        for consumer in [id(1), "bob".to_owned()] {
            let answer = client.post(&members(number), json!({ "consumer": consumer }));
            assert_eq!(
                (answer.status, &answer.body["consumer_group"]["name"]),
                (201, &json!(name))
            );
        }
    }
    let listed = |client: &mut Client, group| {
        let body = client.get(&members(group)).body;
        let names = body["data"].as_array().unwrap().iter();
        names
            .map(|item| item["username"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(listed(&mut client, 3), ["ann", "bob"]);
    let again = client.post(&members(3), json!({"consumer": id(1)}));
    assert!(constraint(&again).1.contains("(type: unique)"));
    assert_eq!(
        client.post(&members(3), json!({"consumer": id(9)})).status,
        400
    );
    assert_eq!(
        client.delete(&format!("{}/{}", members(3), id(2))).status,
        204
    );
    assert_eq!(listed(&mut client, 3), ["ann"]);
    assert_eq!(listed(&mut client, 4), ["ann", "bob"]);
    assert_eq!(
        client.delete(&format!("{core}/consumers/{}", id(1))).status,
        204
    );
    assert_eq!(listed(&mut client, 4), ["bob"]);
    let gold = client.konnect.dump()[0]["consumers"][0]["groups"].clone();
    assert_eq!(gold, json!([{"name": "silver"}]));
    assert_eq!(
        client
            .delete(&format!("{core}/consumer_groups/{}", id(4)))
            .status,
        204
    );
    assert_eq!(client.get(&members(4)).status, 404);
    assert_eq!(
        client
            .konnect
            .entities(Collection::ConsumerGroupMembers, None)
            .count(),
        0
    );
}

/// The field of a body that is refused.
fn refused(answer: &Response) -> &str {
    assert_eq!(answer.status, 400, "{}", answer.body);
    answer.body["details"][0]["field"].as_str().unwrap()
}

#[test]
fn memberships_are_the_same_from_either_side() {
    let mut client = Client::new();
    let core = format!("{}/core-entities", client.control_plane("cp"));
    client.has(
        &format!("{core}/consumers/{}", id(1)),
        json!({"username": "ann"}),
    );
    for (number, name) in [(3, "gold"), (4, "silver")] {
        let group = format!("{core}/consumer_groups/{}", id(number));
        client.has(&group, json!({ "name": name }));
    }
    let groups = format!("{core}/consumers/{}/consumer_groups", id(1));
    let members = format!("{core}/consumer_groups/{}/consumers", id(3));
    let ids = |client: &mut Client, path: &str| {
        let body = client.get(path).body;
        let data = body["data"].as_array().unwrap().clone();
        let ids = data.iter().map(|it| it["id"].as_str().unwrap().to_owned());
        ids.collect::<Vec<_>>()
    };
    assert_eq!(
        client.post(&members, json!({"consumer": id(1)})).status,
        201
    );
    assert_eq!(ids(&mut client, &groups), [id(3)]);
    let again = client.post(&groups, json!({"group": id(3)}));
    assert!(constraint(&again).1.contains("(type: unique)"));
    let second = client.post(&groups, json!({"group": "silver"}));
    let answered = &second.body;
    assert_eq!(
        (
            second.status,
            &answered["consumer"]["username"],
            &answered["consumer_groups"][0]["name"]
        ),
        (201, &json!("ann"), &json!("silver"))
    );
    assert_eq!(ids(&mut client, &groups), [id(3), id(4)]);
    assert_eq!(ids(&mut client, &format!("{groups}?size=1")), [id(3)]);
    assert_eq!(client.delete(&format!("{groups}/{}", id(3))).status, 204);
    assert_eq!(ids(&mut client, &members), [] as [String; 0]);
    assert_eq!(
        client.post(&members, json!({"consumer": id(1)})).status,
        201
    );
    assert_eq!(client.delete(&groups).status, 204);
    assert_eq!(ids(&mut client, &groups), [] as [String; 0]);
    assert_eq!(client.post(&groups, json!({"group": id(3)})).status, 201);
    assert_eq!(client.delete(&members).status, 204);
    assert_eq!(ids(&mut client, &groups), [] as [String; 0]);

    assert_eq!(
        refused(&client.post(&groups, json!({"group": id(9)}))),
        "group"
    );
    assert_eq!(
        refused(&client.post(&groups, json!({"consumer": id(1)}))),
        "group"
    );
    let nobody = format!("{core}/consumers/{}/consumer_groups", id(9));
    assert_eq!(client.get(&nobody).status, 404);
    assert_eq!(client.post(&nobody, json!({"group": id(3)})).status, 404);
}

#[test]
fn a_name_of_a_certificate_is_the_same_below_it_and_beside_it() {
    let mut client = Client::new();
    let core = format!("{}/core-entities", client.control_plane("cp"));
    for number in [1, 2] {
        let certificate = format!("{core}/certificates/{}", id(number));
        client.has(
            &certificate,
            json!({"cert": format!("c{number}"), "key": "k"}),
        );
    }
    let below = |certificate: u32| format!("{core}/certificates/{}/snis", id(certificate));
    let beside = format!("{core}/snis");
    let sni = |certificate: u32| json!({"name": "a.test", "certificate": {"id": id(certificate)}});
    let created = client.post(&beside, sni(1));
    assert_eq!(
        (created.status, &created.body["certificate"]["id"]),
        (201, &json!(id(1)))
    );
    let own = created.body["id"].as_str().unwrap().to_owned();
    assert_eq!(client.get(&format!("{}/{own}", below(1))).status, 200);
    // It moves to the certificate that its body names.
    client.has(&format!("{beside}/{own}"), sni(2));
    assert_eq!(client.get(&format!("{}/{own}", below(1))).status, 404);
    assert_eq!(client.get(&below(2)).body["data"][0]["id"], own);
    assert_eq!(
        constraint(&client.post(&below(1), json!({"name": "a.test"}))).0,
        "name"
    );
    assert_eq!(
        refused(&client.post(&beside, json!({"name": "b.test"}))),
        "certificate"
    );
    assert_eq!(client.post(&beside, sni(9)).status, 400);
    assert_eq!(client.delete(&format!("{beside}/{own}")).status, 204);
    assert_eq!(client.get(&below(2)).body["data"], json!([]));

    // Other children are only read at the path of their list.
    let target = json!({"target": "a:1", "upstream": {"id": id(3)}});
    client.has(&format!("{core}/upstreams/{}", id(3)), json!({"name": "u"}));
    assert_eq!(client.post(&format!("{core}/targets"), target).status, 405);
}
