//! The atlas: every locator asked in order of trust, all evidence kept, one answer with its reasons.
//!
//! An endpoint is as many *members* as it has addresses. What is said of the endpoint as a whole (an override, a declared site,
//! its region, its names) holds for each member; networks, ranges and databases speak for one address. The answer is the union
//! over members: one member that cannot be placed leaves the endpoint partly unknown.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::sync::OnceLock;

use ipnetwork::IpNetwork;
use jiff::civil::Date;

use super::data_set::{CLOUD, DEFAULT, DataSets, sha256};
use super::evidence::{at_site, by_endpoint_region, by_name, by_range, by_record, by_region, declared, named_evidence, reason};
use super::mmdb::{Database, Record};
use super::range::{self, Ranges};
use super::weigh::{Answer, Member, combine, conflict, decide, nowhere, union};
use super::{Basis, DataSetId, Evidence, GeoError, Geolocation, Kind, hostname, range_file, region, special};
use crate::finding::{DataSetInfo, KnownPlace};
use crate::lang::{self, Joint, Message, say};
use crate::model::site::SiteNetworks;
use crate::model::{Country, DeclaredPlace, Endpoint, EndpointId, Site, SiteId, SiteMatch, Snapshot};
use crate::project::{GeoSettings, OverrideTarget, Selector};
use crate::source::Location;

static DEFAULT_DATABASE: &[u8] = include_bytes!("../../data/geo/dbip-country-lite.mmdb");

/// Different records of one network that are kept as evidence; beyond that the answer is unknown anyway.
const INSIDE_LIMIT: usize = 256;

/// A data file of the user, loaded.
#[derive(Clone, Debug)]
pub struct DataFile {
    /// As the user named it.
    pub name: String,
    pub bytes: Vec<u8>,
}

/// Everything that knows where something stands. Made once a run.
pub struct Atlas {
    pub(super) networks: Vec<NetworkOverride>,
    endpoints: BTreeMap<EndpointId, Vec<EndpointOverride>>,
    pub(super) sites: Vec<Site>,
    site_networks: SiteNetworks,
    /// The user's, in their order; the compiled-in table comes after them.
    ranges: Vec<(Ranges, DataSetId)>,
    /// The user's, in their order, then the default.
    pub(super) databases: Vec<(OpenDatabase, DataSetId)>,
    sets: DataSets,
}

pub(super) enum OpenDatabase {
    Users(Box<Database>),
    Default,
}

pub(super) struct NetworkOverride {
    pub(super) network: IpNetwork,
    place: DeclaredPlace,
    because: Option<String>,
    location: Location,
}

struct EndpointOverride {
    place: DeclaredPlace,
    because: Option<String>,
    location: Location,
}

impl Atlas {
    /// What is compiled in, without a user's files, sites or overrides.
    pub fn embedded(as_of: Date) -> Self {
        Self::new(&GeoSettings::default(), Vec::new(), Vec::new(), as_of).unwrap_or_else(|_| unreachable!("no file was given"))
    }

