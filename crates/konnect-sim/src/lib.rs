//! Konnect in memory: a value that answers requests.
