//! Nodes: the cluster, the addresses, the data centre and the rack of each.

use std::collections::BTreeMap;

use super::Sort;
use super::known::WORDS;
use crate::doc::{Document, Node, yaml};
use crate::model::{Activity, EndpointFact, Role, Roles, Standing};
use crate::read::paths;
use crate::read::proxy::output::Touch;
use crate::read::replicas::Copies;
use crate::read::replicas::lines::properties;
use crate::source::{Location, SourceId, Spanned};

/// All nodes and data centres that were read.
#[derive(Default)]
pub(super) struct Nodes {
    /// By name, with the snitch of a node that stands there.
    centres: BTreeMap<String, usize>,
    snitches: BTreeMap<String, Snitch>,
    /// Each node: its cluster, its data centre.
    all: Vec<(usize, String, Option<String>, Location)>,
    seeds: Vec<(String, usize, Location)>,
}

/// Snitches that name data centres by regions of a cloud.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Snitch {
    /// `us-east` for us-east-1, `us-west-2` for us-west-2; or, with `ec2_naming_scheme=standard`, the region itself.
    Ec2 {
        standard: bool,
    },
    Google,
    Azure,
    Alibaba,
    Other,
}

impl Snitch {
    fn of(name: &str, standard: bool) -> Self {
        match name.rsplit('.').next().unwrap_or(name) {
            "Ec2Snitch" | "Ec2MultiRegionSnitch" => Self::Ec2 { standard },
            "GoogleCloudSnitch" => Self::Google,
            "AzureSnitch" => Self::Azure,
            "AlibabaCloudSnitch" => Self::Alibaba,
            _ => Self::Other,
        }
    }

    /// Provider and region of a data centre of this name.
    fn place(self, centre: &str) -> Option<(&'static str, String)> {
        match self {
            Self::Ec2 { standard: true } => Some(("aws", centre.to_owned())),
            Self::Ec2 { standard: false } => {
                let numbered = centre.ends_with(|c: char| c.is_ascii_digit());
                Some(("aws", if numbered { centre.to_owned() } else { format!("{centre}-1") }))
            }
            Self::Google => Some(("gcp", centre.to_owned())),
            Self::Azure => Some(("azure", centre.to_owned())),
            Self::Alibaba => Some(("alibaba", centre.to_owned())),
            Self::Other => None,
        }
    }
}

/// What the files of one folder say of its node.
#[derive(Default)]
struct Here {
    file: Option<SourceId>,
    cluster: Option<(String, Location)>,
    snitch: String,
    standard: bool,
    centre: Option<(String, Location)>,
    rack: Option<(String, Location)>,
}

impl Nodes {
    pub fn read(copies: &mut Copies<'_>, files: &[(SourceId, Sort)]) -> Self {
        let mut nodes = Self::default();
        let mut folders: BTreeMap<String, Here> = BTreeMap::new();
        let mut by_address: Vec<(String, String, Location)> = Vec::new();
        for (id, sort) in files {
            let (sources, id) = (copies.input.sources, *id);
            let source = sources.get(id);
            let folder = paths::folder(&source.path).to_owned();
            match sort {
                Sort::Node => {
                    let here = folders.entry(folder).or_default();
                    let document = yaml::parse(&source.text);
                    // Of several nodes in one folder each stands alone.
                    let mut alone = Here::default();
                    let target = if here.file.is_some() { &mut alone } else { here };
                    nodes.node(copies, id, &document, target);
                    if alone.file.is_some() {
                        folders.insert(source.path.clone(), alone);
                    }
                }
                Sort::Rack => {
                    let here = folders.entry(folder).or_default();
                    for setting in properties(&source.text, id) {
                        copies.word(&WORDS, "cassandra-rackdc.properties", setting.name(), setting.key_at(), Touch::Tree);
                        match setting.name() {
                            "dc" => here.centre = Some((setting.text().to_owned(), setting.at())),
                            "rack" => here.rack = Some((setting.text().to_owned(), setting.at())),
                            "ec2_naming_scheme" => match setting.text() {
                                "standard" => here.standard = true,
                                "legacy" => here.standard = false,
                                // The names of data centres would mean other regions.
                                other => copies.unread(other, "is no naming scheme", setting.at(), Touch::Tree),
                            },
                            // Words in no table are gaps already.
                            _ => {}
                        }
                    }
                }
                Sort::Topology => {
                    for setting in properties(&source.text, id) {
                        let centre = setting.text().split(':').next().unwrap_or("").to_owned();
                        by_address.push((setting.name().to_owned(), centre, setting.at()));
                    }
                }
                Sort::Keyspaces => {}
            }
        }
        for here in folders.into_values() {
            nodes.settle(copies, here);
        }
        for (address, centre, at) in by_address {
            let centre_fact = nodes.centre(copies, &centre, at);
            if address != "default"
                && let Some(node) = copies.server_at(&address, None, at, Touch::Endpoint(centre_fact))
            {
                copies.out.facts.endpoints[node].tags.insert("datacenter".to_owned(), centre.clone());
                nodes.all.push((node, String::new(), Some(centre), at));
            }
        }
        nodes
    }

