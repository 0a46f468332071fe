//! Worlds small enough to check by hand.

use onshore::model::*;
use onshore::reach::{Graph, Step, Token, TokenSource, World as State, tokens};

use crate::build::*;

const CONTENT: &str = "communications.content";
const KEYS: &str = "communications.keys";
const RECORDINGS: &str = "communications.recordings";

/// The names a token reaches, besides where it starts.
fn names(s: &Snapshot, all: &[Token], state: &State, token: usize) -> Vec<String> {
    let spread = Graph::new(s, all).spread(state);
    let starts = &all[token].starts;
    s.endpoint_ids().filter(|e| spread.has(*e, token) && !starts.contains(e)).map(|e| s.endpoint(e).name.clone()).collect()
}

fn way(s: &Snapshot, steps: Option<Vec<Step>>) -> String {
    let names =
        |steps: Vec<Step>| steps.iter().map(|step| s.endpoint(step.endpoint).name.as_str()).collect::<Vec<_>>().join(" ");
    steps.map_or("no way".to_owned(), names)
}

fn token(all: &[Token], origins: &[&str], class: &str) -> usize {
    all.iter().position(|t| t.origins == countries(origins) && t.class == class).expect("such a token")
}

fn physical(name: &str, role: Role) -> Endpoint {
    endpoint(name, Standing::Physical, &[role])
}

fn zoom() -> Snapshot {
    let mut w = World::new(vec![
        endpoint("meet", Standing::Logical, &[Role::Entry]),
        physical("edge", Role::Transit),
        physical("us1", Role::Process),
        physical("us2", Role::Process),
        physical("cn1", Role::Process),
        physical("kms-us", Role::Keys),
        physical("kms-bj", Role::Keys),
        physical("rec-us", Role::Store),
        physical("hefei", Role::Access),
    ]);
    w.route("meet", "edge", Activity::Forward, 0, 0).alias = true;
    w.route("edge", "us1", Activity::Forward, 0, 0);
    w.route("edge", "us2", Activity::Forward, 0, 0);
    w.route("edge", "cn1", Activity::Forward, 0, 1).role = RouteRole::Failover;
    w.route("edge", "kms-us", Activity::Keys, 1, 0).data = DataLimit::Only(vec![KEYS.to_owned()]);
    let overflow = w.route("edge", "kms-bj", Activity::Keys, 1, 1);
    overflow.data = DataLimit::Only(vec![KEYS.to_owned()]);
    overflow.role = RouteRole::Overflow;
    w.route("edge", "rec-us", Activity::Replicate, 2, 0).data = DataLimit::Only(vec![RECORDINGS.to_owned()]);
    w.route("rec-us", "hefei", Activity::Access, 0, 0).data = DataLimit::Only(vec![RECORDINGS.to_owned()]);
    w.people(Subject::Each(countries(&["US"])), &[CONTENT, KEYS], &["meet"]);
    w.people(Subject::Joint(countries(&["US", "CN"])), &[RECORDINGS], &["meet"]);
    for us in ["edge", "us1", "us2", "kms-us"] {
        w.endpoint(us).sites = vec![in_site(0)];
    }
    w.snapshot.sites = vec![site("sjc1", &[])];
    w.done()
}

#[test]
fn us_meetings_reach_china_only_when_the_primaries_are_full_or_lost() {
    let s = zoom();
    let all = tokens(&s);
    let (content, keys) = (token(&all, &["US"], CONTENT), token(&all, &["US"], KEYS));
    assert_eq!(names(&s, &all, &State::Normal, content), ["edge", "us1", "us2"]);
    assert_eq!(names(&s, &all, &State::Overload, content), ["cn1", "edge", "us1", "us2"]);
    assert_eq!(names(&s, &all, &State::Normal, keys), ["edge", "kms-us"]);
    assert_eq!(names(&s, &all, &State::Overload, keys), ["edge", "kms-bj", "kms-us"]);

    let graph = Graph::new(&s, &all);
    let full = graph.spread(&State::Overload);
    let cn1 = s.find("cn1").unwrap();
    assert_eq!(way(&s, graph.witness(&full, content, cn1)), "meet edge cn1");
    assert_eq!(graph.witness(&graph.spread(&State::Normal), content, cn1), None);
    // The edge stands with its primaries: nothing gets anywhere when they burn.
    assert_eq!(names(&s, &all, &lost(DomainKind::Site, "sjc1"), content), [""; 0]);
}

