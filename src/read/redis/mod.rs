//! Redis, Valkey and KeyDB: server and Sentinel configuration, the nodes of a cluster, and Active-Active databases of Redis Enterprise.
//!
//! Rules are those of the Redis documentation, "Redis replication", "High availability with Redis Sentinel", "Scale with Redis
//! Cluster", and of Redis Enterprise's REST reference, "CRDB object". A replica pulls from its master. Sentinel makes another replica
//! the master when the master is lost, but none with `replica-priority 0`; it also writes what it finds into its own file.

mod enterprise;
mod known;
mod sentinel;
mod server;

use super::replicas::Copies;
use super::replicas::lines::words;
use super::words::Words;
use super::{Input, Reader, Reading, Recognized, Set, glance};
use crate::read::paths;
use crate::source::SourceId;

pub struct Redis;

impl Reader for Redis {
    fn format(&self) -> &'static str {
        "redis"
    }

    fn describe(&self) -> &'static str {
        "Redis, Valkey and KeyDB configuration, Sentinel, cluster nodes, Active-Active databases (JSON)"
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
    Sentinel,
    /// What a node of a cluster keeps of the others.
    Nodes,
    Enterprise,
}

fn sort_of(path: &str, text: &str) -> Option<Sort> {
    let name = path.rsplit('/').next().unwrap_or(path).to_ascii_lowercase();
    if text.trim_start().starts_with(['{', '[']) {
        let has = |word: &str| text.contains(word);
        let found = has("\"instances\"")
            && has("\"cluster\"")
            && ["\"causal_consistency\"", "\"default_db_config\"", "\"featureset_version\""].iter().any(|w| has(w));
        return found.then_some(Sort::Enterprise);
    }
    if !name.ends_with(".conf") && !name.ends_with(".conf.tmpl") {
        return None;
    }
    let lines = words(text);
    if lines.iter().any(|l| l[0].value.eq_ignore_ascii_case("sentinel") && l.len() > 2) {
        return Some(Sort::Sentinel);
    }
    if !lines.is_empty() && lines.iter().all(|l| sentinel::is_node(l) || l[0].value == "vars") {
        return Some(Sort::Nodes);
    }
    let known = lines.iter().filter(|l| known::is_directive(&l[0].value)).count();
    let telling = lines.iter().any(|l| known::is_telling(&l[0].value));
    let by_name = matches!(name.as_str(), "redis.conf" | "valkey.conf" | "keydb.conf");
    (by_name && known > 0 || telling && known * 5 >= lines.len() * 4).then_some(Sort::Server)
}

fn read(input: &Input<'_>, files: &[SourceId]) -> Reading {
    let mut copies = Copies::new(input, "redis");
    let mut clustered = Vec::new();
    let mut sentinels = sentinel::Sentinels::default();
    for id in files {
        let source = input.sources.get(*id);
        match sort_of(&source.path, glance(&source.text)) {
            Some(Sort::Sentinel) => sentinels.read(&mut copies, *id, &words(&source.text)),
            Some(Sort::Nodes) => sentinel::nodes(&mut copies, *id, &words(&source.text)),
            Some(Sort::Enterprise) => enterprise::read(&mut copies, *id, &source.text),
            Some(Sort::Server) | None => server::read(&mut copies, &mut clustered, *id, &words(&source.text)),
        }
    }
    let folder = |id: SourceId| paths::folder(&input.sources.get(id).path);
    let told: Vec<&str> = files
        .iter()
        .filter(|id| sort_of(&input.sources.get(**id).path, glance(&input.sources.get(**id).text)) == Some(Sort::Nodes))
        .map(|id| folder(*id))
        .collect();
    clustered.retain(|(_, at): &(usize, crate::source::Location)| !told.contains(&folder(at.source)));
    server::clusters(&mut copies, &clustered);
    sentinels.finish(&mut copies);
    Reading { facts: copies.finish(), included: files.iter().skip(1).copied().collect(), ..Reading::default() }
}
