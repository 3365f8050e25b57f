//! For tests only: builders, scenarios, fault plans, invariants.
