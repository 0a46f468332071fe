//! Recipients: who operates what data gets to, and what is attested of them. Whether that is enough, `check` decides.

use jiff::civil::Date;

use super::Selector;
use crate::source::Location;

/// One `[[recipient]]`.
#[derive(Clone, Debug)]
pub struct Recipient {
    pub name: String,
    /// What they operate, beside what the transfer register says by their name.
    pub selector: Selector,
    /// It is whom the operator facts are about.
    pub own: bool,
    /// Countries whose law governs them; `None`: undeclared.
    pub jurisdiction: Option<Vec<String>>,
    /// Ids of `data/certifications.toml`: these and no others; `None`: undeclared.
    pub certifications: Option<Vec<String>>,
    /// As 28 CFR 202.211 has it; `None`: undeclared.
    pub covered_person: Option<bool>,
    /// Last day of what is said; `None`: without an end.
    pub until: Option<Date>,
    /// What proves it, as the operator's own records call it.
    pub evidence: Option<String>,
    pub location: Location,
}

impl Recipient {
    /// The day after which what is said of them holds no longer, if that has passed.
    pub fn lapsed(&self, as_of: Date) -> Option<Date> {
        self.until.filter(|day| *day < as_of)
    }

    /// Whether they have a certification; `None`: nobody says, or no longer.
    pub fn certified(&self, id: &str, as_of: Date) -> Option<bool> {
        let said = self.certifications.as_ref().filter(|_| self.lapsed(as_of).is_none())?;
        Some(said.iter().any(|c| c == id))
    }
}
