//! What happened, as text that can be compared: for runs that must be equal, and for reading a failure.
//!
//! Depends on nothing but the driver's steps.

use std::fmt::Write as _;

use kong_driver::Step;

/// The steps of a run.
#[derive(Debug)]
pub struct Trace {
    hash: u64,
    lines: Option<Vec<String>>,
    text: String,
}

impl Trace {
    /// Remembers only a number that two runs share if, as good as certainly, they are the same.
    pub fn hashed() -> Self {
        Self {
            // The offset basis of the hash of Fowler, Noll and Vo.
            hash: 0xcbf2_9ce4_8422_2325,
            lines: None,
            text: String::new(),
        }
    }

    /// Keeps every line.
    pub fn kept() -> Self {
        Self {
            lines: Some(Vec::new()),
            ..Self::hashed()
        }
    }

    /// The number.
    pub fn hash(&self) -> u64 {
        self.hash
    }

    /// The lines, if they were kept.
    pub fn lines(&self) -> &[String] {
        self.lines.as_deref().unwrap_or_default()
    }

    /// A step, as it prints itself.
    pub fn note(&mut self, step: &Step) {
        self.text.clear();
        let written = match step {
            Step::Sent(sent) => write!(
                self.text,
                "{} ms {:?} #{} {:?}{} -> {:?}",
                sent.at.0,
                sent.replica,
                sent.index,
                sent.action,
                if sent.reached {
                    ""
                } else {
                    " (did not arrive)"
                },
                sent.outcome
            ),
            Step::Told(told) => write!(self.text, "  {:?} told {:?}", told.replica, told.input),
            Step::Waited(time) => write!(self.text, "-- {} ms", time.0),
        };
        written.expect("writing to a String cannot fail");
        for byte in self.text.bytes() {
            self.hash = (self.hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
        if let Some(lines) = &mut self.lines {
            let line: String = self.text.chars().take(3_000).collect();
            lines.push(line);
        }
    }

    /// Something from outside.
    pub fn say(&mut self, what: &str) {
        for byte in what.bytes() {
            self.hash = (self.hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
        if let Some(lines) = &mut self.lines {
            lines.push(format!("== {what}"));
        }
    }
}
