//! What each locator says, as evidence: declared places and sites, regions, names, ranges, database records.

use std::collections::{BTreeMap, BTreeSet};

use ipnetwork::IpNetwork;

use super::data_set::REGIONS;
use super::mmdb::Record;
use super::range::Says;
use super::{Basis, DataSetId, Evidence, Kind, hostname, region};
use crate::lang::{self, Joint, Message, say};
use crate::model::{DeclaredPlace, Endpoint, Place, Site, Standing};
use crate::source::Location;
use crate::vocab::places;

pub fn declared(
    basis: Basis,
    place: &DeclaredPlace,
    matched: String,
    network: Option<IpNetwork>,
    because: Option<&str>,
    location: Location,
) -> Evidence {
    let coordinates = place.coordinates.map(|(a, b)| format!("{a}, {b}"));
    let note: Vec<String> = [because.map(str::to_owned), coordinates].into_iter().flatten().collect();
    Evidence {
        basis,
        kind: Kind::Unicast,
        places: vec![places::normalize(place.place.clone())],
        matched,
        network,
        data_set: None,
        location: Some(location),
        note: (!note.is_empty()).then(|| lang::series(note, Joint::Semicolon)),
    }
}

pub fn at_site(site: &Site, network: Option<IpNetwork>) -> Evidence {
    let written =
        network.and_then(|n| site.networks.iter().find(|w| w.value.network() == n.network() && w.value.prefix() == n.prefix()));
    let location = written.map_or(site.location, |w| w.at(site.location.source));
    declared(Basis::Site, &site.place, site.id.clone(), network, None, location)
}

/// Zone and region of an endpoint. A zone that is known is the better answer: a Local Zone stands in another country than its
/// region. A zone that is not known leaves the region only if it can be nothing but a part of it (`1`, `a`, `us-east-1b`).
pub fn by_endpoint_region(endpoint: &Endpoint) -> Option<Evidence> {
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

pub fn by_region(provider: Option<&str>, id: &str, location: Option<Location>) -> Evidence {
    let evidence = |kind, places, matched, note: Option<Message>| Evidence {
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
            // Not a cloud we know, so its word for a place is only a word: an address may still tell.
            let note = say!("there is no table of regions for `{stranger}`", stranger);
            return evidence(Kind::Unicast, Vec::new(), format!("{stranger}/{id}"), Some(note));
        }
        return anywhere(id, evidence);
    };
    let matched = format!("{name}/{id}");
    let rows = region::find(name, id);
    let Some(first) = rows.first() else {
        let note = say!("not in the table of {name} regions, and a place is not guessed from a name", name);
        return evidence(Kind::Unknown, Vec::new(), matched, Some(note));
    };
    let places: BTreeSet<Place> = rows.iter().flat_map(|r| r.places.iter().cloned()).collect();
    let kind = if rows.len() > 1 && places.len() > 1 { Kind::MultiRegion } else { first.kind };
    let mut notes: Vec<Message> = Vec::new();
    if rows.len() > 1 {
        notes.push(say!("means {regions}", regions = lang::series(rows.iter().map(|r| &*r.id), Joint::EachOr)));
    } else {
        notes.extend(Some(lang::read(first.note.to_string())).filter(|n| !n.is_empty()));
        notes.extend(Some(&first.operator).filter(|o| !o.is_empty()).map(|operator| say!("operated by {operator}", operator)));
        notes.extend(Some(&first.confidence).filter(|c| &***c == "low").map(|_| say!("confidence low")));
    }
    evidence(kind, places.into_iter().collect(), matched, (!notes.is_empty()).then(|| lang::series(notes, Joint::Semicolon)))
}

