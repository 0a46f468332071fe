//! Countries and subdivisions (ISO 3166), their names in English and Chinese, and dated named sets such as `@eea`.
//!
//! Codes and names are searched by bisection in `data/iso3166.tsv` as it stands; aliases and sets in `data/places.toml` are
//! parsed on first use. Nothing here knows an address or a rule.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::OnceLock;

use jiff::civil::Date;
use serde::Deserialize;

use crate::lang::{self, Lang, Message, say};
use crate::model::{Country, Place};

static ISO: &str = include_str!("../../data/iso3166.tsv");
static PLACES: &str = include_str!("../../data/places.toml");

/// Whether [`Membership::Unknown`] says that a place is a member on a condition, which a recipient may fulfil.
pub fn counts_only_for_some(why: &Message) -> bool {
    why.says("{place} counts only for {condition}")
}

/// Whether a place lies in a set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Membership {
    In,
    Out,
    /// The set names a part of the country and the place is not known that exactly, or the entry holds on a condition
    /// (adequate only for certified recipients): what would decide it.
    Unknown(Message),
}

/// A set of places as a rule names it, resolved at a date.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PlaceSet {
    /// As written: `["@us-all", "CA"]`.
    pub names: Vec<String>,
    /// Sorted by code, without repeats.
    members: Vec<Member>,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Member {
    /// A country or subdivision code; never one that has a country code of its own.
    code: Box<str>,
    /// Only these cities; empty: all of it.
    cities: Vec<Box<str>>,
    condition: Option<Box<str>>,
    /// Settles the condition, one way or the other, where it is known of whoever gets the data.
    certification: Option<Box<str>>,
}

/// A word that is no place code and no named set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownPlace {
    pub word: String,
    pub suggestion: Option<String>,
}

impl fmt::Display for UnknownPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = if self.word.starts_with('@') { "a named set of places" } else { "an ISO 3166 place code" };
        write!(f, "`{}` is not {kind}", self.word)?;
        match &self.suggestion {
            Some(s) => write!(f, "; did you mean `{s}`?"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for UnknownPlace {}

/// A subdivision of a country (ISO 3166-2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Subdivision {
    /// With the country prefix: `US-CA`.
    pub code: &'static str,
    pub name: &'static str,
    /// The subdivision it is a part of, where ISO has two levels: `GB-ENG` for `GB-LND`.
    pub parent: Option<&'static str>,
}

/// A named set as `data/places.toml` has it.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct NamedSet {
    /// With its `@`.
    #[serde(skip)]
    pub name: String,
    pub title: String,
    pub title_zh: String,
    /// What it rests on.
    pub source: String,
    /// `primary`, `secondary` or `memory`: how that was checked.
    pub verification: String,
    #[serde(default)]
    pub include: Vec<String>,
    #[serde(default)]
    pub entries: Vec<SetEntry>,
}

/// One entry of a named set.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct SetEntry {
    /// ISO 3166-1 or -2, or another set, with its `@`.
    pub code: String,
    /// Only these cities of the place; empty: all of it.
    #[serde(default)]
    pub cities: Vec<String>,
    from: Option<toml::value::Datetime>,
    until: Option<toml::value::Datetime>,
    /// What must hold besides the place; membership is unknown until it is shown.
    pub condition: Option<String>,
    /// What of a recipient fulfils the condition: an id of `data/certifications.toml`.
    pub certification: Option<String>,
    pub note: Option<String>,
}

impl SetEntry {
    /// First day.
    pub fn from(&self) -> Option<Date> {
        civil(self.from.as_ref())
    }

    /// Last day, inclusive.
    pub fn until(&self) -> Option<Date> {
        civil(self.until.as_ref())
    }

    fn holds(&self, at: Date) -> bool {
        self.from().is_none_or(|d| d <= at) && self.until().is_none_or(|d| at <= d)
    }
}

/// An ISO 3166-1 code that is assigned (or XK). `UK` and `EL` are refused with a suggestion by [`PlaceSet::resolve`].
pub fn country(code: &str) -> Option<Country> {
    let country = Country::from_letters(code)?;
    iso_line(code).map(|_| country)
}

/// English name of a country; the code itself if unassigned.
pub fn name_en(country: Country) -> String {
    field(country, 1)
}

/// Chinese name of a country; the code itself if unassigned.
pub fn name_zh(country: Country) -> String {
    field(country, 3)
}

