//! Controls of public catalogues, and which rules give evidence for them; checks of common scanners that pull the other way. A
//! mapping says what a rule is about, never that a control is met.

use std::sync::LazyLock;

use serde::Deserialize;

/// One `[[control]]` of `data/controls.toml`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Control {
    pub id: String,
    #[serde(default)]
    pub aliases: Vec<String>,
    pub catalogue: String,
    pub title: String,
    /// Demands, as rules write them.
    pub rules: Vec<String>,
    /// Only rules about one of these. Empty: all.
    #[serde(default)]
    pub activity: Vec<String>,
    pub source: String,
    /// How id and title were checked: `primary`, `secondary` or `memory`.
    pub verification: String,
    /// What a reader should know of the mapping.
    pub note: Option<String>,
}

/// One `[[pull]]`: a scanner's check that asks for a copy in another region.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Pull {
    pub id: String,
    pub tool: String,
    pub title: String,
    pub provider: String,
    /// Kinds of endpoints of which it asks that.
    pub kinds: Vec<String>,
    /// Only the region that the provider pairs counts as another.
    #[serde(default)]
    pub paired: bool,
    pub note: String,
    pub source: String,
    pub verification: String,
}

/// A control by its id or an alias.
pub fn known(id: &str) -> Option<&'static Control> {
    all().iter().find(|c| c.id == id || c.aliases.iter().any(|a| a == id))
}

/// Every control, in the order of the table.
pub fn all() -> &'static [Control] {
    &TABLE.control
}

/// Every check that pulls the other way.
pub fn pulls() -> &'static [Pull] {
    &TABLE.pull
}

/// Controls for which a rule gives evidence: by its demand, and by what it is about (empty: all activities).
pub fn of(demand: &str, activity: &[&str]) -> impl Iterator<Item = &'static Control> {
    all().iter().filter(move |c| {
        let about = c.activity.is_empty() || activity.is_empty() || activity.iter().any(|a| c.activity.iter().any(|o| o == a));
        about && c.rules.iter().any(|r| r == demand)
    })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawTable {
    control: Vec<Control>,
    pull: Vec<Pull>,
}

static TABLE: LazyLock<RawTable> =
    LazyLock::new(|| toml::from_str(include_str!("../../data/controls.toml")).expect("the table of controls is well-formed"));

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_control_has_a_source_and_a_name_of_its_own() {
        let names = all().iter().flat_map(|c| std::iter::once(&c.id).chain(&c.aliases));
        let mut names: Vec<&String> = names.chain(pulls().iter().map(|p| &p.id)).collect();
        let count = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), count, "a name twice");
        let checked = |v: &str| ["primary", "secondary", "memory"].contains(&v);
        for c in all() {
            assert!(c.source.starts_with("https://") && checked(&c.verification) && !c.rules.is_empty(), "{}", c.id);
        }
        for p in pulls() {
            assert!(p.source.starts_with("https://") && checked(&p.verification) && !p.kinds.is_empty(), "{}", p.id);
        }
    }

    #[test]
    fn a_rule_on_copies_maps_to_replication_and_one_on_access_does_not() {
        let ids = |demand: &str, activity: &[&str]| of(demand, activity).map(|c| c.id.as_str()).collect::<Vec<_>>();
        assert!(ids("only-in", &["backup"]).contains(&"CCC.Core.CN10"));
        assert!(ids("only-in", &[]).contains(&"CCC.Core.CN10"), "a rule without activity is about all");
        assert!(!ids("only-in", &["access"]).contains(&"CCC.Core.CN10"));
        assert_eq!(ids("survive", &[]), ["CCC.Core.CN08"]);
        assert_eq!(known("CCC.CN06").map(|c| c.title.as_str()), Some("Restrict Deployments to Trust Perimeter"));
    }
}