/// An id without its provider: whatever any provider means by it.
fn anywhere(id: &str, evidence: impl Fn(Kind, Vec<Place>, String, Option<Message>) -> Evidence) -> Evidence {
    let rows = region::find_anywhere(id);
    let mut by_provider: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for row in &rows {
        by_provider.entry(row.provider).or_default().extend(row.places.iter().map(|p| p.country.as_str()));
    }
    if rows.is_empty() {
        return evidence(Kind::Unicast, Vec::new(), id.to_owned(), Some(say!("no provider's table has such a region")));
    }
    let each: Vec<String> =
        by_provider.iter().map(|(p, c)| format!("{p}: {}", c.iter().copied().collect::<Vec<_>>().join(" or "))).collect();
    let note = Some(say!("the provider is not stated ({each})", each = lang::list(&each)));
    // One provider's without a place could be the one meant.
    if rows.iter().any(|r| r.places.is_empty()) {
        return evidence(Kind::Unknown, Vec::new(), id.to_owned(), note);
    }
    let places: BTreeSet<Place> = match by_provider.len() {
        1 => rows.iter().flat_map(|r| r.places.iter().cloned()).collect(),
        // Of several providers only the country is worth saying.
        _ => rows.iter().flat_map(|r| r.places.iter().map(|p| Place::country(p.country))).collect(),
    };
    // One of them is meant, not all: candidates, which is not the same as a multi-region.
    let kind = if places.len() == 1 { rows[0].kind } else { Kind::Unknown };
    evidence(kind, places.into_iter().collect(), id.to_owned(), note)
}

pub fn by_name(name: &str) -> Option<Evidence> {
    hostname::locate(name).map(named_evidence)
}

pub fn named_evidence(named: hostname::Named) -> Evidence {
    let data_set = (!named.places.is_empty()).then_some(REGIONS);
    Evidence {
        basis: Basis::Hostname,
        kind: named.kind,
        places: named.places,
        matched: named.matched,
        network: None,
        data_set,
        location: None,
        note: named.note.map(lang::read),
    }
}

pub fn by_range(network: IpNetwork, says: &Says, data_set: DataSetId) -> Evidence {
    Evidence {
        basis: Basis::Range,
        kind: says.kind,
        places: says.places.clone(),
        matched: says.matched.clone(),
        network: Some(network),
        data_set: Some(data_set),
        location: None,
        note: says.note.clone().map(lang::read),
    }
}

/// What a record says; and if it does not place the address, why.
pub fn by_record(record: &Record, network: Option<IpNetwork>, data_set: DataSetId, name: &str) -> (Evidence, Option<Message>) {
    let evidence = |kind, places, note: Option<Message>| Evidence {
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
        Record::Country { place, note } => {
            (evidence(Kind::Unicast, vec![place.clone()], note.clone().map(Message::Plain)), None)
        }
        Record::Anycast { note } => (evidence(Kind::Anycast, Vec::new(), note.clone().map(Message::Plain)), None),
        Record::NoCountry { note } => {
            let extra = note.as_ref().map(|n| format!(" ({n})")).unwrap_or_default();
            let why = say!("{name} has it, but no country for it{extra}", name, extra);
            (evidence(Kind::Unicast, Vec::new(), Some(say!("found without a country{extra}", extra))), Some(why))
        }
        Record::Unreadable(error) => {
            let why = say!("its record in {name} is unreadable ({error})", name, error);
            (evidence(Kind::Unknown, Vec::new(), Some(say!("unreadable: {error}", error))), Some(why))
        }
    }
}

/// Why an endpoint without addresses cannot be placed.
pub fn reason(endpoint: &Endpoint) -> Message {
    match (endpoint.standing, endpoint.names.first()) {
        (Standing::Logical, _) => {
            say!("`{endpoint}` is only a name in a config; what it leads to has places", endpoint = endpoint.name)
        }
        (Standing::WithSender, _) => {
            say!("`{endpoint}` stands where its sender stands, and nothing sends to it", endpoint = endpoint.name)
        }
        (Standing::Physical, Some(name)) => say!("`{name}` has no address here, and its name says no place", name),
        (Standing::Physical, None) => say!("`{endpoint}` has no address, no region and no site", endpoint = endpoint.name),
    }
}
