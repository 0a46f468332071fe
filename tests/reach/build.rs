//! Small snapshots in few words.

use onshore::model::*;
use onshore::source::{Location, SourceId, Span};

pub fn at() -> Location {
    Location::new(SourceId(0), Span::default())
}

pub fn country(code: &str) -> Country {
    Country::from_letters(code).expect("a country code")
}

pub fn countries(codes: &[&str]) -> Vec<Country> {
    codes.iter().map(|c| country(c)).collect()
}

pub fn endpoint(name: &str, standing: Standing, roles: &[Role]) -> Endpoint {
    Endpoint { name: name.to_owned(), kind: "test".to_owned(), standing, roles: Roles::of(roles), ..Endpoint::default() }
}

pub fn route(from: u32, to: u32, activity: Activity, pool: u32, priority: u32) -> Route {
    Route { priority, ..Route::new(EndpointId(from), EndpointId(to), activity, pool, at()) }
}

pub fn site(id: &str, domains: &[LossDomain]) -> Site {
    Site {
        id: id.to_owned(),
        place: DeclaredPlace { place: Place::country(country("US")), coordinates: None },
        domains: domains.to_vec(),
        networks: Vec::new(),
        network_scope: None,
        location: at(),
    }
}

pub fn in_site(site: u32) -> SiteMatch {
    SiteMatch::One(SiteId(site), "10.0.0.0/8".parse().expect("a network"))
}

pub fn lost(kind: DomainKind, name: &str) -> onshore::reach::World {
    onshore::reach::World::Loss(vec![LossDomain::new(kind, name)])
}

pub fn population(subject: Subject, data: &[&str], enters: &[u32]) -> Population {
    Population {
        id: "people".to_owned(),
        subject,
        other_axes: Vec::new(),
        data: data.iter().map(|d| (*d).to_owned()).collect(),
        enters: enters.iter().copied().map(EndpointId).collect(),
        subjects: None,
        location: at(),
    }
}

/// A snapshot by the names of its endpoints (in any order here, sorted there).
#[derive(Default)]
pub struct World {
    pub snapshot: Snapshot,
}

impl World {
    pub fn new(endpoints: Vec<Endpoint>) -> Self {
        let mut endpoints = endpoints;
        endpoints.sort_by(|a, b| a.name.cmp(&b.name));
        Self { snapshot: Snapshot { endpoints, ..Snapshot::default() } }
    }

    pub fn id(&self, name: &str) -> EndpointId {
        self.snapshot.find(name).unwrap_or_else(|| panic!("no endpoint {name}"))
    }

    pub fn endpoint(&mut self, name: &str) -> &mut Endpoint {
        let id = self.id(name);
        &mut self.snapshot.endpoints[id.index()]
    }

    pub fn route(&mut self, from: &str, to: &str, activity: Activity, pool: u32, priority: u32) -> &mut Route {
        let route = route(self.id(from).0, self.id(to).0, activity, pool, priority);
        self.snapshot.routes.push(route);
        self.snapshot.routes.last_mut().expect("just pushed")
    }

    pub fn people(&mut self, subject: Subject, data: &[&str], enters: &[&str]) {
        let enters: Vec<u32> = enters.iter().map(|e| self.id(e).0).collect();
        self.snapshot.populations.push(population(subject, data, &enters));
    }

    /// Puts the routes in their order.
    pub fn done(mut self) -> Snapshot {
        sort_routes(&mut self.snapshot);
        self.snapshot
    }
}

pub fn sort_routes(snapshot: &mut Snapshot) {
    snapshot.routes.sort_by_key(|r| (r.from, r.pool, r.priority, r.to, format!("{r:?}")));
    snapshot.index_routes();
}
