//! `konduit explain`: where a request goes, and why.
//!
//! The answers are the model's; this module reads requests and prints. Start with [`explain`].

use std::collections::BTreeMap;
use std::io::Write;
use std::path::PathBuf;

use anyhow::{Context as _, Result, bail};
use clap::{Args, ValueHint};
use gateway_translation::{Entrance, entrance};
use kong_router::{Answer, Balancing, Choice, Explanation, HashInput, Request, Router, Session};
use serde_json::{Value, json};

use crate::deck::{self, Output};
use crate::session::Outcome;
use crate::translation::Source;

/// Routes that do not hold are listed up to this many where none holds: more would hide the near ones.
const MOST_MISSES: usize = 10;

/// Say where a request goes.
#[derive(Args, Debug)]
pub(crate) struct Explain {
    /// A declarative configuration, as decK and Kong read it; - is standard input.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, required_unless_present = "paths", conflicts_with = "paths")]
    deck: Option<PathBuf>,
    #[command(flatten)]
    source: Source,
    /// Answer each line of this file, a request as a JSON object, with one line; - is standard input. One gateway
    /// answers all of them, in their order.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, conflicts_with_all = ["method", "url", "headers"])]
    batch: Option<PathBuf>,
    /// The method of the request.
    #[arg(required_unless_present = "batch")]
    method: Option<String>,
    /// Its URL; tcp://host:port, tls://name:port and udp://host:port are streams.
    #[arg(required_unless_present = "batch")]
    url: Option<String>,
    /// A header of the request.
    #[arg(short = 'H', long = "header", value_name = "NAME: VALUE")]
    headers: Vec<String>,
    /// What to print; a batch is always JSON.
    #[arg(short, long, value_enum, default_value = "text")]
    output: Output,
}

/// Answers what was asked.
pub(crate) fn explain(
    options: &Explain,
    out: &mut dyn Write,
    err: &mut dyn Write,
) -> Result<Outcome> {
    let (config, from, translated) = if let Some(deck) = &options.deck {
        (deck::read(deck)?, BTreeMap::new(), None)
    } else {
        let translated = options.source.translate()?;
        for finding in translated.findings() {
            writeln!(err, "{finding}")?;
        }
        (translated.config(), translated.origins(), Some(translated))
    };
    let router = Router::new(&config, options.source.settings().flavor);
    for left_out in router.unroutable() {
        let (place, reason) = (&left_out.place, &left_out.reason);
        writeln!(err, "warning: {place}: the router leaves it out: {reason}")?;
    }
    let mut gateway = router.session();
    if let Some(batch) = &options.batch {
        let other = options.deck.iter().chain(&options.source.paths);
        if deck::is_standard_input(batch)
            && other.into_iter().any(|path| deck::is_standard_input(path))
        {
            bail!("only one of --deck, -f and --batch can be standard input");
        }
        return self::batch(&mut gateway, &deck::text(batch)?, batch.display(), out);
    }
    let method = options.method.as_deref().unwrap_or("GET");
    let url = options.url.as_deref().unwrap_or_default();
    let request = Request::typed(method, url, &options.headers)?;
    let explanation = gateway.explain(&request);
    let listener = translated.as_ref().and_then(|translated| {
        let route = translated.route(&explanation.winner.as_ref()?.route)?;
        entrance(
            &translated.world,
            &options.source.settings(),
            route,
            &request,
        )
    });
    match options.output {
        Output::Json => {
            let mut told = serde_json::to_value(&explanation)?;
            for pointer in ["/winner", "/runners_up"] {
                let places: Vec<&mut Value> = match told.pointer_mut(pointer) {
                    Some(Value::Array(candidates)) => candidates.iter_mut().collect(),
                    Some(one) => vec![one],
                    None => Vec::new(),
                };
                for candidate in places {
                    let origin = candidate["route"]
                        .as_str()
                        .and_then(|route| from.get(route));
                    if let Some(origin) = origin {
                        candidate["from"] = origin.as_str().into();
                    }
                }
            }
            if let Some(listener) = &listener {
                told["listener"] = json!({
                    "in": listener.owner.to_string(), "name": listener.listener,
                    "protocol": listener.protocol, "port": listener.port,
                    "hostname": listener.hostname,
                });
            }
            serde_json::to_writer_pretty(&mut *out, &told)?;
            writeln!(out)?;
        }
        Output::Text => {
            writeln!(out, "{method} {url}")?;
            text(&explanation, &from, listener.as_ref(), out)?;
        }
    }
    Ok(Outcome::Well)
}

/// One line for each line.
fn batch(
    gateway: &mut Session<'_>,
    requests: &str,
    file: impl std::fmt::Display,
    out: &mut dyn Write,
) -> Result<Outcome> {
    let lines = requests.lines().enumerate();
    for (index, line) in lines.filter(|(_, line)| !line.trim().is_empty()) {
        let request: Request = serde_json::from_str(line)
            .with_context(|| format!("{file}:{}: not a request", index + 1))?;
        serde_json::to_writer(&mut *out, &gateway.answer(&request))?;
        writeln!(out)?;
    }
    Ok(Outcome::Well)
}

