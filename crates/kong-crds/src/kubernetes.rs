//! Kinds of Kubernetes itself, in shapes of our own: Secrets.

use std::{borrow::Cow, collections::BTreeMap, fmt};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use kube::{Resource, core::NamespaceResourceScope};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};
use serde_json::Value;

use crate::{Kind, Object, ObjectMeta, Parts, SecretString, Unreadable, read};

/// A Secret of the core group.
///
/// Its own type, since that of `k8s-openapi` prints its values with `{:?}`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Secret {
    /// Metadata.
    pub metadata: ObjectMeta,
    /// Everything else.
    pub spec: SecretSpec,
}

/// What a Secret holds.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct SecretSpec {
    /// Its type, such as `kubernetes.io/tls`.
    pub type_: Option<String>,
    /// Values by key, decoded. What `stringData` says goes before what `data` says.
    pub data: BTreeMap<String, Vec<u8>>,
}

impl fmt::Debug for SecretSpec {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("SecretSpec")
            .field("type_", &self.type_)
            .field("keys", &self.data.keys())
            .finish()
    }
}

/// The fields of a Secret beside its metadata, as they are sent.
#[derive(Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Wire {
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    type_: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    data: Option<BTreeMap<String, Encoded>>,
    #[serde(default, skip_serializing)]
    string_data: Option<BTreeMap<String, SecretString>>,
}

/// A value in base64.
struct Encoded(Vec<u8>);

impl Serialize for Encoded {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&STANDARD.encode(&self.0))
    }
}

impl<'de> Deserialize<'de> for Encoded {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // A key may be there without a value, which the API server writes as null.
        let text = Option::<SecretString>::deserialize(deserializer)?.unwrap_or_default();
        // Kubernetes overlooks ends of lines, which manifests written by hand have.
        let text = text.expose().replace(['\r', '\n'], "");
        // The decoder's own error quotes bytes of the value.
        STANDARD
            .decode(text)
            .map(Self)
            .map_err(|_| D::Error::custom("expected a string in base64"))
    }
}

impl From<Wire> for SecretSpec {
    fn from(wire: Wire) -> Self {
        let decoded = wire
            .data
            .into_iter()
            .flatten()
            .map(|(key, value)| (key, value.0));
        let plain = wire
            .string_data
            .into_iter()
            .flatten()
            .map(|(key, value)| (key, value.expose().as_bytes().to_vec()));
        Self {
            type_: wire.type_,
            data: decoded.chain(plain).collect(),
        }
    }
}

impl From<&SecretSpec> for Wire {
    fn from(spec: &SecretSpec) -> Self {
        let encode = |(key, value): (&String, &Vec<u8>)| (key.clone(), Encoded(value.clone()));
        Self {
            type_: spec.type_.clone(),
            data: (!spec.data.is_empty()).then(|| spec.data.iter().map(encode).collect()),
            string_data: None,
        }
    }
}

impl Serialize for Secret {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        #[serde(rename_all = "camelCase")]
        struct Document<'a> {
            api_version: &'static str,
            kind: &'static str,
            metadata: &'a ObjectMeta,
            #[serde(flatten)]
            wire: Wire,
        }
        Document {
            api_version: VERSION,
            kind: Kind::Secret.as_str(),
            metadata: &self.metadata,
            wire: (&self.spec).into(),
        }
        .serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Secret {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        struct Document {
            #[serde(default)]
            metadata: ObjectMeta,
            #[serde(flatten)]
            wire: Wire,
        }
        let Document { metadata, wire } = Document::deserialize(deserializer)?;
        Ok(Self {
            metadata,
            spec: wire.into(),
        })
    }
}

const VERSION: &str = "v1";

impl Resource for Secret {
    type DynamicType = ();
    type Scope = NamespaceResourceScope;

    fn kind((): &()) -> Cow<'_, str> {
        Kind::Secret.as_str().into()
    }

    fn group((): &()) -> Cow<'_, str> {
        "".into()
    }

    fn version((): &()) -> Cow<'_, str> {
        VERSION.into()
    }

    fn plural((): &()) -> Cow<'_, str> {
        "secrets".into()
    }

    fn meta(&self) -> &ObjectMeta {
        &self.metadata
    }

    fn meta_mut(&mut self) -> &mut ObjectMeta {
        &mut self.metadata
    }
}

impl Object for Secret {
    const KIND: Kind = Kind::Secret;
    const CONDITIONS: &'static [&'static str] = &[];
    type Spec = SecretSpec;
    type Status = ();

    fn into_parts(self) -> (ObjectMeta, SecretSpec, Option<()>) {
        (self.metadata, self.spec, None)
    }

    fn read_parts(document: &mut Value) -> Result<Parts<Self>, Unreadable> {
        let wire: Wire = read::read_value(document.take(), "")?;
        Ok(Parts {
            spec: SecretSpec::from(wire).into(),
            status: None,
        })
    }

    #[cfg(feature = "schema")]
    fn definitions() -> Vec<crate::schema::CustomResourceDefinition> {
        Vec::new()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn secret() -> Secret {
        serde_json::from_value(json!({
            "apiVersion": "v1", "kind": "Secret",
            "metadata": {"name": "tls", "namespace": "default"},
            "type": "kubernetes.io/tls",
            "data": {"tls.crt": "Y2VydA==", "tls.key": "a2V5", "none": null},
            "stringData": {"tls.key": "newer"},
        }))
        .unwrap()
    }

    #[test]
    fn values_are_decoded_and_string_data_wins() {
        let data = secret().spec.data;
        assert_eq!(data["tls.crt"], b"cert");
        assert_eq!(data["tls.key"], b"newer");
        assert_eq!(data["none"], b"");
    }

    #[test]
    fn debug_shows_keys_but_no_values() {
        let shown = format!("{:?}", secret().spec);
        assert_eq!(
            shown,
            "SecretSpec { type_: Some(\"kubernetes.io/tls\"), keys: [\"none\", \"tls.crt\", \
             \"tls.key\"] }"
        );
    }

    #[test]
    fn it_is_written_in_wire_form() {
        let written = serde_json::to_value(secret()).unwrap();
        assert_eq!(
            written,
            json!({
                "apiVersion": "v1", "kind": "Secret",
                "metadata": {"name": "tls", "namespace": "default"},
                "type": "kubernetes.io/tls",
                "data": {"none": "", "tls.crt": "Y2VydA==", "tls.key": "bmV3ZXI="},
            })
        );
    }

    #[test]
    fn a_value_that_is_not_base64_is_named_but_not_quoted() {
        let mut document = json!({"data": {"token": "not base64!"}});
        let error = Secret::read_parts(&mut document).unwrap_err();
        assert_eq!(error.path, "data.token");
        assert_eq!(error.reason, "expected a string in base64");
    }
}
