//! What can reach what: hand-written worlds, and random small ones against oracles that try every path.

mod build;
mod cases;
mod properties;
