//! Scenes that are small and nasty: few names, so that routes get in each other's way.

use super::dice::Dice;
use super::scene::{
    Backend, Call, Filter, Gateway, Kind, Listener, Match, NAMESPACES, Named, NewPath, Parent,
    PathKind, Protocol, Route, Rule, SERVICE_PORT, Scene,
};

/// What scenes have in them.
#[derive(Clone, Copy, Debug)]
pub(super) struct Options {
    /// Listeners of one port whose hostnames overlap.
    pub(super) overlapping_listeners: bool,
    /// Listeners for plain HTTP and for TLS, and several ports of either.
    pub(super) several_ports: bool,
}

pub(super) const HOSTS: [&str; 7] = [
    "a.example.com",
    "b.example.com",
    "x.a.example.com",
    "example.com",
    "c.b.example.com",
    "y.org",
    "aa.example.com",
];
const HOSTNAMES: [&str; 10] = [
    "a.example.com",
    "b.example.com",
    "x.a.example.com",
    "*.example.com",
    "*.a.example.com",
    "*.com",
    "*.org",
    "y.org",
    "c.b.example.com",
    "example.com",
];
/// Hostnames of the listeners of a port: those that have no host in common, and those that have.
const APART: [&[Option<&str>]; 7] = [
    &[None],
    &[None],
    &[None],
    &[Some("*.example.com"), Some("y.org")],
    &[
        Some("a.example.com"),
        Some("*.a.example.com"),
        Some("*.b.example.com"),
    ],
    &[Some("*.com"), Some("*.org")],
    &[Some("b.example.com"), Some("x.a.example.com")],
];
const OVERLAPPING: [&[Option<&str>]; 5] = [
    &[None, Some("a.example.com")],
    &[None, Some("*.example.com"), Some("a.example.com")],
    &[
        Some("*.com"),
        Some("*.a.example.com"),
        Some("x.a.example.com"),
    ],
    &[
        Some("*.example.com"),
        Some("*.com"),
        Some("*.b.example.com"),
    ],
    &[None, Some("*.org"), Some("y.org")],
];
pub(super) const PATHS: [&str; 24] = [
    "/",
    "/a",
    "/a",
    "/a/",
    "/a/b",
    "/a/b",
    "/a/b/",
    "/a/b/c",
    "/ab",
    "/a.b",
    "/a+b",
    "/a%20b",
    "/a%2Bb",
    "/(a)",
    "/$a",
    "/a*",
    "/%61",
    "/%61%62%63/%64",
    "/caf%C3%A9",
    "/a'b",
    "/a;b=1,2",
    "/~a",
    "/a@b:80",
    "/!a",
];
const PATTERNS: [&str; 9] = [
    "/a.*",
    "/a/[a-z]+",
    "/(a|b)$",
    "/a|/b",
    "/[0-9]+",
    "^/a/.",
    "/a\\.b",
    "/\\d+",
    "/a/b$",
];
pub(super) const HEADERS: [&str; 5] = ["x-a", "X-A", "x-b", "X-B-c", "x_a"];
pub(super) const VALUES: [&str; 8] = ["1", "v", "v", "V", "v\"1", "a\\b", "$(x)", "~*v"];
const VALUE_PATTERNS: [&str; 7] = ["^v$", "v.*", "\\d+", "(?i)v", "[a-c]\\W", "^V", "1|v"];
const QUERIES: [&str; 4] = ["q", "Q", "q_1", "q-1"];
pub(super) const METHODS: [&str; 3] = ["GET", "POST", "PUT"];
pub(super) const SERVICE_NAMES: [&str; 4] = ["shop", "shop.Cart", "shop.Cart2", "a"];
pub(super) const METHOD_NAMES: [&str; 3] = ["Add", "AddAll", "Get"];
const SECTIONS: [[&str; 3]; 2] = [["l0", "l1", "l2"], ["m0", "m1", "m2"]];

