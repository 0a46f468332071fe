//! Patroni ("YAML Configuration Settings", "Standby Cluster"): one file for each member of a cluster. Any member may become the
//! leader, unless its tags say `nofailover` or `failover_priority: 0`; all of them hold copies.

use std::collections::BTreeMap;

use super::known::WORDS;
use super::{Found, conf};
use crate::doc::{Node, yaml};
use crate::model::Activity;
use crate::read::proxy::output::Touch;
use crate::read::replicas::Copies;
use crate::read::replicas::lines::Setting;
use crate::source::{Location, SourceId, Spanned};

pub(super) struct Member {
    fact: usize,
    /// It may become the leader.
    leads: bool,
    at: Location,
    /// Servers of the cluster that this one follows.
    follows: Vec<(String, Location)>,
}

pub(super) fn read(copies: &mut Copies<'_>, found: &mut Found, file: SourceId, text: &str) {
    let own = copies.own(file);
    let touch = Touch::Endpoint(own);
    let document = yaml::parse(text);
    copies.problems(file, &document);
    let Some(root) = document.root() else { return };
    let at = |n: Node<'_>| Location::new(file, n.used_at());
    for entry in root.entries() {
        copies.word(&WORDS, "patroni.yml", entry.name(), at(entry.key), touch);
    }
    let text = |path: &[&str]| root.path(path).filter(|n| n.text().is_some_and(|t| !t.is_empty()) && !n.is_null());
    for path in [["postgresql", "connect_address"], ["postgresql", "listen"], ["restapi", "connect_address"]] {
        let Some(node) = text(&path) else { continue };
        for host in node.text().unwrap_or("").split(',') {
            let host = host.rsplit_once(':').map_or(host, |(h, _)| h).trim_matches(['[', ']', ' ']);
            copies.reached_by(own, host, at(node));
        }
    }
    if let Some(name) = text(&["name"]) {
        copies.out.facts.endpoints[own].tags.insert("member".to_owned(), name.text().unwrap_or("").to_owned());
        found.standbys.entry(name.text().unwrap_or("").to_owned()).or_insert(own);
    }
    let mut settings: BTreeMap<String, Setting> = BTreeMap::new();
    for path in [
        &["bootstrap", "dcs", "postgresql", "parameters"][..],
        &["bootstrap", "dcs", "postgresql", "recovery_conf"],
        &["postgresql", "parameters"],
        &["postgresql", "recovery_conf"],
    ] {
        for entry in root.path(path).into_iter().flat_map(|n| n.entries()) {
            let setting = Setting {
                section: String::new(),
                key: Spanned::new(entry.name().to_owned(), entry.key.span()),
                value: Spanned::new(entry.value.text().unwrap_or("").to_owned(), entry.value.span()),
                source: file,
            };
            settings.insert(entry.name().to_ascii_lowercase(), setting);
        }
    }
    // Patroni sets whom a member follows itself.
    for own_affair in ["primary_conninfo", "synchronous_standby_names"] {
        settings.remove(own_affair);
    }
    conf::parameters(copies, found, own, &settings);
    let mut follows = Vec::new();
    for path in [&["bootstrap", "dcs", "standby_cluster"][..], &["standby_cluster"]] {
        let Some(standby) = root.path(path).filter(|n| n.is_map()) else { continue };
        let host = standby.get("host").filter(|h| !h.is_null());
        let port = standby.get("port").and_then(|p| p.text()).unwrap_or("5432");
        for part in host.and_then(|h| h.text()).unwrap_or("").split(',').map(str::trim).filter(|h| !h.is_empty()) {
            let place = host.map_or(at(standby), at);
            let written = if part.contains(':') { part.to_owned() } else { format!("{part}:{port}") };
            follows.push((written, place));
        }
        if let Some(command) = standby.get("restore_command").filter(|c| !c.is_null()) {
            let setting = Setting {
                section: String::new(),
                key: Spanned::new("restore_command".to_owned(), command.span()),
                value: Spanned::new(command.text().unwrap_or("").to_owned(), command.span()),
                source: file,
            };
            super::commands::follow(copies, found, own, &setting, true);
        }
    }
    // Ways of making a replica that are programs of one's own.
    if let Some(method) = root.path(&["postgresql", "create_replica_methods"]) {
        for name in
            method.items().filter(|m| !matches!(m.text(), Some("basebackup" | "pgbackrest" | "wal_e" | "walg" | "wal_g")))
        {
            let message = format!("replicas are made by `{}`, which is not followed", name.text().unwrap_or(""));
            copies.unfollowed(message, at(name), touch);
        }
    }
    let tag = |name: &str| root.path(&["tags", name]).and_then(|t| t.text()).unwrap_or("");
    let leads = tag("nofailover") != "true" && tag("failover_priority") != "0";
    let scope = text(&["scope"]);
    let key =
        format!("{}{}", text(&["namespace"]).and_then(|n| n.text()).unwrap_or(""), scope.and_then(|s| s.text()).unwrap_or(""));
    let place = scope.map_or_else(|| copies.out.facts.endpoints[own].location, at);
    found.members.entry(key).or_default().push(Member { fact: own, leads, at: place, follows });
}

/// The clusters, once all members were read.
pub(super) fn clusters(copies: &mut Copies<'_>, members: &BTreeMap<String, Vec<Member>>) {
    for (scope, members) in members {
        let name = scope.rsplit('/').next().unwrap_or(scope);
        let group = copies.group("patroni-cluster", name, members[0].at);
        let mut candidates = Vec::new();
        for member in members {
            copies.member(group, member.fact, member.at);
            if member.leads {
                candidates.push((member.fact, 0, member.at));
            }
            for (host, at) in &member.follows {
                if let Some(far) = copies.server_at(host, Some(5432), *at, Touch::Endpoint(member.fact)) {
                    copies.way(far, group, Activity::Replicate, *at);
                }
            }
        }
        copies.primaries(group, &candidates, "Patroni makes another member the leader only when the leader is lost");
        if let [member] = members.as_slice() {
            let message = format!("the other members of the cluster `{name}` were not read, and each of them holds a copy");
            let help = "add the configuration of every member of the cluster";
            copies.members_unknown(message, help, member.at, Touch::Endpoint(member.fact));
        }
    }
}
