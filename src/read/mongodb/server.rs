//! `mongod.conf` and `mongos.conf` ("Configuration File Options").

use super::Found;
use super::known::WORDS;
use crate::doc::{Node, yaml};
use crate::model::{Activity, Dependence, Reference, Role, Roles};
use crate::read::paths::folder;
use crate::read::proxy::output::{Output, Touch};
use crate::read::proxy::shorten;
use crate::read::replicas::Copies;
use crate::source::{Location, SourceId};

pub(super) fn read(copies: &mut Copies<'_>, found: &mut Found, file: SourceId, text: &str) {
    let own = copies.own(file);
    let touch = Touch::Endpoint(own);
    let document = yaml::parse(text);
    copies.problems(file, &document);
    let Some(root) = document.root() else { return };
    let at = |n: Node<'_>| Location::new(file, n.used_at());
    for section in root.entries() {
        for option in section.value.entries() {
            let word = format!("{}.{}", section.name(), option.name());
            copies.dotted(&WORDS, "mongod.conf", &word, at(option.key), touch);
        }
        if !section.value.is_map() {
            copies.dotted(&WORDS, "mongod.conf", section.name(), at(section.key), touch);
        }
    }
    let value = |path: &[&str]| root.path(path).filter(|n| n.text().is_some_and(|t| !t.is_empty()) && !n.is_null());
    if let Some(addresses) = value(&["net", "bindIp"]) {
        for address in addresses.text().unwrap_or("").split(',').map(str::trim).filter(|a| !a.is_empty()) {
            copies.reached_by(own, address, at(addresses));
        }
    }
    if let Some(set) = value(&["replication", "replSetName"]).or_else(|| value(&["replication", "replSet"])) {
        found.servers.push((own, set.text().unwrap_or("").to_owned(), at(set)));
    }
    for option in ["mongotHost", "searchIndexManagementHostAndPort"] {
        let Some(host) = value(&["setParameter", option]) else { continue };
        if let Some(far) = copies.server_at(host.text().unwrap_or(""), Some(27027), at(host), touch) {
            copies.way(own, far, Activity::Replicate, at(host));
        }
    }
    if let Some(config) = value(&["sharding", "configDB"]) {
        let fact = &mut copies.out.facts.endpoints[own];
        fact.kind = "mongos".to_owned();
        fact.roles = Roles::of(&[Role::Entry, Role::Transit]);
        let text = config.text().unwrap_or("");
        let (set, hosts) = text.split_once('/').unwrap_or(("config", text));
        let group = copies.group("mongodb-replica-set", set, at(config));
        for host in hosts.split(',').map(str::trim).filter(|h| !h.is_empty()) {
            if let Some(member) = copies.server_at(host, Some(27019), at(config), touch) {
                copies.member(group, member, at(config));
            }
        }
        let mut route = Output::plain(own, Reference::Fact(group), Activity::Depend, at(config));
        route.purpose = Dependence::ControlPlane;
        copies.out.route(route);
        found.routers.push((own, at(config)));
    }
}

/// Servers and the sets they name, once all files were read.
pub(super) fn join(copies: &mut Copies<'_>, found: &Found) {
    for (server, set, at) in &found.servers {
        // Of several sets of this name, the one that was told beside the server; else any of them may be meant.
        let sources = copies.input.sources;
        let here = |id: SourceId| folder(&sources.get(id).path);
        let all = || found.sets.iter().filter(|k| k.name == *set);
        let mut groups: Vec<usize> = all().filter(|k| here(k.file) == here(at.source)).map(|k| k.group).collect();
        if groups.is_empty() {
            groups = all().map(|k| k.group).collect();
        }
        match groups.as_slice() {
            [_, ..] => groups.iter().for_each(|group| copies.member(*group, *server, *at)),
            [] => {
                let message =
                    format!("the members of the replica set `{}` were not read, and each of them holds a copy", shorten(set));
                let help = "add `JSON.stringify(rs.conf())` of the set as a JSON file";
                copies.members_unknown(message, help, *at, Touch::Endpoint(*server));
            }
        }
    }
    for (router, at) in &found.routers {
        match found.cluster {
            Some(cluster) => copies.way(*router, cluster, Activity::Forward, *at),
            None => {
                let message = "the shards behind this router were not read".to_owned();
                let help = "add the answer of `db.adminCommand({listShards: 1})` as a JSON file";
                copies.members_unknown(message, help, *at, Touch::Endpoint(*router));
            }
        }
    }
}
