//! Apache Kafka: MirrorMaker 2, brokers, Connect workers and connectors, Confluent's cluster links.
//!
//! Rules are those of the Apache Kafka documentation, "Geo-Replication (Cross-Cluster Data Mirroring)", "Broker Configs" and "Kafka
//! Connect" (4.1), and of Confluent's "Cluster Linking Configuration Options". A cluster is a logical endpoint: its brokers copy to
//! each other. MirrorMaker is a process of its own that takes records in and hands them on, so where it runs is part of the way; say
//! so with `site` or `region` in an `[[inputs.override]]`. Not here: topics' own settings, which no file holds, and Streams programs.

mod broker;
mod connect;
mod known;
mod mirror;

use super::replicas::Copies;
use super::replicas::lines::{Setting, parts, properties};
use super::words::Words;
use super::{Input, Reader, Reading, Recognized, Set, glance};
use crate::model::Reference;
use crate::read::paths;
use crate::read::proxy::output::Touch;
use crate::source::{Location, SourceId};

pub struct Kafka;

const FORMAT: &str = "kafka";

impl Reader for Kafka {
    fn format(&self) -> &'static str {
        FORMAT
    }

    fn describe(&self) -> &'static str {
        "Kafka properties (MirrorMaker 2, brokers, Connect, cluster links) and connectors (JSON)"
    }

    fn words(&self) -> &'static [Words] {
        known::TABLE
    }

    fn recognize(&self, path: &str, text: &str) -> Recognized {
        sort_of(path, glance(text)).map_or(Recognized::No, |_| Recognized::Yes)
    }

    fn read_together(&self, set: &Set<'_>) -> Option<Vec<(SourceId, Reading)>> {
        Some(units(set).into_iter().map(|files| (files[0], read(&set.input(files[0]), &files))).collect())
    }

    fn read(&self, input: &Input<'_>) -> Reading {
        read(input, &[input.file])
    }
}

/// What a file configures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sort {
    Mirror,
    Broker,
    Worker,
    Link,
    /// A connector in properties.
    Connector,
    /// Connectors as the REST interface takes and gives them.
    Connectors,
}

fn sort_of(path: &str, text: &str) -> Option<Sort> {
    let name = path.rsplit('/').next().unwrap_or(path).to_ascii_lowercase();
    let json = name.ends_with(".json") || text.trim_start().starts_with(['{', '[']);
    if json {
        return text.contains("\"connector.class\"").then_some(Sort::Connectors);
    }
    if !(name.ends_with(".properties") || name.ends_with(".config") || name.ends_with(".conf") || !name.contains('.')) {
        return None;
    }
    let mut keys: Vec<&str> = Vec::new();
    for line in text.lines() {
        let line = line.trim_start();
        if !line.starts_with(['#', '!', '[']) {
            keys.extend(line.split_once(['=', ':']).map(|(key, _)| key.trim()));
        }
    }
    let has = |key: &str| keys.contains(&key);
    let ends = |end: &str| keys.iter().any(|k| k.ends_with(end));
    match () {
        () if has("connector.class") => Some(Sort::Connector),
        () if has("clusters") && ends(".bootstrap.servers") => Some(Sort::Mirror),
        () if has("bootstrap.servers") && has("key.converter") => Some(Sort::Worker),
        () if has("bootstrap.servers") && (has("link.mode") || keys.iter().any(|k| LINK.contains(k))) => Some(Sort::Link),
        () if (has("broker.id") || has("node.id"))
            && ["log.dirs", "log.dir", "listeners", "zookeeper.connect", "process.roles"].iter().any(|k| has(k)) =>
        {
            Some(Sort::Broker)
        }
        () if has("zookeeper.connect") && (has("log.dirs") || has("broker.rack")) => Some(Sort::Broker),
        () => None,
    }
}

