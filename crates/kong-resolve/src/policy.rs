//! What users decide about entities beside what these are to be: which one is taken over, what is done
//! about drift, what stays when the object goes.
//!
//! The words are those of `spec.adopt` and of our annotations. A value that an annotation cannot have is a
//! [`Misspelt`]; then drift is mended as always, and nothing is deleted.

use std::fmt;

use kong_crds::names::{DELETION_POLICY_ANNOTATION, DRIFT_ANNOTATION};
use kong_model::RemoteId;

use crate::meta::Meta;

/// An entity that is there already and is to become that of an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Adoption {
    /// Its id.
    pub id: RemoteId,
    /// What to do if it is not as the object says.
    pub mode: AdoptionMode,
}

/// What to do if an entity that is to be taken over is not as its object says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AdoptionMode {
    /// Leave it alone. If it is as the object says, nothing is written either.
    Match,
    /// Make it so.
    Override,
}

/// What is done about an entity that somebody else changed or deleted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum DriftPolicy {
    /// It is made again what its object says.
    #[default]
    Enforce,
    /// It is left alone, which its object says.
    Warn,
    /// It is left alone.
    Ignore,
}

/// An annotation of ours and the values that it can have.
struct Annotation {
    name: &'static str,
    values: &'static [&'static str],
    /// What any other value counts as.
    otherwise: &'static str,
}

const DRIFT: Annotation = Annotation {
    name: DRIFT_ANNOTATION,
    values: &["enforce", "warn", "ignore"],
    otherwise: "enforce",
};

/// What is deleted by mistake is lost, what is kept by mistake can be deleted.
const DELETION: Annotation = Annotation {
    name: DELETION_POLICY_ANNOTATION,
    values: &["delete", "retain"],
    otherwise: "retain",
};

impl Annotation {
    /// What the annotation of an object counts as; `None` if it has none.
    fn of(&self, meta: &Meta) -> Option<&'static str> {
        let value = meta.annotation(self.name)?;
        let known = self.values.iter().copied().find(|known| *known == value);
        Some(known.unwrap_or(self.otherwise))
    }

    fn misspelt(&self, meta: &Meta) -> Option<Misspelt> {
        let value = meta.annotation(self.name)?;
        (!self.values.contains(&value)).then(|| Misspelt {
            annotation: self.name,
            // Annotations may be long, and conditions may not.
            value: value.chars().take(64).collect(),
            values: self.values,
            otherwise: self.otherwise,
        })
    }
}

/// An annotation whose value is none that it can have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Misspelt {
    annotation: &'static str,
    value: String,
    values: &'static [&'static str],
    otherwise: &'static str,
}

impl fmt::Display for Misspelt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            annotation,
            value,
            values,
            otherwise,
        } = self;
        let values = values.join(", ");
        write!(
            f,
            "annotation {annotation} has the value \"{value}\", which is none of {values}; correct it; \
             until then it counts as {otherwise}"
        )
    }
}

impl DriftPolicy {
    /// What the annotation of an object says; `None` if it has none.
    pub fn of(meta: &Meta) -> Option<Self> {
        Some(match DRIFT.of(meta)? {
            "warn" => Self::Warn,
            "ignore" => Self::Ignore,
            _ => Self::Enforce,
        })
    }
}

/// Whether the entity of an object stays in Konnect when the object is deleted.
pub fn is_retained(meta: &Meta) -> bool {
    DELETION.of(meta) == Some("retain")
}

/// The annotations of an object whose values are none that they can have.
pub fn misspelt(meta: &Meta) -> impl Iterator<Item = Misspelt> + '_ {
    [DRIFT, DELETION]
        .into_iter()
        .filter_map(|annotation| annotation.misspelt(meta))
}

#[cfg(test)]
mod tests {
    use kong_crds::{Kind, ObjectMeta};

    use super::*;

    fn annotated(name: &str, value: &str) -> Meta {
        let annotations = [(name.to_owned(), value.to_owned())];
        let meta = ObjectMeta {
            annotations: Some(annotations.into()),
            ..ObjectMeta::default()
        };
        Meta::of(Kind::KongService, &meta)
    }

    #[test]
    fn annotations_are_read_to_the_letter() {
        for (value, policy) in [
            ("enforce", DriftPolicy::Enforce),
            ("warn", DriftPolicy::Warn),
            ("ignore", DriftPolicy::Ignore),
        ] {
            let meta = annotated(DRIFT_ANNOTATION, value);
            assert_eq!(
                (DriftPolicy::of(&meta), is_retained(&meta)),
                (Some(policy), false)
            );
            assert_eq!(misspelt(&meta).count(), 0);
        }
        for (value, retained) in [("retain", true), ("delete", false)] {
            let meta = annotated(DELETION_POLICY_ANNOTATION, value);
            assert_eq!(
                (DriftPolicy::of(&meta), is_retained(&meta)),
                (None, retained)
            );
            assert_eq!(misspelt(&meta).count(), 0);
        }
    }

    #[test]
    fn a_value_that_is_none_is_named_with_those_that_are() {
        let drift = annotated(DRIFT_ANNOTATION, "Warn");
        assert_eq!(DriftPolicy::of(&drift), Some(DriftPolicy::Enforce));
        let said: Vec<String> = misspelt(&drift).map(|it| it.to_string()).collect();
        assert_eq!(
            said,
            [
                "annotation konduit/drift has the value \"Warn\", which is none of enforce, warn, ignore; \
              correct it; until then it counts as enforce"
            ]
        );
        let kept = annotated(DELETION_POLICY_ANNOTATION, "keep");
        assert!(is_retained(&kept));
        let said = misspelt(&kept).next().map(|it| it.to_string()).unwrap();
        assert!(
            said.ends_with("none of delete, retain; correct it; until then it counts as retain")
        );
    }
}
