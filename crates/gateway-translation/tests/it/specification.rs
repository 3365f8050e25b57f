//! Both flavours of the router do with requests what the specification of the Gateway API says, or their difference is
//! a limit that somebody is told of.
//!
//! [`scene`] is what is played through, [`generate`] and [`traffic`] make such, [`reference`] and [`effects`] say what ought to happen,
//! [`kong`] what does, and [`judge`] compares. A failure prints the smallest scene that still fails and its number:
//! `KONDUIT_SCENE=number` plays that one alone, `KONDUIT_REQUESTS=100000` many more of them, and `KONDUIT_FROM=number`
//! begins elsewhere.

mod dice;
mod effects;
mod generate;
mod judge;
mod kong;
mod redirect;
mod reference;
mod scene;
mod smaller;
mod traffic;
mod uri;

use kong_router::Flavor;

use dice::Dice;
use generate::Options;
use kong::Kong;
use reference::Request;
use scene::{Kind, Protocol, Scene};

/// Listeners that have to leave ports, protocols and hosts to each other.
const SEVERAL_LISTENERS: Options = Options {
    overlapping_listeners: true,
    several_ports: true,
};
/// Listeners that have nothing in common: the traditional flavour can keep no others apart.
const LISTENERS_APART: Options = Options {
    overlapping_listeners: false,
    several_ports: false,
};
/// Requests of each scene.
const REQUESTS: u64 = 24;
/// Requests in all, unless somebody asks for more.
const ENOUGH: u64 = 3_600;

/// What came of a scene.
#[derive(Clone, Copy, Debug, Default)]
struct Played {
    requests: u64,
    /// Requests that a limit was the reason for.
    by_limit: u64,
    /// Requests that some rule took.
    taken: u64,
    /// Requests that several rules or matches were for.
    contested: u64,
}

/// What comes to the gateway: requests, or hosts that TLS asks for.
struct Traffic {
    requests: Vec<Request>,
    hosts: Vec<&'static str>,
}

impl Traffic {
    fn of(scene: &Scene, kind: Kind, number: u64) -> Self {
        let mut dice = Dice::of(number ^ 0x5555);
        let mut traffic = Self {
            requests: Vec::new(),
            hosts: Vec::new(),
        };
        for _ in 0..REQUESTS {
            if kind == Kind::Tls {
                traffic.hosts.push(traffic::host(&mut dice, scene));
            } else {
                traffic
                    .requests
                    .push(traffic::request(&mut dice, scene, kind));
            }
        }
        traffic
    }
}

/// Plays a scene: what is wrong first, or how it went.
fn play(scene: &Scene, traffic: &Traffic, kind: Kind, flavor: Flavor) -> Result<Played, String> {
    let kong = Kong::of(scene, flavor);
    let reading = judge::reading(scene, &kong, flavor);
    let mut played = Played::default();
    for host in &traffic.hosts {
        for port in [8443, 9443] {
            let taken = judge::connection(scene, &kong, port, Some(host))
                .map_err(|wrong| format!("{wrong}\n{}", kong.everything()))?;
            played.requests += 1;
            played.taken += u64::from(taken);
        }
    }
    let listeners = scene
        .gateways
        .iter()
        .filter(|it| it.ours)
        .flat_map(|it| &it.listeners);
    let doors: Vec<(u16, Protocol)> = listeners.map(|it| (it.port, it.protocol)).collect();
    let heard = |it: &&Request| doors.contains(&(it.port, it.protocol));
    for request in traffic.requests.iter().filter(heard) {
        let by_limit = judge::request(scene, &kong, &reading, request, kind)
            .map_err(|wrong| format!("{request:?}\n{wrong}\n{}", kong.everything()))?;
        played.requests += 1;
        played.by_limit += u64::from(by_limit);
        let holding = reference::winners(scene, request, &reading).len();
        played.taken += u64::from(holding > 0);
        played.contested += u64::from(holding > 1);
    }
    Ok(played)
}

#[expect(
    clippy::print_stdout,
    reason = "who plays more wants to know what that was worth"
)]
fn as_said(kind: Kind, flavor: Flavor, options: Options) {
    let number = |name: &str| {
        std::env::var(name)
            .ok()
            .map(|text| text.parse::<u64>().unwrap())
    };
    let requests = number("KONDUIT_REQUESTS").unwrap_or(ENOUGH);
    let first = number("KONDUIT_FROM").unwrap_or(0);
    let scenes = match number("KONDUIT_SCENE") {
        Some(one) => one..one + 1,
        None => first..first + requests.div_ceil(REQUESTS),
    };
    let mut all = Played::default();
    for number in scenes {
        let scene = generate::scene(&mut Dice::of(number), kind, options);
        let traffic = Traffic::of(&scene, kind, number);
        let Ok(played) = play(&scene, &traffic, kind, flavor) else {
            let scene = smaller::smallest(scene, |it| play(it, &traffic, kind, flavor).is_err());
            let wrong = play(&scene, &traffic, kind, flavor).err().unwrap();
            panic!("KONDUIT_SCENE={number} {flavor:?}:\n{scene}\n{wrong}");
        };
        all.requests += played.requests;
        all.by_limit += played.by_limit;
        all.taken += played.taken;
        all.contested += played.contested;
    }
    println!("{kind:?} {flavor:?}: {all:?}");
    // Where nothing is at stake nothing is proven.
    let enough = |some: u64| std::env::var_os("KONDUIT_SCENE").is_some() || some * 5 > all.requests;
    assert!(
        enough(all.taken) && (kind == Kind::Tls || enough(all.contested)),
        "{all:?}"
    );
    let most = if flavor == Flavor::TraditionalCompatible && options.several_ports {
        2
    } else {
        20
    };
    assert!(all.by_limit * most < all.requests, "{all:?}");
}

#[test]
fn http_requests_go_where_the_specification_says_in_the_traditional_flavour() {
    as_said(Kind::Http, Flavor::TraditionalCompatible, LISTENERS_APART);
}

#[test]
fn http_requests_go_where_the_specification_says_by_expressions() {
    as_said(Kind::Http, Flavor::Expressions, SEVERAL_LISTENERS);
}

#[test]
fn calls_of_grpc_go_where_the_specification_says_in_the_traditional_flavour() {
    as_said(Kind::Grpc, Flavor::TraditionalCompatible, LISTENERS_APART);
}

#[test]
fn calls_of_grpc_go_where_the_specification_says_by_expressions() {
    as_said(Kind::Grpc, Flavor::Expressions, SEVERAL_LISTENERS);
}

#[test]
fn connections_go_where_the_specification_says_in_the_traditional_flavour() {
    as_said(Kind::Tls, Flavor::TraditionalCompatible, LISTENERS_APART);
}

#[test]
fn connections_go_where_the_specification_says_by_expressions() {
    as_said(Kind::Tls, Flavor::Expressions, SEVERAL_LISTENERS);
}

#[test]
fn what_the_traditional_flavour_cannot_keep_to_its_listeners_is_told() {
    for kind in [Kind::Http, Kind::Grpc, Kind::Tls] {
        as_said(kind, Flavor::TraditionalCompatible, SEVERAL_LISTENERS);
    }
}