/// Settings that only a cluster link has.
const LINK: &[&str] = &[
    "auto.create.mirror.topics.enable",
    "auto.create.mirror.topics.filters",
    "cluster.link.prefix",
    "cluster.link.paused",
    "consumer.offset.sync.enable",
    "consumer.offset.group.filters",
    "acl.sync.enable",
];

/// Brokers of one cluster are read together, and so are a folder's worker and connectors.
fn units(set: &Set<'_>) -> Vec<Vec<SourceId>> {
    let mut units: Vec<(String, Vec<SourceId>)> = Vec::new();
    for id in set.files {
        let source = set.sources.get(*id);
        let folder = paths::folder(&source.path);
        let key = match sort_of(&source.path, glance(&source.text)) {
            Some(Sort::Broker) => broker::cluster(&properties(&source.text, *id)).map(|c| format!("cluster {c}")),
            Some(Sort::Worker | Sort::Connector | Sort::Connectors) => Some(format!("connect {folder}")),
            Some(Sort::Mirror | Sort::Link) | None => None,
        };
        match key.as_ref().and_then(|k| units.iter_mut().find(|(known, _)| known == k)) {
            Some((_, files)) => files.push(*id),
            None => units.push((key.unwrap_or_default(), vec![*id])),
        }
        // Files that share nothing stay alone.
        if let Some((key, _)) = units.last_mut().filter(|(k, _)| k.is_empty()) {
            *key = format!("file {}", source.path);
        }
    }
    units.into_iter().map(|(_, files)| files).collect()
}

fn read(input: &Input<'_>, files: &[SourceId]) -> Reading {
    let mut copies = Copies::new(input, "kafka-broker");
    let mut brokers = Vec::new();
    let mut connect = connect::Connect::default();
    for id in files {
        let source = input.sources.get(*id);
        let settings = || properties(&source.text, *id);
        match sort_of(&source.path, glance(&source.text)) {
            Some(Sort::Mirror) => mirror::read(&mut copies, *id, &settings()),
            Some(Sort::Link) => mirror::link(&mut copies, *id, &settings()),
            Some(Sort::Broker) => brokers.push((*id, settings())),
            Some(Sort::Worker) => connect.worker(&mut copies, *id, &settings()),
            Some(Sort::Connector) => connect.properties(&mut copies, *id, &settings()),
            Some(Sort::Connectors) => connect.json(&mut copies, *id, &source.text),
            None => {
                let message = "this file has none of the settings by which brokers, mirrors and connectors are told apart";
                let at = Location::new(*id, crate::source::Span::default());
                copies.gap("destination-not-stated", message.to_owned(), "leave it out with `exclude`", at, Touch::Everything);
            }
        }
    }
    broker::read(&mut copies, &brokers);
    connect.finish(&mut copies);
    Reading { facts: copies.finish(), included: files.iter().skip(1).copied().collect(), ..Reading::default() }
}

/// The cluster that a list of brokers leads to, with these brokers as its members.
fn cluster_of(copies: &mut Copies<'_>, name: &str, servers: &Setting, touch: Touch) -> usize {
    let group = copies.group("kafka-cluster", name, servers.at());
    for part in parts(&servers.value) {
        let at = part.at(servers.source);
        // `SASL_SSL://host:9092`, as listeners are written.
        let text = part.value.split_once("://").map_or(part.value.as_str(), |(_, rest)| rest);
        if let Some(broker) = copies.server_at(text, Some(9092), at, touch) {
            copies.member(group, broker, at);
        }
    }
    group
}

/// A part of a process that is an endpoint of its own, so that what one flow carries does not mix with the others.
fn flow(copies: &mut Copies<'_>, kind: &'static str, label: String, process: usize, at: Location) -> usize {
    let mut fact = crate::model::EndpointFact::new(kind, label, at);
    fact.roles = crate::model::Roles::of(&[crate::model::Role::Process]);
    fact.standing = crate::model::Standing::WithSender;
    fact.part_of.push(Reference::Fact(process));
    copies.out.principal(fact)
}
