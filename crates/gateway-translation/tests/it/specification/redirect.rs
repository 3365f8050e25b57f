//! Where the plugins that redirect send a client: `redirect`, and the few lines of Lua that the translation writes,
//! which are run here line by line.

use kong_model::entity::Plugin;

use super::effects::Effect;
use super::kong::config;
use super::reference::Request;
use super::scene::Protocol;
use super::uri;

/// Where the plugins of a route send a client, if they do.
pub(super) fn of(plugins: &[Plugin], request: &Request) -> Option<Effect> {
    if let Some(plugin) = plugins.iter().find(|it| it.name == "redirect") {
        let mut location = config(plugin, "location").as_str()?.to_owned();
        if config(plugin, "keep_incoming_path") == true {
            location.push_str(&uri::path_of(&request.target));
        }
        let status = u16::try_from(config(plugin, "status_code").as_u64()?).ok()?;
        return Some(Effect::Redirected {
            status,
            location: canonical(&location),
        });
    }
    let plugin = plugins.iter().find(|it| it.name == "pre-function")?;
    let program = config(plugin, "access")[0].as_str()?.to_owned();
    Some(run(&program, request))
}

/// A location whose path is in the form in which equal ones are the same.
fn canonical(location: &str) -> String {
    let (scheme, rest) = location.split_once("://").unwrap();
    let (host, path) = rest.find('/').map_or((rest, "/"), |at| rest.split_at(at));
    format!("{scheme}://{host}{}", uri::path_of(path))
}

/// Runs the program of a redirect.
fn run(program: &str, request: &Request) -> Effect {
    let line = |start: &str| {
        let mut lines = program.lines().filter_map(|line| line.strip_prefix(start));
        lines
            .next()
            .unwrap_or_else(|| panic!("no line {start:?} in {program}"))
    };
    let parts: Vec<&str> = line("local scheme, host, port = ").split(", ").collect();
    let [scheme, host, port] = parts[..] else {
        panic!("{program}");
    };
    let is_https = request.protocol == Protocol::Https;
    let (own_scheme, own_port) = (
        if is_https { "https" } else { "http" },
        request.port.to_string(),
    );
    let value = |text: &str| match text {
        "nil" => String::new(),
        "kong.request.get_forwarded_scheme()" => own_scheme.to_owned(),
        "kong.request.get_forwarded_host()" => request.host.to_owned(),
        "kong.request.get_forwarded_port()" => own_port.clone(),
        "kong.request.get_raw_path()" | "kong.request.get_path()" => uri::path_of(&request.target),
        literal if literal.starts_with('"') => read(literal),
        number => number.parse::<u16>().unwrap().to_string(),
    };
    let (scheme, host, port) = (value(scheme), value(host), value(port));
    let port = match (scheme.as_str(), port.as_str()) {
        ("http", "80") | ("https", "443") | (_, "") => String::new(),
        (_, port) => format!(":{port}"),
    };
    let mut path =
        match line("local path = ").split_once(" .. string.sub(kong.request.get_path(), ") {
            None => value(line("local path = ")),
            Some((replacement, from)) => {
                let from: usize = from.trim_end_matches(')').parse().unwrap();
                let path = uri::path_of(&request.target);
                format!(
                    "{}{}",
                    read(replacement),
                    path.get(from - 1..).unwrap_or_default()
                )
            }
        };
    if path.is_empty() {
        path.push('/');
    }
    let status = line("return kong.response.exit(")
        .split_once(',')
        .unwrap()
        .0;
    Effect::Redirected {
        status: status.parse().unwrap(),
        location: canonical(&format!("{scheme}://{host}{port}{path}")),
    }
}

/// The text of a literal of Lua.
fn read(literal: &str) -> String {
    let mut rest = literal
        .strip_prefix('"')
        .and_then(|it| it.strip_suffix('"'))
        .unwrap()
        .as_bytes();
    let mut text = Vec::new();
    while let Some((first, after)) = rest.split_first() {
        rest = after;
        match first {
            b'\\' => {
                let number = std::str::from_utf8(&rest[..3]).unwrap();
                text.push(number.parse::<u8>().unwrap());
                rest = &rest[3..];
            }
            other => text.push(*other),
        }
    }
    String::from_utf8(text).unwrap()
}
