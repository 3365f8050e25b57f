//! The state machine: what changed, what is wanted, what is believed, and what to do next.
