//! `konghq.com/rewrite`: what the path of requests becomes on its way.

use kong_crds::annotations::route::REWRITE;
use kong_crds::annotations::{InvalidAnnotation, Rewrite, RewritePart};
use kong_model::entity::Plugin;
use serde_json::json;

use super::Source;
use crate::context::Context;
use crate::route_annotations::say;

/// The plugin that rewrites.
const PLUGIN: &str = "request-transformer";

/// What the annotations of an Ingress ask for.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Wanted {
    /// Nothing.
    Nothing,
    /// That the path becomes this, in the words of the plugin.
    Path(String),
    /// What cannot be had: requests would arrive with a path that nobody expects.
    Refused,
}

/// What an Ingress asks for.
pub(super) fn of(context: &Context<'_, '_>, source: &Source<'_>) -> Wanted {
    let Some(value) = source.meta.annotation(REWRITE.name()) else {
        return Wanted::Nothing;
    };
    if !context.settings.features.rewrite_uris {
        context.say(
            &source.object,
            format!("metadata.annotations[{}]", REWRITE.name()),
            "konghq.com/rewrite annotation not supported when rewrite uris disabled; the rules of the Ingress are \
             left out",
            "switch the feature on, or take the annotation away",
        );
        return Wanted::Refused;
    }
    match read(value, context.settings.as_kong_does()) {
        Ok(uri) => Wanted::Path(uri),
        Err(invalid) => {
            say(context, &source.object, invalid);
            Wanted::Refused
        }
    }
}

/// The plugin that does it.
pub(super) fn plugin(uri: &str) -> Plugin {
    Plugin {
        name: PLUGIN.to_owned(),
        config: serde_json::from_value(json!({"replace": {"uri": uri}})).ok(),
        ..Plugin::default()
    }
}

/// The template of the plugin. Kong's controller takes paths without a slash before them, too.
fn read(value: &str, as_kong: bool) -> Result<String, InvalidAnnotation> {
    if value.is_empty() {
        return Ok("/".to_owned());
    }
    if as_kong && !value.starts_with('/') {
        let rewrite = REWRITE.parse(&format!("/{value}"))?;
        return Ok(template(&rewrite).split_off(1));
    }
    REWRITE.parse(value).map(|rewrite| template(&rewrite))
}

fn template(rewrite: &Rewrite) -> String {
    let part = |part: &RewritePart| match part {
        RewritePart::Text(text) => text.clone(),
        RewritePart::Capture(number) => format!("$(uri_captures[{number}])"),
    };
    rewrite.0.iter().map(part).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_become_captures_and_nothing_else_becomes_code() {
        assert_eq!(read("/a/$1x", false).unwrap(), "/a/$(uri_captures[1])x");
        assert_eq!(read("", false).unwrap(), "/");
        assert_eq!(read(r"/\$5", false).unwrap(), "/$5");
        assert!(read("x/$1", false).is_err());
        assert_eq!(read("x/$1", true).unwrap(), "x/$(uri_captures[1])");
        for code in ["/$(os.exit())", r"/\$(os.exit())"] {
            assert!(read(code, false).is_err(), "{code}");
            assert!(read(code, true).is_err(), "{code}");
        }
    }
}