/// A scene whose routes are of one kind.
pub(super) fn scene(dice: &mut Dice, kind: Kind, options: Options) -> Scene {
    let protocols: &[(Protocol, u16)] = match (kind, options.several_ports) {
        (Kind::Tls, _) => &[(Protocol::Tls, 8443), (Protocol::Tls, 9443)],
        (_, false) if dice.one_in(4) => &[(Protocol::Https, 443)],
        (_, false) => &[(Protocol::Http, 80)],
        (_, true) => &[
            (Protocol::Http, 80),
            (Protocol::Https, 443),
            (Protocol::Http, 8080),
            (Protocol::Https, 8443),
        ],
    };
    // Here they share one, so that the listeners of one port are to be the same for all.
    let layout = dice.pick(&APART);
    let mut gateways = Vec::new();
    for (number, (name, namespace)) in [
        ("g", NAMESPACES[0]),
        ("h", NAMESPACES[1]),
        ("f", NAMESPACES[0]),
    ]
    .into_iter()
    .enumerate()
    {
        // Each Gateway has a data plane of its own, so what listeners leave to each other ends with it.
        let is_alone = options.overlapping_listeners || options.several_ports;
        if number > 0 && (!dice.one_in(3) || (is_alone && name == "h")) {
            continue;
        }
        let layout = if options.overlapping_listeners {
            dice.pick(&OVERLAPPING)
        } else {
            layout
        };
        gateways.push(gateway(dice, name, namespace, kind, protocols, layout));
    }
    let mut routes: Vec<Route> = Vec::new();
    for _ in 0..=dice.below(5) {
        let route = route(dice, kind, &gateways);
        if !routes.iter().any(|it| it.key() == route.key()) {
            routes.push(route);
        }
    }
    Scene { gateways, routes }
}

fn gateway(
    dice: &mut Dice,
    name: &'static str,
    namespace: &'static str,
    kind: Kind,
    protocols: &[(Protocol, u16)],
    layout: &'static [Option<&'static str>],
) -> Gateway {
    let mut listeners = Vec::new();
    for (ports, sections) in SECTIONS.iter().enumerate() {
        if ports > 0 && (protocols.len() == 1 || dice.one_in(2)) {
            break;
        }
        let (protocol, port) = match protocols {
            [one] => *one,
            several => several[(dice.below(several.len() / 2) * 2 + ports) % several.len()],
        };
        for (hostname, section) in layout.iter().zip(sections) {
            listeners.push(Listener {
                name: section,
                port,
                protocol,
                hostname: *hostname,
                everywhere: !dice.one_in(6),
                only: dice
                    .one_in(8)
                    .then(|| if dice.one_in(4) { Kind::Tls } else { kind }),
            });
        }
    }
    Gateway {
        namespace,
        name,
        ours: name != "f",
        listeners,
    }
}

fn route(dice: &mut Dice, kind: Kind, gateways: &[Gateway]) -> Route {
    let namespace = if dice.one_in(4) {
        NAMESPACES[1]
    } else {
        NAMESPACES[0]
    };
    let mut parents = Vec::new();
    for _ in 0..=dice.below(2) {
        let gateway = &gateways[dice.below(gateways.len())];
        let listener = &gateway.listeners[dice.below(gateway.listeners.len())];
        let named = !dice.one_in(10);
        parents.push(Parent {
            namespace: (namespace != gateway.namespace && named).then_some(gateway.namespace),
            name: gateway.name,
            section: dice.one_in(3).then(|| {
                if dice.one_in(8) {
                    "nope"
                } else {
                    listener.name
                }
            }),
            port: dice
                .one_in(4)
                .then(|| if dice.one_in(8) { 1234 } else { listener.port }),
        });
    }
    let most = if kind == Kind::Tls { 1 } else { 3 };
    let mut hostnames = Vec::new();
    let fewest = usize::from(kind == Kind::Tls);
    for _ in 0..(fewest + dice.below(3)) {
        let hostname = dice.pick(&HOSTNAMES);
        if !hostnames.contains(&hostname) {
            hostnames.push(hostname);
        }
    }
    Route {
        kind,
        namespace,
        name: dice.pick(&["r1", "r2", "r-3", "r1.x"]).to_owned(),
        day: 1 + u8::try_from(dice.below(3)).unwrap(),
        parents,
        hostnames,
        rules: (0..=dice.below(most)).map(|_| rule(dice, kind)).collect(),
    }
}

