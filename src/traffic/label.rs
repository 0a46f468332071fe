//! Labels: who has an address and where it is, compiled once, asked millions of times.
//!
//! A [`Party`] is what flows are counted by: an endpoint of the inventory, else a site or a private network, else a place with how
//! it is known. Two processes that label alike have the same [`Labels::hash`]; numbers of parties mean the same only then.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use foldhash::HashMap;
use sha2::{Digest, Sha256};

use super::flow::{End, Known};
use super::table::Table;
use crate::geo::mmdb::{Database, Record};
use crate::geo::{Atlas, Basis, GeoError, Geolocation, Kind, special};
use crate::lang::{Message, say};
use crate::model::{Country, EndpointId, SiteId, SiteMatch, Snapshot, Standing};

/// Index into [`Labels::parties`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PartyId(pub u32);

/// Who or what is at one end of a flow.
#[derive(Clone, Debug, PartialEq)]
pub struct Party {
    /// Endpoints of the inventory; of several any may be meant.
    pub endpoints: Vec<EndpointId>,
    /// The site whose network holds the address.
    pub site: Option<SiteId>,
    pub geo: Geolocation,
    /// It has no address and no place: what is known of it, in a phrase.
    pub nobody: Option<&'static str>,
    /// The country in which the database before had it, if another.
    pub was: Option<Country>,
    /// Traffic with it stays on the machine or the wire: loopback, link-local, multicast, a cloud's own services for a machine.
    pub local: bool,
}

impl Party {
    /// Declared, private, or on the network of a site.
    pub fn is_own(&self) -> bool {
        !self.endpoints.is_empty() || self.site.is_some() || self.geo.kind == Kind::Private
    }
}

/// Addresses to parties.
#[derive(Debug)]
pub struct Labels {
    /// Answers are numbers of parties, or ([`ASK`]) of `labels`.
    table: Table,
    labels: Vec<Label>,
    pub parties: Vec<Party>,
    /// Endpoints by everything that a log may call them, in small letters.
    named: HashMap<String, PartyId>,
    unheard: PartyId,
    untold: PartyId,
    /// The machine that keeps the logs.
    here: PartyId,
    is_here_told: bool,
}

/// Marks an answer that is more than a party.
const ASK: u32 = 1 << 31;

#[derive(Clone, Debug)]
enum Label {
    One(PartyId),
    /// Different endpoints listen on different ports; the last is for all other ports.
    ByPort(Vec<(u16, PartyId)>, PartyId),
    /// The IPv4 address inside is meant.
    Unwrap,
}

impl Labels {
    /// # Errors
    /// A database is damaged.
    pub fn new(atlas: &Atlas, snapshot: &Snapshot) -> Result<Self, GeoError> {
        Self::beside(atlas, snapshot, None)
    }

    /// The same, telling apart what a database from before has elsewhere.
    ///
    /// # Errors
    /// A database is damaged.
    pub fn beside(atlas: &Atlas, snapshot: &Snapshot, before: Option<&Database>) -> Result<Self, GeoError> {
        let owners = owners(snapshot);
        let marked: Vec<IpAddr> = owners.keys().copied().collect();
        let mut flat = atlas.flat(&marked, before)?;
        let mut parties = Parties { list: Vec::new(), known: HashMap::default() };
        let mut labels = Vec::new();
        let mut answers = Vec::with_capacity(flat.answers.len());
        for answer in &flat.answers {
            let owners = answer.mark.and_then(|m| owners.get(&marked[m as usize]));
            let label = match owners {
                _ if answer.unwrap => Label::Unwrap,
                Some(owners) => of_owners(owners, |ids| parties.of_endpoints(ids, atlas, snapshot)),
                None => Label::One(parties.of_address(answer.example, atlas, before)),
            };
            answers.push(match label {
                Label::One(party) => party.0,
                label => {
                    labels.push(label);
                    ASK | u32::try_from(labels.len() - 1).unwrap_or(u32::MAX)
                }
            });
        }
        for stretch in flat.v4.iter_mut().chain(&mut flat.v6) {
            stretch.answer = answers[stretch.answer as usize];
        }
        let table = Table::new(&flat.v4, &flat.v6);
        let named = names(snapshot).into_iter().map(|(name, ids)| (name, parties.of_endpoints(ids, atlas, snapshot))).collect();
        let unheard = parties.nobody("machines that a log calls by a name which the inventory does not have");
        let untold = parties.nobody("somebody whom the log does not tell");
        let here = parties.nobody("the machine that keeps the log");
        let parties = parties.list;
        Ok(Self { table, labels, parties, named, unheard, untold, here, is_here_told: false })
    }

