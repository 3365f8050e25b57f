//! Every request that can be made, for every collection: what the table says against what the vendor says.

use std::sync::Arc;

use kong_model::{
    Body, Call, Collection, Cursor, Filter, Naming, RemoteId, Request, Shape, Site, Update,
};
use konnect_contract::{Contract, samples};
use serde_json::Value;

const ID: &str = "2f0b44a1-8bd1-45e0-9fd2-a2e0a3c1b0d7";

fn id() -> RemoteId {
    RemoteId::from(ID)
}

/// A place in a collection with everything that a path may need.
fn site(at: Collection) -> Site {
    Site {
        at,
        control_plane: Some(id()),
        parent: Some(id()),
    }
}

/// Every call about a collection that the table allows.
fn calls(at: Collection) -> Vec<Call> {
    let mut calls = Vec::new();
    let mut list = |filter: Filter, cursor: Option<Cursor>| {
        calls.push(Call::List {
            site: site(at),
            filter,
            cursor,
        });
    };
    let label = || Filter::Label("k8s-uid:1".to_owned());
    let offset = Cursor::Offset("cursor".to_owned());
    match at.shape() {
        Shape::Identity => return vec![Call::WhoAmI],
        Shape::Core => {
            list(Filter::All, None);
            list(label(), Some(offset));
        }
        Shape::Numbered => {
            list(Filter::All, Some(Cursor::Number(2)));
            if at.naming() == Naming::Labelled {
                list(Filter::Id(id()), None);
                list(label(), None);
            }
        }
        Shape::Wrapped => list(Filter::All, None),
        Shape::Linked | Shape::Membership => {
            list(Filter::All, None);
            list(Filter::All, Some(offset));
        }
    }
    if at.shape() != Shape::Membership {
        if at.members().is_none() {
            calls.push(Call::Get {
                site: site(at),
                id: id(),
            });
        }
        if !matches!(at.update(), Update::Whole { .. }) {
            calls.push(Call::Remove {
                site: site(at),
                id: id(),
            });
        }
    }
    for body in samples(at.schema()) {
        let body = Arc::new(Body::from_wire(at, &body));
        let (site, id) = (site(at), id());
        if at.shape() != Shape::Membership {
            let (site, body) = (site.clone(), Arc::clone(&body));
            calls.push(Call::Post { site, body });
        }
        calls.push(match at.update() {
            Update::Put | Update::Whole { .. } => Call::Put { site, id, body },
            Update::Patch { .. } => Call::Patch { site, id, body },
            Update::No => continue,
        });
    }
    calls
}

fn shown(request: &Request) -> String {
    let body = request.body.as_ref().map(Value::to_string);
    format!("{request:?} {}", body.unwrap_or_default())
}

#[test]
fn every_request_about_every_collection_is_one_of_the_api() {
    let contract = Contract::of_the_vendor();
    let mut held = 0;
    for at in Collection::all() {
        for call in calls(at) {
            let request = call.request();
            let breaches = contract.request(&request);
            assert_eq!(breaches, [], "{}", shown(&request));
            held += 1;
        }
    }
    assert!(held > 300, "{held}");
}
