//! The rules that hold after every step, whatever goes wrong.
//!
//! The watchdog reads what the two simulators did, not what the engine believes. It keeps a small mirror
//! of both (`shadow`), what every engine has been told as far as permissions go (`knowledge`), and looks
//! only at what a step changed. A broken rule is a [`Violation`]; nothing is thrown, so that a test decides
//! what to expect. Start with [`Watchdog::took`].

mod knowledge;
mod secrets;
mod shadow;

use std::collections::BTreeMap;
use std::fmt;

use cluster_sim::Cluster;
use kong_crds::AnyParts;
use kong_driver::{ReplicaId, Sent, Step};
use kong_engine::{Action, Input, Mono, Outcome};
use kong_model::{Call, Collection, Failure, Reply};
use konnect_sim::Konnect;
use serde_json::Value;

use crate::act::Act;
use crate::document::{KEY_CANARY, key_of};
use crate::scene::{is_emptied, written};
use knowledge::Knowledge;
use shadow::Shadow;

pub use secrets::Secrets;
pub(crate) use shadow::{id_in, owner_key};

/// Whether an object holds this certificate: a Secret, or one that says it itself. Certificates of data planes carry
/// no tags.
fn holds_certificate(cluster: &Cluster, text: &str) -> bool {
    let same = |other: &[u8]| other.trim_ascii_end() == text.as_bytes().trim_ascii_end();
    let resources: Vec<_> = cluster.resources().cloned().collect();
    let mut objects = resources
        .iter()
        .flat_map(|resource| cluster.list(resource, None));
    objects.any(|object| {
        let inline = object["spec"]["cert"].as_str();
        let observed = kong_crds::read(Value::clone(object));
        let data = match observed.map(|observed| observed.parts) {
            Ok(Ok(AnyParts::Secret(secret))) => secret.spec.data.get("tls.crt").cloned(),
            Ok(Ok(_) | Err(_)) | Err(_) => None,
        };
        inline.is_some_and(|text| same(text.as_bytes())) || data.is_some_and(|data| same(&data))
    })
}

/// Rules of the suite, as the names by which a test refers to them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Rule {
    /// An object has at most one entity of a sort.
    OneEntity,
    /// What is not ours is never written to.
    NotOurs,
    /// Programmed is True only if Konnect holds that generation.
    Programmed,
    /// An id stays in the status while the entity lives.
    IdStays,
    /// The finalizer goes after the entity.
    FinalizerLast,
    /// No entity without its object.
    NoOrphan,
    /// The finalizer comes before the entity.
    FinalizerFirst,
    /// Nothing across namespaces without a grant.
    Granted,
    /// No secret in any status, message, log or dump.
    Secret,
    /// Nothing is sent while Konnect asked for a pause.
    RetryAfter,
    /// Nothing is written after the lease is over.
    Lease,
    /// In the end there is nothing left to do.
    Quiet,
    /// What Konnect holds is listed once a period.
    FewLists,
    /// In the end every object has an answer.
    Answered,
    /// In the end all is as without faults.
    SameEnd,
    /// Konnect refuses nothing that could have been known.
    NoRefusal,
    /// No more writes than needed.
    WriteCount,
}

/// A broken rule.
#[derive(Clone, Debug)]
pub struct Violation {
    /// Which.
    pub rule: Rule,
    /// How.
    pub how: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}: {}", self.rule, self.how)
    }
}

/// Who changed something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum By {
    /// An engine.
    Engine,
    /// Somebody else.
    User,
}

/// What must not be readable anywhere, not even its beginning, beside all [`Secrets`] that users have applied: tokens,
/// keys, and what tests put into the configuration of plugins.
const SECRETS: [&str; 3] = ["kpat_", KEY_CANARY, CONFIG_CANARY];
/// Secret values in the configuration of plugins have this in them.
pub const CONFIG_CANARY: &str = "canary-config";
/// A run that breaks rules breaks many; the first tell the story.
const ENOUGH: usize = 5;

/// Looks at every step.
#[derive(Debug, Default)]
pub struct Watchdog {
    /// Whether everything that is printable is searched for secrets, which is slow.
    pub reads_everything: bool,
    /// The rules that were broken, the first few.
    pub violations: Vec<Violation>,
    pub(crate) shadow: Shadow,
    knowledge: BTreeMap<ReplicaId, Knowledge>,
    secrets: Secrets,
    leases: BTreeMap<ReplicaId, (u64, Mono)>,
    closed_until: BTreeMap<ReplicaId, Mono>,
    /// Konnect writes that arrived.
    pub konnect_writes: u64,
}

