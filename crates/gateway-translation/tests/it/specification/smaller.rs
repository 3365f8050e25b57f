//! Smaller scenes that fail like a greater one, for who has to understand it.

use super::scene::{Filter, Kind, Scene};

/// The smallest scene that can be had by taking things out of one and still fails.
pub(super) fn smallest(mut scene: Scene, fails: impl Fn(&Scene) -> bool) -> Scene {
    loop {
        let smaller = less(&scene).into_iter().find(|it| fails(it));
        match smaller {
            Some(smaller) => scene = smaller,
            None => return scene,
        }
    }
}

/// Each scene with one thing less.
fn less(scene: &Scene) -> Vec<Scene> {
    let mut all = Vec::new();
    let mut without = |change: &dyn Fn(&mut Scene)| {
        let mut smaller = scene.clone();
        change(&mut smaller);
        all.push(smaller);
    };
    for (number, gateway) in scene.gateways.iter().enumerate() {
        if scene.gateways.len() > 1 {
            without(&|it| drop(it.gateways.remove(number)));
        }
        for listener in 0..gateway.listeners.len() {
            if gateway.listeners.len() > 1 {
                without(&|it| _ = it.gateways[number].listeners.remove(listener));
            }
        }
    }
    for (number, route) in scene.routes.iter().enumerate() {
        if scene.routes.len() > 1 {
            without(&|it| drop(it.routes.remove(number)));
        }
        for parent in 0..route.parents.len() {
            if route.parents.len() > 1 {
                without(&|it| _ = it.routes[number].parents.remove(parent));
            }
        }
        for name in route.hostnames.iter().filter(|_| route.kind != Kind::Tls) {
            without(&|it| it.routes[number].hostnames.retain(|it| it != name));
        }
        for (rule, spec) in route.rules.iter().enumerate() {
            if route.rules.len() > 1 {
                without(&|it| drop(it.routes[number].rules.remove(rule)));
            }
            if spec
                .filter
                .as_ref()
                .is_some_and(|it| matches!(it, Filter::Rewrite { .. }))
            {
                without(&|it| it.routes[number].rules[rule].filter = None);
            }
            for backend in 0..spec.backends.len() {
                if route.kind == Kind::Tls {
                    break;
                }
                without(&|it| _ = it.routes[number].rules[rule].backends.remove(backend));
            }
            for (index, asked) in spec.matches.iter().enumerate() {
                if spec.matches.len() > 1 {
                    without(&|it| drop(it.routes[number].rules[rule].matches.remove(index)));
                }
                if asked.method.is_some() {
                    without(&|it| it.routes[number].rules[rule].matches[index].method = None);
                }
                if !asked.headers.is_empty() {
                    without(&|it| drop(it.routes[number].rules[rule].matches[index].headers.pop()));
                }
                if !asked.queries.is_empty() {
                    without(&|it| drop(it.routes[number].rules[rule].matches[index].queries.pop()));
                }
            }
        }
    }
    all
}
