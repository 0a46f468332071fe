//! Facts to endpoints: facts that share a declared id, a cloud id or a host name are one endpoint.
//!
//! Endpoints with different declared ids never become one: a host name that several of them carry is an endpoint of its own,
//! with a way to each.

use std::collections::{BTreeMap, BTreeSet, hash_map::Entry};
use std::net::IpAddr;

use foldhash::HashMap;
use ipnetwork::IpNetwork;

use super::beyond::Beyond;
use super::fragment::Fragments;
use super::group_by;
use super::index::Index;
use super::stand::FileOverrides;
use crate::model::{
    Endpoint, EndpointFact, EndpointId, Gap, GapScope, LossDomain, Reference, RouteFact, Standing,
    endpoint::Attributes,
    site::{DomainKind, is_private},
};
use crate::source::{Location, Sources, Spanned};

/// An endpoint before the final order is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Node(pub u32);

impl Node {
    pub fn new(index: usize) -> Self {
        Self(u32::try_from(index).expect("fewer than 2^32 endpoints"))
    }

    pub fn index(self) -> usize {
        self.0 as usize
    }

    /// As a provisional id; [`Order::id`] makes it final.
    pub fn as_id(self) -> EndpointId {
        EndpointId(self.0)
    }
}

/// What is known of a node beyond the endpoint itself while linking.
#[derive(Debug, Default)]
pub struct Draft {
    pub label: String,
    pub has_id: bool,
    /// Only DNS or hosts entries speak of it.
    pub name_only: bool,
    /// Its files belong to different private networks, so that each speaks for itself only.
    pub several_scopes: bool,
    /// A server of some configuration answers by its names.
    pub answers: bool,
    /// A zone file speaks of it, so that no wildcard stands for it.
    pub in_zone: bool,
    /// `site = "..."` with its line, and the sites that the overrides of its files give.
    pub site: Option<(String, Location)>,
    pub file_sites: Vec<(String, Location)>,
    /// Words that may name a site.
    pub site_hints: Vec<(String, Location)>,
    /// What is in these networks and has no other place stands here.
    pub networks: Vec<IpNetwork>,
    /// Where zones and hosts files write addresses of it.
    pub from_names: BTreeSet<Location>,
    /// `part-of` references, with the input they stand in.
    pub part_of: Vec<(usize, Reference, Location)>,
    /// `inside` references likewise.
    pub inside: Vec<(usize, Reference, Location)>,
    /// Declared machines that have its addresses and say where they stand.
    pub machines: BTreeSet<Node>,
}

/// All endpoints, and the indices to find them by.
#[derive(Debug)]
pub struct World {
    pub endpoints: Vec<Endpoint>,
    pub drafts: Vec<Draft>,
    /// `nodes[input][fact]`.
    pub nodes: Vec<Vec<Node>>,
    pub index: Index,
    /// What the user's file says of whole files.
    pub overrides: FileOverrides,
    pub fragments: Fragments,
    /// Ways that linking itself creates: a shared name or address to each of its bearers.
    pub extra_routes: Vec<(Node, Node, RouteFact)>,
    /// What stands for the many that share an address, by address, port and network scope.
    pub crowds: HashMap<(IpAddr, Option<u16>, Option<String>), Node>,
    /// Which private networks reach which.
    pub beyond: Beyond,
}

/// The final order of endpoints: by name.
pub struct Order {
    /// `ids[node]`.
    ids: Vec<EndpointId>,
    nodes: Vec<Node>,
}

impl Order {
    pub fn id(&self, node: Node) -> EndpointId {
        self.ids[node.index()]
    }
}

const NAME_KINDS: [&str; 2] = ["dns-name", "host-name"];

