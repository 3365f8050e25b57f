//! What Kong does with what a scene is translated into: its own router, in the model that `explain` has of it, and what
//! the plugins that the translation gives do around it.

use std::collections::BTreeMap;

use gateway_translation::{
    DeclaredRoute, DeclaredService, KongVersion, Lint, Rule, Settings, Translation, lint, translate,
};
use kong_model::entity::Plugin;
use kong_router::{
    Answer, Config, Flavor, HttpRequest, Request as Asked, Router, Scheme, StreamRequest, Transport,
};
use serde_json::Value;

use super::effects::{Effect, Shares};
use super::reference::Request;
use super::scene::{Kind, Protocol, Scene};
use super::{redirect, uri};
use crate::golden::world_of;

/// A gateway that was given the translation of a scene.
pub(super) struct Kong {
    router: Router,
    translation: Translation,
    /// Everything that was told of the scene.
    pub(super) told: Vec<Lint>,
    /// The routes, by name: number of the service and of the route in it.
    places: BTreeMap<String, (usize, usize)>,
}

/// What Kong does with a request.
#[derive(Clone, Debug)]
pub(super) struct Seen {
    /// The rule whose route takes it, by the key of the object.
    pub(super) rule: Option<(String, usize)>,
    pub(super) effect: Option<Effect>,
    pub(super) nondeterministic: bool,
}

impl Kong {
    pub(super) fn of(scene: &Scene, flavor: Flavor) -> Self {
        let settings = Settings {
            flavor,
            ..Settings::right(KongVersion::default())
        };
        let world = world_of(scene.manifests().into_iter());
        let translation = translate(&world, &settings);
        let told = lint(&world, &settings, &translation, None);
        let sure = flavor == Flavor::Expressions;
        let bad = |it: &&Lint| it.rule == Rule::Refused || (sure && it.rule == Rule::Ambiguous);
        let bad: Vec<&Lint> = told.iter().filter(bad).collect();
        assert!(bad.is_empty(), "{bad:?}");
        let Value::Object(document) = translation.document.to_value() else {
            panic!("a document is an object");
        };
        let router = Router::new(&Config::new(document), flavor);
        assert_eq!(router.unroutable(), []);
        let mut places = BTreeMap::new();
        for (number, service) in translation.document.services.iter().enumerate() {
            for (route, it) in service.routes.iter().enumerate() {
                places.insert(it.name().to_owned(), (number, route));
            }
        }
        Self {
            router,
            translation,
            told,
            places,
        }
    }

    /// What becomes of a request.
    pub(super) fn request(&self, request: &Request, kind: Kind) -> Seen {
        let mut headers = request.headers.clone();
        if kind == Kind::Grpc {
            headers.push(("content-type".to_owned(), "application/grpc".to_owned()));
        }
        let scheme = if request.protocol == Protocol::Https {
            Scheme::Https
        } else {
            Scheme::Http
        };
        let asked = HttpRequest {
            method: request.method.to_owned(),
            scheme,
            host: request.host.to_owned(),
            port: Some(request.port),
            path: request.target.clone(),
            headers,
            sni: (scheme == Scheme::Https).then(|| request.host.to_owned()),
            client: None,
        };
        let answer = self.router.answer(&Asked::Http(asked));
        let (route, mut seen) = self.seen(&answer);
        if let Some((service, route)) = route {
            seen.effect = match (kind, answer.status) {
                (Kind::Http, Some(200 | 503)) => {
                    Some(self.effect(request, &answer, service, route))
                }
                // That a call of gRPC came by HTTP/1.1 is all that is wrong with it.
                (Kind::Grpc, Some(415 | 426)) => Some(failed_or(self.shares(service), |shares| {
                    Effect::Forwarded {
                        path: uri::path_of(&request.target),
                        query: String::new(),
                        host: request.host.to_owned(),
                        shares,
                    }
                })),
                (_, status) => Some(Effect::Failed(Shares::from([(format!("{status:?}"), 1.0)]))),
            };
        }
        seen
    }

    /// What becomes of a connection.
    pub(super) fn connection(&self, port: u16, sni: Option<&str>, transport: Transport) -> Seen {
        let asked = StreamRequest {
            stream: transport,
            port,
            sni: sni.map(str::to_owned),
            client: None,
        };
        self.seen(&self.router.answer(&Asked::Stream(asked))).1
    }

