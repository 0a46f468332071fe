//! Records into facts: which names stand where, and which lead to others.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use super::answer::{Answer, Pick, Target};
use super::collect::{Collected, Unclear};
use super::name::ancestors;
use super::record::{Data, Record};
use crate::model::{
    Activity, Address, ClientMatch, Dependence, EndpointFact, Facts, GapScope, Reference, RouteFact, RouteRole, Standing,
    Unread,
};
use crate::source::{Location, Spanned};

/// Translates one zone. `is_loaded` says whether the file of a delegated zone is among the project's files.
pub fn facts(zone: &Collected, is_loaded: &dyn Fn(&str) -> bool) -> Facts {
    let mut by_owner: BTreeMap<&str, Vec<&Record>> = BTreeMap::new();
    for record in &zone.records {
        by_owner.entry(&record.owner).or_default().push(record);
    }
    let told: BTreeSet<&str> = zone.records.iter().filter(|r| r.data == Data::Soa).map(|r| r.owner.as_str()).collect();
    let is_ns = |r: &&Record| matches!(r.data, Data::Ns(_));
    let served: BTreeSet<&str> = zone.records.iter().filter(is_ns).map(|r| r.owner.as_str()).collect();
    let apexes: BTreeSet<&str> = if told.is_empty() {
        // A part of a zone, or an export without SOA: the topmost names with servers begin it.
        let origin = zone.origin.as_deref();
        let topmost = |o: &&str| ancestors(o).skip(1).all(|a| !served.contains(a) && Some(a) != origin);
        served.iter().copied().filter(topmost).chain(origin).collect()
    } else {
        told.clone()
    };
    let cuts: BTreeSet<&str> = served.difference(&apexes).copied().collect();
    let glue: BTreeSet<&str> = zone
        .records
        .iter()
        .filter_map(|r| match &r.data {
            Data::Ns(server) if cuts.contains(r.owner.as_str()) => Some(server.as_str()),
            _ => None,
        })
        .collect();
    let mut map = Mapper {
        facts: Facts::default(),
        owners: BTreeMap::new(),
        dependents: Vec::new(),
        ids: BTreeMap::new(),
        servers: BTreeMap::new(),
    };
    for (owner, records) in &by_owner {
        if owner.ends_with(".arpa") {
            // Names of the reverse tree are where nobody sends data.
            continue;
        }
        let apex = ancestors(owner).find(|a| apexes.contains(a));
        let cut = apex.and_then(|apex| ancestors(owner).take_while(|a| *a != apex).filter(|a| cuts.contains(a)).last());
        if !told.is_empty() && apex.is_none() {
            map.outside(owner, records[0]);
        } else if let Some(cut) = cut {
            map.delegated(owner, cut, records, glue.contains(owner), is_loaded);
        } else {
            map.owner(owner, apex, records);
        }
    }
    map.depend_on_servers();
    for unclear in &zone.unclear {
        map.unclear(unclear);
    }
    map.facts
}

struct Mapper<'a> {
    facts: Facts,
    /// The endpoint of each owner.
    owners: BTreeMap<String, usize>,
    /// Endpoints that need the servers of an apex.
    dependents: Vec<(usize, &'a str)>,
    /// `mx:` and `ns:` endpoints by id.
    ids: BTreeMap<String, usize>,
    /// The `ns:` endpoint of each apex or cut.
    servers: BTreeMap<&'a str, usize>,
}

/// A way from a name onwards, before ranks are given.
struct Way<'a> {
    preference: u32,
    weighted: bool,
    target: &'a str,
    port: Option<u16>,
    /// Addresses of the target that the record itself gives.
    hints: Vec<Address>,
    location: Location,
}

impl<'a> Mapper<'a> {
    fn push(&mut self, fact: EndpointFact) -> usize {
        self.facts.endpoints.push(fact);
        self.facts.endpoints.len() - 1
    }

    fn name(&mut self, owner: &str, standing: Standing, location: Location) -> usize {
        let mut fact = EndpointFact::new("dns-name", owner, location);
        fact.standing = standing;
        fact.names.push(Spanned::new(owner.to_owned(), location.span));
        self.push(fact)
    }