#[test]
fn recordings_of_a_joint_call_go_to_who_has_access() {
    let s = zoom();
    let all = tokens(&s);
    let joint = token(&all, &["CN", "US"], RECORDINGS);
    assert_eq!(names(&s, &all, &State::Normal, joint), ["edge", "hefei", "rec-us", "us1", "us2"]);
    let graph = Graph::new(&s, &all);
    let last = s.routes_from(s.find("rec-us").unwrap()).next().unwrap().0;
    let normal = graph.spread(&State::Normal);
    assert_eq!(way(&s, graph.witness_via(&normal, joint, last)), "meet edge rec-us hefei");
    assert_eq!(graph.witness_via(&normal, token(&all, &["US"], CONTENT), last), None);
}

#[test]
fn tokens_of_populations_then_holdings() {
    let mut w = World::new(vec![physical("db", Role::Store), physical("web", Role::Entry)]);
    w.people(Subject::Each(countries(&["US", "CN"])), &["user"], &["web"]);
    w.people(Subject::Joint(countries(&["US", "CN"])), &[CONTENT], &["web"]);
    let db = w.id("db");
    w.snapshot.holdings.push(Holding {
        endpoint: db,
        subject: Subject::Each(Vec::new()),
        data: vec!["user".to_owned()],
        subjects: None,
        location: at(),
    });
    let told: Vec<_> = tokens(&w.done()).into_iter().map(|t| (t.source, t.origins, t.joint, t.part_of, t.class)).collect();
    let (p0, p1, h) = (TokenSource::Population(0), TokenSource::Population(1), TokenSource::Holding(0));
    assert_eq!(
        told,
        [
            (p0, countries(&["CN"]), false, None, "user".to_owned()),
            (p0, countries(&["US"]), false, None, "user".to_owned()),
            (p1, countries(&["CN", "US"]), true, None, CONTENT.to_owned()),
            (p1, countries(&["CN"]), false, Some(2), CONTENT.to_owned()),
            (p1, countries(&["US"]), false, Some(2), CONTENT.to_owned()),
            (h, countries(&[]), false, None, "user".to_owned()),
        ]
    );
}

#[test]
fn a_pool_falls_past_a_balancer_whose_servers_are_lost() {
    let mut w = World::new(vec![
        endpoint("dns", Standing::Logical, &[Role::Entry]),
        physical("lb-a", Role::Transit),
        physical("lb-b", Role::Transit),
        physical("app-a1", Role::Process),
        physical("app-a2", Role::Process),
        physical("app-b", Role::Process),
        physical("login", Role::Process),
    ]);
    w.route("dns", "lb-a", Activity::Forward, 0, 0);
    w.route("dns", "lb-b", Activity::Forward, 0, 1).role = RouteRole::Failover;
    w.route("lb-a", "app-a1", Activity::Forward, 0, 0);
    w.route("lb-a", "app-a2", Activity::Forward, 0, 0);
    w.route("lb-b", "app-b", Activity::Forward, 0, 0);
    w.route("app-b", "login", Activity::Depend, 0, 0).purpose = Dependence::Identity;
    w.people(Subject::Each(countries(&["US"])), &["user"], &["dns"]);
    let zone = |name: &str| vec![LossDomain::new(DomainKind::Zone, name)];
    w.endpoint("app-a1").domains = zone("a1");
    w.endpoint("app-a2").domains = zone("a2");
    w.endpoint("login").domains = zone("l");
    let s = w.done();
    let all = tokens(&s);

    assert_eq!(names(&s, &all, &State::Normal, 0), ["app-a1", "app-a2", "lb-a"]);
    assert_eq!(names(&s, &all, &lost(DomainKind::Zone, "a1"), 0), ["app-a2", "lb-a"]);
    let both = State::Loss([zone("a1"), zone("a2")].concat());
    assert_eq!(names(&s, &all, &both, 0), ["app-b", "lb-b"]);

    let graph = Graph::new(&s, &all);
    let serves = |state: &State, purposes: &[Dependence]| {
        let usable = graph.usable(state, purposes, |_| true);
        way(&s, graph.serving_witness(0, &usable))
    };
    assert_eq!(serves(&State::Normal, &Dependence::ALL), "dns lb-a app-a1");
    assert_eq!(serves(&lost(DomainKind::Zone, "a1"), &Dependence::ALL), "dns lb-a app-a2");
    assert_eq!(serves(&both, &Dependence::ALL), "dns lb-b app-b");
    let all_three = State::Loss([zone("a1"), zone("a2"), zone("l")].concat());
    assert_eq!(serves(&all_three, &Dependence::ALL), "no way");
    assert_eq!(serves(&all_three, &[Dependence::Dns]), "dns lb-b app-b", "only asked-for purposes count");
    // Login is lost, but what lacks it may still take traffic.
    assert_eq!(names(&s, &all, &all_three, 0), ["app-b", "lb-b"]);

    let inside = graph.usable(&State::Normal, &[], |e| s.endpoint(e).name != "app-a2");
    let lb_a = s.find("lb-a").unwrap();
    assert!(inside.strict(lb_a) && inside.weak(lb_a));
}

