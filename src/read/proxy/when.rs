//! For which clients something holds, and how such conditions combine.

use crate::model::{ClientMatch, Country, RouteRole};

/// Longer lists of networks are described, not listed.
pub const MAX_NETWORKS: usize = 64;

/// For which clients something holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct When {
    pub clients: ClientMatch,
    pub basis: Basis,
    /// In words, beginning with "when" or "for".
    pub text: Option<String>,
}

/// What tells the clients apart, strongest last.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Basis {
    #[default]
    Nothing,
    Other,
    Share,
    Geography,
}

impl Basis {
    pub fn role(self) -> RouteRole {
        match self {
            Self::Nothing | Self::Other => RouteRole::Primary,
            Self::Share => RouteRole::Weighted,
            Self::Geography => RouteRole::Geo,
        }
    }
}

impl When {
    pub fn some(by: impl Into<String>, text: impl Into<String>) -> Self {
        Self { clients: ClientMatch::Some(by.into()), basis: Basis::Other, text: Some(text.into()) }
    }

    /// Both hold; `None` if no client can meet both.
    pub fn and(&self, other: &Self) -> Option<Self> {
        use ClientMatch::{Any, Countries, Except, Networks, Part, Some as Share};
        let clients = match (&self.clients, &other.clients) {
            (Any, x) | (x, Any) => x.clone(),
            (Countries(a), Countries(b)) => Countries(a.iter().copied().filter(|c| b.contains(c)).collect()),
            (Countries(a), Except(b)) | (Except(b), Countries(a)) => {
                Countries(a.iter().copied().filter(|c| !b.contains(c)).collect())
            }
            (Except(a), Except(b)) => Except(sorted(a.iter().chain(b).copied().collect())),
            (Countries(a), Part(b, by)) | (Part(b, by), Countries(a)) => {
                Part(b.iter().copied().filter(|c| a.contains(c)).collect(), by.clone())
            }
            (Except(a), Part(b, by)) | (Part(b, by), Except(a)) => {
                Part(b.iter().copied().filter(|c| !a.contains(c)).collect(), by.clone())
            }
            (Part(a, by), Part(b, _)) => Part(a.iter().copied().filter(|c| b.contains(c)).collect(), by.clone()),
            // The narrower of the two that the origin can decide; the other is in the text.
            (x @ (Countries(_) | Except(_) | Part(..)), _) | (_, x @ (Countries(_) | Except(_) | Part(..))) => x.clone(),
            (x @ Networks(_), _) | (_, x @ Networks(_)) => x.clone(),
            (Share(a), Share(b)) if a == b => Share(a.clone()),
            (Share(a), Share(b)) => Share(format!("{a} and {b}")),
        };
        if matches!(&clients, Countries(c) | Part(c, _) if c.is_empty()) {
            return None;
        }
        let text = match (&self.text, &other.text) {
            (Some(a), Some(b)) if a == b => Some(a.clone()),
            (Some(a), Some(b)) => Some(format!("{a} and {b}")),
            (a, b) => a.clone().or_else(|| b.clone()),
        };
        Some(Self { clients, basis: self.basis.max(other.basis), text })
    }
}

pub fn sorted(mut countries: Vec<Country>) -> Vec<Country> {
    countries.sort_unstable();
    countries.dedup();
    countries
}

/// Clients of either; `by` names what tells them apart if no list can.
pub fn union(a: &ClientMatch, b: &ClientMatch, by: &str) -> ClientMatch {
    use ClientMatch::{Any, Countries, Except, Networks};
    match (a, b) {
        (Any, _) | (_, Any) => Any,
        (Countries(a), Countries(b)) => Countries(sorted(a.iter().chain(b).copied().collect())),
        (Except(a), Except(b)) => Except(a.iter().copied().filter(|c| b.contains(c)).collect()),
        (Except(e), Countries(c)) | (Countries(c), Except(e)) => Except(e.iter().copied().filter(|x| !c.contains(x)).collect()),
        (Networks(a), Networks(b)) if a.len() + b.len() <= MAX_NETWORKS => Networks(a.iter().chain(b).copied().collect()),
        _ => ClientMatch::Some(by.to_owned()),
    }
}

/// The country that a database's code means; `EU`, `AP`, `XX` and `ZZ` are not countries.
pub fn country(code: &str) -> Option<Country> {
    Country::from_letters(&code.to_ascii_uppercase()).filter(|c| !matches!(c.as_str(), "EU" | "AP" | "XX" | "ZZ"))
}

pub fn by_countries(variable: &str, countries: Vec<Country>, among: bool) -> When {
    let countries = sorted(countries);
    let codes: Vec<&str> = countries.iter().take(8).map(Country::as_str).collect();
    let more = if countries.len() > 8 { format!(" and {} more", countries.len() - 8) } else { String::new() };
    let list = format!("{}{more}", codes.join(", "));
    let text = match (among, countries.len()) {
        (true, 1) => format!("when ${variable} is {list}"),
        (true, _) => format!("when ${variable} is one of {list}"),
        (false, 1) => format!("when ${variable} is not {list}"),
        (false, _) => format!("when ${variable} is none of {list}"),
    };
    let clients = if among { ClientMatch::Countries(countries) } else { ClientMatch::Except(countries) };
    When { clients, basis: Basis::Geography, text: Some(text) }
}

/// The codes of `~^(CN|HK)$` and its like. Codes have two letters, so that anchors change nothing.
pub fn countries_of_regex(regex: &str) -> Option<Vec<Country>> {
    let (body, any_case) = match regex.strip_prefix("~*") {
        Some(body) => (body, true),
        None => (regex.strip_prefix('~')?, false),
    };
    let body = body.trim().trim_start_matches('^').trim_end_matches('$');
    let body = body.strip_prefix('(').and_then(|b| b.strip_suffix(')')).unwrap_or(body);
    let body = body.strip_prefix("?:").unwrap_or(body);
    body.split('|')
        .map(|code| {
            let code = code.trim_start_matches('^').trim_end_matches('$');
            if any_case || code.chars().all(|c| c.is_ascii_uppercase()) { country(code) } else { None }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn countries(codes: &str) -> Vec<Country> {
        codes.split(' ').map(|c| Country::from_letters(c).unwrap()).collect()
    }

    #[test]
    fn regexes_of_codes() {
        assert_eq!(countries_of_regex("~^(CN|HK)$"), Some(countries("CN HK")));
        assert_eq!(countries_of_regex("~*cn|hk"), Some(countries("CN HK")));
        assert_eq!(countries_of_regex("~^[A-C]"), None);
        assert_eq!(countries_of_regex("~^cn$"), None);
    }

    #[test]
    fn conditions_combine() {
        let cn = by_countries("c", countries("CN"), true);
        let not_cn = by_countries("c", countries("CN"), false);
        let eu = by_countries("c", countries("DE FR"), true);
        assert_eq!(cn.and(&eu), None);
        assert_eq!(cn.and(&not_cn), None);
        assert_eq!(eu.and(&not_cn).unwrap().clients, ClientMatch::Countries(countries("DE FR")));
        assert_eq!(union(&cn.clients, &not_cn.clients, ""), ClientMatch::Except(Vec::new()));
    }
}
