//! Kubernetes API types of every custom resource that Konduit serves, and the list of kinds.