    fn node(&mut self, copies: &mut Copies<'_>, file: SourceId, document: &Document<'_>, here: &mut Here) {
        let own = copies.own(file);
        here.file = Some(file);
        copies.problems(file, document);
        let Some(root) = document.root() else { return };
        let at = |n: Node<'_>| Location::new(file, n.used_at());
        for entry in root.entries() {
            let (name, value) = (entry.name(), entry.value);
            copies.dotted(&WORDS, "cassandra.yaml", name, at(entry.key), Touch::Endpoint(own));
            let text = value.text().filter(|t| !t.is_empty() && !value.is_null());
            match (name, text) {
                ("cluster_name", Some(text)) => here.cluster = Some((text.to_owned(), at(value))),
                ("endpoint_snitch", Some(text)) => text.clone_into(&mut here.snitch),
                ("listen_address" | "broadcast_address" | "rpc_address" | "broadcast_rpc_address", Some(text)) => {
                    copies.reached_by(own, text, at(value));
                }
                ("seed_provider", _) => {
                    for seeds in value.items().flat_map(|p| p.get("parameters").into_iter().flat_map(|p| p.items())) {
                        let Some(list) = seeds.get("seeds") else { continue };
                        for seed in list.text().unwrap_or("").split(',').map(str::trim).filter(|s| !s.is_empty()) {
                            self.seeds.push((seed.to_owned(), own, at(list)));
                        }
                    }
                }
                // Changes of every row go to a folder that others pick up.
                ("cdc_enabled", Some(_)) if value.as_bool() != Some(false) => {
                    let message = "`cdc_enabled` keeps a log of changes for programs that are not followed".to_owned();
                    copies.unfollowed(message, at(value), Touch::Endpoint(own));
                }
                ("commitlog_archiving" | "archive_command", Some(_)) => {
                    copies.unfollowed(format!("`{name}` is not followed"), at(value), Touch::Endpoint(own));
                }
                // Empty settings, and words that the table knows to be harmless; those in no table are gaps already.
                _ => {}
            }
        }
    }

    fn settle(&mut self, copies: &mut Copies<'_>, here: Here) {
        let Some(file) = here.file else { return };
        let own = copies.own(file);
        let place = copies.out.facts.endpoints[own].location;
        let (cluster, at) = here.cluster.unwrap_or((String::new(), place));
        let snitch = Snitch::of(&here.snitch, here.standard);
        let fact = &mut copies.out.facts.endpoints[own];
        if let Some((centre, told)) = &here.centre {
            fact.tags.insert("datacenter".to_owned(), centre.clone());
            let span = if told.source == file { told.span } else { place.span };
            fact.site_hints.push(Spanned::new(centre.clone(), span));
            if let Some((provider, region)) = snitch.place(centre).filter(|_| fact.region.is_none()) {
                fact.provider = Some(provider.to_owned());
                fact.region = Some(Spanned::new(region, span));
            }
            self.snitches.insert(centre.clone(), snitch);
        }
        if let Some((rack, _)) = &here.rack {
            fact.tags.insert("rack".to_owned(), rack.clone());
        }
        if snitch != Snitch::Other {
            for known in self.snitches.values_mut().filter(|s| **s == Snitch::Other) {
                *known = snitch;
            }
        }
        self.all.push((own, cluster, here.centre.map(|(centre, _)| centre), at));
    }

