//! The engine, a simulated cluster and a simulated Konnect under one clock, in one thread.
