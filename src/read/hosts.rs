//! Hosts files: `/etc/hosts` as hosts(5) describes it - an address, the canonical name, aliases.
//!
//! The names are taken as known everywhere, though a hosts file speaks for one machine only. Lines that mean the machine
//! itself (loopback, multicast, `0.0.0.0`) say nothing to others and are left out: a route to such a name finds it undefined.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use crate::model::{Address, EndpointFact, GapScope, Reference, Standing, Unread};
use crate::read::{Input, Reader, Reading, Recognized, glance};
use crate::source::{Location, Span, Spanned};

pub struct Hosts;

/// Bad lines without a name that are told one by one: each of them alone touches everything.
const MAX_BAD_LINES: usize = 50;

impl Reader for Hosts {
    fn format(&self) -> &'static str {
        "hosts"
    }

    fn describe(&self) -> &'static str {
        "hosts file (/etc/hosts: address, name, aliases)"
    }

    fn recognize(&self, path: &str, text: &str) -> Recognized {
        let (mut good, mut own, mut lines) = (0, false, 0);
        for line in lines_of(glance(text)).filter(|l| !l.words.is_empty()) {
            lines += 1;
            let names = line.words.get(1..).unwrap_or_default();
            let address = line.address();
            if address.is_some() && !names.is_empty() && names.iter().all(|n| host_name(n.value).is_some()) {
                good += 1;
                own |= address.is_some_and(is_own) && names.iter().any(|n| n.value.contains("local"));
            }
        }
        let file = path.rsplit('/').next().unwrap_or(path).to_ascii_lowercase();
        let named = file == "hosts" || file.ends_with(".hosts") || file == "hosts.txt" || file == "etc-hosts";
        match (named, good, lines - good) {
            (_, 0, _) => Recognized::No,
            (true, good, bad) if bad <= good => Recognized::Yes,
            (false, _, 0) if own => Recognized::Yes,
            (false, _, 0) => Recognized::Maybe,
            _ => Recognized::No,
        }
    }

    fn read(&self, input: &Input<'_>) -> Reading {
        let mut reading = Reading::default();
        let mut names: BTreeMap<String, Vec<(Location, Address)>> = BTreeMap::new();
        let mut bad = Vec::new();
        let mut good = 0_usize;
        for line in lines_of(input.text()) {
            let Some((first, rest)) = line.words.split_first() else { continue };
            let location = Location::new(input.file, first.span);
            let Some(ip) = line.address() else {
                bad.push((location, format!("`{}` is not an address", shorten(first.value)), rest.to_vec()));
                continue;
            };
            if rest.is_empty() {
                bad.push((location, format!("the address `{}` has no name", first.value), Vec::new()));
                continue;
            }
            good += 1;
            if is_own(ip) {
                continue;
            }
            for (name, at) in rest.iter().filter_map(|w| Some((host_name(w.value)?, w.span))) {
                let at = Location::new(input.file, at);
                names.entry(name).or_default().push((at, Address { ip, port: None, location }));
            }
            if let Some(word) = rest.iter().find(|w| host_name(w.value).is_none()) {
                let at = Location::new(input.file, word.span);
                bad.push((at, format!("`{}` is not a host name", shorten(word.value)), rest.to_vec()));
            }
        }
        // Names of the same lines are one machine under several names.
        let mut machines: BTreeMap<Vec<Location>, Vec<(String, Location)>> = BTreeMap::new();
        for (name, places) in &names {
            let lines = places.iter().map(|(_, address)| address.location).collect();
            machines.entry(lines).or_default().push((name.clone(), places[0].0));
        }
        let mut known: BTreeMap<String, usize> = BTreeMap::new();
        for mut aliases in machines.into_values() {
            aliases.sort_by_key(|(_, at)| *at);
            let (canonical, at) = aliases[0].clone();
            let mut fact = EndpointFact::new("host-name", canonical.as_str(), at);
            fact.addresses = names.get(&canonical).into_iter().flatten().map(|(_, address)| *address).collect();
            fact.names = aliases.iter().map(|(name, at)| Spanned::new(name.clone(), at.span)).collect();
            known.extend(aliases.into_iter().map(|(name, _)| (name, reading.facts.endpoints.len())));
            reading.facts.endpoint(fact);
        }
        let left_out = bad.len().saturating_sub(MAX_BAD_LINES);
        for (n, (location, message, names)) in bad.into_iter().enumerate() {
            let mut touched = BTreeSet::new();
            for name in names.iter().filter_map(|w| Some((host_name(w.value)?, w.span))) {
                let index = *known.entry(name.0.clone()).or_insert_with(|| {
                    let mut fact = EndpointFact::new("host-name", name.0.as_str(), Location::new(input.file, name.1));
                    fact.standing = Standing::Logical;
                    fact.names.push(Spanned::new(name.0.clone(), name.1));
                    reading.facts.endpoints.push(fact);
                    reading.facts.endpoints.len() - 1
                });
                touched.insert(index);
            }
            if touched.is_empty() && n >= MAX_BAD_LINES {
                continue;
            }
            let help = Some("a line is an address, a host name and aliases; `#` begins a comment".to_owned());
            let scope = if touched.is_empty() {
                GapScope::Everything
            } else {
                GapScope::Endpoints(touched.into_iter().map(Reference::Fact).collect())
            };
            reading.facts.gaps.push(Unread { code: "malformed-line", message, help, location, scope });
        }
        if good == 0 && left_out > 0 {
            reading.broken = Some("no line of it is an address with a name".to_owned());
        }
        reading
    }
}