pub fn merge(inputs: Vec<Vec<EndpointFact>>, overrides: FileOverrides, sources: &Sources, gaps: &mut Vec<Gap>) -> World {
    let mut flat: Vec<(usize, EndpointFact)> = Vec::new();
    let mut starts = Vec::with_capacity(inputs.len());
    for (input, facts) in inputs.into_iter().enumerate() {
        starts.push(flat.len());
        flat.extend(facts.into_iter().map(|f| (input, plain(f))));
    }
    starts.push(flat.len());

    let mut joined = Joined::new(flat.len());
    let mut by_id: HashMap<&str, usize> = HashMap::default();
    for (i, (_, fact)) in flat.iter().enumerate() {
        for id in fact.id.iter().chain(&fact.cloud_ids) {
            match by_id.entry(id.as_str()) {
                Entry::Occupied(first) => joined.join(*first.get(), i),
                Entry::Vacant(slot) => {
                    slot.insert(i);
                }
            }
        }
    }
    drop(by_id);
    let shared_names = join_names(&flat, &mut joined);

    let mut node_of_root: Vec<Option<Node>> = vec![None; flat.len()];
    let mut members: Vec<Vec<usize>> = Vec::new();
    let mut node_of_fact = Vec::with_capacity(flat.len());
    for i in 0..flat.len() {
        let node = *node_of_root[joined.root(i)].get_or_insert_with(|| {
            members.push(Vec::new());
            Node::new(members.len() - 1)
        });
        members[node.index()].push(i);
        node_of_fact.push(node);
    }
    let nodes = starts.windows(2).map(|w| node_of_fact[w[0]..w[1]].to_vec()).collect();

    let mut facts: Vec<Option<(usize, EndpointFact)>> = flat.into_iter().map(Some).collect();
    let mut world = World {
        endpoints: Vec::with_capacity(members.len()),
        drafts: Vec::with_capacity(members.len()),
        nodes,
        index: Index::default(),
        overrides,
        fragments: Fragments::default(),
        extra_routes: Vec::new(),
        crowds: HashMap::default(),
        beyond: Beyond::default(),
    };
    for ((_, fact), node) in facts.iter().flatten().zip(&node_of_fact).filter(|((_, f), _)| f.fragment) {
        world.fragments.add(fact, *node, sources);
    }
    for group in members {
        let mut group: Vec<(usize, EndpointFact)> = group.into_iter().filter_map(|i| facts[i].take()).collect();
        group.sort_by_key(|(_, f)| f.location);
        let (endpoint, draft) = one_endpoint(group, &world.overrides, sources, gaps, Node::new(world.endpoints.len()));
        world.push(endpoint, draft);
    }
    for (name, bearers) in shared_names {
        world.share_name(name, bearers.into_iter().map(|i| node_of_fact[i]).collect());
    }
    world
}

/// Joins facts by host name, unless that would make one endpoint of two declared ids. Returns the names that several
/// declared endpoints carry, with one fact of each.
fn join_names(flat: &[(usize, EndpointFact)], joined: &mut Joined) -> Vec<(Spanned<String>, Vec<usize>)> {
    // By root.
    let mut has_id = vec![false; flat.len()];
    for (i, (_, fact)) in flat.iter().enumerate() {
        has_id[joined.root(i)] |= fact.id.is_some();
    }
    let by_name =
        group_by(flat.iter().enumerate().flat_map(|(i, (_, fact))| fact.names.iter().map(move |n| (n.value.as_str(), (i, n)))));
    let mut shared = Vec::new();
    for bearers in by_name.values() {
        let mut declared: Vec<usize> = Vec::new();
        let mut plain: Vec<usize> = Vec::new();
        for (i, _) in bearers {
            let root = joined.root(*i);
            if has_id[root] { &mut declared } else { &mut plain }.push(root);
        }
        declared.sort_unstable();
        declared.dedup();
        for pair in plain.windows(2) {
            joined.join(pair[0], pair[1]);
        }
        match (declared.as_slice(), plain.first()) {
            ([only], Some(first)) => {
                joined.join(*only, *first);
                has_id[joined.root(*only)] = true;
            }
            ([] | [_], _) => {}
            _ => {
                let name = bearers[0].1.clone();
                declared.extend(plain.first());
                shared.push((name, declared));
            }
        }
    }
    shared
}

/// The one notation of what may be written in several: IPv4-mapped addresses, and ids that are host names, by which configs and
/// zones then mean the same thing.
fn plain(mut fact: EndpointFact) -> EndpointFact {
    for address in &mut fact.addresses {
        address.ip = address.ip.to_canonical();
    }
    let as_name = fact.id.as_deref().filter(|id| is_host_name(id)).map(|id| id.trim_end_matches('.').to_lowercase());
    if let Some(name) = as_name.filter(|name| fact.names.iter().all(|n| n.value != *name)) {
        fact.names.push(Spanned::new(name, fact.location.span));
    }
    fact
}

/// With a dot inside, and no address.
fn is_host_name(id: &str) -> bool {
    let label = |l: &str| !l.is_empty() && l.chars().all(|c| c.is_alphanumeric() || matches!(c, '-' | '_'));
    let id = id.trim_end_matches('.');
    id.contains('.') && id.split('.').all(label) && id.parse::<std::net::IpAddr>().is_err()
}

