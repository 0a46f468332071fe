//! The atlas: every locator asked in order of trust, all evidence kept, one answer with its reasons.
//!
//! An endpoint is as many *members* as it has addresses. What is said of the endpoint as a whole (an override, a declared site,
//! its region, its names) holds for each member; networks, ranges and databases speak for one address. The answer is the union
//! over members: one member that cannot be placed leaves the endpoint partly unknown.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

use ipnetwork::IpNetwork;
use jiff::civil::Date;
use sha2::{Digest, Sha256};

use super::mmdb::{Database, Record};
use super::range::{self, Ranges, Says};
use super::range_file::{self, RangeFile};
use super::{Basis, DataSetId, Evidence, GeoError, Geolocation, Kind, hostname, region, special};
use crate::finding::{DataSetInfo, KnownPlace};
use crate::model::site::SiteNetworks;
use crate::model::{DeclaredPlace, Endpoint, EndpointId, Place, Site, SiteId, SiteMatch, Snapshot, Standing};
use crate::project::{GeoSettings, OverrideTarget, Selector};
use crate::source::Location;
use crate::vocab::places;

static DEFAULT_DATABASE: &[u8] = include_bytes!("../../data/geo/dbip-country-lite.mmdb");
/// `sha256sum` of the data files, so that eight megabytes need not be hashed to print eight bytes.
static SUMS: &str = include_str!("../../data/SHA256SUMS");

const REGIONS: DataSetId = DataSetId(0);
const CLOUD: DataSetId = DataSetId(1);
const DEFAULT: DataSetId = DataSetId(2);

/// Data older than this is a warning, unless the project says otherwise.
const WARN_AGE_DAYS: u32 = 90;
/// Data older than this cannot satisfy a rule, unless the project says otherwise.
const MAX_AGE_DAYS: u32 = 180;

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
    as_of: Date,
    warn_age: u32,
    max_age: u32,
    networks: Vec<NetworkOverride>,
    endpoints: BTreeMap<EndpointId, Vec<EndpointOverride>>,
    sites: Vec<Site>,
    site_networks: SiteNetworks,
    /// The user's, in their order; the compiled-in table comes after them.
    ranges: Vec<(RangeFile, DataSetId)>,
    /// The user's, in their order, then the default.
    databases: Vec<(OpenDatabase, DataSetId)>,
    sets: Vec<Set>,
}

enum OpenDatabase {
    Users(Box<Database>),
    Default,
}

/// A data set as it will be listed.
struct Set {
    name: String,
    kind: &'static str,
    date: Option<Date>,
    hash: OnceLock<String>,
    bytes: Option<Vec<u8>>,
    licence: Option<&'static str>,
    attribution: Option<&'static str>,
    used: AtomicBool,
}

struct NetworkOverride {
    network: IpNetwork,
    place: DeclaredPlace,
    because: Option<String>,
    location: Location,
}

struct EndpointOverride {
    place: DeclaredPlace,
    because: Option<String>,
    location: Location,
}

