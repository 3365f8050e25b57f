//! From Kong custom resources to Kong entities and statuses: one file a kind.