    /// The endpoint of an owner that only has a gap or a route, made if there is none.
    fn logical(&mut self, owner: &str, apex: Option<&'a str>, location: Location) -> usize {
        if let Some(index) = self.owners.get(owner) {
            return *index;
        }
        let index = self.name(owner, Standing::Logical, location);
        self.own(owner, index, apex);
        index
    }

    fn own(&mut self, owner: &str, index: usize, apex: Option<&'a str>) {
        self.owners.insert(owner.to_owned(), index);
        self.dependents.extend(apex.map(|a| (index, a)));
    }

    /// A logical endpoint with an id.
    fn group(&mut self, kind: &str, id: String, location: Location) -> usize {
        let mut fact = EndpointFact::new(kind, id.as_str(), location);
        fact.id = Some(id.clone());
        fact.standing = Standing::Logical;
        let index = self.push(fact);
        self.ids.insert(id, index);
        index
    }

    /// One name of the zone's own.
    fn owner(&mut self, owner: &str, apex: Option<&'a str>, records: &[&'a Record]) {
        let (addresses, hints) = addresses(owner, records);
        let ways = ways(owner, records);
        let chosen = chosen(records);
        let leads = |c: &&Chosen<'_>| c.kind != "MX";
        let alone = ways.names.is_empty() && ways.services.is_empty() && !chosen.iter().any(|c| leads(&c));
        let standing = if alone { Standing::Physical } else { Standing::Logical };
        let first = addresses.first().or(hints.first()).map(|a| a.location);
        if let Some(location) = first.or_else(|| ways.first()).or_else(|| chosen.iter().find(leads).map(|c| c.location)) {
            let index = self.name(owner, standing, location);
            self.own(owner, index, apex);
            if alone {
                self.facts.endpoints[index].addresses.extend(addresses.into_iter().chain(hints));
            } else if let Some(location) = first {
                self.beside(owner, index, addresses.into_iter().chain(hints).collect(), location, &ways);
            }
            for (pool, list) in [("dns", &ways.names), ("service", &ways.services)] {
                self.ways(index, pool, list);
            }
            for one in chosen.iter().filter(leads) {
                lead(&mut self.facts, index, owner, one.kind, &one.answer, one.location);
            }
        }
        for way in &ways.services {
            // Clients may take the hints for the target's addresses, so it stands there too.
            if let Some(first) = way.hints.first() {
                let index = self.name(way.target, Standing::Physical, first.location);
                self.facts.endpoints[index].addresses.clone_from(&way.hints);
            }
        }
        let mail = chosen.iter().filter(|c| !leads(c));
        if let Some(location) = ways.mail.first().map(|w| w.location).or_else(|| mail.clone().next().map(|c| c.location)) {
            let index = self.group("dns-mail", format!("mx:{owner}"), location);
            self.dependents.extend(apex.map(|a| (index, a)));
            self.ways(index, "mx", &ways.mail);
            for one in mail {
                lead(&mut self.facts, index, owner, one.kind, &one.answer, one.location);
            }
        }
        if apex == Some(owner) {
            self.name_servers(owner.to_owned(), apex, records);
        }
        self.not_followed(owner, apex, records, !ways.names.is_empty() && first.is_some());
    }

    /// Addresses of a name that also leads elsewhere (an HTTPS record, an ALIAS): a machine of its own beside the others.
    fn beside(&mut self, owner: &str, name: usize, addresses: Vec<Address>, location: Location, ways: &Ways<'_>) {
        let mut fact = EndpointFact::new("dns-address", format!("{owner} (address records)"), location);
        fact.addresses = addresses;
        let index = self.push(fact);
        let mut route = RouteFact::new(Reference::Fact(name), Reference::Fact(index), Activity::Forward, location);
        route.alias = true;
        route.priority = Some(0);
        let pool = match (ways.names.is_empty(), ways.services.is_empty()) {
            (false, _) => "dns",
            (true, false) => "service",
            // Beside records of another type that are worked out for each query.
            (true, true) => "addresses",
        };
        route.pool = Some(pool.to_owned());
        if pool == "service" {
            route.clients = ClientMatch::Some("clients that do not use SVCB or HTTPS records".to_owned());
        }
        self.facts.routes.push(route);
    }

    /// Routes by preference: the lowest one carries, the others stand by. Clients go straight to the target, whatever the
    /// record type: the owner is a name for it and hands nothing on.
    fn ways(&mut self, from: usize, pool: &str, ways: &[Way<'_>]) {
        let mut counts: BTreeMap<u32, usize> = BTreeMap::new();
        for way in ways {
            *counts.entry(way.preference).or_default() += 1;
        }
        // Preference to its rank, and whether several share it.
        let ranks: BTreeMap<u32, (u32, bool)> = (0..).zip(&counts).map(|(rank, (p, n))| (*p, (rank, *n > 1))).collect();
        for way in ways {
            let (rank, several) = ranks.get(&way.preference).copied().unwrap_or_default();
            let to = Reference::Host { name: way.target.to_owned(), port: way.port };
            let mut route = RouteFact::new(Reference::Fact(from), to, Activity::Forward, way.location);
            route.pool = Some(pool.to_owned());
            route.priority = Some(rank);
            route.alias = true;
            route.role = match rank {
                0 if way.weighted && several => RouteRole::Weighted,
                0 => RouteRole::Primary,
                _ => RouteRole::Failover,
            };
            self.facts.routes.push(route);
        }
    }

    /// The servers that answer for an apex or a cut: any one of them is enough.
    fn name_servers(&mut self, zone: String, key: Option<&'a str>, records: &[&'a Record]) {
        let mut servers = records.iter().filter_map(|r| match &r.data {
            Data::Ns(server) => Some((server, r.location)),
            _ => None,
        });
        let Some(first) = servers.next() else { return };
        let index = self.group("dns-servers", format!("ns:{zone}"), first.1);
        if let Some(key) = key {
            self.servers.insert(key, index);
        }
        for (server, location) in std::iter::once(first).chain(servers) {
            let to = Reference::Host { name: server.clone(), port: None };
            self.facts.routes.push(depends_on(index, to, location));
        }
    }

    /// Every name needs a server of its zone.
    fn depend_on_servers(&mut self) {
        for (index, apex) in &self.dependents {
            let Some(servers) = self.servers.get(apex) else { continue };
            let location = self.facts.endpoints[*index].location;
            self.facts.routes.push(depends_on(*index, Reference::Fact(*servers), location));
        }
    }

    /// Names at or below a delegation: other servers say where they lead.
    fn delegated(&mut self, owner: &str, cut: &'a str, records: &[&'a Record], glue: bool, is_loaded: &dyn Fn(&str) -> bool) {
        if owner == cut {
            self.name_servers(owner.to_owned(), Some(cut), records);
            if !is_loaded(cut) {
                let location =
                    records.iter().find(|r| matches!(r.data, Data::Ns(_))).map_or(records[0].location, |r| r.location);
                let index = self.logical(owner, None, location);
                let below = Spanned::new(format!("*.{owner}"), location.span);
                self.facts.endpoints[index].names.push(below);
                if let Some(servers) = self.servers.get(cut) {
                    let route = depends_on(index, Reference::Fact(*servers), location);
                    self.facts.routes.push(route);
                }
                let message =
                    format!("`{owner}` and the names below it are delegated to other servers, whose zone is not here");
                let help = Some(format!("add the zone file of `{owner}` to the project"));
                self.gap("delegated", message, help, location, vec![Reference::Fact(index)]);
                return;
            }
        }
        if !glue {
            if owner != cut {
                let location = records[0].location;
                let index = self.logical(owner, None, location);
                let message =
                    format!("`{owner}` lies below the delegation of `{cut}`, so servers do not answer with this record");
                let help = Some(format!("move it to the zone of `{cut}`"));
                self.gap("below-delegation", message, help, location, vec![Reference::Fact(index)]);
            }
            return;
        }
        let (addresses, _) = addresses(owner, records);
        if let Some(first) = addresses.first() {
            let index = self.name(owner, Standing::Physical, first.location);
            self.own(owner, index, None);
            self.facts.endpoints[index].addresses = addresses;
        }
    }

    fn outside(&mut self, owner: &str, record: &Record) {
        let index = self.logical(owner, None, record.location);
        let message = format!("`{owner}` lies outside the zone of this file, so servers ignore the record");
        let help = Some("a final dot may be missing or too many".to_owned());
        self.gap("out-of-zone", message, help, record.location, vec![Reference::Fact(index)]);
    }

    /// What could lead somewhere else than the routes and addresses say.
    fn not_followed(&mut self, owner: &str, apex: Option<&'a str>, records: &[&'a Record], mixed: bool) {
        let mut told: BTreeSet<&str> = BTreeSet::new();
        for record in records {
            match &record.data {
                Data::Unfollowed(kind) if told.insert(kind) => {
                    let index = self.logical(owner, apex, record.location);
                    let message =
                        format!("the record type {kind} of `{owner}` is not followed, and it may answer with other addresses");
                    let help = Some("declare where the name leads in onshore's own inventory".to_owned());
                    self.gap("unfollowed-record", message, help, record.location, vec![Reference::Fact(index)]);
                }
                Data::Dname(target) => {
                    let location = record.location;
                    let below = format!("*.{owner}");
                    let index = self.logical(&below, apex, location);
                    let message = format!(
                        "the names below `{owner}` are those below `{target}` (DNAME), which are not followed one by one"
                    );
                    let help = Some("declare the names in use as CNAME records".to_owned());
                    self.gap("unfollowed-record", message, help, location, vec![Reference::Fact(index)]);
                }
                Data::Cname(target) if mixed => {
                    let index = self.logical(owner, apex, record.location);
                    let message =
                        format!("`{owner}` is an alias of `{target}` and has addresses as well, which RFC 1034 forbids");
                    self.gap("conflicting-records", message, None, record.location, vec![Reference::Fact(index)]);
                }
                _ => {}
            }
        }
    }

    fn unclear(&mut self, unclear: &Unclear) {
        let scope = match &unclear.owner {
            // The line may be of any type: mail and name servers of the owner as well.
            Some(owner) => {
                let groups = ["mx", "ns"].map(|kind| self.ids.get(&format!("{kind}:{owner}")).copied());
                let name = self.logical(owner, None, unclear.location);
                std::iter::once(name).chain(groups.into_iter().flatten()).map(Reference::Fact).collect()
            }
            None => Vec::new(),
        };
        self.gap(unclear.code, unclear.message.clone(), unclear.help.clone(), unclear.location, scope);
    }

    /// Without endpoints it touches everything.
    fn gap(&mut self, code: &'static str, message: String, help: Option<String>, location: Location, of: Vec<Reference>) {
        let scope = if of.is_empty() { GapScope::Everything } else { GapScope::Endpoints(of) };
        self.facts.gaps.push(Unread { code, message, help, location, scope });
    }
}

