//! A Kubernetes API server in memory: a value that answers requests and tells its watchers.
