//! Where endpoints stand, as far as declared: file overrides, sites and their networks, parts of other endpoints.

use std::collections::{BTreeMap, BTreeSet};

use super::merge::{Node, World};
use super::routes::{Links, neighbours};
use crate::model::site::{Networks, is_private};
use crate::model::{Activity, Address, Endpoint, Gap, GapScope, Reference, Site, SiteId, SiteMatch, Snapshot, Standing};
use crate::project::Project;
use crate::source::{Location, SourceId, Sources, glob};

/// What `[[inputs.override]]` says of each file, and the network scopes of sites.
#[derive(Debug, Default)]
pub struct FileOverrides {
    scopes: BTreeMap<SourceId, String>,
    sites: BTreeMap<SourceId, (String, Location)>,
    site_scopes: BTreeMap<String, String>,
}

impl FileOverrides {
    pub fn new(project: &Project, sources: &Sources) -> Self {
        let mut this = Self::default();
        // The last entry that speaks wins.
        for entry in project.inputs.overrides.iter().rev() {
            let Ok(matcher) = glob::compile(&entry.path.value, false) else { continue };
            for (id, _) in sources.iter().filter(|(_, s)| matcher.is_match(&s.path)) {
                if let Some(scope) = &entry.network_scope {
                    this.scopes.entry(id).or_insert_with(|| scope.value.clone());
                }
                if let (Some(site), Some(file)) = (&entry.site, project.location) {
                    this.sites.entry(id).or_insert_with(|| (site.value.clone(), site.at(file.source)));
                }
            }
        }
        this
    }

    pub fn with_sites(mut self, sites: &[Site]) -> Self {
        self.site_scopes = sites.iter().filter_map(|s| Some((s.id.clone(), s.network_scope.clone()?))).collect();
        self
    }

    pub fn scope(&self, source: SourceId) -> Option<String> {
        let by_site = || self.sites.get(&source).and_then(|(site, _)| self.site_scope(site));
        self.scopes.get(&source).cloned().or_else(by_site)
    }

    pub fn site(&self, source: SourceId) -> Option<(String, Location)> {
        self.sites.get(&source).cloned()
    }

    pub fn site_scope(&self, site: &str) -> Option<String> {
        self.site_scopes.get(site).cloned()
    }
}

/// Sorts sites by id; a site declared twice is a gap that touches everything, since networks may belong to either.
pub fn sort_sites(sites: &mut Vec<Site>, sources: &Sources, gaps: &mut Vec<Gap>) {
    sites.sort_by(|a, b| (&a.id, a.location).cmp(&(&b.id, b.location)));
    for pair in sites.windows(2) {
        if pair[0].id == pair[1].id {
            gaps.push(Gap {
                code: "duplicate-id",
                message: format!("site `{}` is declared again; first at {}", pair[1].id, sources.position(pair[0].location)),
                help: Some("keep one of the two declarations, or give them different ids".into()),
                location: pair[1].location,
                scope: GapScope::Everything,
            });
        }
    }
    sites.dedup_by(|b, a| a.id == b.id);
}