/// A data set that is old at the assessment's date.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Aged {
    pub data_set: DataSetId,
    pub name: String,
    /// `None`: it does not say when it was made.
    pub days: Option<u32>,
    /// Too old to satisfy a rule (`[geo] max-age-days`), not only worth a warning.
    pub stale: bool,
    /// In words: "`x.mmdb` was built 200 days before 2026-11-22 (2026-05-06)".
    pub message: String,
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
            as_of,
            warn_age: settings.warn_age_days.unwrap_or(WARN_AGE_DAYS),
            max_age: settings.max_age_days.unwrap_or(MAX_AGE_DAYS),
            networks: Vec::new(),
            endpoints: BTreeMap::new(),
            sites: Vec::new(),
            site_networks: SiteNetworks::default(),
            ranges: Vec::new(),
            databases: Vec::new(),
            sets: embedded_sets(),
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
                    let id = atlas.add_set(file, read.format, read.date);
                    atlas.ranges.push((read, id));
                }
                Err(e) => errors.extend(e),
            }
        }
        for file in databases {
            // The bytes move into the reader; the hash is made first, since they cannot be borrowed back out of it.
            let hash = OnceLock::from(hex(&Sha256::digest(&file.bytes)));
            match Database::open(&file.name, Cow::Owned(file.bytes)) {
                Ok(database) => {
                    let id = atlas.add_set(DataFile { name: file.name, bytes: Vec::new() }, "mmdb", database.date);
                    if let Some(set) = atlas.sets.last_mut() {
                        set.hash = hash;
                        set.bytes = None;
                    }
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

    fn add_set(&mut self, file: DataFile, kind: &'static str, date: Option<Date>) -> DataSetId {
        self.sets.push(Set {
            name: file.name,
            kind,
            date,
            hash: OnceLock::new(),
            bytes: Some(file.bytes),
            licence: None,
            attribution: None,
            used: AtomicBool::new(false),
        });
        DataSetId(u32::try_from(self.sets.len() - 1).unwrap_or(u32::MAX))
    }

    // ---- questions ----

    /// Where an endpoint stands. A part of others (`stands_with`) stands wherever they do.
    pub fn locate_endpoint(&self, snapshot: &Snapshot, id: EndpointId) -> Geolocation {
        self.endpoint(snapshot, id, 0)
    }

    /// Where an address is. `scope` tells overlapping private networks apart.
    pub fn locate_address(&self, address: IpAddr, scope: Option<&str>) -> Geolocation {
        let site = match self.site_networks.find(address, scope) {
            SiteMatch::None => self.site_networks.find(special::unwrap(address).0, scope),
            found => found,
        };
        let mut member = Member::default();
        self.ask_site(&site, &self.sites, &mut member);
        self.ask_address(address, site != SiteMatch::None, &mut member);
        self.answer(Vec::new(), vec![member])
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
            member.fallback = Some((block.kind, format!("{network} is {}", block.is)));
            let inside = block.network.contains(network.network()) && block.network.prefix() <= network.prefix();
            members.push(member);
            if inside {
                return self.answer(Vec::new(), members);
            }
        }
        let mut common = Vec::new();
        for o in
            self.networks.iter().filter(|o| o.network.contains(network.network()) && o.network.prefix() <= network.prefix())
        {
            common.push(declared(
                Basis::Override,
                &o.place,
                o.network.to_string(),
                Some(o.network),
                o.because.as_deref(),
                o.location,
            ));
            break;
        }
        if let SiteMatch::One(site, found) = self.site_networks.find(network.network(), None) {
            if found.prefix() <= network.prefix() {
                common.push(at_site(&self.sites[site.0 as usize], Some(found)));
            }
        }
        self.inside(network, &mut members);
        self.answer(common, members)
    }

    /// Where a host is, by its name alone.
    pub fn locate_host(&self, name: &str) -> Geolocation {
        let mut member =
            Member { fallback: Some((Kind::Unknown, format!("the name `{name}` says no place"))), ..Member::default() };
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
        if host.contains('.') { self.locate_host(host) } else { self.locate_region(None, text) }
    }

    // ---- data sets ----

    /// All data sets, by [`DataSetId`], with what to say of them. Hashes are made here, not when something is located.
    pub fn data_sets(&self) -> Vec<DataSetInfo> {
        let info = |set: &Set| DataSetInfo {
            name: set.name.clone(),
            kind: set.kind.to_owned(),
            date: set.date.map(|d| d.to_string()),
            sha256: set.hash.get_or_init(|| set.bytes.as_ref().map(|b| hex(&Sha256::digest(b))).unwrap_or_default()).clone(),
            licence: set.licence.map(str::to_owned),
            attribution: set.attribution.map(str::to_owned),
            used: set.used.load(Ordering::Relaxed),
        };
        self.sets.iter().map(info).collect()
    }

    /// Whether a data set is too old to satisfy a rule.
    pub fn is_stale(&self, id: DataSetId) -> bool {
        self.aged(id).is_some_and(|a| a.stale)
    }

    /// The old ones among the data sets that some place so far rests on, by id.
    pub fn aged_data_sets(&self) -> Vec<Aged> {
        let ids = (0..self.sets.len()).filter(|i| self.sets[*i].used.load(Ordering::Relaxed));
        ids.filter_map(|i| self.aged(DataSetId(u32::try_from(i).unwrap_or(u32::MAX)))).collect()
    }

    fn aged(&self, id: DataSetId) -> Option<Aged> {
        let set = self.sets.get(id.0 as usize)?;
        // The region tables change by additions only: an old one knows less, but nothing else.
        if id == REGIONS {
            return None;
        }
        let (name, data_set) = (set.name.clone(), id);
        let Some(date) = set.date else {
            let message = format!("`{name}` does not say when it was made");
            return Some(Aged { data_set, name, days: None, stale: false, message });
        };
        let days = self.as_of.since(date).ok().map_or(0, |span| span.get_days()).max(0);
        let days = u32::try_from(days).unwrap_or(0);
        // A stale range table errs to unknown, hardly ever to a wrong country; a database does not.
        let stale = days > self.max_age && set.kind == "mmdb";
        (days > self.warn_age.min(self.max_age)).then(|| {
            let message = format!("`{name}` was made {days} days before {} ({date})", self.as_of);
            Aged { data_set, name, days: Some(days), stale, message }
        })
    }

    // ---- evidence ----

    fn endpoint(&self, snapshot: &Snapshot, id: EndpointId, depth: u8) -> Geolocation {
        let endpoint = snapshot.endpoint(id);
        let overridden = endpoint.place.is_some() || self.endpoints.contains_key(&id);
        if !overridden && !endpoint.stands_with.is_empty() {
            // Parts of parts are rare, and a cycle would be a mistake: what is deeper than this stays unknown.
            if depth > 3 {
                return nowhere(format!("`{}` is a part of a part of itself", endpoint.name));
            }
            return union(endpoint.stands_with.iter().map(|host| self.endpoint(snapshot, *host, depth + 1)));
        }
        let mut common: Vec<Evidence> = Vec::new();
        if let Some((place, location)) = &endpoint.place {
            common.push(declared(Basis::Override, place, "declared place".into(), None, None, *location));
        }
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
            members.push(member);
        }
        if members.is_empty() {
            let mut member = Member { fallback: Some((Kind::Unknown, reason(endpoint))), ..Member::default() };
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
                member.ambiguous =
                    Some(format!("it lies in networks of the sites {}: give a network-scope", all.join(" and ")));
            }
        }
    }

    /// What networks, ranges and databases say of an address. Special-purpose addresses are never looked up, but an override
    /// may speak of them, and a declared network may hold squatted public space.
    fn ask_address(&self, address: IpAddr, at_site: bool, member: &mut Member) {
        if let Some(o) = self.networks.iter().find(|o| o.network.contains(address)) {
            let (matched, network) = (o.network.to_string(), Some(o.network));
            member.evidence.push(declared(Basis::Override, &o.place, matched, network, o.because.as_deref(), o.location));
        }
        let (inner, how) = special::unwrap(address);
        let shown = how.map_or_else(|| address.to_string(), |how| format!("{address} ({how} for {inner})"));
        if let Some(block) = special::find(inner) {
            let uncovered = block.kind == Kind::Private && !at_site;
            let is = if uncovered { "private and no declared network covers it" } else { block.is };
            member.fallback = Some((block.kind, format!("{shown} is {is}")));
            return;
        }
        let mut heard: Option<String> = None;
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
        let none = || format!("no range and no database knows {shown}");
        member.fallback = Some((Kind::Unknown, heard.map_or_else(none, |why| format!("{shown}: {why}"))));
    }

    /// Every range and record inside a network, one member each.
    fn inside(&self, network: IpNetwork, members: &mut Vec<Member>) {
        let too_many = || (Kind::Unknown, format!("{network} holds more than {INSIDE_LIMIT} records"));
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
                    fallback: Some((Kind::Unknown, format!("no database knows all of {network}"))),
                    ..Member::default()
                };
                if let Some((record, at)) = record {
                    let (evidence, why) = by_record(&record, Some(at), *id, &database.name);
                    member.evidence.push(evidence);
                    if let Some(why) = why {
                        member.fallback = Some((Kind::Unknown, format!("{at}: {why}")));
                    }
                }
                members.push(member);
            }
            return;
        }
    }

    fn range_tables(&self) -> impl Iterator<Item = (&Ranges, DataSetId)> {
        self.ranges.iter().map(|(file, id)| (&file.ranges, *id)).chain(std::iter::once_with(|| (range::cloud(), CLOUD)))
    }

    // ---- the answer ----

    fn answer(&self, common: Vec<Evidence>, members: Vec<Member>) -> Geolocation {
        let mut answers: Vec<Answer> = Vec::with_capacity(members.len());
        let mut evidence: Vec<Evidence> = common;
        let shared = evidence.len();
        for member in members {
            let from = evidence.len();
            evidence.extend(member.evidence);
            let mut said: Vec<usize> = (0..shared).chain(from..evidence.len()).collect();
            said.sort_by_key(|i| evidence[*i].basis);
            answers.push(decide(&evidence, &said, member.ambiguous, member.fallback));
        }
        for i in answers.iter().flat_map(|a| &a.won) {
            if let Some(set) = evidence[*i].data_set.and_then(|d| self.sets.get(d.0 as usize)) {
                set.used.store(true, Ordering::Relaxed);
            }
        }
        let conflict = conflict(&evidence);
        let mut result = combine(answers.into_iter().map(|a| (a.kind, a.places, a.basis, a.unknown)));
        evidence.sort_by_key(|e| e.basis);
        evidence.dedup();
        result.evidence = evidence;
        result.conflict = conflict;
        result
    }
}

