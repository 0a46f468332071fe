//! Continents, as geographic databases tell them apart: two-letter codes of which each holds countries. Databases differ about some
//! countries (Turkey, Cyprus, the Caucasus), so that membership can be uncertain.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use crate::model::Country;

static TABLE: &str = include_str!("../../data/continents.tsv");

/// A continent and its countries, each list sorted.
#[derive(Debug, Default)]
pub struct Continent {
    /// By every database.
    pub surely: Vec<Country>,
    /// By some databases; others put them elsewhere.
    pub perhaps: Vec<Country>,
}

impl Continent {
    /// Whoever a database may count to it.
    pub fn at_most(&self) -> Vec<Country> {
        let mut all: Vec<Country> = self.surely.iter().chain(&self.perhaps).copied().collect();
        all.sort_unstable();
        all
    }
}

static CONTINENTS: LazyLock<BTreeMap<&'static str, Continent>> = LazyLock::new(|| {
    let countries = |list: &str| list.split(' ').filter_map(Country::from_letters).collect();
    let line = |line: &'static str| {
        let mut fields = line.split('\t');
        let code = fields.next()?;
        Some((code, Continent { surely: countries(fields.next()?), perhaps: countries(fields.next().unwrap_or("")) }))
    };
    TABLE.lines().filter(|l| !l.starts_with('#')).filter_map(line).collect()
});

/// By its code in any case: `AF AN AS EU NA OC SA`.
pub fn continent(code: &str) -> Option<&'static Continent> {
    CONTINENTS.get(code.to_ascii_uppercase().as_str())
}

/// The codes of all continents that a database may put a country into.
pub fn continents_of(country: Country) -> Vec<&'static str> {
    let holds = |c: &Continent| c.surely.contains(&country) || c.perhaps.contains(&country);
    CONTINENTS.iter().filter(|(_, c)| holds(c)).map(|(code, _)| *code).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vocab::places;

    #[test]
    fn every_country_has_a_continent() {
        for country in places::all_countries() {
            let continents = continents_of(country);
            let sure = CONTINENTS.values().filter(|c| c.surely.contains(&country)).count();
            assert!(if sure == 1 { continents.len() == 1 } else { sure == 0 && continents.len() >= 2 }, "{country}");
        }
        assert_eq!(continents_of(Country(*b"TR")), ["AS", "EU"]);
        assert_eq!(CONTINENTS.len(), 7);
    }
}