#[test]
fn what_only_a_person_switches_on_waits_and_what_never_carries_is_not_there() {
    let mut w = World::new(vec![
        physical("web", Role::Entry),
        physical("a", Role::Process),
        physical("b", Role::Process),
        physical("c", Role::Process),
        physical("d", Role::Process),
    ]);
    w.route("web", "a", Activity::Forward, 0, 0);
    let manual = w.route("web", "b", Activity::Forward, 0, 1);
    (manual.role, manual.spill) = (RouteRole::Manual, Spill::Manual("switch".to_owned()));
    let failure = w.route("web", "c", Activity::Forward, 0, 2);
    (failure.role, failure.spill) = (RouteRole::Failover, Spill::Failure("health check".to_owned()));
    w.route("web", "d", Activity::Forward, 0, 0).spill = Spill::Never("down".to_owned());
    w.people(Subject::Each(countries(&["US"])), &["user"], &["web"]);
    w.endpoint("a").domains = vec![LossDomain::new(DomainKind::Zone, "a")];
    let s = w.done();
    let all = tokens(&s);
    assert_eq!(names(&s, &all, &State::Normal, 0), ["a"]);
    assert_eq!(names(&s, &all, &State::Overload, 0), ["a"]);
    assert_eq!(names(&s, &all, &lost(DomainKind::Zone, "a"), 0), ["c"]);
    assert_eq!(names(&s, &all, &State::Any, 0), ["a", "b", "c"]);
    let graph = Graph::new(&s, &all);
    let carrying = |state: &State| {
        let spread = graph.spread(state);
        (0..4)
            .filter(|r| spread.carries(RouteId(*r)))
            .map(|r| s.endpoint(s.route(RouteId(r)).to).name.as_str())
            .collect::<String>()
    };
    let states = [State::Normal, State::Overload, lost(DomainKind::Zone, "a"), State::Any];
    assert_eq!(states.map(|state| carrying(&state)), ["a", "a", "c", "abc"]);
}

/// Americans have only the manual one and are there already; for Chinese somebody would have to switch it on.
#[test]
fn a_manual_member_takes_after_a_loss_whom_it_took_before() {
    let mut w = World::new(vec![physical("web", Role::Entry), physical("a", Role::Process), physical("b", Role::Process)]);
    w.route("web", "a", Activity::Forward, 0, 0).clients = ClientMatch::Countries(countries(&["CN"]));
    let manual = w.route("web", "b", Activity::Forward, 0, 1);
    (manual.role, manual.spill) = (RouteRole::Manual, Spill::Manual("switch".to_owned()));
    w.people(Subject::Each(countries(&["CN", "US"])), &["user"], &["web"]);
    w.endpoint("a").domains = vec![LossDomain::new(DomainKind::Zone, "a")];
    let s = w.done();
    let all = tokens(&s);
    let reached = |state: &State| [0, 1].map(|t| names(&s, &all, state, t).concat());
    assert_eq!(reached(&State::Normal), ["a", "b"]);
    assert_eq!(reached(&lost(DomainKind::Zone, "a")), ["", "b"]);
    assert_eq!(reached(&State::Any), ["ab", "b"]);
}

#[test]
fn a_standby_carries_in_normal_running_when_its_pool_has_nothing_else() {
    let mut w = World::new(vec![physical("web", Role::Entry), physical("a", Role::Process), physical("b", Role::Process)]);
    w.route("web", "a", Activity::Forward, 0, 0).spill = Spill::Never("down".to_owned());
    w.route("web", "b", Activity::Forward, 0, 1).role = RouteRole::Failover;
    w.people(Subject::Each(countries(&["US"])), &["user"], &["web"]);
    let s = w.done();
    assert_eq!(names(&s, &tokens(&s), &State::Normal, 0), ["b"]);
}

