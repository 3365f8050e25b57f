//! Who may ask: organisations, the tokens that belong to them, and how much an organisation may ask.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde_json::{Value, json};

use crate::fault::Pattern;
use crate::ids::Ids;
use crate::store::Store;
use crate::time::Millis;

/// Tokens that begin like this are refused unless they are registered.
const BAD: &str = "kpat_bad";
/// The organisation of every token that is not registered.
pub(crate) const DEFAULT: &str = "default";
/// The region of requests that name none.
pub const HOME: &str = "us";
/// Requests are counted in thousandths, so that a millisecond adds whole numbers.
const ONE: u64 = 1000;

/// The tokens that are known.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tokens {
    organisations: BTreeMap<String, Arc<str>>,
    revoked: BTreeSet<String>,
    forbidden: BTreeMap<String, Vec<Pattern>>,
    strangers: Strangers,
}

/// What tokens that are not registered are good for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Strangers {
    /// Unless they say themselves that they are bad, for the default organisation.
    #[default]
    Welcome,
    /// Nothing.
    Refused,
}

impl Tokens {
    /// Lets a token in, whatever it begins with.
    pub(crate) fn register(&mut self, token: &str, organisation: &str) {
        self.revoked.remove(token);
        self.organisations
            .insert(token.to_owned(), Arc::from(organisation));
    }

    /// Refuses tokens that are not registered.
    pub(crate) fn close_to_strangers(&mut self) {
        self.strangers = Strangers::Refused;
    }

    /// Refuses a token from now on.
    pub(crate) fn revoke(&mut self, token: &str) {
        self.revoked.insert(token.to_owned());
    }

    /// Refuses a token the paths that match.
    pub(crate) fn forbid(&mut self, token: &str, path: &str) {
        let patterns = self.forbidden.entry(token.to_owned()).or_default();
        patterns.push(Pattern::new(path));
    }

    /// Allows a token everything again.
    pub(crate) fn permit(&mut self, token: &str) {
        self.forbidden.remove(token);
    }

    /// The organisation of a token; `None` if it is not accepted.
    pub(crate) fn organisation(&self, token: &str) -> Option<Arc<str>> {
        if token.is_empty() || self.revoked.contains(token) {
            return None;
        }
        let known = self.organisations.get(token).map(Arc::clone);
        let welcome = self.strangers == Strangers::Welcome && !token.starts_with(BAD);
        known.or_else(|| welcome.then(|| Arc::from(DEFAULT)))
    }

    /// Whether a token may not use a path.
    pub(crate) fn is_forbidden(&self, token: &str, path: &str) -> bool {
        let patterns = self.forbidden.get(token);
        patterns.is_some_and(|patterns| patterns.iter().any(|pattern| pattern.matches(path)))
    }
}

/// How much an organisation may ask.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limit {
    /// Requests a second in the long run.
    pub(crate) per_second: u32,
    /// Requests at once.
    pub(crate) burst: u32,
    /// What `Retry-After` says.
    pub(crate) retry_after: u32,
}

/// How much an organisation may still ask.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Allowance {
    /// Requests a second.
    pub limit: u32,
    /// Requests that would be served now.
    pub remaining: u32,
    /// Whole seconds until everything that may be asked at once may be asked again.
    pub reset: u32,
}

/// A token bucket, which starts full.
#[derive(Clone, Debug, Default)]
struct Bucket {
    level: Option<(Millis, u64)>,
}

impl Bucket {
    fn level(&self, now: Millis, limit: Limit) -> u64 {
        let full = u64::from(limit.burst) * ONE;
        match self.level {
            None => full,
            Some((then, level)) => {
                let passed = now.0.saturating_sub(then.0);
                full.min(level.saturating_add(passed.saturating_mul(limit.per_second.into())))
            }
        }
    }

    fn take(&mut self, now: Millis, limit: Limit) -> bool {
        let level = self.level(now, limit);
        let allowed = level >= ONE;
        self.level = Some((now, if allowed { level - ONE } else { level }));
        allowed
    }
}

/// One organisation.
#[derive(Clone)]
pub(crate) struct Organisation {
    name: Arc<str>,
    id: Arc<str>,
    user: Arc<str>,
    bucket: Bucket,
    /// What it has in Konnect, by region.
    stores: BTreeMap<Arc<str>, Store>,
}

impl Organisation {
    pub(crate) fn new(name: &str, ids: &Ids) -> Self {
        Self {
            name: Arc::from(name),
            id: ids.of(&format!("organisation {name}")),
            user: ids.of(&format!("user {name}")),
            bucket: Bucket::default(),
            stores: BTreeMap::new(),
        }
    }

    /// Forgets what it has and what it has asked.
    pub(crate) fn reset(&mut self) {
        self.bucket = Bucket::default();
        self.stores.clear();
    }

    /// Whether one more request is within the limit.
    pub(crate) fn take(&mut self, now: Millis, limit: Option<Limit>) -> Result<(), u32> {
        match limit {
            Some(limit) if !self.bucket.take(now, limit) => Err(limit.retry_after),
            Some(_) | None => Ok(()),
        }
    }

    /// What may still be asked of a limit.
    pub(crate) fn allowance(&self, now: Millis, limit: Limit) -> Allowance {
        let whole = |number: u64| u32::try_from(number).unwrap_or(u32::MAX);
        let level = self.bucket.level(now, limit);
        let missing = (u64::from(limit.burst) * ONE).saturating_sub(level);
        let rate = u64::from(limit.per_second).max(1) * ONE;
        Allowance {
            limit: limit.per_second,
            remaining: whole(level / ONE),
            reset: whole(missing.div_ceil(rate)),
        }
    }

    /// What it has in a region, which may be a new one.
    pub(crate) fn store_mut(&mut self, region: &str) -> &mut Store {
        self.stores.entry(Arc::from(region)).or_default()
    }

    /// What it has in all regions.
    pub(crate) fn stores(&self) -> impl Iterator<Item = &Store> {
        self.stores.values()
    }

    /// The region that has a control plane.
    pub(crate) fn region_of(&self, control_plane: &str) -> Option<Arc<str>> {
        let mut stores = self.stores.iter();
        let found = stores.find(|(_, store)| store.scope(Some(control_plane)).is_some());
        found.map(|(region, _)| Arc::clone(region))
    }

    /// The id.
    pub(crate) fn id(&self) -> &str {
        &self.id
    }

    /// The answer to "whose token is this?".
    pub(crate) fn describe(&self) -> Value {
        json!({
            "id": &*self.id, "name": &*self.name, "owner_id": &*self.user, "login_path": &*self.name,
            "state": "active", "retention_period_days": 90,
            "created_at": Millis(0).date_time(), "updated_at": Millis(0).date_time(),
        })
    }

    /// The user behind all tokens of the organisation.
    pub(crate) fn describe_user(&self) -> Value {
        json!({
            "id": &*self.user, "email": "user@example.test", "full_name": "A user",
            "preferred_name": "user", "active": true,
            "created_at": Millis(0).date_time(), "updated_at": Millis(0).date_time(),
        })
    }
}
