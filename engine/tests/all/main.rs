//! The engine as processes on this machine: what it counts is what `onshore traffic` counts, byte for byte, and whatever is lost, cut off,
//! full or of another database ends in that answer or in a clear error.
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "it writes and reads what it compares"
)]

mod answers;
mod example;
mod faults;
mod objects;
mod processes;
mod rows;
