//! From the tables of an inventory to facts, with the checks that look at more than one value.

use foldhash::HashMap;

use super::entry::{EndpointEntry, RouteEntry, SiteEntry};
use crate::doc::Problem;
use crate::doc::types::{Coordinates, CountryCode, Name, OneOrMore, SubdivisionCode};
use crate::model::endpoint::{Address, Role, Roles};
use crate::model::{
    Activity, ClientMatch, Country, DataLimit, DeclaredPlace, DomainKind, EndpointFact, Facts, LossDomain, Place, Reference,
    RouteFact, RouteRole, Site, Spill,
};
use crate::read::Reading;
use crate::source::{InputError, Location, Source, SourceId, Span, Spanned};
use crate::vocab::places;

/// Kinds whose roles go without saying.
const ROLES_BY_KIND: &[(Role, &[&str])] = &[
    (
        Role::Store,
        &["bucket", "database", "object-store", "queue", "cache", "volume", "backup-vault", "log-sink", "file-share"],
    ),
    (Role::Keys, &["key-server", "kms", "hsm"]),
    (Role::Access, &["workplace", "person", "laptop", "office"]),
    (Role::Transit, &["cdn", "load-balancer", "proxy", "gateway"]),
];

/// Gathers the facts and errors of one file.
pub(super) struct Conversion<'s> {
    file: SourceId,
    source: &'s Source,
    facts: Facts,
    errors: Vec<InputError>,
    sites: HashMap<String, Span>,
    endpoints: HashMap<String, Span>,
}

impl<'s> Conversion<'s> {
    pub fn new(file: SourceId, source: &'s Source) -> Self {
        let (facts, errors, sites, endpoints) = Default::default();
        Self { file, source, facts, errors, sites, endpoints }
    }

    pub fn finish(mut self) -> Reading {
        self.errors.sort();
        Reading { facts: self.facts, errors: self.errors, ..Reading::default() }
    }

    pub fn problem(&mut self, problem: Problem) {
        self.errors.push(problem.in_source(self.file));
    }

    pub fn problems(&mut self, problems: Vec<Problem>) {
        problems.into_iter().for_each(|p| self.problem(p));
    }

    pub fn site(&mut self, entry: SiteEntry, span: Span) {
        let first = self.sites.insert(entry.id.value.0.clone(), entry.id.span);
        self.check_unique("site", &entry.id, first);
        let coordinates = self.coordinates(&entry);
        let place = self.place(entry.country.value.0, entry.subdivision, entry.city.map(|c| c.0));
        let provider = entry.provider.map(|p| p.0);
        let of_provider = |id: Name| match &provider {
            Some(provider) => format!("{provider}/{}", id.0),
            None => id.0,
        };
        let mut domains = Vec::new();
        let mut add = |kind, name: Option<String>| domains.extend(name.map(|n| LossDomain::new(kind, n)));
        add(DomainKind::Zone, entry.zone.map(of_provider));
        add(DomainKind::Campus, entry.campus.map(|n| n.0));
        add(DomainKind::Metro, entry.metro.map(|n| n.0));
        add(DomainKind::Region, entry.region.map(of_provider));
        add(DomainKind::Account, entry.account.map(|n| n.0));
        add(DomainKind::Provider, provider.clone());
        entry.carrier.0.into_iter().for_each(|n| add(DomainKind::Carrier, Some(n.0)));
        add(DomainKind::Operator, entry.operator.map(|n| n.0));
        self.facts.sites.push(Site {
            id: entry.id.value.0,
            place: DeclaredPlace { place, coordinates },
            domains,
            networks: entry.networks.0.into_iter().map(|n| n.map(|cidr| cidr.0)).collect(),
            network_scope: entry.network_scope.map(|n| n.0),
            location: Location::new(self.file, span),
        });
    }

