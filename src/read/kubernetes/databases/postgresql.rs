//! CloudNativePG. A cluster is a replica while `replica.primary` names another one (or `replica.enabled` is set); it then takes what
//! its `source` among the `externalClusters` holds, from that server or from its archive.

use std::collections::BTreeMap;

use super::super::cluster::Cluster;
use super::super::manifest::Object;
use super::{bucket, by_hand, declare, elsewhere, fields, host};
use crate::doc::Node;
use crate::model::{Activity, Reference};
use crate::read::mentions::shorten;
use crate::source::Location;

const GROUP: &str = "postgresql.cnpg.io";

pub(super) fn read<'d>(cluster: &mut Cluster<'d>, of: &dyn Fn(&str, &str) -> Vec<Object<'d>>) {
    let clusters = of(GROUP, "Cluster");
    // Archives that a cluster names by an object of their own.
    let archives: BTreeMap<&str, Object<'d>> =
        of("barmancloud.cnpg.io", "ObjectStore").into_iter().map(|o| (o.name, o)).collect();
    let mut facts: Vec<(Object<'d>, usize)> = Vec::new();
    for object in &clusters {
        let services = ["rw", "ro", "r"].map(|s| format!("{}-{s}", object.name));
        facts.push((*object, declare(cluster, object, "cloudnativepg-cluster", &services)));
    }
    for pooler in of(GROUP, "Pooler") {
        let named = pooler.text(&["spec", "cluster", "name"]);
        if let Some((_, fact)) = facts.iter().find(|(o, _)| Some(o.name) == named && o.namespace == pooler.namespace) {
            cluster.operated.push((pooler.namespace.map(str::to_owned), pooler.name.to_owned(), *fact));
        }
    }
    for kind in ["ScheduledBackup", "Backup"] {
        for backup in of(GROUP, kind) {
            let named = backup.text(&["spec", "cluster", "name"]);
            let Some((_, fact)) = facts.iter().find(|(o, _)| Some(o.name) == named && o.namespace == backup.namespace) else {
                let message = format!("the cluster `{}` that this backs up was not read", shorten(named.unwrap_or("")));
                cluster.remark("undefined-name", message, "add its manifest", backup.location);
                continue;
            };
            if let Some(schedule) = backup.text(&["spec", "schedule"]) {
                cluster.facts.endpoints[*fact].tags.insert("backup-schedule".to_owned(), schedule.to_owned());
            }
        }
    }
    for (object, fact) in facts {
        let spec = object.spec();
        fields(cluster, &object, "CloudNativePG Cluster", spec, fact);
        if let Some(store) = archive_of(cluster, &object, spec.and_then(|s| s.get("backup")), spec, &archives, fact) {
            let (store, at) = store;
            cluster.route(fact, Reference::Fact(store), Activity::Backup, at);
        }
        sources(cluster, &object, fact, &archives);
    }
}

/// Where a cluster (or an external one) keeps its archive, by `barmanObjectStore` or by the plugin.
fn archive_of<'d>(
    cluster: &mut Cluster<'d>,
    object: &Object<'d>,
    holder: Option<Node<'d>>,
    spec: Option<Node<'d>>,
    archives: &BTreeMap<&str, Object<'d>>,
    of: usize,
) -> Option<(usize, Location)> {
    if let Some(store) = holder.and_then(|h| h.get("barmanObjectStore")).filter(|s| s.is_map()) {
        return configured(cluster, object, store, of);
    }
    let listed = spec.and_then(|s| s.get("plugins")).into_iter().flat_map(|p| p.items());
    let plugins: Vec<Node<'d>> = listed.chain(spec.and_then(|s| s.get("plugin"))).collect();
    for plugin in plugins {
        let name = plugin.get("name").and_then(|n| n.text()).unwrap_or("");
        if name != "barman-cloud.cloudnative-pg.io" {
            let message = format!("what the plugin `{}` does is not known", shorten(name));
            let help = "declare where it leads as a [[route]] in the inventory";
            cluster.gap("unfollowed-copy", message, help, object.at(plugin), &[of]);
            continue;
        }
        let named = plugin.path(&["parameters", "barmanObjectName"]);
        match named.and_then(|n| n.text()).and_then(|n| archives.get(n)) {
            Some(archive) => {
                let archive = *archive;
                return configured(cluster, &archive, archive.path(&["spec", "configuration"])?, of);
            }
            None => {
                let message = format!("the ObjectStore `{}` was not read", shorten(named.and_then(|n| n.text()).unwrap_or("")));
                let at = object.at(named.unwrap_or(plugin));
                cluster.gap("setting-not-read", message, "add its manifest", at, &[of]);
            }
        }
    }
    None
}

