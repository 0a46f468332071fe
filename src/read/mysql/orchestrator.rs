//! Orchestrator: which replicas it may make the primary. It copies nothing itself; replicas in other regions hold their copies
//! whatever it is told. The servers that it looks after are found at run time, from its seeds.

use std::collections::BTreeMap;

use super::known::WORDS;
use crate::doc::{Node, json};
use crate::model::{Reference, Role, Roles, Standing};
use crate::read::proxy::output::Touch;
use crate::read::proxy::peer::{Peer, peer};
use crate::read::replicas::Copies;
use crate::read::replicas::sql::{Sort, Statement, statements};
use crate::source::{Location, SourceId, Spanned};

pub(super) fn read(copies: &mut Copies<'_>, file: SourceId, text: &str) {
    let document = json::parse(text);
    copies.problems(file, &document);
    let Some(root) = document.root() else { return };
    let own = copies.own(file);
    copies.out.facts.endpoints[own].kind = "orchestrator".to_owned();
    copies.out.facts.endpoints[own].roles = Roles::of(&[Role::Access]);
    let at = |n: Node<'_>| Location::new(file, n.span());
    for entry in root.entries() {
        copies.word(&WORDS, "orchestrator", entry.name(), at(entry.key), Touch::Endpoint(own));
    }
    // What is not said to be prevented may happen.
    let flag = |key: &str| root.get(key).and_then(|n| n.as_bool()).unwrap_or(false);
    let mut notes: BTreeMap<&str, String> = BTreeMap::new();
    notes.insert("prevent-cross-data-center-failover", flag("PreventCrossDataCenterMasterFailover").to_string());
    notes.insert("prevent-cross-region-failover", flag("PreventCrossRegionMasterFailover").to_string());
    if let Some(pattern) = root.get("DataCenterPattern").and_then(|n| n.text()).filter(|t| !t.is_empty()) {
        notes.insert("data-center-pattern", pattern.to_owned());
    }
    let mut centres: BTreeMap<u16, (String, Location)> = BTreeMap::new();
    for (key, note) in [("DetectDataCenterQuery", "data-centers"), ("DetectRegionQuery", "regions")] {
        let Some(query) = root.get(key).filter(|n| n.text().is_some_and(|t| !t.is_empty())) else { continue };
        let by_port = by_port(query.text().unwrap_or(""));
        let shown: Vec<String> = by_port.iter().map(|(port, name)| format!("{port} {name}")).collect();
        if !shown.is_empty() {
            notes.insert(note, shown.join(", "));
        }
        if note == "data-centers" {
            centres.extend(by_port.into_iter().map(|(port, name)| (port, (name, at(query)))));
        }
    }
    copies.out.facts.endpoints[own].attributes.other.extend(notes.into_iter().map(|(k, v)| (k.to_owned(), v)));
    let default_port = root
        .get("DefaultInstancePort")
        .map_or(Some(3306), |port| copies.number(port.text().unwrap_or(""), at(port), Touch::Endpoint(own)));
    let mut seeds = Vec::new();
    for seed in root.get("DiscoverySeeds").into_iter().flat_map(|s| s.items()) {
        let text = seed.text().unwrap_or("");
        let Ok(found) = peer(text, default_port) else {
            copies.no_target(text, "is no host name or address", at(seed), Touch::Endpoint(own));
            continue;
        };
        let (server, port) = match &found {
            Peer::Host { port, .. } | Peer::Address { port, .. } => (copies.server(&found, at(seed)), *port),
            // A server beside Orchestrator.
            Peer::Loopback { port, .. } => {
                let server = copies.thing("mysql", text.to_owned(), at(seed));
                let fact = &mut copies.out.facts.endpoints[server];
                fact.standing = Standing::WithSender;
                fact.part_of.push(Reference::Fact(own));
                (server, *port)
            }
            Peer::Unix(_) => continue,
        };
        if let Some((centre, told)) = port.and_then(|p| centres.get(&p)) {
            copies.out.facts.endpoints[server].site_hints.push(Spanned::new(centre.clone(), told.span));
        }
        seeds.push((server, at(seed)));
    }
    for (server, at) in seeds {
        let message =
            "Orchestrator finds the replicas of this server at run time and may make one of them the primary".to_owned();
        let help = "add the channels of the replicas (`CHANGE REPLICATION SOURCE TO` as .sql), or declare them";
        copies.members_unknown(message, help, at, Touch::Endpoint(server));
    }
}

/// What a query gives for each port: `CASE @@port WHEN 1 THEN 'a' ... END`, `IF(@@port = 1, 'a', 'b')`.
fn by_port(query: &str) -> BTreeMap<u16, String> {
    let mut found = BTreeMap::new();
    statements(query, SourceId(0), |statement: Statement<'_>| {
        for (i, word) in statement.words.iter().enumerate() {
            let Ok(port) = word.text.parse::<u16>() else { continue };
            let value = statement.words.iter().skip(i + 1).take(2).find(|w| w.sort == Sort::Text);
            if let Some(value) = value.filter(|_| word.sort == Sort::Word) {
                found.insert(port, value.text.to_string());
            }
        }
    });
    found
}
