//! Operator facts: what a rule may ask about an operator and no configuration shows. This module knows the questions; the
//! answers are in the project file.

use std::sync::LazyLock;

use serde::Deserialize;

/// One entry of `data/operator-facts.toml`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Fact {
    pub id: String,
    /// A question that a person can answer with yes or no.
    pub question: String,
    /// Who can answer it, or where the answer is written.
    pub decided_by: String,
    /// Whether a yes says that the operator is, or is not, a covered person under 28 CFR 202.211.
    pub covered_person: Option<bool>,
}

pub fn known(id: &str) -> Option<&'static Fact> {
    TABLE.iter().find(|f| f.id == id)
}

/// Every fact, in the order of the table.
pub fn all() -> &'static [Fact] {
    &TABLE
}

pub fn suggest(id: &str) -> Option<&'static str> {
    super::suggest(id, all().iter().map(|f| f.id.as_str()))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawTable {
    fact: Vec<Fact>,
}

static TABLE: LazyLock<Vec<Fact>> = LazyLock::new(|| {
    let raw: RawTable = toml::from_str(include_str!("../../data/operator-facts.toml")).expect("the fact table is well-formed");
    raw.fact
});

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn facts_are_questions_asked_once() {
        for (i, fact) in all().iter().enumerate() {
            assert!(fact.question.ends_with('?') && !fact.decided_by.is_empty(), "{}", fact.id);
            assert!(all()[..i].iter().all(|f| f.id != fact.id), "{} twice", fact.id);
        }
        assert!(known("ciio").is_some() && known("cio").is_none());
        assert_eq!(suggest("cio"), Some("ciio"));
    }
}
