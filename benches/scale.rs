//! Reach on made-up estates of growing size: seconds for each question. `cargo bench --bench scale`

#![allow(clippy::print_stdout, reason = "a bench prints its figures")]

use std::time::Instant;

use onshore::model::*;
use onshore::reach::{Graph, World, tokens};
use onshore::source::{Location, SourceId, Span};

fn main() {
    println!("{:>9} {:>9}  {:<28} {:>8}", "endpoints", "routes", "question", "seconds");
    for (endpoints, routes) in [(10_000, 50_000), (100_000, 500_000), (400_000, 2_000_000)] {
        measure(endpoints, routes);
    }
}

fn measure(endpoints: u32, routes: u32) {
    let snapshot = estate(endpoints, routes);
    let tokens = tokens(&snapshot);
    let line = |what: &str, since: Instant| {
        println!("{endpoints:>9} {routes:>9}  {what:<28} {:>8.4}", since.elapsed().as_secs_f64());
    };
    let now = Instant::now();
    let graph = Graph::new(&snapshot, &tokens);
    line(&format!("graph, {} tokens", tokens.len()), now);
    let loss = World::Loss(vec![LossDomain::new(DomainKind::Zone, "zone-1")]);
    let worlds =
        [("normal", World::Normal), ("overload", World::Overload), ("any", World::Any), ("loss of a zone", loss.clone())];
    let mut arrivals = Vec::new();
    for (name, world) in &worlds {
        let now = Instant::now();
        let spread = graph.spread(world);
        line(&format!("spread: {name}"), now);
        arrivals.push(snapshot.endpoint_ids().map(|e| u64::from(spread.has(e, 0))).sum::<u64>());
    }
    let any = graph.spread(&World::Any);
    let last = snapshot.endpoint_ids().filter(|e| any.has(*e, 0)).last();
    let now = Instant::now();
    let steps = last.and_then(|e| graph.witness(&any, 0, e)).map_or(0, |w| w.len());
    line(&format!("one witness, {steps} steps"), now);
    let now = Instant::now();
    let paths = graph.paths(&any, 0);
    let steps: usize = snapshot.endpoint_ids().filter_map(|e| paths.to(e)).map(|p| p.len()).sum();
    line(&format!("all of a token, {steps} steps"), now);
    let now = Instant::now();
    let usable = graph.usable(&loss, &Dependence::ALL, |_| true);
    line("usable: loss of a zone", now);
    let now = Instant::now();
    let served = graph.served(0..tokens.len(), &usable).into_iter().filter(|served| *served).count();
    line(&format!("served: {served} tokens"), now);
    println!("          endpoints that token 0 reaches: {arrivals:?}");
}

/// A generator of numbers that is the same everywhere.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, n: u32) -> u32 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((self.0 >> 33) % u64::from(n)) as u32
    }
}

/// Pools of a primary and a backup, geographic branches, log shipping that keeps to telemetry, dependences; a tenth of the
/// endpoints are names, half only hand on, and every one stands in one of 20 zones.
fn estate(endpoints: u32, routes: u32) -> Snapshot {
    let location = Location::new(SourceId(0), Span::default());
    let mut n = Numbers(20);
    let country = |code: &str| Country::from_letters(code).expect("a country code");
    let origins: Vec<Country> = ["CN", "DE", "FR", "GB", "IN", "JP", "KR", "US"].map(country).to_vec();
    let endpoint = |i: u32, n: &mut Numbers| Endpoint {
        name: format!("e{i:08}"),
        kind: "server".to_owned(),
        standing: if n.below(10) == 0 { Standing::Logical } else { Standing::Physical },
        roles: Roles::of(&[[Role::Transit, Role::Process, Role::Transit, Role::Store][n.below(4) as usize]]),
        domains: vec![LossDomain::new(DomainKind::Zone, format!("zone-{}", n.below(20)))],
        locations: vec![location],
        ..Endpoint::default()
    };
    let endpoints: Vec<Endpoint> = (0..endpoints).map(|i| endpoint(i, &mut n)).collect();
    let count = endpoints.len() as u32;
    let route = |n: &mut Numbers| {
        let pick = n.below(20);
        let standby = n.below(3) == 0;
        let activity = match pick {
            0 => Activity::Depend,
            1 => Activity::Log,
            2 => Activity::Replicate,
            _ => Activity::Forward,
        };
        let clients = match (activity, n.below(20)) {
            (Activity::Forward, 0) => ClientMatch::Countries(vec![country("CN")]),
            (Activity::Forward, 1) => ClientMatch::Except(vec![country("CN")]),
            _ => ClientMatch::Any,
        };
        let (from, to) = (EndpointId(n.below(count)), EndpointId(n.below(count)));
        let pool = if activity == Activity::Forward { n.below(2) } else { pick + 2 };
        Route {
            role: if standby { RouteRole::Failover } else { RouteRole::Primary },
            priority: u32::from(standby),
            spill: if n.below(10) == 0 { Spill::Failure("health check".to_owned()) } else { Spill::Load },
            clients,
            data: if activity == Activity::Log { DataLimit::Only(vec!["telemetry".to_owned()]) } else { DataLimit::All },
            ..Route::new(from, to, activity, pool, location)
        }
    };
    let mut routes: Vec<Route> = (0..routes).map(|_| route(&mut n)).collect();
    routes.sort_by_key(|r| (r.from, r.pool, r.priority, r.to));
    // Eight origins of eight classes, each origin with three entries of its own: 64 tokens.
    let classes = ["user.contact", "user.name", "telemetry", "communications.content", "a", "b", "c", "d"];
    let populations = origins.iter().map(|origin| Population {
        id: origin.to_string(),
        subject: Subject::Each(vec![*origin]),
        other_axes: Vec::new(),
        data: classes.map(str::to_owned).to_vec(),
        enters: (0..3).map(|_| EndpointId(n.below(count))).collect(),
        subjects: None,
        location,
    });
    let populations = populations.collect();
    let mut snapshot = Snapshot { endpoints, routes, populations, ..Snapshot::default() };
    snapshot.index_routes();
    snapshot
}