/// The country that people call so: a code in any case, an ISO alpha-3 code, an English or Chinese name, a common mistake
/// (`UK`). For hints and for reading text that never was a code; a code in a rule is read by [`country`].
pub fn country_by_name(text: &str) -> Option<Country> {
    let text = text.trim();
    let upper = text.to_ascii_uppercase();
    if let Some(found) = country(&upper) {
        return Some(found);
    }
    let file = file();
    let alias = |table: &BTreeMap<String, String>| {
        table.iter().find(|(k, _)| k.eq_ignore_ascii_case(text)).and_then(|(_, code)| country(code))
    };
    alias(&file.mistaken).or_else(|| alias(&file.called)).or_else(|| {
        countries()
            .find(|(_, fields)| fields.iter().any(|f| f.eq_ignore_ascii_case(text) || f.to_lowercase() == text.to_lowercase()))
            .map(|(c, _)| c)
    })
}

/// The country of an ISO 3166-1 alpha-3 code.
pub fn country_by_alpha3(code: &str) -> Option<Country> {
    countries().find(|(_, fields)| fields.get(2) == Some(&code)).map(|(c, _)| c)
}

/// A subdivision by its code, `US-CA`.
pub fn subdivision(code: &str) -> Option<Subdivision> {
    if code.as_bytes().get(2) != Some(&b'-') {
        return None;
    }
    let mut fields = iso_line(code)?.split('\t');
    let code = fields.next()?;
    Some(Subdivision { code, name: fields.next()?, parent: fields.next() })
}

/// The same place by the code that is in use for it: `CN-HK` is `HK`, `US-PR` is `PR`.
pub fn normalize(place: Place) -> Place {
    match place.subdivision.as_deref().and_then(own_code) {
        Some(country) => Place { country, subdivision: None, city: place.city },
        None => place,
    }
}

/// All named sets, by name.
pub fn sets() -> &'static [NamedSet] {
    &file().sets
}

impl PlaceSet {
    /// Codes (`CN`, `US-CA`) and named sets (`@us-all`) as they stand at `as_of`.
    pub fn resolve<S: AsRef<str>>(words: &[S], as_of: Date) -> Result<Self, UnknownPlace> {
        let mut set = Self::default();
        for word in words {
            let word = word.as_ref();
            set.names.push(word.to_owned());
            if word.starts_with('@') {
                set.add_named(word, as_of, 0)?;
            } else {
                set.add_code(word, &[], None, None)?;
            }
        }
        set.members.sort_unstable();
        set.members.dedup();
        Ok(set)
    }

    /// Where a place lies. A place known less exactly than the set asks for is `Unknown`, as is one on a condition.
    pub fn contains(&self, place: &Place) -> Membership {
        self.contains_for(place, &|_| None)
    }

    /// The same for a recipient of which it may be known whether it has a certification.
    pub fn contains_for(&self, place: &Place, certified: &dyn Fn(&str) -> Option<bool>) -> Membership {
        let own = place.subdivision.as_deref().and_then(own_code);
        let country = own.unwrap_or(place.country);
        let subdivision = if own.is_some() { None } else { place.subdivision.as_deref() };
        let mut unknown: Option<Message> = None;
        for member in self.members.iter().filter(|m| m.code.as_bytes().starts_with(&country.0)) {
            match member.holds(country, subdivision, place.city.as_deref(), certified) {
                Membership::In => return Membership::In,
                Membership::Out => {}
                Membership::Unknown(why) => {
                    let why = match unknown {
                        Some(first) if first != why && length(&first) + length(&why) < 400 => {
                            say!("{first}; or {why}", first, why)
                        }
                        Some(first) => first,
                        None => why,
                    };
                    unknown = Some(why);
                }
            }
        }
        unknown.map_or(Membership::Out, Membership::Unknown)
    }

    /// Whether some place could lie in all of the sets; `false` only if surely none does.
    pub fn overlap(sets: &[&Self]) -> bool {
        // Places form a tree, so what several members share is the smallest of them.
        sets.is_empty()
            || sets.iter().flat_map(|s| &s.members).any(|m| sets.iter().all(|other| other.members.iter().any(|o| o.covers(m))))
    }

    /// Nothing lies in it.
    pub fn is_empty(&self) -> bool {
        self.members.is_empty()
    }

    /// The codes of its members, sorted; `CN-GD` also if only some of its cities belong.
    pub fn codes(&self) -> impl Iterator<Item = &str> {
        self.members.iter().map(|m| &*m.code)
    }

