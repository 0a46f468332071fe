//! Elasticsearch and OpenSearch: node configuration, followers of other clusters' indices, repositories of snapshots.
//!
//! Rules are those of the Elasticsearch reference (9), "Remote clusters", "Cross-cluster replication APIs", "Discovery" and "Snapshot and
//! restore", and of OpenSearch's "Cross-cluster replication". Shards of an index may be on any node of the cluster: awareness spreads
//! them and keeps none away. A remote cluster is asked by searches and is copied by followers, so that its documents come here.

mod apis;
mod known;
mod node;

use std::collections::BTreeMap;

use super::replicas::Copies;
use super::words::Words;
use super::{Input, Reader, Reading, Recognized, Set, glance};
use crate::model::Activity;
use crate::read::proxy::output::Touch;
use crate::read::proxy::shorten;
use crate::source::{Location, SourceId};

pub struct Elastic;

impl Reader for Elastic {
    fn format(&self) -> &'static str {
        "elasticsearch"
    }

    fn describe(&self) -> &'static str {
        "Elasticsearch and OpenSearch nodes, followers (JSON), snapshot repositories (JSON)"
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
    Node,
    /// A body or an answer of an API.
    Api,
}

fn sort_of(path: &str, text: &str) -> Option<Sort> {
    let name = path.rsplit('/').next().unwrap_or(path).to_ascii_lowercase();
    if text.trim_start().starts_with('{') {
        let has = |word: &str| text.contains(word);
        let follower = has("\"leader_index\"") || has("\"leader_index_patterns\"");
        let follower = follower && (has("\"remote_cluster\"") || has("\"leader_alias\""));
        let repository = has("\"settings\"") && has("\"type\"") && apis::KINDS.iter().any(|k| has(&format!("\"{k}\"")));
        let repository =
            repository && ["\"bucket\"", "\"container\"", "\"location\""].iter().any(|w| has(w)) && !has("\"resources\"");
        let settings = (has("\"persistent\"") || has("\"transient\"")) && has("\"cluster") && has("remote");
        return (follower || (repository && apis::is_repository(text)) || settings).then_some(Sort::Api);
    }
    let top = |key: &str| text.lines().any(|l| l.strip_prefix(key).is_some_and(|rest| rest.starts_with(':')));
    let named = matches!(name.as_str(), "elasticsearch.yml" | "elasticsearch.yaml" | "opensearch.yml" | "opensearch.yaml");
    let yaml = name.ends_with(".yml") || name.ends_with(".yaml");
    let keys = ["cluster.name", "node.name", "discovery.seed_hosts", "network.host", "path.data", "http.port"];
    let own = keys.iter().filter(|k| top(k)).count();
    let nested = named && top("cluster") && (top("node") || top("network") || top("discovery"));
    ((yaml && own >= 2) || (named && own >= 1) || nested).then_some(Sort::Node)
}

/// What files say of each other.
#[derive(Default)]
struct Found {
    /// Remote clusters by the alias that followers name.
    remotes: BTreeMap<String, usize>,
    /// Nodes by folder.
    nodes: BTreeMap<String, usize>,
    /// Who follows: the cluster, the alias, the indices.
    followers: Vec<(usize, String, String, Location)>,
}

fn read(input: &Input<'_>, files: &[SourceId]) -> Reading {
    let mut copies = Copies::new(input, "elasticsearch");
    let mut found = Found::default();
    let of = |id: SourceId| {
        let source = input.sources.get(id);
        (source.text.as_str(), sort_of(&source.path, glance(&source.text)))
    };
    for id in files.iter().filter(|id| of(**id).1 != Some(Sort::Api)) {
        node::read(&mut copies, &mut found, *id, of(*id).0);
    }
    for id in files.iter().filter(|id| of(**id).1 == Some(Sort::Api)) {
        apis::read(&mut copies, &mut found, *id, of(*id).0);
    }
    for (own, alias, indices, at) in &found.followers {
        let Some(far) = found.remotes.get(alias) else {
            let message = format!("the remote cluster `{}` is declared nowhere that was read", shorten(alias));
            let help = "add the configuration of the node, or the answer of `GET _cluster/settings`";
            copies.gap("setting-not-read", message, help, *at, Touch::Endpoint(*own));
            continue;
        };
        copies.route(*far, *own, Activity::Replicate, *at, |r| r.condition = Some(format!("indices {}", shorten(indices))));
    }
    Reading { facts: copies.finish(), included: files.iter().skip(1).copied().collect(), ..Reading::default() }
}
