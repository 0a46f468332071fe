//! From the objects of NetBox to sites and endpoints.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use ipnetwork::IpNetwork;

use super::geography;
use super::objects::{Object, Objects, Type};
use crate::model::{
    Address, DeclaredPlace, DomainKind, EndpointFact, Facts, Gap, GapScope, LossDomain, Reference, Site, Unread,
};
use crate::source::{Location, Spanned};

pub fn facts(objects: &Objects<'_>) -> Facts {
    let mut facts = Facts::default();
    let networks = networks(objects, &mut facts.gaps);
    let carriers = carriers(objects);
    let addresses = addresses(objects);
    // Sites by their ids, and whether their country is known.
    let mut placed: BTreeMap<usize, bool> = BTreeMap::new();
    let mut unplaced: Vec<(usize, String)> = Vec::new();
    for (i, site) in objects.of(Type::Site).iter().enumerate() {
        match geography::place(objects, *site) {
            Ok(place) => {
                let declared = DeclaredPlace { place, coordinates: coordinates(*site) };
                facts.sites.extend(sites(*site, &declared, networks.get(&i), carriers.get(&i)));
                placed.insert(i, true);
            }
            Err(why) => {
                unplaced.push((i, why));
                placed.insert(i, false);
            }
        }
    }
    let mut at_site: BTreeMap<usize, Vec<Reference>> = BTreeMap::new();
    for kind in [Type::Device, Type::VirtualMachine] {
        for (index, object) in objects.of(kind).iter().enumerate() {
            let site = site_of(objects, *object);
            let mut fact = endpoint(kind, *object, index, &addresses);
            if let Some(site) = site {
                let site_index = objects.find(Type::Site, site);
                let id = objects.full(Type::Site, site).slug();
                let field = if object.node.get("site").is_some() { "site" } else { "name" };
                let word = Spanned::new(id.clone(), object.at(field).span);
                match site_index.and_then(|i| placed.get(&i)) {
                    Some(true) => fact.site = Some(word),
                    // Its site is no site yet: one that is declared by the same id will do.
                    _ => fact.site_hints.push(word),
                }
                let mut within = |field: &str| {
                    let name = object.get(field).map(|o| o.slug()).filter(|s| !s.is_empty());
                    fact.domains.extend(name.map(|n| LossDomain::new(DomainKind::Zone, format!("{id}/{n}"))));
                };
                within("location");
                within("rack");
                if let Some(i) = site_index {
                    at_site.entry(i).or_default().push(Reference::Fact(facts.endpoints.len()));
                }
            }
            facts.endpoints.push(fact);
        }
    }
    for (i, why) in unplaced {
        let site = objects.of(Type::Site)[i];
        let touched = at_site.remove(&i).unwrap_or_default();
        facts.gaps.push(Gap {
            code: "site-without-country",
            message: format!("the country of site `{}` is not known: {why}", site.slug()),
            help: Some(format!(
                "declare it: [[site]] with `id = \"{}\"` and its country, or put a country into its regions",
                site.slug()
            )),
            location: site.location(),
            scope: if touched.is_empty() { GapScope::Nothing } else { GapScope::Endpoints(touched) },
        });
    }
    incomplete(objects, &mut facts.gaps);
    facts
}

/// A list whose further pages are not there.
fn incomplete(objects: &Objects<'_>, gaps: &mut Vec<Unread>) {
    let mut told = BTreeSet::new();
    for page in &objects.pages {
        let here = objects.of(page.kind).len() as u64;
        if here < page.count && told.insert(page.kind) {
            gaps.push(Gap {
                code: "export-incomplete",
                message: format!("NetBox has {} {}, but only {here} of them are in the files", page.count, page.kind.word()),
                help: Some("export the further pages too, or all at once with `limit=0`".to_owned()),
                location: page.next,
                scope: GapScope::Everything,
            });
        }
    }
}

/// The networks of one site by VRF.
type Networks = BTreeMap<Option<String>, Vec<IpNetwork>>;

