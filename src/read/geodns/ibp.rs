//! The member lists of the Infrastructure Builders Programme's GeoDNS (github.com/ibp-network/config): who serves which service at
//! which address, under which names, and static records in the form of PowerDNS's remote backend.
//!
//! A name of a service is answered with the nearest member that is active, assigned to the service and healthy; when members fail,
//! any other is. The files of one folder are read together.

use std::collections::{BTreeMap, BTreeSet};

use super::build::Builder;
use super::merge;
use crate::doc::{Document, Node, json};
use crate::model::{Address, EndpointFact, Facts, Reference};
use crate::read::proxy::peer::split_url;
use crate::read::zone::answer::{Answer, Pick, Target};
use crate::read::zone::facts;
use crate::read::zone::record::shorten;
use crate::read::{Input, Reader, Reading, Recognized, Set, glance, paths};
use crate::source::{Location, SourceId};

pub struct Ibp;

impl Reader for Ibp {
    fn format(&self) -> &'static str {
        "ibp-geodns"
    }

    fn describe(&self) -> &'static str {
        "IBP GeoDNS members, services and static records (JSON)"
    }

    fn recognize(&self, path: &str, text: &str) -> Recognized {
        if super::extension(path) != "json" {
            return Recognized::No;
        }
        let text = glance(text);
        let has = |keys: &[&str]| keys.iter().all(|k| text.contains(&format!("\"{k}\"")));
        let members = has(&["Membership", "ServiceAssignments", "ServiceIPv4"]);
        let services = has(&["Configuration", "Providers", "RpcUrls"]);
        let records = text.trim_start().starts_with('[') && has(&["qname", "qtype", "content"]);
        if members || services || records { Recognized::Yes } else { Recognized::No }
    }

    fn read_together(&self, set: &Set<'_>) -> Option<Vec<(SourceId, Reading)>> {
        let mut folders: BTreeMap<&str, Vec<SourceId>> = BTreeMap::new();
        for id in set.files {
            let path = set.sources.get(*id).path.as_str();
            folders.entry(paths::folder(path)).or_default().push(*id);
        }
        Some(folders.into_values().map(|files| (files[0], read(set, &files))).collect())
    }

    fn read(&self, input: &Input<'_>) -> Reading {
        let set = Set { sources: input.sources, files: &[input.file], settings: input.settings };
        read(&set, &[input.file])
    }
}

struct Member {
    fact: usize,
    services: BTreeSet<String>,
    location: Location,
}

