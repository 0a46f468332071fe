//! The names that a service's formats make of a client (`format2str` of `geoipbackend.cc`): those of one country, and which of them
//! the zone has.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::Country;
use crate::read::zone::name;
use crate::vocab::continents::continents_of;
use crate::vocab::places;

/// One domain, with the names that services are looked for among.
pub(super) struct Domain {
    pub names: BTreeSet<String>,
    pub services: BTreeSet<String>,
    pub origin: String,
    pub formats: Vec<String>,
    pub mapping: BTreeMap<String, String>,
}

/// A client, as far as the server's database may tell.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Who {
    pub country: Option<Country>,
    pub continent: &'static str,
    /// The database gives three letters for `%co`.
    pub legacy: bool,
}

impl Who {
    pub fn all(country: Country) -> impl Iterator<Item = Self> {
        continents_of(country)
            .into_iter()
            .flat_map(move |continent| [false, true].map(|legacy| Self { country: Some(country), continent, legacy }))
    }
}

/// Where a client ends up.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Outcome {
    /// At this name, and whether the domain has it.
    Name(String, bool),
    Nowhere,
    /// At a name outside the domain of which parts are not known.
    Elsewhere,
}

/// A name of which parts may be anything: the parts between.
struct Pattern(Vec<String>);

impl Pattern {
    fn exact(&self) -> Option<&str> {
        match self.0.as_slice() {
            [only] => Some(only),
            _ => None,
        }
    }

    fn fits(&self, name: &str) -> bool {
        let [first, middle @ .., last] = self.0.as_slice() else { return self.exact() == Some(name) };
        let Some(rest) = name.strip_prefix(first.as_str()) else { return false };
        let Some(mut rest) = rest.strip_suffix(last.as_str()) else { return false };
        for part in middle {
            match rest.find(part.as_str()) {
                Some(at) => rest = &rest[at + part.len()..],
                None => return false,
            }
        }
        true
    }
}

impl Domain {
    /// Where a client ends up, and whether that is sure.
    pub fn outcomes(&self, formats: &[String], who: Who, work: &mut usize, direct: bool) -> Vec<(Outcome, bool)> {
        let mut found = Vec::new();
        let mut last = Vec::new();
        for format in formats {
            last = self.expand(format, who, work);
            if !direct {
                continue;
            }
            let mut settled = true;
            for pattern in &last {
                // What is no name is no record either.
                let name = pattern.exact().and_then(|n| name::absolute(n, Some("")).ok());
                *work = work.saturating_sub(1);
                match name {
                    Some(name) if self.names.contains(&name) => found.push((Outcome::Name(name, true), last.len() == 1)),
                    Some(_) => settled = false,
                    None => {
                        settled = false;
                        *work = work.saturating_sub(self.names.len());
                        let fitting = self.names.iter().filter(|n| pattern.fits(n));
                        found.extend(fitting.map(|n| (Outcome::Name(n.clone(), true), false)));
                    }
                }
            }
            if settled {
                return found;
            }
        }
        // The server answers with a CNAME to the last one.
        let surely = found.is_empty() && last.len() == 1;
        for pattern in &last {
            let below = |name: &str| name == self.origin || name.ends_with(&format!(".{}", self.origin));
            match pattern.exact().and_then(|n| name::absolute(n, Some("")).ok()) {
                Some(name) if self.names.contains(&name) || self.services.contains(&name) => {
                    if !direct || !self.names.contains(&name) {
                        found.push((Outcome::Name(name, true), surely));
                    }
                }
                Some(name) if below(&name) => {
                    let wildcard = name::ancestors(&name).skip(1).any(|a| self.names.contains(&format!("*.{a}")));
                    let outcome = if wildcard { Outcome::Name(name, true) } else { Outcome::Nowhere };
                    found.push((outcome, surely));
                }
                Some(name) => found.push((Outcome::Name(name, false), surely)),
                None if pattern
                    .0
                    .last()
                    .is_some_and(|end| below(end.trim_start_matches('.')) || end.ends_with(&self.origin)) =>
                {
                    if !direct {
                        let fitting = self.names.iter().filter(|n| pattern.fits(n));
                        found.extend(fitting.map(|n| (Outcome::Name(n.clone(), true), false)));
                    }
                    found.push((Outcome::Nowhere, false));
                }
                None => found.push((Outcome::Elsewhere, false)),
            }
        }
        found
    }

    /// What a format may come to for a client.
    fn expand(&self, format: &str, who: Who, work: &mut usize) -> Vec<Pattern> {
        *work = work.saturating_sub(1);
        let mapped = if format.contains("%mp") { self.mapped(who, work) } else { vec![String::new()] };
        mapped.iter().map(|mp| expand(format, who, mp)).collect()
    }

    /// What `%mp` may be.
    fn mapped(&self, who: Who, work: &mut usize) -> Vec<String> {
        let mut values = BTreeSet::new();
        for format in &self.formats {
            let key = expand(format, who, "");
            *work = work.saturating_sub(1);
            match key.exact() {
                Some(key) => {
                    if let Some(value) = self.mapping.get(key) {
                        values.insert(value.clone());
                        return values.into_iter().collect();
                    }
                }
                None => {
                    *work = work.saturating_sub(self.mapping.len());
                    values.extend(self.mapping.iter().filter(|(k, _)| key.fits(k)).map(|(_, v)| v.clone()));
                }
            }
        }
        values.insert("unknown".to_owned());
        values.into_iter().collect()
    }
}

/// Fills in what the country tells; the rest may be anything. The server writes all of it in lower case.
fn expand(format: &str, who: Who, mapped: &str) -> Pattern {
    let mut parts = vec![String::new()];
    let mut rest = format;
    while let Some(at) = rest.find('%') {
        let (before, tail) = rest.split_at(at);
        let last = parts.len() - 1;
        parts[last].push_str(before);
        let placeholder = ["%loc", "%lat", "%lon", "%ip4", "%ip6", "%wds", "%mos"].into_iter().find(|p| tail.starts_with(p));
        let length = placeholder.map_or(3, str::len);
        let word = tail.get(..length.min(tail.len())).unwrap_or("%");
        let lower = |text: Option<&str>| text.unwrap_or("unknown").to_ascii_lowercase();
        let two = who.country.as_ref().map(Country::as_str);
        let filled = match word {
            _ if tail.starts_with("%%") => {
                parts[last].push('%');
                rest = tail.get(2..).unwrap_or("");
                continue;
            }
            "%cc" => Some(lower(two)),
            "%co" if who.legacy => Some(lower(who.country.and_then(places::alpha3))),
            "%co" => Some(lower(two)),
            "%cn" => Some(lower(who.country.map(|_| who.continent))),
            "%mp" => Some(mapped.to_owned()),
            "%af" | "%re" | "%na" | "%as" | "%ci" | "%yy" | "%mo" | "%wd" | "%dd" | "%hh" | "%ip" => None,
            _ if placeholder.is_some() => None,
            // The server leaves out what it does not know.
            _ => None,
        };
        match filled {
            Some(text) => parts[last].push_str(&text),
            None => parts.push(String::new()),
        }
        rest = tail.get(word.len()..).unwrap_or("");
    }
    let last = parts.len() - 1;
    parts[last].push_str(rest);
    Pattern(parts.into_iter().map(|p| p.to_ascii_lowercase()).collect())
}
