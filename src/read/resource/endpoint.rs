//! One resource as an endpoint: what it is called, where it stands, what it says of itself.

use std::collections::BTreeMap;
use std::net::IpAddr;

use ipnetwork::IpNetwork;

use super::table::Row;
use super::translate::{Frame, World};
use super::{Is, Resource, Value, names};
use crate::model::{Address, EndpointFact, Role, Roles, Standing};
use crate::source::{Location, Spanned};

/// Where a resource is said to stand.
#[derive(Default)]
pub struct Stand {
    pub region: Option<Value>,
    pub zone: Option<Value>,
    /// The resource says so itself: what it is a part of cannot say otherwise.
    pub own_zone: bool,
    /// Nothing but its provider says its region: what it is a part of knows better.
    pub provided: bool,
}

impl World<'_> {
    /// Region and zone, settled as far as they can be.
    pub fn stand(&self, i: usize) -> Stand {
        // A region may be that of another resource, which may go round in a circle.
        let depth = self.depth.get();
        if depth > 4 {
            return Stand::default();
        }
        self.depth.set(depth + 1);
        let stand = self.stand_of(i);
        self.depth.set(depth);
        stand
    }

    fn stand_of(&self, i: usize) -> Stand {
        let resource = &self.resources[i];
        let row = self.row(i);
        let frame = Frame::of(i);
        let first = |paths: &[String]| paths.iter().flat_map(|p| self.values(p, frame)).map(|v| self.settle(&v, 0)).next();
        if let Some(fixed) = row.and_then(|r| r.fixed_region.as_deref()) {
            return Stand { region: Some(Value::text(fixed, resource.location)), ..Stand::default() };
        }
        let zone = row.and_then(|r| first(&r.zone)).filter(|z| z.as_text().is_none_or(|t| !t.is_empty()));
        let own = row.and_then(|r| first(&r.region)).filter(|z| z.as_text().is_none_or(|t| !t.is_empty()));
        // The `arn` of a setting may be that of something else.
        let own_name = self.is_endpoint(i);
        let by_name = || {
            if !own_name && resource.region.is_some() {
                return None;
            }
            let arn = resource.attributes.get("arn").or_else(|| resource.attributes.get("Arn"))?;
            let region = names::read(&arn.pattern()?)?.region?;
            Some(Value { is: Is::Text(region.into()), at: arn.at, trail: arn.trail.clone() })
        };
        let part_only = row.is_some_and(|r| r.part_only);
        let region = resource.region.as_ref().filter(|_| !part_only);
        let provider = || region.map(|r| self.settle(r, 0)).map(|r| provided(r, resource));
        let own = own.or_else(by_name);
        let provided = own.is_none();
        let own_zone = zone.is_some();
        Stand { region: own.or_else(provider), zone, own_zone, provided }
    }

    pub fn account(&self, i: usize) -> Option<String> {
        let resource = &self.resources[i];
        let own = self.row(i).into_iter().flat_map(|r| &r.account).flat_map(|p| self.values(p, Frame::of(i)));
        let own = own.filter_map(|v| self.settle(&v, 0).as_text().map(|t| t.into_owned())).next();
        let arn = || names::read(&resource.attributes.get("arn")?.pattern()?)?.account;
        let provided = || self.settle(resource.account.as_ref()?, 0).as_text().map(|t| t.into_owned());
        own.or_else(arn).or_else(provided).filter(|a| !a.is_empty())
    }

    /// The endpoint of a resource, but for what it is a part of and what it references.
    pub fn fact(&self, i: usize, stand: &Stand) -> EndpointFact {
        let resource = &self.resources[i];
        let row = self.row(i);
        let kind = row.map(|r| r.is.as_str()).filter(|k| !k.is_empty()).unwrap_or(&resource.kind);
        let mut fact = EndpointFact::new(kind, &*resource.address, resource.location);
        fact.labelled = true;
        fact.provider = self.provider(i).map(str::to_owned);
        fact.account = self.account(i);
        fact.attributes.other.insert("type".into(), resource.kind.to_string());
        let given = if self.is_endpoint(i) { names::own(&resource.attributes) } else { Vec::new() };
        fact.cloud_ids = resource.ids.iter().chain(&given).filter(|id| names::is_global(id)).cloned().collect();
        let logical = row.is_some_and(|r| r.logical || self.hold(&r.logical_when, Frame::of(i)));
        if resource.uncertain.is_none() && !logical {
            place(&mut fact, stand);
        }
        let Some(row) = row else { return fact };
        let frame = Frame::of(i);
        let texts = |terms: &[String]| -> Vec<(String, Value)> {
            let filled = terms.iter().flat_map(|t| self.fill(t, frame)).map(|v| self.settle(&v, 0));
            filled.filter_map(|v| Some((v.as_text()?.into_owned(), v))).collect()
        };
        fact.roles = Roles::of(&row.roles.iter().filter_map(|r| Role::parse(r)).collect::<Vec<_>>());
        if logical {
            fact.standing = Standing::Logical;
        }
        fact.cloud_ids.extend(texts(&row.ids).into_iter().map(|(id, _)| id).filter(|id| names::is_global(id)));
        fact.cloud_ids.sort_unstable();
        fact.cloud_ids.dedup();
        // Names tell places too, and what may not exist stands nowhere.
        let exists = resource.uncertain.is_none();
        if !exists {
            fact.cloud_ids.clear();
        }
        let domain = texts(&row.domain).into_iter().next().map(|(d, _)| d.trim_end_matches('.').to_lowercase());
        for (host, value) in texts(&row.hosts).into_iter().filter(|_| exists) {
            let host = absolute(host.trim_end_matches('.').to_lowercase(), domain.as_deref());
            if is_host(&host) && fact.names.iter().all(|n| n.value != host) {
                fact.names.push(Spanned::new(host, near(value.at, fact.location).span));
            }
        }
        // A name in a configuration is best called by what it is known as.
        fact.labelled = !logical || fact.names.is_empty();
        for (text, value) in texts(&row.addresses).into_iter().filter(|_| exists) {
            // Answers repeat an address beside the interface that has it.
            if let Some(ip) = address(&text).filter(|ip| fact.addresses.iter().all(|known| known.ip != *ip)) {
                fact.addresses.push(Address { ip, port: None, location: value.at });
            }
        }
        for (text, value) in texts(&row.networks) {
            if let Some(network) =
                text.parse::<IpNetwork>().ok().filter(|n| fact.networks.iter().all(|known| known.value != *n))
            {
                fact.networks.push(Spanned::new(network, near(value.at, fact.location).span));
            }
        }
        self.tell(row, frame, &mut fact);
        fact
    }

    /// What a row says of a store: tags, retention, lock. Also for pieces, whose words are those of what they are a piece of.
    pub fn tell(&self, row: &Row, frame: Frame<'_>, fact: &mut EndpointFact) {
        let values =
            |paths: &[String]| paths.iter().flat_map(|p| self.values(p, frame)).map(|v| self.settle(&v, 0)).collect::<Vec<_>>();
        for value in values(&row.tags) {
            tags(&value, &mut fact.tags);
        }
        let days = values(&row.retention_days).iter().filter_map(Value::as_number).find(|d| *d > 0.0 && *d < 1e6);
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "bounded above")]
        let hours = days.map(|d| (d * 24.0) as u64);
        fact.attributes.retention_hours = fact.attributes.retention_hours.or(hours);
        fact.attributes.locked = fact.attributes.locked.or_else(|| values(&row.locked).iter().find_map(locked));
    }
}

