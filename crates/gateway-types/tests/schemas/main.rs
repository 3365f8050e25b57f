//! The types hold whatever the schemas of the Gateway API admit. `definitions` reads the schemas,
//! `documents` makes documents of them.

mod definitions;
mod documents;

use std::{any::TypeId, collections::BTreeSet, fmt};

use definitions::Definition;
use gateway_types::{
    BackendTLSPolicy, GROUP, GRPCRoute, Gateway, GatewayClass, HTTPRoute, ListenerSet,
    ReferenceGrant, TCPRoute, TLSRoute, UDPRoute,
};
use kube::{Resource, core::NamespaceResourceScope};
use proptest::test_runner::{Config, TestCaseError, TestRunner};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;

/// How many documents are made for each version of each kind in each channel.
const CASES: u32 = 128;

/// A type, as far as these tests are concerned.
struct Type {
    kind: &'static str,
    /// Reads a document; gives what `{:?}` shows, and the document as it is written.
    read: fn(&Value) -> serde_json::Result<(String, Value)>,
    plural: String,
    group: String,
    version: String,
    namespaced: bool,
}

impl Type {
    fn of<K>(kind: &'static str) -> Self
    where
        K: Resource<DynamicType = (), Scope: 'static> + fmt::Debug + Serialize + DeserializeOwned,
    {
        Self {
            kind,
            read: |document| {
                let object = K::deserialize(document)?;
                Ok((format!("{object:?}"), serde_json::to_value(object)?))
            },
            plural: K::plural(&()).into_owned(),
            group: K::group(&()).into_owned(),
            version: K::version(&()).into_owned(),
            namespaced: TypeId::of::<K::Scope>() == TypeId::of::<NamespaceResourceScope>(),
        }
    }
}

macro_rules! types {
    ($($kind:ident),+ $(,)?) => {
        vec![$(Type::of::<$kind>(stringify!($kind))),+]
    };
}

/// Every type with every definition of its kind.
fn pairs() -> Vec<(Type, Vec<Definition>)> {
    let definitions = definitions::all();
    let types = types![
        BackendTLSPolicy,
        GRPCRoute,
        Gateway,
        GatewayClass,
        HTTPRoute,
        ListenerSet,
        ReferenceGrant,
        TCPRoute,
        TLSRoute,
        UDPRoute,
    ];
    let of = |kind: &str| {
        let own = definitions.iter().filter(|it| it.kind == kind);
        own.cloned().collect::<Vec<_>>()
    };
    types
        .into_iter()
        .map(|it| (of(it.kind), it))
        .map(|(own, it)| (it, own))
        .collect()
}

/// A document as it should be written, of what its schema knows.
fn expected(type_: &Type, schema: &Value, document: &Value) -> Value {
    let mut expected = documents::known(schema, document);
    expected["apiVersion"] = format!("{}/{}", type_.group, type_.version).into();
    expected["kind"] = type_.kind.into();
    expected
}

#[test]
fn the_versions_that_are_read_are_these() {
    let versions: BTreeSet<String> = definitions::all()
        .into_iter()
        .map(|it| format!("{} {}", it.kind, it.version))
        .collect();
    let expected = [
        "BackendTLSPolicy v1",
        "BackendTLSPolicy v1alpha3",
        "GRPCRoute v1",
        "Gateway v1",
        "Gateway v1beta1",
        "GatewayClass v1",
        "GatewayClass v1beta1",
        "HTTPRoute v1",
        "HTTPRoute v1beta1",
        "ListenerSet v1",
        "ReferenceGrant v1",
        "ReferenceGrant v1beta1",
        "TCPRoute v1",
        "TCPRoute v1alpha2",
        "TLSRoute v1",
        "TLSRoute v1alpha2",
        "TLSRoute v1alpha3",
        "UDPRoute v1",
        "UDPRoute v1alpha2",
    ];
    assert_eq!(versions, expected.map(str::to_owned).into());
}

#[test]
fn a_type_is_called_as_its_definitions_say() {
    for (type_, definitions) in pairs() {
        assert_eq!(type_.group, GROUP);
        assert!(definitions.iter().any(|it| it.version == type_.version));
        for definition in definitions {
            assert_eq!(type_.plural, definition.plural);
            assert_eq!(type_.namespaced, definition.namespaced, "{}", type_.kind);
        }
    }
}

#[test]
fn what_a_schema_admits_is_read_and_written_back_without_loss() {
    for (type_, definitions) in pairs() {
        for definition in definitions {
            let schema = &definition.schema;
            let config = Config {
                // A document of an HTTPRoute is long, and what fails says which kind it is of.
                cases: CASES,
                failure_persistence: None,
                ..Config::default()
            };
            let outcome = TestRunner::new(config).run(&documents::any_of(schema), |document| {
                let (_, written) = (type_.read)(&document)
                    .map_err(|error| TestCaseError::fail(error.to_string()))?;
                proptest::prop_assert_eq!(
                    documents::known(schema, &written),
                    expected(&type_, schema, &document)
                );
                Ok(())
            });
            assert!(
                outcome.is_ok(),
                "{} {} ({}): {}",
                definition.kind,
                definition.version,
                definition.channel,
                outcome.unwrap_err()
            );
        }
    }
}

#[test]
fn every_field_and_every_value_of_a_schema_is_known() {
    for (type_, definitions) in pairs() {
        for definition in definitions {
            let schema = &definition.schema;
            for number in 0..documents::variants(schema) {
                let document = documents::full(schema, number);
                let (shown, written) = (type_.read)(&document).unwrap();
                let name = format!("{} {}", definition.kind, definition.version);
                assert_eq!(written, expected(&type_, schema, &document), "{name}");
                // Enums of which the schema does not list the values.
                let shown = shown.replace(r#"Other("text")"#, "");
                assert!(!shown.contains("Other("), "{name}: {shown}");
            }
        }
    }
}