    fn add_named(&mut self, name: &str, as_of: Date, depth: u8) -> Result<(), UnknownPlace> {
        let unknown = || UnknownPlace { word: name.to_owned(), suggestion: suggest(name) };
        // Ours do not nest deeper; a cycle would.
        if depth > 4 {
            return Err(unknown());
        }
        let at = sets().binary_search_by(|s| s.name.as_str().cmp(name)).map_err(|_| unknown())?;
        let set = &sets()[at];
        for other in &set.include {
            self.add_named(other, as_of, depth + 1)?;
        }
        for entry in set.entries.iter().filter(|e| e.holds(as_of)) {
            if entry.code.starts_with('@') {
                self.add_named(&entry.code, as_of, depth + 1)?;
            } else {
                let certification = entry.certification.as_deref();
                self.add_code(&entry.code, &entry.cities, entry.condition.as_deref(), certification)?;
            }
        }
        Ok(())
    }

    fn add_code(
        &mut self,
        code: &str,
        cities: &[String],
        condition: Option<&str>,
        certification: Option<&str>,
    ) -> Result<(), UnknownPlace> {
        let own = own_code(code);
        let code = own.as_ref().map_or(code, Country::as_str);
        if country(code).is_none() && subdivision(code).is_none() {
            return Err(UnknownPlace { word: code.to_owned(), suggestion: suggest(code) });
        }
        self.members.push(Member {
            code: code.into(),
            cities: cities.iter().map(|c| c.as_str().into()).collect(),
            condition: condition.map(Into::into),
            certification: certification.map(Into::into),
        });
        Ok(())
    }
}

/// Of the English, so that no language changes what is told.
fn length(message: &Message) -> usize {
    message.tell(Lang::En).len()
}

impl Member {
    fn holds(
        &self,
        country: Country,
        subdivision: Option<&str>,
        city: Option<&str>,
        certified: &dyn Fn(&str) -> Option<bool>,
    ) -> Membership {
        let whole_country = self.code.len() == 2;
        let inside = whole_country || subdivision.is_some_and(|s| within(s, &self.code));
        if !inside {
            return match subdivision {
                Some(s) if !within(&self.code, s) => Membership::Out,
                Some(s) => {
                    Membership::Unknown(say!("{place} is known, but not whether it is {asked}", place = s, asked = self.code))
                }
                None => Membership::Unknown(say!(
                    "{place} is known, but not whether it is {asked}",
                    place = country,
                    asked = self.code
                )),
            };
        }
        if !self.cities.is_empty() {
            match city {
                Some(c) if self.cities.iter().any(|known| same_city(known, c)) => {}
                Some(c) => {
                    return Membership::Unknown(say!(
                        "`{city}` is not the name of {asked}",
                        city = c,
                        asked = lang::list(&self.cities)
                    ));
                }
                None => {
                    let asked = lang::list(&self.cities);
                    return Membership::Unknown(say!(
                        "{place} is known, but not whether it is {asked}",
                        place = self.code,
                        asked
                    ));
                }
            }
        }
        match (&self.condition, self.certification.as_deref().and_then(certified)) {
            (Some(_), Some(true)) | (None, _) => Membership::In,
            (Some(_), Some(false)) => Membership::Out,
            (Some(c), None) => Membership::Unknown(say!(
                "{place} counts only for {condition}",
                place = self.code,
                condition = lang::read(c.to_string())
            )),
        }
    }

    /// Every place in `other` could be in this one.
    fn covers(&self, other: &Self) -> bool {
        let place = self.code.len() == 2 && other.code.starts_with(&*self.code) || within(&other.code, &self.code);
        place && (self.cities.is_empty() || other.cities.is_empty() || self.cities.iter().any(|c| other.cities.contains(c)))
    }
}

/// `Shenzhen`, `Shenzhen Shi`, `Shenzhen City` are one.
fn same_city(known: &str, city: &str) -> bool {
    city.get(..known.len()).is_some_and(|head| head.eq_ignore_ascii_case(known))
        && matches!(city[known.len()..].to_ascii_lowercase().as_str(), "" | " shi" | " city")
}

/// Whether a subdivision is `outer` or a part of it.
fn within(code: &str, outer: &str) -> bool {
    code == outer || subdivision(code).and_then(|s| s.parent).is_some_and(|parent| parent != code && within(parent, outer))
}

/// The country code of a subdivision that has one.
fn own_code(subdivision: &str) -> Option<Country> {
    file().own_code.get(subdivision).and_then(|code| Country::from_letters(code))
}