    /// Every node that was read.
    pub fn known(&self) -> Vec<usize> {
        self.all.iter().map(|(node, ..)| *node).collect()
    }

    /// A data centre by its name.
    pub fn centre(&mut self, copies: &mut Copies<'_>, name: &str, at: Location) -> usize {
        if let Some(known) = self.centres.get(name) {
            return *known;
        }
        let snitch = self.snitches.get(name).copied().or_else(|| {
            // One snitch serves a cluster.
            self.snitches.values().next().copied()
        });
        let mut fact = EndpointFact::new("cassandra-datacenter", name, at);
        fact.elsewhere = true;
        fact.roles = Roles::of(&[Role::Process, Role::Store]);
        fact.site_hints.push(Spanned::new(name.to_owned(), at.span));
        if let Some((provider, region)) = snitch.and_then(|s| s.place(name)) {
            fact.provider = Some(provider.to_owned());
            fact.region = Some(Spanned::new(region, at.span));
        }
        let index = copies.out.principal(fact);
        self.centres.insert(name.to_owned(), index);
        index
    }

    /// Nodes hand on what they get: to the keyspaces that were read, else to every other node.
    pub fn finish(self, copies: &mut Copies<'_>, keyspaces: &[(usize, Location)]) {
        for (name, centre) in &self.centres {
            let members: Vec<_> = self.all.iter().filter(|(_, _, c, _)| c.as_ref() == Some(name)).collect();
            if !members.is_empty() {
                // Its nodes say where they stand.
                copies.out.facts.endpoints[*centre].standing = Standing::Logical;
                copies.out.facts.endpoints[*centre].region = None;
            }
            for (node, _, _, at) in members {
                copies.way(*centre, *node, Activity::Replicate, *at);
            }
        }
        let mut clusters: BTreeMap<&str, (usize, Vec<usize>)> = BTreeMap::new();
        for (node, cluster, _, at) in &self.all {
            let group = copies.group("cassandra-cluster", if cluster.is_empty() { "cluster" } else { cluster }, *at);
            clusters.entry(cluster).or_insert((group, Vec::new())).1.push(*node);
            copies.way(*node, group, Activity::Replicate, *at);
            if keyspaces.is_empty() {
                copies.way(group, *node, Activity::Replicate, *at);
            }
        }
        let groups: Vec<usize> = clusters.values().map(|(group, _)| *group).collect();
        for (keyspace, at) in keyspaces {
            for group in &groups {
                copies.way(*group, *keyspace, Activity::Replicate, *at);
            }
        }
        let mut seeds: BTreeMap<usize, Location> = BTreeMap::new();
        for (seed, node, at) in &self.seeds {
            let Some(server) = copies.server_at(seed, Some(7000), *at, Touch::Endpoint(*node)) else { continue };
            let cluster = clusters.values().find(|(_, nodes)| nodes.contains(node)).map(|(group, _)| *group);
            if let Some(group) = cluster.filter(|_| server != *node) {
                copies.way(server, group, Activity::Replicate, *at);
                if keyspaces.is_empty() {
                    copies.way(group, server, Activity::Replicate, *at);
                }
            }
            seeds.entry(*node).or_insert(*at);
        }
        // With keyspaces, their data centres are all that may hold copies.
        for (node, _, _, at) in &self.all {
            let single = clusters.values().any(|(_, nodes)| nodes.as_slice() == [*node]);
            if single && keyspaces.is_empty() {
                let message =
                    "which other nodes this cluster has is not in this file, and any of them may hold copies".to_owned();
                let help = "add the keyspaces (`DESCRIBE SCHEMA` as a .cql file), or the `cassandra.yaml` of every node";
                copies.members_unknown(message, help, *seeds.get(node).unwrap_or(at), Touch::Endpoint(*node));
            }
        }
    }
}
