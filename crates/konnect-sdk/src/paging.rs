//! Lists come in pages; a stream asks for the next one when it is needed.

use std::fmt;

use futures::{Stream, TryStreamExt as _, stream};
use kong_model::Cursor;

use crate::error::Error;

/// A part of a list.
#[derive(Clone, PartialEq, Eq)]
pub struct Page<T> {
    /// What is on it.
    pub items: Vec<T>,
    /// Where the next one begins; `None` after the last.
    pub next: Option<Cursor>,
}

impl<T> Page<T> {
    pub(crate) fn map<U>(self, read: impl FnMut(T) -> Result<U, Error>) -> Result<Page<U>, Error> {
        Ok(Page {
            items: self.items.into_iter().map(read).collect::<Result<_, _>>()?,
            next: self.next,
        })
    }
}

/// What is on it may be secret.
impl<T> fmt::Debug for Page<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Page")
            .field("items", &self.items.len())
            .field("next", &self.next)
            .finish()
    }
}

/// Everything on the pages that `fetch` gives, which gets the cursor of the page it is to fetch. After an
/// error nothing follows.
///
/// ```
/// # use futures::TryStreamExt as _;
/// # use kong_model::{Filter, Stored, entity::ControlPlane};
/// # use konnect_sdk::{ControlPlanes, Error};
/// async fn names(konnect: &dyn ControlPlanes) -> Result<Vec<String>, Error> {
///     konnect_sdk::items(|cursor| konnect.control_planes(Filter::All, cursor))
///         .map_ok(|plane: Stored<ControlPlane>| plane.entity.name)
///         .try_collect()
///         .await
/// }
/// ```
pub fn items<T, F, P>(fetch: F) -> impl Stream<Item = Result<T, Error>> + Send
where
    T: Send,
    F: FnMut(Option<Cursor>) -> P + Send,
    P: Future<Output = Result<Page<T>, Error>> + Send,
{
    enum At {
        Page(Option<Cursor>),
        End,
    }
    let pages = stream::try_unfold((fetch, At::Page(None)), async |(mut fetch, at)| {
        let At::Page(cursor) = at else {
            return Ok(None);
        };
        let page = fetch(cursor.clone()).await?;
        // It would go on for ever.
        if page.next.is_some() && page.next == cursor {
            let message = "a page names itself as the next one".to_owned();
            return Err(Error::Transport { message });
        }
        let next = page.next.map_or(At::End, |cursor| At::Page(Some(cursor)));
        let items = stream::iter(page.items.into_iter().map(Ok));
        Ok(Some((items, (fetch, next))))
    });
    pages.try_flatten()
}