    /// Says which machine keeps the logs: an address, or the name of an endpoint.
    ///
    /// # Errors
    /// It is neither, as a clause.
    pub fn keep_here(&mut self, machine: &str) -> Result<(), String> {
        self.here = match machine.parse::<IpAddr>() {
            Ok(address) => self.find(address, 0),
            Err(_) => {
                self.name(machine).ok_or_else(|| format!("`{machine}` is neither an address nor the name of an endpoint"))?
            }
        };
        self.is_here_told = true;
        Ok(())
    }

    fn name(&self, name: &str) -> Option<PartyId> {
        if name.is_empty() { None } else { self.named.get(&name.to_lowercase()).copied() }
    }

    /// Who an end of a flow is.
    pub fn end(&self, end: End<'_>, address: IpAddr, port: u16) -> PartyId {
        match end {
            End::Address => self.find(address, port),
            End::Named(name, group) => self.name(name).or_else(|| self.name(group)).unwrap_or(self.unheard),
            End::Here(_) if self.is_here_told => self.here,
            End::Here(front) => self.name(front).unwrap_or(self.here),
            End::Untold => self.untold,
        }
    }

    /// Who has an address; the port tells endpoints apart that share it.
    #[inline]
    pub fn find(&self, address: IpAddr, port: u16) -> PartyId {
        self.find_known(self.know(address), address, port)
    }

    /// What is known of an address without its port.
    #[inline]
    pub fn know(&self, address: IpAddr) -> Known {
        Known(match address {
            IpAddr::V4(v4) => self.table.v4(v4),
            IpAddr::V6(v6) => self.table.v6(v6),
        })
    }

    /// [`Labels::find`] of an address of which something is known.
    #[inline]
    pub fn find_known(&self, Known(answer): Known, address: IpAddr, port: u16) -> PartyId {
        if answer & ASK == 0 {
            return PartyId(answer);
        }
        match &self.labels[(answer & !ASK) as usize] {
            Label::One(party) => *party,
            Label::ByPort(ports, others) => ports.iter().find(|(p, _)| *p == port).map_or(*others, |(_, party)| *party),
            Label::Unwrap => match special::unwrap(address).0 {
                IpAddr::V4(inner) => self.find(IpAddr::V4(inner), port),
                // What unwraps to nothing is looked up as nothing: the unspecified address.
                IpAddr::V6(_) => self.find(IpAddr::from([0, 0, 0, 0]), port),
            },
        }
    }

    pub fn party(&self, id: PartyId) -> &Party {
        &self.parties[id.0 as usize]
    }

    /// Hex; of the data sets and the inventory that the labels come from.
    pub fn hash(&self, atlas: &Atlas, snapshot: &Snapshot) -> String {
        let mut hash = Sha256::new();
        let mut buffer: Vec<u8> = Vec::with_capacity(1 << 16);
        self.table.feed(|bytes| {
            buffer.extend_from_slice(bytes);
            if buffer.len() >= 1 << 16 {
                hash.update(&buffer);
                buffer.clear();
            }
        });
        hash.update(&buffer);
        for set in atlas.data_sets() {
            hash.update(set.sha256.as_bytes());
        }
        for label in &self.labels {
            hash.update(format!("{label:?}"));
        }
        for party in &self.parties {
            let names: Vec<&str> = party.endpoints.iter().map(|e| snapshot.endpoint(*e).name.as_str()).collect();
            hash.update(format!("{names:?}{:?}{:?}{:?}{:?}", party.site, party.geo.kind, party.geo.places, party.was));
        }
        for (name, party) in self.named.iter().collect::<BTreeMap<_, _>>() {
            hash.update(format!("{name:?}{party:?}"));
        }
        hash.finalize().iter().map(|b| format!("{b:02x}")).collect()
    }
}

