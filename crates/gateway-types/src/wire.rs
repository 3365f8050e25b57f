//! How documents are read: never stricter than the schemas are.
//!
//! [`open_enum!`] makes an enum of strings that takes in what it does not know, [`or_default`] takes an
//! explicit null for absent, as the API server does.

use serde::{Deserialize, Deserializer};

/// Reads a value of which null means that there is none.
pub(crate) fn or_default<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Default + Deserialize<'de>,
{
    Option::deserialize(deserializer).map(Option::unwrap_or_default)
}

/// Declares an enum whose values are strings, with the variant `Other` for those that a newer version of
/// the schema may have.
macro_rules! open_enum {
    (
        $(#[$meta:meta])*
        $visibility:vis enum $name:ident {
            $($(#[$variant_meta:meta])* $variant:ident = $text:literal,)+
        }
    ) => {
        $(#[$meta])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        $visibility enum $name {
            $($(#[$variant_meta])* $variant,)+
            /// A value that is not known here, as it stands.
            Other(String),
        }

        impl $name {
            /// The value as it stands in documents.
            $visibility fn as_str(&self) -> &str {
                match self {
                    $(Self::$variant => $text,)+
                    Self::Other(text) => text,
                }
            }
        }

        impl From<&str> for $name {
            fn from(text: &str) -> Self {
                match text {
                    $($text => Self::$variant,)+
                    _ => Self::Other(text.to_owned()),
                }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.pad(self.as_str())
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
                Ok(Self::from(text.as_ref()))
            }
        }
    };
}
pub(crate) use open_enum;

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    open_enum! {
        /// Colours.
        enum Colour {
            /// Red.
            Red = "red",
        }
    }

    #[derive(Debug, PartialEq, Deserialize)]
    struct Holder {
        #[serde(default, deserialize_with = "or_default")]
        colours: Vec<Colour>,
    }

    fn colours(document: serde_json::Value) -> Vec<Colour> {
        serde_json::from_value::<Holder>(document).unwrap().colours
    }

    #[test]
    fn a_value_that_is_not_known_stays_as_it_is() {
        let read = colours(json!({"colours": ["red", "Red"]}));
        assert_eq!(read, [Colour::Red, Colour::Other("Red".to_owned())]);
        assert_eq!(serde_json::to_value(&read).unwrap(), json!(["red", "Red"]));
        assert_eq!(format!("{:>5}", read[0]), "  red");
    }

    #[test]
    fn null_and_nothing_are_the_same() {
        assert_eq!(colours(json!({"colours": null})), []);
        assert_eq!(colours(json!({})), []);
    }

    #[test]
    fn a_number_is_no_value_of_an_enum() {
        assert!(serde_json::from_value::<Holder>(json!({"colours": [1]})).is_err());
    }
}
