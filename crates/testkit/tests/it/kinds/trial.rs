//! What one example does in its world, and what it ought to have done otherwise.

use kong_resolve::Key;
use testkit::{Act, Scene};

use super::{PERIOD, ledger};

/// An example in its world.
pub(super) struct Trial {
    /// The example.
    pub(super) key: Key,
    /// The world.
    pub(super) scene: Scene,
    complaints: Vec<String>,
}

impl Trial {
    pub(super) fn new(key: Key, scene: Scene) -> Self {
        Self {
            key,
            scene,
            complaints: Vec::new(),
        }
    }

    /// Something happens, and all that follows from it within two sync periods. Only that is counted then.
    pub(super) fn act(&mut self, act: &Act) {
        self.scene.clear_logs();
        if let Err(refused) = self.scene.act(act) {
            let complaint = format!("{}: {act:?}: {refused:?}", self.key);
            self.complaints.push(complaint);
        }
        self.scene.run_for(2 * PERIOD + 10_000);
    }

    /// What has to hold.
    pub(super) fn ask(&mut self, holds: bool, what: &str) {
        if !holds {
            let status = self.scene.status(&self.key);
            let complaint = format!("{}: {what}: {status:#}", self.key);
            self.complaints.push(complaint);
        }
    }

    /// All its conditions are True.
    pub(super) fn is_well(&mut self, when: &str) {
        let well = ledger::is_well(&self.scene, &self.key);
        self.ask(well, &format!("it is not programmed {when}"));
    }

    /// The reason of a condition; empty without one.
    pub(super) fn reason(&self, condition: &str) -> String {
        let condition = self.scene.condition(&self.key, condition);
        condition["reason"].as_str().unwrap_or_default().to_owned()
    }

    /// A restart changes nothing.
    pub(super) fn survives_a_restart(&mut self, when: &str) {
        self.act(&Act::Restart);
        let silent = self.scene.writes() == (0, 0);
        self.ask(silent, &format!("a restart writes {when}"));
    }

    /// It is deleted, and goes.
    pub(super) fn goes(&mut self) {
        self.act(&Act::Delete(vec![self.key.clone()]));
        let gone = self.scene.object(&self.key).is_none();
        self.ask(gone, "it does not go");
    }

    /// What it did not do, and the rules that were broken meanwhile.
    pub(super) fn end(self) -> Vec<String> {
        let broken = self.scene.watchdog.violations.iter();
        let broken = broken.map(|it| format!("{}: {it:?}", self.key));
        self.complaints.into_iter().chain(broken).collect()
    }
}
