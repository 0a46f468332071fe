//! Whose data: people whose data comes in, and stores declared to hold data already.

use super::endpoint::EndpointId;
use super::place::Country;
use crate::source::Location;

/// Whose data a token is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Subject {
    /// Each of these origins on its own.
    Each(Vec<Country>),
    /// People of all these origins together in one session or one record.
    Joint(Vec<Country>),
}

impl Subject {
    pub fn countries(&self) -> &[Country] {
        match self {
            Self::Each(c) | Self::Joint(c) => c,
        }
    }
}

/// On which axis `origin` is meant; a rule asks for one of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum OriginAxis {
    #[default]
    Residence,
    Citizenship,
    AccountRegion,
    Market,
}

impl OriginAxis {
    pub const ALL: [Self; 4] = [Self::Residence, Self::Citizenship, Self::AccountRegion, Self::Market];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Residence => "residence",
            Self::Citizenship => "citizenship",
            Self::AccountRegion => "account-region",
            Self::Market => "market",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|a| a.as_str() == text)
    }
}

/// People of an origin who send data of some classes in at entry endpoints. Several entries stand for each other.
#[derive(Clone, Debug)]
pub struct Population {
    pub id: String,
    pub subject: Subject,
    /// Origins on other axes than residence, where declared.
    pub other_axes: Vec<(OriginAxis, Vec<Country>)>,
    /// Dotted class names.
    pub data: Vec<String>,
    pub enters: Vec<EndpointId>,
    /// How many people.
    pub subjects: Option<u64>,
    pub location: Location,
}

/// A store declared (by a `[[classify]]` selector) to hold data of some classes and origin.
#[derive(Clone, Debug)]
pub struct Holding {
    pub endpoint: EndpointId,
    pub subject: Subject,
    pub data: Vec<String>,
    pub subjects: Option<u64>,
    /// The classify entry.
    pub location: Location,
}