/// Routes for what is worked out for each query: a pool for each branch, for its clients go to no other.
pub fn lead(facts: &mut Facts, from: usize, name: &str, kind: &str, answer: &Answer, location: Location) {
    let flat = answer.flat();
    let mut gap = |code, message, help, location| {
        let scope = GapScope::Endpoints(vec![Reference::Fact(from)]);
        facts.gaps.push(Unread { code, message, help, location, scope });
    };
    for (why, help, location) in flat.unknown {
        let message = format!("what the {kind} record of `{name}` answers is not known: {why}");
        gap("unfollowed-answer", message, help, location);
    }
    if flat.cut {
        let message = format!("the {kind} record of `{name}` has more branches than can be followed");
        gap("too-large", message, None, location);
    }
    for (number, branch) in flat.branches.iter().enumerate() {
        let pool = match &branch.text {
            Some(text) => format!("{kind} {number} for {text}"),
            None => format!("{kind} {number}"),
        };
        for (rank, targets) in branch.tiers.iter().enumerate() {
            for target in targets {
                let mut route = RouteFact::new(Reference::Fact(from), target.to.clone(), Activity::Forward, target.location);
                route.pool = Some(pool.clone());
                route.priority = u32::try_from(rank).ok();
                route.alias = true;
                route.role = branch.role(rank);
                route.clients = branch.clients_of(rank);
                route.condition = branch.condition(rank);
                facts.routes.push(route);
            }
        }
    }
}

