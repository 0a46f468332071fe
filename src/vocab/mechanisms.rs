//! Transfer mechanisms: names for what can allow a transfer that a rule otherwise forbids. Which of them an operator has in
//! place is in the project's transfer register; whether one is valid is for lawyers.

use std::sync::LazyLock;

use serde::Deserialize;

/// One entry of `data/mechanisms.toml`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Mechanism {
    pub id: String,
    pub title: String,
    pub native_name: Option<String>,
    /// Whose law knows it: `EU`, `UK`, `CN`, `US`.
    pub regime: String,
    pub citation: String,
    /// Everything behind the recipient must stay inside `within`.
    #[serde(default)]
    pub forbids_onward: bool,
    /// Place codes and named sets that both ends must stand in. Empty: anywhere.
    #[serde(default)]
    pub within: Vec<String>,
    /// What a current entry by it says of the recipient: an id of `data/certifications.toml`.
    pub attests: Option<String>,
    /// A limit that a reader of a report should know.
    pub note: Option<String>,
    /// How the citation was checked: `primary`, `secondary` or `memory`.
    pub verification: String,
}

pub fn known(id: &str) -> Option<&'static Mechanism> {
    TABLE.iter().find(|m| m.id == id)
}

/// Every mechanism, in the order of the table.
pub fn all() -> &'static [Mechanism] {
    &TABLE
}

pub fn suggest(id: &str) -> Option<&'static str> {
    super::suggest(id, all().iter().map(|m| m.id.as_str()))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawTable {
    mechanism: Vec<Mechanism>,
}

static TABLE: LazyLock<Vec<Mechanism>> = LazyLock::new(|| {
    let raw: RawTable = toml::from_str(include_str!("../../data/mechanisms.toml")).expect("the mechanism table is well-formed");
    raw.mechanism
});

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;
    use crate::vocab::places::PlaceSet;

    #[test]
    fn mechanisms_are_cited_once_and_bounded_by_known_places() {
        for (i, m) in all().iter().enumerate() {
            assert!(
                !m.citation.is_empty() && ["primary", "secondary", "memory"].contains(&m.verification.as_str()),
                "{}",
                m.id
            );
            assert!(all()[..i].iter().all(|o| o.id != m.id), "{} twice", m.id);
            assert!(PlaceSet::resolve(&m.within, date(2026, 11, 1)).is_ok(), "{}", m.id);
            assert!(!m.forbids_onward || !m.within.is_empty(), "{} forbids onward transfer out of nowhere", m.id);
        }
        assert!(known("scc").is_some());
        assert_eq!(suggest("cac-security-assesment"), Some("cac-security-assessment"));
    }
}