/// What a wrong word was probably meant to be.
fn suggest(word: &str) -> Option<String> {
    let file = file();
    if word.starts_with('@') {
        return nearest(&word.to_lowercase(), sets().iter().map(|s| s.name.as_str()));
    }
    if let Some((_, meant)) = file.mistaken.iter().find(|(k, _)| k.eq_ignore_ascii_case(word)) {
        return Some(meant.clone());
    }
    let with_at = format!("@{}", word.to_lowercase());
    if sets().iter().any(|s| s.name == with_at) {
        return Some(with_at);
    }
    let upper = word.to_uppercase();
    if subdivision(&upper).is_some() {
        return Some(upper);
    }
    if let Some((head, rest)) = upper.split_once(['-', '_']).filter(|(head, _)| country(head).is_some()) {
        let named = ISO
            .lines()
            .filter_map(|l| l.split('\t').next().and_then(subdivision))
            .find(|s| s.code.get(..2) == Some(head) && (s.name.to_uppercase() == rest || s.code.get(3..) == Some(rest)));
        return Some(named.map_or_else(|| head.to_owned(), |s| s.code.to_owned()));
    }
    if let Some(country) = country_by_name(word) {
        return Some(country.as_str().to_owned());
    }
    let lower = word.to_lowercase();
    let (_, code) = countries()
        .map(|(c, f)| (strsim::jaro_winkler(&f.get(1).unwrap_or(&"").to_lowercase(), &lower), c))
        .filter(|(score, _)| *score > 0.9 && lower.chars().count() > 3)
        .max_by(|a, b| a.0.total_cmp(&b.0))?;
    Some(code.as_str().to_owned())
}

fn nearest<'a>(word: &str, known: impl Iterator<Item = &'a str>) -> Option<String> {
    known
        .map(|k| (strsim::jaro_winkler(k, word), k))
        .filter(|(score, _)| *score > 0.8)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, k)| k.to_owned())
}

fn field(country: Country, index: usize) -> String {
    iso_line(country.as_str()).and_then(|l| l.split('\t').nth(index)).unwrap_or(country.as_str()).to_owned()
}

/// Every assigned country code, in the order of codes.
pub fn all_countries() -> impl Iterator<Item = Country> {
    countries().map(|(country, _)| country)
}

/// The alpha-3 code of a country.
pub fn alpha3(country: Country) -> Option<&'static str> {
    countries().find(|(c, _)| *c == country).and_then(|(_, fields)| fields.get(2).copied())
}

fn countries() -> impl Iterator<Item = (Country, Vec<&'static str>)> {
    ISO.lines().filter_map(|line| {
        let fields: Vec<&str> = line.split('\t').collect();
        Country::from_letters(fields.first()?).map(|c| (c, fields))
    })
}

/// The line of a code, by bisection over the text.
fn iso_line(code: &str) -> Option<&'static str> {
    let (mut low, mut high) = (0, ISO.len());
    while low < high {
        let middle = low + (high - low) / 2;
        let start = ISO.as_bytes()[low..middle].iter().rposition(|b| *b == b'\n').map_or(low, |i| low + i + 1);
        let end = ISO.as_bytes()[start..].iter().position(|b| *b == b'\n').map_or(ISO.len(), |i| start + i);
        let line = ISO.get(start..end)?;
        match line.split('\t').next().unwrap_or("").cmp(code) {
            std::cmp::Ordering::Equal => return Some(line),
            std::cmp::Ordering::Less => low = end + 1,
            std::cmp::Ordering::Greater => high = start,
        }
    }
    None
}

fn civil(date: Option<&toml::value::Datetime>) -> Option<Date> {
    let date = date?.date?;
    Date::new(i16::try_from(date.year).ok()?, i8::try_from(date.month).ok()?, i8::try_from(date.day).ok()?).ok()
}

struct File {
    mistaken: BTreeMap<String, String>,
    called: BTreeMap<String, String>,
    own_code: BTreeMap<String, String>,
    sets: Vec<NamedSet>,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct Tables {
    mistaken: BTreeMap<String, String>,
    called: BTreeMap<String, String>,
    own_code: BTreeMap<String, String>,
    set: BTreeMap<String, NamedSet>,
}

fn file() -> &'static File {
    static FILE: OnceLock<File> = OnceLock::new();
    FILE.get_or_init(|| {
        let tables: Tables = toml::from_str(PLACES).expect("data/places.toml is tested");
        let sets = tables.set.into_iter().map(|(name, set)| NamedSet { name, ..set }).collect();
        File { mistaken: tables.mistaken, called: tables.called, own_code: tables.own_code, sets }
    })
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    const TODAY: Date = date(2026, 11, 21);