/// A host name with the domain that it is relative to.
fn absolute(host: String, domain: Option<&str>) -> String {
    match domain.filter(|d| !d.is_empty()) {
        None => host,
        Some(domain) if host.is_empty() || host == "@" => domain.to_owned(),
        Some(domain) if host == domain || host.strip_suffix(domain).is_some_and(|h| h.ends_with('.')) => host,
        Some(domain) => format!("{host}.{domain}"),
    }
}

/// A region that the provider gives is explained by the provider's line.
fn provided(region: Value, resource: &Resource) -> Value {
    if region.at == resource.location {
        return region;
    }
    region.used(resource.location, "its provider's region is set here")
}

/// Puts region and zone into a fact, with the lines that explain them.
pub fn place(fact: &mut EndpointFact, stand: &Stand) {
    let home = fact.location;
    let text = |value: &Option<Value>| {
        let value = value.as_ref()?;
        let text = value.as_text().filter(|t| !t.is_empty())?;
        Some(Spanned::new(text.into_owned(), near(value.at, home).span))
    };
    fact.region = text(&stand.region);
    fact.zone = text(&stand.zone);
    let says = if fact.zone.is_some() { &stand.zone } else { &stand.region };
    if let Some(value) = says {
        // A fact's spans are of its own file.
        let elsewhere = value.at.source != home.source;
        fact.trail = if elsewhere { value.trail.through(value.at, "its region is written here") } else { value.trail.clone() };
    }
}

/// A line in the fact's own file.
fn near(at: Location, home: Location) -> Location {
    if at.source == home.source { at } else { home }
}

pub fn address(text: &str) -> Option<IpAddr> {
    let bare = text.split_once('/').map_or(text, |(ip, _)| ip);
    bare.trim().parse().ok()
}

/// With a dot inside, of letters, digits, hyphens and underscores; a wildcard may come first.
pub fn is_host(text: &str) -> bool {
    let text = text.strip_prefix("*.").unwrap_or(text);
    let label = |l: &str| !l.is_empty() && l.chars().all(|c| c.is_alphanumeric() || matches!(c, '-' | '_'));
    text.contains('.') && text.split('.').all(label) && !text.bytes().all(|b| b.is_ascii_digit() || b == b'.')
}

/// A map, or a list of pairs in any of the spellings in use.
fn tags(value: &Value, into: &mut BTreeMap<String, String>) {
    let Some(map) = value.as_map() else { return };
    let text = |keys: &[&str]| keys.iter().find_map(|k| map.get(*k)).and_then(Value::as_text);
    if let (Some(key), Some(value)) = (text(&["key", "Key", "TagKey"]), text(&["value", "Value", "TagValue"])) {
        into.insert(key.into_owned(), value.into_owned());
        return;
    }
    for (key, value) in map {
        if let Some(text) = value.as_text() {
            into.insert(key.to_string(), text.into_owned());
        }
    }
}

fn locked(value: &Value) -> Option<bool> {
    if let Is::Number(n) = value.is {
        return Some(n > 0.0);
    }
    match value.as_text()?.to_lowercase().as_str() {
        "true" | "enabled" | "compliance" | "governance" | "locked" => Some(true),
        "false" | "disabled" | "unlocked" => Some(false),
        _ => None,
    }
}
