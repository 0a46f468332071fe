//! Which endpoints a loss takes down, and of which it cannot be told.

use std::collections::HashSet;

use super::bits::Bits;
use crate::model::{DomainKind, Endpoint, LossDomain, SiteId, SiteMatch, Snapshot, Standing};

pub(super) struct Lost {
    pub(super) down: Bits,
    /// Not surely down, and not surely up: where it stands is ambiguous, and one of the candidates is lost.
    pub(super) uncertain: Bits,
}

impl Lost {
    pub(super) fn nothing(snapshot: &Snapshot) -> Self {
        let none = Bits::none(snapshot.endpoints.len());
        Self { down: none.clone(), uncertain: none }
    }

    pub(super) fn new(snapshot: &Snapshot, domains: &[LossDomain]) -> Self {
        let lost: HashSet<&LossDomain> = domains.iter().collect();
        let sites = (0..).map(SiteId).take(snapshot.sites.len());
        let sites: Vec<Kinds> = sites.map(|s| hits(&lost, &snapshot.site_domains(s))).collect();
        let own = |endpoint: &Endpoint| match endpoint.standing {
            Standing::Logical => Fate::Up,
            _ if hits(&lost, &endpoint.domains) != 0 => Fate::Down,
            _ => at_sites(endpoint, |site| sites[site.0 as usize] & !own_kinds(endpoint) != 0),
        };
        let fates: Vec<Fate> = snapshot.endpoints.iter().map(own).collect();
        let down = with_parts(snapshot, |i| fates[i] == Fate::Down);
        let uncertain = with_parts(snapshot, |i| fates[i] != Fate::Up).minus(&down);
        Self { down, uncertain }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Fate {
    Up,
    Unknown,
    Down,
}

/// A set of kinds, one bit each.
type Kinds = u16;

/// The kinds in which an endpoint says itself whose it is, whatever its site says.
fn own_kinds(endpoint: &Endpoint) -> Kinds {
    endpoint.domains.iter().filter(|d| d.kind.is_ownership()).fold(0, |kinds, d| kinds | 1 << d.kind as u16)
}

/// By which kinds a loss takes down what is in these domains. Carriers stand for each other; every other domain takes down what
/// is in it.
fn hits(lost: &HashSet<&LossDomain>, domains: &[LossDomain]) -> Kinds {
    let is_lost = |d: &&LossDomain| lost.contains(d);
    let carries = |d: &&LossDomain| d.kind == DomainKind::Carrier;
    let one_carries_on = domains.iter().filter(carries).any(|d| !is_lost(&d));
    domains.iter().filter(is_lost).filter(|d| !(carries(d) && one_carries_on)).fold(0, |hits, d| hits | 1 << d.kind as u16)
}

/// An endpoint that stands in several sites is down when all of them are lost.
fn at_sites(endpoint: &Endpoint, lost: impl Fn(SiteId) -> bool) -> Fate {
    let (mut some, mut unsure) = (false, false);
    for site in &endpoint.sites {
        match site {
            SiteMatch::One(site, _) | SiteMatch::Declared(site, _) if lost(*site) => some = true,
            SiteMatch::Ambiguous(candidates) if candidates.iter().any(|(s, _)| lost(*s)) => {
                some = true;
                unsure = true;
            }
            SiteMatch::None => unsure = true,
            _ => return Fate::Up,
        }
    }
    match (some, unsure) {
        (false, _) => Fate::Up,
        (true, true) => Fate::Unknown,
        (true, false) => Fate::Down,
    }
}

/// Parts are down when all that they are parts of are; parts of each other are not.
fn with_parts(snapshot: &Snapshot, base: impl Fn(usize) -> bool) -> Bits {
    let endpoints = &snapshot.endpoints;
    let is_part = |e: &Endpoint| !e.stands_with.is_empty() && e.standing != Standing::Logical;
    let mut down = Bits::from_fn(endpoints.len(), |i| !is_part(&endpoints[i]) && base(i));
    let mut parts: Vec<(u32, u32)> = Vec::new();
    let mut left = vec![0_usize; endpoints.len()];
    for (i, endpoint) in endpoints.iter().enumerate().filter(|(_, e)| is_part(e)) {
        left[i] = endpoint.stands_with.len();
        parts.extend(endpoint.stands_with.iter().map(|host| (host.0, super::wiring::number(i))));
    }
    parts.sort_unstable();
    let mut queue: Vec<usize> = if parts.is_empty() { Vec::new() } else { down.iter().collect() };
    while let Some(host) = queue.pop() {
        let from = parts.partition_point(|(h, _)| (*h as usize) < host);
        for (_, part) in parts[from..].iter().take_while(|(h, _)| *h as usize == host) {
            let part = *part as usize;
            left[part] -= 1;
            if left[part] == 0 {
                down.insert(part);
                queue.push(part);
            }
        }
    }
    down
}
