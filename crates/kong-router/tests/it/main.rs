//! The model against what Kong Gateway answered, record by record.

#![allow(missing_docs, reason = "tests")]

mod balancing;
mod records;
mod routing;
mod validity;
