//! The types of entities against the schemas of the table.

use std::fmt::Debug;

use kong_model::entity::{
    Certificate, ControlPlane, GroupMembers, Members, Plugin, Route, Service, Target, Upstream,
};
use kong_model::{Body, Collection, Entity, Shape, Stored};
use konnect_contract::samples;
use serde_json::json;

/// Reads every body that the schema of a type allows, and writes it again.
fn knows<E: Entity + Debug>(others: fn(&E) -> Option<&Members>) {
    let at = E::COLLECTION;
    let samples = samples(at.schema());
    assert!(samples.len() > 2, "{at}");
    for mut sample in samples {
        sample.as_object_mut().unwrap().remove("id");
        let mut answer = sample.clone();
        answer["id"] = json!("x");
        let stored = Stored::<E>::read(answer).unwrap_or_else(|error| panic!("{error}: {sample}"));
        let others = others(&stored.entity);
        assert!(
            others.is_none_or(|others| others.0.is_empty()),
            "{at}: {others:?}"
        );
        // Every choice has a name of its own.
        let printed = format!("{:?}", stored.entity);
        assert!(!printed.contains("Other("), "{at}: {printed}");
        assert_eq!(stored.entity.body(), Body::from_wire(at, &sample), "{at}");
    }
}

#[test]
fn every_type_has_all_members_of_its_collection_and_loses_none() {
    knows::<ControlPlane>(|plane| Some(&plane.others));
    knows::<GroupMembers>(|_| None);
    knows::<Certificate>(|certificate| Some(&certificate.others));
    knows::<Upstream>(|upstream| Some(&upstream.others));
    knows::<Service>(|service| Some(&service.others));
    knows::<Route>(|route| Some(&route.others));
    knows::<Target>(|target| Some(&target.others));
    knows::<Plugin>(|plugin| Some(&plugin.others));
}

#[test]
fn a_collection_has_a_schema_that_can_be_tried() {
    for at in Collection::all().filter(|at| at.shape() != Shape::Identity) {
        assert!(!samples(at.schema()).is_empty(), "{at}");
    }
}