fn depends_on(from: usize, to: Reference, location: Location) -> RouteFact {
    let mut route = RouteFact::new(Reference::Fact(from), to, Activity::Depend, location);
    route.pool = Some("ns".to_owned());
    route.purpose = Dependence::Dns;
    route
}

/// A name's own addresses, and those that its service records hint at.
fn addresses(owner: &str, records: &[&Record]) -> (Vec<Address>, Vec<Address>) {
    let (mut own, mut hints) = (Vec::new(), Vec::new());
    for record in records {
        let address = |ip| Address { ip, port: None, location: record.location };
        match &record.data {
            Data::Address(ip) => own.push(address(*ip)),
            Data::Service { hints: list, target, .. } if target.is_empty() || target == owner => {
                hints.extend(list.iter().map(|ip| address(*ip)));
            }
            _ => {}
        }
    }
    let known: BTreeSet<IpAddr> = own.iter().map(|a: &Address| a.ip).collect();
    hints.retain(|h| !known.contains(&h.ip));
    (own, hints)
}

/// A record that is worked out for each query.
struct Chosen<'a> {
    kind: &'a str,
    answer: std::borrow::Cow<'a, Answer>,
    location: Location,
}

fn chosen<'a>(records: &[&'a Record]) -> Vec<Chosen<'a>> {
    use std::borrow::Cow;
    let one = |record: &&'a Record| match &record.data {
        Data::Chosen { kind, answer } => {
            Some(Chosen { kind, answer: Cow::Borrowed(answer.as_ref()), location: record.location })
        }
        Data::Resource(name) => {
            // The server's configuration declares it by this id.
            let target = Target { to: Reference::Id(format!("gdnsd:{name}")), location: record.location };
            let answer = Answer::Set(vec![target], Pick::All);
            Some(Chosen { kind: "dynamic", answer: Cow::Owned(answer), location: record.location })
        }
        _ => None,
    };
    records.iter().filter_map(one).collect()
}