#[test]
fn clients_that_the_preferred_members_do_not_take_go_to_the_next() {
    let mut w = World::new(vec![
        physical("web", Role::Entry),
        physical("cn", Role::Process),
        physical("office", Role::Process),
        physical("world", Role::Process),
        physical("spare", Role::Process),
    ]);
    w.route("web", "cn", Activity::Forward, 0, 0).clients = ClientMatch::Countries(countries(&["CN"]));
    w.route("web", "office", Activity::Forward, 0, 0).clients = ClientMatch::Networks(vec!["192.0.2.0/24".parse().unwrap()]);
    w.route("web", "world", Activity::Forward, 0, 1).clients = ClientMatch::Any;
    w.route("web", "spare", Activity::Forward, 0, 2).role = RouteRole::Failover;
    w.people(Subject::Each(countries(&["CN", "US"])), &["user"], &["web"]);
    w.people(Subject::Joint(countries(&["CN", "US"])), &["user"], &["web"]);
    let s = w.done();
    let all = tokens(&s);
    assert_eq!(names(&s, &all, &State::Normal, 0), ["cn", "office"]);
    assert_eq!(names(&s, &all, &State::Normal, 1), ["office", "world"]);
    assert_eq!(names(&s, &all, &State::Normal, 2), ["cn", "office", "world"]);
    assert!(Graph::new(&s, &all).spread(&State::Normal).carries(RouteId(0)));
}

#[test]
fn people_whose_branch_is_lost_are_not_served_by_the_others() {
    let mut w = World::new(vec![physical("web", Role::Entry), physical("cn", Role::Process), physical("world", Role::Process)]);
    w.route("web", "cn", Activity::Forward, 0, 0).clients = ClientMatch::Countries(countries(&["CN"]));
    w.route("web", "world", Activity::Forward, 0, 0).clients = ClientMatch::Except(countries(&["CN"]));
    w.people(Subject::Each(countries(&["CN", "US"])), &["user"], &["web"]);
    w.people(Subject::Joint(countries(&["CN", "US"])), &["user"], &["web"]);
    w.endpoint("cn").domains = vec![LossDomain::new(DomainKind::Zone, "a")];
    let s = w.done();
    let all = tokens(&s);
    let graph = Graph::new(&s, &all);
    let usable = graph.usable(&lost(DomainKind::Zone, "a"), &[], |_| true);
    assert!(usable.strict(s.find("web").unwrap()), "somebody is served");
    assert_eq!([0, 1, 2].map(|t| graph.serves(t, &usable)), [false, true, false]);
    assert_eq!([0, 1, 2].map(|t| graph.serves(t, &graph.usable(&State::Normal, &[], |_| true))), [true; 3]);
}

#[test]
fn balancers_that_hand_on_to_each_other_or_to_nothing_known_serve_nobody() {
    for onward in ["lb2", "end"] {
        let mut w = World::new(vec![
            physical("lb1", Role::Entry),
            physical("lb2", Role::Transit),
            physical("end", Role::Transit),
            physical("app", Role::Process),
        ]);
        w.route("lb1", onward, Activity::Forward, 0, 0);
        w.route("lb2", "lb1", Activity::Forward, 0, 0);
        w.people(Subject::Each(countries(&["US"])), &["user"], &["lb1"]);
        let lb1 = w.id("lb1");
        let mut s = w.done();
        let all = tokens(&s);
        let graph = Graph::new(&s, &all);
        let usable = graph.usable(&State::Normal, &[], |_| true);
        assert!(usable.strict(lb1) && !graph.serves(0, &usable), "{onward}");
        // With a server in the same pool it does.
        let app = s.find("app").unwrap();
        s.routes.push(route(lb1.0, app.0, Activity::Forward, 0, 0));
        sort_routes(&mut s);
        let graph = Graph::new(&s, &all);
        assert_eq!(way(&s, graph.serving_witness(0, &graph.usable(&State::Normal, &[], |_| true))), "lb1 app", "{onward}");
    }
}

