//! Random small worlds against oracles written straight from the definitions: every simple path, every round of removal.

use std::collections::BTreeSet;

use onshore::model::*;
use onshore::reach::{Graph, Losses, Step, Token, World, tokens};
use onshore::vocab::classes;
use proptest::prelude::*;

use crate::build::*;

const ENDPOINTS: u32 = 6;
const CLASSES: [&str; 6] =
    ["user", "user.contact", "user.contact.email", "communications", "communications.keys", "communications.content"];

fn some_class() -> impl Strategy<Value = String> {
    proptest::sample::select(&CLASSES[..]).prop_map(str::to_owned)
}

fn some_countries() -> impl Strategy<Value = Vec<Country>> {
    proptest::sample::subsequence(countries(&["CN", "DE", "US"]), 1..=2)
}

fn some_clients() -> impl Strategy<Value = ClientMatch> {
    prop_oneof![
        4 => Just(ClientMatch::Any),
        2 => some_countries().prop_map(ClientMatch::Countries),
        2 => some_countries().prop_map(ClientMatch::Except),
        1 => some_countries().prop_map(|list| ClientMatch::Part(list, "state".to_owned())),
        1 => Just(ClientMatch::Networks(vec!["10.0.0.0/8".parse().expect("a network")])),
        1 => Just(ClientMatch::Some("header".to_owned())),
    ]
}

fn some_spill() -> impl Strategy<Value = Spill> {
    prop_oneof![
        4 => Just(Spill::Load),
        2 => Just(Spill::Failure(String::new())),
        1 => Just(Spill::Manual(String::new())),
        1 => Just(Spill::Never(String::new())),
    ]
}

fn some_route() -> impl Strategy<Value = Route> {
    let activity = prop_oneof![
        6 => Just(Activity::Forward),
        1 => Just(Activity::Replicate),
        1 => Just(Activity::Keys),
        2 => Just(Activity::Depend),
    ];
    let data = prop_oneof![
        4 => Just(DataLimit::All),
        1 => proptest::collection::btree_set(some_class(), 1..3).prop_map(|c| DataLimit::Only(c.into_iter().collect())),
    ];
    let drops = prop_oneof![4 => Just(Vec::new()), 1 => some_class().prop_map(|c| vec![c])];
    let role = proptest::sample::select(&RouteRole::ALL[..]);
    let purpose = proptest::sample::select(&Dependence::ALL[..2]);
    let ends = (0..ENDPOINTS, 0..ENDPOINTS, 0..2_u32, 0..3_u32);
    (ends, activity, role, some_spill(), some_clients(), data, drops, purpose, proptest::bool::weighted(0.15)).prop_map(
        |((from, to, pool, priority), activity, role, spill, clients, data, drops, purpose, alias)| Route {
            role,
            spill,
            clients,
            data,
            drops,
            purpose,
            alias,
            ..route(from, to, activity, pool, priority)
        },
    )
}

fn some_endpoint() -> impl Strategy<Value = Endpoint> {
    let standing =
        proptest::sample::select(vec![Standing::Physical, Standing::Physical, Standing::Logical, Standing::WithSender]);
    let roles = proptest::sample::subsequence(Role::ALL.to_vec(), 0..3);
    let domain = || LossDomain::new(DomainKind::Zone, "a");
    let zones = proptest::sample::subsequence(
        vec![domain(), LossDomain::new(DomainKind::Zone, "b"), LossDomain::new(DomainKind::Account, "x")],
        0..3,
    );
    let site = prop_oneof![
        2 => Just(Vec::new()),
        1 => Just(vec![in_site(0)]),
        1 => Just(vec![in_site(0), in_site(1)]),
        1 => Just(vec![SiteMatch::Ambiguous(vec![
            (SiteId(0), "10.0.0.0/8".parse().expect("a network")),
            (SiteId(1), "10.0.0.0/8".parse().expect("a network")),
        ])]),
    ];
    let hosts = prop_oneof![4 => Just(Vec::new()), 1 => proptest::collection::btree_set(0..ENDPOINTS, 1..3)
        .prop_map(|h| h.into_iter().map(EndpointId).collect::<Vec<_>>())];
    (standing, roles, zones, site, hosts).prop_map(|(standing, roles, domains, sites, stands_with)| Endpoint {
        domains,
        sites,
        stands_with,
        ..endpoint("", standing, &roles)
    })
}

