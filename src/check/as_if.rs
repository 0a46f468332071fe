//! The world as it would be with what a remedy proposes - routes cut, or something added - judged like any other.

use std::collections::{BTreeMap, BTreeSet};

use super::context::Context;
use super::{Question, judge_all};
use crate::finding::{Addition, Coverage, RuleResult, Verdict};
use crate::lang::Message;
use crate::model::site::SiteNetworks;
use crate::model::{
    Activity, Dependence, DomainKind, Endpoint, EndpointId, LossDomain, Preferred, Role, Roles, Route, RouteId, RouteRole,
    SiteId, SiteMatch, Snapshot, Spill, Standing, Trail,
};
use crate::policy::{Apart, Demand};
use crate::reach::{Graph, TokenSource, World, tokens};

/// Larger projects are not judged anew for each proposal. In routes.
pub const MOST_JUDGED: usize = 20_000;

/// How things are, or would be.
#[derive(Clone)]
pub struct Outcome {
    /// With why, by rule.
    verdicts: BTreeMap<String, (Verdict, Message)>,
    /// Population and class that are not served in normal running.
    unserved: BTreeSet<(String, String)>,
}

impl Outcome {
    pub fn new(context: &Context<'_>, rules: &[RuleResult]) -> Self {
        let usable = context.graph.usable(&World::Normal, &[Dependence::Service], |_| true);
        let served = context.graph.served(0..context.tokens.len(), &usable);
        let unserved = served.into_iter().enumerate().filter(|(_, served)| !served);
        Self {
            verdicts: rules
                .iter()
                .map(|r| (r.rule.clone(), (r.verdict, r.why.clone().map_plain(&|text| text.replace(LAST, "")))))
                .collect(),
            unserved: unserved.filter_map(|(token, _)| person(context, token)).collect(),
        }
    }

    /// Of another world than that of the question.
    pub fn of(question: &Question<'_>, snapshot: &Snapshot) -> Self {
        let tokens = tokens(snapshot);
        let graph = Graph::new(snapshot, &tokens);
        let question = Question { snapshot, coverage: Coverage::default(), world: None, ..*question };
        let context = Context::new(&question, &tokens, &graph);
        Self::new(&context, &judge_all(&context, &question).rules)
    }

    pub fn verdict(&self, rule: &str) -> Option<&(Verdict, Message)> {
        self.verdicts.get(rule)
    }

    /// Rules that are violated or can no longer be met, and were not before.
    pub fn breaks(&self, before: &Self) -> Vec<String> {
        let bad = |rule: &str, of: &Self| matches!(of.verdict(rule), Some((Verdict::Violated | Verdict::Unsatisfiable, _)));
        self.verdicts.keys().filter(|rule| bad(rule, self) && !bad(rule, before)).cloned().collect()
    }

    /// Population and class that are no longer served.
    pub fn newly_unserved(&self, before: &Self) -> Vec<(String, String)> {
        self.unserved.difference(&before.unserved).cloned().collect()
    }
}

/// Population and class of a token; `None` for what is only held.
pub fn person(context: &Context<'_>, token: usize) -> Option<(String, String)> {
    let token = &context.tokens[token];
    match token.source {
        TokenSource::Population(p) => Some((context.snapshot.populations[p].id.clone(), token.class.clone())),
        TokenSource::Holding(_) => None,
    }
}

/// The world without some of its routes.
pub fn without(snapshot: &Snapshot, routes: &[RouteId]) -> Snapshot {
    let gone: BTreeSet<RouteId> = routes.iter().copied().collect();
    let left = (0_u32..).zip(&snapshot.routes).filter(|(i, _)| !gone.contains(&RouteId(*i)));
    let mut world = with_routes(snapshot, left.map(|(_, r)| r.clone()).collect());
    world.index_routes();
    world
}

fn with_routes(snapshot: &Snapshot, routes: Vec<Route>) -> Snapshot {
    Snapshot {
        sites: snapshot.sites.clone(),
        site_networks: SiteNetworks::new(&snapshot.sites),
        endpoints: snapshot.endpoints.clone(),
        routes,
        populations: snapshot.populations.clone(),
        holdings: snapshot.holdings.clone(),
        recipients: snapshot.recipients.clone(),
        operated: snapshot.operated.clone(),
        gaps: snapshot.gaps.clone(),
        first_route: Vec::new(),
        preferred: Preferred::default(),
    }
}

/// Begins the names of what is added, so that they come behind all others and no id changes.
const LAST: char = '\u{10ffff}';

