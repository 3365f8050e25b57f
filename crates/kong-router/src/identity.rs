//! The ids that Kong gives entities of a declarative configuration that have none.
//!
//! They matter for routing: of two routes of one priority the one with the greater id wins.

use uuid::{Uuid, uuid};

/// The root of all ids that follow from names.
const ENTITIES: Uuid = uuid!("fd02801f-0957-4a15-a55a-c8d9606f30b5");
/// The root of the ids of the parts that a route is split into.
const PARTS: Uuid = uuid!("7f145bf9-0dce-4f91-98eb-debbce4b9f6b");

/// The id of an entity of a collection, such as `routes`, by what names it there.
pub fn of_entity(collection: &str, name: &str) -> Uuid {
    let collection = Uuid::new_v5(&ENTITIES, collection.as_bytes());
    Uuid::new_v5(&collection, name.as_bytes())
}

/// The id of a part of a route; the first part is number 1.
pub(crate) fn of_part(route: Uuid, number: usize) -> Uuid {
    Uuid::new_v5(&PARTS, format!("{route}#{number}").as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ids_are_those_that_kong_derives() {
        // From the records of a gateway.
        let split = of_entity("routes", "tc0-r0");
        assert_eq!(
            of_part(split, 1).to_string(),
            "33a8a9e4-8a5c-5867-a729-63ea325d14a6"
        );
        assert_eq!(
            of_part(split, 2).to_string(),
            "4884addb-36e2-52f9-b251-53c5959a23b8"
        );
    }
}