fn one_endpoint(
    group: Vec<(usize, EndpointFact)>,
    overrides: &FileOverrides,
    sources: &Sources,
    gaps: &mut Vec<Gap>,
    node: Node,
) -> (Endpoint, Draft) {
    let mut endpoint = Endpoint::default();
    let mut draft = Draft { name_only: true, ..Draft::default() };
    let mut ids: Vec<(String, Location)> = Vec::new();
    let mut standings = Vec::new();
    let mut scopes: BTreeMap<String, Location> = BTreeMap::new();
    let mut named = None;
    for (input, fact) in group {
        let source = fact.location.source;
        standings.push(fact.standing);
        draft.name_only &= NAME_KINDS.contains(&fact.kind.as_str());
        draft.in_zone |= fact.kind == NAME_KINDS[0];
        draft.answers |= fact.kind == "nginx-server";
        if NAME_KINDS.contains(&fact.kind.as_str()) {
            draft.from_names.extend(fact.addresses.iter().map(|a| a.location));
        }
        let kind = fact.kind;
        // What a manifest calls it says less than what anything else does.
        let by_manifest = |kind: &str| kind.starts_with("fides-");
        let says_more = NAME_KINDS.contains(&endpoint.kind.as_str()) || (by_manifest(&endpoint.kind) && !by_manifest(&kind));
        if endpoint.locations.is_empty() || says_more {
            endpoint.kind.clone_from(&kind);
        }
        if fact.labelled && named.is_none() {
            named = Some(fact.label.clone());
        }
        if draft.label.is_empty() {
            draft.label = fact.label;
        }
        endpoint.roles = endpoint.roles.union(fact.roles);
        for name in fact.names {
            if !endpoint.names.contains(&name.value) {
                endpoint.names.push(name.value);
            }
        }
        let by_site = || fact.site.as_ref().and_then(|s| overrides.site_scope(&s.value));
        let scope = fact.scope.or_else(by_site).or_else(|| overrides.scope(source));
        if let Some(scope) = scope.as_ref().filter(|_| fact.addresses.iter().any(|a| is_private(a.ip))) {
            scopes.entry(scope.clone()).or_insert(fact.location);
        }
        endpoint.addresses.extend(fact.addresses);
        draft.networks.extend(fact.networks.into_iter().map(|n| n.value));
        endpoint.cloud_ids.extend(fact.cloud_ids);
        endpoint.scope = endpoint.scope.or(scope);
        endpoint.provider = endpoint.provider.or(fact.provider);
        if endpoint.region.is_none() && endpoint.zone.is_none() {
            endpoint.region_location = fact.zone.as_ref().or(fact.region.as_ref()).map(|r| r.at(source));
        }
        if let (Some(first), Some(other)) = (&endpoint.region, &fact.region)
            && plain_region(first) != plain_region(&other.value)
        {
            gaps.push(Gap {
                code: "region-disagrees",
                message: format!(
                    "`{}` stands in region `{first}` by one file and in `{}` by another",
                    draft.label, other.value
                ),
                help: Some(
                    "plan again, or refresh the state, so that all files tell the same; or leave the stale one out".into(),
                ),
                location: other.at(source),
                scope: GapScope::Endpoints(vec![node.as_id()]),
            });
        }
        endpoint.region = endpoint.region.or(fact.region.map(|r| r.value));
        endpoint.zone = endpoint.zone.or(fact.zone.map(|z| z.value));
        if endpoint.trail.is_empty() {
            endpoint.trail = fact.trail;
        }
        endpoint.account = endpoint.account.or(fact.account);
        endpoint.domains.extend(fact.domains);
        endpoint.place = endpoint.place.or(fact.place);
        endpoint.tags.extend(fact.tags);
        merge_attributes(&mut endpoint.attributes, fact.attributes);
        if let Some(site) = fact.site {
            let here = site.at(source);
            match &draft.site {
                Some((first, _)) if *first != site.value => gaps.push(Gap {
                    code: "site-disagrees",
                    message: format!(
                        "`{}` stands in site `{first}` by one file and in `{}` by another",
                        draft.label, site.value
                    ),
                    help: Some("say it once, or give the two endpoints different ids".into()),
                    location: here,
                    scope: GapScope::Endpoints(vec![node.as_id()]),
                }),
                Some(_) => {}
                None => draft.site = Some((site.value, here)),
            }
        }
        draft.site_hints.extend(fact.site_hints.into_iter().map(|h| (h.value.clone(), h.at(source))));
        // A name without a machine is everywhere its zone is read.
        let here = overrides.site(source).filter(|_| !fact.elsewhere && !NAME_KINDS.contains(&kind.as_str()));
        draft.file_sites.extend(here.filter(|(site, _)| draft.file_sites.iter().all(|(known, _)| known != site)));
        draft.part_of.extend(fact.part_of.into_iter().map(|r| (input, r, fact.location)));
        draft.inside.extend(fact.inside.into_iter().map(|r| (input, r, fact.location)));
        if let Some(id) = fact.id {
            // Parent and child zone both tell the servers of a name, and so do two views of one zone.
            let told_again = kind.starts_with("dns-") && !ids.is_empty();
            if !told_again {
                ids.push((id, fact.location));
            }
        }
        endpoint.locations.push(fact.location);
    }
    if let [(first, _), rest @ ..] = ids.as_slice() {
        draft.has_id = true;
        endpoint.name = first.clone();
        for (id, location) in rest {
            gaps.push(Gap {
                code: "duplicate-id",
                message: format!("`{id}` is declared again; first at {}", sources.position(ids[0].1)),
                help: Some("give each endpoint its own id; until then both declarations count as one endpoint".into()),
                location: *location,
                scope: GapScope::Endpoints(vec![node.as_id()]),
            });
        }
    } else if let Some(name) = named.as_ref().or(endpoint.names.first()) {
        endpoint.name = name.clone();
    } else {
        endpoint.name = draft.label.clone();
    }
    if scopes.len() > 1
        && let Some((_, location)) = scopes.last_key_value()
    {
        draft.several_scopes = true;
        let names: Vec<String> = scopes.keys().map(|s| format!("`{s}`")).collect();
        gaps.push(Gap {
            code: "scopes-disagree",
            message: format!("`{}` has private addresses in the networks {}", endpoint.name, names.join(" and ")),
            help: Some("give what stands in each network a name or an id of its own".into()),
            location: *location,
            scope: GapScope::Endpoints(vec![node.as_id()]),
        });
    }
    endpoint.standing = if standings.contains(&Standing::Physical) {
        Standing::Physical
    } else if standings.contains(&Standing::WithSender) {
        Standing::WithSender
    } else {
        Standing::Logical
    };
    endpoint.cloud_ids.sort_unstable();
    endpoint.cloud_ids.dedup();
    endpoint.addresses.sort_by_key(|a| (a.ip, a.port, a.location));
    endpoint.addresses.dedup_by_key(|a| (a.ip, a.port));
    own_domains(&mut endpoint);
    (endpoint, draft)
}

