//! Answers that depend on who asks, on chance, or on what is up: what GeoDNS servers keep in place of a record's data. It knows no
//! server's spelling; each reader translates its own into an [`Answer`], and the zone's facts make routes of it.
//!
//! Whose country counts is that of the address in the query's EDNS Client Subnet (RFC 7871), and where there is none that of the
//! resolver. A person whose resolver stands abroad and sends no subnet gets the answer for abroad; no file tells who does so.

use std::net::IpAddr;

use ipnetwork::IpNetwork;

use crate::model::{ClientMatch, Country, Reference, RouteRole};
use crate::read::proxy::when::{MAX_NETWORKS, sorted, union};
use crate::source::Location;
use crate::vocab::continents::{Continent, continent};
use crate::vocab::places;

/// Branches and tiers that one answer may come to.
const MAX_BRANCHES: usize = 2000;

/// One place to go to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    pub to: Reference,
    pub location: Location,
}

impl Target {
    /// An address, or a host name as DNS data has it.
    pub fn parse(text: &str, location: Location) -> Option<Self> {
        let text = text.trim();
        let to = match text.parse::<IpAddr>() {
            Ok(ip) => Reference::Address { ip, port: None },
            Err(_) => {
                let name =
                    super::name::absolute(text, Some("")).ok().filter(|n| n.contains('.') && !n.contains([' ', ',', '/']))?;
                Reference::Host { name, port: None }
            }
        };
        Some(Self { to, location })
    }
}

/// How the targets of one set are chosen from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pick {
    /// All of them are answered, or the only one.
    All,
    /// By chance, by weight, by a hash of who asks.
    Share,
    /// The nearest to the client; which one that is no file says.
    Closest,
}

impl Pick {
    fn role(self) -> RouteRole {
        match self {
            Self::All => RouteRole::Primary,
            Self::Share => RouteRole::Weighted,
            Self::Closest => RouteRole::Geo,
        }
    }
}

/// What is answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// Nothing, for these clients.
    Nothing,
    /// From these targets.
    Set(Vec<Target>, Pick),
    /// From the first set in which something is up. `checks`: what decides that, in words.
    Tiers { tiers: Vec<Vec<Target>>, pick: Pick, checks: String },
    /// By the first condition that holds; nothing if none does.
    Branches(Vec<(Condition, Answer)>),
    /// All of these at once.
    Each(Vec<Answer>),
    /// Something that was not understood: why, as a clause, and where.
    Unknown { why: String, help: Option<String>, location: Location },
}

/// A condition on clients: at most who meets it, at most who does not, and how it reads after "for".
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Condition {
    pub yes: ClientMatch,
    pub no: ClientMatch,
    pub text: String,
}

/// No client at all.
fn nobody() -> ClientMatch {
    ClientMatch::Countries(Vec::new())
}

fn is_nobody(clients: &ClientMatch) -> bool {
    matches!(clients, ClientMatch::Countries(c) if c.is_empty())
}

/// The codes of a list, at most eight of them.
pub fn listed(countries: &[Country]) -> String {
    let codes: Vec<&str> = countries.iter().take(8).map(Country::as_str).collect();
    match countries.len().saturating_sub(8) {
        0 => codes.join(", "),
        more => format!("{} and {more} more", codes.join(", ")),
    }
}

impl Condition {
    pub fn always() -> Self {
        Self { yes: ClientMatch::Any, no: nobody(), text: "everybody".to_owned() }
    }

    /// Something that is not the client's country: both ways are open to all origins.
    pub fn some(text: impl Into<String>) -> Self {
        let text = text.into();
        Self { yes: ClientMatch::Some(text.clone()), no: ClientMatch::Some(format!("others than {text}")), text }
    }

    pub fn countries(countries: Vec<Country>) -> Self {
        let countries = sorted(countries);
        let text = format!("clients in {}", listed(&countries));
        Self { yes: ClientMatch::Countries(countries.clone()), no: ClientMatch::Except(countries), text }
    }