fn read(set: &Set<'_>, files: &[SourceId]) -> Reading {
    let documents: Vec<(SourceId, Document<'_>)> =
        files.iter().map(|id| (*id, json::parse(&set.sources.get(*id).text))).collect();
    let mut facts_all = Facts::default();
    let mut builder = Builder::default();
    let mut members: Vec<Member> = Vec::new();
    for (id, document) in &documents {
        for problem in document.problems() {
            let at = Location::new(*id, problem.span);
            builder.unclear("syntax", problem.message.clone(), Some("what stands behind may be missing"), at, None);
        }
        let Some(root) = document.root() else { continue };
        for item in root.items() {
            static_record(&mut builder, *id, item);
        }
        for entry in root.entries().filter(|e| e.value.get("ServiceAssignments").is_some()) {
            members.extend(member(&mut facts_all, &mut builder, *id, entry.name(), entry.value, entry.key));
        }
    }
    let mut hosts: BTreeMap<String, (Location, BTreeSet<usize>)> = BTreeMap::new();
    for (id, document) in &documents {
        for service in document.root().into_iter().flat_map(|r| r.entries()).filter(|e| e.value.get("Providers").is_some()) {
            let active = service.value.path(&["Configuration", "Active"]).and_then(|a| a.as_u64()) != Some(0);
            for url in service
                .value
                .get("Providers")
                .into_iter()
                .flat_map(|p| p.entries())
                .flat_map(|p| p.value.get("RpcUrls").into_iter().flat_map(|u| u.items()).collect::<Vec<_>>())
            {
                let text = url.text().unwrap_or("");
                let at = Location::new(*id, url.span());
                let host = split_url(text).1.split(':').next().unwrap_or("").to_ascii_lowercase();
                if !active || host.is_empty() {
                    continue;
                }
                let serving = members.iter().filter(|m| m.services.contains(service.name())).map(|m| m.fact);
                let known = hosts.entry(host).or_insert((at, BTreeSet::new()));
                known.1.extend(serving);
            }
        }
    }
    for (host, (at, serving)) in hosts {
        if serving.is_empty() {
            let message = format!("`{}` is answered with members of which none is in the files", shorten(&host));
            builder.unclear("missing-include", message, Some("add the list of members to the same folder"), at, Some(&host));
            continue;
        }
        let targets = members.iter().filter(|m| serving.contains(&m.fact)).filter_map(|m| {
            let address = facts_all.endpoints[m.fact].addresses.first()?;
            Some(Target { to: Reference::Address { ip: address.ip, port: None }, location: m.location })
        });
        let answer = Answer::Tiers { tiers: vec![targets.collect()], pick: Pick::Closest, checks: String::new() };
        builder.chosen(&host, "member", answer, at);
    }
    merge(&mut facts_all, facts::facts(&builder.zone, &|_| false));
    Reading { facts: facts_all, included: files.iter().skip(1).copied().collect(), ..Reading::default() }
}

fn static_record(builder: &mut Builder, file: SourceId, item: Node<'_>) {
    let text = |key: &str| item.get(key).and_then(|v| v.text()).unwrap_or("");
    let at = item.get("content").map_or(item.span(), |c| c.span());
    let owner = text("qname").trim_end_matches('.').to_ascii_lowercase();
    builder.record(&owner, text("qtype"), text("content"), "", Location::new(file, at));
}

fn member(
    facts: &mut Facts,
    builder: &mut Builder,
    file: SourceId,
    name: &str,
    node: Node<'_>,
    key: Node<'_>,
) -> Option<Member> {
    let service = node.get("Service")?;
    let location = Location::new(file, key.span());
    let mut fact = EndpointFact::new("geodns-member", name, location);
    fact.labelled = true;
    for field in ["ServiceIPv4", "ServiceIPv6"] {
        let Some(value) = service.get(field).filter(|v| v.text().is_some_and(|t| !t.is_empty())) else { continue };
        let at = Location::new(file, value.span());
        match value.text().unwrap_or("").parse() {
            Ok(ip) => fact.addresses.push(Address { ip, port: None, location: at }),
            Err(_) => {
                let message = format!("`{}` of member `{}` is no address", shorten(value.text().unwrap_or("")), shorten(name));
                builder.unclear("malformed-line", message, None, at, None);
            }
        }
    }
    // What the member says of its place is free text; where its address stands is for others to say.
    for (field, tag) in [("Region", "stated-region"), ("Latitude", "stated-latitude"), ("Longitude", "stated-longitude")] {
        if let Some(text) = node.path(&["Location", field]).and_then(|v| v.text()) {
            fact.tags.insert(tag.to_owned(), text.to_owned());
        }
    }
    let services = node.get("ServiceAssignments").into_iter().flat_map(|a| a.entries());
    let services =
        services.flat_map(|group| group.value.items().filter_map(|s| s.text().map(str::to_owned)).collect::<Vec<_>>());
    let services = services.collect();
    let at = fact.addresses.first().map_or(location, |a| a.location);
    // Whoever is not active is in no answer, and is still told of.
    let active = service.get("Active").and_then(|a| a.as_u64()) != Some(0);
    fact.tags.insert("active".to_owned(), if active { "yes" } else { "no" }.to_owned());
    facts.endpoints.push(fact);
    if !active {
        return None;
    }
    Some(Member { fact: facts.endpoints.len() - 1, services, location: at })
}
