//! The fields of a status beside the conditions: ids, and where they are good.
//!
//! What nobody has looked at yet is believed as it stands in the status before. One function for each
//! [`Frame`].

use serde_json::{Map, Value, json};

use kong_model::Collection;
use kong_resolve::{Account, CredentialState, Frame, Output, Verdict};

use super::{Presence, State, main_state};

/// The fields; `before` is the status that the object has.
pub(super) fn fields(
    frame: Frame,
    verdict: &Verdict,
    states: &[State<'_>],
    before: &Value,
) -> Map<String, Value> {
    let fields = match frame {
        Frame::Account => of_credentials(verdict, states, before),
        Frame::Native => of_native(verdict, main_state(states), before),
        Frame::Konnect => of_entity(verdict, main_state(states), before),
        Frame::Extension => of_extension(verdict, before),
    };
    fields
        .into_iter()
        .filter_map(|(name, value)| Some((name.to_owned(), value?)))
        .collect()
}

/// Fields by name; what has no value is left out.
type Fields = Vec<(&'static str, Option<Value>)>;

fn of_credentials(verdict: &Verdict, states: &[State<'_>], before: &Value) -> Fields {
    let access = verdict.access.as_ref();
    let server = access.map(|access| json!(access.server.to_string()));
    vec![
        ("organizationID", organization(verdict, states, before)),
        ("serverURL", server.or_else(|| kept(before, "serverURL"))),
    ]
}

/// Fields for the ids of what an object refers to, where these stand beside its own.
const REFERRED: [&str; 2] = ["controlPlaneID", "networkID"];

fn of_native(verdict: &Verdict, main: Option<&State<'_>>, before: &Value) -> Fields {
    let id = known_id(main);
    let gone = match &verdict.output {
        Output::Want(claims) => claims.is_empty() && main.is_none() && !is_nowhere(verdict),
        Output::KeepLastGood => false,
    };
    // An id is one in the control plane beside it.
    let plane = verdict.ids.iter().find(|(name, _)| *name == REFERRED[0]);
    let recorded_plane = before[REFERRED[0]].as_str();
    let elsewhere = main.is_none()
        && plane.is_some_and(|(_, plane)| recorded_plane.is_some_and(|it| it != plane.as_str()));
    let unseen = is_unseen(main) && !gone && !elsewhere;
    let exists = id.is_some() || unseen;
    let mut fields = account_of(verdict, before);
    fields.push(("id", id.or_else(|| unseen.then(|| kept(before, "id"))?)));
    fields.extend(ids_of(verdict));
    if verdict.output == Output::KeepLastGood {
        // Something is in the way: what was said of the references still stands.
        let missing = REFERRED.into_iter().filter(|name| {
            let mut told = fields.iter();
            told.all(|(told, _)| told != name)
        });
        let kept: Fields = missing.map(|name| (name, kept(before, name))).collect();
        fields.extend(kept);
    }
    if exists {
        let facts = main.map_or(&Value::Null, |state| state.facts);
        let described = described(facts).into_iter();
        fields.extend(described.map(|(name, value)| (name, value.or_else(|| kept(before, name)))));
    }
    fields
}

/// What statuses tell of the answers of Konnect, whatever they are answers about.
fn described(facts: &Value) -> Fields {
    let config = |name: &str| facts["config"][name].as_str();
    let endpoints = config("control_plane_endpoint")
        .zip(config("telemetry_endpoint"))
        .map(|(plane, telemetry)| json!({"controlPlane": plane, "telemetry": telemetry}));
    let groups = facts["dataplane_groups"].as_array();
    let groups = groups.map(|groups| groups.iter().map(data_plane_group).collect());
    vec![
        ("clusterType", config("cluster_type").map(|it| json!(it))),
        ("konnectEndpoints", endpoints),
        ("state", facts["state"].as_str().map(|it| json!(it))),
        ("dataplane_groups", groups),
    ]
}

/// What the status tells of a group of data planes.
fn data_plane_group(group: &Value) -> Value {
    let members = [
        "id",
        "cloud_gateway_network_id",
        "provider",
        "region",
        "state",
        "private_ip_addresses",
        "egress_ip_addresses",
    ];
    let told = members.iter().filter(|member| !group[**member].is_null());
    told.map(|member| ((*member).to_owned(), group[*member].clone()))
        .collect::<Map<_, _>>()
        .into()
}

fn of_entity(verdict: &Verdict, main: Option<&State<'_>>, before: &Value) -> Fields {
    let record = &before["konnect"];
    let recorded = || record.as_object().cloned().unwrap_or_default();
    let (gone, mut konnect) = match &verdict.output {
        // Something is in the way: what was said of the entity still stands.
        Output::KeepLastGood => (false, recorded()),
        // Its heir has it, and it may be given back.
        Output::Want(_) if verdict.heir.is_some() => (true, recorded()),
        // It is to go, and nobody knows yet where its control plane is.
        Output::Want(claims) if claims.is_empty() && main.is_none() && is_nowhere(verdict) => {
            (false, recorded())
        }
        // It is to go, and it is not known to be gone.
        Output::Want(claims) if claims.is_empty() && main.is_some_and(may_be_there) => {
            (false, recorded())
        }
        Output::Want(claims) => (claims.is_empty(), Map::new()),
    };
    // A group has no entities of its own, so nothing is in it but what its data planes show.
    let of_data_planes = main.is_some_and(|state| state.at == Collection::DataPlaneCertificates);
    let plane = verdict.home.as_ref();
    let plane = plane.filter(|home| !home.group || of_data_planes);
    let plane = plane.and_then(|home| home.id.as_ref());
    // An id is one in the control plane beside it. What nobody speaks for was not taken along to another one.
    let recorded_plane = record["controlPlaneID"].as_str();
    let elsewhere = main.is_none()
        && plane.is_some_and(|plane| recorded_plane.is_some_and(|it| it != plane.as_str()));
    if elsewhere || main.is_some_and(|state| !may_be_there(state)) {
        konnect.remove("id");
    }
    let believed = is_unseen(main) && !gone && !elsewhere;
    let id = known_id(main).or_else(|| believed.then(|| kept(record, "id"))?);
    let mut members = vec![("id", id)];
    if let Some(plane) = plane {
        members.push(("controlPlaneID", Some(json!(plane.as_str()))));
        members.extend(account_of(verdict, record));
    }
    members.extend(ids_of(verdict));
    for (name, value) in members {
        if let Some(value) = value {
            konnect.insert(name.to_owned(), value);
        }
    }
    let konnect = (!konnect.is_empty()).then_some(Value::Object(konnect));
    vec![("konnect", konnect)]
}

/// What data planes need. Who uses the extension is for others to say.
fn of_extension(verdict: &Verdict, before: &Value) -> Fields {
    let known = verdict.data_planes.as_deref();
    let secret = known.and_then(|known| known.secret.as_ref());
    let secret = secret.map(|name| json!({"certificateSecretRef": {"name": &**name}}));
    let konnect = verdict.home.as_ref().and_then(|home| {
        let endpoints = known?.endpoints.as_ref()?;
        let configuration = &home.credentials.configuration.name;
        let mut auth = json!({"name": &*configuration.name});
        if configuration.namespace != home.control_plane.name.namespace {
            auth["namespace"] = json!(configuration.namespace());
        }
        Some(json!({
            "controlPlaneID": home.id.as_ref()?.as_str(),
            "clusterType": cluster_type(&endpoints.cluster_type)?,
            "endpoints": {
                "controlPlane": &*endpoints.control_plane, "telemetry": &*endpoints.telemetry,
            },
            "authRef": auth,
        }))
    });
    // Without a control plane there is nothing to connect to.
    let lost = verdict.lost.is_some();
    let before_that = || kept(before, "konnect").filter(|_| !lost);
    vec![
        ("konnect", konnect.or_else(before_that)),
        (
            "dataPlaneClientAuth",
            secret.or_else(|| kept(before, "dataPlaneClientAuth")),
        ),
        ("dataPlaneRefs", kept(before, "dataPlaneRefs")),
        ("controlPlaneRefs", kept(before, "controlPlaneRefs")),
    ]
}

/// The type of a control plane as a KonnectExtension calls it.
fn cluster_type(konnect: &str) -> Option<&'static str> {
    match konnect {
        "CLUSTER_TYPE_CONTROL_PLANE" => Some("ControlPlane"),
        "CLUSTER_TYPE_K8S_INGRESS_CONTROLLER" => Some("K8SIngressController"),
        "CLUSTER_TYPE_CONTROL_PLANE_GROUP" => Some("ControlPlaneGroup"),
        _ => None,
    }
}

/// The ids of what an object refers to. A name in the plural has a list of them, one with a dot is a member
/// of a member.
fn ids_of(verdict: &Verdict) -> Fields {
    let mut fields = Fields::new();
    for (name, id) in &verdict.ids {
        let id = json!(id.as_str());
        if let Some((outer, inner)) = name.split_once('.') {
            fields.push((outer, Some(json!({inner: id}))));
            continue;
        }
        match fields.iter_mut().find(|(known, _)| known == name) {
            Some((_, Some(Value::Array(ids)))) => ids.push(id),
            Some(_) => {}
            None if name.ends_with("IDs") => fields.push((name, Some(json!([id])))),
            None => fields.push((name, Some(id))),
        }
    }
    fields
}

/// The organisation that Konnect named for a token; the one before while nobody has asked, none once
/// it refused.
pub(super) fn organization(
    verdict: &Verdict,
    states: &[State<'_>],
    before: &Value,
) -> Option<Value> {
    let before = || kept(before, "organizationID");
    match main_state(states) {
        None if verdict.access.is_some() => None,
        None => before(),
        Some(state) if state.problem.is_some_and(|problem| !problem.transient) => None,
        Some(state) => match &state.facts["id"] {
            id @ Value::String(_) => Some(id.clone()),
            Value::Null
            | Value::Bool(_)
            | Value::Number(_)
            | Value::Array(_)
            | Value::Object(_) => before(),
        },
    }
}

/// The account that entities are in; what `record` says while the credentials do not tell.
fn account_of(verdict: &Verdict, record: &Value) -> Fields {
    let (organization, server) = account(verdict)
        .map(|account| {
            (
                json!(account.organization),
                json!(account.server.to_string()),
            )
        })
        .unzip();
    vec![
        (
            "organizationID",
            organization.or_else(|| kept(record, "organizationID")),
        ),
        ("serverURL", server.or_else(|| kept(record, "serverURL"))),
    ]
}

fn account(verdict: &Verdict) -> Option<&Account> {
    match &verdict.home.as_ref()?.credentials.state {
        CredentialState::Valid(account) => Some(account),
        CredentialState::Missing
        | CredentialState::NotPermitted
        | CredentialState::Unproven
        | CredentialState::Invalid => None,
    }
}

fn kept(record: &Value, name: &str) -> Option<Value> {
    record.get(name).cloned()
}

/// The id of an entity that is there.
fn known_id(main: Option<&State<'_>>) -> Option<Value> {
    main.filter(|state| state.presence == Presence::Present)
        .and_then(|state| state.id)
        .map(|id| json!(id.as_str()))
}

/// Whether the control plane of an object exists, and has no id yet.
fn is_nowhere(verdict: &Verdict) -> bool {
    let home = verdict.home.as_ref();
    home.is_some_and(|home| home.id.is_none() && !home.group)
}

fn may_be_there(state: &State<'_>) -> bool {
    state.presence != Presence::Absent || state.under_way
}

/// Whether nobody has looked for the entity yet, or an answer is outstanding.
fn is_unseen(main: Option<&State<'_>>) -> bool {
    main.is_none_or(|state| {
        state.presence == Presence::Unknown || state.presence == Presence::Absent && state.under_way
    })
}