    /// From the project's settings and the files that they name (in that order). Every error of every file at once.
    pub fn new(
        settings: &GeoSettings,
        databases: Vec<DataFile>,
        ranges: Vec<DataFile>,
        as_of: Date,
    ) -> Result<Self, Vec<GeoError>> {
        let mut errors = Vec::new();
        let mut atlas = Self {
            networks: Vec::new(),
            endpoints: BTreeMap::new(),
            sites: Vec::new(),
            site_networks: SiteNetworks::default(),
            ranges: Vec::new(),
            databases: Vec::new(),
            sets: DataSets::new(settings, as_of),
        };
        for o in &settings.overrides {
            if let OverrideTarget::Network(network) = o.target {
                let (place, because) = (o.place.clone(), o.because.clone());
                atlas.networks.push(NetworkOverride { network, place, because, location: o.location });
            }
        }
        // The longest network first; of equal ones the later line, as the user reads it.
        atlas.networks.reverse();
        atlas.networks.sort_by_key(|o| std::cmp::Reverse(o.network.prefix()));
        for file in ranges {
            match range_file::read(&file.name, &file.bytes) {
                Ok(read) => {
                    let id = atlas.sets.add(&file.name, read.format, read.date, sha256(&file.bytes));
                    atlas.ranges.push((read.ranges, id));
                }
                Err(e) => errors.extend(e),
            }
        }
        for file in databases {
            // Hashed before the bytes move into the reader.
            let hash = sha256(&file.bytes);
            match Database::open(&file.name, Cow::Owned(file.bytes)) {
                Ok(database) => {
                    let id = atlas.sets.add(&file.name, "mmdb", database.date, hash);
                    atlas.databases.push((OpenDatabase::Users(Box::new(database)), id));
                }
                Err(e) => errors.push(e),
            }
        }
        atlas.databases.push((OpenDatabase::Default, DEFAULT));
        if errors.is_empty() { Ok(atlas) } else { Err(errors) }
    }

    /// The sites of the world, and the overrides that select endpoints in it. `matcher` compiles a selector.
    #[must_use]
    pub fn with_snapshot<M: Fn(&Endpoint) -> bool>(
        mut self,
        snapshot: &Snapshot,
        settings: &GeoSettings,
        matcher: impl Fn(&Selector) -> M,
    ) -> Self {
        self.sites = snapshot.sites.clone();
        self.site_networks = SiteNetworks::new(&self.sites);
        for o in &settings.overrides {
            let OverrideTarget::Endpoints(selector) = &o.target else { continue };
            let matches = matcher(selector);
            for id in snapshot.endpoint_ids().filter(|id| matches(snapshot.endpoint(*id))) {
                let (place, because) = (o.place.clone(), o.because.clone());
                self.endpoints.entry(id).or_default().push(EndpointOverride { place, because, location: o.location });
            }
        }
        self
    }

    // ---- questions ----

    /// Where an endpoint stands. A part of others (`stands_with`) stands wherever they do.
    pub fn locate_endpoint(&self, snapshot: &Snapshot, id: EndpointId) -> Geolocation {
        self.endpoint(snapshot, id, 0)
    }

    /// Where an address is. `scope` tells overlapping private networks apart.
    pub fn locate_address(&self, address: IpAddr, scope: Option<&str>) -> Geolocation {
        let site = self.site_of(address, scope);
        let mut member = Member::default();
        self.ask_site(&site, &self.sites, &mut member);
        self.ask_address(address, site != SiteMatch::None, &mut member);
        self.answer(Vec::new(), vec![member])
    }

    /// The same, with the site whose network holds the address.
    pub fn site_and_place(&self, address: IpAddr) -> (SiteMatch, Geolocation) {
        (self.site_of(address, None), self.locate_address(address, None))
    }

    fn site_of(&self, address: IpAddr, scope: Option<&str>) -> SiteMatch {
        match self.site_networks.find(address, scope) {
            SiteMatch::None => self.site_networks.find(special::unwrap(address).0, scope),
            found => found,
        }
    }

    /// Where any of some endpoints stands.
    pub fn locate_all(&self, snapshot: &Snapshot, ids: &[EndpointId]) -> Geolocation {
        match ids {
            [one] => self.locate_endpoint(snapshot, *one),
            several => union(several.iter().map(|id| self.locate_endpoint(snapshot, *id))),
        }
    }

    /// A network of each country, out of the first database that has one: who asks on behalf of a country's people asks for it.
    pub fn networks_of(&self, countries: &BTreeSet<Country>) -> BTreeMap<Country, IpNetwork> {
        let mut found = BTreeMap::new();
        for (database, _) in &self.databases {
            for first in 1..224_u8 {
                if countries.iter().all(|c| found.contains_key(c)) {
                    return found;
                }
                let Ok(block) = IpNetwork::new(IpAddr::from([first, 0, 0, 0]), 8) else { continue };
                let (records, _) = database.get().inside(block, INSIDE_LIMIT);
                for (record, network) in records.into_iter().flatten() {
                    if let Record::Country { place, .. } = &*record
                        && countries.contains(&place.country)
                    {
                        found.entry(place.country).or_insert(network);
                    }
                }
            }
        }
        found
    }

