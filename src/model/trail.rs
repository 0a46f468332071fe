//! Trails: the lines by which a value came to be what it is. A region may be written in a variables file, pass through a
//! variable and a local, and reach the resource by a provider's alias; who reads a finding must see each of these lines.

use std::borrow::Cow;
use std::sync::Arc;

use crate::source::Location;

/// One line on the way of a value, with what happens there: "variable `region` gets its value here".
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrailStep {
    pub location: Location,
    pub text: Cow<'static, str>,
}

/// From the line that uses a value to the line that states it. Cheap to copy: values share what they have in common.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Trail(Option<Arc<Node>>);

#[derive(Debug, PartialEq, Eq)]
struct Node {
    step: TrailStep,
    next: Trail,
    length: u8,
}

impl Trail {
    /// Longer ways exist only in configurations made to be long.
    pub const MAX_STEPS: usize = 24;

    /// The line that states a value.
    pub fn stated(location: Location, text: impl Into<Cow<'static, str>>) -> Self {
        Self::default().through(location, text)
    }

    /// The same value, used once more at `location`.
    pub fn through(&self, location: Location, text: impl Into<Cow<'static, str>>) -> Self {
        // Beyond the bound the oldest lines are kept: they state the value.
        let length = self.len();
        if length >= Self::MAX_STEPS {
            return self.clone();
        }
        let length = u8::try_from(length + 1).unwrap_or(u8::MAX);
        Self(Some(Arc::new(Node { step: TrailStep { location, text: text.into() }, next: self.clone(), length })))
    }

    pub fn len(&self) -> usize {
        self.0.as_ref().map_or(0, |n| usize::from(n.length))
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_none()
    }

    /// From the use to the statement.
    pub fn steps(&self) -> impl Iterator<Item = &TrailStep> {
        std::iter::successors(self.0.as_deref(), |n| n.next.0.as_deref()).map(|n| &n.step)
    }
}

impl FromIterator<TrailStep> for Trail {
    /// Steps from the use to the statement.
    fn from_iter<I: IntoIterator<Item = TrailStep>>(steps: I) -> Self {
        let mut steps: Vec<TrailStep> = steps.into_iter().collect();
        steps.reverse();
        steps.into_iter().fold(Self::default(), |trail, step| trail.through(step.location, step.text))
    }
}
