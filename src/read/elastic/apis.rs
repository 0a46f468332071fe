//! Bodies and answers of APIs: followers (`_ccr`, `_plugins/_replication`), repositories (`_snapshot`), cluster settings.

use std::collections::BTreeMap;

use super::{Found, node};
use crate::doc::{Node, json};
use crate::model::Activity;
use crate::read::paths;
use crate::read::proxy::output::Touch;
use crate::read::proxy::shorten;
use crate::read::replicas::Copies;
use crate::read::replicas::store::About;
use crate::source::{Location, SourceId};

/// Kinds of repositories.
pub(super) const KINDS: &[&str] = &["s3", "gcs", "azure", "fs", "url", "hdfs", "source"];

/// Whether the text holds one repository, or several by name, and nothing else.
pub(super) fn is_repository(text: &str) -> bool {
    let document = json::parse(text);
    let Some(root) = document.root() else { return false };
    let one = |n: Node<'_>| {
        n.get("type").and_then(|t| t.text()).is_some_and(|t| KINDS.contains(&t))
            && n.get("settings").is_some_and(|s| s.is_map())
    };
    one(root) || (root.is_map() && root.entries().next().is_some() && root.entries().all(|e| one(e.value)))
}

pub(super) fn read(copies: &mut Copies<'_>, found: &mut Found, file: SourceId, text: &str) {
    let document = json::parse(text);
    copies.problems(file, &document);
    let path = &copies.input.sources.get(file).path;
    let folder = paths::folder(path);
    // A body says not to which cluster it is sent: to the node of its folder, or to the only one.
    let only = found.nodes.values().next().copied().filter(|_| found.nodes.len() == 1);
    let own = found.nodes.get(folder).copied().or(only).unwrap_or_else(|| copies.own(file));
    let Some(root) = document.root() else { return };
    for part in ["persistent", "transient"] {
        let mut settings = BTreeMap::new();
        if let Some(part) = root.get(part) {
            node::flatten(part, file, &mut settings);
        }
        node::remotes(copies, found, own, &settings);
    }
    let mut open = vec![(root, 0)];
    while let Some((part, depth)) = open.pop() {
        let leader = part.get("leader_index").or_else(|| part.get("leader_index_patterns")).or_else(|| part.get("pattern"));
        let alias = part.get("remote_cluster").or_else(|| part.get("leader_alias"));
        if let (Some(alias), Some(leader)) = (alias, leader) {
            let names: Vec<&str> = leader.text().into_iter().chain(leader.items().filter_map(|i| i.text())).collect();
            let at = Location::new(file, leader.span());
            found.followers.push((own, alias.text().unwrap_or("").to_owned(), names.join(", "), at));
        } else if let (Some(kind), Some(settings)) = (part.get("type"), part.get("settings").filter(|s| s.is_map())) {
            repository(copies, own, file, kind, settings);
        } else if depth < 6 {
            open.extend(part.entries().map(|e| (e.value, depth + 1)));
            open.extend(part.items().map(|n| (n, depth + 1)));
        }
    }
}

fn repository(copies: &mut Copies<'_>, own: usize, file: SourceId, kind: Node<'_>, settings: Node<'_>) {
    let at = |n: Node<'_>| Location::new(file, n.span());
    let value = |key: &str| settings.get(key).filter(|n| n.text().is_some_and(|t| !t.is_empty()));
    let text = |key: &str| value(key).and_then(|n| n.text()).map(str::to_owned);
    let touch = Touch::Endpoint(own);
    let region = value("region").map(|r| (r.text().unwrap_or("").to_owned(), at(r)));
    let about = About { endpoint: text("endpoint"), region };
    let name = match kind.text().unwrap_or("") {
        // `source` keeps less in a repository of another kind.
        "source" => value("delegate_type").and_then(|n| n.text()).unwrap_or(""),
        name => name,
    };
    let (place, url) = match name {
        "s3" => (value("bucket"), text("bucket").map(|b| format!("s3://{b}"))),
        "gcs" => (value("bucket"), text("bucket").map(|b| format!("gs://{b}"))),
        "fs" => (value("location"), text("location")),
        "url" => (value("url"), text("url")),
        "hdfs" => (value("uri"), text("uri")),
        // The account is in the keystore, not here.
        _ => (None, None),
    };
    let (Some(place), Some(url)) = (place, url) else {
        let message = format!("where this repository of kind `{}` stands is not told", shorten(name));
        return copies.unfollowed(message, at(kind), touch);
    };
    let Some(store) = copies.store(&url, &about, own, at(place), touch) else { return };
    let reads_only = name == "url" || text("readonly").is_some_and(|r| r == "true");
    if reads_only {
        copies.way(store, own, Activity::Replicate, at(place));
    } else {
        copies.route(own, store, Activity::Backup, at(place), |_| {});
    }
}
