//! A time after which nothing of a request goes out any more.
//!
//! A process that was stopped and goes on must not finish what it had begun: by then another replica may
//! have written. A time-out alone does not see to that, since it lets the request go on before it looks at
//! the clock. Here the clock comes first, at every step.

use std::{future::Future, pin::pin, task::Poll};

use tokio::time::{Instant, sleep_until};

/// Runs a future; `None` if it has not ended before the time, and then it is not polled again.
pub(crate) async fn before<F: Future>(cutoff: Instant, future: F) -> Option<F::Output> {
    let mut future = pin!(future);
    let mut alarm = pin!(sleep_until(cutoff));
    std::future::poll_fn(|context| {
        if Instant::now() >= cutoff {
            return Poll::Ready(None);
        }
        if let Poll::Ready(output) = future.as_mut().poll(context) {
            return Poll::Ready(Some(output));
        }
        alarm.as_mut().poll(context).map(|()| None)
    })
    .await
}

#[cfg(test)]
mod tests {
    use std::{
        sync::atomic::{AtomicUsize, Ordering},
        time::Duration,
    };

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn what_ends_in_time_has_its_answer() {
        let cutoff = Instant::now() + Duration::from_secs(1);
        let answer = before(cutoff, async {
            tokio::time::sleep(Duration::from_millis(900)).await;
            7
        });
        assert_eq!(answer.await, Some(7));
    }

    #[tokio::test(start_paused = true)]
    async fn what_hangs_is_given_up() {
        let cutoff = Instant::now() + Duration::from_secs(1);
        assert_eq!(before(cutoff, std::future::pending::<()>()).await, None);
        assert_eq!(Instant::now(), cutoff);
    }

    #[tokio::test(start_paused = true)]
    async fn what_was_stopped_until_after_the_time_does_not_take_another_step() {
        let steps = AtomicUsize::new(0);
        let cutoff = Instant::now() + Duration::from_secs(1);
        let mut request = pin!(before(
            cutoff,
            std::future::poll_fn(|_| {
                steps.fetch_add(1, Ordering::Relaxed);
                Poll::<()>::Pending
            })
        ));
        assert!(futures::poll!(request.as_mut()).is_pending());
        // The process does not run meanwhile, so no timer has fired either.
        tokio::time::advance(Duration::from_secs(2)).await;
        assert_eq!(futures::poll!(request.as_mut()), Poll::Ready(None));
        assert_eq!(steps.load(Ordering::Relaxed), 1);
    }
}