    /// Where a network is: every record inside it. It may lie in several countries.
    pub fn locate_network(&self, network: IpNetwork) -> Geolocation {
        let whole = if network.is_ipv4() { 32 } else { 128 };
        if network.prefix() == whole {
            return self.locate_address(network.ip(), None);
        }
        let network = IpNetwork::new(network.network(), network.prefix()).unwrap_or(network);
        let mut members: Vec<Member> = Vec::new();
        let blocks: Vec<special::Block> = special::touching(network).collect();
        for block in &blocks {
            let mut member = Member::default();
            let site = self.site_networks.find(network.network(), None);
            self.ask_site(&site, &self.sites, &mut member);
            member.fallback =
                Some((block.kind, say!("{address} is {what}", address = network, what = Message::Word(block.is))));
            let inside = block.network.contains(network.network()) && block.network.prefix() <= network.prefix();
            members.push(member);
            if inside {
                return self.answer(Vec::new(), members);
            }
        }
        let mut common = Vec::new();
        let mut settled = false;
        let covers = |wide: IpNetwork| wide.prefix() <= network.prefix() && wide.contains(network.network());
        if let Some(o) = self.networks.iter().find(|o| covers(o.network)) {
            common.push(o.evidence());
            settled = true;
        }
        if let SiteMatch::One(site, found) = self.site_networks.find(network.network(), None)
            && covers(found)
        {
            common.push(at_site(&self.sites[site.0 as usize], Some(found)));
        }
        self.inside(network, &mut members);
        members.iter_mut().for_each(|m| m.settled |= settled);
        self.answer(common, members)
    }

    /// Where a host is, by its name alone.
    pub fn locate_host(&self, name: &str) -> Geolocation {
        let mut member =
            Member { fallback: Some((Kind::Unknown, say!("the name `{name}` says no place", name))), ..Member::default() };
        member.evidence.extend(by_name(&name.to_lowercase()));
        self.answer(Vec::new(), vec![member])
    }

    /// Where a region or zone is. Without a provider an id may mean several: all of them.
    pub fn locate_region(&self, provider: Option<&str>, id: &str) -> Geolocation {
        let member = Member { evidence: vec![by_region(provider, id, None)], ..Member::default() };
        self.answer(Vec::new(), vec![member])
    }

    /// Where whatever a person types is: an address, a network, an ARN, `provider/region`, a host name, a region id.
    pub fn locate_text(&self, text: &str) -> Geolocation {
        let text = text.trim();
        let bare = text.strip_prefix('[').and_then(|t| t.split(']').next()).unwrap_or(text);
        if let Ok(address) = bare.parse::<IpAddr>() {
            return self.locate_address(address, None);
        }
        if let Ok(socket) = text.parse::<std::net::SocketAddr>() {
            return self.locate_address(socket.ip(), None);
        }
        if let Ok(network) = text.parse::<IpNetwork>() {
            return self.locate_network(network);
        }
        if let Some(named) = hostname::locate_arn(text) {
            return self.answer(Vec::new(), vec![Member { evidence: vec![named_evidence(named)], ..Member::default() }]);
        }
        if let Some((provider, id)) = text.split_once(['/', ':']).filter(|(p, _)| region::provider(p).is_some()) {
            return self.locate_region(Some(provider), id);
        }
        if !region::find_anywhere(text).is_empty() {
            return self.locate_region(None, text);
        }
        let host = text.split_once("://").map_or(text, |(_, rest)| rest.split(['/', '?', '#']).next().unwrap_or(rest));
        let host = host.rsplit_once(':').filter(|(_, port)| port.bytes().all(|b| b.is_ascii_digit())).map_or(host, |(h, _)| h);
        if let Ok(address) = host.parse::<IpAddr>() {
            return self.locate_address(address, None);
        }
        // No top-level domain is a number (RFC 3696, section 2): this was meant to be an address.
        if text.contains(['.', ':']) && text.chars().all(|c| c.is_ascii_digit() || ".:/-".contains(c)) {
            let why = say!("`{text}` is neither an address nor a network in CIDR notation", text);
            return self.answer(Vec::new(), vec![Member { fallback: Some((Kind::Unknown, why)), ..Member::default() }]);
        }
        if host.contains('.') { self.locate_host(host) } else { self.locate_region(None, text) }
    }