/// For people. `from` says of routes which rule of which object they come from.
fn text(
    explanation: &Explanation,
    from: &BTreeMap<String, String>,
    listener: Option<&Entrance>,
    out: &mut dyn Write,
) -> Result<()> {
    let answer = &explanation.answer;
    let mut line = |name: &str, value: &str| writeln!(out, "{name:<12}{value}");
    line("answer", &said(answer))?;
    if let Some(Entrance {
        owner,
        listener,
        protocol,
        port,
        hostname,
    }) = listener
    {
        let host = hostname.as_ref().map(|host| format!(" for {host}"));
        let host = host.unwrap_or_default();
        line(
            "listener",
            &format!("{listener} of {owner} ({protocol}, port {port}{host})"),
        )?;
    }
    if let Some(winner) = &explanation.winner {
        line("route", &format!("{} ({})", winner.route, winner.place))?;
        if let Some(origin) = from.get(&winner.route) {
            line("from", origin)?;
        }
        line("service", winner.service.as_deref().unwrap_or("none"))?;
        line("expression", &winner.expression)?;
        line("priority", &winner.priority.interpreted.to_string())?;
    }
    for (name, value) in [
        ("URI", &answer.upstream_uri),
        ("Host", &answer.upstream_host),
    ] {
        if let Some(value) = value {
            line(name, value)?;
        }
    }
    if let Some(targets) = &explanation.targets {
        line("targets", &chosen(targets))?;
        for share in &targets.shares {
            let percent = share.percent();
            line("", &format!("{} {percent:.1}%", share.target))?;
        }
    }
    for (index, plugin) in explanation.plugins.iter().enumerate() {
        let name = if index == 0 { "plugins" } else { "" };
        line(name, &format!("{} ({})", plugin.name, plugin.place))?;
    }
    for (index, candidate) in explanation.runners_up.iter().enumerate() {
        let name = if index == 0 { "runners-up" } else { "" };
        let why = candidate.lost.map(|lost| lost.to_string());
        let may_win = if candidate.may_win {
            "; it may win, too"
        } else {
            ""
        };
        let why = why.unwrap_or_default();
        let place = from.get(&candidate.route).unwrap_or(&candidate.place);
        line(
            name,
            &format!("{} ({place}): {why}{may_win}", candidate.route),
        )?;
    }
    if explanation.winner.is_none() {
        misses(explanation, out)?;
    }
    Ok(())
}

/// Where nothing holds, what came nearest.
fn misses(explanation: &Explanation, out: &mut dyn Write) -> Result<()> {
    let mut misses: Vec<_> = explanation.misses.iter().collect();
    misses.sort_by_key(|miss| miss.unmet.len());
    for (index, miss) in misses.iter().take(MOST_MISSES).enumerate() {
        let name = if index == 0 { "nearest" } else { "" };
        let unmet: Vec<String> = miss.unmet.iter().map(ToString::to_string).collect();
        let route = &miss.route;
        writeln!(
            out,
            "{name:<12}{route}: not its {}",
            unmet.join(", not its ")
        )?;
    }
    Ok(())
}

fn said(answer: &Answer) -> String {
    let mut parts = Vec::new();
    match (answer.status, answer.answered) {
        (Some(status), _) => parts.push(status.to_string()),
        (None, Some(true)) => parts.push("connected".to_owned()),
        (None, Some(false)) => parts.push("not connected".to_owned()),
        (None, None) => {}
    }
    if let Some(location) = &answer.location {
        parts.push(format!("sent to {location}"));
    }
    if answer.route.is_none() {
        parts.push("by the gateway itself, without a route".to_owned());
    }
    if answer.nondeterministic {
        parts.push("not the same each time".to_owned());
    }
    if let Some(unknown) = &answer.unknown {
        parts.push(format!("not known: {unknown}"));
    }
    parts.join(", ")
}

fn chosen(targets: &Balancing) -> String {
    let how = match &targets.choice {
        Choice::RoundRobin => "one after the other".to_owned(),
        Choice::LeastConnections => "the one with the least connections".to_owned(),
        Choice::Latency => "the fastest".to_owned(),
        Choice::Hash(hashing) => {
            let fallback = match &hashing.fallback {
                None => String::new(),
                Some(input) => format!(", else of {}", hashed(input)),
            };
            format!("by a hash of {}{fallback}", hashed(&hashing.on))
        }
        Choice::Other(how) => how.clone(),
    };
    format!("{} of the upstream {}", how, targets.upstream)
}

fn hashed(input: &HashInput) -> String {
    match input {
        HashInput::Consumer => "the consumer".to_owned(),
        HashInput::Ip => "the address of the client".to_owned(),
        HashInput::Path => "the path".to_owned(),
        HashInput::Header(name) => format!("the header {name}"),
        HashInput::Cookie(name) => format!("the cookie {name}"),
        HashInput::QueryArg(name) => format!("the query parameter {name}"),
        HashInput::UriCapture(name) => format!("the capture {name}"),
    }
}
