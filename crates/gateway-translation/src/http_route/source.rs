//! The HTTPRoutes that are translated, and their rules.

use gateway_types::{HTTPRouteMatch, HTTPRouteRule, HTTPRouteSpec};
use kong_crds::Kind;
use kong_crds::gateway::HTTPRoute;
use kong_model::entity::Protocol;
use kong_resolve::{Key, Meta, Name};

use super::Refusal;
use super::{filters, support};
use crate::context::{Context, key};
use crate::isolation;
use crate::listeners::{self, Attachment, Claim, Doors, Reach, any_speaks, hosts};
use crate::origin::Provenance;
use crate::unheard;

/// An HTTPRoute that is translated.
#[derive(Debug)]
pub(super) struct Source<'w> {
    pub(super) key: Key,
    pub(super) meta: &'w Meta,
    pub(super) spec: &'w HTTPRouteSpec,
    /// The hosts that it is for.
    pub(super) hostnames: Vec<String>,
    /// Where it answers for them, if its parents are known.
    pub(super) reach: Option<Reach>,
    /// The protocols of the listeners that it is attached to; none if no Gateway of it is there.
    pub(super) protocols: Vec<Protocol>,
}

/// A rule of it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rule<'s> {
    pub(super) source: &'s Source<'s>,
    /// Its place among the rules.
    pub(super) index: usize,
    pub(super) spec: &'s HTTPRouteRule,
}

/// A match of a rule. A rule without any has one that matches everything.
#[derive(Clone, Copy, Debug)]
pub(super) struct Match<'s> {
    pub(super) rule: Rule<'s>,
    /// Its place among the matches.
    pub(super) index: usize,
    pub(super) spec: &'s HTTPRouteMatch,
}

/// The match of a rule without matches.
static EVERYTHING: HTTPRouteMatch = HTTPRouteMatch {
    path: None,
    headers: Vec::new(),
    query_params: Vec::new(),
    method: None,
};

impl Source<'_> {
    /// Where it answers for one of its hosts, if that is known.
    pub(super) fn doors(&self, host: &str) -> Option<(&Reach, &Doors)> {
        let reach = self.reach.as_ref()?;
        Some((reach, reach.doors(host)?))
    }

    /// Where it answers for some of its hosts, which are those of a Kong route; for all if that has none.
    pub(super) fn doors_of(&self, hosts: Option<&[String]>) -> Vec<&Doors> {
        let all = [String::new()];
        let hosts = hosts.unwrap_or(&all);
        let doors = hosts.iter().filter_map(|host| self.doors(host));
        doors.map(|(_, doors)| doors).collect()
    }
}

impl<'s> Rule<'s> {
    /// What Kong's controller sorts rules by.
    pub(super) fn sorting_key(&self) -> String {
        format!("{}.{}", self.source.key.name, self.index)
    }

    /// Where it stands in its HTTPRoute.
    pub(super) fn field(&self) -> String {
        format!("spec.rules[{}]", self.index)
    }

    /// Its name, if it has one.
    pub(super) fn name(&self) -> Option<&'s str> {
        self.spec.name.as_deref().filter(|name| !name.is_empty())
    }

    /// Whether it answers with a redirect.
    pub(super) fn redirects(&self) -> bool {
        filters::redirects(&self.spec.filters)
    }

    pub(super) fn provenance(&self) -> Provenance {
        Provenance::of(&self.source.key, self.index)
    }

    /// Its matches, at least one.
    pub(super) fn matches(self) -> impl Iterator<Item = Match<'s>> {
        let everything = self.spec.matches.is_empty().then_some(&EVERYTHING);
        self.spec
            .matches
            .iter()
            .chain(everything)
            .enumerate()
            .map(move |(index, spec)| Match {
                rule: self,
                index,
                spec,
            })
    }
}

impl Match<'_> {
    /// Where it stands in its HTTPRoute.
    pub(super) fn field(&self) -> String {
        format!("{}.matches[{}]", self.rule.field(), self.index)
    }
}

/// All that are translated, oldest first.
pub(super) fn all<'w>(context: &Context<'_, 'w>) -> Vec<Source<'w>> {
    let all = context.all::<HTTPRoute>().into_iter();
    all.filter_map(|(name, meta, spec)| source(context, name, meta, spec))
        .collect()
}

/// One of them; `None` if it is not translated.
pub(super) fn of<'w>(context: &Context<'_, 'w>, name: &Name) -> Option<Source<'w>> {
    let (meta, spec) = context.one::<HTTPRoute>(name)?;
    source(context, name, meta, spec)
}