    /// Databases differ about some countries: clients there may count as either.
    pub fn continents(codes: &[&str]) -> Option<Self> {
        let continents: Vec<&Continent> = codes.iter().map(|c| continent(c)).collect::<Option<_>>()?;
        let yes = sorted(continents.iter().flat_map(|c| c.at_most()).collect());
        let mut surely: Vec<Country> = continents.iter().flat_map(|c| c.surely.iter().copied()).collect();
        // What is perhaps in either of two that are both meant is surely in one of them.
        surely.extend(yes.iter().copied().filter(|c| {
            let all = crate::vocab::continents::continents_of(*c);
            all.iter().all(|code| codes.iter().any(|given| given.eq_ignore_ascii_case(code)))
        }));
        let text = format!("clients in {}", codes.join(", ").to_uppercase());
        Some(Self { yes: ClientMatch::Countries(yes), no: ClientMatch::Except(sorted(surely)), text })
    }

    /// A part of a country: its other people do not meet it.
    pub fn part_of(country: Country, text: impl Into<String>) -> Self {
        Self { yes: ClientMatch::Countries(vec![country]), no: ClientMatch::Any, text: text.into() }
    }

    pub fn networks(networks: Vec<IpNetwork>) -> Self {
        let written: Vec<String> = networks.iter().take(4).map(IpNetwork::to_string).collect();
        let more = if networks.len() > 4 { " and others" } else { "" };
        let text = format!("clients in {}{more}", written.join(", "));
        let all = |v4: bool| networks.iter().any(|n| n.prefix() == 0 && n.is_ipv4() == v4);
        match (all(true), all(false)) {
            (true, true) => return Self::always(),
            (true, false) => return Self::some("clients over IPv4"),
            (false, true) => return Self::some("clients over IPv6"),
            (false, false) => {}
        }
        let yes =
            if networks.len() <= MAX_NETWORKS { ClientMatch::Networks(networks) } else { ClientMatch::Some(text.clone()) };
        Self { yes, no: ClientMatch::Any, text }
    }

    pub fn negated(self) -> Self {
        Self { yes: self.no, no: self.yes, text: format!("others than {}", self.text) }
    }

    pub fn and(self, other: Self) -> Self {
        let yes = meet(&self.yes, &other.yes);
        let text = format!("{} that are also {}", self.text, other.text);
        Self { yes, no: union(&self.no, &other.no, &text), text }
    }

    pub fn or(self, other: Self) -> Self {
        let text = format!("{} or {}", self.text, other.text);
        Self { yes: union(&self.yes, &other.yes, &text), no: meet(&self.no, &other.no), text }
    }
}

/// Clients that meet both, at most.
fn meet(a: &ClientMatch, b: &ClientMatch) -> ClientMatch {
    use crate::read::proxy::when::When;
    let when = |clients: &ClientMatch| When { clients: clients.clone(), ..When::default() };
    when(a).and(&when(b)).map_or_else(nobody, |both| both.clients)
}

/// What some clients get, with the sets in the order of preference.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Branch {
    pub clients: ClientMatch,
    /// "for clients in DE"; nothing for everybody.
    pub text: Option<String>,
    pub tiers: Vec<Vec<Target>>,
    pub pick: Pick,
    /// See [`Answer::Tiers`].
    pub checks: Option<String>,
}

impl Branch {
    pub fn role(&self, rank: usize) -> RouteRole {
        match rank {
            // A share of clients or the near ones say more than the country they are chosen for.
            0 if self.pick == Pick::All && matches!(self.clients, ClientMatch::Countries(_) | ClientMatch::Except(_)) => {
                RouteRole::Geo
            }
            0 => self.pick.role(),
            _ => RouteRole::Failover,
        }
    }