fn configured(cluster: &mut Cluster<'_>, object: &Object<'_>, store: Node<'_>, of: usize) -> Option<(usize, Location)> {
    let path = store.get("destinationPath");
    let at = path.map_or(object.location, |p| object.at(p));
    match path.and_then(|p| p.text()).filter(|p| p.contains("://") && !p.contains(['$', '{'])) {
        Some(text) => Some((bucket(cluster, object, text, store.get("endpointURL"), None, at), at)),
        None => {
            let message = "where this archive stands is not told by `destinationPath`".to_owned();
            cluster.gap("unusable-target", message, "write it as a URL, such as `s3://bucket/path`", at, &[of]);
            None
        }
    }
}

fn sources<'d>(cluster: &mut Cluster<'d>, object: &Object<'d>, fact: usize, archives: &BTreeMap<&str, Object<'d>>) {
    let externals: Vec<Node<'d>> = object.path(&["spec", "externalClusters"]).into_iter().flat_map(|e| e.items()).collect();
    let replica = object.path(&["spec", "replica"]).filter(|r| r.is_map());
    let own = replica.and_then(|r| r.get("self")).and_then(|s| s.text()).unwrap_or(object.name);
    let is_replica = replica.is_some_and(|r| match r.get("primary").and_then(|p| p.text()) {
        Some(primary) => primary != own,
        None => r.get("enabled").and_then(|e| e.as_bool()).unwrap_or(false),
    });
    let mut takes: Vec<(Node<'d>, &str)> = Vec::new();
    if let Some(source) = replica.and_then(|r| r.get("source")) {
        takes.push((source, if is_replica { "" } else { "only after `replica.primary` names the other cluster" }));
    }
    for path in [&["recovery", "source"][..], &["pg_basebackup", "source"], &["initdb", "import", "source", "externalCluster"]]
    {
        let source = object.path(&["spec", "bootstrap"]).and_then(|b| b.path(path));
        // A replica goes on taking from its source; any other cluster takes this once.
        takes.extend(source.filter(|_| !is_replica).map(|s| (s, "once, when the cluster is made")));
    }
    for (source, when) in takes {
        let name = source.text().unwrap_or("");
        let Some(external) = externals.iter().find(|e| e.get("name").and_then(|n| n.text()) == Some(name)) else {
            let message =
                format!("`{}` is not among the `externalClusters`, so what this cluster copies is not known", shorten(name));
            cluster.gap("undefined-name", message, "add it, or correct the name", object.at(source), &[fact]);
            continue;
        };
        let mut from = Vec::new();
        if let Some((store, at)) = archive_of(cluster, object, Some(*external), Some(*external), archives, fact) {
            from.push((store, at));
        }
        if let Some(named) = external.path(&["connectionParameters", "host"]) {
            let at = object.at(named);
            match host(cluster, object, named.text().unwrap_or(""), at) {
                Some(reference) => from.push((elsewhere(cluster, "postgresql", reference, at), at)),
                None => {
                    let message = format!("`{}` is no host name or address", shorten(named.text().unwrap_or("")));
                    cluster.gap("unusable-target", message, "correct the host", at, &[fact]);
                }
            }
        }
        if from.is_empty() {
            let message = format!("the external cluster `{}` says neither its host nor its archive", shorten(name));
            let help = "add `connectionParameters.host` or `barmanObjectStore`";
            cluster.gap("destination-not-stated", message, help, object.at(*external), &[fact]);
        }
        for (store, at) in from.into_iter().filter(|(store, _)| *store != fact) {
            if when.is_empty() {
                cluster.route(store, Reference::Fact(fact), Activity::Replicate, at);
            } else if when.starts_with("only") {
                by_hand(cluster, store, fact, at, when);
            } else {
                let route = cluster.route(store, Reference::Fact(fact), Activity::Replicate, at);
                route.condition = Some(when.to_owned());
            }
        }
    }
}
