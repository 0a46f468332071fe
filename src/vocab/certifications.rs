//! Certifications: names for what a recipient of data can be, beyond where it stands. Who has which is declared in the project file;
//! whether that is true is for people.

use std::sync::LazyLock;

use serde::Deserialize;

/// One entry of `data/certifications.toml`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Certification {
    pub id: String,
    pub title: String,
    pub citation: String,
    /// How the citation was checked: `primary`, `secondary` or `memory`.
    pub verification: String,
}

pub fn known(id: &str) -> Option<&'static Certification> {
    TABLE.iter().find(|c| c.id == id)
}

/// Every certification, in the order of the table.
pub fn all() -> &'static [Certification] {
    &TABLE
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawTable {
    certification: Vec<Certification>,
}

static TABLE: LazyLock<Vec<Certification>> = LazyLock::new(|| {
    let text = include_str!("../../data/certifications.toml");
    let raw: RawTable = toml::from_str(text).expect("the table of certifications is well-formed");
    raw.certification
});

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vocab::places;

    #[test]
    fn certifications_are_cited_once_and_known_to_places() {
        for (i, c) in all().iter().enumerate() {
            assert!(!c.title.is_empty() && !c.citation.is_empty(), "{}", c.id);
            assert!(["primary", "secondary", "memory"].contains(&c.verification.as_str()), "{}", c.id);
            assert!(all()[..i].iter().all(|o| o.id != c.id), "{} twice", c.id);
        }
        let named = places::sets().iter().flat_map(|s| &s.entries).filter_map(|e| e.certification.as_ref());
        let named: Vec<&String> = named.collect();
        assert!(named.len() > 10 && named.iter().all(|id| known(id).is_some()), "{named:?}");
    }
}