/// A site, and for each VRF with networks there a site of its own at the same place, since private networks of different VRFs may
/// overlap. The loss of the site is the loss of these too.
fn sites(
    object: Object<'_>,
    place: &DeclaredPlace,
    networks: Option<&Networks>,
    carriers: Option<&BTreeSet<String>>,
) -> Vec<Site> {
    let id = object.slug();
    let mut domains: Vec<LossDomain> = Vec::new();
    domains.extend(object.text("facility").map(|f| LossDomain::new(DomainKind::Campus, f)));
    domains.extend(carriers.into_iter().flatten().map(|c| LossDomain::new(DomainKind::Carrier, c.as_str())));
    let none = BTreeMap::new();
    let networks = networks.unwrap_or(&none);
    let mut all = Vec::new();
    let only = if networks.len() == 1 { networks.keys().next().cloned().flatten() } else { None };
    let mut own = Site {
        id: id.clone(),
        place: place.clone(),
        domains: domains.clone(),
        networks: Vec::new(),
        network_scope: only.clone(),
        location: object.location(),
    };
    for (vrf, networks) in networks {
        // Networks stand in files of their own, and a site's are placed by their lines in the site's file.
        let networks = networks.iter().map(|n| Spanned::new(*n, object.location().span)).collect();
        if *vrf == own.network_scope {
            own.networks = networks;
            continue;
        }
        let mut domains = domains.clone();
        domains.push(LossDomain::new(DomainKind::Site, id.as_str()));
        let name = vrf.as_deref().unwrap_or("");
        all.push(Site {
            id: format!("{id} (VRF {name})"),
            place: place.clone(),
            domains,
            networks,
            network_scope: vrf.clone(),
            location: object.location(),
        });
    }
    all.insert(0, own);
    all
}

/// Prefixes by site and VRF. Before NetBox 4.2 a prefix has a `site`, since then a `scope` of some type.
fn networks(objects: &Objects<'_>, gaps: &mut Vec<Unread>) -> BTreeMap<usize, Networks> {
    let mut all: BTreeMap<usize, Networks> = BTreeMap::new();
    for prefix in objects.of(Type::Prefix) {
        let Some(site) = site_of(objects, *prefix).and_then(|s| objects.find(Type::Site, s)) else { continue };
        let Some(text) = prefix.text("prefix") else { continue };
        match text.parse::<IpNetwork>() {
            Ok(network) => {
                let vrf = prefix.get("vrf").map(|v| v.name().to_owned());
                all.entry(site).or_default().entry(vrf).or_default().push(network);
            }
            Err(_) => gaps.push(Gap {
                code: "malformed-line",
                message: format!("`{}` is no network", text.chars().take(60).collect::<String>()),
                help: Some("correct the prefix in NetBox and export it again".to_owned()),
                location: prefix.at("prefix"),
                scope: GapScope::Everything,
            }),
        }
    }
    all
}

/// The site of an object: its own, that of its location, of its scope, or of its cluster.
fn site_of<'d>(objects: &Objects<'d>, object: Object<'d>) -> Option<Object<'d>> {
    if let Some(site) = object.get("site") {
        return Some(site);
    }
    if let Some(scope) = object.get("scope") {
        return match object.text("scope_type") {
            Some("dcim.site") => Some(scope),
            Some("dcim.location") => objects.full(Type::SiteLocation, scope).get("site"),
            _ => None,
        };
    }
    let cluster = object.get("cluster")?;
    let cluster = objects.full(Type::Cluster, cluster);
    // A cluster has no cluster.
    if cluster.get("cluster").is_some() { None } else { site_of(objects, cluster) }
}

/// The carriers whose circuits end at each site.
fn carriers(objects: &Objects<'_>) -> BTreeMap<usize, BTreeSet<String>> {
    let mut all: BTreeMap<usize, BTreeSet<String>> = BTreeMap::new();
    let mut add = |end: Object<'_>, provider: Option<Object<'_>>| {
        let by_termination = || match end.text("termination_type") {
            None | Some("dcim.site") => end.get("termination"),
            Some("dcim.location") => end.get("termination").and_then(|t| objects.full(Type::SiteLocation, t).get("site")),
            Some(_) => None,
        };
        let site = end.get("site").or_else(by_termination).and_then(|s| objects.find(Type::Site, s));
        if let (Some(site), Some(provider)) = (site, provider) {
            all.entry(site).or_default().insert(provider.slug());
        }
    };
    for circuit in objects.of(Type::Circuit) {
        for end in ["termination_a", "termination_z"].iter().filter_map(|f| circuit.get(f)) {
            add(objects.full(Type::Termination, end), circuit.get("provider"));
        }
    }
    for end in objects.of(Type::Termination) {
        let circuit = end.get("circuit").map(|c| objects.full(Type::Circuit, c));
        add(*end, circuit.and_then(|c| c.get("provider")));
    }
    all
}