#[test]
fn every_pool_on_the_way_must_be_answered() {
    let mut w = World::new(vec![
        endpoint("dns", Standing::Logical, &[Role::Entry]),
        physical("lb", Role::Transit),
        physical("api", Role::Process),
        physical("static", Role::Store),
        physical("db", Role::Store),
    ]);
    w.route("dns", "lb", Activity::Forward, 0, 0);
    w.route("lb", "api", Activity::Forward, 0, 0);
    w.route("lb", "static", Activity::Forward, 1, 0);
    w.route("api", "db", Activity::Depend, 0, 0);
    w.people(Subject::Each(countries(&["US"])), &["user"], &["dns"]);
    let zone = |name: &str| vec![LossDomain::new(DomainKind::Zone, name)];
    w.endpoint("static").domains = zone("s");
    w.endpoint("db").domains = zone("d");
    let s = w.done();
    let all = tokens(&s);
    let graph = Graph::new(&s, &all);
    let at = |name: &str| s.find(name).unwrap();
    let usable = |zone: &str| graph.usable(&lost(DomainKind::Zone, zone), &[Dependence::Service], |_| true);
    for zone in ["s", "d"] {
        let usable = usable(zone);
        assert!(!usable.strict(at("lb")) && usable.weak(at("lb")) && usable.weak(at("dns")), "{zone}");
        assert!(!graph.serves(0, &usable), "{zone}");
    }
    assert!(!usable("d").weak(at("api")));
    assert!(graph.serves(0, &usable("none")));
}

/// Half of what the preferred balancer hands on to is lost: it may keep its traffic or lose it.
#[test]
fn after_a_partial_failure_both_the_preferred_and_the_next_carry() {
    let mut w = World::new(vec![
        endpoint("dns", Standing::Logical, &[Role::Entry]),
        physical("lb-a", Role::Transit),
        physical("api", Role::Process),
        physical("static", Role::Process),
        physical("spare", Role::Process),
    ]);
    w.route("dns", "lb-a", Activity::Forward, 0, 0);
    w.route("dns", "spare", Activity::Forward, 0, 1).role = RouteRole::Failover;
    w.route("lb-a", "api", Activity::Forward, 0, 0);
    w.route("lb-a", "static", Activity::Forward, 1, 0);
    w.people(Subject::Each(countries(&["US"])), &["user"], &["dns"]);
    w.endpoint("static").domains = vec![LossDomain::new(DomainKind::Zone, "s")];
    let s = w.done();
    let all = tokens(&s);
    assert_eq!(names(&s, &all, &lost(DomainKind::Zone, "s"), 0), ["api", "lb-a", "spare"]);
    assert_eq!(names(&s, &all, &lost(DomainKind::Zone, "none"), 0), ["api", "lb-a", "static"]);
    let graph = Graph::new(&s, &all);
    assert_eq!(way(&s, graph.serving_witness(0, &graph.usable(&lost(DomainKind::Zone, "s"), &[], |_| true))), "dns spare");
}

/// The first balancer answers its health check - Americans are served there - so nobody falls to the second.
#[test]
fn what_is_healthy_is_not_passed_over_for_those_whom_it_cannot_serve() {
    let mut w = World::new(vec![
        endpoint("dns", Standing::Logical, &[Role::Entry]),
        physical("lb", Role::Transit),
        physical("us", Role::Process),
        physical("cn", Role::Process),
        physical("spare", Role::Process),
    ]);
    w.route("dns", "lb", Activity::Forward, 0, 0);
    w.route("dns", "spare", Activity::Forward, 0, 1).role = RouteRole::Failover;
    w.route("lb", "us", Activity::Forward, 0, 0).clients = ClientMatch::Except(countries(&["CN"]));
    w.route("lb", "cn", Activity::Forward, 0, 0).clients = ClientMatch::Countries(countries(&["CN"]));
    w.people(Subject::Each(countries(&["CN", "US"])), &["user"], &["dns"]);
    w.endpoint("cn").domains = vec![LossDomain::new(DomainKind::Zone, "c")];
    w.endpoint("us").domains = vec![LossDomain::new(DomainKind::Zone, "u")];
    let s = w.done();
    let all = tokens(&s);
    let graph = Graph::new(&s, &all);
    let served = |domains: &[&str]| {
        let state = State::Loss(domains.iter().map(|d| LossDomain::new(DomainKind::Zone, *d)).collect());
        let usable = graph.usable(&state, &[], |_| true);
        [0, 1].map(|t| way(&s, graph.serving_witness(t, &usable)))
    };
    assert_eq!(served(&["c"]), ["no way", "dns lb us"]);
    assert_eq!(served(&["c", "u"]), ["dns spare", "dns spare"]);
}

