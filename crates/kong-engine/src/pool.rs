//! Equal texts and findings, kept once.
//!
//! Ten thousand objects of one control plane say the same of it, word for word. What goes through a [`Pool`] shares
//! its memory with what is equal to it; what nobody holds any more goes at the next sweep.

use std::hash::Hash;
use std::sync::Arc;

use foldhash::fast::FixedState;
use hashbrown::HashSet;

/// A pool is swept when it has grown to this, and then when it has doubled.
const FIRST_SWEEP: usize = 1_024;

/// Shared values, each once.
#[derive(Debug)]
pub(crate) struct Pool<T: ?Sized> {
    known: HashSet<Arc<T>, FixedState>,
    sweep_at: usize,
}

impl<T: ?Sized> Clone for Pool<T> {
    fn clone(&self) -> Self {
        Self {
            known: self.known.clone(),
            sweep_at: self.sweep_at,
        }
    }
}

impl<T: ?Sized> Default for Pool<T> {
    fn default() -> Self {
        Self {
            known: HashSet::default(),
            sweep_at: FIRST_SWEEP,
        }
    }
}

impl<T: ?Sized + Hash + Eq> Pool<T> {
    /// The value that is equal to this one and was there before; else this one.
    pub(crate) fn share(&mut self, value: Arc<T>) -> Arc<T> {
        if let Some(known) = self.known.get(&value) {
            return Arc::clone(known);
        }
        if self.known.len() >= self.sweep_at {
            self.known.retain(|known| Arc::strong_count(known) > 1);
            self.sweep_at = FIRST_SWEEP.max(self.known.len() * 2);
        }
        self.known.insert(Arc::clone(&value));
        value
    }

    /// The same for a borrowed value, which is copied only if it is new.
    pub(crate) fn share_ref(&mut self, value: &T) -> Arc<T>
    where
        for<'a> Arc<T>: From<&'a T>,
    {
        match self.known.get(value) {
            Some(known) => Arc::clone(known),
            None => self.share(Arc::from(value)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_values_are_one_and_what_nobody_holds_goes() {
        let mut pool: Pool<str> = Pool::default();
        let one = pool.share("same".into());
        assert!(Arc::ptr_eq(&one, &pool.share_ref("same")));
        for number in 0..10 * FIRST_SWEEP {
            pool.share_ref(&number.to_string());
        }
        assert!(pool.known.len() <= FIRST_SWEEP + 1, "{}", pool.known.len());
        assert!(Arc::ptr_eq(&one, &pool.share_ref("same")));
    }
}
