//! Answers that are not Konnect's: what a script makes of requests before, or after, they are served.

use kong_model::{Method, Request, Response};

use crate::time::Millis;

/// A path with wildcards: `*` stands for any text, `^` and `$` at the ends for the ends of the path;
/// without them the pattern may stand anywhere. `/core-entities/services$` is every creation of a service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Pattern {
    parts: Vec<String>,
    from_start: bool,
    to_end: bool,
}

impl Pattern {
    pub(crate) fn new(text: &str) -> Self {
        let (from_start, text) = match text.strip_prefix('^') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let (to_end, text) = match text.strip_suffix('$') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        Self {
            parts: text.split('*').map(str::to_owned).collect(),
            from_start,
            to_end,
        }
    }

    pub(crate) fn matches(&self, path: &str) -> bool {
        let (last, others) = match self.parts.split_last() {
            Some((last, others)) => (last.as_str(), others),
            None => return true,
        };
        let mut rest = path;
        for (index, part) in others.iter().enumerate() {
            let at = match rest.find(part.as_str()) {
                Some(at) if at == 0 || index > 0 || !self.from_start => at,
                Some(_) | None => return false,
            };
            rest = &rest[at + part.len()..];
        }
        let anchored = self.from_start && others.is_empty();
        match (anchored, self.to_end) {
            (true, true) => rest == last,
            (true, false) => rest.starts_with(last),
            (false, true) => rest.ends_with(last),
            (false, false) => rest.contains(last),
        }
    }
}

/// When a fault happens.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Moment {
    /// The request is not served.
    #[default]
    Before,
    /// The request is served and its answer replaced: done, and nobody was told.
    After,
}

/// What becomes of a request that a fault is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// This is the answer.
    Answer(Response),
    /// The answer has this status, in the words in which the path tells errors.
    Status {
        /// The status.
        status: u16,
        /// `Retry-After` in seconds.
        retry_after: Option<u32>,
    },
    /// The connection ends without an answer.
    Cut,
    /// Nothing else: the request is served and answered as ever.
    Nothing,
}

/// Stands in Konnect's way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Requests of this method; `None` is every method.
    pub method: Option<Method>,
    /// Requests whose path, without the query, matches this: `*` stands for any text, `^` and `$` at the
    /// ends for the ends of the path. The empty text matches every path.
    pub path: String,
    /// How often; `None` is until it is removed.
    pub times: Option<u32>,
    /// From when on it is gone; `None` is never.
    pub until: Option<Millis>,
    /// Whether the request is served first.
    pub moment: Moment,
    /// For how many milliseconds the answer is held back. The caller of [`crate::Konnect::visit`] has to
    /// see to it.
    pub delay: u64,
    /// What happens.
    pub effect: Effect,
}

impl Fault {
    /// Answers every matching request until removed, without serving it.
    pub fn new(method: Option<Method>, path: impl Into<String>, response: Response) -> Self {
        Self {
            method,
            path: path.into(),
            times: None,
            until: None,
            moment: Moment::Before,
            delay: 0,
            effect: Effect::Answer(response),
        }
    }

    /// The same, this often.
    #[must_use]
    pub fn times(self, times: u32) -> Self {
        Self {
            times: Some(times),
            ..self
        }
    }

    /// The same, but requests are served before their answers are replaced.
    #[must_use]
    pub fn after(self) -> Self {
        Self {
            moment: Moment::After,
            ..self
        }
    }
}

/// Names a fault: they are numbered from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FaultId(pub u64);

/// The faults in force, the oldest first.
#[derive(Clone, Debug, Default)]
pub(crate) struct Faults {
    given: u64,
    active: Vec<(FaultId, Pattern, Fault)>,
}

impl Faults {
    pub(crate) fn add(&mut self, fault: Fault) -> FaultId {
        self.given += 1;
        let id = FaultId(self.given);
        self.active.push((id, Pattern::new(&fault.path), fault));
        id
    }

    pub(crate) fn remove(&mut self, id: FaultId) {
        self.active.retain(|(other, _, _)| *other != id);
    }

    pub(crate) fn clear(&mut self) {
        self.active.clear();
    }

    /// What is in force.
    pub(crate) fn active(&self, now: Millis) -> impl Iterator<Item = (FaultId, &Fault)> {
        let faults = self.active.iter();
        faults
            .filter(move |(_, _, fault)| is_in_force(fault, now))
            .map(|(id, _, fault)| (*id, fault))
    }

    /// The first fault that is for a request; it counts as used.
    pub(crate) fn strike(&mut self, now: Millis, request: &Request) -> Option<(FaultId, Fault)> {
        self.active.retain(|(_, _, fault)| is_in_force(fault, now));
        let index = self.active.iter().position(|(_, pattern, fault)| {
            fault.method.is_none_or(|method| method == request.method)
                && pattern.matches(&request.path)
        })?;
        let (id, _, fault) = &mut self.active[index];
        let struck = (*id, fault.clone());
        if let Some(times) = &mut fault.times {
            *times -= 1;
        }
        Some(struck)
    }
}

fn is_in_force(fault: &Fault, now: Millis) -> bool {
    fault.times != Some(0) && fault.until.is_none_or(|until| now < until)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_match_as_they_say() {
        for (pattern, path, matches) in [
            ("", "/any", true),
            ("/services$", "/v2/services", true),
            ("/services$", "/v2/services/1", false),
            ("/services/", "/v2/services/1", true),
            ("^/v2", "/v2/x", true),
            ("^/v3", "/x/v3", false),
            ("^/v2$", "/v2/x", false),
            ("^/v2/*/routes$", "/v2/a/b/routes", true),
            ("^/v2/*/routes$", "/v2/a/routes/1", false),
            ("a*b*c", "xaybzcw", true),
            ("a*b*c", "xaycz", false),
            ("^a*", "ba", false),
            ("*a$", "ba", true),
        ] {
            assert_eq!(
                Pattern::new(pattern).matches(path),
                matches,
                "{pattern} {path}"
            );
        }
    }
}