impl Watchdog {
    /// An engine may write until a time.
    pub fn elected(&mut self, replica: ReplicaId, term: u64, fence: Mono) {
        for (other, (_, until)) in &self.leases {
            debug_assert!(
                *other == replica || *until <= fence,
                "leases are given out one after the other"
            );
        }
        self.leases.insert(replica, (term, fence));
    }

    /// An engine lost its memory.
    pub fn forget(&mut self, replica: ReplicaId) {
        self.knowledge.remove(&replica);
        self.closed_until.remove(&replica);
    }

    /// Notes a broken rule.
    pub fn report(&mut self, rule: Rule, how: impl Into<String>) {
        if self.violations.len() < ENOUGH {
            let how = how.into();
            self.violations.push(Violation { rule, how });
        }
    }

    /// Somebody else wrote to a collection: what was there is no longer what we know.
    pub fn disturbed(&mut self, at: Collection, konnect: &Konnect) {
        self.shadow.disturbed(at, konnect);
    }

    /// Catches up with what somebody did.
    pub fn look(&mut self, cluster: &Cluster, _konnect: &Konnect, by: By) {
        for problem in self.shadow.follow(cluster, by) {
            if self.violations.len() < ENOUGH {
                self.violations.push(problem);
            }
        }
    }

    /// Looks at a step that was just taken.
    pub fn took(&mut self, step: &Step, now: Mono, cluster: &Cluster, konnect: &Konnect) {
        match step {
            Step::Waited(_) => {}
            Step::Told(told) => {
                self.knowledge
                    .entry(told.replica)
                    .or_default()
                    .learn(&told.input);
                if let Input::Done(
                    _,
                    Outcome::Konnect(Err(Failure::RateLimited {
                        after: Some(seconds),
                    })),
                ) = &told.input
                {
                    let until = now.after(u64::from(*seconds) * 1_000);
                    let closed = self.closed_until.entry(told.replica).or_default();
                    *closed = until.max(*closed);
                }
                if self.reads_everything {
                    self.search("an input as it prints itself", &format!("{told:?}"));
                }
            }
            Step::Sent(sent) => {
                self.sent(sent, cluster, konnect);
            }
        }
    }

    fn sent(&mut self, sent: &Sent, cluster: &Cluster, konnect: &Konnect) {
        if self.reads_everything {
            self.search("an effect as it prints itself", &format!("{sent:?}"));
        }
        let late = matches!(sent.outcome, Outcome::NotSent);
        if sent.action.is_write() && !late {
            let (_, fence) = self.leases.get(&sent.replica).copied().unwrap_or_default();
            if sent.at > fence {
                self.report(
                    Rule::Lease,
                    format!(
                        "{:?} at {} ms, after its lease was over",
                        sent.action, sent.at.0
                    ),
                );
            }
        }
        match &sent.action {
            Action::Status { object, patch, .. } => {
                self.search(&format!("the status of {object}"), &patch.to_string());
            }
            Action::Finalizers { .. } | Action::Mint(_) => {}
            Action::Konnect { access, call } => {
                if let Some(closed) = self.closed_until.get(&sent.replica)
                    && sent.at < *closed
                    && !late
                {
                    self.report(
                        Rule::RetryAfter,
                        format!(
                            "{call:?} at {} ms; Konnect asked to wait until {} ms",
                            sent.at.0, closed.0
                        ),
                    );
                }
                if sent.reached {
                    let knowledge = self.knowledge.entry(sent.replica).or_default();
                    if let Some(how) = knowledge.token_is_known(access.token.reveal()) {
                        self.report(Rule::Granted, format!("{call:?}: {how}"));
                    }
                    self.asked(sent, call, cluster, konnect);
                }
            }
        }
        self.look(cluster, konnect, By::Engine);
    }