/// `East US` and `eastus` are one region.
fn plain_region(region: &str) -> String {
    region.chars().filter(|c| !c.is_whitespace()).flat_map(char::to_lowercase).collect()
}

/// Account, provider, region and zone are loss domains too; region and zone ids carry their provider.
fn own_domains(endpoint: &mut Endpoint) {
    let provider = endpoint.provider.as_deref().unwrap_or("");
    let qualified = |id: &String| if provider.is_empty() { id.clone() } else { format!("{provider}/{id}") };
    let own = [
        (DomainKind::Account, endpoint.account.clone()),
        (DomainKind::Provider, endpoint.provider.clone()),
        (DomainKind::Region, endpoint.region.as_ref().map(qualified)),
        (DomainKind::Zone, endpoint.zone.as_ref().map(qualified)),
    ];
    for (kind, value) in own {
        endpoint.domains.extend(value.map(|v| LossDomain::new(kind, v)));
    }
    endpoint.domains.sort_unstable();
    endpoint.domains.dedup();
}

fn merge_attributes(into: &mut Attributes, from: Attributes) {
    into.retention_hours = into.retention_hours.or(from.retention_hours);
    into.encryption_key = into.encryption_key.take().or(from.encryption_key);
    into.locked = into.locked.or(from.locked);
    into.max_age_hours = into.max_age_hours.or(from.max_age_hours);
    for (key, value) in from.other {
        into.other.entry(key).or_insert(value);
    }
}

