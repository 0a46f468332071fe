//! Apache Cassandra and ScyllaDB: nodes (`cassandra.yaml`, `scylla.yaml`, rack files) and keyspaces (CQL).
//!
//! Rules are those of the Cassandra documentation (5.0), "Snitch", "Dynamo: Replication Strategy" and "cassandra-rackdc.properties",
//! and of ScyllaDB's where it differs. `NetworkTopologyStrategy` keeps so many replicas of a row in each data centre that it names,
//! and none elsewhere; `SimpleStrategy` keeps them on any node. Any node takes any request. So a node's data gets to every data centre
//! that a keyspace names; where no keyspace was read, to all nodes of the cluster. A data centre is a name that only the site's
//! people know; under the snitches of clouds it tells the region.

mod keyspaces;
mod known;
mod nodes;

use super::replicas::Copies;
use super::replicas::sql::has_statement;
use super::words::Words;
use super::{Input, Reader, Reading, Recognized, Set, glance};
use crate::source::SourceId;

pub struct Cassandra;

impl Reader for Cassandra {
    fn format(&self) -> &'static str {
        "cassandra"
    }

    fn describe(&self) -> &'static str {
        "Cassandra and ScyllaDB nodes (cassandra.yaml, cassandra-rackdc.properties) and keyspaces (CQL)"
    }

    fn words(&self) -> &'static [Words] {
        known::TABLE
    }

    fn recognize(&self, path: &str, text: &str) -> Recognized {
        sort_of(path, text).map_or(Recognized::No, |_| Recognized::Yes)
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
    /// `dc=` and `rack=` of the node whose folder it stands in.
    Rack,
    /// Data centre and rack by address.
    Topology,
    Keyspaces,
}

fn sort_of(path: &str, text: &str) -> Option<Sort> {
    let name = path.rsplit('/').next().unwrap_or(path).to_ascii_lowercase();
    if name == "cassandra-rackdc.properties" {
        return Some(Sort::Rack);
    }
    if name == "cassandra-topology.properties" {
        return Some(Sort::Topology);
    }
    if name.ends_with(".yaml") || name.ends_with(".yml") {
        let has = |key: &str| glance(text).lines().any(|l| l.strip_prefix(key).is_some_and(|rest| rest.starts_with(':')));
        let node = has("cluster_name") && (has("seed_provider") || has("endpoint_snitch") || has("partitioner"));
        return node.then_some(Sort::Node);
    }
    if [".cql", ".sql", ".ddl"].iter().any(|end| name.ends_with(end)) {
        let keyspace = has_statement(text, &["CREATE KEYSPACE", "ALTER KEYSPACE"]);
        return keyspace.then_some(Sort::Keyspaces);
    }
    None
}

fn read(input: &Input<'_>, files: &[SourceId]) -> Reading {
    let mut copies = Copies::new(input, "cassandra");
    let sorts: Vec<(SourceId, Sort)> = files
        .iter()
        .map(|id| {
            let source = input.sources.get(*id);
            (*id, sort_of(&source.path, &source.text).unwrap_or(Sort::Node))
        })
        .collect();
    let mut nodes = nodes::Nodes::read(&mut copies, &sorts);
    let keyspaces = keyspaces::read(&mut copies, &mut nodes, &sorts);
    nodes.finish(&mut copies, &keyspaces);
    Reading { facts: copies.finish(), included: files.iter().skip(1).copied().collect(), ..Reading::default() }
}