    /// A call that Konnect got.
    fn asked(&mut self, sent: &Sent, call: &Call, cluster: &Cluster, konnect: &Konnect) {
        let Some(site) = written(call) else { return };
        self.konnect_writes += 1;
        let target = match call {
            Call::Put { id, .. } | Call::Patch { id, .. } | Call::Remove { id, .. } => Some(id),
            Call::Post { .. } | Call::WhoAmI | Call::List { .. } | Call::Get { .. } => None,
        };
        let at = match site.at {
            // The members of a group are written under the id of the group.
            Collection::GroupMemberships => Collection::ControlPlanes,
            at => at,
        };
        if let Some(id) = target
            && self.shadow.is_foreign(at, id.as_str())
        {
            self.report(Rule::NotOurs, format!("{call:?}"));
        }
        // The objects first: what the entity needs of them is looked up below.
        self.look(cluster, konnect, By::Engine);
        match (&sent.outcome, call) {
            (Outcome::Konnect(Ok(_)), Call::Remove { .. }) => self.shadow.sweep(konnect),
            (Outcome::Konnect(Ok(Reply::Entity(entity))), _) if is_emptied(site.at, entity) => {
                self.shadow.sweep(konnect);
            }
            (
                Outcome::Konnect(Ok(Reply::Entity(entity))),
                Call::Put { .. } | Call::Post { .. } | Call::Patch { .. },
            ) => {
                for problem in self.shadow.written(site, entity) {
                    self.report(problem.rule, problem.how);
                }
                if let Some(owner) = shadow::owner_key(entity) {
                    let plane = site
                        .control_plane
                        .as_ref()
                        .and_then(|plane| self.shadow.plane_key(plane.as_str()));
                    let knowledge = self.knowledge.entry(sent.replica).or_default();
                    if let Some(how) = knowledge.forbids(&owner, plane.as_ref()) {
                        self.report(Rule::Granted, format!("{call:?}: {how}"));
                    }
                }
            }
            (
                Outcome::Konnect(_) | Outcome::Stored(_) | Outcome::NotStored(_) | Outcome::NotSent,
                _,
            ) => {}
        }
    }

    /// Learns the secrets in what a user does.
    pub fn learn(&mut self, act: &Act) {
        match act {
            Act::Apply(documents) => documents.iter().for_each(|it| self.learn_from(it)),
            Act::Plant(document) => self.learn_from(document),
            Act::Edit(key, patch) => self.secrets.learn(key.kind, patch),
            Act::Delete(_)
            | Act::WipeId(_)
            | Act::Elsewhere(_)
            | Act::Revoke(_)
            | Act::Accept(_)
            | Act::Restart
            | Act::Wait(_)
            | Act::Settle
            | Act::Collect => {}
        }
    }

    fn learn_from(&mut self, document: &Value) {
        if let Some(key) = key_of(document) {
            self.secrets.learn(key.kind, document);
        }
    }

    /// Searches a text for secrets.
    pub fn search(&mut self, what: &str, text: &str) {
        let known = SECRETS.iter().filter_map(|secret| text.find(secret));
        let Some(at) = known.chain(self.secrets.found_in(text)).next() else {
            return;
        };
        let start = text[..at]
            .char_indices()
            .rev()
            .nth(40)
            .map_or(0, |(at, _)| at);
        let around: String = text[start..].chars().take(90).collect();
        self.report(Rule::Secret, format!("{what} holds \"{around}\""));
    }

    /// What must be true when there is nothing left to do.
    pub fn at_rest(&mut self, cluster: &Cluster, konnect: &Konnect) {
        self.look(cluster, konnect, By::Engine);
        for problem in self.shadow.at_rest() {
            self.report(problem.rule, problem.how);
        }
        for (id, certificate) in konnect.entities(Collection::DataPlaneCertificates, None) {
            let text = certificate["cert"].as_str().unwrap_or_default();
            let foreign = self
                .shadow
                .is_foreign(Collection::DataPlaneCertificates, id);
            if !foreign && !holds_certificate(cluster, text) {
                let how = format!(
                    "the certificate {id} of data planes is left, and nothing in the cluster has it"
                );
                self.report(Rule::NoOrphan, how);
            }
        }
        let dump = konnect.dump().to_string();
        self.search("the dump of Konnect", &dump);
        if self.reads_everything {
            let log = format!("{:?}", konnect.log());
            self.search("the log of Konnect", &log);
        }
        let resources: Vec<_> = cluster.resources().cloned().collect();
        for resource in &resources {
            for object in cluster.list(resource, None) {
                if object["status"] != Value::Null {
                    let name = &object["metadata"]["name"];
                    let status = object["status"].to_string();
                    self.search(&format!("the status of {resource} {name}"), &status);
                    // What the schema puts there until somebody answers.
                    if status.contains("\"Waiting for controller\"") {
                        self.report(Rule::Answered, format!("{resource} {name}: {status}"));
                    }
                }
            }
        }
    }
}