impl OpenDatabase {
    fn get(&self) -> &Database {
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

fn embedded_sets() -> Vec<Set> {
    let sum = |file: &str| OnceLock::from(SUMS.lines().find_map(|l| l.strip_suffix(file)).unwrap_or("").trim().to_owned());
    let set = |name: &str, kind, date: Option<&str>, hash, licence, attribution| Set {
        name: name.to_owned(),
        kind,
        date: date.and_then(|d| d.parse().ok()),
        hash,
        bytes: None,
        licence,
        attribution,
        used: AtomicBool::new(false),
    };
    vec![
        set("cloud regions", "regions", Some("2026-11-22"), sum("regions/"), None, None),
        set("published cloud ranges", "ranges", Some(range::CLOUD_DATE), sum("ranges/cloud.csv"), None, None),
        set(
            "DB-IP Lite Country",
            "mmdb",
            Some("2026-06-01"),
            sum("geo/dbip-country-lite.mmdb"),
            Some("CC BY 4.0"),
            Some("IP Geolocation by DB-IP (https://db-ip.com)"),
        ),
    ]
}

/// One address, or the endpoint itself if it has none.
#[derive(Default)]
struct Member {
    evidence: Vec<Evidence>,
    /// Declared networks of several sites hold it: why that cannot be told.
    ambiguous: Option<String>,
    /// What it is if no evidence places it.
    fallback: Option<(Kind, String)>,
}

struct Answer {
    kind: Kind,
    places: Vec<Place>,
    basis: Option<Basis>,
    unknown: Option<String>,
    /// Indices of the evidence that decided.
    won: Vec<usize>,
}

/// The most trusted basis that answers. `said` indexes `evidence`, in order of trust.
fn decide(evidence: &[Evidence], said: &[usize], ambiguous: Option<String>, fallback: Option<(Kind, String)>) -> Answer {
    let mut ambiguous = ambiguous;
    let mut at = 0;
    while at < said.len() {
        let basis = evidence[said[at]].basis;
        // Ambiguous networks stand where a site would have.
        if basis > Basis::Site {
            if let Some(why) = ambiguous.take() {
                return unplaced(Kind::Unknown, why);
            }
        }
        let end = at + said[at..].iter().take_while(|i| evidence[**i].basis == basis).count();
        let mut of_basis: Vec<usize> = said[at..end].iter().copied().filter(|i| answers(&evidence[*i])).collect();
        // Lists and databases have an order, and the first that answers counts; several sites or names all count.
        if matches!(basis, Basis::Range | Basis::Mmdb) {
            of_basis.truncate(1);
        }
        if !of_basis.is_empty() {
            let parts = of_basis.iter().map(|i| {
                let e = &evidence[*i];
                let unknown = e.places.is_empty().then(|| placeless(e));
                (e.kind, e.places.clone(), Some(basis), unknown)
            });
            let whole = combine(parts);
            return Answer {
                kind: whole.kind,
                places: whole.places,
                basis: Some(basis),
                unknown: whole.unknown,
                won: of_basis,
            };
        }
        at = end;
    }
    if let Some(why) = ambiguous {
        return unplaced(Kind::Unknown, why);
    }
    let (kind, why) = fallback.unwrap_or((Kind::Unknown, "nothing is known of it".to_owned()));
    unplaced(kind, why)
}

/// Evidence that settles the matter: a place, or that there is none to be had. A list that only says whose an address is, or a
/// database without a country for it, leaves the question to the next.
fn answers(e: &Evidence) -> bool {
    if !e.places.is_empty() {
        return true;
    }
    match e.kind {
        Kind::Anycast | Kind::Global | Kind::Edge | Kind::Special => true,
        Kind::Unknown => e.basis <= Basis::Range,
        Kind::Unicast | Kind::MultiRegion | Kind::Private => false,
    }
}

fn unplaced(kind: Kind, why: String) -> Answer {
    Answer { kind, places: Vec::new(), basis: None, unknown: Some(why), won: Vec::new() }
}

/// Why evidence has no place, in a clause.
fn placeless(e: &Evidence) -> String {
    let what = match e.network {
        Some(network) => format!("{network} ({})", e.matched),
        None => e.matched.clone(),
    };
    let why = match e.kind {
        Kind::Anycast => "is anycast: where data ends depends on the sender",
        Kind::Edge => "is an edge network: where data ends depends on the client",
        Kind::Global => "is a global service without a place",
        _ => "has no known place",
    };
    match &e.note {
        Some(note) if e.kind == Kind::Unknown => format!("{what}: {note}"),
        Some(note) => format!("{what} {why} ({note})"),
        None => format!("{what} {why}"),
    }
}

/// The union: any of the places, unknown if one part is, known no better than the weakest part.
fn combine(parts: impl Iterator<Item = (Kind, Vec<Place>, Option<Basis>, Option<String>)>) -> Geolocation {
    let mut places: BTreeSet<Place> = BTreeSet::new();
    let mut placed: BTreeSet<Kind> = BTreeSet::new();
    let mut lost: Option<Kind> = None;
    let mut reasons: BTreeSet<String> = BTreeSet::new();
    let mut basis = None;
    for (kind, some, by, unknown) in parts {
        if some.is_empty() {
            lost = lost.or(Some(kind));
        } else {
            placed.insert(kind);
            basis = basis.max(by);
        }
        places.extend(some);
        reasons.extend(unknown);
    }
    let kind = match (placed.len(), lost) {
        (0, lost) => lost.unwrap_or(Kind::Unknown),
        (1, None) if places.len() == 1 || !placed.contains(&Kind::Unicast) => placed.first().copied().unwrap_or(Kind::Unknown),
        _ => Kind::MultiRegion,
    };
    let unknown = match reasons.len() {
        0 => None,
        1..=3 => Some(reasons.into_iter().collect::<Vec<_>>().join("; ")),
        n => Some(format!("{}; and {} more", reasons.into_iter().take(3).collect::<Vec<_>>().join("; "), n - 3)),
    };
    Geolocation { kind, places: places.into_iter().collect(), basis, evidence: Vec::new(), unknown, conflict: None }
}

/// The union of whole answers, for parts that stand where several others do.
fn union(all: impl Iterator<Item = Geolocation>) -> Geolocation {
    let mut evidence = Vec::new();
    let mut conflict = None;
    let mut parts = Vec::new();
    for geo in all {
        evidence.extend(geo.evidence);
        conflict = conflict.or(geo.conflict);
        parts.push((geo.kind, geo.places, geo.basis, geo.unknown));
    }
    evidence.sort_by_key(|e: &Evidence| e.basis);
    evidence.dedup();
    Geolocation { evidence, conflict, ..combine(parts.into_iter()) }
}

fn nowhere(why: String) -> Geolocation {
    Geolocation {
        kind: Kind::Unknown,
        places: Vec::new(),
        basis: None,
        evidence: Vec::new(),
        unknown: Some(why),
        conflict: None,
    }
}

/// Two bases of rank `range` or better that share no country.
fn conflict(evidence: &[Evidence]) -> Option<String> {
    let strong: Vec<&Evidence> = evidence.iter().filter(|e| e.basis <= Basis::Range && !e.places.is_empty()).collect();
    let (first, rest) = strong.split_first()?;
    if rest.iter().all(|e| e.places == first.places) {
        return None;
    }
    let apart = |a: &Evidence, b: &Evidence| {
        a.basis != b.basis && !a.places.iter().any(|p| b.places.iter().any(|q| p.country == q.country))
    };
    let mut pairs = strong.iter().enumerate().flat_map(|(i, a)| strong[i + 1..].iter().map(move |b| (*a, *b)));
    let (a, b) = pairs.find(|(a, b)| apart(a, b))?;
    let (a, b) = if a.basis <= b.basis { (a, b) } else { (b, a) };
    Some(format!("{} says {}, but {} says {}", source(a), countries(a), source(b), countries(b)))
}

fn source(e: &Evidence) -> String {
    match (e.basis, e.network) {
        (Basis::Override, _) => format!("the override ({})", e.matched),
        (Basis::Site, _) => format!("site `{}`", e.matched),
        (Basis::Region, _) => format!("region {}", e.matched),
        (Basis::Hostname, _) => format!("the name {}", e.matched),
        (_, Some(network)) => format!("the range {network} ({})", e.matched),
        (_, None) => e.matched.clone(),
    }
}

fn countries(e: &Evidence) -> String {
    let codes: BTreeSet<&str> = e.places.iter().map(|p| p.country.as_str()).collect();
    codes.into_iter().collect::<Vec<_>>().join(" or ")
}

fn declared(
    basis: Basis,
    place: &DeclaredPlace,
    matched: String,
    network: Option<IpNetwork>,
    because: Option<&str>,
    location: Location,
) -> Evidence {
    let coordinates = place.coordinates.map(|(a, b)| format!("{a}, {b}"));
    let note = [because.map(str::to_owned), coordinates].into_iter().flatten().collect::<Vec<_>>().join("; ");
    Evidence {
        basis,
        kind: Kind::Unicast,
        places: vec![places::normalize(place.place.clone())],
        matched,
        network,
        data_set: None,
        location: Some(location),
        note: (!note.is_empty()).then_some(note),
    }
}

fn at_site(site: &Site, network: Option<IpNetwork>) -> Evidence {
    let written =
        network.and_then(|n| site.networks.iter().find(|w| w.value.network() == n.network() && w.value.prefix() == n.prefix()));
    let location = written.map_or(site.location, |w| w.at(site.location.source));
    declared(Basis::Site, &site.place, site.id.clone(), network, None, location)
}

/// Zone and region of an endpoint. A zone that is known is the better answer: a Local Zone stands in another country than its
/// region. A zone that is not known leaves the region only if it can be nothing but a part of it (`1`, `a`, `us-east-1b`).
fn by_endpoint_region(endpoint: &Endpoint) -> Option<Evidence> {
    let provider = endpoint.provider.as_deref();
    let location = endpoint.region_location;
    let Some(zone) = endpoint.zone.as_deref().filter(|z| !z.is_empty()) else {
        return endpoint.region.as_deref().map(|r| by_region(provider, r, location));
    };
    let name = provider.and_then(region::provider);
    let known = match name {
        Some(name) => !region::find(name, zone).is_empty(),
        None => provider.is_none() && !region::find_anywhere(zone).is_empty(),
    };
    match endpoint.region.as_deref() {
        Some(region) if !known => {
            let tail = zone.strip_prefix(region).unwrap_or(zone).trim_start_matches('-');
            if tail.len() <= 2 {
                Some(by_region(provider, region, location))
            } else {
                Some(by_region(provider, zone, location))
            }
        }
        _ => Some(by_region(provider, zone, location)),
    }
}

fn by_region(provider: Option<&str>, id: &str, location: Option<Location>) -> Evidence {
    let evidence = |kind, places, matched, note: Option<String>| Evidence {
        basis: Basis::Region,
        kind,
        places,
        matched,
        network: None,
        data_set: Some(REGIONS),
        location,
        note,
    };
    let Some(name) = provider.and_then(region::provider) else {
        if let Some(stranger) = provider {
            let note = format!("there is no table of regions for `{stranger}`");
            return evidence(Kind::Unknown, Vec::new(), format!("{stranger}/{id}"), Some(note));
        }
        return anywhere(id, evidence);
    };
    let matched = format!("{name}/{id}");
    let rows = region::find(name, id);
    let Some(first) = rows.first() else {
        let note = format!("not in the table of {name} regions, and a place is not guessed from a name");
        return evidence(Kind::Unknown, Vec::new(), matched, Some(note));
    };
    let places: BTreeSet<Place> = rows.iter().flat_map(|r| r.places.iter().cloned()).collect();
    let kind = if rows.len() > 1 && places.len() > 1 { Kind::MultiRegion } else { first.kind };
    let mut notes: Vec<String> = Vec::new();
    if rows.len() > 1 {
        notes.push(format!("means {}", rows.iter().map(|r| &*r.id).collect::<Vec<_>>().join(" or ")));
    } else {
        notes.extend(Some(first.note.to_string()).filter(|n| !n.is_empty()));
        notes.extend(Some(&first.operator).filter(|o| !o.is_empty()).map(|o| format!("operated by {o}")));
        notes.extend(Some(&first.confidence).filter(|c| &***c == "low").map(|_| "confidence low".to_owned()));
    }
    evidence(kind, places.into_iter().collect(), matched, (!notes.is_empty()).then(|| notes.join("; ")))
}

/// An id without its provider: whatever any provider means by it.
fn anywhere(id: &str, evidence: impl Fn(Kind, Vec<Place>, String, Option<String>) -> Evidence) -> Evidence {
    let rows = region::find_anywhere(id);
    let mut by_provider: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for row in &rows {
        by_provider.entry(row.provider).or_default().extend(row.places.iter().map(|p| p.country.as_str()));
    }
    if rows.is_empty() {
        return evidence(Kind::Unknown, Vec::new(), id.to_owned(), Some("no provider's table has such a region".to_owned()));
    }
    let each: Vec<String> =
        by_provider.iter().map(|(p, c)| format!("{p}: {}", c.iter().copied().collect::<Vec<_>>().join(" or "))).collect();
    let note = Some(format!("the provider is not stated ({})", each.join(", ")));
    // One provider's without a place could be the one meant.
    if rows.iter().any(|r| r.places.is_empty()) {
        return evidence(Kind::Unknown, Vec::new(), id.to_owned(), note);
    }
    let places: BTreeSet<Place> = match by_provider.len() {
        1 => rows.iter().flat_map(|r| r.places.iter().cloned()).collect(),
        // Of several providers only the country is worth saying.
        _ => rows.iter().flat_map(|r| r.places.iter().map(|p| Place::country(p.country))).collect(),
    };
    let kind = if places.len() == 1 { rows[0].kind } else { Kind::MultiRegion };
    evidence(kind, places.into_iter().collect(), id.to_owned(), note)
}

fn by_name(name: &str) -> Option<Evidence> {
    hostname::locate(name).map(named_evidence)
}

fn named_evidence(named: hostname::Named) -> Evidence {
    let data_set = (!named.places.is_empty()).then_some(REGIONS);
    Evidence {
        basis: Basis::Hostname,
        kind: named.kind,
        places: named.places,
        matched: named.matched,
        network: None,
        data_set,
        location: None,
        note: named.note,
    }
}

fn by_range(network: IpNetwork, says: &Says, data_set: DataSetId) -> Evidence {
    Evidence {
        basis: Basis::Range,
        kind: says.kind,
        places: says.places.clone(),
        matched: says.matched.clone(),
        network: Some(network),
        data_set: Some(data_set),
        location: None,
        note: says.note.clone(),
    }
}

/// What a record says; and if it does not place the address, why.
fn by_record(record: &Record, network: Option<IpNetwork>, data_set: DataSetId, name: &str) -> (Evidence, Option<String>) {
    let evidence = |kind, places, note: Option<String>| Evidence {
        basis: Basis::Mmdb,
        kind,
        places,
        matched: name.to_owned(),
        network,
        data_set: Some(data_set),
        location: None,
        note,
    };
    match record {
        Record::Country { place, note } => (evidence(Kind::Unicast, vec![place.clone()], note.clone()), None),
        Record::Anycast { note } => (evidence(Kind::Anycast, Vec::new(), note.clone()), None),
        Record::NoCountry { note } => {
            let extra = note.as_ref().map(|n| format!(" ({n})")).unwrap_or_default();
            let why = format!("{name} has it, but no country for it{extra}");
            (evidence(Kind::Unknown, Vec::new(), Some(format!("found without a country{extra}"))), Some(why))
        }
        Record::Unreadable(error) => {
            let why = format!("its record in {name} is unreadable ({error})");
            (evidence(Kind::Unknown, Vec::new(), Some(format!("unreadable: {error}"))), Some(why))
        }
    }
}

/// Why an endpoint without addresses cannot be placed.
fn reason(endpoint: &Endpoint) -> String {
    match (endpoint.standing, endpoint.names.first()) {
        (Standing::Logical, _) => format!("`{}` is only a name in a config; what it leads to has places", endpoint.name),
        (Standing::WithSender, _) => format!("`{}` stands where its sender stands, and nothing sends to it", endpoint.name),
        (Standing::Physical, Some(name)) => format!("`{name}` has no address here, and its name says no place"),
        (Standing::Physical, None) => format!("`{}` has no address, no region and no site", endpoint.name),
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, b| {
        for digit in [b >> 4, b & 15] {
            text.push(char::from_digit(u32::from(digit), 16).unwrap_or('0'));
        }
        text
    })
}

/// The places as a report shows them: each with how it is known. One entry without a place if some of it is unknown.
pub fn known_places(geo: &Geolocation, atlas: &Atlas) -> Vec<KnownPlace> {
    let set = |id: Option<DataSetId>| id.and_then(|d| atlas.sets.get(d.0 as usize));
    let mut known: Vec<KnownPlace> = Vec::with_capacity(geo.places.len());
    for place in &geo.places {
        // Evidence is in order of trust.
        let by = geo.evidence.iter().find(|e| e.places.contains(place));
        let several = (geo.kind == Kind::MultiRegion && geo.places.len() > 1).then(|| {
            let codes: BTreeSet<&str> = geo.places.iter().map(|p| p.country.as_str()).collect();
            format!("any of {}", codes.into_iter().collect::<Vec<_>>().join(", "))
        });
        let note = [several, by.and_then(|e| e.note.clone())].into_iter().flatten().collect::<Vec<_>>().join("; ");
        let from = set(by.and_then(|e| e.data_set));
        known.push(KnownPlace {
            place: Some(place.clone()),
            basis: by.map(|e| e.basis).or(geo.basis).map_or("unknown", Basis::as_str),
            matched: by.map(|e| e.matched.clone()),
            network: by.and_then(|e| e.network).map(|n| n.to_string()),
            data_set: from.map(|s| s.name.clone()),
            data_set_date: from.and_then(|s| s.date).map(|d| d.to_string()),
            note: (!note.is_empty()).then_some(note),
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