    // ---- data sets ----

    /// All data sets, by [`DataSetId`], with whether a place so far rests on them.
    pub fn data_sets(&self) -> Vec<DataSetInfo> {
        self.sets.list()
    }

    /// Whether a data set is too old to satisfy a rule.
    pub fn is_stale(&self, id: DataSetId) -> bool {
        self.sets.aged(id).is_some_and(|a| a.stale)
    }

    // ---- evidence ----

    fn endpoint(&self, snapshot: &Snapshot, id: EndpointId, depth: u8) -> Geolocation {
        let endpoint = snapshot.endpoint(id);
        let overridden = endpoint.place.is_some() || self.endpoints.contains_key(&id);
        if !overridden && !endpoint.stands_with.is_empty() {
            // Parts of parts are rare, and a cycle would be a mistake: what is deeper than this stays unknown.
            if depth > 3 {
                return nowhere(say!("`{endpoint}` is a part of a part of itself", endpoint = endpoint.name));
            }
            return union(endpoint.stands_with.iter().map(|host| self.endpoint(snapshot, *host, depth + 1)));
        }
        let mut common: Vec<Evidence> = Vec::new();
        if let Some((place, location)) = &endpoint.place {
            common.push(declared(Basis::Override, place, "declared place".into(), None, None, *location));
        }
        let settled = self.endpoints.contains_key(&id);
        for o in self.endpoints.get(&id).into_iter().flatten() {
            common.push(declared(Basis::Override, &o.place, "[[geo.override]]".into(), None, o.because.as_deref(), o.location));
        }
        for site in &endpoint.sites {
            if let SiteMatch::Declared(site, location) = site {
                let mut evidence = at_site(snapshot.site(*site), None);
                evidence.location = Some(*location);
                common.push(evidence);
            }
        }
        common.extend(by_endpoint_region(endpoint));
        common.extend(endpoint.names.iter().filter_map(|n| by_name(n)));
        common.extend(endpoint.cloud_ids.iter().filter_map(|c| hostname::locate_arn(c)).map(named_evidence));
        let mut members: Vec<Member> = Vec::with_capacity(endpoint.addresses.len());
        for address in &endpoint.addresses {
            let mut member = Member::default();
            let site = snapshot.site_networks.find(address.ip, endpoint.scope.as_deref());
            self.ask_site(&site, &snapshot.sites, &mut member);
            self.ask_address(address.ip, site != SiteMatch::None, &mut member);
            member.settled |= settled;
            members.push(member);
        }
        if members.is_empty() {
            let mut member = Member { fallback: Some((Kind::Unknown, reason(endpoint))), settled, ..Member::default() };
            // A site that linking found otherwise than by an address of this endpoint.
            for site in &endpoint.sites {
                if !matches!(site, SiteMatch::Declared(..)) {
                    self.ask_site(site, &snapshot.sites, &mut member);
                }
            }
            members.push(member);
        }
        self.answer(common, members)
    }