    pub fn endpoint(&mut self, entry: EndpointEntry, _: Span) {
        let first = self.endpoints.insert(entry.id.value.0.clone(), entry.id.span);
        self.check_unique("endpoint", &entry.id, first);
        // The line with the id says more than the `[[endpoint]]` above it.
        let location = entry.id.at(self.file);
        let kind = entry.kind.map_or_else(|| "endpoint".to_owned(), |k| k.0);
        let mut fact = EndpointFact::new(kind, entry.id.value.0.as_str(), location);
        fact.roles = roles(&fact.kind, &entry.roles.0.iter().map(|r| r.0).collect::<Vec<_>>());
        fact.id = Some(entry.id.value.0);
        for name in entry.names.0 {
            if name.value.0.parse::<std::net::IpAddr>().is_ok() {
                let message = format!("`{}` is an address, not a host name", name.value.0);
                self.problem(Problem::new(name.span, message).help("put it into `addresses`"));
                continue;
            }
            fact.names.push(name.map(|n| n.0.trim_end_matches('.').to_lowercase()));
        }
        for address in entry.addresses.0 {
            let (ip, port) = address.value.0;
            fact.addresses.push(Address { ip, port, location: address.at(self.file) });
        }
        fact.cloud_ids = entry.cloud_ids.0.into_iter().map(|n| n.0).collect();
        fact.site = entry.site.map(|s| s.map(|n| n.0));
        fact.scope = entry.network_scope.map(|n| n.0);
        fact.provider = entry.provider.map(|n| n.0);
        fact.region = entry.region.map(|s| s.map(|n| n.0));
        fact.zone = entry.zone.map(|s| s.map(|n| n.0));
        fact.account = entry.account.map(|n| n.0);
        // Provider, region, zone and account become domains when linking, for every format alike.
        let mut add = |kind, name: Option<String>| fact.domains.extend(name.map(|n| LossDomain::new(kind, n)));
        add(DomainKind::Campus, entry.campus.map(|n| n.0));
        add(DomainKind::Metro, entry.metro.map(|n| n.0));
        add(DomainKind::Operator, entry.operator.map(|n| n.0));
        entry.carrier.0.into_iter().for_each(|n| add(DomainKind::Carrier, Some(n.0)));
        fact.tags = entry.tags;
        fact.attributes.retention_hours = entry.retention.map(|h| h.0);
        fact.attributes.encryption_key = entry.encryption_key.map(|n| n.0);
        fact.attributes.locked = entry.locked;
        fact.attributes.max_age_hours = entry.max_age.map(|h| h.0);
        fact.part_of = entry.part_of.0.into_iter().map(|n| Reference::Any(n.0)).collect();
        match entry.country {
            Some(country) => {
                let at = country.at(self.file);
                let place = self.place(country.value.0, entry.subdivision, entry.city.map(|c| c.value.0));
                let coordinates = entry.coordinates.map(|c| (c.value.0, c.value.1));
                fact.place = Some((DeclaredPlace { place, coordinates }, at));
            }
            None => {
                let spans = [entry.subdivision.map(|s| s.span), entry.city.map(|s| s.span), entry.coordinates.map(|s| s.span)];
                if let Some(span) = spans.into_iter().flatten().next() {
                    self.problem(
                        Problem::new(span, "a place needs its country").help("add `country`, as in `country = \"DE\"`"),
                    );
                }
            }
        }
        self.facts.endpoints.push(fact);
    }

