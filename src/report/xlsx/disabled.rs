//! Built without the feature `xlsx`.

use std::io;

use crate::finding::Assessment;
use crate::lang::Lang;
use crate::source::Sources;

pub const BUILT_IN: bool = false;

pub fn write(_: &Assessment, _: &Sources, _: Lang) -> io::Result<Vec<u8>> {
    Err(io::Error::from(io::ErrorKind::Unsupported))
}
