//! Plugins.

use kong_crds::Kind;
use serde_json::{Value, json};

use super::{Scenario, data, edit, key, with_base};
use crate::act::{Act, apply, delete};
use crate::document::{config_secret, plugin, plugin_binding, plugin_from, route, service};
use crate::watchdog::CONFIG_CANARY;

pub(super) fn an_annotation_asks_for_plugins() -> Scenario {
    let plugins =
        |names: Value| json!({"metadata": {"annotations": {"konghq.com/plugins": names}}});
    Scenario::new(
        "plugins",
        [
            with_base([
                plugin("limit").into(),
                plugin("extra")
                    .with("plugin", "correlation-id")
                    .with("config", json!({"header_name": "x"}))
                    .into(),
                service("a").using_plugins("limit").into(),
                route("a").into(),
            ]),
            Act::Settle,
            edit(Kind::KongRoute, "a", plugins(json!("limit, extra"))),
            Act::Settle,
            edit(Kind::KongPlugin, "limit", json!({"config": {"minute": 9}})),
            Act::Settle,
            edit(Kind::KongService, "a", plugins(json!(null))),
            Act::Settle,
            delete([key(Kind::KongRoute, "a"), key(Kind::KongPlugin, "limit")]),
        ],
    )
}

pub(super) fn a_plugin_has_secrets() -> Scenario {
    let config = |minute: u64| json!({"minute": minute, "redis": {"password": format!("{CONFIG_CANARY}-{minute}")}});
    Scenario::new(
        "plugin-secrets",
        [
            with_base([
                config_secret("settings", &config(5)).into(),
                plugin_from("limit", "settings").into(),
                service("a").using_plugins("limit").into(),
            ]),
            Act::Settle,
            edit(
                Kind::Secret,
                "settings",
                data(config_secret("settings", &config(6))),
            ),
            Act::Settle,
            edit(
                Kind::Secret,
                "settings",
                json!({"stringData": {"config": "canary-config: [broken"}}),
            ),
            Act::Settle,
            edit(
                Kind::Secret,
                "settings",
                data(config_secret("settings", &config(7))),
            ),
        ],
    )
}

pub(super) fn a_binding_asks_for_a_plugin() -> Scenario {
    Scenario::new(
        "plugin-binding",
        [
            with_base([
                plugin("limit").into(),
                service("a").into(),
                route("a").into(),
                plugin_binding("b", "limit").to_service("a").into(),
            ]),
            Act::Settle,
            edit(Kind::KongPlugin, "limit", json!({"config": {"minute": 9}})),
            Act::Settle,
            delete([key(Kind::KongPluginBinding, "b")]),
            apply([plugin_binding("c", "limit").to_route("a")]),
            Act::Settle,
            delete([
                key(Kind::KongPluginBinding, "c"),
                key(Kind::KongRoute, "a"),
                key(Kind::KongPlugin, "limit"),
            ]),
        ],
    )
}