    pub fn route(&mut self, entry: RouteEntry, _: Span) {
        let activity = entry.activity.map_or(Activity::Forward, |a| a.0);
        let location = entry.to.at(self.file);
        let mut fact = RouteFact::new(Reference::Any(entry.from.0), Reference::Any(entry.to.value.0), activity, location);
        fact.role = entry.role.map_or(RouteRole::Primary, |r| r.0);
        if fact.role == RouteRole::Manual {
            fact.spill = Spill::Manual("declared as a manual route".to_owned());
        }
        fact.pool = entry.pool.map(|n| n.0);
        fact.priority = entry.priority;
        if let Some(classes) = entry.data {
            fact.data = DataLimit::Only(sorted(classes.0.into_iter().map(|c| c.0)));
        }
        fact.drops = sorted(entry.drops.0.into_iter().map(|c| c.0));
        fact.condition = entry.condition.map(|n| n.0);
        if let Some(purpose) = entry.purpose {
            if activity != Activity::Depend {
                let message = format!("`purpose` says nothing about a `{}` route", activity.as_str());
                self.problem(Problem::new(purpose.span, message).help("it belongs to routes with activity `depend`"));
            }
            fact.purpose = purpose.value.0;
        }
        let spans = [
            entry.origin.as_ref().map(|o| o.span),
            entry.except_origin.as_ref().map(|o| o.span),
            entry.networks.as_ref().map(|o| o.span),
        ];
        if let Some(second) = spans.into_iter().flatten().nth(1) {
            let help = "keep one of `origin`, `except-origin` and `networks`, or write two routes";
            self.problem(Problem::new(second, "a route tells its clients by one thing only").help(help));
        }
        let codes = |list: OneOrMore<CountryCode>| sorted(list.0.into_iter().map(|c| c.0));
        fact.clients = match (entry.origin, entry.except_origin, entry.networks) {
            (Some(only), _, _) => ClientMatch::Countries(codes(only.value)),
            (_, Some(except), _) => ClientMatch::Except(codes(except.value)),
            (_, _, Some(networks)) => ClientMatch::Networks(networks.value.0.into_iter().map(|n| n.0).collect()),
            _ => ClientMatch::Any,
        };
        self.facts.routes.push(fact);
    }

    fn check_unique(&mut self, what: &str, id: &Spanned<Name>, first: Option<Span>) {
        if let Some(first) = first {
            let message = format!("the {what} `{}` is declared twice", id.value.0);
            let help = format!("it is declared first on line {}", self.source.line(first.start));
            self.problem(Problem::new(id.span, message).help(help));
        }
    }

    fn place(&mut self, country: Country, subdivision: Option<Spanned<SubdivisionCode>>, city: Option<String>) -> Place {
        if let Some(code) = &subdivision
            && !code.value.0.starts_with(country.as_str())
        {
            let message = format!("`{}` does not lie in {country}", code.value.0);
            self.problem(Problem::new(code.span, message).help("correct the country or the subdivision"));
        }
        let subdivision = subdivision.map(|s| s.value.0);
        places::normalize(Place { country, subdivision, city: city.map(String::into_boxed_str) })
    }

    fn coordinates(&mut self, entry: &SiteEntry) -> Option<(f64, f64)> {
        if let Some(both) = entry.coordinates {
            if let Some(again) = entry.latitude.as_ref().or(entry.longitude.as_ref()) {
                let help = "keep either `coordinates` or `latitude` and `longitude`";
                self.problem(Problem::new(again.span, "the coordinates are written twice").help(help));
            }
            return Some((both.0, both.1));
        }
        let (latitude, longitude) = match (&entry.latitude, &entry.longitude) {
            (Some(latitude), Some(longitude)) => (latitude, longitude),
            (Some(one), None) | (None, Some(one)) => {
                self.problem(Problem::new(one.span, "coordinates need both `latitude` and `longitude`"));
                return None;
            }
            (None, None) => return None,
        };
        let place = Coordinates::new(latitude.value, longitude.value);
        if place.is_none() {
            let message = format!("{latitude}, {longitude} is not a place on the globe");
            self.problem(Problem::new(latitude.span, message).help("latitude is -90 to 90, longitude -180 to 180 degrees"));
        }
        place.map(|c| (c.0, c.1))
    }
}

/// Declared roles; without any, those that the kind implies. Else linking infers them from the routes.
pub fn roles(kind: &str, declared: &[Role]) -> Roles {
    let implied = ROLES_BY_KIND.iter().find(|(_, kinds)| declared.is_empty() && kinds.contains(&kind));
    Roles::of(implied.map_or(declared, |(role, _)| std::slice::from_ref(role)))
}

fn sorted<T: Ord>(items: impl Iterator<Item = T>) -> Vec<T> {
    let mut all: Vec<T> = items.collect();
    all.sort_unstable();
    all.dedup();
    all
}
