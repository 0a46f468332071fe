//! MongoDB: server configuration, and what the shell tells of replica sets, shards and zones, as JSON.
//!
//! Rules are those of the MongoDB manual (8.0), "Self-Managed Replica Set Configuration", "Replica Set Elections", "Configuration File
//! Options", "listShards" and "Manage Shard Zones". Every member of a set but an arbiter holds all of its data, hidden and delayed ones
//! too; one with a priority above 0 may become the primary. `mongod.conf` names only its set, so the members must be told: save
//! `JSON.stringify(rs.conf())`. Rows outside of all zones may be on any shard.

mod known;
mod server;
mod sets;

use std::collections::{BTreeMap, BTreeSet};

use super::replicas::Copies;
use super::words::Words;
use super::{Input, Reader, Reading, Recognized, Set, glance};
use crate::source::{Location, SourceId};

pub struct MongoDb;

impl Reader for MongoDb {
    fn format(&self) -> &'static str {
        "mongodb"
    }

    fn describe(&self) -> &'static str {
        "MongoDB configuration (mongod.conf, mongos.conf), rs.conf(), listShards and zones as JSON"
    }

    fn words(&self) -> &'static [Words] {
        known::TABLE
    }

    fn recognize(&self, path: &str, text: &str) -> Recognized {
        sort_of(path, glance(text)).map_or(Recognized::No, |_| Recognized::Yes)
    }

    fn read_together(&self, set: &Set<'_>) -> Option<Vec<(SourceId, Reading)>> {
        set.as_one(read)
    }

    fn read(&self, input: &Input<'_>) -> Reading {
        read(input, &[input.file])
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sort {
    Server,
    /// A replica set, a list of shards or of zones.
    Told,
}

fn sort_of(path: &str, text: &str) -> Option<Sort> {
    let name = path.rsplit('/').next().unwrap_or(path).to_ascii_lowercase();
    let has = |word: &str| text.contains(word);
    if text.trim_start().starts_with(['{', '[']) {
        let set = has("\"members\"") && has("\"host\"") && has("\"_id\"");
        let set = set && ["\"arbiterOnly\"", "\"buildIndexes\"", "\"priority\"", "\"protocolVersion\""].iter().any(|w| has(w));
        let shards = has("\"shards\"") && has("\"_id\"") && has("\"host\"") && !has("\"hits\"");
        let zones = has("\"ns\"") && has("\"min\"") && has("\"max\"") && has("\"tag\"");
        return (set || shards || zones).then_some(Sort::Told);
    }
    let known = ["mongod.conf", "mongos.conf", "mongodb.conf", "mongo.conf"].contains(&name.as_str());
    if !(known || [".conf", ".yaml", ".yml", ".cfg"].iter().any(|end| name.ends_with(end))) {
        return None;
    }
    let top = |key: &str| text.lines().any(|l| l.strip_prefix(key).is_some_and(|rest| rest.starts_with(':')));
    let sections = ["storage", "systemLog", "net", "replication", "sharding", "processManagement", "security"];
    let count = sections.iter().filter(|s| top(s)).count();
    let own = ["replSetName", "dbPath", "configDB", "clusterRole", "bindIp", "replSet"].iter().any(|w| has(w));
    (count >= 2 && own).then_some(Sort::Server)
}

/// What files say of each other.
#[derive(Default)]
struct Found {
    /// Replica sets whose members are known.
    sets: Vec<Known>,
    /// Servers that name their set: the server, the set, whether it only routes.
    servers: Vec<(usize, String, Location)>,
    /// Routers of sharded clusters.
    routers: Vec<(usize, Location)>,
    /// The sharded cluster, once its shards are known.
    cluster: Option<usize>,
    shards: BTreeMap<String, (usize, Vec<String>)>,
    zones: Vec<(String, String, Location)>,
}

/// A replica set. Many are called alike; those that share no member are several.
struct Known {
    name: String,
    group: usize,
    hosts: BTreeSet<String>,
    file: SourceId,
}

fn read(input: &Input<'_>, files: &[SourceId]) -> Reading {
    let mut copies = Copies::new(input, "mongodb");
    let mut found = Found::default();
    for id in files {
        let source = input.sources.get(*id);
        match sort_of(&source.path, glance(&source.text)) {
            Some(Sort::Told) => sets::read(&mut copies, &mut found, *id, &source.text),
            Some(Sort::Server) | None => server::read(&mut copies, &mut found, *id, &source.text),
        }
    }
    server::join(&mut copies, &found);
    sets::zones(&mut copies, &found);
    Reading { facts: copies.finish(), included: files.iter().skip(1).copied().collect(), ..Reading::default() }
}
