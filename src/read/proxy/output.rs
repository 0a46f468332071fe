//! Facts as they are made: endpoints by what they connect to, routes within a bound, gaps with what they touch.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::peer::Peer;
use crate::model::{Activity, EndpointFact, Facts, GapScope, Reference, Role, Roles, RouteFact, Standing, Unread};
use crate::source::Location;

/// What a gap may change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Touch {
    /// An endpoint of the facts: a server or an upstream.
    Endpoint(usize),
    /// Every server and upstream of this configuration.
    Tree,
    Everything,
    Nothing,
}

pub struct Output {
    pub facts: Facts,
    routes_left: usize,
    full: bool,
    /// Loopback addresses and sockets that no server here listens on.
    local: BTreeMap<Peer, Reference>,
    /// Servers by the port or socket that they listen on at this machine, with a name for conditions.
    listeners: HashMap<Listen, Vec<(usize, String)>>,
    principals: Vec<usize>,
    pub seen_unknown: BTreeSet<(Touch, String)>,
    pools: HashMap<(usize, String), usize>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Listen {
    Port(u16),
    Socket(String),
}

impl Output {
    /// `size` is the number of directives read; the number of routes is bounded in proportion.
    pub fn new(size: usize) -> Self {
        Self {
            facts: Facts::default(),
            routes_left: 20_000 + 4 * size,
            full: false,
            local: BTreeMap::new(),
            listeners: HashMap::new(),
            principals: Vec::new(),
            seen_unknown: BTreeSet::new(),
            pools: HashMap::new(),
        }
    }

    /// Adds a server or an upstream.
    pub fn principal(&mut self, fact: EndpointFact) -> usize {
        self.facts.endpoints.push(fact);
        let index = self.facts.endpoints.len() - 1;
        self.principals.push(index);
        index
    }

    pub fn listens(&mut self, server: usize, on: Listen, name: &str) {
        let servers = self.listeners.entry(on).or_default();
        if servers.iter().all(|(s, _)| *s != server) && servers.len() < 256 {
            servers.push((server, name.to_owned()));
        }
    }

    /// The endpoints at a peer, each with what must hold for it to be that one.
    pub fn endpoints_at(&mut self, peer: &Peer, at: Location) -> Vec<(Reference, Option<String>)> {
        let (label, kind, listen) = match peer {
            Peer::Host { name, port } => return vec![(Reference::Host { name: name.clone(), port: *port }, None)],
            Peer::Address { ip, port } => return vec![(Reference::Address { ip: *ip, port: *port }, None)],
            Peer::Loopback { ip, port } => {
                let ip = if ip.is_unspecified() { "127.0.0.1".to_owned() } else { ip.to_string() };
                let ip = if ip.contains(':') { format!("[{ip}]") } else { ip };
                (port.map_or(ip.clone(), |p| format!("{ip}:{p}")), "loopback", port.map(Listen::Port))
            }
            Peer::Unix(path) => (format!("unix:{path}"), "unix-socket", Some(Listen::Socket(path.clone()))),
        };
        if let Some(servers) = listen.and_then(|l| self.listeners.get(&l)) {
            return match servers.as_slice() {
                [(only, _)] => vec![(Reference::Fact(*only), None)],
                several => {
                    let named =
                        |(s, name): &(usize, String)| (Reference::Fact(*s), Some(format!("when `{name}` is asked for")));
                    several.iter().map(named).collect()
                }
            };
        }
        if let Some(known) = self.local.get(peer) {
            return vec![(known.clone(), None)];
        }
        let mut fact = EndpointFact::new(kind, label, at);
        fact.standing = Standing::WithSender;
        let reference = self.facts.endpoint(fact);
        self.local.insert(peer.clone(), reference.clone());
        vec![(reference, None)]
    }

    /// A store that is a part of a server.
    pub fn store(&mut self, kind: &str, label: String, part_of: usize, at: Location) -> Reference {
        let mut fact = EndpointFact::new(kind, label, at);
        fact.standing = Standing::WithSender;
        fact.roles = Roles::of(&[Role::Store]);
        fact.part_of = vec![Reference::Fact(part_of)];
        self.facts.endpoint(fact)
    }

    pub fn route(&mut self, route: RouteFact) {
        if self.routes_left > 0 {
            self.routes_left -= 1;
            self.facts.routes.push(route);
        } else if !std::mem::replace(&mut self.full, true) {
            let message = "this configuration has more routes than can be followed; the rest is left out".to_owned();
            self.gap("too-large", message, None, route.location, Touch::Everything);
        }
    }

    /// No more routes are taken.
    pub fn is_full(&self) -> bool {
        self.full
    }

    /// A route with an activity and nothing else yet.
    pub fn plain(from: usize, to: Reference, activity: Activity, at: Location) -> RouteFact {
        RouteFact::new(Reference::Fact(from), to, activity, at)
    }

    pub fn gap(&mut self, code: &'static str, message: String, help: Option<String>, location: Location, touch: Touch) {
        let scope = match touch {
            Touch::Endpoint(i) => GapScope::Endpoints(vec![Reference::Fact(i)]),
            // A list of very many endpoints for each of many gaps would say no more than this.
            Touch::Tree if self.principals.is_empty() || self.principals.len() > 500 => GapScope::Everything,
            Touch::Tree => GapScope::Endpoints(self.principals.iter().map(|i| Reference::Fact(*i)).collect()),
            Touch::Everything => GapScope::Everything,
            Touch::Nothing => GapScope::Nothing,
        };
        self.facts.gaps.push(Unread { code, message, help, location, scope });
    }

    /// A pool name that no other pool of this server has.
    pub fn pool(&mut self, server: usize, name: &str) -> String {
        let count = self.pools.entry((server, name.to_owned())).or_insert(0);
        *count += 1;
        if *count == 1 { name.to_owned() } else { format!("{name} ({count})") }
    }
}
