//! The transfer register: transfers that somebody recorded with what allows them. Whether an entry covers what was found, `check`
//! decides; whether the mechanism is valid, lawyers do.

use jiff::civil::Date;

use super::Selector;
use crate::source::{Location, Spanned};

/// One entry of the register.
#[derive(Clone, Debug)]
pub struct Transfer {
    /// What allows it: an id of `data/mechanisms.toml`.
    pub mechanism: Spanned<String>,
    /// Who gets the data, as people call them.
    pub recipient: String,
    /// What the recipient operates.
    pub selector: Selector,
    pub data: Vec<Spanned<String>>,
    /// Whose data: place codes and named sets.
    pub from: Vec<String>,
    /// Where it may go: place codes and named sets.
    pub to: Vec<String>,
    pub purpose: String,
    /// The contract, filing or decision, as the operator's own records call it.
    pub evidence: String,
    /// First and last day; `None`: without an end.
    pub valid_from: Date,
    pub valid_until: Option<Spanned<Date>>,
    pub location: Location,
}

impl Transfer {
    pub fn is_current(&self, as_of: Date) -> bool {
        self.valid_from <= as_of && self.valid_until.as_ref().is_none_or(|until| until.value >= as_of)
    }
}