impl World {
    /// Adds an endpoint and indexes it.
    pub fn push(&mut self, endpoint: Endpoint, draft: Draft) -> Node {
        let node = Node::new(self.endpoints.len());
        self.index.add(node, &endpoint, &draft);
        self.endpoints.push(endpoint);
        self.drafts.push(draft);
        node
    }

    /// A name that several endpoints carry becomes an endpoint of its own.
    fn share_name(&mut self, name: Spanned<String>, bearers: Vec<Node>) {
        let Some(location) = bearers.first().map(|b| self.endpoints[b.index()].locations[0]) else { return };
        // A bearer without an id (the DNS entry) already is the name; else one is made.
        let own = bearers.iter().copied().find(|b| !self.drafts[b.index()].has_id);
        let node = own.unwrap_or_else(|| {
            let mut endpoint = Endpoint::default();
            endpoint.name.clone_from(&name.value);
            endpoint.kind = "name".into();
            endpoint.standing = Standing::Logical;
            endpoint.names.push(name.value.clone());
            endpoint.locations.push(location);
            self.push(endpoint, Draft { label: name.value.clone(), ..Draft::default() })
        });
        self.index.set_host(&name.value, node);
        for bearer in bearers {
            if bearer != node {
                let location = self.endpoints[bearer.index()].locations[0];
                let mut way = RouteFact::new(
                    Reference::Id(String::new()),
                    Reference::Id(String::new()),
                    crate::model::Activity::Forward,
                    location,
                );
                way.alias = true;
                way.pool = Some("name".into());
                self.extra_routes.push((node, bearer, way));
            }
        }
    }

    /// Makes names unique and gives the final order, which is by name.
    pub fn sort(&mut self, sources: &Sources) -> Order {
        let mut nodes = self.by_name();
        let name = |node: &Node| &self.endpoints[node.index()].name;
        let same: Vec<Vec<Node>> =
            nodes.chunk_by(|a, b| name(a) == name(b)).filter(|run| run.len() > 1).map(<[Node]>::to_vec).collect();
        for group in &same {
            // An id keeps its name; among the rest, equal labels are told apart by their lines.
            let mut seen: BTreeMap<String, usize> = BTreeMap::new();
            for i in group.iter().map(|n| n.index()).filter(|i| !self.drafts[*i].has_id) {
                let endpoint = &mut self.endpoints[i];
                let at = endpoint.locations.first().map(|l| sources.position(*l).to_string()).unwrap_or_default();
                let mut name = format!("{} ({at})", endpoint.name);
                let again = seen.entry(name.clone()).or_default();
                *again += 1;
                if *again > 1 {
                    name = format!("{name} #{again}");
                }
                endpoint.name = name;
            }
        }
        if !same.is_empty() {
            nodes = self.by_name();
        }
        let mut ids = vec![EndpointId(0); nodes.len()];
        for (rank, node) in nodes.iter().enumerate() {
            ids[node.index()] = Node::new(rank).as_id();
        }
        Order { ids, nodes }
    }

    /// By name; of equal names the one met first.
    fn by_name(&self) -> Vec<Node> {
        let mut named: Vec<(&str, Node)> =
            self.endpoints.iter().enumerate().map(|(i, e)| (e.name.as_str(), Node::new(i))).collect();
        named.sort_unstable();
        named.into_iter().map(|(_, node)| node).collect()
    }

    pub fn into_endpoints(self, order: &Order) -> Vec<Endpoint> {
        let mut endpoints: Vec<Option<Endpoint>> = self.endpoints.into_iter().map(Some).collect();
        let mut sorted = Vec::with_capacity(endpoints.len());
        for node in &order.nodes {
            let Some(mut endpoint) = endpoints[node.index()].take() else { continue };
            for host in &mut endpoint.stands_with {
                *host = order.id(Node(host.0));
            }
            endpoint.stands_with.sort_unstable();
            endpoint.stands_with.dedup();
            sorted.push(endpoint);
        }
        sorted
    }
}

/// Union-find with the smallest index as root, so that the result does not depend on the order of joins.
struct Joined(Vec<usize>);

impl Joined {
    fn new(len: usize) -> Self {
        Self((0..len).collect())
    }

    fn root(&mut self, mut i: usize) -> usize {
        while self.0[i] != i {
            self.0[i] = self.0[self.0[i]];
            i = self.0[i];
        }
        i
    }

    fn join(&mut self, a: usize, b: usize) {
        let (a, b) = (self.root(a), self.root(b));
        self.0[a.max(b)] = a.min(b);
    }
}