/// Fills `Endpoint::sites` from declared sites and from the networks that cover addresses.
pub fn place_in_sites(world: &mut World, snapshot: &Snapshot, gaps: &mut Vec<Gap>) {
    let by_id: BTreeMap<&str, SiteId> = (0_u32..).zip(&snapshot.sites).map(|(i, s)| (s.id.as_str(), SiteId(i))).collect();
    for i in 0..world.endpoints.len() {
        let node = Node::new(i);
        let endpoint = &world.endpoints[i];
        let draft = &world.drafts[i];
        let by_network: Vec<SiteMatch> = endpoint
            .addresses
            .iter()
            .map(|a| snapshot.site_networks.find(a.ip, endpoint.scope.as_deref().filter(|_| is_private(a.ip))))
            .collect();
        let says_where = endpoint.place.is_some() || endpoint.region.is_some() || endpoint.zone.is_some();
        let by_file = endpoint.standing == Standing::Physical && !says_where && draft.part_of.is_empty();
        let hinted: Vec<(String, Location)> =
            draft.site_hints.iter().filter(|(word, _)| by_id.contains_key(word.as_str())).cloned().collect();
        let declared: &[(String, Location)] = match &draft.site {
            Some(site) => std::slice::from_ref(site),
            None if !hinted.is_empty() => &hinted,
            None if by_file => &draft.file_sites,
            None => &[],
        };
        let mut sites = Vec::new();
        for (name, location) in declared {
            match by_id.get(name.as_str()) {
                Some(site) => sites.push(SiteMatch::Declared(*site, *location)),
                None => {
                    let near = crate::vocab::suggest(name, by_id.keys().copied());
                    gaps.push(Gap {
                        code: "undefined-site",
                        message: format!("`{}` stands in site `{name}`, which no [[site]] declares", endpoint.name),
                        help: Some(match near {
                            Some(near) => format!("did you mean `{near}`?"),
                            None => "declare the site with its country".into(),
                        }),
                        location: *location,
                        scope: GapScope::Endpoints(vec![node.as_id()]),
                    });
                }
            }
        }
        let stands: Vec<SiteId> = sites.iter().filter_map(SiteMatch::site).collect();
        let other = by_network.iter().filter_map(SiteMatch::site).find(|s| !stands.is_empty() && !stands.contains(s));
        if let (Some(other), [(name, location), ..]) = (other, declared) {
            gaps.push(Gap {
                code: "site-disagrees",
                message: format!(
                    "`{}` is declared to stand in site `{name}`, but a network of site `{}` covers its address",
                    endpoint.name,
                    snapshot.site(other).id
                ),
                help: Some("correct the address, the site, or the site's networks".into()),
                location: *location,
                scope: GapScope::Endpoints(vec![node.as_id()]),
            });
        }
        if declared.is_empty() {
            sites = by_network;
        }
        for (address, m) in world.endpoints[i].addresses.iter().zip(&sites) {
            if let SiteMatch::Ambiguous(candidates) = m {
                let names: Vec<String> =
                    candidates.iter().map(|(s, network)| format!("`{}` ({network})", snapshot.site(*s).id)).collect();
                gaps.push(Gap {
                    code: "ambiguous-address",
                    message: format!(
                        "{} lies in networks of {}; which one is meant cannot be told",
                        address.ip,
                        names.join(" and ")
                    ),
                    help: Some(
                        "give the sites different `network-scope`s, and this endpoint or its file the scope it belongs to"
                            .into(),
                    ),
                    location: address.location,
                    scope: GapScope::Endpoints(vec![node.as_id()]),
                });
            }
        }
        sites.retain(|m| *m != SiteMatch::None);
        sites.dedup();
        world.endpoints[i].sites = sites;
    }
}

/// Endpoints of which a list says only a word for where they stand, and no site is called so.
pub fn only_hinted(world: &World, gaps: &mut Vec<Gap>) {
    let is_public = |a: &Address| !is_private(a.ip) && !a.ip.is_loopback();
    for (i, (endpoint, draft)) in world.endpoints.iter().zip(&world.drafts).enumerate() {
        let Some((word, location)) = draft.site_hints.first() else { continue };
        let says_where = endpoint.place.is_some() || endpoint.region.is_some() || endpoint.zone.is_some();
        let stands = !endpoint.sites.is_empty() || !endpoint.stands_with.is_empty();
        if says_where || stands || endpoint.addresses.iter().any(is_public) {
            continue;
        }
        gaps.push(Gap {
            code: "undefined-site",
            message: format!(
                "`{}` is listed at `{word}`, which no [[site]] declares, and nothing else says where it is",
                endpoint.name
            ),
            help: Some(format!("declare it: [[site]] with `id = \"{word}\"` and its country")),
            location: *location,
            scope: GapScope::Endpoints(vec![Node::new(i).as_id()]),
        });
    }
}

/// Fills `stands_with`: declared parts; parts of whatever hands them data; and servers that are known only by a name, which
/// stand where the name leads.
pub fn parts(world: &mut World, links: &Links, gaps: &mut Vec<Gap>) {
    let (senders, aliases) = neighbours(world, links);
    let local = beside(world, links);
    let subnets = Subnets::new(world);
    for i in 0..world.endpoints.len() {
        let node = Node::new(i);
        let declared = std::mem::take(&mut world.drafts[i].part_of);
        let mut hosts: BTreeSet<Node> = BTreeSet::new();
        let known = gaps.len();
        for (input, reference, location) in declared {
            hosts.extend(world.resolve(input, &reference, None, location, gaps));
        }
        // What it is a part of decides where it stands.
        for gap in &mut gaps[known..] {
            if let GapScope::Endpoints(of) = &mut gap.scope {
                of.push(node.as_id());
            }
        }
        let endpoint = &world.endpoints[i];
        if hosts.is_empty() && endpoint.standing == Standing::WithSender {
            hosts = ends(world, node, &senders);
        } else if hosts.is_empty() && endpoint.standing == Standing::Physical && placeless(endpoint) && !endpoint.implied {
            let by_name = aliases.get(&node).is_some_and(|a| !a.is_empty());
            let named_by = senders.get(&node).into_iter().flatten().any(|s| world.drafts[s.index()].name_only);
            if by_name {
                hosts = ends(world, node, &aliases);
            } else if named_by {
                hosts = ends(world, node, &senders);
            }
        }
        if hosts.is_empty() {
            hosts = subnets.hosts(endpoint, node, gaps);
        }
        let placeless = placeless(endpoint);
        if hosts.is_empty() && placeless {
            hosts = world.drafts[i].machines.clone();
        }
        if hosts.is_empty() && placeless && endpoint.kind == "nginx-server" {
            hosts = ends(world, node, &local);
        }
        hosts.remove(&node);
        world.endpoints[i].stands_with = hosts.into_iter().map(Node::as_id).collect();
    }
}

