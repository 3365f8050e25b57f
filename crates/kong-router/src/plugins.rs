//! Which plugins a request meets, and in which order.
//!
//! Of each plugin the most specific one counts: for route and service, for the route, for the service, for all. Who
//! the consumer is nobody knows beforehand, so what is for consumers only is left out.

use serde::Serialize;

use crate::rules::schema;
use crate::{Config, Declared};

/// A plugin that a request meets.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Applied {
    /// Which plugin.
    pub name: String,
    /// What it is for.
    pub scope: Scope,
    /// Where it stands in the configuration.
    pub place: String,
    /// The higher, the earlier it runs. Nothing for plugins that are not Kong's.
    pub priority: Option<i64>,
}

/// What a plugin is for, from everything to the most specific.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// All requests.
    Global,
    /// Requests to a service.
    Service,
    /// Requests on a route.
    Route,
    /// Requests on a route to a service.
    RouteAndService,
}

/// The plugins of a route and its service, in the order in which they run.
pub(crate) fn applied(
    config: &Config,
    route: usize,
    service: Option<usize>,
) -> Vec<(usize, Applied)> {
    let mut chosen: Vec<(usize, Applied)> = Vec::new();
    for (number, plugin) in config.of("plugins") {
        let Some(scope) = scope(plugin, route, service) else {
            continue;
        };
        let Some(name) = plugin.fields.get("name").and_then(|name| name.as_str()) else {
            continue;
        };
        let applied = Applied {
            name: name.to_owned(),
            scope,
            place: plugin.place.clone(),
            priority: schema::plugin(name).map(|plugin| plugin.priority),
        };
        match chosen.iter_mut().find(|(_, other)| other.name == name) {
            Some(other) if other.1.scope < scope => *other = (number, applied),
            Some(_) => {}
            None => chosen.push((number, applied)),
        }
    }
    chosen.sort_by(|(_, a), (_, b)| {
        let order = b.priority.unwrap_or(0).cmp(&a.priority.unwrap_or(0));
        order.then_with(|| a.name.cmp(&b.name))
    });
    chosen
}

fn scope(plugin: &Declared, route: usize, service: Option<usize>) -> Option<Scope> {
    if plugin
        .fields
        .get("enabled")
        .and_then(serde_json::Value::as_bool)
        == Some(false)
    {
        return None;
    }
    let for_consumers = ["consumer", "consumer_group"];
    if for_consumers.iter().any(|member| {
        plugin.links.contains_key(member)
            || plugin
                .fields
                .get(*member)
                .is_some_and(|value| !value.is_null())
    }) {
        return None;
    }
    match (plugin.links.get("route"), plugin.links.get("service")) {
        (None, None) => Some(Scope::Global),
        (None, Some(of)) => (*of == service && of.is_some()).then_some(Scope::Service),
        (Some(of), None) => (*of == Some(route)).then_some(Scope::Route),
        (Some(of), Some(to)) => {
            let both = *of == Some(route) && *to == service && to.is_some();
            both.then_some(Scope::RouteAndService)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_most_specific_of_each_plugin_counts() {
        let config = Config::read(
            r#"{"plugins": [{"name": "cors"}, {"name": "key-auth"},
                {"name": "acl", "enabled": false},
                {"name": "rate-limiting", "consumer": "c"}],
              "services": [{"name": "s", "host": "h", "plugins": [{"name": "cors"}],
                "routes": [{"name": "r", "plugins": [{"name": "request-termination"}]}]}]}"#,
        )
        .unwrap();
        let (service, _) = config.of("services").next().unwrap();
        let (route, _) = config.of("routes").next().unwrap();
        let found: Vec<_> = applied(&config, route, Some(service))
            .into_iter()
            .map(|(_, plugin)| (plugin.name, plugin.scope))
            .collect();
        let expected = [
            ("cors", Scope::Service),
            ("key-auth", Scope::Global),
            ("request-termination", Scope::Route),
        ];
        assert_eq!(
            found,
            expected.map(|(name, scope)| (name.to_owned(), scope))
        );
    }
}
