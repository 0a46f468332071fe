//! Names and machines: what a name or an address leads to, and whose place it shares.
//!
//! A virtual host shares its address with others and must not lead to them: only names without a server of their own do.

use std::collections::BTreeSet;
use std::net::IpAddr;

use foldhash::HashMap;

use super::merge::{Draft, Node, World};
use super::resolve::CROWD;
use super::routes::Links;
use crate::model::site::is_private;
use crate::model::{Activity, Address, Endpoint, Reference, RouteFact, SiteMatch, Snapshot, Standing};
use crate::source::Location;

/// A name whose address belongs to a declared machine leads to that machine; a name under a wildcard leads to the wildcard.
/// A name that is nothing but pointers to declared machines has no place of its own.
pub fn names(world: &mut World, links: &mut Links) {
    let mut owners_of = Owners::default();
    for i in 0..world.endpoints.len() {
        let node = Node::new(i);
        let draft = &world.drafts[i];
        let name_only = draft.name_only;
        let mut targets: Vec<(Node, Location)> = Vec::new();
        if name_only || (!draft.has_id && !world.endpoints[i].names.is_empty()) {
            let mut all_owned = true;
            let mut rest: Vec<Address> = Vec::new();
            for address in world.endpoints[i].addresses.clone() {
                let (owners, say_where) = owners_of.get(world, node, &address, name_only);
                all_owned &= !owners.is_empty();
                if !say_where {
                    rest.push(address);
                }
                targets.extend(owners.iter().map(|o| (*o, address.location)));
            }
            if name_only && all_owned && !targets.is_empty() {
                world.endpoints[i].standing = Standing::Logical;
            } else if !rest.is_empty() {
                // Of the others their machine says where they are, better than their number does.
                world.endpoints[i].addresses = rest;
            }
        }
        for wild in wildcards(world, node) {
            let theirs = &world.drafts[wild.index()];
            if name_only || theirs.name_only {
                targets.push((wild, world.endpoints[i].locations[0]));
            } else if theirs.in_zone && !world.endpoints[wild.index()].addresses.is_empty() {
                // Another server answers for the wildcard, but this one has its addresses.
                world.drafts[i].machines.insert(wild);
            }
        }
        targets.sort_unstable();
        targets.dedup_by_key(|(n, _)| *n);
        for (target, location) in targets {
            links.add(node, target, way(location));
        }
    }
    for (from, to, fact) in std::mem::take(&mut world.extra_routes) {
        links.add(from, to, fact);
    }
}

/// The machines that names lead to, found once for each address: many names may share one.
#[derive(Default)]
struct Owners(HashMap<AddressInScope, (Vec<Node>, bool)>);

/// Address, port, scope, and whether any machine of it will do.
type AddressInScope = (IpAddr, Option<u16>, Option<String>, bool);

impl Owners {
    /// The machines that have an address, as a name or (`any` is false) a server without an id sees it, and whether one of them
    /// says where it stands. It is none of them itself.
    fn get(&mut self, world: &mut World, node: Node, address: &Address, any: bool) -> &(Vec<Node>, bool) {
        let (ip, port) = (address.ip, address.port);
        let scope = world.endpoints[node.index()].scope.clone().filter(|_| is_private(ip));
        self.0.entry((ip, port, scope, any)).or_insert_with(|| {
            let owners = world.owners(node, ip, port, |o| any || world.drafts[o.index()].has_id);
            let say_where = owners.iter().any(|o| world.says_where(*o));
            (if owners.len() > CROWD { vec![world.crowd(ip, port, owners)] } else { owners }, say_where)
        })
    }
}

/// An address that nobody declares is one machine, whether or not a port is named with it.
pub fn ports(world: &World, links: &mut Links) {
    for (machine, service) in world.index.implied_ports() {
        for (from, to) in [(machine, service), (service, machine)] {
            links.add(from, to, way(world.endpoints[from.index()].locations[0]));
        }
    }
}

/// The wildcards that stand for names of an endpoint: of servers for a mere name, of zones for what no zone names.
fn wildcards(world: &World, node: Node) -> Vec<Node> {
    let draft = &world.drafts[node.index()];
    if !draft.name_only && draft.in_zone {
        return Vec::new();
    }
    let names = world.endpoints[node.index()].names.iter().filter(|n| !n.starts_with("*."));
    names.filter_map(|name| world.index.wildcard(name)).filter(|wild| *wild != node).collect()
}

