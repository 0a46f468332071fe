//! References to endpoints. A reference that fits several endpoints goes to all of them.

use std::collections::BTreeSet;
use std::net::{IpAddr, SocketAddr};

use super::alias::way;
use super::merge::{Draft, Node, World};
use crate::model::site::is_private;
use crate::model::{Address, Endpoint, Gap, GapScope, Reference, Standing};
use crate::source::Location;

/// More than so many that share an address become one endpoint with a way to each: a way from everybody who leads there to each of
/// them would be too many.
pub const CROWD: usize = 32;

impl World {
    /// The endpoints that a reference in `input` means; makes one if nothing is known by that name. `scope` is the network
    /// scope of the endpoint that speaks, for private addresses.
    pub fn resolve(
        &mut self,
        input: usize,
        reference: &Reference,
        scope: Option<&str>,
        location: Location,
        gaps: &mut Vec<Gap>,
    ) -> Vec<Node> {
        match reference {
            Reference::Fact(i) => vec![self.nodes[input][*i]],
            Reference::Id(id) => match self.index.id(id).or_else(|| self.index.label(id)) {
                Some(node) => vec![node],
                None => vec![self.undefined(id, location, gaps)],
            },
            Reference::Host { name, .. } => self.host(name, location, gaps),
            Reference::Address { ip, port } => self.address(ip.to_canonical(), *port, scope, location, gaps),
            Reference::Any(text) => self.any(text, scope, location, gaps),
        }
    }

    /// As a person writes it: an id, else a host name, else an address, else a label.
    fn any(&mut self, text: &str, scope: Option<&str>, location: Location, gaps: &mut Vec<Gap>) -> Vec<Node> {
        if let Some(node) = self.index.id(text) {
            return vec![node];
        }
        let name = text.trim_end_matches('.').to_ascii_lowercase();
        if let Some(node) = self.index.host(&name) {
            return vec![node];
        }
        if let Some((ip, port)) = parse_address(text) {
            return self.address(ip, port, scope, location, gaps);
        }
        if let Some(node) = self.index.label(text) {
            return vec![node];
        }
        let host = match name.rsplit_once(':') {
            Some((host, port)) if port.parse::<u16>().is_ok() => host.trim_end_matches('.'),
            _ => &name,
        };
        let looks_like_host = host.contains('.') && !host.contains([' ', '/', ':']);
        if looks_like_host || self.index.host(host).is_some() {
            return self.host(host, location, gaps);
        }
        vec![self.undefined(text, location, gaps)]
    }

    fn host(&mut self, name: &str, location: Location, gaps: &mut Vec<Gap>) -> Vec<Node> {
        let name = name.trim_end_matches('.').to_lowercase();
        // A configuration looks for a group of its own before it asks for a host.
        let groups = self.fragments.groups(location.source, &name);
        if !groups.is_empty() {
            return groups;
        }
        if let Some(node) = self.index.host(&name).or_else(|| self.index.wildcard(&name)) {
            return vec![node];
        }
        let mut endpoint = implied("host", &name, location);
        endpoint.names.push(name.clone());
        let node = self.push(endpoint, Draft { label: name.clone(), ..Draft::default() });
        if let Some(group) = self.fragments.group_elsewhere(location.source, &name) {
            gaps.push(Gap {
                code: "upstream-elsewhere",
                message: format!(
                    "`{name}` may be the upstream that another folder defines, but nothing that was read includes both files"
                ),
                help: Some("add the nginx.conf that includes them to the project".into()),
                location,
                scope: GapScope::Endpoints(vec![node.as_id(), group.as_id()]),
            });
        }
        vec![node]
    }

    /// What requests are handed to: what `to` means, and the servers there. The many that share an address are found once.
    pub fn destinations(
        &mut self,
        input: usize,
        reference: &Reference,
        scope: Option<&str>,
        location: Location,
        gaps: &mut Vec<Gap>,
    ) -> Vec<Node> {
        let address = match reference {
            Reference::Address { ip, port } => Some((ip.to_canonical(), *port)),
            // An address may be the id of something.
            Reference::Any(text) => parse_address(text).filter(|_| self.index.id(text).is_none()),
            Reference::Fact(_) | Reference::Id(_) | Reference::Host { .. } => None,
        };
        let key = address.map(|(ip, port)| {
            let scope = scope.map(str::to_owned).or_else(|| self.overrides.scope(location.source));
            (ip, port, scope.filter(|_| is_private(ip)))
        });
        if let Some(known) = key.as_ref().and_then(|key| self.crowds.get(key)) {
            return vec![*known];
        }
        let before = gaps.len();
        let found = self.resolve(input, reference, scope, location, gaps);
        let found = self.with_servers(found, reference);
        let Some(key) = key.filter(|_| found.len() > CROWD && gaps.len() == before) else { return found };
        let crowd = self.crowd(key.0, key.1, found);
        self.crowds.insert(key, crowd);
        vec![crowd]
    }

    /// An endpoint that stands for the many that share an address, with a way to each.
    pub fn crowd(&mut self, ip: IpAddr, port: Option<u16>, members: Vec<Node>) -> Node {
        let locations = members.first().map(|m| self.endpoints[m.index()].locations[0]).into_iter().collect();
        let name = format!("{} (shared by {})", written(ip, port), members.len());
        let endpoint =
            Endpoint { name, kind: "shared-address".into(), standing: Standing::Logical, locations, ..Endpoint::default() };
        let node = self.push(endpoint, Draft::default());
        for member in members {
            let way = way(self.endpoints[member.index()].locations[0]);
            self.extra_routes.push((node, member, way));
        }
        node
    }