/// What `ip-addresses` says of whoever has an address.
struct Assigned {
    ip: IpAddr,
    location: Location,
    name: Option<String>,
    vrf: Option<String>,
}

/// Addresses by the device or virtual machine that has them, which is told by its URL or id.
fn addresses(objects: &Objects<'_>) -> BTreeMap<(Type, usize), Vec<Assigned>> {
    let mut all: BTreeMap<(Type, usize), Vec<Assigned>> = BTreeMap::new();
    for address in objects.of(Type::Address) {
        let Some(ip) = address.text("address").and_then(parse_ip) else { continue };
        let Some(interface) = address.get("assigned_object") else { continue };
        let device = interface.get("device").map(|d| (Type::Device, d));
        let owner = device.or_else(|| interface.get("virtual_machine").map(|v| (Type::VirtualMachine, v)));
        let Some((kind, index)) = owner.and_then(|(kind, o)| Some((kind, objects.find(kind, o)?))) else { continue };
        all.entry((kind, index)).or_default().push(Assigned {
            ip,
            location: address.at("address"),
            name: address.text("dns_name").map(str::to_lowercase),
            vrf: address.get("vrf").map(|v| v.name().to_owned()),
        });
    }
    all
}

/// `None` for what is no address: its owner is then not found by it, and who leads to that address leads to a place unknown.
fn parse_ip(text: &str) -> Option<IpAddr> {
    text.split('/').next()?.parse().ok()
}

fn endpoint(kind: Type, object: Object<'_>, index: usize, addresses: &BTreeMap<(Type, usize), Vec<Assigned>>) -> EndpointFact {
    let word = if kind == Type::Device { "device" } else { "virtual-machine" };
    let name = object.name();
    let mut fact = EndpointFact::new(word, if name.is_empty() { word } else { name }, object.location());
    let at = fact.location;
    if let Some(name) = object.text("name") {
        push_name(&mut fact, name, at);
    }
    let add = |fact: &mut EndpointFact, ip: IpAddr, location: Location| {
        if fact.addresses.iter().all(|a| a.ip != ip) {
            fact.addresses.push(Address { ip, port: None, location });
        }
    };
    for field in ["primary_ip4", "primary_ip6", "primary_ip", "oob_ip"] {
        let Some(reference) = object.get(field) else { continue };
        if let Some(ip) = reference.text("address").or_else(|| reference.node.text()).and_then(parse_ip) {
            add(&mut fact, ip, object.at(field));
        }
    }
    for assigned in addresses.get(&(kind, index)).into_iter().flatten() {
        add(&mut fact, assigned.ip, assigned.location);
        if let Some(name) = &assigned.name {
            push_name(&mut fact, name, at);
        }
        fact.scope = fact.scope.take().or_else(|| assigned.vrf.clone());
    }
    for field in ["role", "device_role", "platform", "tenant", "status", "cluster"] {
        let value = object.get(field).and_then(|o| o.text("value").map(str::to_owned).or(Some(o.slug())));
        if let Some(value) = value.filter(|v| !v.is_empty()) {
            fact.tags.insert(field.trim_start_matches("device_").to_owned(), value);
        }
    }
    for tag in object.node.get("tags").into_iter().flat_map(|t| t.items()) {
        let tag = Object { node: tag, file: object.file }.slug();
        fact.tags.insert(tag, "yes".to_owned());
    }
    for field in object.node.get("custom_fields").into_iter().flat_map(|f| f.entries()) {
        if let Some(value) = field.value.text().filter(|v| !field.value.is_null() && !v.is_empty() && v.len() <= 200) {
            fact.tags.insert(field.name().to_owned(), value.to_owned());
        }
    }
    fact
}

fn push_name(fact: &mut EndpointFact, name: &str, at: Location) {
    let name = name.trim_end_matches('.').to_lowercase();
    let label = |l: &str| !l.is_empty() && l.chars().all(|c| c.is_alphanumeric() || matches!(c, '-' | '_'));
    if name.len() <= 253 && name.split('.').all(label) && fact.names.iter().all(|n| n.value != name) {
        fact.names.push(Spanned::new(name, at.span));
    }
}

/// NetBox keeps degrees, older versions as text.
fn coordinates(site: Object<'_>) -> Option<(f64, f64)> {
    let degrees = |field: &str, most: f64| site.text(field)?.parse::<f64>().ok().filter(|d| d.abs() <= most);
    Some((degrees("latitude", 90.0)?, degrees("longitude", 180.0)?))
}