fn some_population() -> impl Strategy<Value = Population> {
    let subject = prop_oneof![some_countries().prop_map(Subject::Each), some_countries().prop_map(Subject::Joint)];
    (subject, proptest::collection::btree_set(some_class(), 1..3), proptest::collection::vec(0..ENDPOINTS, 1..3)).prop_map(
        |(subject, data, enters)| {
            let data: Vec<&str> = data.iter().map(String::as_str).collect();
            population(subject, &data, &enters)
        },
    )
}

fn some_snapshot() -> impl Strategy<Value = Snapshot> {
    let endpoints = proptest::collection::vec(some_endpoint(), ENDPOINTS as usize);
    let routes = proptest::collection::vec(some_route(), 0..11);
    let people = proptest::collection::vec(some_population(), 1..3);
    (endpoints, routes, people).prop_map(|(mut endpoints, routes, populations)| {
        for (i, e) in endpoints.iter_mut().enumerate() {
            e.name = format!("e{i}");
        }
        let sites = vec![
            site("s0", &[LossDomain::new(DomainKind::Zone, "a")]),
            site("s1", &[LossDomain::new(DomainKind::Account, "y")]),
        ];
        let holding = Holding {
            endpoint: EndpointId(0),
            subject: Subject::Each(vec![country("DE")]),
            data: vec!["user.contact".to_owned()],
            subjects: None,
            location: at(),
        };
        let mut snapshot = Snapshot { sites, endpoints, routes, populations, holdings: vec![holding], ..Snapshot::default() };
        sort_routes(&mut snapshot);
        snapshot
    })
}

fn some_loss() -> impl Strategy<Value = Vec<LossDomain>> {
    let all = vec![
        LossDomain::new(DomainKind::Zone, "a"),
        LossDomain::new(DomainKind::Zone, "b"),
        LossDomain::new(DomainKind::Account, "x"),
        LossDomain::new(DomainKind::Account, "y"),
        LossDomain::new(DomainKind::Site, "s0"),
        LossDomain::new(DomainKind::Site, "s1"),
        LossDomain::new(DomainKind::Country, "US"),
    ];
    proptest::sample::subsequence(all, 0..3)
}

fn some_world() -> impl Strategy<Value = World> {
    prop_oneof![Just(World::Normal), Just(World::Overload), Just(World::Any), some_loss().prop_map(World::Loss)]
}

// The oracles.

struct Oracle<'a> {
    s: &'a Snapshot,
    world: &'a World,
    strict: BTreeSet<EndpointId>,
    weak: BTreeSet<EndpointId>,
}

fn admits(clients: &ClientMatch, origin: Country) -> bool {
    match clients {
        ClientMatch::Countries(list) | ClientMatch::Part(list, _) => list.contains(&origin),
        ClientMatch::Except(list) => !list.contains(&origin),
        _ => true,
    }
}

fn takes_all_of(clients: &ClientMatch) -> bool {
    clients.takes_whole_origins()
}

fn class_passes(r: &Route, class: &str) -> bool {
    let named = match &r.data {
        DataLimit::Only(list) => Some(list.iter().any(|n| classes::overlap(n, class))),
        DataLimit::All => None,
    };
    r.activity != Activity::Depend
        && !r.drops.iter().any(|d| classes::covers(d, class))
        && match (named, r.alias, r.activity) {
            (Some(named), ..) => named,
            (None, true, _) => true,
            (None, false, Activity::Keys) => classes::overlap("communications.keys", class),
            (None, false, _) => !classes::is_key_material(class),
        }
}

fn never(r: &Route) -> bool {
    matches!(r.spill, Spill::Never(_))
}

fn manual(r: &Route) -> bool {
    matches!(r.spill, Spill::Manual(_))
}

fn rank(r: &Route) -> (bool, u32) {
    (r.role.is_standby(), r.priority)
}

