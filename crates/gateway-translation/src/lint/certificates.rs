//! Certificates that Kong shows and clients do not take: those whose time is over or has not come, and those for
//! other hosts. That a key belongs to its certificate the translation has seen to.

use jiff::Timestamp;
use kong_router::Certified;

use super::{Lint, Rule};
use crate::certificates::{pair_in, shown_to_clients};
use crate::context::Context;

/// The host of a listener that names none: whatever no other one has.
const ANY: &str = "*";

/// Looks at all certificates that listeners and Ingresses show.
pub(super) fn judge(context: &Context<'_, '_>, now: Option<i64>, found: &mut Vec<Lint>) {
    for wish in shown_to_clients(context) {
        let Some(certified) = pair_in(context, &wish.secret)
            .ok()
            .and_then(|(certificate, _)| Certified::of(certificate.expose()))
        else {
            continue;
        };
        let mut say = |message: String, remedy: &str| {
            found.push(Lint {
                object: Some(wish.by.clone()),
                field: wish.field.clone(),
                rule: Rule::Certificate,
                message: format!("the certificate in Secret {} {message}", wish.secret),
                remedy: remedy.to_owned(),
            });
        };
        if now.is_some_and(|now| certified.not_after < now) {
            let end = date(certified.not_after);
            say(format!("expired at {end}"), "renew it");
        }
        if now.is_some_and(|now| certified.not_before > now) {
            let begin = date(certified.not_before);
            say(
                format!("is not valid before {begin}"),
                "use one that is valid now",
            );
        }
        for host in wish.hosts.iter().filter(|host| *host != ANY) {
            if !certified.is_for(host) {
                let names = match certified.names.as_slice() {
                    [] => "names no host".to_owned(),
                    names => format!("is for {}", names.join(", ")),
                };
                say(
                    format!("{names}, and is shown for {host}"),
                    "use one with that name among its subject alternative names",
                );
            }
        }
    }
}

/// A time for people.
fn date(seconds: i64) -> String {
    Timestamp::from_second(seconds).map_or_else(|_| seconds.to_string(), |time| time.to_string())
}
