//! Where requests go that no rule of any Ingress is for: to the default backend of the oldest Ingress that has one.

use kong_model::entity::Protocol;

use super::backend::Destination;
use super::{Source, route};
use crate::context::Context;
use crate::draft::{Draft, DraftRoute};
use crate::origin::Provenance;
use crate::predicates::path_begins;
use crate::route_annotations;

/// Nothing is looked for later.
const PRIORITY: u64 = 0;
/// The field of an Ingress.
const FIELD: &str = "spec.defaultBackend";

/// The service of the default backend, without routes, and its route. The service has no path of its own, other than
/// those of rules.
pub(super) fn of(context: &Context<'_, '_>, sources: &[Source<'_>]) -> Option<(Draft, DraftRoute)> {
    let mut with_one = sources
        .iter()
        .filter_map(|source| Some((source, source.spec.default_backend.as_ref()?)));
    let (source, backend) = with_one.next()?;
    for (younger, _) in with_one {
        context.say(
            &younger.object,
            FIELD,
            format!(
                "{} is older and has a default backend, too: there is one for all Ingresses, so that this one gets \
                 no requests",
                source.object
            ),
            "take one of them away, or name the hosts in rules",
        );
    }
    let destination = match Destination::of(context, &source.object, backend) {
        Ok(destination) => destination,
        Err(nowhere) => {
            context.say(
                &source.object,
                FIELD,
                format!("default backend: {}; it is left out", nowhere.message),
                nowhere.remedy,
            );
            return None;
        }
    };
    let draft = destination.draft(context, &source.object, FIELD.to_owned(), None);
    let name = &source.object.name;
    let mut route = route::base(
        context,
        source,
        format!("{}.{}", name.namespace(), name.name),
    );
    route.protocols = Some(vec![Protocol::Http, Protocol::Https]);
    let expressions = context.settings.expressions();
    if !expressions {
        route.paths = Some(vec!["/".to_owned()]);
    }
    route_annotations::apply(
        context,
        &source.object,
        source.meta,
        &mut route,
        expressions,
    );
    if !context.settings.as_kong_does() {
        // It is for all hosts, aliases or not.
        route.hosts = None;
    }
    let route = DraftRoute {
        object: source.object.clone(),
        route,
        expression: expressions.then(|| (path_begins("/"), PRIORITY)),
        plugins: Vec::new(),
        referred: Vec::new(),
        from: vec![Provenance::of(&source.object, None)],
    };
    Some((draft, route))
}