/// An endpoint at an address, with the port if it declares one.
type Owner = (Option<u16>, EndpointId);

/// Every address of the inventory. What is only a name stands for its targets and owns an address only if nothing else does.
fn owners(snapshot: &Snapshot) -> BTreeMap<IpAddr, Vec<Owner>> {
    let mut owners: BTreeMap<IpAddr, Vec<Owner>> = BTreeMap::new();
    for id in snapshot.endpoint_ids() {
        for address in &snapshot.endpoint(id).addresses {
            owners.entry(address.ip).or_default().push((address.port, id));
        }
    }
    let is_name = |id: &EndpointId| snapshot.endpoint(*id).standing == Standing::Logical;
    for list in owners.values_mut() {
        if list.iter().any(|(_, id)| !is_name(id)) {
            list.retain(|(_, id)| !is_name(id));
        }
        list.sort_unstable();
        list.dedup();
    }
    owners
}

/// Everything that an endpoint is called, and who is meant: of what is only a name, any of its targets.
fn names(snapshot: &Snapshot) -> BTreeMap<String, Vec<EndpointId>> {
    let mut named: BTreeMap<String, Vec<EndpointId>> = BTreeMap::new();
    for id in snapshot.endpoint_ids() {
        let endpoint = snapshot.endpoint(id);
        let meant = meant(snapshot, id);
        for name in [&endpoint.name].into_iter().chain(&endpoint.names).chain(&endpoint.cloud_ids) {
            named.entry(name.to_lowercase()).or_default().extend(&meant);
        }
    }
    for ids in named.values_mut() {
        ids.sort_unstable();
        ids.dedup();
    }
    named
}

fn meant(snapshot: &Snapshot, id: EndpointId) -> Vec<EndpointId> {
    let is_name = |id: &EndpointId| snapshot.endpoint(*id).standing == Standing::Logical;
    let (mut stack, mut seen, mut found) = (vec![id], BTreeSet::from([id]), Vec::new());
    while let Some(at) = stack.pop() {
        if is_name(&at) {
            stack.extend(snapshot.routes_from(at).map(|(_, r)| r.to).filter(|to| seen.insert(*to)));
        } else {
            found.push(at);
        }
    }
    if found.is_empty() { vec![id] } else { found }
}

fn of_owners(owners: &[Owner], mut party: impl FnMut(Vec<EndpointId>) -> PartyId) -> Label {
    let mut ports: Vec<u16> = owners.iter().filter_map(|(port, _)| *port).collect();
    ports.dedup();
    let those = |wanted: Option<u16>| -> Vec<EndpointId> {
        owners.iter().filter(|(port, _)| *port == wanted).map(|(_, id)| *id).collect()
    };
    let mut others = those(None);
    if others.is_empty() {
        // From another port it may be any of those that listen there.
        others = owners.iter().map(|(_, id)| *id).collect();
        others.sort_unstable();
        others.dedup();
    }
    let others = party(others);
    let ports: Vec<(u16, PartyId)> =
        ports.into_iter().map(|p| (p, party(those(Some(p))))).filter(|(_, p)| *p != others).collect();
    if ports.is_empty() { Label::One(others) } else { Label::ByPort(ports, others) }
}

/// Where a database from before had an address, if in another country. What a person or a provider says does not change with it.
fn elsewhere(geo: &Geolocation, before: &Database, address: IpAddr) -> Option<Country> {
    let by_database = geo.basis == Some(Basis::Mmdb) || (geo.basis.is_none() && geo.kind == Kind::Unknown);
    let (record, _) = before.find(special::unwrap(address).0).filter(|_| by_database)?;
    match &*record {
        Record::Country { place, .. } if geo.places.iter().all(|p| p.country != place.country) => Some(place.country),
        _ => None,
    }
}

struct Parties {
    list: Vec<Party>,
    known: HashMap<String, PartyId>,
}

impl Parties {
    fn intern(&mut self, key: String, party: impl FnOnce() -> Party) -> PartyId {
        let next = PartyId(u32::try_from(self.list.len()).unwrap_or(u32::MAX));
        *self.known.entry(key).or_insert_with(|| {
            self.list.push(party());
            next
        })
    }

