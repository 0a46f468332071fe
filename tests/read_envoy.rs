//! The Envoy reader against folders of input and expected facts, against real files, and against damaged text.
#![allow(clippy::disallowed_methods, clippy::unwrap_used, clippy::print_stdout)] // a test opens files, may panic and says what it skips

mod facts;

use onshore::read::envoy::Envoy;

#[test]
fn cases() {
    facts::golden(&Envoy, "tests/read/envoy", 8);
}
