//! Where is it? One file per locator, tried in order of trust; all evidence is kept. Knows no routes and no policy.

pub mod atlas;
pub mod data_set;
mod evidence;
pub mod flat;
pub mod flatten;
pub mod hostname;
pub mod mmdb;
pub mod range;
pub mod range_file;
pub mod region;
pub mod special;
mod weigh;

use std::fmt;

pub use atlas::{Atlas, known_places};
pub use special::words as special_words;

use ipnetwork::IpNetwork;

use crate::lang::Message;
pub use crate::model::Basis;
use crate::model::Place;
use crate::source::Location;

/// What kind of answer a place is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// One machine in one place.
    Unicast,
    /// Stored or served in several of the places.
    MultiRegion,
    /// Announced from many places; where a packet ends depends on the sender.
    Anycast,
    /// A provider's global service without a place.
    Global,
    /// A CDN or edge location near the client.
    Edge,
    /// Special-purpose (IANA registries, provider-internal): has no place of its own.
    Special,
    /// Private and covered by no declared network.
    Private,
    Unknown,
}

impl Kind {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Unicast => "unicast",
            Self::MultiRegion => "multi-region",
            Self::Anycast => "anycast",
            Self::Global => "global",
            Self::Edge => "edge",
            Self::Special => "special",
            Self::Private => "private",
            Self::Unknown => "unknown",
        }
    }
}

/// Index into the atlas's data sets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DataSetId(pub u32);

/// One source's answer.
#[derive(Clone, Debug, PartialEq)]
pub struct Evidence {
    pub basis: Basis,
    pub kind: Kind,
    /// Possible places; empty: it knows the thing but not its place (`kind` says why).
    pub places: Vec<Place>,
    /// What matched: a site id, a region id with its provider, a host-name pattern.
    pub matched: String,
    pub network: Option<IpNetwork>,
    pub data_set: Option<DataSetId>,
    /// The user's line, for `override`, `site` and `region`.
    pub location: Option<Location>,
    /// City, coordinates, accuracy radius, registered country...: whatever a person should see.
    pub note: Option<Message>,
}

/// Where something stands: a set of possible places with all the evidence, never a bare code.
#[derive(Clone, Debug, PartialEq)]
pub struct Geolocation {
    pub kind: Kind,
    /// Possible places by the most trusted basis that answers. Empty: unknown.
    pub places: Vec<Place>,
    pub basis: Option<Basis>,
    /// In order of trust.
    pub evidence: Vec<Evidence>,
    /// Why it is not known, in a clause: "10.9.0.4 is private and no declared network covers it".
    pub unknown: Option<Message>,
    /// Two bases of rank `range` or better name different countries: both, in words.
    pub conflict: Option<Message>,
}

/// A data file that cannot be used. A user's data set that does not load stops the run: without it places would differ.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GeoError {
    pub file: String,
    /// From 1.
    pub line: Option<usize>,
    pub message: String,
    pub help: Option<String>,
}

/// `ranges.csv:12: ...; did you mean ...`.
impl fmt::Display for GeoError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.file)?;
        if let Some(line) = self.line {
            write!(f, ":{line}")?;
        }
        write!(f, ": {}", self.message)?;
        match &self.help {
            Some(help) => write!(f, "; {help}"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for GeoError {}
