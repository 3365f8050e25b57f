//! A world of random stories in the cloud: data planes in networks of ours and of somebody else, which are named by
//! their ids and come, go and take their time.

use std::sync::LazyLock;

use kong_crds::Kind;
use kong_driver::Schedule;
use kong_model::Collection;
use kong_resolve::Key;
use serde_json::{Value, json};

use super::{STRANGERS, Stage, one_of, pick};
use crate::act::{Act, Elsewhere};
use crate::document::{NAMESPACE, auth_from_secret, data_planes, network, plane, token_secret};
use crate::picture::Picture;

/// The token.
const TOKEN: &str = "kpat_canary_cloud";
/// The control planes, each with a configuration of the same name.
const PLANES: [&str; 2] = ["cp", "other"];
/// What Konnect says of a network.
const STATES: [&str; 3] = ["ready", "initializing", "terminating"];

/// The cloud.
pub(super) struct Cloud;

/// How it looks when all is well.
static WELL: LazyLock<Picture> = LazyLock::new(|| super::when_all_is_well(&Cloud));

impl Stage for Cloud {
    fn strangers(&self) -> Vec<Act> {
        (0..PLANES.len())
            .map(|number| show(number, STATES[0]))
            .collect()
    }

    fn stock(&self) -> Vec<Value> {
        let mut stock = self.means();
        stock.push(network("mine").into());
        for (number, name) in PLANES.into_iter().enumerate() {
            stock.push(plane(name).described("cloud").into());
            stock.push(data_planes(name, &id(number)).in_plane(name).into());
        }
        stock
    }

    fn means(&self) -> Vec<Value> {
        vec![
            token_secret("token", TOKEN).into(),
            auth_from_secret("auth", "token").into(),
        ]
    }

    fn tokens(&self) -> Vec<String> {
        vec![TOKEN.to_owned()]
    }

    fn any_act(&self, dice: &mut Schedule) -> Act {
        let keys = self.keys();
        let (name, number) = (one_of(dice, &PLANES), pick(dice, PLANES.len()));
        match dice.below(34) {
            0..=5 => Act::Apply(vec![
                data_planes(name, &id(number))
                    .in_plane(name)
                    .with("spec.version", one_of(dice, &["3.12", "3.13"]))
                    .into(),
            ]),
            6..=13 => show(number, one_of(dice, &STATES)),
            14 | 15 => Act::Elsewhere(Elsewhere::Delete {
                at: Collection::Networks,
                name: id(number),
            }),
            16 | 17 => Act::Elsewhere(Elsewhere::DeleteOf {
                object: configuration(name),
                at: Collection::DataPlaneGroupConfigurations,
            }),
            18..=20 => {
                let some = (0..=dice.below(2)).map(|_| keys[pick(dice, keys.len())].clone());
                Act::Delete(some.collect())
            }
            21 => Act::Delete(keys),
            22 | 23 => Act::Apply(self.shuffled(dice)),
            24 => Act::Revoke(TOKEN.to_owned()),
            25 => Act::Accept(TOKEN.to_owned()),
            26 => Act::WipeId(configuration(name)),
            27 | 28 => Act::Restart,
            29..=31 => Act::Wait(dice.below(70_000)),
            _ => Act::Wait(dice.below(3_000)),
        }
    }

    fn well(&self) -> Picture {
        WELL.clone()
    }
}

fn configuration(name: &str) -> Key {
    let kind = Kind::KonnectCloudGatewayDataPlaneGroupConfiguration;
    Key::new(kind, NAMESPACE, name)
}

/// The id of a network of somebody else.
fn id(number: usize) -> String {
    format!("{STRANGERS}{number:012}")
}

/// Somebody else has a network that is in this state, until somebody says otherwise.
fn show(number: usize, state: &str) -> Act {
    Act::Elsewhere(Elsewhere::Show {
        at: Collection::Networks,
        id: id(number),
        members: json!({
            "name": format!("theirs-{number}"), "state": state, "created_at": "9999",
        }),
    })
}