fn is_down(s: &Snapshot, world: &World, e: EndpointId) -> bool {
    let World::Loss(lost) = world else { return false };
    // Rounds, for parts of parts.
    let mut down: BTreeSet<EndpointId> = BTreeSet::new();
    for _ in 0..=s.endpoints.len() {
        for id in s.endpoint_ids() {
            let e = s.endpoint(id);
            let site_lost = |m: &SiteMatch| matches!(m, SiteMatch::One(x, _) if s.site_domains(*x).iter().any(|d| lost.contains(d) && !(d.kind.is_ownership() && e.domains.iter().any(|o| o.kind == d.kind))));
            let is = match e.standing {
                Standing::Logical => false,
                _ if !e.stands_with.is_empty() => e.stands_with.iter().all(|h| down.contains(h)),
                _ => e.domains.iter().any(|d| lost.contains(d)) || (!e.sites.is_empty() && e.sites.iter().all(site_lost)),
            };
            if is {
                down.insert(id);
            }
        }
    }
    down.contains(&e)
}

/// Members of the pool of a route that may stand for it.
fn pool<'a>(s: &'a Snapshot, r: &'a Route) -> impl Iterator<Item = &'a Route> {
    let purpose = |r: &Route| (r.activity == Activity::Depend).then_some(r.purpose);
    s.routes.iter().filter(move |m| m.from == r.from && m.pool == r.pool && purpose(m) == purpose(r))
}

/// Whether a route takes clients of an origin where `works` says which targets keep those behind them from carrying.
fn preferred(s: &Snapshot, r: &Route, origin: Country, works: impl Fn(EndpointId) -> bool) -> bool {
    let lowest = pool(s, r).filter(|m| !never(m)).map(rank).min();
    let keeps = |m: &Route| {
        rank(m) < rank(r)
            && !never(m)
            && (!manual(m) || (!m.role.is_standby() && Some(rank(m)) == lowest))
            && works(m.to)
            && (m.clients == r.clients || (takes_all_of(&m.clients) && admits(&m.clients, origin)))
    };
    !never(r) && admits(&r.clients, origin) && !pool(s, r).any(keeps)
}

/// May carry in that state, if everything it needs has failed.
fn eligible(s: &Snapshot, world: &World, r: &Route, origin: Country) -> bool {
    preferred(s, r, origin, |_| true)
        || admits(&r.clients, origin)
            && match world {
                World::Normal => false,
                World::Overload => r.spill == Spill::Load,
                World::Any => !never(r),
                World::Loss(_) => !never(r) && !manual(r),
            }
}

const SOME_ORIGINS: [&str; 4] = ["CN", "DE", "US", "ZZ"];

fn usable(
    s: &Snapshot,
    world: &World,
    purposes: &[Dependence],
    up: impl Fn(EndpointId) -> bool,
    strict: bool,
) -> BTreeSet<EndpointId> {
    let mut alive: BTreeSet<EndpointId> = s.endpoint_ids().filter(|e| !is_down(s, world, *e) && up(*e)).collect();
    let open = |r: &Route| SOME_ORIGINS.iter().any(|o| eligible(s, world, r, country(o)));
    loop {
        let ok = |e: &EndpointId| {
            let leaving: Vec<&Route> = s.routes.iter().filter(|r| r.from == *e).collect();
            let answered =
                |r: &Route, counts: &dyn Fn(&Route) -> bool| pool(s, r).any(|m| counts(m) && open(m) && alive.contains(&m.to));
            let hands_on = |r: &Route| r.activity != Activity::Depend && (r.activity == Activity::Forward || r.alias);
            let depends = leaving
                .iter()
                .filter(|r| r.activity == Activity::Depend && purposes.contains(&r.purpose))
                .all(|r| answered(r, &|_| true));
            let forwards: Vec<bool> = leaving.iter().filter(|r| hands_on(r)).map(|r| answered(r, &hands_on)).collect();
            let needs = s.endpoint(*e).standing == Standing::Logical || s.endpoint(*e).roles.only_forwards();
            let forwarded =
                !needs || forwards.is_empty() || if strict { forwards.iter().all(|a| *a) } else { forwards.iter().any(|a| *a) };
            depends && forwarded
        };
        let next: BTreeSet<EndpointId> = alive.iter().copied().filter(|e| ok(e)).collect();
        if next == alive {
            return alive;
        }
        alive = next;
    }
}

