//! The log as a stream: what is there, then each request as it comes.

use std::convert::Infallible;

use axum::body::{Body, Bytes};
use futures::stream;
use tokio::sync::watch;

use crate::record::Record;
use crate::simulator::{News, Simulator};

/// The lines after a number, and those to come. It ends when the server is about to stop.
pub(crate) fn follow(simulator: Simulator, after: u64) -> Body {
    let place = Place {
        news: simulator.news(),
        simulator,
        after,
    };
    Body::from_stream(stream::unfold(place, |mut place| async move {
        let lines = place.next().await?;
        Some((Ok::<_, Infallible>(lines), place))
    }))
}

struct Place {
    simulator: Simulator,
    news: watch::Receiver<News>,
    after: u64,
}

impl Place {
    async fn next(&mut self) -> Option<Bytes> {
        loop {
            // Seen before they are looked for: what comes in between is looked for again.
            let over = self.news.borrow_and_update().over;
            let records = self.simulator.log_after(self.after);
            if let Some(last) = records.last() {
                self.after = last.number;
                return Some(Bytes::from(lines(&records)));
            }
            if over || self.news.changed().await.is_err() {
                return None;
            }
        }
    }
}

/// Records as they are sent.
pub(crate) fn lines(records: &[Record]) -> String {
    records.iter().map(Record::line).collect()
}
