//! onshore: for people of origin O whose data of class D enters here, in which places is it stored, processed, passed through
//! or looked at - in normal running, under overload, after a loss - and does policy allow that?
//!
//! ```text
//!  text, rows     facts + gaps     ids        places          reach            verdicts         bytes
//!  source ──▶ read ──▶ model ──▶ link ──▶ geo ──┐
//!                                    └──▶ reach ┴──▶ check (policy) ──▶ finding ──▶ report
//!             traffic ──▶ observed flows, tallied ──┘
//! ```
//!
//! **Invariant: nothing unknown ever passes.** Readers give facts and gaps, never fail as a whole, and never drop what could
//! change the answer. A gap or an unknown place makes each rule that it may touch indeterminate, not satisfied.
//!
//! **Invariant: same inputs, same bytes out.** No output depends on hashing, on the clock or on the order of files.

pub mod check;
pub mod cli;
pub mod doc;
pub mod explain;
pub mod finding;
pub mod geo;
pub mod link;
pub mod model;
pub mod policy;
pub mod project;
pub mod reach;
pub mod read;
pub mod report;
pub mod source;
pub mod traffic;
pub mod vocab;
