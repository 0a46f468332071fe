//! The world as declared, after linking: every name is an id.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use super::endpoint::{Endpoint, EndpointId};
use super::gap::Gap;
use super::population::{Holding, Population};
use super::route::{Route, RouteId, Spill};
use super::site::{DomainKind, LossDomain, Site, SiteId, SiteMatch, SiteNetworks};

/// Sorted and self-consistent: ids index the vectors, endpoints are in the order of their names, routes in the order of
/// `(from, pool, priority, to, ...)`, so that equal inputs in any order give equal snapshots.
#[derive(Debug, Default)]
pub struct Snapshot {
    pub sites: Vec<Site>,
    pub site_networks: SiteNetworks,
    pub endpoints: Vec<Endpoint>,
    pub routes: Vec<Route>,
    pub populations: Vec<Population>,
    pub holdings: Vec<Holding>,
    /// By entry of the transfer register: the endpoints of its recipient.
    pub recipients: Vec<Vec<EndpointId>>,
    /// By `[[recipient]]` entry: the endpoints that they operate.
    pub operated: Vec<Vec<EndpointId>>,
    pub gaps: Vec<Gap>,
    /// `routes[first_route[e]..first_route[e + 1]]` leave endpoint `e`.
    pub first_route: Vec<u32>,
    pub preferred: Preferred,
}

/// Of each pool and rank in it: the routes that traffic takes first, if they can be taken at all. Worked out when first asked for,
/// since a pool of thousands is asked about once for every member.
#[derive(Debug, Default)]
pub struct Preferred(OnceLock<Before>);

/// By endpoint, pool and rank: how many there are, and where the first of them leads.
type Before = BTreeMap<(EndpointId, u32, Rank), (usize, EndpointId)>;

/// Standby, then its order.
type Rank = (bool, u32);

fn rank(route: &Route) -> Rank {
    (route.role.is_standby(), route.priority)
}

impl Snapshot {
    pub fn endpoint(&self, id: EndpointId) -> &Endpoint {
        &self.endpoints[id.index()]
    }

    pub fn route(&self, id: RouteId) -> &Route {
        &self.routes[id.index()]
    }

    pub fn site(&self, id: SiteId) -> &Site {
        &self.sites[id.0 as usize]
    }

    pub fn endpoint_ids(&self) -> impl Iterator<Item = EndpointId> + use<> {
        (0..u32::try_from(self.endpoints.len()).unwrap_or(u32::MAX)).map(EndpointId)
    }

    /// The routes that leave an endpoint, with their ids.
    pub fn routes_from(&self, id: EndpointId) -> impl Iterator<Item = (RouteId, &Route)> {
        let range = match (self.first_route.get(id.index()), self.first_route.get(id.index() + 1)) {
            (Some(a), Some(b)) => *a..*b,
            _ => 0..0,
        };
        range.map(|i| (RouteId(i), &self.routes[i as usize]))
    }

    /// How many routes of its pool traffic takes before a route, and where the first of them leads; `None`: it takes none before it.
    pub fn preferred_to(&self, route: &Route) -> Option<(usize, EndpointId)> {
        let known = self.preferred.0.get_or_init(|| {
            let mut known = BTreeMap::new();
            for pool in self.routes.chunk_by(|a, b| (a.from, a.pool) == (b.from, b.pool)) {
                let mut members: Vec<&Route> = pool.iter().collect();
                members.sort_by_key(|r| rank(r));
                let (mut before, mut first) = (0, None);
                for alike in members.chunk_by(|a, b| rank(a) == rank(b)) {
                    if let Some(first) = first {
                        known.insert((alike[0].from, alike[0].pool, rank(alike[0])), (before, first));
                    }
                    let takes = alike.iter().filter(|r| !matches!(r.spill, Spill::Never(_))).map(|r| r.to);
                    first = first.or(takes.clone().next());
                    before += takes.count();
                }
            }
            known
        });
        known.get(&(route.from, route.pool, rank(route))).copied()
    }

    pub fn find(&self, name: &str) -> Option<EndpointId> {
        let at = self.endpoints.binary_search_by(|e| e.name.as_str().cmp(name)).ok()?;
        Some(EndpointId(u32::try_from(at).unwrap_or(u32::MAX)))
    }

    /// Sorts nothing; fills `first_route` from routes that are sorted by `from`.
    pub fn index_routes(&mut self) {
        let mut first = vec![0_u32; self.endpoints.len() + 1];
        for route in &self.routes {
            first[route.from.index() + 1] += 1;
        }
        for i in 1..first.len() {
            first[i] += first[i - 1];
        }
        self.first_route = first;
        self.preferred = Preferred::default();
    }

    /// The sites an endpoint stands in, as far as known; for parts, those of what they are part of.
    pub fn sites_of(&self, id: EndpointId) -> Vec<SiteId> {
        let mut sites: Vec<SiteId> = Vec::new();
        let own = std::slice::from_ref(&id);
        let endpoint = self.endpoint(id);
        let hosts = if endpoint.stands_with.is_empty() { own } else { endpoint.stands_with.as_slice() };
        for host in hosts {
            sites.extend(self.endpoint(*host).sites.iter().filter_map(SiteMatch::site));
        }
        sites.sort_unstable();
        sites.dedup();
        sites
    }

    /// Every loss domain that takes this endpoint down as a whole: its own, and those that all of its sites share, unless it
    /// says itself whose it is (a backup under another account in the same building).
    pub fn domains_of(&self, id: EndpointId) -> Vec<LossDomain> {
        let endpoint = self.endpoint(id);
        let mut domains: Vec<LossDomain> = if endpoint.stands_with.is_empty() {
            endpoint.domains.clone()
        } else {
            shared(endpoint.stands_with.iter().map(|host| self.endpoint(*host).domains.clone()))
        };
        let own: Vec<DomainKind> = domains.iter().map(|d| d.kind).collect();
        let of_sites = shared(self.sites_of(id).into_iter().map(|site| self.site_domains(site)));
        domains.extend(of_sites.into_iter().filter(|d| !(d.kind.is_ownership() && own.contains(&d.kind))));
        domains.sort_unstable();
        domains.dedup();
        domains
    }

    /// A site's loss domains with the site itself and its country.
    pub fn site_domains(&self, id: SiteId) -> Vec<LossDomain> {
        let site = self.site(id);
        let mut domains = site.domains.clone();
        domains.push(LossDomain::new(DomainKind::Site, site.id.as_str()));
        domains.push(LossDomain::new(DomainKind::Country, site.place.place.country.as_str()));
        domains
    }
}

/// The domains that occur in every one of the lists.
fn shared(lists: impl Iterator<Item = Vec<LossDomain>>) -> Vec<LossDomain> {
    lists.reduce(|common, list| common.into_iter().filter(|d| list.contains(d)).collect()).unwrap_or_default()
}