/// Where a name leads.
#[derive(Default)]
struct Ways<'a> {
    /// CNAME, ALIAS: the same thing under another name.
    names: Vec<Way<'a>>,
    /// SRV, SVCB, HTTPS.
    services: Vec<Way<'a>>,
    mail: Vec<Way<'a>>,
}

impl Ways<'_> {
    fn first(&self) -> Option<Location> {
        self.names.first().or(self.services.first()).map(|w| w.location)
    }
}

fn ways<'a>(owner: &str, records: &[&'a Record]) -> Ways<'a> {
    let mut ways = Ways::default();
    for record in records {
        let way = |preference: u16, target: &'a str, port| Way {
            preference: preference.into(),
            weighted: false,
            target,
            port,
            hints: Vec::new(),
            location: record.location,
        };
        match &record.data {
            Data::Cname(target) | Data::Alias(target) => ways.names.push(way(0, target, None)),
            Data::Mx { preference, target } if !target.is_empty() => ways.mail.push(way(*preference, target, None)),
            Data::Srv { priority, port, target, .. } if !target.is_empty() => {
                ways.services.push(Way { weighted: true, ..way(*priority, target, Some(*port)) });
            }
            Data::Service { priority, target, port, hints } if !target.is_empty() && target != owner => {
                let hints = hints.iter().map(|ip| Address { ip: *ip, port: None, location: record.location }).collect();
                ways.services.push(Way { hints, ..way(*priority, target, *port) });
            }
            _ => {}
        }
    }
    ways
}