    fn of_endpoints(&mut self, endpoints: Vec<EndpointId>, atlas: &Atlas, snapshot: &Snapshot) -> PartyId {
        self.intern(format!("{endpoints:?}"), || {
            let geo = atlas.locate_all(snapshot, &endpoints);
            Party { endpoints, site: None, geo, nobody: None, was: None, local: false }
        })
    }

    fn nobody(&mut self, phrase: &'static str) -> PartyId {
        self.intern(phrase.to_owned(), || {
            let geo = Geolocation {
                kind: Kind::Unknown,
                places: Vec::new(),
                basis: None,
                evidence: Vec::new(),
                unknown: Some(say!("the log tells neither its address nor a name that the inventory knows")),
                conflict: None,
            };
            Party { endpoints: Vec::new(), site: None, geo, nobody: Some(phrase), was: None, local: false }
        })
    }

    fn of_address(&mut self, address: IpAddr, atlas: &Atlas, before: Option<&Database>) -> PartyId {
        let (site, mut geo) = atlas.site_and_place(address);
        let block = special::find(address);
        let local = site == SiteMatch::None && geo.places.is_empty() && block.is_some_and(|b| b.stays_local());
        // One party stands for many networks: what holds for one of them only is not told.
        for evidence in &mut geo.evidence {
            evidence.network = None;
        }
        for place in geo.places.iter_mut().chain(geo.evidence.iter_mut().flat_map(|e| &mut e.places)) {
            place.city = None;
        }
        let keeps_reason = matches!(site, SiteMatch::Ambiguous(_));
        if !keeps_reason && geo.unknown.is_some() {
            geo.unknown = Some(match (geo.kind, block) {
                (Kind::Private, _) => say!("a private address that no declared network covers"),
                (_, Some(block)) => Message::Word(block.is),
                (Kind::Anycast, None) => say!("anycast: where data ends depends on the sender"),
                (Kind::Global, None) => say!("a global service without a place"),
                (Kind::Edge, None) => say!("an edge network: where data ends depends on the client"),
                _ => say!("no range and no database knows where"),
            });
        }
        let was = before.and_then(|database| elsewhere(&geo, database, address));
        let by: Vec<(&str, &str)> = geo.evidence.iter().take(1).map(|e| (e.basis.as_str(), e.matched.as_str())).collect();
        let key = format!(
            "{site:?} {:?} {:?} {:?} {by:?} {:?} {:?} {local} {was:?}",
            geo.kind, geo.places, geo.basis, geo.unknown, geo.conflict
        );
        self.intern(key, || Party { endpoints: Vec::new(), site: site.site(), geo, nobody: None, was, local })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Address, Endpoint};
    use crate::source::{Location, SourceId, Span};

    fn atlas() -> Atlas {
        Atlas::embedded("2026-11-22".parse().unwrap())
    }

    /// The trial's first tables were wrong at edges only: every prefix is asked at its first and last address and beside them.
    #[test]
    fn every_prefix_of_the_embedded_database_says_what_maxminddb_says() {
        let bytes: &'static [u8] = include_bytes!("../../data/geo/dbip-country-lite.mmdb");
        let database = Database::open("embedded", bytes.into()).unwrap();
        let reader = maxminddb::Reader::from_source(bytes).unwrap();
        let stretches = |steps: &[(u128, u32)]| -> Vec<crate::geo::flat::Stretch> {
            steps.iter().map(|(start, answer)| crate::geo::flat::Stretch { start: *start, answer: *answer }).collect()
        };
        let [v4, v6] = database.steps().unwrap();
        assert_eq!((v4[0].0, v6[0].0), (0, 0), "a table begins at address 0");
        let table = Table::new(&stretches(&v4), &stretches(&v6));
        let mut asked = 0;
        for result in reader.networks(maxminddb::WithinOptions::default()).unwrap() {
            let network = result.unwrap().network().unwrap();
            let (first, last) = (network.network(), network.broadcast());
            for address in [Some(first), Some(last), beside(first, -1), beside(last, 1)].into_iter().flatten() {
                // The IPv4 tree is reached by IPv4 addresses only.
                if matches!(address, IpAddr::V6(v6) if v6.to_bits() >> 32 == 0 || special::unwrap(address).1.is_some()) {
                    continue;
                }
                let found = match address {
                    IpAddr::V4(a) => table.v4(a),
                    IpAddr::V6(a) => table.v6(a),
                };
                let expected = reader.lookup(address).unwrap().offset().map_or(0, |o| o as u32 + 1);
                assert_eq!(found, expected, "{address} by {network}");
                asked += 1;
            }
        }
        assert!(asked > 100_000, "{asked}");
    }

