//! Replica sets, shards and zones as JSON: `rs.conf()` (or the answer of `replSetGetConfig`), `listShards`, documents of
//! `config.tags`. Numbers may be written as Extended JSON: `{"$numberLong": "0"}`.

use std::collections::{BTreeMap, BTreeSet};

use super::known::WORDS;
use super::{Found, Known};
use crate::doc::{Node, json};
use crate::model::{Activity, RouteRole};
use crate::read::proxy::output::Touch;
use crate::read::proxy::shorten;
use crate::read::replicas::{Copies, hours, objects};
use crate::source::{Location, SourceId, Spanned};

pub(super) fn read(copies: &mut Copies<'_>, found: &mut Found, file: SourceId, text: &str) {
    let document = json::parse(text);
    copies.problems(file, &document);
    for node in objects(&document) {
        let config = node.get("config").filter(|c| c.get("members").is_some()).unwrap_or(node);
        if config.get("members").is_some_and(|m| m.is_list()) {
            set(copies, found, file, config);
        } else if let Some(shards) = node.get("shards") {
            self::shards(copies, found, file, shards);
        } else if let (Some(namespace), Some(zone)) = (node.get("ns"), node.get("tag").or_else(|| node.get("zone"))) {
            let text = |n: Node<'_>| n.text().unwrap_or("").to_owned();
            found.zones.push((text(namespace), text(zone), Location::new(file, zone.span())));
        } else {
            let message = "this is neither a replica set, nor a list of shards, nor a zone, so its members are not known";
            let help = "save `JSON.stringify(rs.conf())`, the answer of `listShards` or documents of `config.tags` as they are";
            copies.members_unknown(message.to_owned(), help, Location::new(file, node.span()), Touch::Everything);
        }
    }
}

/// A number, plain or as Extended JSON.
fn number(node: Option<Node<'_>>) -> Option<f64> {
    let node = node?;
    let wrapped = ["$numberLong", "$numberInt", "$numberDouble", "$numberDecimal"].iter().find_map(|k| node.get(k));
    wrapped.unwrap_or(node).text()?.parse().ok().filter(|n: &f64| n.is_finite())
}

/// The number of a member; `default` where it says none, and a gap where what it says is no number.
fn told(copies: &mut Copies<'_>, node: Option<(Node<'_>, Location)>, default: f64, touch: Touch) -> f64 {
    let Some((node, at)) = node else { return default };
    number(Some(node)).unwrap_or_else(|| {
        copies.unread(node.text().unwrap_or(""), "is no number", at, touch);
        default
    })
}

/// What is neither true nor false is taken as false: then a member holds data.
fn flag(node: Node<'_>, key: &str) -> bool {
    node.get(key).and_then(|n| n.as_bool()).unwrap_or(false)
}

fn set(copies: &mut Copies<'_>, found: &mut Found, file: SourceId, config: Node<'_>) {
    let at = |n: Node<'_>| {
        Location::new(file, if n.is_map() { n.entries().next().map_or(n.span(), |e| e.key.span()) } else { n.span() })
    };
    let id = config.get("_id");
    let name = id.and_then(|n| n.text()).unwrap_or("replica set");
    let members = || config.get("members").into_iter().flat_map(|m| m.items());
    let hosts: BTreeSet<String> = members().filter_map(|m| m.get("host")?.text()).map(str::to_ascii_lowercase).collect();
    let alike = |k: &&mut Known| k.name == name && !k.hosts.is_disjoint(&hosts);
    let group = if let Some(known) = found.sets.iter_mut().find(alike) {
        known.hosts.extend(hosts);
        known.group
    } else {
        let another = found.sets.iter().any(|k| k.name == name);
        let path = &copies.input.sources.get(file).path;
        let label = if another { format!("{name} ({path})") } else { name.to_owned() };
        let group = copies.group("mongodb-replica-set", &label, id.map_or_else(|| at(config), at));
        found.sets.push(Known { name: name.to_owned(), group, hosts, file });
        group
    };
    let touch = Touch::Endpoint(group);
    let mut priorities: Vec<(usize, f64, Location)> = Vec::new();
    for member in members() {
        for entry in member.entries() {
            copies.word(&WORDS, "member", entry.name(), at(entry.key), touch);
        }
        let Some(host) = member.get("host") else {
            let message = "this member names no host, so where its copy stands is not known".to_owned();
            copies.gap("unusable-target", message, "add `host`", at(member), touch);
            continue;
        };
        // An arbiter votes and holds nothing.
        if flag(member, "arbiterOnly") {
            continue;
        }
        let Some(server) = copies.server_at(host.text().unwrap_or(""), Some(27017), at(host), touch) else { continue };
        copies.member(group, server, at(host));
        let of = |key: &str| member.get(key).map(|n| (n, at(n)));
        let delay = told(copies, of("secondaryDelaySecs").or_else(|| of("slaveDelay")), 0.0, touch);
        let priority = told(copies, of("priority"), 1.0, touch);
        // Without a vote no member can be elected.
        let votes = told(copies, of("votes"), 1.0, touch);
        let fact = &mut copies.out.facts.endpoints[server];
        if delay > 0.0 {
            fact.attributes.max_age_hours = Some(hours(delay.min(1e12) as u64));
        }
        if flag(member, "hidden") {
            fact.tags.insert("hidden".to_owned(), "true".to_owned());
        }
        for tag in member.get("tags").into_iter().flat_map(|t| t.entries()) {
            let Some(text) = tag.value.text() else { continue };
            fact.tags.insert(tag.name().to_owned(), text.to_owned());
            fact.site_hints.push(Spanned::new(text.to_owned(), fact_span(fact.location, at(tag.value))));
        }
        fact.tags.insert("priority".to_owned(), format!("{priority}"));
        if priority > 0.0 && votes > 0.0 {
            priorities.push((server, priority, at(member.get("priority").unwrap_or(host))));
        }
    }
    // The highest priority leads; the others when it is lost.
    priorities.sort_by(|a, b| b.1.total_cmp(&a.1));
    let mut rank = 0;
    let mut last = f64::INFINITY;
    let mut candidates = Vec::new();
    for (server, priority, place) in priorities {
        if priority < last && last.is_finite() {
            rank += 1;
        }
        last = priority;
        candidates.push((server, rank, place));
    }
    copies.primaries(group, &candidates, "a member of lower priority is elected when those above it are lost");
}

