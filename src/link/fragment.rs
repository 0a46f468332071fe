//! Pieces of one configuration that stand side by side without the main file that includes them (`conf.d/*.conf`): an upstream
//! in one and its use in another, a local port in one and what listens on it in another.

use std::collections::{BTreeMap, BTreeSet};

use super::merge::{Node, World};
use super::routes::Links;
use crate::model::{Activity, EndpointFact, Reference, RouteFact};
use crate::source::{SourceId, Sources};

/// The pieces by the folder they stand in.
#[derive(Debug, Default)]
pub struct Fragments {
    folders: BTreeMap<SourceId, String>,
    /// Groups of servers by folder and name.
    groups: BTreeMap<(String, String), BTreeSet<Node>>,
    /// Servers by folder and the local port or socket that they listen on.
    listeners: BTreeMap<(String, String), BTreeSet<Node>>,
}

impl Fragments {
    pub fn add(&mut self, fact: &EndpointFact, node: Node, sources: &Sources) {
        let path = &sources.get(fact.location.source).path;
        let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder).to_owned();
        match fact.kind.as_str() {
            "nginx-upstream" => {
                self.groups.entry((folder.clone(), fact.label.to_lowercase())).or_default().insert(node);
            }
            "nginx-server" => {
                let listens = fact.attributes.other.get("listen").map_or("80", String::as_str);
                for key in listens.split(", ").filter_map(local) {
                    self.listeners.entry((folder.clone(), key)).or_default().insert(node);
                }
            }
            _ => {}
        }
        self.folders.insert(fact.location.source, folder);
    }

    /// The groups of a name in the pieces beside a file.
    pub fn groups(&self, beside: SourceId, name: &str) -> Vec<Node> {
        let Some(folder) = self.folders.get(&beside) else { return Vec::new() };
        self.groups.get(&(folder.clone(), name.to_owned())).into_iter().flatten().copied().collect()
    }

    /// A group of that name in another folder.
    pub fn group_elsewhere(&self, beside: SourceId, name: &str) -> Option<Node> {
        self.folders.get(&beside)?;
        self.groups.iter().find(|((_, group), _)| group == name).and_then(|(_, nodes)| nodes.first().copied())
    }

    fn listeners(&self, beside: SourceId, key: &str) -> impl Iterator<Item = Node> {
        let folder = self.folders.get(&beside);
        folder.and_then(|f| self.listeners.get(&(f.clone(), key.to_owned()))).into_iter().flatten().copied()
    }
}

/// A port or socket by which processes of one machine meet: `3000` of `127.0.0.1:3000`, `*:3000` and `3000`; `unix:/run/a.sock`.
fn local(listen: &str) -> Option<String> {
    if listen.starts_with("unix:") {
        return Some(listen.to_owned());
    }
    let (host, port) = match listen.rsplit_once(':') {
        Some((host, port)) if !port.contains(']') => (host, port),
        _ if listen.bytes().all(|b| b.is_ascii_digit()) => ("*", listen),
        _ => (listen, "80"),
    };
    let bare = host.trim_matches(['[', ']']);
    let here = |ip: std::net::IpAddr| ip.is_loopback() || ip.is_unspecified();
    let is_local = matches!(bare, "*" | "localhost") || bare.parse().is_ok_and(here);
    is_local.then(|| port.to_owned())
}

/// From local ports to the servers of the same folder that listen there.
pub fn local_ports(world: &World, links: &mut Links) {
    for (i, endpoint) in world.endpoints.iter().enumerate() {
        if !matches!(endpoint.kind.as_str(), "loopback" | "unix-socket") {
            continue;
        }
        let from = Node::new(i);
        let Some(at) = endpoint.locations.first().copied() else { continue };
        let Some(key) = local(&world.drafts[i].label) else { continue };
        for to in world.fragments.listeners(at.source, &key) {
            let ends = || Reference::Id(String::new());
            let mut way = RouteFact::new(ends(), ends(), Activity::Forward, at);
            way.alias = true;
            way.pool = Some("listener".into());
            links.add(from, to, way);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::local;

    #[test]
    fn local_ports_in_all_notations() {
        for (listen, key) in [
            ("3000", Some("3000")),
            ("127.0.0.1:3000", Some("3000")),
            ("*:3000", Some("3000")),
            ("[::]:3000", Some("3000")),
            ("[::1]", Some("80")),
            ("localhost", Some("80")),
            ("unix:/run/a.sock", Some("unix:/run/a.sock")),
            ("10.0.0.1:3000", None),
            ("10.0.0.1", None),
        ] {
            assert_eq!(local(listen).as_deref(), key, "{listen}");
        }
    }
}
