//! Gaps: what was seen and not understood. A gap makes every rule that it may touch indeterminate, never satisfied.

use super::endpoint::EndpointId;
use super::facts::Reference;
use crate::source::Location;

/// What a gap may change. Readers name endpoints by [`Reference`]; after linking they are ids.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum GapScope<E> {
    /// Could hold any fact at all (an input that nobody read): touches every rule.
    Everything,
    /// Could add or change routes of these endpoints, or what they are: touches rules whose data gets there.
    Endpoints(Vec<E>),
    /// Worth saying, but cannot change where data goes.
    Nothing,
}

#[derive(Clone, Debug)]
pub struct Gap<E = EndpointId> {
    /// Stable, kebab-case: `unresolved-variable`, `undefined-name`, `missing-include`; `onshore explain` knows it.
    pub code: &'static str,
    /// What was met and why it could not be followed, in one sentence without a full stop.
    pub message: String,
    /// What to do about it, in one sentence.
    pub help: Option<String>,
    pub location: Location,
    pub scope: GapScope<E>,
}

/// A gap as a reader gives it.
pub type Unread = Gap<Reference>;