struct Line<'a> {
    words: Vec<Spanned<&'a str>>,
}

impl Line<'_> {
    /// The first word as an address; the scope of a link-local one (`fe80::1%lo0`) names an interface of the machine itself.
    fn address(&self) -> Option<IpAddr> {
        let word = self.words.first()?.value;
        match word.split_once('%') {
            Some((ip, scope)) if !scope.is_empty() => ip.parse().ok().filter(IpAddr::is_ipv6),
            _ => word.parse().ok(),
        }
    }
}

/// The words of each line, without comments.
fn lines_of(text: &str) -> impl Iterator<Item = Line<'_>> {
    let mut start = 0;
    text.split_inclusive('\n').map(move |line| {
        let content = line.split('#').next().unwrap_or("");
        let mut words = Vec::new();
        let mut rest = content;
        while let Some(begin) = rest.find(|c: char| !c.is_ascii_whitespace()) {
            rest = rest.get(begin..).unwrap_or("");
            let end = rest.find(|c: char| c.is_ascii_whitespace()).unwrap_or(rest.len());
            let at = start + content.len() - rest.len();
            words.push(Spanned::new(rest.get(..end).unwrap_or(""), Span::new(at, at + end)));
            rest = rest.get(end..).unwrap_or("");
        }
        start += line.len();
        Line { words }
    })
}

/// Lower case, without a final dot; `None` if it cannot be a host name.
fn host_name(raw: &str) -> Option<String> {
    let name = raw.strip_suffix('.').unwrap_or(raw);
    let label = |l: &str| {
        let inner = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_');
        !l.is_empty() && l.len() <= 63 && !l.starts_with('-') && l.chars().all(inner)
    };
    let good = name.len() <= 253 && name.split('.').all(label) && name.parse::<IpAddr>().is_err();
    good.then(|| name.to_lowercase())
}

/// Addresses by which a machine means itself or everybody.
fn is_own(ip: IpAddr) -> bool {
    match ip.to_canonical() {
        IpAddr::V4(v4) => v4.is_loopback() || v4.is_unspecified() || v4.is_broadcast() || v4.is_multicast(),
        // `fe00::0 ip6-localnet` of Debian is no address of anything.
        IpAddr::V6(v6) => {
            v6.is_loopback() || v6.is_unspecified() || v6.is_multicast() || v6.segments() == [0xfe00, 0, 0, 0, 0, 0, 0, 0]
        }
    }
}

fn shorten(text: &str) -> String {
    match text.char_indices().nth(60) {
        Some((end, _)) => format!("{}...", text.get(..end).unwrap_or("")),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests;