    fn place(text: &str) -> Place {
        let (code, city) = text.split_once(' ').map_or((text, None), |(a, b)| (a, Some(b)));
        let subdivision = (code.len() > 2).then(|| code.into());
        Place { country: Country::from_letters(&code[..2]).unwrap(), subdivision, city: city.map(Into::into) }
    }

    fn at(set: &str, when: Date, what: &str) -> &'static str {
        match PlaceSet::resolve(&[set], when).unwrap().contains(&place(what)) {
            Membership::In => "in",
            Membership::Out => "out",
            Membership::Unknown(_) => "unknown",
        }
    }

    #[test]
    fn every_line_is_found_and_in_order() {
        let codes: Vec<&str> = ISO.lines().map(|l| l.split('\t').next().unwrap()).collect();
        assert!(codes.windows(2).all(|w| w[0] < w[1]), "data/iso3166.tsv is not sorted");
        assert_eq!(codes.iter().filter(|c| c.len() == 2).count(), 250, "249 assigned codes and XK");
        for code in codes {
            assert!(iso_line(code).is_some_and(|l| l.starts_with(code)), "{code}");
            if let Some(parent) = subdivision(code).and_then(|s| s.parent) {
                assert!(subdivision(parent).is_some(), "{code} has the unknown parent {parent}");
            }
        }
        for absent in ["", "A", "ZZ", "UK", "US-", "US-ZZ", "\u{9}", "ZW-ZZZ", "AAA"] {
            assert_eq!(iso_line(absent), None, "{absent:?}");
        }
    }

    #[test]
    fn names_in_two_languages() {
        let hk = country("HK").unwrap();
        assert_eq!((name_en(hk), name_zh(hk)), ("Hong Kong".to_owned(), "中国香港".to_owned()));
        assert_eq!(name_zh(country("US").unwrap()), "美国");
        assert_eq!(name_en(Country(*b"ZZ")), "ZZ");
        assert_eq!(country("EU"), None);
        assert_eq!(subdivision("GB-LND").unwrap().parent, Some("GB-ENG"));
        assert_eq!(subdivision("US"), None);
        assert_eq!(country_by_alpha3("DEU"), country("DE"));
        for (said, code) in
            [("germany", "DE"), ("德国", "DE"), ("usa", "US"), ("UK", "GB"), ("CÔTE D'IVOIRE", "CI"), ("Hong Kong", "HK")]
        {
            assert_eq!(country_by_name(said), country(code), "{said}");
        }
    }

    #[test]
    fn wrong_words_get_a_hint() {
        let hints = [
            ("UK", "GB"),
            ("EL", "GR"),
            ("us", "US"),
            ("USA", "US"),
            ("Germany", "DE"),
            ("Germnay", "DE"),
            ("us-ca", "US-CA"),
            ("US-California", "US-CA"),
            ("US-QQ", "US"),
            ("EEA", "@eea"),
            ("gba9", "@gba9"),
            ("@eaa", "@eea"),
            ("@us-al", "@us-all"),
            ("中国", "CN"),
        ];
        for (word, hint) in hints {
            let error = PlaceSet::resolve(&["US", word], TODAY).unwrap_err();
            assert_eq!(error.suggestion.as_deref(), Some(hint), "{word}");
        }
        assert_eq!(PlaceSet::resolve(&["quux"], TODAY).unwrap_err().to_string(), "`quux` is not an ISO 3166 place code");
        assert_eq!(PlaceSet::resolve(&["@qqqqqq"], TODAY).unwrap_err().suggestion, None);
    }

    #[test]
    fn sets_are_well_formed() {
        for set in sets() {
            assert!(set.name.starts_with('@'), "{}", set.name);
            assert!(["primary", "secondary", "memory"].contains(&set.verification.as_str()), "{}", set.name);
            assert!(!PlaceSet::resolve(&[&set.name], TODAY).unwrap().is_empty(), "{}", set.name);
            for e in &set.entries {
                let is_set = e.code.starts_with('@') && e.cities.is_empty() && e.condition.is_none();
                assert!(is_set || country(&e.code).is_some() || subdivision(&e.code).is_some(), "{} {}", set.name, e.code);
                assert!(e.from().zip(e.until()).is_none_or(|(a, b)| a <= b), "{} {}", set.name, e.code);
            }
        }
        for (sub, code) in &file().own_code {
            assert!(country(code).is_some() && subdivision(sub).is_some(), "{sub}");
        }
        for code in file().called.values() {
            assert!(country(code).is_some(), "{code}");
        }
    }

    /// The places that people get wrong, with their law (see the note at each set).
    #[test]
    fn territories() {
        let cases = [
            ("@us-all", "PR", "in"),
            ("@us-50-dc", "PR", "out"),
            ("@us-50-dc", "US-PR", "out"),
            ("@us-all", "US-PR", "in"),
            ("US", "US-PR", "out"),
            ("US-PR", "PR", "in"),
            ("@cn-mainland", "CN-BJ", "in"),
            ("@cn-mainland", "HK", "out"),
            ("@cn-mainland", "CN-HK", "out"),
            ("@cn-mainland", "CN-TW", "out"),
            ("@hk-mo-tw", "CN-MO", "in"),
            ("@doj-countries-of-concern", "HK", "in"),
            ("@doj-countries-of-concern", "TW", "out"),
            ("@eu", "RE", "in"),
            ("@eu", "FR-974", "in"),
            ("@eu", "AX", "in"),
            ("@eu", "NC", "out"),
            ("@eu", "BL", "out"),
            ("@eu", "GL", "out"),
            ("@eu", "CH", "out"),
            ("@eea", "NO", "in"),
            ("@eea", "SJ", "out"),
            ("@eea", "CH", "out"),
            ("@efta", "CH", "in"),
            ("@eu-adequate", "CH", "in"),
            ("@eu-adequate", "US", "unknown"),
            ("@eu-adequate", "CA", "unknown"),
            ("@eu-adequate", "BR", "unknown"),
            ("@eu-adequate", "DE", "out"),
            ("@gba9", "CN-GD Shenzhen", "in"),
            ("@gba9", "CN-GD Shenzhen Shi", "in"),
            ("@gba9", "CN-GD", "unknown"),
            ("@gba9", "CN", "unknown"),
            ("@gba9", "CN-BJ", "out"),
            ("@gba9", "HK", "in"),
            ("@gba9", "MO", "out"),
            ("@gba11", "MO", "in"),
            ("@apb", "CA", "in"),
            ("@us-continental", "US-HI", "out"),
            ("@us-continental", "US", "unknown"),
            ("US-CA", "US", "unknown"),
            ("US-CA", "US-NY", "out"),
            ("GB-ENG", "GB-LND", "in"),
            ("GB-LND", "GB-ENG", "unknown"),
            ("GB-SCT", "GB-LND", "out"),
        ];
        for (set, what, expected) in cases {
            assert_eq!(at(set, TODAY, what), expected, "{what} in {set}");
        }
    }

    #[test]
    fn sets_are_dated() {
        assert_eq!(at("@eu", date(2020, 1, 31), "GB"), "in");
        assert_eq!(at("@eu", date(2020, 2, 1), "GB"), "out");
        assert_eq!(at("@eu-adequate", date(2023, 7, 9), "US"), "out");
        assert_eq!(at("@eu-adequate", date(2023, 7, 10), "US"), "unknown");
        assert_eq!(at("@eu-adequate", date(2026, 1, 25), "BR"), "out");
        assert_eq!(at("@eu-adequate", date(2032, 1, 1), "GB"), "out");
    }

    #[test]
    fn overlap_is_only_denied_when_sure() {
        let overlap = |words: &[&str]| {
            let sets: Vec<PlaceSet> = words.iter().map(|w| PlaceSet::resolve(&[w], TODAY).unwrap()).collect();
            PlaceSet::overlap(&sets.iter().collect::<Vec<_>>())
        };
        assert!(!overlap(&["US", "CN"]));
        assert!(overlap(&["US", "US-CA"]));
        assert!(overlap(&["GB-ENG", "GB-LND", "@uk-approved"]));
        assert!(!overlap(&["US-NY", "US-CA"]));
        assert!(!overlap(&["@cn-mainland", "@hk-mo-tw"]));
        assert!(overlap(&["@gba9", "CN"]));
        assert!(!overlap(&["@eu", "@eu-adequate"]));
        assert!(overlap(&["@eea", "@eu", "FR"]));
        assert!(overlap(&[]));
    }
}
