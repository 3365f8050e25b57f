//! Which effects go wrong, and how.
//!
//! A [`FaultPlan`] is asked about every effect by its number. It remembers what it did, since a crash is
//! visible nowhere else. Depends on the driver only.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use kong_driver::{Driver, Fault, Machine, Schedule};
use kong_engine::{Action, Effect};

/// Every fault of the crash sweep, with a name for the command line.
pub const FAULTS: [(&str, Fault); 8] = [
    ("not-sent", Fault::NotSent),
    ("reply-lost", Fault::ReplyLost),
    ("crash", Fault::Crash),
    ("crash-before", Fault::CrashBefore),
    ("409", Fault::Refused(409, None)),
    ("429", Fault::Refused(429, Some(2))),
    ("500", Fault::Refused(500, None)),
    ("401", Fault::Refused(401, None)),
];

/// Whether a fault means anything for an action: the API server neither limits us nor doubts our token.
pub fn concerns(fault: Fault, action: &Action) -> bool {
    match (fault, action) {
        (
            Fault::Refused(401 | 429, _),
            Action::Status { .. } | Action::Finalizers { .. } | Action::Mint(_),
        ) => false,
        (
            Fault::NotSent
            | Fault::ReplyLost
            | Fault::Crash
            | Fault::CrashBefore
            | Fault::Refused(..),
            _,
        ) => true,
    }
}

/// What goes wrong in a run.
#[derive(Clone, Debug)]
pub enum FaultPlan {
    /// Nothing.
    Nothing,
    /// One effect, by its number.
    At(u64, Fault),
    /// One effect in so many, drawn from a seed.
    Often(u64, u64),
}

/// What went wrong, by the number of the effect.
#[derive(Clone, Debug, Default)]
pub struct FaultLog(Rc<RefCell<BTreeMap<u64, Fault>>>);

impl FaultLog {
    /// What went wrong with an effect.
    pub fn of(&self, index: u64) -> Option<Fault> {
        self.0.borrow().get(&index).copied()
    }

    /// How many effects went wrong.
    pub fn len(&self) -> usize {
        self.0.borrow().len()
    }

    /// Whether nothing went wrong.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl FaultPlan {
    /// Puts the plan in force; what it does will be in the log.
    pub fn govern<M: Machine>(self, driver: &mut Driver<M>, log: &FaultLog) {
        let log = log.clone();
        let mut draw = match self {
            Self::Nothing => return driver.clear_plan(),
            Self::At(number, fault) => {
                let mut left = Some((number, fault));
                Box::new(move |index: u64, _: &Effect| {
                    left.take_if(|(number, _)| *number == index)
                        .map(|(_, fault)| fault)
                }) as Box<dyn FnMut(u64, &Effect) -> Option<Fault>>
            }
            Self::Often(seed, one_in) => {
                let mut dice = Schedule::wild(seed);
                Box::new(move |_, effect: &Effect| {
                    if dice.below(one_in) != 0 {
                        return None;
                    }
                    let at = usize::try_from(dice.below(FAULTS.len() as u64)).unwrap_or(0);
                    Some(FAULTS[at].1).filter(|fault| concerns(*fault, &effect.action))
                })
            }
        };
        driver.set_plan(move |_, index, effect| {
            let fault = draw(index, effect)?;
            log.0.borrow_mut().insert(index, fault);
            Some(fault)
        });
    }
}