#[test]
fn parts_fall_with_all_that_they_are_parts_of() {
    let mut w = World::new(vec![
        physical("node1", Role::Process),
        physical("node2", Role::Process),
        endpoint("cache", Standing::WithSender, &[Role::Store]),
        endpoint("page", Standing::WithSender, &[Role::Store]),
        endpoint("egg", Standing::WithSender, &[Role::Store]),
        endpoint("hen", Standing::WithSender, &[Role::Store]),
    ]);
    let zone = |name: &str| LossDomain::new(DomainKind::Zone, name);
    w.endpoint("node1").domains = vec![zone("1")];
    w.endpoint("node2").domains = vec![zone("2")];
    w.endpoint("cache").stands_with = vec![w.id("node1"), w.id("node2")];
    w.endpoint("page").stands_with = vec![w.id("cache")];
    w.endpoint("egg").stands_with = vec![w.id("hen")];
    w.endpoint("hen").stands_with = vec![w.id("egg")];
    let s = w.done();
    let all = tokens(&s);
    let graph = Graph::new(&s, &all);
    let up = |zones: &[&str]| {
        let usable = graph.usable(&State::Loss(zones.iter().map(|z| zone(z)).collect()), &[], |_| true);
        s.endpoint_ids().filter(|e| usable.strict(*e)).map(|e| s.endpoint(e).name.as_str()).collect::<Vec<_>>().join(" ")
    };
    assert_eq!(up(&["1"]), "cache egg hen node2 page");
    assert_eq!(up(&["1", "2"]), "egg hen");
}

#[test]
fn an_endpoint_of_two_sites_falls_with_both_and_an_ambiguous_one_is_uncertain() {
    let both =
        SiteMatch::Ambiguous(vec![(SiteId(0), "10.0.0.0/8".parse().unwrap()), (SiteId(1), "10.0.0.0/8".parse().unwrap())]);
    let mut w = World::new(vec![
        physical("two", Role::Process),
        physical("unsure", Role::Process),
        physical("one", Role::Process),
        endpoint("name", Standing::Logical, &[]),
        endpoint("part", Standing::WithSender, &[]),
    ]);
    w.snapshot.sites =
        vec![site("s0", &[LossDomain::new(DomainKind::Campus, "c")]), site("s1", &[LossDomain::new(DomainKind::Campus, "c")])];
    w.endpoint("two").sites = vec![in_site(0), in_site(1)];
    w.endpoint("one").sites = vec![in_site(0)];
    w.endpoint("name").sites = vec![in_site(0)];
    w.endpoint("unsure").sites = vec![both];
    w.endpoint("part").stands_with = vec![w.id("unsure"), w.id("one")];
    let s = w.done();
    let all = tokens(&s);
    let graph = Graph::new(&s, &all);
    let told = |kind, name: &str| {
        let state = lost(kind, name);
        let usable = graph.usable(&state, &[], |_| true);
        let of = |f: &dyn Fn(EndpointId) -> bool| {
            s.endpoint_ids().filter(|e| f(*e)).map(|e| s.endpoint(e).name.as_str()).collect::<Vec<_>>().join(" ")
        };
        let uncertain = graph.uncertain(&state);
        assert!(s.endpoint_ids().all(|e| uncertain.contains(&e) == usable.uncertain(e)));
        (of(&|e| !usable.strict(e)), of(&|e| usable.uncertain(e)))
    };
    let pair = |a: &str, b: &str| (a.to_owned(), b.to_owned());
    assert_eq!(told(DomainKind::Site, "s0"), pair("one", "part unsure"));
    assert_eq!(told(DomainKind::Site, "s1"), pair("", "unsure"));
    assert_eq!(told(DomainKind::Campus, "c"), pair("one two", "part unsure"));
    assert_eq!(told(DomainKind::Carrier, "none"), pair("", ""));
}

