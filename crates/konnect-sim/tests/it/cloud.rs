use kong_model::{
    Body, Call, Collection, Failure, Filter, Host, RemoteId, Reply, Request, Response, Site,
};
use konnect_sim::{Konnect, Millis, Visit};
use serde_json::{Value, json};

use crate::client::{Client, TOKEN, id};

const NETWORKS: &str = "/v2/cloud-gateways/networks";

fn network(name: &str) -> Value {
    json!({
        "name": name, "cloud_gateway_provider_account_id": id(1), "region": "eu-west-1",
        "availability_zones": ["euw1-az1"], "cidr_block": "10.0.0.0/16",
    })
}

fn id_of(answer: &Value) -> String {
    answer["id"].as_str().unwrap().to_owned()
}

#[test]
fn a_network_is_ready_after_a_while_and_has_gateways_of_its_own() {
    let mut client = Client::new();
    let made = client.post(NETWORKS, network("net")).body;
    assert_eq!(made["state"], "initializing");
    let path = format!("{NETWORKS}/{}", id_of(&made));
    let gateways = format!("{path}/transit-gateways");
    let gateway = json!({
        "name": "tgw", "cidr_blocks": ["10.1.0.0/16"],
        "transit_gateway_attachment_config": {
            "kind": "aws-transit-gateway-attachment", "transit_gateway_id": "t", "ram_share_arn": "a",
        },
    });
    assert_eq!(client.post(&gateways, gateway.clone()).status, 201);
    assert_eq!(client.post(&gateways, gateway).status, 409);
    client.now = Millis(client.now.0 + 60_000);
    assert_eq!(client.get(&path).body["state"], "ready");
    assert_eq!(client.get(&gateways).body["data"][0]["state"], "ready");
    assert_eq!(client.post(NETWORKS, network("net")).status, 409);
    let other = client.post(NETWORKS, network("other")).body;
    let others = format!("{NETWORKS}/{}/transit-gateways", id_of(&other));
    assert_eq!(client.get(&others).body["data"], json!([]));
}

#[test]
fn a_gateway_of_azure_has_no_addresses_of_its_own() {
    let mut client = Client::new();
    let network = client.post(NETWORKS, network("net")).body;
    let gateways = format!("{NETWORKS}/{}/transit-gateways", id_of(&network));
    let gateway = json!({
        "name": "vnet",
        "transit_gateway_attachment_config": {
            "kind": "azure-vnet-peering-attachment", "tenant_id": "t", "subscription_id": "s",
            "resource_group_name": "r", "vnet_name": "v",
        },
    });
    let made = client.post(&gateways, gateway);
    assert_eq!(made.status, 201, "{made:?}");
}

#[test]
fn what_is_global_is_the_same_in_all_regions() {
    let mut konnect = Konnect::new(1);
    let mut ask = |region: &str, request: &Request| {
        let visit = Visit {
            now: Millis(0),
            region,
            token: TOKEN,
            request,
            unreadable: None,
        };
        konnect.visit(&visit).response.unwrap()
    };
    let site = Site::of_organisation(Collection::Networks);
    let body = Body::from_wire(site.at, &network("net")).into();
    let post = Call::Post { site, body }.request();
    assert_eq!(post.host, Host::Global);
    assert_eq!(ask("us", &post).status, 201);
    assert_eq!(ask("eu", &post).status, 409);
}

#[test]
fn what_is_planted_is_where_it_is_looked_for() {
    let mut client = Client::new();
    let site = Site::of_organisation(Collection::Networks);
    let mut planted = network("net");
    planted["id"] = json!(id(7));
    planted["state"] = json!("ready");
    assert!(client.konnect.plant(TOKEN, "eu", &site, planted.clone()));
    let path = format!("{NETWORKS}/{}", id(7));
    assert_eq!(client.get(&path).body, planted);
}