    fn seen(&self, answer: &Answer) -> (Option<(&DeclaredService, &DeclaredRoute)>, Seen) {
        let place = answer.route.as_ref().map(|name| self.places[name]);
        let route = place.map(|(service, route)| {
            let service = &self.translation.document.services[service];
            (service, &service.routes[route])
        });
        // Without a rule it answers that nothing is there.
        let rule = route.and_then(|(_, route)| {
            let from = route.from.first()?;
            Some((from.object.to_string(), from.rule?))
        });
        let route = route.filter(|_| rule.is_some());
        let seen = Seen {
            rule,
            effect: None,
            nondeterministic: answer.nondeterministic,
        };
        (route, seen)
    }

    fn effect(
        &self,
        request: &Request,
        answer: &Answer,
        service: &DeclaredService,
        route: &DeclaredRoute,
    ) -> Effect {
        if let Some(redirected) = redirect::of(&route.plugins, request) {
            return redirected;
        }
        failed_or(self.shares(service), |shares| {
            let target = answer.upstream_uri.as_deref().unwrap_or_default();
            let host = changed_host(&route.plugins).or_else(|| answer.upstream_host.clone());
            Effect::Forwarded {
                path: uri::path_of(target),
                query: uri::raw_query(target).to_owned(),
                host: host.unwrap_or_default(),
                shares,
            }
        })
    }

    /// Who gets how much of what comes to a service.
    fn shares(&self, service: &DeclaredService) -> Shares {
        let mut lost = 0.0;
        for plugin in &service.plugins {
            match plugin.name.as_str() {
                "request-termination" => {
                    assert_eq!(config(plugin, "status_code"), 500);
                    lost = 1.0;
                }
                "pre-function" => lost = share_of(config(plugin, "access")[0].as_str().unwrap()),
                _ => {}
            }
        }
        let mut shares = Shares::new();
        if lost > 0.0 {
            shares.insert("500".to_owned(), lost);
        }
        if lost >= 1.0 {
            return shares;
        }
        let upstreams = self.translation.document.upstreams.iter();
        let named =
            |it: &&gateway_translation::DeclaredUpstream| it.upstream.name == service.service.host;
        let targets = upstreams.filter(named).flat_map(|it| &it.targets);
        let weights: Vec<(&str, f64)> = targets
            .map(|it| (it.target.as_str(), f64::from(it.weight.unwrap_or(100))))
            .filter(|(_, weight)| *weight > 0.0)
            .collect();
        let all: f64 = weights.iter().map(|(_, weight)| weight).sum();
        for (target, weight) in &weights {
            let address = target.trim_end_matches(":8080").to_owned();
            *shares.entry(address).or_default() += (1.0 - lost) * weight / all;
        }
        if weights.is_empty() {
            shares.insert("503".to_owned(), 1.0 - lost);
        }
        shares
    }

    /// Whether something was told of an object whose field and message begin so.
    pub(super) fn tells(&self, object: &str, field: &str, message: &str) -> bool {
        self.told.iter().any(|it| {
            it.object
                .as_ref()
                .is_some_and(|key| key.to_string() == object)
                && it.field.starts_with(field)
                && it.message.contains(message)
        })
    }

    /// What was told and the document, for who has to find out what went wrong.
    pub(super) fn everything(&self) -> String {
        let told: Vec<String> = self
            .told
            .iter()
            .map(|it| format!("{:?}: {}", it.object, it.message))
            .collect();
        format!(
            "{}\n{:#}",
            told.join("\n"),
            self.translation.document.to_value()["services"]
        )
    }
}

fn failed_or(shares: Shares, otherwise: impl FnOnce(Shares) -> Effect) -> Effect {
    if shares.keys().all(|who| who.parse::<u16>().is_ok()) {
        Effect::Failed(shares)
    } else {
        otherwise(shares)
    }
}

/// A member of the configuration of a plugin.
pub(super) fn config(plugin: &Plugin, member: &str) -> Value {
    let config = plugin
        .config
        .as_ref()
        .and_then(|config| config.0.get(member));
    config.cloned().unwrap_or_default()
}

/// The host that a request-transformer sets.
fn changed_host(plugins: &[Plugin]) -> Option<String> {
    let plugin = plugins.iter().find(|it| it.name == "request-transformer")?;
    let replaced = config(plugin, "replace")["headers"].clone();
    let headers = replaced.as_array()?.iter().filter_map(Value::as_str);
    headers
        .filter_map(|it| it.strip_prefix("host:"))
        .map(str::to_owned)
        .next()
}

/// What part of the requests a program answers with 500.
fn share_of(program: &str) -> f64 {
    let rest = program.strip_prefix("if math.random(").unwrap();
    let (all, rest) = rest.split_once(") <= ").unwrap();
    let (some, rest) = rest.split_once(" then\n").unwrap();
    assert!(rest.contains("kong.response.exit(500,"), "{program}");
    some.parse::<f64>().unwrap() / all.parse::<f64>().unwrap()
}
