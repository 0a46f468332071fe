//! Which endpoints a loss takes down, and of which it cannot be told.

use std::collections::HashSet;

use foldhash::HashMap;

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

    /// Looks only at what the lost domains are declared of.
    pub(super) fn new(snapshot: &Snapshot, shared: &Shared, domains: &[LossDomain]) -> Self {
        let lost: HashSet<&LossDomain> = domains.iter().collect();
        let mut sites: HashMap<SiteId, Kinds> = HashMap::default();
        let mut near: Vec<u32> = Vec::new();
        for domain in domains {
            near.extend(shared.endpoints.get(domain).into_iter().flatten());
            for site in shared.sites.get(domain).into_iter().flatten() {
                sites.entry(*site).or_insert_with(|| hits(&lost, &snapshot.site_domains(*site)));
                near.extend(&shared.at_site[site.0 as usize]);
            }
        }
        near.sort_unstable();
        near.dedup();
        let own = |endpoint: &Endpoint| match endpoint.standing {
            Standing::Logical => Fate::Up,
            _ if hits(&lost, &endpoint.domains) != 0 => Fate::Down,
            _ => at_sites(endpoint, |site| sites.get(&site).is_some_and(|kinds| kinds & !own_kinds(endpoint) != 0)),
        };
        let fates: Vec<(u32, Fate)> = near.into_iter().map(|i| (i, own(&snapshot.endpoints[i as usize]))).collect();
        let of = |wanted: &dyn Fn(Fate) -> bool| fates.iter().filter(|(_, fate)| wanted(*fate)).map(|(i, _)| *i).collect();
        let down = with_parts(snapshot, shared, of(&|fate| fate == Fate::Down));
        let uncertain = with_parts(snapshot, shared, of(&|fate| fate != Fate::Up)).minus(&down);
        Self { down, uncertain }
    }
}

/// Who shares what fate, by what is lost.
pub(super) struct Shared {
    /// Endpoints that declare a domain themselves.
    endpoints: HashMap<LossDomain, Vec<u32>>,
    sites: HashMap<LossDomain, Vec<SiteId>>,
    /// Endpoints that stand in a site, or may.
    at_site: Vec<Vec<u32>>,
    /// What is a part of what, by host.
    parts: Vec<(u32, u32)>,
}

impl Shared {
    pub(super) fn new(snapshot: &Snapshot) -> Self {
        let mut this = Self {
            endpoints: HashMap::default(),
            sites: HashMap::default(),
            at_site: vec![Vec::new(); snapshot.sites.len()],
            parts: Vec::new(),
        };
        for site in (0..).map(SiteId).take(snapshot.sites.len()) {
            for domain in snapshot.site_domains(site) {
                this.sites.entry(domain).or_default().push(site);
            }
        }
        for (i, endpoint) in (0_u32..).zip(&snapshot.endpoints) {
            for domain in &endpoint.domains {
                match this.endpoints.get_mut(domain) {
                    Some(known) => known.push(i),
                    None => drop(this.endpoints.insert(domain.clone(), vec![i])),
                }
            }
            for site in &endpoint.sites {
                match site {
                    SiteMatch::One(site, _) | SiteMatch::Declared(site, _) => this.at_site[site.0 as usize].push(i),
                    SiteMatch::Ambiguous(candidates) => {
                        candidates.iter().for_each(|(site, _)| this.at_site[site.0 as usize].push(i));
                    }
                    SiteMatch::None => {}
                }
            }
            if is_part(endpoint) {
                this.parts.extend(endpoint.stands_with.iter().map(|host| (host.0, i)));
            }
        }
        this.parts.sort_unstable();
        this
    }

    fn parts_of(&self, host: u32) -> &[(u32, u32)] {
        let from = self.parts.partition_point(|(h, _)| *h < host);
        let parts = &self.parts[from..];
        &parts[..parts.partition_point(|(h, _)| *h == host)]
    }
}

fn is_part(e: &Endpoint) -> bool {
    !e.stands_with.is_empty() && e.standing != Standing::Logical
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
fn with_parts(snapshot: &Snapshot, shared: &Shared, base: Vec<u32>) -> Bits {
    let endpoints = &snapshot.endpoints;
    let mut down = Bits::none(endpoints.len());
    let mut queue: Vec<u32> = base.into_iter().filter(|i| !is_part(&endpoints[*i as usize])).collect();
    queue.iter().for_each(|i| down.insert(*i as usize));
    let mut left: HashMap<u32, usize> = HashMap::default();
    while let Some(host) = queue.pop() {
        for (_, part) in shared.parts_of(host) {
            let left = left.entry(*part).or_insert_with(|| endpoints[*part as usize].stands_with.len());
            *left -= 1;
            if *left == 0 {
                down.insert(*part as usize);
                queue.push(*part);
            }
        }
    }
    down
}
