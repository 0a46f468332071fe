//! The fixed words of the policy language, and how each is written in a file and said in a sentence.

use super::{Between, Binding, Combine, Keep, Status, Verification, Window};
use crate::finding::{Severity, State};
use crate::model::DomainKind;
use crate::model::population::OriginAxis;

/// A word from a fixed list.
pub trait Keyword: Copy + 'static {
    /// What it is one of, as a message says it: "binding".
    const WHAT: &'static str;

    fn all() -> &'static [Self];

    /// As files write it.
    fn word(self) -> &'static str;

    fn from_word(word: &str) -> Option<Self> {
        Self::all().iter().copied().find(|k| k.word() == word)
    }
}

impl Keyword for Binding {
    const WHAT: &'static str = "binding";

    fn all() -> &'static [Self] {
        &[Self::Statute, Self::Regulation, Self::Direction, Self::Standard, Self::Certification, Self::Contract, Self::Company]
    }

    fn word(self) -> &'static str {
        match self {
            Self::Statute => "statute",
            Self::Regulation => "regulation",
            Self::Direction => "direction",
            Self::Standard => "standard",
            Self::Certification => "certification",
            Self::Contract => "contract",
            Self::Company => "company",
        }
    }
}

impl Keyword for Status {
    const WHAT: &'static str = "status";

    fn all() -> &'static [Self] {
        &[Self::InForce, Self::Pending, Self::Suspended, Self::Inapplicable, Self::Repealed, Self::Contested]
    }

    fn word(self) -> &'static str {
        match self {
            Self::InForce => "in-force",
            Self::Pending => "pending",
            Self::Suspended => "suspended",
            Self::Inapplicable => "inapplicable",
            Self::Repealed => "repealed",
            Self::Contested => "contested",
        }
    }
}

impl Keyword for Verification {
    const WHAT: &'static str = "verification";

    fn all() -> &'static [Self] {
        &[Self::Primary, Self::Secondary, Self::Memory]
    }

    fn word(self) -> &'static str {
        match self {
            Self::Primary => "primary",
            Self::Secondary => "secondary",
            Self::Memory => "memory",
        }
    }
}

impl Keyword for Severity {
    const WHAT: &'static str = "severity";

    fn all() -> &'static [Self] {
        &Self::ALL
    }

    fn word(self) -> &'static str {
        self.as_str()
    }
}

impl Keyword for State {
    const WHAT: &'static str = "state";

    fn all() -> &'static [Self] {
        &Self::ALL
    }

    fn word(self) -> &'static str {
        self.as_str()
    }
}

impl Keyword for OriginAxis {
    const WHAT: &'static str = "axis of origin";

    fn all() -> &'static [Self] {
        &Self::ALL
    }

    fn word(self) -> &'static str {
        self.as_str()
    }
}

impl Keyword for DomainKind {
    const WHAT: &'static str = "loss domain";

    fn all() -> &'static [Self] {
        &Self::ALL
    }

    fn word(self) -> &'static str {
        self.as_str()
    }
}

impl Keyword for Combine {
    const WHAT: &'static str = "way to combine";

    fn all() -> &'static [Self] {
        &[Self::Intersection, Self::PerSubject, Self::Nexus, Self::Controller]
    }

    fn word(self) -> &'static str {
        match self {
            Self::Intersection => "intersection",
            Self::PerSubject => "per-subject",
            Self::Nexus => "nexus",
            Self::Controller => "controller",
        }
    }
}

impl Keyword for Keep {
    const WHAT: &'static str = "thing to keep";

    fn all() -> &'static [Self] {
        &[Self::ServingPath, Self::FullCopy, Self::Identity, Self::Keys, Self::Dns]
    }

    fn word(self) -> &'static str {
        match self {
            Self::ServingPath => "serving-path",
            Self::FullCopy => "full-copy",
            Self::Identity => "identity",
            Self::Keys => "keys",
            Self::Dns => "dns",
        }
    }
}

impl Keyword for Between {
    const WHAT: &'static str = "pair to keep apart";

    fn all() -> &'static [Self] {
        &[Self::StoreAndBackups]
    }

    fn word(self) -> &'static str {
        match self {
            Self::StoreAndBackups => "store-and-backups",
        }
    }
}

impl Keyword for Window {
    const WHAT: &'static str = "window";

    fn all() -> &'static [Self] {
        &[Self::CalendarYear, Self::TrailingTwelveMonths]
    }

    fn word(self) -> &'static str {
        match self {
            Self::CalendarYear => "calendar-year",
            Self::TrailingTwelveMonths => "trailing-12-months",
        }
    }
}
