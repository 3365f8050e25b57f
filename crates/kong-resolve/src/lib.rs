//! The world, the view of it that records what was read, references, grants and conditions.
