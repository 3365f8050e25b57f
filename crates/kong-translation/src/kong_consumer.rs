//! KongConsumer: itself, its place in groups, its credentials out of Secrets (konnect.md 1.8, 5.4, 6.6, 6.8).
//!
//! A group or a Secret that cannot be had costs that membership or that credential, and is said; the
//! consumer and all else that it has are written.

mod credentials;
mod groups;

use kong_crds::configuration::v1::KongConsumer;
use kong_model::Collection;
use kong_resolve::{Frame, Me, Verdict, View};

use crate::bodies::{absent_if_empty, members, seal, tags};
use crate::case::Case;
use crate::control_plane;
use crate::entity::{Entity, conclude};
use crate::kind::Judge;

pub(crate) use credentials::{lists, part_of};

impl Judge for KongConsumer {
    const FRAME: Frame = Frame::Konnect;
    const AT: Collection = Collection::Consumers;

    fn judge(me: Me<'_, Self>, view: &View<'_>) -> Verdict {
        let konnect = me.spec.spec.as_ref();
        let reference = konnect.and_then(|spec| spec.control_plane_ref.as_ref());
        let Some(reference) = control_plane::in_konnect(reference) else {
            return Verdict::foreign();
        };
        let mut case = Case::of(me, view);
        let place = control_plane::named(&mut case, reference);
        case.adopt(konnect.and_then(|spec| spec.adopt.as_ref()));
        if me.spec.username.as_deref().unwrap_or_default().is_empty()
            && me.spec.custom_id.as_deref().unwrap_or_default().is_empty()
        {
            case.say_nonsense(
                "Need to provide either username or custom_id; both are empty, put a name into one",
            );
        }
        let mut parts = groups::parts(&case, me.spec, place.home());
        parts.append(credentials::parts(&case, me.spec));
        let entity = Entity {
            at: Self::AT,
            parent: None,
            specified: None,
            has_plugins: true,
            parts,
            body: || {
                let mut members = members(Self::AT, me.spec);
                absent_if_empty(&mut members, &["username", "custom_id"]);
                let specified = konnect.and_then(|spec| spec.tags.as_deref());
                seal(Self::AT, members, tags(me.key, me.meta, specified))
            },
        };
        conclude(case, place, entity)
    }
}

#[cfg(test)]
mod tests;