/// Networks that are parts of a cloud's, with the endpoints that stand for them.
struct Subnets {
    networks: Networks,
    /// By owner.
    nodes: Vec<(Node, String)>,
}

impl Subnets {
    fn new(world: &World) -> Self {
        let owners = || world.drafts.iter().enumerate().filter(|(_, d)| !d.networks.is_empty());
        let networks = Networks::new(owners().map(|(i, d)| (d.networks.clone(), world.endpoints[i].scope.clone())));
        let nodes = owners().map(|(i, _)| (Node::new(i), world.endpoints[i].name.clone())).collect();
        Self { networks, nodes }
    }

    /// What has a private address in a subnet, and nothing else that says where it is, stands where the subnet stands.
    fn hosts(&self, endpoint: &Endpoint, node: Node, gaps: &mut Vec<Gap>) -> BTreeSet<Node> {
        let says =
            endpoint.place.is_some() || endpoint.region.is_some() || endpoint.zone.is_some() || !endpoint.sites.is_empty();
        let mut hosts = BTreeSet::new();
        if self.nodes.is_empty() || says || endpoint.standing != Standing::Physical {
            return hosts;
        }
        for address in endpoint.addresses.iter().filter(|a| is_private(a.ip)) {
            let found = self.networks.find(address.ip, endpoint.scope.as_deref());
            let owner = |n: u32| &self.nodes[n as usize];
            if found.len() > 1 {
                let names: Vec<String> = found.iter().map(|(n, network)| format!("`{}` ({network})", owner(*n).1)).collect();
                gaps.push(Gap {
                    code: "ambiguous-address",
                    message: format!("{} lies in {}; which one is meant cannot be told", address.ip, names.join(" and ")),
                    help: Some(
                        "give this file the `network-scope` of one of them in [[inputs.override]]: the name of its VPC".into(),
                    ),
                    location: address.location,
                    scope: GapScope::Endpoints(vec![node.as_id()]),
                });
            }
            hosts.extend(found.into_iter().map(|(n, _)| owner(n).0));
        }
        hosts
    }
}

/// Nothing that it says of itself, and no network, tells where it stands.
pub fn placeless(endpoint: &Endpoint) -> bool {
    endpoint.addresses.is_empty()
        && endpoint.sites.is_empty()
        && endpoint.place.is_none()
        && endpoint.region.is_none()
        && endpoint.zone.is_none()
}

/// Servers of one configuration that hand requests to each other are processes of one machine.
fn beside(world: &World, links: &Links) -> BTreeMap<Node, Vec<Node>> {
    let mut senders: BTreeMap<Node, Vec<Node>> = BTreeMap::new();
    let is_local = |n: Node| matches!(world.endpoints[n.index()].kind.as_str(), "loopback" | "unix-socket");
    for (link, fact) in links.iter().filter(|(_, f)| f.activity != Activity::Depend) {
        if matches!(fact.to, Reference::Fact(_)) || is_local(link.from) {
            senders.entry(link.to).or_default().push(link.from);
        }
    }
    senders
}

/// The physical endpoints nearest along the given edges, through logical ones and parts.
fn ends(world: &World, start: Node, edges: &BTreeMap<Node, Vec<Node>>) -> BTreeSet<Node> {
    let mut found = BTreeSet::new();
    let mut seen = BTreeSet::from([start]);
    let mut stack = vec![start];
    while let Some(node) = stack.pop() {
        for next in edges.get(&node).into_iter().flatten() {
            if !seen.insert(*next) {
                continue;
            }
            let endpoint = &world.endpoints[next.index()];
            if endpoint.standing == Standing::Physical {
                found.insert(*next);
            } else {
                stack.push(*next);
            }
        }
    }
    found
}
