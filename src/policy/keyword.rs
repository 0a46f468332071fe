//! The fixed words of the policy language, as files write them.

use super::{Apart, Between, Binding, Combine, Keep, Status, Verification, Window};
use crate::doc::types::Word;
use crate::finding::{Reading, State, Verdict};
use crate::model::DomainKind;
use crate::model::population::OriginAxis;

impl Word for Binding {
    const NAME: &'static str = "binding";
    const ALL: &'static [Self] =
        &[Self::Statute, Self::Regulation, Self::Direction, Self::Standard, Self::Certification, Self::Contract, Self::Company];

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

impl Word for Status {
    const NAME: &'static str = "status";
    const ALL: &'static [Self] =
        &[Self::InForce, Self::Pending, Self::Suspended, Self::Inapplicable, Self::Repealed, Self::Contested];

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

impl Word for Verification {
    const NAME: &'static str = "verification";
    const ALL: &'static [Self] = &[Self::Primary, Self::Secondary, Self::Memory];

    fn word(self) -> &'static str {
        match self {
            Self::Primary => "primary",
            Self::Secondary => "secondary",
            Self::Memory => "memory",
        }
    }
}

impl Word for State {
    const NAME: &'static str = "state";
    const ALL: &'static [Self] = &Self::ALL;

    fn word(self) -> &'static str {
        self.as_str()
    }
}

impl Word for Reading {
    const NAME: &'static str = "reading";
    const ALL: &'static [Self] = &Self::ALL;

    fn word(self) -> &'static str {
        self.as_str()
    }
}

/// As tests expect them: nothing is waived there.
impl Word for Verdict {
    const NAME: &'static str = "verdict";
    const ALL: &'static [Self] =
        &[Self::Satisfied, Self::Violated, Self::Indeterminate, Self::NotApplicable, Self::Unsatisfiable, Self::Conflict];

    fn word(self) -> &'static str {
        self.as_str()
    }
}

impl Word for OriginAxis {
    const NAME: &'static str = "axis of origin";
    const ALL: &'static [Self] = &Self::ALL;

    fn word(self) -> &'static str {
        self.as_str()
    }
}

impl Word for DomainKind {
    const NAME: &'static str = "loss domain";
    const ALL: &'static [Self] = &Self::ALL;

    fn word(self) -> &'static str {
        self.as_str()
    }
}

impl Word for Apart {
    const NAME: &'static str = "thing to keep apart";
    const ALL: &'static [Self] = &[
        Self::Domain(DomainKind::Account),
        Self::Domain(DomainKind::Operator),
        Self::Principal,
        Self::Domain(DomainKind::Zone),
        Self::Domain(DomainKind::Site),
        Self::Domain(DomainKind::Campus),
        Self::Domain(DomainKind::Metro),
        Self::Domain(DomainKind::Region),
        Self::Domain(DomainKind::Provider),
        Self::Domain(DomainKind::Carrier),
        Self::Domain(DomainKind::Country),
    ];

    fn word(self) -> &'static str {
        self.as_str()
    }
}

impl Word for Combine {
    const NAME: &'static str = "way to combine";
    const ALL: &'static [Self] = &[Self::Intersection, Self::PerSubject, Self::Nexus, Self::Controller];

    fn word(self) -> &'static str {
        match self {
            Self::Intersection => "intersection",
            Self::PerSubject => "per-subject",
            Self::Nexus => "nexus",
            Self::Controller => "controller",
        }
    }
}

impl Word for Keep {
    const NAME: &'static str = "thing to keep";
    const ALL: &'static [Self] =
        &[Self::ServingPath, Self::FullCopy, Self::Identity, Self::Keys, Self::Dns, Self::ControlPlane];

    fn word(self) -> &'static str {
        match self {
            Self::ServingPath => "serving-path",
            Self::FullCopy => "full-copy",
            Self::Identity => "identity",
            Self::Keys => "keys",
            Self::Dns => "dns",
            Self::ControlPlane => "control-plane",
        }
    }
}

impl Word for Between {
    const NAME: &'static str = "pair to keep apart";
    const ALL: &'static [Self] = &[Self::StoreAndBackups];

    fn word(self) -> &'static str {
        match self {
            Self::StoreAndBackups => "store-and-backups",
        }
    }
}

impl Word for Window {
    const NAME: &'static str = "window";
    const ALL: &'static [Self] = &[Self::CalendarYear, Self::TrailingTwelveMonths];

    fn word(self) -> &'static str {
        match self {
            Self::CalendarYear => "calendar-year",
            Self::TrailingTwelveMonths => "trailing-12-months",
        }
    }
}
