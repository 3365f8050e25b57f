//! A watch as a stream of lines.

use std::{collections::BTreeSet, io, time::Duration};

use cluster_sim::{EventKind, Status};
use serde_json::{Value, json};
use tokio::time::{Instant, timeout_at};

use super::{ApiServer, route::Route};

/// One watch.
pub(super) struct Stream {
    server: ApiServer,
    route: Route,
    version: u64,
    cuts: u64,
    until: Instant,
    changed: tokio::sync::watch::Receiver<()>,
    /// The uids of what this watch has shown or its list had: what no longer is selected is deleted to it.
    shown: BTreeSet<String>,
}

impl Stream {
    pub(super) fn new(server: &ApiServer, route: Route) -> Self {
        let version = route.parameter("resourceVersion").unwrap().parse().unwrap();
        let seconds = route
            .parameter("timeoutSeconds")
            .map_or(290, |text| text.parse().unwrap());
        let selected = server
            .lock()
            .list(&route.resource, None)
            .filter(|object| route.selects(object))
            .map(|object| uid(object))
            .collect();
        Self {
            cuts: server.faults().cuts,
            until: Instant::now() + Duration::from_secs(seconds),
            changed: server.0.changed.subscribe(),
            server: server.clone(),
            route,
            version,
            shown: selected,
        }
    }

    pub(super) fn lines(self) -> impl futures::Stream<Item = io::Result<String>> {
        futures::stream::unfold(Some(self), |stream| async move {
            let mut stream = stream?;
            loop {
                if stream.server.faults().cuts != stream.cuts {
                    return Some((Err(io::Error::other("the connection was cut")), None));
                }
                match stream.news() {
                    Err(expired) => {
                        let line =
                            json!({"type": "ERROR", "object": Status::from(expired).to_value()});
                        return Some((Ok(format!("{line}\n")), None));
                    }
                    Ok(news) if !news.is_empty() => return Some((Ok(news), Some(stream))),
                    Ok(_) => {}
                }
                stream.changed.mark_unchanged();
                if stream.news_waits() {
                    continue;
                }
                if timeout_at(stream.until, stream.changed.changed())
                    .await
                    .is_err()
                {
                    return None;
                }
            }
        })
    }

    fn news_waits(&self) -> bool {
        self.server.lock().version() > self.version || self.server.faults().cuts != self.cuts
    }

    fn news(&mut self) -> Result<String, cluster_sim::Expired> {
        let cluster = self.server.lock();
        let mut lines = String::new();
        for event in cluster.events_since(&self.route.resource, self.version)? {
            let selected = self.route.selects(&event.object) && event.kind != EventKind::Deleted;
            let uid = uid(&event.object);
            let kind = match (selected, self.shown.contains(&uid)) {
                (true, true) => EventKind::Modified,
                (true, false) => EventKind::Added,
                (false, true) => EventKind::Deleted,
                (false, false) => continue,
            };
            if selected {
                self.shown.insert(uid);
            } else {
                self.shown.remove(&uid);
            }
            let mut object = Value::clone(&event.object);
            object["metadata"]["resourceVersion"] = json!(event.version.to_string());
            let line = json!({"type": kind.as_str(), "object": object});
            lines.push_str(&line.to_string());
            lines.push('\n');
        }
        self.version = cluster.version();
        Ok(lines)
    }
}

fn uid(object: &Value) -> String {
    object["metadata"]["uid"].as_str().unwrap().to_owned()
}