    /// What the declared networks say of an address.
    fn ask_site(&self, found: &SiteMatch, sites: &[Site], member: &mut Member) {
        let site = |id: SiteId| &sites[id.0 as usize];
        match found {
            SiteMatch::None | SiteMatch::Declared(..) => {}
            SiteMatch::One(id, network) => member.evidence.push(at_site(site(*id), Some(*network))),
            SiteMatch::Ambiguous(candidates) => {
                let all: Vec<String> = candidates.iter().map(|(id, n)| format!("`{}` ({n})", site(*id).id)).collect();
                member.ambiguous = Some(say!(
                    "it lies in networks of the sites {all}: give a network-scope",
                    all = lang::series(&all, Joint::EachAnd)
                ));
            }
        }
    }

    /// What networks, ranges and databases say of an address. Special-purpose addresses are never looked up, but an override
    /// may speak of them, and a declared network may hold squatted public space.
    fn ask_address(&self, address: IpAddr, at_site: bool, member: &mut Member) {
        if let Some(o) = self.networks.iter().find(|o| o.network.contains(address)) {
            member.evidence.push(o.evidence());
            member.settled = true;
        }
        let (inner, how) = special::unwrap(address);
        let shown = || how.map_or_else(|| address.to_string(), |how| format!("{address} ({how} for {inner})"));
        if let Some(block) = special::find(inner) {
            let uncovered = block.kind == Kind::Private && !at_site;
            let why = match uncovered {
                true => say!("{address} is private and no declared network covers it", address = shown()),
                false => say!("{address} is {what}", address = shown(), what = Message::Word(block.is)),
            };
            member.fallback = Some((block.kind, why));
            return;
        }
        let mut heard: Option<Message> = None;
        for (ranges, id) in self.range_tables() {
            if let Some((network, says)) = ranges.find(inner) {
                member.evidence.push(by_range(network, says, id));
            }
        }
        for (database, id) in &self.databases {
            let database = database.get();
            let Some((record, network)) = database.find(inner) else { continue };
            let (evidence, why) = by_record(&record, network, *id, &database.name);
            member.evidence.push(evidence);
            heard = heard.or(why);
        }
        // Reasons are only worth their words where nothing was found.
        if member.evidence.iter().all(|e| e.places.is_empty()) {
            let none = || say!("no range and no database knows {address}", address = shown());
            member.fallback =
                Some((Kind::Unknown, heard.map_or_else(none, |why| say!("{address}: {why}", address = shown(), why))));
        }
    }

    /// Every range and record inside a network, one member each.
    fn inside(&self, network: IpNetwork, members: &mut Vec<Member>) {
        let too_many = || (Kind::Unknown, say!("{network} holds more than {limit} records", network, limit = INSIDE_LIMIT));
        for (ranges, id) in self.range_tables() {
            let (found, more) = ranges.inside(network, INSIDE_LIMIT);
            if more {
                members.push(Member { fallback: Some(too_many()), ..Member::default() });
            }
            let complete = !more && found.iter().all(Option::is_some);
            for (at, says) in found.into_iter().flatten() {
                members.push(Member { evidence: vec![by_range(at, says, id)], ..Member::default() });
            }
            // Ranges that cover all of it outrank databases; where there are holes the databases speak too.
            if complete {
                return;
            }
        }
        for (database, id) in &self.databases {
            let database = database.get();
            let (found, more) = database.inside(network, INSIDE_LIMIT);
            let nothing = found.iter().all(Option::is_none);
            if nothing && *id != DEFAULT {
                continue;
            }
            if more {
                members.push(Member { fallback: Some(too_many()), ..Member::default() });
            }
            for record in found {
                let mut member = Member {
                    fallback: Some((Kind::Unknown, say!("no database knows all of {network}", network))),
                    ..Member::default()
                };
                if let Some((record, at)) = record {
                    let (evidence, why) = by_record(&record, Some(at), *id, &database.name);
                    member.evidence.push(evidence);
                    if let Some(why) = why {
                        member.fallback = Some((Kind::Unknown, say!("{address}: {why}", address = at, why)));
                    }
                }
                members.push(member);
            }
            return;
        }
    }

    pub(super) fn range_tables(&self) -> impl Iterator<Item = (&Ranges, DataSetId)> {
        self.ranges.iter().map(|(ranges, id)| (ranges, *id)).chain(std::iter::once_with(|| (range::cloud(), CLOUD)))
    }

