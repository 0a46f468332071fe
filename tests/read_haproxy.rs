//! The HAProxy reader against folders of input and expected facts, against real files, and against damaged text.
#![allow(clippy::disallowed_methods, clippy::unwrap_used, clippy::print_stdout)] // a test opens files, may panic and says what it skips

mod facts;

use onshore::model::Spill;
use onshore::read::haproxy::Haproxy;
use onshore::read::{Reader, Recognized};
use onshore::source::Sources;
use proptest::prelude::*;

#[test]
fn cases() {
    facts::golden(&Haproxy, "tests/read/haproxy", 14);
}
