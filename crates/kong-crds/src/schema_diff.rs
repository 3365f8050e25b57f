//! Semantic comparison of custom resource definitions.