fn fact_span(of: Location, told: Location) -> crate::source::Span {
    if of.source == told.source { told.span } else { of.span }
}

/// `{"_id": "eu", "host": "eu/a:27018,b:27018", "tags": ["EU"]}`: the hosts are those that the cluster knows, all but hidden ones.
fn shards(copies: &mut Copies<'_>, found: &mut Found, file: SourceId, shards: Node<'_>) {
    let at = |n: Node<'_>| Location::new(file, n.span());
    let cluster = copies.group("mongodb-sharded-cluster", "sharded cluster", at(shards));
    found.cluster = Some(cluster);
    let all: Vec<Node<'_>> =
        if shards.is_list() { shards.items().collect() } else { shards.entries().map(|e| e.value).collect() };
    for shard in all {
        let (Some(id), Some(host)) = (shard.get("_id"), shard.get("host")) else {
            let message = "this shard names no `_id` or no `host`, so where its rows stand is not known".to_owned();
            let place = shard.entries().next().map_or(shard.span(), |e| e.key.span());
            let help = "add the answer of `listShards` as it is";
            copies.gap("unusable-target", message, help, Location::new(file, place), Touch::Endpoint(cluster));
            continue;
        };
        // A shard may be a server that is in no set.
        let text = host.text().unwrap_or("");
        let (set, hosts) = text.split_once('/').unwrap_or(("", text));
        let name = id.text().unwrap_or("");
        let group = copies.group("mongodb-replica-set", if set.is_empty() { name } else { set }, at(host));
        for member in hosts.split(',').map(str::trim).filter(|h| !h.is_empty()) {
            if let Some(server) = copies.server_at(member, Some(27018), at(host), Touch::Endpoint(group)) {
                copies.member(group, server, at(host));
            }
        }
        copies.route(cluster, group, Activity::Forward, at(id), |route| {
            route.role = RouteRole::Weighted;
            route.condition = Some(format!("rows that the shard {} holds", shorten(name)));
        });
        let tags = ["tags", "zones"].iter().find_map(|k| shard.get(k));
        let tags = tags.into_iter().flat_map(|t| t.items()).filter_map(|t| t.text()).map(str::to_owned).collect();
        found.shards.insert(name.to_owned(), (group, tags));
    }
}

/// Rows of a zone are on the shards that carry its name ("Manage Shard Zones").
pub(super) fn zones(copies: &mut Copies<'_>, found: &Found) {
    let mut seen: BTreeMap<(String, String), ()> = BTreeMap::new();
    for (namespace, zone, at) in &found.zones {
        if seen.insert((namespace.clone(), zone.clone()), ()).is_some() {
            continue;
        }
        let fact = copies.group("mongodb-zone", &format!("{namespace} {zone}"), *at);
        if let Some(cluster) = found.cluster {
            copies.route(cluster, fact, Activity::Forward, *at, |route| {
                route.role = RouteRole::Weighted;
                route.condition = Some(format!("rows of {} in the zone {}", shorten(namespace), shorten(zone)));
            });
        }
        let mut any = false;
        for (group, _) in found.shards.values().filter(|(_, tags)| tags.contains(zone)) {
            any = true;
            copies.way(fact, *group, Activity::Replicate, *at);
        }
        if !any {
            let message = format!("no shard that was read is in the zone `{}`, so its rows may be on any", shorten(zone));
            let help = "add the answer of `db.adminCommand({listShards: 1})` as a JSON file";
            copies.members_unknown(message, help, *at, Touch::Endpoint(fact));
        }
    }
}
