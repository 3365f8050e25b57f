//! Which entities a path is about. Paths come from the table of collections; nothing here knows one.

use kong_model::{Collection, Shape};

/// By which of its paths a collection was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    /// The path under which entities are written.
    Items,
    /// The path of a list over all parents.
    Flat,
    /// The path of memberships below a member.
    Member,
}

/// What a path points at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Place<'a> {
    /// The collection.
    pub(crate) collection: Collection,
    /// The control plane in the path.
    pub(crate) control_plane: Option<&'a str>,
    /// The parent in the path; the member, if memberships are seen from there.
    pub(crate) parent: Option<&'a str>,
    /// What follows: an id, or the name of an action on a membership.
    pub(crate) id: Option<&'a str>,
    /// By which path it was found.
    pub(crate) way: Way,
}

impl<'a> Place<'a> {
    /// Reads a path; `None` where the API has nothing.
    pub(crate) fn of(path: &'a str) -> Option<Self> {
        Collection::all().find_map(|collection| {
            ways(collection).find_map(|(template, way)| follow(collection, template, path, way))
        })
    }

    /// Where the parent in the path lives.
    pub(crate) fn above(&self) -> Option<Collection> {
        match self.way {
            Way::Items | Way::Flat => self.collection.parent().map(|parent| parent.to),
            Way::Member => self.collection.members(),
        }
    }
}

/// The paths that lead to a collection.
fn ways(collection: Collection) -> impl Iterator<Item = (&'static str, Way)> {
    let (items, list) = (collection.items_path(), collection.list_path());
    let flat = (items != list).then_some((list, Way::Flat));
    let other = collection.other_side().map(|it| (it.path, Way::Member));
    [(items, Way::Items)].into_iter().chain(flat).chain(other)
}

fn follow<'a>(
    collection: Collection,
    template: &str,
    path: &'a str,
    way: Way,
) -> Option<Place<'a>> {
    let mut place = Place {
        collection,
        control_plane: None,
        parent: None,
        id: None,
        way,
    };
    let mut segments = path.split('/');
    for expected in template.split('/') {
        let segment = segments.next()?;
        match expected {
            "{cp}" if !segment.is_empty() => place.control_plane = Some(segment),
            "{parent}" if !segment.is_empty() => place.parent = Some(segment),
            expected if expected == segment => {}
            _ => return None,
        }
    }
    place.id = segments.next();
    let one_thing = matches!(collection.shape(), Shape::Identity) && place.id.is_some();
    let over = segments.next().is_some() || place.id == Some("") || one_thing;
    (!over).then_some(place)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_path_of_the_table_leads_to_its_collection() {
        for collection in Collection::all() {
            for (template, way) in ways(collection) {
                let path = template.replace("{cp}", "c").replace("{parent}", "p");
                let place = Place::of(&path).expect("a path of the table is found");
                assert_eq!((place.collection, place.way), (collection, way), "{path}");
                assert_eq!(place.id, None);
                assert_eq!(place.parent, template.contains("{parent}").then_some("p"));
                assert_eq!(
                    place.control_plane,
                    template.contains("{cp}").then_some("c")
                );
            }
        }
    }

    #[test]
    fn what_the_api_does_not_have_leads_nowhere() {
        for path in [
            "",
            "/",
            "/v2",
            "/v2/control-planes/",
            "/v2/control-planes/c/core-entities",
            "/v2/control-planes/c/core-entities/unknown",
            "/v2/control-planes//core-entities/services",
            "/v2/control-planes/c/core-entities/services/s/x",
            "/v3/organizations/me/x",
        ] {
            assert_eq!(Place::of(path), None, "{path}");
        }
    }
}
