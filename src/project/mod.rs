//! The user's project file, `onshore.toml`: what to read, whose data, which policies, how to gate.

mod parse;
mod raw;
pub mod recipient;
pub mod transfer;
pub mod waiver;

use std::collections::BTreeMap;

use ipnetwork::IpNetwork;
use jiff::civil::Date;

use crate::finding::{Reading, Severity};
use crate::lang::Lang;
use crate::model::population::{OriginAxis, Subject};
use crate::model::{DeclaredPlace, LossDomain};
use crate::source::{Location, Spanned};

pub use parse::{parse, parse_within};
pub use raw::schema;
pub use recipient::Recipient;
pub use transfer::Transfer;
pub use waiver::Waiver;

/// What `onshore.toml` says, checked; also the defaults when there is none.
#[derive(Clone, Debug, Default)]
pub struct Project {
    pub name: Option<String>,
    pub name_zh: Option<String>,
    pub owner: Option<String>,
    pub notify: Option<Notify>,
    /// Of what people read; `None`: the project does not say.
    pub lang: Option<Lang>,
    pub inputs: Inputs,
    /// Files (relative to the project root) and `pack:NAME`.
    pub policies: Vec<Spanned<String>>,
    pub fail_on: Option<Severity>,
    pub indeterminate: Indeterminate,
    pub waivers: Vec<Waiver>,
    /// How long a waiver may run; `None`: [`waiver::MAX_DAYS`].
    pub max_waiver_days: Option<u32>,
    /// Whether comments in the files that are read may waive.
    pub refuse_comments: bool,
    /// The transfer register; `None`: the project keeps none.
    pub transfers: Option<Vec<Transfer>>,
    /// Who operates what.
    pub recipients: Vec<Recipient>,
    /// Contested points (`pack/point`) and how they are read; the others strictly.
    pub readings: BTreeMap<String, Spanned<Reading>>,
    pub operator: Operator,
    pub populations: Vec<PopulationEntry>,
    pub classify: Vec<Classify>,
    pub geo: GeoSettings,
    /// `None` when the project has no file.
    pub location: Option<Location>,
}

impl Project {
    /// What people call it.
    pub fn called(&self, lang: Lang) -> Option<&str> {
        self.name_zh.as_deref().filter(|_| lang == Lang::Zh).or(self.name.as_deref())
    }
}

#[derive(Clone, Debug)]
pub struct Notify {
    pub within_hours: u64,
    pub contact: String,
}

#[derive(Clone, Debug, Default)]
pub struct Inputs {
    /// Globs relative to the project root; empty: everything that a reader recognizes.
    pub include: Vec<Spanned<String>>,
    pub exclude: Vec<Spanned<String>>,
    pub overrides: Vec<InputOverride>,
}

/// `[[inputs.override]]`: facts about some files that the files cannot say.
#[derive(Clone, Debug)]
pub struct InputOverride {
    /// A glob.
    pub path: Spanned<String>,
    /// Forces the format.
    pub format: Option<Spanned<String>>,
    /// What these files describe runs at this site, unless they say otherwise.
    pub site: Option<Spanned<String>>,
    /// Private addresses in these files belong to this scope.
    pub network_scope: Option<Spanned<String>>,
    pub provider: Option<Spanned<String>>,
    /// What these files describe stands in this region, unless they say otherwise.
    pub region: Option<Spanned<String>>,
    pub account: Option<Spanned<String>>,
    /// Values of variables or parameters.
    pub variables: BTreeMap<String, Spanned<String>>,
    pub variable_files: Vec<Spanned<String>>,
    /// Field of an endpoint -> column of a table.
    pub columns: BTreeMap<String, Spanned<String>>,
}

/// What to do with rules that could not be decided.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Indeterminate {
    #[default]
    Fail,
    Warn,
}

#[derive(Clone, Debug, Default)]
pub struct Operator {
    pub name: Option<String>,
    /// Operator facts; what is not here is undeclared, not false.
    pub facts: BTreeMap<String, Spanned<Attested>>,
}

/// What somebody says of the operator.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attested {
    pub value: bool,
    /// Last day; `None`: without an end.
    pub until: Option<Date>,
    pub by: Option<String>,
    pub evidence: Option<String>,
}

impl Operator {
    /// A fact as it is declared on a day; `None`: it is not, or no longer.
    pub fn fact(&self, id: &str, as_of: Date) -> Option<bool> {
        self.facts.get(id).filter(|f| f.value.until.is_none_or(|day| day >= as_of)).map(|f| f.value.value)
    }

    /// The day after which a fact is no longer declared, if that has passed.
    pub fn lapsed(&self, id: &str, as_of: Date) -> Option<Date> {
        self.facts.get(id)?.value.until.filter(|day| *day < as_of)
    }
}

#[derive(Clone, Debug)]
pub struct PopulationEntry {
    pub id: Spanned<String>,
    pub subject: Subject,
    pub other_axes: Vec<(OriginAxis, Vec<crate::model::Country>)>,
    pub data: Vec<Spanned<String>>,
    pub enters: Vec<Spanned<String>>,
    pub subjects: Option<u64>,
    pub location: Location,
}

/// `[[classify]]`: a selector over endpoints, and what they hold.
#[derive(Clone, Debug)]
pub struct Classify {
    pub selector: Selector,
    pub subject: Subject,
    pub data: Vec<Spanned<String>>,
    pub subjects: Option<u64>,
    pub location: Location,
}

/// All given keys must match; values are globs.
#[derive(Clone, Debug, Default)]
pub struct Selector {
    pub id: Option<Spanned<String>>,
    pub kind: Option<Spanned<String>>,
    pub name: Option<Spanned<String>>,
    pub tag: BTreeMap<String, Spanned<String>>,
    pub account: Option<Spanned<String>>,
    pub region: Option<Spanned<String>>,
    pub provider: Option<Spanned<String>>,
    pub site: Option<Spanned<String>>,
    pub file: Option<Spanned<String>>,
}

/// `[geo]`.
#[derive(Clone, Debug, Default)]
pub struct GeoSettings {
    /// MMDB files, first match wins; before the embedded default.
    pub databases: Vec<Spanned<String>>,
    /// Published ranges and geofeeds (RFC 8805), as files.
    pub ranges: Vec<Spanned<String>>,
    /// Bases that are good enough to satisfy a rule; empty: all.
    pub accept: Vec<Spanned<String>>,
    pub warn_age_days: Option<u32>,
    pub max_age_days: Option<u32>,
    pub overrides: Vec<GeoOverride>,
}

/// `[[geo.override]]`: a person says where something stands.
#[derive(Clone, Debug)]
pub struct GeoOverride {
    pub target: OverrideTarget,
    pub place: DeclaredPlace,
    pub domains: Vec<LossDomain>,
    pub because: Option<String>,
    pub location: Location,
}

#[derive(Clone, Debug)]
pub enum OverrideTarget {
    Endpoints(Box<Selector>),
    Network(IpNetwork),
}

#[cfg(test)]
mod tests;
