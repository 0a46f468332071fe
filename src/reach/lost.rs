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
        let sites: Vec<bool> = sites.map(|s| hit(&lost, &snapshot.site_domains(s))).collect();
        let own = |endpoint: &Endpoint| match endpoint.standing {
            Standing::Logical => Fate::Up,
            _ if hit(&lost, &endpoint.domains) => Fate::Down,
            _ => at_sites(endpoint, &sites),
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

/// Carriers stand for each other; every other domain takes down what is in it.
fn hit(lost: &HashSet<&LossDomain>, domains: &[LossDomain]) -> bool {
    let carries = |d: &&LossDomain| d.kind == DomainKind::Carrier;
    let mut carriers = domains.iter().filter(carries).peekable();
    let cut_off = carriers.peek().is_some() && carriers.all(|d| lost.contains(d));
    cut_off || domains.iter().any(|d| !carries(&d) && lost.contains(d))
}

/// An endpoint that stands in several sites is down when all of them are lost.
fn at_sites(endpoint: &Endpoint, lost: &[bool]) -> Fate {
    let (mut some, mut unsure) = (false, false);
    for site in &endpoint.sites {
        match site {
            SiteMatch::One(site, _) | SiteMatch::Declared(site, _) if lost[site.0 as usize] => some = true,
            SiteMatch::Ambiguous(candidates) if candidates.iter().any(|(s, _)| lost[s.0 as usize]) => {
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