fn rule(dice: &mut Dice, kind: Kind) -> Rule {
    let matches: Vec<Match> = match kind {
        Kind::Tls => Vec::new(),
        Kind::Http => (0..dice.below(4)).map(|_| http_match(dice)).collect(),
        Kind::Grpc => (0..dice.below(4)).map(|_| grpc_match(dice)).collect(),
    };
    let has_one_prefix = matches.len() == 1
        && matches[0]
            .path
            .is_none_or(|(kind, _)| kind == PathKind::Prefix);
    let filter = (kind == Kind::Http && dice.one_in(4)).then(|| filter(dice, has_one_prefix));
    let backends = match (&filter, kind) {
        (Some(Filter::Redirect { .. }), _) => Vec::new(),
        (_, Kind::Tls) => vec![Backend {
            namespace: None,
            name: "one",
            port: SERVICE_PORT,
            weight: None,
        }],
        _ => (0..dice.below(3) + usize::from(!dice.one_in(6)))
            .map(|_| backend(dice))
            .collect(),
    };
    Rule {
        matches,
        filter,
        backends,
    }
}

fn backend(dice: &mut Dice) -> Backend {
    Backend {
        namespace: dice.one_in(5).then(|| dice.pick(&NAMESPACES)),
        name: dice.pick(&["one", "one", "three", "three", "empty", "gone"]),
        port: if dice.one_in(10) { 81 } else { SERVICE_PORT },
        weight: dice.one_in(2).then(|| dice.pick(&[0, 1, 2, 3, 10])),
    }
}

fn filter(dice: &mut Dice, has_one_prefix: bool) -> Filter {
    let path = match dice.below(3) {
        0 => None,
        1 if has_one_prefix => Some(NewPath::Prefix(
            dice.pick(&["/new", "/new/", "/", "", "/n%20w"]),
        )),
        _ => Some(NewPath::Full(
            dice.pick(&["/whole", "/", "/a%20b", "/w'h$ole"]),
        )),
    };
    let hostname = dice.one_in(2).then_some("new.example.com");
    if dice.one_in(2) {
        return Filter::Redirect {
            scheme: dice.one_in(2).then(|| dice.pick(&["http", "https"])),
            hostname,
            port: dice.one_in(3).then(|| dice.pick(&[80, 443, 8443])),
            path,
            status: dice
                .one_in(2)
                .then(|| dice.pick(&[301, 302, 303, 307, 308])),
        };
    }
    let hostname = hostname.or_else(|| path.is_none().then_some("new.example.com"));
    Filter::Rewrite { hostname, path }
}

fn http_match(dice: &mut Dice) -> Match {
    let path = match dice.below(8) {
        0 => None,
        1 | 2 => Some((PathKind::Exact, dice.pick(&PATHS))),
        3 => Some((PathKind::Regex, dice.pick(&PATTERNS))),
        _ => Some((PathKind::Prefix, dice.pick(&PATHS))),
    };
    let queries = if dice.one_in(4) { 1 + dice.below(2) } else { 0 };
    Match {
        path,
        call: None,
        method: dice.one_in(3).then(|| dice.pick(&METHODS)),
        headers: headers(dice),
        queries: (0..queries).map(|_| named(dice, &QUERIES)).collect(),
    }
}

fn grpc_match(dice: &mut Dice) -> Match {
    let regex = dice.one_in(4);
    let service = (!dice.one_in(4)).then(|| {
        dice.pick(if regex {
            &["shop.*", "shop\\..+", "a|shop", "sh[o]p"]
        } else {
            &SERVICE_NAMES
        })
    });
    let method = dice.one_in(2).then(|| {
        dice.pick(if regex {
            &["Add.*", "Add|Get", "G.t"]
        } else {
            &METHOD_NAMES
        })
    });
    let call = (!dice.one_in(6) && (service.is_some() || method.is_some())).then_some(Call {
        regex,
        service,
        method,
    });
    Match {
        call,
        headers: headers(dice),
        ..Match::default()
    }
}

/// Mostly few headers, and now and then as many as there may be.
fn headers(dice: &mut Dice) -> Vec<Named> {
    match dice.below(16) {
        0 => (0..16)
            .map(|number| Named {
                regex: false,
                name: format!("x-h{number}"),
                value: "1",
            })
            .collect(),
        1..=4 => vec![named(dice, &HEADERS)],
        5 => (0..2 + dice.below(2))
            .map(|_| named(dice, &HEADERS))
            .collect(),
        _ => Vec::new(),
    }
}

fn named(dice: &mut Dice, names: &[&str]) -> Named {
    let regex = dice.one_in(4);
    Named {
        regex,
        name: dice.pick(names).to_owned(),
        value: if regex {
            dice.pick(&VALUE_PATTERNS)
        } else {
            dice.pick(&VALUES)
        },
    }
}