    fn beside(address: IpAddr, by: i8) -> Option<IpAddr> {
        let step = |n: u128| if by < 0 { n.checked_sub(1) } else { n.checked_add(1) };
        match address {
            IpAddr::V4(a) => Some(IpAddr::V4(u32::try_from(step(u128::from(a.to_bits()))?).ok()?.into())),
            IpAddr::V6(a) => Some(IpAddr::V6(step(a.to_bits())?.into())),
        }
    }

    /// At every edge of every kind of source, and at a share of the database's.
    #[test]
    fn labels_say_what_the_atlas_says() {
        let atlas = atlas();
        let snapshot = Snapshot::default();
        let labels = Labels::new(&atlas, &snapshot).unwrap();
        let flat = atlas.flat(&[], None).unwrap();
        let mut addresses: Vec<IpAddr> = special::all().flat_map(|b| [b.network.network(), b.network.broadcast()]).collect();
        addresses.extend(flat.v4.iter().step_by(997).map(|s| IpAddr::V4((s.start as u32).into())));
        addresses.extend(flat.v6.iter().step_by(997).map(|s| IpAddr::V6(s.start.into())));
        addresses
            .extend(["::ffff:81.2.69.142", "64:ff9b::5102:458e", "2002:5102:458e::1"].map(|a| a.parse::<IpAddr>().unwrap()));
        let around = addresses.iter().flat_map(|a| [Some(*a), beside(*a, -1), beside(*a, 1)]).flatten();
        for address in around {
            let party = labels.party(labels.find(address, 0));
            let mut geo = atlas.locate_address(address, None);
            geo.places.iter_mut().for_each(|p| p.city = None);
            assert_eq!((party.geo.kind, &party.geo.places, party.geo.basis), (geo.kind, &geo.places, geo.basis), "{address}");
            assert_eq!(party.geo.unknown.is_some(), geo.unknown.is_some(), "{address}");
        }
    }

    #[test]
    fn the_inventory_lies_over_everything() {
        let at = Location::new(SourceId(0), Span::default());
        let address = |ip: &str, port| Address { ip: ip.parse().unwrap(), port, location: at };
        let endpoint =
            |name: &str, addresses| Endpoint { name: name.into(), addresses, locations: vec![at], ..Endpoint::default() };
        let mut snapshot = Snapshot {
            endpoints: vec![
                endpoint("api", vec![address("10.0.0.5", Some(443))]),
                endpoint("db", vec![address("10.0.0.5", Some(5432)), address("2001:db8::1", None)]),
                endpoint("host", vec![address("8.8.8.8", None)]),
            ],
            ..Snapshot::default()
        };
        snapshot.index_routes();
        let labels = Labels::new(&atlas(), &snapshot).unwrap();
        let who = |ip: &str, port| -> Vec<u32> {
            labels.party(labels.find(ip.parse().unwrap(), port)).endpoints.iter().map(|e| e.0).collect()
        };
        assert_eq!(who("10.0.0.5", 443), [0]);
        assert_eq!(who("10.0.0.5", 5432), [1]);
        assert_eq!(who("10.0.0.5", 50_000), [0, 1], "from another port it may be either");
        assert_eq!(who("2001:db8::1", 1), [1]);
        assert_eq!(who("8.8.8.8", 53), [2]);
        assert_eq!(who("8.8.8.9", 53), [] as [u32; 0]);
        assert_eq!(who("::ffff:8.8.8.8", 53), [2]);
        let (atlas, nothing) = (atlas(), Snapshot::default());
        let other = Labels::new(&atlas, &nothing).unwrap();
        assert_ne!(labels.hash(&atlas, &snapshot), other.hash(&atlas, &nothing));
    }
}
