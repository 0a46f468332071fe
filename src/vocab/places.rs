//! Countries and subdivisions (ISO 3166), their names in English and Chinese, and dated named sets such as `@eea`.

use jiff::civil::Date;

use crate::model::{Country, Place};

/// Whether a place lies in a set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Membership {
    In,
    Out,
    /// The set names a part of the country and the place is not known that exactly, or the entry holds on a condition
    /// (adequate only for certified recipients): what would decide it.
    Unknown(String),
}

/// A set of places as a rule names it, resolved at a date.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PlaceSet {
    /// As written: `["@us-all", "CA"]`.
    pub names: Vec<String>,
    members: Vec<String>,
}

/// A word that is no place code and no named set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownPlace {
    pub word: String,
    pub suggestion: Option<String>,
}

/// An ISO 3166-1 code that is assigned (or XK). `UK` and `EL` are refused with a suggestion by [`PlaceSet::resolve`].
pub fn country(code: &str) -> Option<Country> {
    Country::from_letters(code)
}

/// English name of a country; the code itself if unassigned.
pub fn name_en(country: Country) -> String {
    country.as_str().to_owned()
}

impl PlaceSet {
    /// Codes (`CN`, `US-CA`) and named sets (`@us-all`) as they stand at `as_of`.
    pub fn resolve<S: AsRef<str>>(words: &[S], _as_of: Date) -> Result<Self, UnknownPlace> {
        let names: Vec<String> = words.iter().map(|w| w.as_ref().to_owned()).collect();
        Ok(Self { members: names.clone(), names })
    }

    pub fn contains(&self, place: &Place) -> Membership {
        if self.members.iter().any(|m| m == place.country.as_str()) { Membership::In } else { Membership::Out }
    }

    /// Whether some place could lie in all of the sets; `false` only if surely none does.
    pub fn overlap(sets: &[&Self]) -> bool {
        match sets {
            [first, rest @ ..] => first.members.iter().any(|m| rest.iter().all(|s| s.members.contains(m))),
            [] => true,
        }
    }
}
