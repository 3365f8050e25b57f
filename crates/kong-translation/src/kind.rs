//! What a kind implements to be served.
//!
//! The trait is this crate's own, since the kinds are of another one and a trait of a third could not
//! be implemented for them here. A kind that is judged and lacks it does not compile: the row of the
//! kind in the list of kinds is where the compiler points.

use kong_model::Collection;
use kong_resolve::{Frame, Me, Readable, Verdict, View};

/// A kind that is served: from its spec and what it refers to follows what it wants.
pub(crate) trait Judge: Readable {
    /// Where the ids stand in its status.
    const FRAME: Frame;
    /// Where the entity is that it stands for.
    const AT: Collection;

    /// Judges an object. A pure function: what it depends on beside its arguments it reads from the
    /// view.
    fn judge(me: Me<'_, Self>, view: &View<'_>) -> Verdict;
}