    /// What must be true for a target of a tier to be answered.
    pub fn condition(&self, rank: usize) -> Option<String> {
        let mut parts: Vec<String> = self.text.iter().map(|t| format!("for {t}")).collect();
        if self.pick == Pick::Closest && self.tiers.get(rank).is_some_and(|t| t.len() > 1) {
            parts.push("for the clients that it is nearest to".to_owned());
        }
        if let (Some(checks), true) = (&self.checks, rank > 0) {
            parts.push(format!("when {checks}"));
        }
        (!parts.is_empty()).then(|| parts.join(", "))
    }

    /// The clients of a route: of a set in which the nearest is chosen, each gets some.
    pub fn clients_of(&self, rank: usize) -> ClientMatch {
        match (&self.clients, self.pick) {
            (ClientMatch::Any, Pick::Closest) if self.tiers.get(rank).is_some_and(|t| t.len() > 1) => {
                ClientMatch::Some("the clients that it is nearest to".to_owned())
            }
            (clients, _) => clients.clone(),
        }
    }
}

/// An answer as branches that can be taken one by one, and what was not understood of it.
#[derive(Debug, Default)]
pub struct Flat {
    pub branches: Vec<Branch>,
    pub unknown: Vec<(String, Option<String>, Location)>,
    /// There was more than can be followed.
    pub cut: bool,
}

impl Answer {
    pub fn flat(&self) -> Flat {
        let mut flat = Flat::default();
        self.walk(&Condition::always(), &mut flat);
        flat
    }

    fn walk(&self, when: &Condition, flat: &mut Flat) {
        if is_nobody(&when.yes) {
            return;
        }
        if flat.branches.len() >= MAX_BRANCHES {
            flat.cut = true;
            return;
        }
        let text = (when.text != "everybody").then(|| when.text.clone());
        let mut add = |tiers: Vec<Vec<Target>>, pick, checks| {
            flat.branches.push(Branch { clients: when.yes.clone(), text: text.clone(), tiers, pick, checks });
        };
        match self {
            Self::Nothing => {}
            Self::Set(targets, pick) => {
                if !targets.is_empty() {
                    add(vec![targets.clone()], if targets.len() > 1 { *pick } else { Pick::All }, None);
                }
            }
            Self::Tiers { tiers, pick, checks } => {
                let tiers: Vec<Vec<Target>> = tiers.iter().filter(|t| !t.is_empty()).cloned().collect();
                if !tiers.is_empty() {
                    let pick = if tiers.iter().any(|t| t.len() > 1) { *pick } else { Pick::All };
                    add(tiers, pick, Some(checks.clone()));
                }
            }
            Self::Branches(branches) => {
                let mut left = when.clone();
                for (condition, answer) in branches {
                    answer.walk(&both(&left, condition), flat);
                    left = both(&left, &condition.clone().negated());
                }
            }
            Self::Each(answers) => answers.iter().for_each(|answer| answer.walk(when, flat)),
            Self::Unknown { why, help, location } => flat.unknown.push((why.clone(), help.clone(), *location)),
        }
    }
}

/// Both, worded briefly: of a default branch only what it is a default of.
fn both(a: &Condition, b: &Condition) -> Condition {
    let text = match (a.text.as_str(), b.text.as_str()) {
        ("everybody", _) => b.text.clone(),
        (_, "everybody") => a.text.clone(),
        _ if a.text.starts_with("others than ") && !b.text.starts_with("others than ") => b.text.clone(),
        _ if a.text.starts_with("others than ") => {
            let (first, next) = (a.text.trim_start_matches("others than "), b.text.trim_start_matches("others than "));
            if first.len() > 80 { format!("others than {first}") } else { format!("others than {first} or {next}") }
        }
        _ => format!("{} that are also {}", a.text, b.text),
    };
    let yes = meet(&a.yes, &b.yes);
    Condition { yes, no: union(&a.no, &b.no, &text), text }
}

/// The country of a code in any case, if it is one.
pub fn country(code: &str) -> Option<Country> {
    places::country(&code.to_ascii_uppercase())
}