impl<'a> Oracle<'a> {
    fn new(s: &'a Snapshot, world: &'a World) -> Self {
        let strict = usable(s, world, &Dependence::ALL, |_| true, true);
        let weak = usable(s, world, &[], |_| true, false);
        Self { s, world, strict, weak }
    }

    fn carries(&self, r: &Route, origin: Country) -> bool {
        let normal = preferred(self.s, r, origin, |_| true);
        let World::Loss(_) = self.world else { return eligible(self.s, self.world, r, origin) };
        self.weak.contains(&r.to) && preferred(self.s, r, origin, |e| self.strict.contains(&e)) && (!manual(r) || normal)
    }

    fn moves(&self, r: &Route, token: &Token) -> bool {
        class_passes(r, &token.class) && token.origins.iter().any(|o| self.carries(r, *o))
    }

    /// Every simple path of a token, as steps.
    fn paths(&self, token: &Token) -> Vec<Vec<Step>> {
        let mut done = Vec::new();
        let mut open: Vec<Vec<Step>> = token
            .starts
            .iter()
            .filter(|e| !is_down(self.s, self.world, **e))
            .map(|e| vec![Step { endpoint: *e, route: None }])
            .collect();
        while let Some(path) = open.pop() {
            let last = path[path.len() - 1].endpoint;
            for (i, r) in self.s.routes.iter().enumerate() {
                if r.from == last && self.moves(r, token) && path.iter().all(|step| step.endpoint != r.to) {
                    let mut longer = path.clone();
                    longer.push(Step { endpoint: r.to, route: Some(RouteId(i as u32)) });
                    open.push(longer);
                }
            }
            done.push(path);
        }
        done
    }
}

/// From where clients of an origin are served, by rounds of adding.
fn served(s: &Snapshot, world: &World, strict: &BTreeSet<EndpointId>, token: &Token, origin: Country) -> BTreeSet<EndpointId> {
    let is_end = |e: &EndpointId| {
        let e = s.endpoint(*e);
        let keys = e.roles.contains(Role::Keys) && classes::is_key_material(&token.class);
        e.standing != Standing::Logical && (keys || e.roles.contains(Role::Process) || e.roles.contains(Role::Store))
    };
    let serving = |r: &Route| {
        (r.activity == Activity::Forward || r.activity == Activity::Keys || r.alias)
            && class_passes(r, &token.class)
            && admits(&r.clients, origin)
    };
    let mut served: BTreeSet<EndpointId> = strict.iter().copied().filter(|e| is_end(e)).collect();
    loop {
        let answered = |r: &Route| {
            let whole = pool(s, r).any(|m| serving(m) && takes_all_of(&m.clients));
            let fit: Vec<&Route> = pool(s, r)
                .filter(|m| serving(m) && (!whole || takes_all_of(&m.clients)))
                .filter(|m| strict.contains(&m.to) && token.origins.iter().any(|o| eligible(s, world, m, *o)))
                .collect();
            let lowest = fit.iter().map(|m| rank(m)).min();
            fit.iter().any(|m| Some(rank(m)) == lowest && served.contains(&m.to))
        };
        let leads_on = |e: &EndpointId| {
            let mut pools = s.routes.iter().filter(|r| r.from == *e && serving(r)).map(answered).peekable();
            pools.peek().is_some() && pools.all(|a| a)
        };
        let more: BTreeSet<EndpointId> = strict.iter().copied().filter(|e| is_end(e) || leads_on(e)).collect();
        if more == served {
            return served;
        }
        served = more;
    }
}

fn order(path: &[Step]) -> (usize, EndpointId, Vec<Option<RouteId>>) {
    (path.len(), path[0].endpoint, path.iter().map(|s| s.route).collect())
}

