//! The entries of an edge whose rules name hosts: an endpoint for each host that some rule asks for, and one for whoever asks for
//! something else; and what a request must be for a rule to take it.

use std::collections::BTreeMap;

use ipnetwork::IpNetwork;

use super::output::{Listen, Output, Touch};
use super::peer::{self, Peer, is_host_name};
use super::shorten;
use super::when::{Basis, MAX_NETWORKS, When, by_countries, countries_of_regex, country};
use crate::model::{Address, ClientMatch, EndpointFact, Role, Roles};
use crate::source::{Location, Spanned};

/// What a request must be.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Asks {
    /// The host that it asks for; a pattern with `*` or of a regular expression is no host name. `None`: any.
    pub host: Option<String>,
    /// Who sends it.
    pub when: When,
    /// What else, in words that follow "for": a path, a method.
    pub what: Option<String>,
}

impl Asks {
    pub fn host(name: &str) -> Self {
        Self { host: Some(name.trim_end_matches('.').to_ascii_lowercase()), ..Self::default() }
    }

    pub fn when(when: When) -> Self {
        Self { when, ..Self::default() }
    }

    pub fn what(text: impl Into<String>) -> Self {
        Self { what: Some(text.into()), ..Self::default() }
    }

    /// Both; `None` if no request can be.
    pub fn and(&self, other: &Self) -> Option<Self> {
        let host = match (&self.host, &other.host) {
            (Some(a), Some(b)) if a != b && is_host_name(a) && is_host_name(b) => return None,
            (a, b) => a.clone().or_else(|| b.clone()),
        };
        let what = match (&self.what, &other.what) {
            (Some(a), Some(b)) if a != b => Some(shorten(&format!("{a} and {b}"))),
            (a, b) => a.clone().or_else(|| b.clone()),
        };
        Some(Self { host, when: self.when.and(&other.when)?, what })
    }

    /// In words, for a route's condition.
    pub fn text(&self) -> Option<String> {
        self.what.as_ref().map(|w| format!("for {w}"))
    }
}

/// A header of the request that holds the client's country, as content delivery networks and geolocation modules set it.
pub fn is_country_header(name: &str) -> bool {
    let name = name.to_ascii_lowercase().replace('_', "-");
    matches!(
        name.as_str(),
        "cf-ipcountry"
            | "cloudfront-viewer-country"
            | "x-country-code"
            | "x-geo-country"
            | "x-geoip-country"
            | "x-geoip-country-code"
            | "x-client-geo-country"
            | "x-country"
            | "fastly-geo-country"
            | "client-geo-country"
            | "x-appengine-country"
            | "mm-country-code"
            | "geoip-country-code"
            | "x-geo-country-code"
    )
}

/// A value that must be one of these texts, or match this pattern, where the value is the client's country.
pub fn by_country(what: &str, value: &str, pattern: bool, among: bool) -> Option<When> {
    let countries = if pattern {
        countries_of_regex(&format!("~*{}", value.trim_start_matches("(?i)")))?
    } else {
        value.split([' ', ',', '|']).filter(|v| !v.is_empty()).map(country).collect::<Option<Vec<_>>>()?
    };
    // No country at all is a value that was not understood.
    let mut when = Some(by_countries(what, countries, among)).filter(|w| w.clients != ClientMatch::Countries(Vec::new()))?;
    when.text = when.text.map(|t| t.replacen("when $", "when ", 1));
    Some(when)
}

/// Clients of these networks.
pub fn by_networks(texts: &[&str], among: bool) -> When {
    // What is no network (a name, a range) makes a condition that is described and leaves nobody out.
    let networks: Option<Vec<IpNetwork>> = texts.iter().map(|t| t.parse().ok()).collect();
    let shown = shorten(&texts.join(", "));
    match networks {
        Some(n) if among && !n.is_empty() && n.len() <= MAX_NETWORKS => {
            When { clients: ClientMatch::Networks(n), basis: Basis::Other, text: Some(format!("for clients of {shown}")) }
        }
        _ if among => When::some("by address", format!("for clients of {shown}")),
        _ => When::some("by address", format!("for clients not of {shown}")),
    }
}

/// Everybody else, where the origin decides; `None` where it does not, so that anybody may be meant.
pub fn others(when: &When) -> Option<When> {
    let clients = match &when.clients {
        ClientMatch::Countries(c) => ClientMatch::Except(c.clone()),
        ClientMatch::Except(c) => ClientMatch::Countries(c.clone()),
        _ => return None,
    };
    let text = when.text.as_ref().map(|t| t.replacen("when ", "unless ", 1));
    Some(When { clients, basis: Basis::Geography, text })
}

/// The entries of one program.
pub struct Fronts {
    kind: &'static str,
    label: String,
    by_host: BTreeMap<String, usize>,
    any: Option<usize>,
    addresses: Vec<Address>,
    listens: Vec<Listen>,
    shown: Vec<String>,
}

impl Fronts {
    pub fn new(kind: &'static str, label: impl Into<String>) -> Self {
        Self {
            kind,
            label: label.into(),
            by_host: BTreeMap::new(),
            any: None,
            addresses: Vec::new(),
            listens: Vec::new(),
            shown: Vec::new(),
        }
    }

    /// The program listens here, for all of its entries that are yet to be made. `place` is the address in `text`; of a place
    /// without a host (`:80`) any address of the machine.
    pub fn listen(&mut self, out: &mut Output, text: &str, place: &str, at: Location) {
        self.shown.push(shorten(text));
        let any = if place.starts_with(':') { "0.0.0.0" } else { "" };
        match peer::peer(&format!("{any}{place}"), None) {
            Ok(Peer::Address { ip, port }) => self.addresses.push(Address { ip, port, location: at }),
            Ok(Peer::Loopback { port, .. }) => self.listens.extend(port.map(Listen::Port)),
            Ok(Peer::Unix(path)) => self.listens.push(Listen::Socket(path)),
            Ok(Peer::Host { .. }) | Err(_) => out.unheard(text, at, Touch::Tree),
        }
    }

    /// The entry for those who ask for a host, or for any host that no other entry is for.
    pub fn of(&mut self, out: &mut Output, host: Option<&str>, at: Location) -> usize {
        let known = match host {
            Some(host) => self.by_host.get(host).copied(),
            None => self.any,
        };
        if let Some(known) = known {
            return known;
        }
        let mut fact = EndpointFact::new(self.kind, self.label.clone(), at);
        fact.roles = Roles::of(&[Role::Entry, Role::Transit]);
        fact.addresses.extend(self.addresses.iter().copied());
        if !self.shown.is_empty() {
            fact.attributes.other.insert("listen".to_owned(), self.shown.join(", "));
        }
        if let Some(host) = host {
            if is_host_name(host.strip_prefix("*.").unwrap_or(host)) {
                fact.names.push(Spanned::new(host.to_owned(), at.span));
                fact.label = host.to_owned();
            } else {
                fact.label = format!("{} ({})", self.label, shorten(host));
                fact.attributes.other.insert("server-name-pattern".to_owned(), shorten(host));
            }
        }
        let label = fact.label.clone();
        let index = out.principal(fact);
        for on in &self.listens {
            out.listens(index, on.clone(), &label);
        }
        match host {
            Some(host) => _ = self.by_host.insert(host.to_owned(), index),
            None => self.any = Some(index),
        }
        index
    }

    /// The entries made so far, each with its host.
    pub fn all(&self) -> Vec<(Option<&str>, usize)> {
        let named = self.by_host.iter().map(|(host, index)| (Some(host.as_str()), *index));
        named.chain(self.any.map(|index| (None, index))).collect()
    }
}
