//! An assessment made up for tests of reports.

#![allow(dead_code, reason = "not every test uses all of it")]

use onshore::finding::{
    Allowed, Assessment, Coverage, DataSetInfo, Finding, GapResult, Hop, HopRoute, KnownPlace, Label, RuleResult, Severity,
    State, Verdict, Waived, WaivedBy, Way,
};
use onshore::model::{Country, Place, ResourceTally, RouteRole};
use onshore::report::draw::{Change, Edge, Graph, Node, Site, Spot};
use onshore::report::html::world::{Picture, When, Who};
use onshore::report::html::{Report, World, write};
use onshore::source::{Location, Sources, Span};

pub struct Made {
    pub sources: Sources,
    pub assessment: Assessment,
    pub world: World,
}

impl Made {
    pub fn page(&self) -> String {
        let mut out = Vec::new();
        let report = Report {
            assessment: &self.assessment,
            sources: &self.sources,
            world: &self.world,
            version: "0.0.0",
            lang: onshore::lang::Lang::En,
        };
        write(&report, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }
}

/// An assessment with `name` wherever a name can stand, and so many findings.
pub fn made(name: &str, findings: usize) -> Made {
    let mut sources = Sources::default();
    let file = sources.add(name, "a = 1\nb = 2\n".repeat(findings));
    let policy = sources.add("policy.toml", "[[rule]]\nonly-in = [\"@eu\"]\n");
    let at = |line: usize| Location::new(file, Span::new(line * 12, line * 12 + 5));
    let only_in = Location::new(policy, Span::new(9, 16));
    let name = || name.to_owned();
    let spot =
        Place { country: Country::from_letters("CN").unwrap(), subdivision: Some(name().into()), city: Some(name().into()) };
    let place = KnownPlace {
        place: Some(spot.clone()),
        basis: "mmdb",
        matched: Some(name()),
        network: Some(name()),
        data_set: Some(name()),
        data_set_date: Some(name()),
        note: Some(name().into()),
    };
    let waived = Waived {
        by: WaivedBy::Person { approver: name(), reason: name(), ticket: Some(name()) },
        granted: None,
        expires: Some(name()),
        location: Some(at(0)),
    };
    let route = HopRoute { activity: "forward", role: RouteRole::Failover, priority: 1, condition: Some(name().into()) };
    let hop = |route| Hop { endpoint: name(), kind: name(), route, places: vec![place.clone()], location: at(0) };
    let finding = |i: usize| Finding {
        rule: Some(name()),
        help: Some(name().into()),
        why: Some(name().into()),
        origin: vec!["DE".into()],
        data: vec![name()],
        populations: vec![name()],
        endpoint: name(),
        places: vec![place.clone()],
        activity: Some("store"),
        role: Some(RouteRole::Failover),
        state: Some(State::ALL[i % 3]),
        condition: Some(name().into()),
        lost: Some(name()),
        without: vec![name()],
        with_rules: vec![name()],
        path: [None, Some(route.clone()), Some(route.clone())].map(|route| hop(route).into()).into(),
        location: Some(at(i)),
        policy_location: Some(only_in),
        labels: vec![Label { location: at(i), text: name().into() }],
        fingerprint: format!("{i:016x}"),
        waiver: (i % 3 == 1).then(|| waived.clone()),
        lapsed: (i % 3 == 2).then(|| waived.clone()),
        ..Finding::new("data-leaves-boundary", Severity::ALL[i % 4], Verdict::Violated, format!("{} {i}", name()))
    };
    let way = |country: &str| Way {
        origin: "DE".into(),
        data: name(),
        country: country.into(),
        activity: "store",
        state: State::Overload,
        endpoint: name(),
        location: at(0),
        path: Vec::new(),
    };
    let rule = RuleResult {
        rule: name(),
        title: name().into(),
        severity: Severity::High,
        verdict: Verdict::Indeterminate,
        why: name().into(),
        controls: vec!["CCC.Core.CN06"],
        read: None,
        endpoints_examined: 1,
        routes_examined: 2,
        location: only_in,
    };
    let allowed = Allowed {
        rule: name(),
        endpoint: name(),
        origin: vec!["DE".into()],
        data: vec![name()],
        places: vec![place.clone()],
        mechanism: name(),
        recipient: name(),
        purpose: name(),
        evidence: name(),
        until: Some(name()),
        location: at(0),
        found_at: Some(at(0)),
    };
    let node = |site| Node { name: name(), kind: name(), site: Some(site), breaks: vec![name()], ..Node::default() };
    let site = |place: Place| Site { name: name(), spots: vec![Spot::new(place, None)], unsure: None };
    let graph = Graph {
        title: name(),
        sites: vec![site(spot), site(Place::country(Country::from_letters("DE").unwrap()))],
        nodes: vec![node(0), node(1)],
        edges: vec![Edge {
            from: 1,
            to: 0,
            activity: "forward",
            role: RouteRole::Failover,
            state: State::Overload,
            change: Change::Same,
            condition: Some(name().into()),
            at: name(),
            breaks: vec![name()],
            ends: true,
            waived: vec![name()],
            count: 1,
        }],
        ..Graph::default()
    };
    let assessment = Assessment {
        project: Some(name()),
        project_zh: None,
        owner: Some(name()),
        notify: Some((name(), 72)),
        as_of: "2026-11-22".into(),
        verdict: Verdict::Violated,
        rules: vec![rule],
        findings: (0..findings).map(finding).collect(),
        allowed: vec![allowed],
        remedies: Vec::new(),
        gaps: vec![GapResult {
            code: "unknown-word",
            message: name().into(),
            help: Some(name().into()),
            location: at(0),
            touches: vec![name()],
        }],
        ways: vec![way("CN"), way("?")],
        topology: None,
        coverage: Coverage {
            files_read: vec![(name(), "nginx")],
            hashes: vec![(name(), "5e".repeat(32))],
            files_skipped: vec![(name(), name())],
            endpoints: 2,
            located: 2,
            unlocated: 0,
            routes: 1,
            resources: ResourceTally::default(),
            by_country: vec![(name(), 2)],
        },
        data_sets: vec![DataSetInfo {
            name: name(),
            kind: name(),
            date: None,
            sha256: name(),
            licence: Some(name()),
            attribution: Some(name()),
            used: true,
            age: Some(name().into()),
        }],
    };
    let world = World {
        who: vec![Who { name: name(), origins: vec![name()] }],
        what: vec![name()],
        when: vec![When { name: name(), rank: 2, change: false }],
        pictures: vec![Picture { who: None, what: None, when: 0, graph }],
        notes: vec![name()],
    };
    Made { sources, assessment, world }
}