/// The world with everything that a remedy wants to be added, each in the `nth` place that is proposed for it, wired like what it
/// stands in for. `None`: some of it cannot be thought up.
pub fn with(snapshot: &Snapshot, additions: &[Addition], demand: &Demand, nth: usize) -> Option<Snapshot> {
    let mut world = with_routes(snapshot, snapshot.routes.clone());
    let mut wanted: BTreeMap<String, (EndpointId, LossDomain, &'static str)> = BTreeMap::new();
    for addition in additions {
        let at = domain(addition.at.get(nth).or(addition.at.first())?)?;
        for name in &addition.of {
            let of = snapshot.find(name)?;
            if addition.what == "move" {
                put(snapshot, &mut world.endpoints[of.index()], &at)?;
            } else {
                wanted.insert(format!("{LAST}{name} in {at}"), (of, at.clone(), addition.what));
            }
        }
    }
    let mut twins: BTreeMap<EndpointId, Vec<EndpointId>> = BTreeMap::new();
    for (name, (of, at, what)) in wanted {
        let id = EndpointId(u32::try_from(world.endpoints.len()).ok()?);
        let mut new = like(snapshot.endpoint(of), name, what, demand);
        put(snapshot, &mut new, &at)?;
        match what {
            "stand-in" => twins.entry(of).or_default().push(id),
            "copy" => world.routes.push(copying(snapshot, of, id, demand)),
            "key" => encrypt(&mut world, of, &new),
            _ => return None,
        }
        world.endpoints.push(new);
    }
    stand_in(snapshot, &mut world, &twins);
    // Stable: within a pool the order is that of before.
    world.routes.sort_by_key(|r| (r.from, r.pool, r.priority));
    world.index_routes();
    Some(world)
}

fn domain(text: &str) -> Option<LossDomain> {
    let (kind, name) = text.split_once('=')?;
    Some(LossDomain::new(DomainKind::parse(kind)?, name))
}

fn copies(activity: Activity) -> bool {
    matches!(activity, Activity::Replicate | Activity::Backup | Activity::Mirror | Activity::Log)
}

/// Another one of the same, that meets what the demand asks of a copy.
fn like(of: &Endpoint, name: String, what: &str, demand: &Demand) -> Endpoint {
    let mut new =
        Endpoint { name, names: Vec::new(), cloud_ids: Vec::new(), trail: Trail::default(), implied: false, ..of.clone() };
    match what {
        "key" => (new.kind, new.roles) = ("key".to_owned(), Roles::of(&[Role::Keys])),
        "copy" => new.roles = Roles::of(&[Role::Store]),
        _ => {}
    }
    new.attributes.max_age_hours = Some(0);
    if let Demand::RetainIn { days, .. } = demand {
        new.attributes.retention_hours = Some(days.saturating_mul(24));
    }
    if let Demand::Separate(asked) = demand {
        new.attributes.locked = Some(true);
        // Whose it will be, nobody said.
        new.domains.retain(|d| !(d.kind.is_ownership() && asked.apart.contains(&Apart::Domain(d.kind))));
    }
    new
}

/// Lets something stand where a thing that can be lost is; what is only owned by another stays where it is.
fn put(snapshot: &Snapshot, endpoint: &mut Endpoint, at: &LossDomain) -> Option<()> {
    if at.kind.is_ownership() {
        endpoint.domains.retain(|d| d.kind != at.kind);
        endpoint.domains.push(at.clone());
        return Some(());
    }
    let sites = || (0_u32..).map(SiteId).take(snapshot.sites.len());
    if let Some(site) = sites().find(|s| snapshot.site_domains(*s).contains(at)) {
        endpoint.domains.retain(|d| d.kind.is_ownership());
        endpoint.sites = vec![SiteMatch::Declared(site, snapshot.site(site).location)];
        (endpoint.addresses, endpoint.stands_with) = (Vec::new(), Vec::new());
        (endpoint.region, endpoint.zone, endpoint.place) = (None, None, None);
    } else {
        let there = snapshot.endpoint_ids().find(|id| snapshot.domains_of(*id).contains(at))?;
        let there = snapshot.endpoint(there).clone();
        endpoint.domains = there.domains;
        (endpoint.sites, endpoint.addresses, endpoint.stands_with) = (there.sites, there.addresses, there.stands_with);
        (endpoint.provider, endpoint.region, endpoint.zone) = (there.provider, there.region, there.zone);
        (endpoint.place, endpoint.scope, endpoint.region_location) = (there.place, there.scope, there.region_location);
    }
    endpoint.standing = Standing::Physical;
    Some(())
}

/// A route that keeps a copy of everything.
fn copying(snapshot: &Snapshot, from: EndpointId, to: EndpointId, demand: &Demand) -> Route {
    let activity = if matches!(demand, Demand::Separate(_)) { Activity::Backup } else { Activity::Replicate };
    new_route(snapshot, from, to, activity)
}

/// In a pool of its own.
fn new_route(snapshot: &Snapshot, from: EndpointId, to: EndpointId, activity: Activity) -> Route {
    // Beyond every pool that is there: the new ones of an endpoint are told apart by their target.
    let pool = snapshot.routes_from(from).map(|(_, r)| r.pool + 1).max().unwrap_or(0) + to.0;
    Route::new(from, to, activity, pool, snapshot.endpoint(from).locations[0])
}

/// The store uses the new key in the place of those it has.
fn encrypt(world: &mut Snapshot, store: EndpointId, key: &Endpoint) {
    world.routes.retain(|r| r.from != store || r.activity != Activity::Keys);
    world.endpoints[store.index()].attributes.encryption_key = Some(key.name.clone());
}

/// Each stand-in takes over in every pool in which it stands by, and leads where the original does; a store's has all of its data.
fn stand_in(snapshot: &Snapshot, world: &mut Snapshot, twins: &BTreeMap<EndpointId, Vec<EndpointId>>) {
    let of = |id: EndpointId| twins.get(&id).into_iter().flatten().copied();
    for (original, stand_ins) in twins {
        if snapshot.endpoint(*original).roles.contains(Role::Store) {
            let routes = stand_ins.iter().map(|to| new_route(snapshot, *original, *to, Activity::Replicate));
            world.routes.extend(routes);
        }
    }
    for route in snapshot.routes.iter().filter(|r| !copies(r.activity)) {
        let standby = |from, to| Route {
            from,
            to,
            role: RouteRole::Failover,
            priority: route.priority + 1,
            spill: Spill::Load,
            condition: None,
            ..route.clone()
        };
        for from in std::iter::once(route.from).chain(of(route.from)) {
            world.routes.extend((from != route.from).then(|| Route { from, ..route.clone() }));
            world.routes.extend(of(route.to).map(|to| standby(from, to)));
        }
    }
    for population in &mut world.populations {
        let more: Vec<EndpointId> = population.enters.iter().flat_map(|id| of(*id)).collect();
        population.enters.extend(more);
    }
}
