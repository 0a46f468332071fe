//! `elasticsearch.yml`: settings with dots, nested, or both.

use std::collections::BTreeMap;

use super::Found;
use super::known::WORDS;
use crate::doc::{Node, yaml};
use crate::model::Activity;
use crate::read::mentions::{Mention, mentions};
use crate::read::paths;
use crate::read::proxy::output::{Output, Touch};
use crate::read::proxy::shorten;
use crate::read::replicas::Copies;
use crate::source::{Location, SourceId};

/// Nested deeper, nothing is a setting of a node.
const MAX_DEPTH: usize = 12;

/// A setting's values, each with its place.
pub(super) type Values = Vec<(String, Location)>;

/// Settings by their full names; lists are several values, and so are values with commas.
pub(super) fn flatten(node: Node<'_>, file: SourceId, out: &mut BTreeMap<String, (Location, Values)>) {
    let mut open = vec![(String::new(), node, 0)];
    while let Some((prefix, node, depth)) = open.pop() {
        for entry in node.entries() {
            let name = if prefix.is_empty() { entry.name().to_owned() } else { format!("{prefix}.{}", entry.name()) };
            if entry.value.is_map() && depth < MAX_DEPTH {
                open.push((name, entry.value, depth + 1));
                continue;
            }
            let at = |n: Node<'_>| Location::new(file, n.used_at());
            let (_, values) = out.entry(name).or_insert((at(entry.key), Vec::new()));
            let items: Vec<Node<'_>> = if entry.value.is_list() { entry.value.items().collect() } else { vec![entry.value] };
            for item in items {
                for text in item.text().unwrap_or("").split(',').map(|t| t.trim().trim_matches(['[', ']', '"'])) {
                    if !text.is_empty() && !item.is_null() {
                        values.push((text.to_owned(), at(item)));
                    }
                }
            }
        }
    }
}

pub(super) fn read(copies: &mut Copies<'_>, found: &mut Found, file: SourceId, text: &str) {
    let own = copies.own(file);
    let touch = Touch::Endpoint(own);
    let document = yaml::parse(text);
    copies.problems(file, &document);
    let path = &copies.input.sources.get(file).path;
    let folder = paths::folder(path).to_owned();
    found.nodes.entry(folder).or_insert(own);
    let Some(root) = document.root() else { return };
    let mut settings = BTreeMap::new();
    flatten(root, file, &mut settings);
    let values = |key: &str| settings.get(key).map_or(&[][..], |(_, values)| values.as_slice());
    for (name, (at, _)) in &settings {
        copies.dotted(&WORDS, "elasticsearch.yml", name, *at, touch);
    }
    for key in ["network.publish_host", "transport.publish_host", "http.publish_host", "network.host"] {
        for (host, at) in values(key).iter().filter(|(h, _)| !h.starts_with('_')) {
            copies.reached_by(own, host, *at);
        }
    }
    for (name, (_, told)) in settings.iter().filter(|(name, _)| name.starts_with("node.attr.")) {
        for (value, _) in told {
            copies.out.facts.endpoints[own].tags.insert(name["node.attr.".len()..].to_owned(), value.clone());
        }
    }
    let cluster = values("cluster.name").first();
    let at = cluster.map_or(copies.out.facts.endpoints[own].location, |(_, at)| *at);
    let group = copies.group("elasticsearch-cluster", cluster.map_or("elasticsearch", |(name, _)| name), at);
    copies.member(group, own, at);
    let single = values("discovery.type").iter().any(|(t, _)| t == "single-node");
    let mut others = false;
    for key in ["discovery.seed_hosts", "discovery.zen.ping.unicast.hosts"] {
        for (host, at) in values(key) {
            if let Some(node) = copies.server_at(host, Some(9300), *at, touch) {
                others |= node != own;
                copies.member(group, node, *at);
            }
        }
    }
    let providers = values("discovery.seed_providers");
    if (!others || !providers.is_empty()) && !single {
        let place = providers.first().map_or(at, |(_, at)| *at);
        let message = "the other nodes of this cluster are not in this file, and shards may be on any of them".to_owned();
        let help = "add the configuration of every node, or name them in `discovery.seed_hosts`";
        copies.members_unknown(message, help, place, touch);
    }
    remotes(copies, found, own, &settings);
    for (name, (_, told)) in
        settings.iter().filter(|(n, _)| n.starts_with("xpack.monitoring.exporters.") && n.ends_with(".host"))
    {
        for (value, at) in told {
            for mention in mentions(name, value) {
                let to = match mention {
                    Mention::Host { name, port, .. } => crate::model::Reference::Host { name, port },
                    Mention::Address { ip, port } => crate::model::Reference::Address { ip, port },
                    _ => continue,
                };
                copies.out.route(Output::plain(own, to, Activity::Log, *at));
            }
        }
    }
}

/// `cluster.remote.ALIAS.seeds` and `.proxy_address`.
pub(super) fn remotes(copies: &mut Copies<'_>, found: &mut Found, own: usize, settings: &BTreeMap<String, (Location, Values)>) {
    let touch = Touch::Endpoint(own);
    for (name, (_, told)) in settings {
        let remote = name.strip_prefix("cluster.remote.").or_else(|| name.strip_prefix("search.remote."));
        let Some((alias, word)) = remote.and_then(|r| r.split_once('.')) else { continue };
        if !matches!(word, "seeds" | "proxy_address") {
            continue;
        }
        let Some((_, first)) = told.first() else { continue };
        let far = copies.group("elasticsearch-remote", alias, *first);
        found.remotes.insert(alias.to_owned(), far);
        for (host, at) in told {
            if let Some(node) = copies.server_at(host, Some(9300), *at, touch) {
                copies.member(far, node, *at);
            }
        }
        copies.route(far, own, Activity::Replicate, *first, |r| {
            r.condition = Some(format!("when an index follows one of {} or a search asks it", shorten(alias)));
        });
    }
}