    // ---- the answer ----

    fn answer(&self, common: Vec<Evidence>, members: Vec<Member>) -> Geolocation {
        let mut answers: Vec<Answer> = Vec::with_capacity(members.len());
        let mut evidence: Vec<Evidence> = common;
        let shared = evidence.len();
        let mut contradiction = None;
        for member in members {
            let from = evidence.len();
            evidence.extend(member.evidence);
            // Two addresses in two countries do not contradict each other; what is said of one address can.
            if !member.settled && contradiction.is_none() {
                contradiction = conflict((0..shared).chain(from..evidence.len()).map(|i| &evidence[i]));
            }
            let mut said: Vec<usize> = (0..shared).chain(from..evidence.len()).collect();
            said.sort_by_key(|i| evidence[*i].basis);
            answers.push(decide(&evidence, &said, member.ambiguous, member.fallback));
        }
        for id in answers.iter().flat_map(|a| &a.won).filter_map(|i| evidence[*i].data_set) {
            self.sets.mark_used(id);
        }
        let mut result = combine(answers.into_iter().map(|a| (a.kind, a.places, a.basis, a.unknown)));
        evidence.sort_by_key(|e| e.basis);
        evidence.dedup();
        result.evidence = evidence;
        result.conflict = contradiction;
        result
    }
}

impl NetworkOverride {
    fn evidence(&self) -> Evidence {
        let network = Some(self.network);
        declared(Basis::Override, &self.place, self.network.to_string(), network, self.because.as_deref(), self.location)
    }
}

impl OpenDatabase {
    pub(super) fn get(&self) -> &Database {
        match self {
            Self::Users(database) => database,
            Self::Default => default_database(),
        }
    }
}

fn default_database() -> &'static Database {
    static OPEN: OnceLock<Database> = OnceLock::new();
    OPEN.get_or_init(|| {
        Database::open("DB-IP Lite Country", Cow::Borrowed(DEFAULT_DATABASE)).expect("the shipped database is tested")
    })
}

/// The places as a report shows them: each with how it is known. One entry without a place if some of it is unknown.
pub fn known_places(geo: &Geolocation, atlas: &Atlas) -> Vec<KnownPlace> {
    let mut known: Vec<KnownPlace> = Vec::with_capacity(geo.places.len());
    for place in &geo.places {
        // Evidence is in order of trust.
        let by = geo.evidence.iter().find(|e| e.places.contains(place));
        let codes = || lang::list(geo.places.iter().map(|p| p.country.as_str()).collect::<BTreeSet<&str>>());
        let several = match geo.kind {
            Kind::MultiRegion if geo.places.len() > 1 => Some(say!("any of {countries}", countries = codes())),
            Kind::Unknown if geo.places.len() > 1 => Some(say!("one of {countries}", countries = codes())),
            _ => None,
        };
        let note: Vec<Message> = [several, by.and_then(|e| e.note.clone())].into_iter().flatten().collect();
        let from = by.and_then(|e| e.data_set).and_then(|id| atlas.sets.name_and_date(id));
        known.push(KnownPlace {
            place: Some(place.clone()),
            basis: by.map(|e| e.basis).or(geo.basis).map_or("unknown", Basis::as_str),
            matched: by.map(|e| e.matched.clone()),
            network: by.and_then(|e| e.network).map(|n| n.to_string()),
            data_set: from.map(|(name, _)| name.to_owned()),
            data_set_date: from.and_then(|(_, date)| date).map(|d| d.to_string()),
            note: (!note.is_empty()).then(|| lang::series(note, Joint::Semicolon)),
        });
    }
    if geo.unknown.is_some() || known.is_empty() {
        known.push(KnownPlace {
            place: None,
            basis: "unknown",
            matched: None,
            network: None,
            data_set: None,
            data_set_date: None,
            note: geo.unknown.clone(),
        });
    }
    known
}