    /// Data that comes to a machine comes to the servers on it as well, unless it comes by a name that one of them answers to.
    pub fn with_servers(&self, nodes: Vec<Node>, reference: &Reference) -> Vec<Node> {
        let by_address = match reference {
            Reference::Fact(_) => return nodes,
            Reference::Address { .. } => true,
            Reference::Any(text) => parse_address(text).is_some(),
            Reference::Id(_) | Reference::Host { .. } => false,
        };
        let mut all = nodes.clone();
        let is_machine = |n: &Node| self.drafts[n.index()].has_id && (by_address || !self.drafts[n.index()].answers);
        let machines = nodes.into_iter().filter(is_machine).map(|node| &self.endpoints[node.index()]);
        // Machines may share their addresses.
        let addresses: BTreeSet<_> =
            machines.flat_map(|m| m.addresses.iter().map(|a| (a.ip, a.port, m.scope.as_ref()))).collect();
        for (ip, port, scope) in addresses {
            let on_it = self.index.owners(ip, port).into_iter().filter(|n| {
                let (theirs, draft) = (&self.endpoints[n.index()], &self.drafts[n.index()]);
                let same = !is_private(ip) || scope.is_none() || theirs.scope.is_none() || scope == theirs.scope.as_ref();
                !draft.has_id && !draft.name_only && !theirs.implied && same
            });
            all.extend(on_it);
        }
        all.sort_unstable();
        all.dedup();
        all
    }

    fn undefined(&mut self, id: &str, location: Location, gaps: &mut Vec<Gap>) -> Node {
        let near = self.index.near(id).map(str::to_owned);
        let node =
            self.push(implied("undefined", id, location), Draft { label: id.to_owned(), has_id: true, ..Draft::default() });
        gaps.push(Gap {
            code: "undefined-endpoint",
            message: format!("`{id}` is named here and declared nowhere"),
            help: Some(match near {
                Some(near) => format!("did you mean `{near}`?"),
                None => "declare it as an [[endpoint]] in the inventory, or correct the name".into(),
            }),
            location,
            scope: GapScope::Endpoints(vec![node.as_id()]),
        });
        node
    }

    fn address(
        &mut self,
        ip: IpAddr,
        port: Option<u16>,
        scope: Option<&str>,
        location: Location,
        gaps: &mut Vec<Gap>,
    ) -> Vec<Node> {
        let scope = scope.map(str::to_owned).or_else(|| self.overrides.scope(location.source));
        let scope = if is_private(ip) { scope } else { None };
        let mut owners = self.index.owners(ip, port);
        if let Some(own) = &scope {
            let theirs = |n: &Node| self.endpoints[n.index()].scope.as_deref();
            let near = owners.iter().copied().filter(|n| theirs(n).is_none_or(|theirs| theirs == own)).collect::<Vec<_>>();
            let beyond = |n: &Node| theirs(n).is_some_and(|theirs| self.beyond.reaches(own, theirs));
            owners = if near.is_empty() { owners.into_iter().filter(beyond).collect() } else { near };
        }
        // A machine is a better answer than a name that points to it.
        let machines: Vec<Node> = owners.iter().copied().filter(|n| !self.drafts[n.index()].name_only).collect();
        if !machines.is_empty() {
            owners = machines;
        }
        match owners.as_slice() {
            [] => {
                let far = scope.as_deref().and_then(|own| self.beyond.far_scope(ip, own)).map(str::to_owned);
                vec![self.implied_address(ip, port, far.or(scope).as_deref(), location)]
            }
            [one] => vec![*one],
            several => {
                let scopes: Vec<&Option<String>> = several.iter().map(|n| &self.endpoints[n.index()].scope).collect();
                if is_private(ip) && scopes.windows(2).any(|w| w[0] != w[1]) {
                    let names: Vec<String> = several.iter().map(|n| format!("`{}`", self.endpoints[n.index()].name)).collect();
                    gaps.push(Gap {
                        code: "ambiguous-address",
                        message: format!("{ip} is a private address of {} in different networks", names.join(" and ")),
                        help: Some(
                            "give this file a `network-scope` in [[inputs.override]], so that one of them is meant".into(),
                        ),
                        location,
                        scope: GapScope::Endpoints(several.iter().map(|n| n.as_id()).collect()),
                    });
                }
                owners
            }
        }
    }

    fn implied_address(&mut self, ip: IpAddr, port: Option<u16>, scope: Option<&str>, location: Location) -> Node {
        if let Some(node) = self.index.implied(ip, port, scope) {
            return node;
        }
        let name = written(ip, port);
        let mut endpoint = implied("address", &name, location);
        endpoint.addresses.push(Address { ip, port, location });
        endpoint.scope = scope.map(str::to_owned);
        let node = self.push(endpoint, Draft { label: name, ..Draft::default() });
        self.index.set_implied(ip, port, scope, node);
        node
    }
}

fn written(ip: IpAddr, port: Option<u16>) -> String {
    match port {
        Some(port) => SocketAddr::new(ip, port).to_string(),
        None => ip.to_string(),
    }
}

fn implied(kind: &str, name: &str, location: Location) -> Endpoint {
    Endpoint { name: name.to_owned(), kind: kind.to_owned(), implied: true, locations: vec![location], ..Endpoint::default() }
}

/// `10.0.0.1`, `10.0.0.1:80`, `2001:db8::1`, `[2001:db8::1]:80`.
pub fn parse_address(text: &str) -> Option<(IpAddr, Option<u16>)> {
    if let Ok(socket) = text.parse::<SocketAddr>() {
        return Some((socket.ip().to_canonical(), Some(socket.port())));
    }
    let bare = text.strip_prefix('[').and_then(|t| t.strip_suffix(']')).unwrap_or(text);
    bare.parse::<IpAddr>().ok().map(|ip| (ip.to_canonical(), None))
}
