//! What did happen? Flow logs in, a tally by who sent what where out. Knows places and the inventory's addresses, no policy; what
//! a tally means for rules is `check`'s.
//!
//! 1. [`label`]: addresses to parties, from a table that is compiled once.
//! 2. [`open`], [`read`]: logs as streams of rows, one file a format.
//! 3. [`tally`]: flows counted by sender, receiver, way and hour, mergeable and bounded.
//! 4. [`count()`]: all logs on all processors; an engine that spreads over machines calls the same three.
//! 5. [`part`]: a tally as a file, to be merged with others.
//! 6. [`convert`]: logs as compact files, which are counted faster.

pub mod convert;
mod count;
mod counter;
pub mod flow;
pub mod label;
pub mod open;
pub mod parquet;
pub mod parse;
pub mod part;
mod pieces;
pub mod read;
pub mod table;
pub mod tally;

pub use count::{Log, Reading, Share, count, count_share};
pub use label::{Labels, Party, PartyId};
pub use tally::{Grain, Key, Rows, Sample, Sum, Tally, Way};