#[test]
fn a_configuration_is_created_changed_and_emptied_by_the_same_request() {
    let mut client = Client::new();
    let plane = client.control_plane("cp");
    let plane = plane.rsplit('/').next().unwrap().to_owned();
    let network = id_of(&client.post(NETWORKS, network("net")).body);
    let at = Collection::DataPlaneGroupConfigurations;
    let site = Site::of_control_plane(at, RemoteId::from(&plane));
    let put = |groups: Value| {
        let body = json!({
            "control_plane_id": plane, "control_plane_geo": "eu", "dataplane_groups": groups,
        });
        Call::Post {
            site: site.clone(),
            body: Body::from_wire(at, &body).into(),
        }
    };
    let ask = |client: &mut Client, call: &Call| {
        call.interpret(client.konnect.handle(client.now, TOKEN, &call.request()))
    };
    let group =
        json!({"provider": "aws", "region": "eu-west-1", "cloud_gateway_network_id": network});
    let call = put(json!([group]));
    let Ok(Reply::Entity(made)) = ask(&mut client, &call) else {
        panic!("it is created");
    };
    assert_eq!(made["dataplane_groups"][0]["state"], "ready");
    assert_eq!(made["dataplane_group_config"], json!([group]));
    // Konnect refuses what would change nothing, and that is as good.
    assert_eq!(ask(&mut client, &call), Ok(Reply::Done));
    let used = client.delete(&format!("{NETWORKS}/{network}"));
    assert_eq!(used.status, 409, "{}", used.body);
    let Ok(Reply::Entity(emptied)) = ask(&mut client, &put(json!([]))) else {
        panic!("it is emptied");
    };
    assert_eq!(
        (&emptied["id"], &emptied["dataplane_groups"]),
        (&made["id"], &json!([]))
    );
    let gone = client.delete(&format!("{NETWORKS}/{network}"));
    assert_eq!(gone.status, 204);
    let list = Call::List {
        site: site.clone(),
        filter: Filter::All,
        cursor: None,
    };
    let listed = client.konnect.handle(client.now, TOKEN, &list.request());
    assert_eq!(listed.body["data"][0]["id"], made["id"]);
    let unfinished = json!({"invalid_parameters": [{
        "field": "dataplane_groups",
        "reason": "Data-plane groups in the previous configuration have not finished provisioning",
    }]});
    let unfinished = call.interpret(Response::new(400, unfinished));
    assert!(matches!(unfinished, Err(Failure::Reference(_))));
}

#[test]
fn certificates_of_data_planes_and_config_stores_belong_to_their_control_plane() {
    let mut client = Client::new();
    let plane = client.control_plane("cp");
    let certificates = format!("{plane}/dp-client-certificates");
    let made = client.post(&certificates, json!({"cert": "a"})).body;
    let certificate = id_of(&made["item"]);
    let listed = client.get(&certificates).body;
    assert_eq!(listed["items"][0]["id"], json!(certificate));
    let stores = format!("{plane}/config-stores");
    let store = id_of(&client.post(&stores, json!({"name": "s"})).body);
    assert_eq!(client.post(&stores, json!({"name": "s"})).status, 400);
    let unknown = client.put(&format!("{stores}/{}", id(1)), json!({"name": "t"}));
    assert_eq!(unknown.status, 404);
    let vault = format!("{plane}/core-entities/vaults/{}", id(2));
    let body = |store: &str| json!({"name": "konnect", "prefix": "p", "config": {"config_store_id": store}});
    assert_eq!(client.put(&vault, body(&id(3))).status, 400);
    client.has(&vault, body(&store));
    let store = format!("{stores}/{store}?force=true");
    assert_eq!(client.delete(&store).status, 400);
    assert_eq!(client.delete(&vault).status, 204);
    assert_eq!(client.delete(&store).status, 204);
    let certificate = format!("{certificates}/{certificate}");
    assert_eq!(client.delete(&certificate).status, 204);
    assert_eq!(client.get(&certificates).body["items"], json!([]));
}
