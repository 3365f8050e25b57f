//! From a case and its place to the verdict on an object that stands for a core entity.
//!
//! The order of precedence is written here once for all kinds: what is gone with its parent wants
//! nothing, what is being deleted or has to make way wants to be gone, what cannot be resolved stays as
//! it was.

use std::mem;
use std::sync::Arc;

use kong_model::{Body, Collection, Naming, RemoteId};
use kong_resolve::{Claim, Home, Intent, Output, Verdict, identity};

use crate::case::{Case, Findings};
use crate::control_plane::Place;
use crate::parts::{Part, Parts};
use crate::plugins;

/// The entity that an object stands for.
pub(crate) struct Entity<'e, B> {
    /// Its collection.
    pub(crate) at: Collection,
    /// The entity that it lives below, for collections that have one.
    pub(crate) parent: Option<RemoteId>,
    /// The id that the user chose.
    pub(crate) specified: Option<&'e str>,
    /// Whether the plugins annotation can stand on it.
    pub(crate) has_plugins: bool,
    /// What it has beside that: the credentials of a consumer.
    pub(crate) parts: Parts,
    /// Makes its body; called only if it is to be written.
    pub(crate) body: B,
}

/// The verdict on an object that stands for an entity.
pub(crate) fn conclude<B: FnOnce() -> Body>(
    mut case: Case<'_, '_>,
    place: Place,
    mut entity: Entity<'_, B>,
) -> Verdict {
    // Asked before anything is said of parts: a plugin that cannot be had does not hold up the entity.
    let is_clear = case.is_clear();
    let unseen = case.unseen && !case.makes_way;
    let drift = case.drift_policy(place.home());
    // What has to make way may be there still.
    let cleanup = case.only_waits() || case.makes_way;
    let mut parts = mem::take(&mut entity.parts);
    if entity.has_plugins {
        parts.append(plugins::uses(&mut case, place.home()));
    }
    for condition in parts.said {
        case.say(condition);
    }
    let parts = parts.parts;
    let output = match &place {
        Place::Gone(_) => gone_with_its_parent(),
        Place::Known(home) if case.meta.deleting || case.makes_way => {
            let mut main = claim(&case, home, &entity, Intent::Absent);
            if let Some(main) = main
                .as_mut()
                .filter(|_| entity.at.naming() == Naming::Keyed)
            {
                let parent = entity.parent.as_ref().map(RemoteId::as_str);
                main.known_by = entity.at.uniques(&(entity.body)(), parent);
            }
            Output::Want(with_parts(main, &case, home, parts))
        }
        // Whatever it had is known to who performs this.
        Place::Unreadable | Place::Unclear if case.meta.deleting => Output::Want(Vec::new()),
        Place::Unreadable | Place::Unclear if case.makes_way => Output::Want(Vec::new()),
        Place::Known(home) if is_clear => {
            let mut main = claim(&case, home, &entity, Intent::Keep);
            if let Some(main) = &mut main {
                main.intent = Intent::Present(Arc::new((entity.body)()));
            }
            Output::Want(with_parts(main, &case, home, parts))
        }
        Place::Known(_) | Place::Unreadable | Place::Unclear => Output::KeepLastGood,
    };
    let (cleanup, home, lost) = match place {
        Place::Known(home) => (cleanup, Some(home), None),
        Place::Unreadable => (cleanup, None, None),
        Place::Gone(lost) => (false, None, lost),
        Place::Unclear => (false, None, None),
    };
    let Findings {
        conditions,
        ids,
        pins,
    } = case.into_findings();
    Verdict {
        conditions: conditions.into(),
        output,
        pins,
        cleanup,
        ids,
        home,
        lost,
        drift,
        unseen,
        ..Verdict::default()
    }
}

fn with_parts(
    main: Option<Claim>,
    case: &Case<'_, '_>,
    home: &Home,
    parts: Vec<Part>,
) -> Vec<Claim> {
    let parts = parts.into_iter();
    let parts = parts.filter_map(|part| part.into_claim(case, home));
    main.into_iter().chain(parts).collect()
}

/// Konnect deletes what is below together with what it is below.
pub(crate) fn gone_with_its_parent() -> Output {
    Output::Want(Vec::new())
}

/// `None` if it cannot be said where the entity is.
fn claim<B>(
    case: &Case<'_, '_>,
    home: &Home,
    entity: &Entity<'_, B>,
    intent: Intent,
) -> Option<Claim> {
    let own = Part {
        identity: identity(&case.meta.uid),
        at: entity.at,
        parent: entity.parent.clone(),
        specified: entity.specified.map(RemoteId::from),
        intent,
        content: None,
    };
    Some(Claim {
        adopt: case.adoption.clone(),
        main: true,
        ..own.into_claim(case, home)?
    })
}