/// A way that an address makes.
pub fn way(location: Location) -> RouteFact {
    let ends = || Reference::Id(String::new());
    let mut fact = RouteFact::new(ends(), ends(), Activity::Forward, location);
    fact.alias = true;
    fact.pool = Some("address".into());
    fact
}

impl World {
    /// Other machines that have this address, as `node` sees it; only those that count.
    fn owners(&self, node: Node, ip: IpAddr, port: Option<u16>, counts: impl Fn(Node) -> bool) -> Vec<Node> {
        let scope = &self.endpoints[node.index()].scope;
        self.index.owners_among(ip, port, |owner| {
            let theirs = &self.endpoints[owner.index()];
            owner != node
                && !self.drafts[owner.index()].name_only
                && !theirs.implied
                && (!is_private(ip) || scope.is_none() || theirs.scope.is_none() || theirs.scope == *scope)
                && counts(owner)
        })
    }

    /// Whether somebody says where it stands, other than by its addresses.
    fn says_where(&self, node: Node) -> bool {
        let (endpoint, draft) = (&self.endpoints[node.index()], &self.drafts[node.index()]);
        endpoint.place.is_some()
            || endpoint.region.is_some()
            || endpoint.zone.is_some()
            || draft.site.is_some()
            || !draft.part_of.is_empty()
    }
}

/// Whatever has an address of a declared machine stands where that machine is said to stand, on whichever port. Declared
/// endpoints speak for themselves.
pub fn machines(world: &mut World) {
    for i in 0..world.endpoints.len() {
        let node = Node::new(i);
        let declared = world.drafts[i].has_id || world.says_where(node);
        if declared || world.endpoints[i].standing != Standing::Physical {
            continue;
        }
        let of_address = |address: &Address| -> BTreeSet<Node> {
            let owners: BTreeSet<Node> = world.owners(node, address.ip, None, |o| world.says_where(o)).into_iter().collect();
            let scopes: BTreeSet<_> = owners.iter().map(|o| &world.endpoints[o.index()].scope).collect();
            // The same private address in two networks is two machines.
            if is_private(address.ip) && scopes.len() > 1 { BTreeSet::new() } else { owners }
        };
        let by_address: Vec<BTreeSet<Node>> = world.endpoints[i].addresses.iter().map(of_address).collect();
        if by_address.is_empty() || by_address.iter().any(BTreeSet::is_empty) {
            continue;
        }
        world.drafts[i].machines.extend(by_address.into_iter().flatten());
        world.endpoints[i].addresses.clear();
    }
}

/// A file's site speaks for the servers in that file, not for every address that a zone gives their names: those stand apart,
/// unless the same site's networks hold them.
pub fn apart(world: &mut World, links: &mut Links, snapshot: &Snapshot) {
    for i in 0..world.endpoints.len() {
        let node = Node::new(i);
        let draft = &world.drafts[i];
        if draft.file_sites.is_empty() || world.says_where(node) || world.endpoints[i].standing != Standing::Physical {
            continue;
        }
        let scope = world.endpoints[i].scope.clone();
        let at_site = |address: &Address| {
            let found = snapshot.site_networks.find(address.ip, scope.as_deref().filter(|_| is_private(address.ip)));
            let site = match &found {
                SiteMatch::None | SiteMatch::Ambiguous(_) => return is_private(address.ip) && found == SiteMatch::None,
                SiteMatch::Declared(site, _) | SiteMatch::One(site, _) => &snapshot.site(*site).id,
            };
            draft.file_sites.iter().any(|(known, _)| known == site)
        };
        let foreign = |a: &Address| draft.from_names.contains(&a.location) && !at_site(a);
        let (foreign, own): (Vec<Address>, Vec<Address>) = world.endpoints[i].addresses.iter().partition(|a| foreign(a));
        let Some(first) = foreign.first().map(|a| a.location) else { continue };
        world.endpoints[i].addresses = own;
        let beside = Endpoint {
            name: format!("{} (address records)", world.endpoints[i].name),
            kind: "dns-address".into(),
            addresses: foreign,
            scope,
            locations: vec![first],
            ..Endpoint::default()
        };
        let label = beside.name.clone();
        let target = world.push(beside, Draft { label, ..Draft::default() });
        links.add(node, target, way(first));
    }
}
