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
//!
//! # As a library
//!
//! [`assess`] is `onshore check` as a function: a [`Request`] names the folder and the day, [`Assessed`] holds the verdicts, findings
//! and gaps, and writes any report. That, and the plain data that it gives out, is the public surface; other modules are for the
//! program and its tests and may change at any time. From another language, `onshore check --format json` says the same.
//!
//! ```
//! let request = onshore::Request::new("tests/cases/zoom-2020", "2026-11-22")?;
//! let assessed = onshore::assess(&request)?;
//! for finding in assessed.findings() {
//!     let at = finding.location.map(|at| assessed.line(at)).unwrap_or_default();
//!     println!("{at}: {} {}", finding.verdict.as_str(), finding.message);
//! }
//! assert_eq!(assessed.exit_code(), 1);
//! # Ok::<(), onshore::Error>(())
//! ```

pub use cli::embed::{Assessed, Error, Request, assess};
pub use finding::{
    Finding, GapResult, Hop, HopRoute, KnownPlace, Label, Read, Reading, RuleResult, Severity, State, Verdict, Waived, WaivedBy,
};
pub use lang::{Lang, Message};
pub use model::{Country, Place, RouteRole};
pub use source::Location;

#[doc(hidden)]
pub mod check;
#[doc(hidden)]
pub mod cli;
#[doc(hidden)]
pub mod doc;
#[doc(hidden)]
pub mod explain;
#[doc(hidden)]
pub mod finding;
#[doc(hidden)]
pub mod geo;
#[doc(hidden)]
pub mod lang;
#[doc(hidden)]
pub mod link;
#[doc(hidden)]
pub mod model;
#[doc(hidden)]
pub mod policy;
#[doc(hidden)]
pub mod project;
#[doc(hidden)]
pub mod reach;
#[doc(hidden)]
pub mod read;
#[doc(hidden)]
pub mod report;
#[doc(hidden)]
pub mod source;
#[doc(hidden)]
pub mod traffic;
#[doc(hidden)]
pub mod vocab;
