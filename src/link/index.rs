//! By what an endpoint can be found: id, cloud id, host name, address, label.

use std::net::IpAddr;

use foldhash::HashMap;

use super::merge::{Draft, Node};
use crate::model::Endpoint;

#[derive(Debug, Default)]
pub struct Index {
    ids: HashMap<String, Node>,
    hosts: HashMap<String, Node>,
    /// `*.example.com` under `example.com`.
    wildcards: HashMap<String, Node>,
    /// Who has an address, with the port if one is declared.
    addresses: HashMap<IpAddr, Vec<(Option<u16>, Node)>>,
    /// Labels, unless two endpoints share one.
    labels: HashMap<String, Option<Node>>,
    /// Endpoints that exist because a route names an address nobody declared.
    implied: HashMap<(IpAddr, Option<u16>, Option<String>), Node>,
}

impl Index {
    pub fn add(&mut self, node: Node, endpoint: &Endpoint, draft: &Draft) {
        if draft.has_id {
            self.ids.insert(endpoint.name.clone(), node);
        }
        for id in &endpoint.cloud_ids {
            self.ids.entry(id.clone()).or_insert(node);
        }
        for name in &endpoint.names {
            match name.strip_prefix("*.") {
                Some(rest) => self.wildcards.entry(rest.to_owned()).or_insert(node),
                None => self.hosts.entry(name.clone()).or_insert(node),
            };
        }
        if !endpoint.implied {
            for address in &endpoint.addresses {
                self.addresses.entry(address.ip).or_default().push((address.port, node));
            }
        }
        if !draft.label.is_empty() {
            self.labels.entry(draft.label.clone()).and_modify(|known| *known = None).or_insert(Some(node));
        }
    }

    pub fn set_host(&mut self, name: &str, node: Node) {
        match name.strip_prefix("*.") {
            Some(rest) => self.wildcards.insert(rest.to_owned(), node),
            None => self.hosts.insert(name.to_owned(), node),
        };
    }

    pub fn id(&self, id: &str) -> Option<Node> {
        self.ids.get(id).copied()
    }

    pub fn host(&self, name: &str) -> Option<Node> {
        self.hosts.get(name).copied()
    }

    /// The closest wildcard above a name (RFC 4592: one that stands for any number of labels; nginx reads it so too).
    pub fn wildcard(&self, name: &str) -> Option<Node> {
        let mut rest = name;
        while let Some((_, above)) = rest.split_once('.') {
            if let Some(node) = self.wildcards.get(above) {
                return Some(*node);
            }
            rest = above;
        }
        None
    }

    pub fn label(&self, label: &str) -> Option<Node> {
        self.labels.get(label).copied().flatten()
    }

    /// Who has this address: those that declare the port, else those that declare none.
    pub fn owners(&self, ip: IpAddr, port: Option<u16>) -> Vec<Node> {
        self.owners_among(ip, port, |_| true)
    }

    /// The same, if only some endpoints count.
    pub fn owners_among(&self, ip: IpAddr, port: Option<u16>, counts: impl Fn(Node) -> bool) -> Vec<Node> {
        let owners = || self.addresses.get(&ip).into_iter().flatten().filter(|(_, n)| counts(*n));
        let pick = |wanted: Option<u16>| -> Vec<Node> { owners().filter(|(p, _)| *p == wanted).map(|(_, n)| *n).collect() };
        let mut found = match port {
            Some(_) => pick(port),
            // Without a port, whatever listens there.
            None => owners().map(|(_, n)| *n).collect(),
        };
        if found.is_empty() {
            found = pick(None);
        }
        found.sort_unstable();
        found.dedup();
        found
    }

    pub fn implied(&self, ip: IpAddr, port: Option<u16>, scope: Option<&str>) -> Option<Node> {
        self.implied.get(&(ip, port, scope.map(str::to_owned))).copied()
    }

    /// Undeclared addresses that are named both as a machine and with ports: the machine, and what listens on it.
    pub fn implied_ports(&self) -> Vec<(Node, Node)> {
        let with_port = self.implied.iter().filter(|((_, port, _), _)| port.is_some());
        let pair = |((ip, _, scope), node): (&(IpAddr, Option<u16>, Option<String>), &Node)| {
            self.implied.get(&(*ip, None, scope.clone())).map(|machine| (*machine, *node))
        };
        let mut pairs: Vec<(Node, Node)> = with_port.filter_map(pair).collect();
        pairs.sort_unstable();
        pairs
    }

    pub fn set_implied(&mut self, ip: IpAddr, port: Option<u16>, scope: Option<&str>, node: Node) {
        self.implied.insert((ip, port, scope.map(str::to_owned)), node);
    }

    /// An id close to a misspelt one.
    pub fn near(&self, word: &str) -> Option<&str> {
        // A spelling table over a hundred thousand ids would cost more than it helps.
        if self.ids.len() + self.hosts.len() > 20_000 {
            return None;
        }
        let mut known: Vec<&str> = self.ids.keys().chain(self.hosts.keys()).map(String::as_str).collect();
        known.sort_unstable();
        crate::vocab::suggest(word, known)
    }
}