#[test]
fn key_material_moves_by_names_and_key_routes_only() {
    let mut w = World::new(vec![
        physical("a-name", Role::Entry),
        physical("edge", Role::Transit),
        physical("app", Role::Process),
        physical("kms", Role::Keys),
        physical("vault", Role::Store),
        physical("cleaned", Role::Store),
    ]);
    w.route("a-name", "edge", Activity::Forward, 0, 0).alias = true;
    w.route("edge", "app", Activity::Forward, 0, 0);
    w.route("edge", "kms", Activity::Keys, 1, 0);
    w.route("edge", "vault", Activity::Backup, 2, 0).data = DataLimit::Only(vec![KEYS.to_owned(), CONTENT.to_owned()]);
    w.route("edge", "cleaned", Activity::Log, 3, 0).drops = vec!["communications".to_owned()];
    w.people(Subject::Each(countries(&["US"])), &[CONTENT, KEYS, "communications", "user"], &["a-name"]);
    let s = w.done();
    let all = tokens(&s);
    let of = |class: &str| names(&s, &all, &State::Normal, token(&all, &["US"], class));
    assert_eq!(of(KEYS), ["edge", "kms", "vault"]);
    assert_eq!(of(CONTENT), ["app", "edge", "vault"]);
    assert_eq!(of("communications"), ["app", "edge", "kms", "vault"], "it may include keys");
    assert_eq!(of("user"), ["app", "cleaned", "edge"]);
    let graph = Graph::new(&s, &all);
    let usable = graph.usable(&State::Normal, &[], |_| true);
    assert_eq!(way(&s, graph.serving_witness(token(&all, &["US"], KEYS), &usable)), "a-name edge kms");
    assert_eq!(way(&s, graph.serving_witness(token(&all, &["US"], CONTENT), &usable)), "a-name edge app");
}

#[test]
fn nothing_at_all_loops_and_twins() {
    let empty = Snapshot::default();
    let graph = Graph::new(&empty, &[]);
    for state in [State::Normal, State::Overload, State::Any, lost(DomainKind::Site, "x")] {
        graph.spread(&state);
        graph.usable(&state, &Dependence::ALL, |_| true);
    }
    let mut w = World::new(vec![physical("a", Role::Entry), physical("b", Role::Process), physical("c", Role::Process)]);
    w.route("a", "a", Activity::Forward, 0, 0);
    w.route("a", "b", Activity::Forward, 0, 0);
    w.route("a", "b", Activity::Forward, 0, 0);
    w.route("b", "a", Activity::Forward, 0, 0);
    let mut s = w.done();
    assert!(Graph::new(&s, &[]).spread(&State::Normal).carries(RouteId(1)), "whoever comes");
    s.populations.push(population(Subject::Each(countries(&["US"])), &["user"], &[0, 0]));
    let all = tokens(&s);
    let graph = Graph::new(&s, &all);
    let normal = graph.spread(&State::Normal);
    assert_eq!(names(&s, &all, &State::Normal, 0), ["b"]);
    let steps = graph.witness(&normal, 0, EndpointId(1)).unwrap();
    assert_eq!(steps[1].route, Some(RouteId(1)), "of twins the first");
    assert_eq!(graph.witness_via(&normal, 0, RouteId(0)).unwrap().len(), 2);
    assert_eq!(graph.witness(&normal, 0, EndpointId(2)), None);
}

/// 200 origins of 30 classes are few columns, and come apart again.
#[test]
fn many_tokens_that_behave_alike_are_told_apart_when_read() {
    let mut w = World::new(vec![physical("web", Role::Entry), physical("cn", Role::Process), physical("rest", Role::Process)]);
    w.route("web", "cn", Activity::Forward, 0, 0).clients = ClientMatch::Countries(countries(&["CN"]));
    w.route("web", "rest", Activity::Forward, 0, 0).clients = ClientMatch::Except(countries(&["CN"]));
    let origins: Vec<Country> = (b'A'..=b'J').flat_map(|a| (b'G'..=b'Z').map(move |b| Country([a, b]))).collect();
    let classes: Vec<String> = (0..30).map(|i| format!("class{i}")).collect();
    let classes: Vec<&str> = classes.iter().map(String::as_str).collect();
    w.people(Subject::Each(origins.clone()), &classes, &["web"]);
    let (cn, rest) = (w.id("cn"), w.id("rest"));
    let s = w.done();
    let all = tokens(&s);
    assert_eq!(all.len(), 6000);
    let normal = Graph::new(&s, &all).spread(&State::Normal);
    assert_eq!(normal.tokens_at(cn).map(|t| all[t].origins[0]).collect::<Vec<_>>(), vec![country("CN"); 30]);
    assert_eq!(normal.tokens_at(rest).count(), 5970);
}
