//! A workbook (XLSX) for people who sort and filter: a sheet for each table, numbers and days as such, a filter on every column. What it
//! is made with comes in by the cargo feature `xlsx`; without it [`BUILT_IN`] is false, and nobody calls [`write`].

#[cfg(not(feature = "xlsx"))]
mod disabled;
#[cfg(feature = "xlsx")]
mod enabled;

#[cfg(not(feature = "xlsx"))]
pub use disabled::{BUILT_IN, write};
#[cfg(feature = "xlsx")]
pub use enabled::{BUILT_IN, write};