fn source<'w>(
    context: &Context<'_, 'w>,
    name: &Name,
    meta: &'w Meta,
    spec: &'w HTTPRouteSpec,
) -> Option<Source<'w>> {
    let key = key(Kind::HTTPRoute, name);
    if let Some(refusal) = refusal(context, spec) {
        context.leave_out(
            &key,
            refusal.field,
            format!("HTTPRoute can't be routed: {}", refusal.message),
            refusal.remedy,
        );
        return None;
    }
    unheard::say_defaults(context, &key, spec.use_default_gateways.as_ref());
    let claim = Claim {
        route: &key,
        parents: &spec.parent_refs,
        hostnames: &spec.hostnames,
    };
    let attachment = listeners::attach(context, claim)?;
    let protocols = protocols(context, &key, spec, &attachment);
    let hostnames = hosts(&attachment, context.settings.as_kong_does());
    if let Some(reach) = &attachment.reach {
        let doors: Vec<&Doors> = reach.hosts.iter().map(|(_, doors)| doors).collect();
        let kept_off_tls = isolation::is_to_keep_off_tls(reach, &doors, meta)
            && reach.hosts.iter().all(|(host, _)| {
                let mut matches = spec.rules.iter().flat_map(|rule| &rule.matches);
                matches.all(|it| has_room_for_snis(it, host))
            });
        isolation::say(context, &key, reach, kept_off_tls);
        if reach.hosts.is_empty() {
            return None;
        }
    }
    Some(Source {
        key,
        meta,
        spec,
        hostnames,
        reach: attachment.reach,
        protocols,
    })
}

/// Whether a route of the traditional flavour for a match may have names of TLS beside the path that each has: more than
/// three sorts of conditions are in no order.
pub(super) fn has_room_for_snis(it: &HTTPRouteMatch, host: &str) -> bool {
    let others = [
        !host.is_empty(),
        it.method.is_some(),
        !it.headers.is_empty(),
    ];
    others.into_iter().filter(|it| *it).count() < 2
}

/// Why an HTTPRoute is not translated at all.
fn refusal(context: &Context<'_, '_>, spec: &HTTPRouteSpec) -> Option<Refusal> {
    if spec.rules.is_empty() {
        return Some(Refusal::new(
            "spec.rules",
            "no rules provided",
            "add a rule with a backend",
        ));
    }
    let queries = spec
        .rules
        .iter()
        .flat_map(|rule| &rule.matches)
        .any(|it| !it.query_params.is_empty());
    if queries && context.settings.as_kong_does() && !context.settings.expressions() {
        return Some(Refusal::new(
            "spec.rules",
            "query param matches are not yet supported",
            "use the expressions flavour of the router",
        ));
    }
    None
}

/// The rules of all, those left out that ask for what cannot be done.
pub(super) fn rules<'s>(context: &Context<'_, '_>, sources: &'s [Source<'s>]) -> Vec<Rule<'s>> {
    let mut rules = Vec::new();
    for source in sources {
        for (index, spec) in source.spec.rules.iter().enumerate() {
            let rule = Rule {
                source,
                index,
                spec,
            };
            if !context.settings.as_kong_does() {
                say_unsupported(context, &rule);
                if let Some(refusal) = support::unsupported(&rule) {
                    refusal.say(context, &source.key, "the rule is left out");
                    continue;
                }
            }
            rules.push(rule);
        }
    }
    rules
}

/// Tells of fields that Kong has nothing for.
fn say_unsupported(context: &Context<'_, '_>, rule: &Rule<'_>) {
    let say = |field: &str, message: &str, remedy: &str| {
        let field = format!("{}.{field}", rule.field());
        let message = format!("{message}; the rule works without it");
        context.drop_field(&rule.source.key, field, message, remedy);
    };
    let timeouts = rule.spec.timeouts.as_ref();
    if timeouts.is_some_and(|timeouts| timeouts.request.is_some()) {
        say(
            "timeouts.request",
            "Kong has no timeout for a request as a whole",
            "use timeouts.backendRequest",
        );
    }
    if let Some(text) = timeouts.and_then(|timeouts| timeouts.backend_request.as_deref())
        && super::duration::milliseconds(text).is_none()
    {
        say(
            "timeouts.backendRequest",
            "this is no duration",
            "write one such as 30s or 500ms",
        );
    }
    if rule.spec.retry.is_some() {
        say(
            "retry",
            "Kong does not retry by the status of answers",
            "use the annotation konghq.com/retries of the Service",
        );
    }
    if rule.spec.session_persistence.is_some() {
        say(
            "sessionPersistence",
            "sessions are kept by the upstream in Kong",
            "use a KongUpstreamPolicy with stickySessions",
        );
    }
}

/// The protocols of the listeners that an HTTPRoute has, in order; none if they are not known. Kong's controller takes
/// those of all that its parentRefs name.
fn protocols(
    context: &Context<'_, '_>,
    route: &Key,
    spec: &HTTPRouteSpec,
    attachment: &Attachment<'_>,
) -> Vec<Protocol> {
    let referenced;
    let listeners = if context.settings.as_kong_does() {
        referenced = listeners::referenced(context, route, &spec.parent_refs);
        &referenced
    } else if attachment.unknown {
        return Vec::new();
    } else {
        &attachment.listeners
    };
    let mut protocols = Vec::new();
    if any_speaks(listeners, &gateway_types::Protocol::HTTP) {
        protocols.push(Protocol::Http);
    }
    if any_speaks(listeners, &gateway_types::Protocol::HTTPS) {
        protocols.push(Protocol::Https);
    }
    protocols
}