fn reached(s: &Snapshot, tokens: &[Token], world: &World) -> BTreeSet<(usize, EndpointId)> {
    let spread = Graph::new(s, tokens).spread(world);
    s.endpoint_ids().flat_map(|e| spread.tokens_at(e).map(move |t| (t, e)).collect::<Vec<_>>()).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn spread_and_witness_are_what_all_simple_paths_say(s in some_snapshot(), world in some_world()) {
        let tokens = tokens(&s);
        let graph = Graph::new(&s, &tokens);
        let spread = graph.spread(&world);
        let oracle = Oracle::new(&s, &world);
        for (t, token) in tokens.iter().enumerate() {
            let all = oracle.paths(token);
            let every = graph.paths(&spread, t);
            for e in s.endpoint_ids() {
                let best = all.iter().filter(|p| p[p.len() - 1].endpoint == e).min_by_key(|p| order(p)).cloned();
                prop_assert_eq!(spread.has(e, t), best.is_some(), "token {:?} at {:?}", token, e);
                prop_assert_eq!(spread.tokens_at(e).any(|x| x == t), best.is_some());
                prop_assert_eq!(&every.to(e), &best);
                prop_assert_eq!(graph.witness(&spread, t, e), best);
            }
            for (i, r) in s.routes.iter().enumerate() {
                let id = RouteId(i as u32);
                let passes = class_passes(r, &token.class) && token.origins.iter().any(|o| admits(&r.clients, *o));
                prop_assert_eq!(graph.passes(id, t), passes, "{:?}", r);
                let moves = spread.has(r.from, t) && oracle.moves(r, token);
                prop_assert_eq!(graph.moves(&spread, id, t), moves, "{:?}", r);
                prop_assert!(!moves || spread.carries(id));
                let via = graph.witness_via(&spread, t, id);
                prop_assert_eq!(via.is_some(), moves);
                let last = Step { endpoint: r.to, route: Some(id) };
                prop_assert!(via.is_none_or(|p| p[p.len() - 1] == last));
            }
        }
    }

    #[test]
    fn usable_is_what_rounds_of_removal_leave(
        s in some_snapshot(),
        world in some_world(),
        outside in proptest::collection::btree_set(0..ENDPOINTS, 0..3),
        purposes in proptest::sample::subsequence(Dependence::ALL[..2].to_vec(), 0..=2),
    ) {
        let tokens = tokens(&s);
        let up = |e: EndpointId| !outside.contains(&e.0);
        let found = Graph::new(&s, &tokens).usable(&world, &purposes, up);
        let strict = usable(&s, &world, &purposes, up, true);
        let weak = usable(&s, &world, &purposes, up, false);
        for e in s.endpoint_ids() {
            prop_assert_eq!(found.strict(e), strict.contains(&e), "strict {:?}", e);
            prop_assert_eq!(found.weak(e), weak.contains(&e), "weak {:?}", e);
            prop_assert!(!found.strict(e) || found.weak(e));
        }
    }

    #[test]
    fn a_serving_way_is_real_and_ends_where_something_is_done(s in some_snapshot(), world in some_world()) {
        let tokens = tokens(&s);
        let graph = Graph::new(&s, &tokens);
        let usable = graph.usable(&world, &Dependence::ALL, |_| true);
        let served_at_once = graph.served(0..tokens.len(), &usable);
        for (t, token) in tokens.iter().enumerate() {
            prop_assert_eq!(graph.serves(t, &usable), served_at_once[t]);
            let strict: BTreeSet<EndpointId> = s.endpoint_ids().filter(|e| usable.strict(*e)).collect();
            let from = |o: &Country| served(&s, &world, &strict, token, *o);
            let is = token.origins.iter().all(|o| token.starts.iter().any(|e| from(o).contains(e)));
            prop_assert_eq!(graph.serves(t, &usable), is, "{:?}", token);
            let Some(way) = graph.serving_witness(t, &usable) else { continue };
            let last = s.endpoint(way[way.len() - 1].endpoint);
            prop_assert!([Role::Process, Role::Store, Role::Keys].iter().any(|r| last.roles.contains(*r)));
            prop_assert!(last.standing != Standing::Logical);
            prop_assert!(token.starts.contains(&way[0].endpoint));
            for pair in way.windows(2) {
                let id = pair[1].route.expect("only the first step has none");
                prop_assert_eq!((s.route(id).from, s.route(id).to), (pair[0].endpoint, pair[1].endpoint));
                prop_assert!(graph.passes(id, t));
            }
            prop_assert!(way.iter().all(|step| usable.strict(step.endpoint)));
        }
    }

    /// Each loss changes the answers for the one before it in place.
    #[test]
    fn one_loss_after_the_other_is_each_by_itself(
        s in some_snapshot(),
        losses in proptest::collection::vec(some_loss(), 1..6),
        stop in proptest::option::of(0..ENDPOINTS),
        purposes in proptest::sample::subsequence(Dependence::ALL[..2].to_vec(), 0..=2),
    ) {
        let tokens = tokens(&s);
        let graph = Graph::new(&s, &tokens);
        let stops = |e: EndpointId| stop == Some(e.0);
        let (mut one_by_one, mut spread) = Losses::new(&graph, stops);
        let mut usable = graph.usable(&World::Loss(Vec::new()), &purposes, |_| true);
        let nothing = graph.spread_until(&World::Loss(Vec::new()), stops);
        for lost in losses {
            let touched = one_by_one.lose(&mut spread, &lost);
            usable.lose(&graph, &touched.down);
            let (dead, dead_at_all) = usable.dead();
            let (dead, dead_at_all): (BTreeSet<_>, BTreeSet<_>) = (dead.collect(), dead_at_all.collect());
            let world = World::Loss(lost);
            let alone = graph.spread_until(&world, stops);
            prop_assert_eq!(&touched.down, &graph.down(&world));
            prop_assert_eq!(&touched.uncertain, &graph.uncertain(&world));
            for e in s.endpoint_ids() {
                prop_assert_eq!(spread.at(e), alone.at(e), "{:?} at {:?}", world, e);
                prop_assert_eq!(spread.is_reached(e), alone.is_reached(e));
                prop_assert!(touched.endpoints.contains(&e) || nothing.at(e) == alone.at(e), "untold {:?}", e);
            }
            for (i, route) in s.routes.iter().enumerate() {
                let id = RouteId(i as u32);
                prop_assert_eq!(spread.carries(id), alone.carries(id), "{:?}", route);
                for t in 0..tokens.len() {
                    let (now, before) = (graph.moves(&alone, id, t), graph.moves(&nothing, id, t));
                    prop_assert_eq!(graph.moves(&spread, id, t), now, "{:?}", route);
                    let told = touched.routes.contains(&id) || touched.endpoints.contains(&route.from);
                    prop_assert!(now == before || told, "untold {:?}", route);
                }
            }
            let fresh = graph.usable(&world, &purposes, |_| true);
            let none = graph.usable(&World::Loss(Vec::new()), &purposes, |_| true);
            for e in s.endpoint_ids() {
                prop_assert_eq!(usable.strict(e), fresh.strict(e));
                prop_assert_eq!(usable.weak(e), fresh.weak(e));
                prop_assert_eq!(dead.contains(&e), none.strict(e) && !fresh.strict(e));
                prop_assert_eq!(dead_at_all.contains(&e), none.weak(e) && !fresh.weak(e));
            }
            for t in 0..tokens.len() {
                let (mut asked, mut again) = (Vec::new(), Vec::new());
                let served = graph.asks(t, &fresh, &mut asked);
                prop_assert_eq!(graph.asks(t, &none, &mut again), graph.serves(t, &none));
                let unheard = again.iter().all(|e| none.strict(*e) == fresh.strict(*e));
                prop_assert!(!unheard || served == graph.serves(t, &none), "what was asked answers alike");
            }
            one_by_one.restore(&mut spread);
            usable.restore();
        }
        for e in s.endpoint_ids() {
            prop_assert_eq!(spread.at(e), nothing.at(e));
        }
    }

    #[test]
    fn worlds_contain_each_other(s in some_snapshot(), loss in some_loss()) {
        let tokens = tokens(&s);
        let [normal, overload, any] = [World::Normal, World::Overload, World::Any].map(|w| reached(&s, &tokens, &w));
        prop_assert!(normal.is_subset(&overload));
        prop_assert!(overload.is_subset(&any));
        prop_assert!(reached(&s, &tokens, &World::Loss(loss)).is_subset(&any));
    }

    /// Nobody depends on anything here: what is lacking from the start makes pools fall through with no loss at all.
    #[test]
    fn losing_nothing_is_normal(mut s in some_snapshot()) {
        s.routes.retain(|r| r.activity != Activity::Depend && r.spill == Spill::Load);
        sort_routes(&mut s);
        let tokens = tokens(&s);
        prop_assert_eq!(reached(&s, &tokens, &World::Loss(Vec::new())), reached(&s, &tokens, &World::Normal));
    }

    /// Unless the new one is preferred to others of its pool: then those may stay idle in normal running, and under load
    /// those of them that carry only after a failure.
    #[test]
    fn one_more_route_takes_no_reach_away(s in some_snapshot(), more in some_route()) {
        let tokens = tokens(&s);
        let last = never(&more) || pool(&s, &more).all(|m| rank(m) <= rank(&more));
        let every_spills = s.routes.iter().all(|r| r.spill == Spill::Load);
        let mut grown = Snapshot { endpoints: s.endpoints.clone(), routes: s.routes.clone(), ..Snapshot::default() };
        grown.routes.push(more);
        sort_routes(&mut grown);
        let holds = |world: World| reached(&s, &tokens, &world).is_subset(&reached(&grown, &tokens, &world));
        prop_assert!(holds(World::Any));
        prop_assert!(holds(World::Normal) || !last);
        prop_assert!(holds(World::Overload) || !(last || every_spills));
    }

    #[test]
    fn names_and_their_order_do_not_matter(s in some_snapshot(), world in some_world()) {
        let tokens_before = tokens(&s);
        let before = reached(&s, &tokens_before, &world);
        let flip = |e: EndpointId| EndpointId(ENDPOINTS - 1 - e.0);
        let mut s = s;
        s.endpoints.reverse();
        s.endpoints.iter_mut().flat_map(|e| &mut e.stands_with).for_each(|e| *e = flip(*e));
        s.populations.iter_mut().flat_map(|p| &mut p.enters).for_each(|e| *e = flip(*e));
        s.holdings.iter_mut().for_each(|h| h.endpoint = flip(h.endpoint));
        for r in &mut s.routes {
            (r.from, r.to) = (flip(r.from), flip(r.to));
            r.pool = 1 - r.pool;
        }
        s.routes.reverse();
        let tokens_after = tokens(&s);
        let after: BTreeSet<_> = reached(&s, &tokens_after, &world).into_iter().map(|(t, e)| (t, flip(e))).collect();
        prop_assert_eq!(before, after);
    }

    #[test]
    fn tokens_enter_a_stop_and_do_not_leave_it(
        s in some_snapshot(),
        // Not a loss: there the choice of a pool hangs on what lies behind the stop.
        world in prop_oneof![Just(World::Normal), Just(World::Overload), Just(World::Any)],
        stop in 0..ENDPOINTS,
    ) {
        let tokens = tokens(&s);
        let graph = Graph::new(&s, &tokens);
        let stopped = graph.spread_until(&world, |e| e.0 == stop);
        let mut cut = Snapshot { endpoints: s.endpoints.clone(), routes: s.routes.clone(), ..Snapshot::default() };
        cut.routes.retain(|r| r.from.0 != stop);
        sort_routes(&mut cut);
        let on_cut = Graph::new(&cut, &tokens);
        let spread = on_cut.spread(&world);
        for e in s.endpoint_ids() {
            prop_assert_eq!(stopped.at(e), spread.at(e));
            for t in 0..tokens.len() {
                let ends = |way: Option<Vec<Step>>| way.map(|w| w.iter().map(|step| step.endpoint).collect::<Vec<_>>());
                prop_assert_eq!(ends(graph.witness(&stopped, t, e)), ends(on_cut.witness(&spread, t, e)));
            }
        }
    }
}
