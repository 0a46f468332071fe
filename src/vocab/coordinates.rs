//! Where on the globe a place is, for drawings: coordinates of cities, and a point well inside each country for what is known no
//! better. Nothing is judged by them. Cities are those of GeoNames, see `data/map/ATTRIBUTION`.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use crate::model::{Country, Place};

static CITIES: &str = include_str!("../../data/map/cities.tsv");
static COUNTRIES: &str = include_str!("../../data/map/countries.tsv");

/// Latitude and longitude in degrees.
pub type Coordinates = (f64, f64);

/// By country and name in lower case: part of the country (of the United States only) and where, the largest city first.
type Cities = BTreeMap<(Country, String), Vec<(&'static str, Coordinates)>>;

static BY_NAME: LazyLock<Cities> = LazyLock::new(|| {
    let mut cities = Cities::new();
    for line in CITIES.lines() {
        let fields: Vec<&'static str> = line.split('\t').collect();
        let [code, part, names, latitude, longitude] = fields[..] else { continue };
        let (Some(country), Some(at)) = (Country::from_letters(code), degrees(latitude, longitude)) else { continue };
        for name in names.split('|') {
            cities.entry((country, name.to_lowercase())).or_default().push((part, at));
        }
    }
    cities
});

static OF_COUNTRY: LazyLock<BTreeMap<Country, Coordinates>> = LazyLock::new(|| {
    let row = |line: &'static str| {
        let mut fields = line.split('\t');
        Some((Country::from_letters(fields.next()?)?, degrees(fields.next()?, fields.next()?)?))
    };
    COUNTRIES.lines().filter_map(row).collect()
});

fn degrees(latitude: &str, longitude: &str) -> Option<Coordinates> {
    Some((latitude.parse().ok()?, longitude.parse().ok()?))
}

/// Of the city that a place names. `San Jose` in US-CA is not that in US-IL; where no part of the country is named, the largest
/// city of the name is meant. What stands behind the name in parentheses does not count: `Ashburn (N. Virginia)`.
pub fn city(place: &Place) -> Option<Coordinates> {
    let name = place.city.as_deref()?;
    let name = name.split(" (").next().unwrap_or(name).trim().to_lowercase();
    let found = BY_NAME.get(&(place.country, name))?;
    let part = place.subdivision.as_deref().and_then(|s| s.split_once('-')).map_or("", |(_, part)| part);
    let fits = |(of, _): &&(&str, Coordinates)| of.is_empty() || part.is_empty() || *of == part;
    found.iter().find(fits).map(|(_, at)| *at)
}

/// A point well inside a country.
pub fn country(country: Country) -> Option<Coordinates> {
    OF_COUNTRY.get(&country).copied()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vocab::places;

    fn at(code: &str, city: &str) -> Option<Coordinates> {
        let country = Country::from_letters(&code[..2]).expect("a code");
        super::city(&Place { country, subdivision: (code.len() > 2).then(|| code.into()), city: Some(city.into()) })
    }

    #[test]
    fn cities_by_name_and_part_of_the_country() {
        assert_eq!(at("US-CA", "San Jose"), Some((37.34, -121.89)));
        assert_eq!(at("US", "San Jose"), Some((37.34, -121.89)), "the largest");
        assert_eq!(at("US-VA", "Ashburn (N. Virginia)"), Some((39.04, -77.49)));
        assert_eq!(at("US-TX", "Ashburn"), None, "there is none");
        assert_eq!(at("KR-41", "Anyang"), Some((37.39, 126.93)), "not that in China");
        assert_eq!(at("CN", "Anyang"), Some((36.10, 114.38)));
        assert_eq!((at("CA-QC", "Montréal"), at("CA-QC", "montreal")), (Some((45.51, -73.59)), Some((45.51, -73.59))));
        assert_eq!(at("CN", "Nowhere"), None);
    }

    #[test]
    fn every_country_has_a_point_but_those_without_one_in_the_sources() {
        let none: Vec<Country> = places::all_countries().filter(|c| country(*c).is_none()).collect();
        assert_eq!(none, [Country(*b"BV"), Country(*b"TK")]);
    }

    #[test]
    fn rows_are_sound() {
        let rows = CITIES.lines().count();
        let read: usize = CITIES.lines().filter(|l| l.split('\t').count() == 5).count();
        assert!(rows > 3_000 && rows == read, "{read} of {rows}");
        for (at, what) in BY_NAME.iter().flat_map(|(k, v)| v.iter().map(move |(_, at)| (at, k))) {
            assert!(at.0.abs() <= 90.0 && at.1.abs() <= 180.0, "{what:?}");
        }
    }
}
