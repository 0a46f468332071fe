//! Properties of linking, over small inventories: what the order of tables, the split into files and their names must not change,
//! and what one more route may.

use std::collections::BTreeMap;

use jiff::civil::{Date, date};
use onshore::check::{Question, assess};
use onshore::finding::{Assessment, Coverage, Verdict};
use onshore::geo::Atlas;
use onshore::link::{Matcher, link};
use onshore::model::{Activity, Collected, EndpointFact, EndpointId, Facts, Reference, Role, Roles, Standing};
use onshore::read::{Input, READERS};
use onshore::source::{Location, SourceId, Sources, Span};
use proptest::prelude::*;
use proptest::sample::Index;

const AS_OF: Date = date(2026, 11, 22);

const PROJECT: &str = r#"
[[population]]
id = "us-users"
origin = ["US"]
data = ["communications.content"]
enters = ["e0", "front.example.net"]

[[classify]]
match = { kind = "bucket" }
holds = { data = ["communications.recordings"], origin = ["US"] }
"#;

const POLICY: &str = r#"
[pack]
id = "p"
title = "Stays"
version = "1.0.0"
binding = "company"
status = "in-force"
as-of = 2026-01-01
verification = "primary"

[[rule]]
id = "only"
title = "Only there"
severity = "high"
data = ["communications"]
origin = ["US"]
only-in = ["US", "CA"]

[[rule]]
id = "never"
title = "Never there"
severity = "high"
data = ["communications"]
origin = ["US"]
never-in = ["CN"]

[[rule]]
id = "survives"
title = "Outlives a site"
severity = "high"
data = ["communications"]
origin = ["US"]
survive = { loss-of = "site", keep = ["serving-path"] }
"#;

/// Judges inventories, one a file.
fn judge(files: &[(String, String)]) -> Assessment {
    let mut sources = Sources::default();
    let project_file = sources.add("onshore.toml", PROJECT);
    let policy_file = sources.add("p.toml", POLICY);
    let mut files = files.to_vec();
    files.sort();
    let ids: Vec<SourceId> = files.iter().map(|(path, text)| sources.add(path.as_str(), text.as_str())).collect();
    let (project, errors) = onshore::project::parse(project_file, PROJECT);
    assert_eq!(errors, []);
    let project = project.expect("a project");
    let (pack, errors) = onshore::policy::parse(policy_file, POLICY, AS_OF);
    assert_eq!(errors, []);
    let inventory = READERS.iter().find(|r| r.format() == "inventory").expect("the inventory reader");
    let read = |file: SourceId| -> Facts {
        let reading = inventory.read(&Input::new(&sources, file));
        assert_eq!(reading.errors, [], "{}", sources.get(file).text);
        reading.facts
    };
    let inputs = ids.into_iter().map(|id| (id, read(id))).collect();
    let snapshot = link(inputs, &project, &sources);
    let atlas = Atlas::embedded(AS_OF).with_snapshot(&snapshot, &project.geo, |selector| {
        let matcher = Matcher::new(selector);
        let (snapshot, sources) = (&snapshot, &sources);
        move |e| matcher.matches(snapshot, e, sources)
    });
    assess(Question {
        snapshot: &snapshot,
        sources: &sources,
        atlas: &atlas,
        project: &project,
        packs: &[pack.expect("a pack")],
        as_of: AS_OF,
        coverage: Coverage::default(),
        baseline: None,
        world: None,
    })
}

fn one_file(tables: &[String]) -> Assessment {
    judge(&[("inventory.toml".to_owned(), tables.concat())])
}

fn verdicts(assessment: &Assessment) -> BTreeMap<String, Verdict> {
    assessment.rules.iter().map(|r| (r.rule.clone(), r.verdict)).collect()
}

/// Everything that a finding says but its lines.
fn said(assessment: &Assessment) -> Vec<(String, String, Verdict)> {
    let mut all: Vec<_> =
        assessment.findings.iter().map(|f| (f.fingerprint.clone(), f.message.to_string(), f.verdict)).collect();
    all.sort();
    all
}

fn sites() -> Vec<String> {
    let site = |id: &str, country: &str, net: u8| {
        format!("[[site]]\nid = \"{id}\"\ncountry = \"{country}\"\nnetworks = [\"10.{net}.0.0/16\"]\n")
    };
    vec![
        site("us1", "US", 1),
        site("ca1", "CA", 2),
        site("cn1", "CN", 3),
        "[[endpoint]]\nid = \"vault\"\nkind = \"bucket\"\nsite = \"us1\"\n".to_owned(),
    ]
}

/// Endpoint `e<n>`: at a site, at an address (perhaps of another's), under a shared name, or anywhere.
fn endpoint(n: usize) -> impl Strategy<Value = String> {
    let place = prop_oneof![
        4 => (1_u8..=3, 0_u8..4).prop_map(|(net, host)| format!("addresses = [\"10.{net}.0.{host}\"]\n")),
        2 => (1_u8..=3, 0_u8..4).prop_map(|(net, host)| format!("addresses = [\"10.{net}.0.{host}:443\", \"10.1.0.9\"]\n")),
        2 => prop_oneof!["us1", "ca1", "cn1"].prop_map(|site| format!("site = \"{site}\"\n")),
        1 => prop_oneof!["US", "CN"].prop_map(|code| format!("country = \"{code}\"\naddresses = [\"10.1.0.1\"]\n")),
        1 => (0_usize..6).prop_map(|of| format!("part-of = [\"e{of}\"]\n")),
        1 => Just(String::new()),
    ];
    let name =
        prop_oneof![3 => Just(""), 1 => Just("names = [\"front.example.net\"]\n"), 1 => Just("names = [\"*.example.net\"]\n")];
    let kind = prop_oneof![Just(""), Just("kind = \"bucket\"\n"), Just("kind = \"load-balancer\"\n")];
    (place, name, kind).prop_map(move |(place, name, kind)| format!("[[endpoint]]\nid = \"e{n}\"\n{kind}{place}{name}"))
}

/// To an endpoint, an address (with a port or without), a name, or something nobody declares.
fn route() -> impl Strategy<Value = String> {
    let to = prop_oneof![
        6 => (0_usize..6).prop_map(|n| format!("e{n}")),
        2 => (1_u8..=3, 0_u8..4).prop_map(|(net, host)| format!("10.{net}.0.{host}:443")),
        1 => (1_u8..=3, 0_u8..4).prop_map(|(net, host)| format!("10.{net}.0.{host}")),
        1 => Just("front.example.net".to_owned()),
        1 => Just("api.example.net".to_owned()),
        1 => Just("vault".to_owned()),
    ];
    let activity = prop_oneof![4 => Just("forward"), 1 => Just("replicate"), 1 => Just("log"), 1 => Just("access")];
    let role = prop_oneof![3 => Just(""), 1 => Just("role = \"failover\"\n"), 1 => Just("role = \"overflow\"\n")];
    let pool = prop_oneof![2 => Just(""), 1 => Just("pool = \"a\"\n")];
    ((0_usize..6), to, activity, role, pool).prop_map(|(from, to, activity, role, pool)| {
        format!("[[route]]\nfrom = \"e{from}\"\nto = \"{to}\"\nactivity = \"{activity}\"\n{role}{pool}")
    })
}

#[test]
fn many_that_share_an_address_are_judged_as_few_are() {
    let inventory = |n: usize, last: &str, activity: &str| {
        let machine = |i: usize| {
            let country = if i + 1 == n { last } else { "US" };
            format!("[[endpoint]]\nid = \"m{i}\"\ncountry = \"{country}\"\naddresses = [\"203.0.113.7\"]\n")
        };
        let routes = format!(
            "[[endpoint]]\nid = \"e0\"\nkind = \"load-balancer\"\ncountry = \"US\"\n\
             [[endpoint]]\nid = \"vault\"\nkind = \"bucket\"\ncountry = \"US\"\n\
             [[route]]\nfrom = \"e0\"\nto = \"203.0.113.7\"\nactivity = \"{activity}\"\npool = \"a\"\n\
             [[route]]\nfrom = \"e0\"\nto = \"vault\"\nactivity = \"{activity}\"\nrole = \"failover\"\npool = \"a\"\n"
        );
        (0..n).map(machine).chain([routes]).collect::<Vec<_>>()
    };
    for activity in ["forward", "replicate", "log"] {
        let judged = |n: usize, last: &str| verdicts(&one_file(&inventory(n, last, activity)));
        assert_eq!(judged(4, "US"), judged(100, "US"), "{activity}");
        assert_eq!(judged(4, "CN"), judged(100, "CN"), "{activity}");
        assert_ne!(judged(4, "CN"), judged(100, "US"), "{activity}");
    }
}

/// The tables of an inventory.
fn tables() -> impl Strategy<Value = Vec<String>> {
    let endpoints = (endpoint(0), endpoint(1), endpoint(2), endpoint(3), endpoint(4), endpoint(5));
    (endpoints, prop::collection::vec(route(), 0..10)).prop_map(|((a, b, c, d, e, f), mut routes)| {
        routes.sort();
        routes.dedup();
        let mut tables = sites();
        tables.extend([a, b, c, d, e, f]);
        tables.extend(routes);
        tables
    })
}

fn shuffled() -> impl Strategy<Value = (Vec<String>, Vec<String>)> {
    tables().prop_flat_map(|tables| (Just(tables.clone()), Just(tables).prop_shuffle()))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_order_of_tables_changes_nothing((tables, shuffled) in shuffled()) {
        let (a, b) = (one_file(&tables), one_file(&shuffled));
        prop_assert_eq!(verdicts(&a), verdicts(&b));
        prop_assert_eq!(said(&a), said(&b));
    }

    #[test]
    fn neither_the_split_into_files_nor_their_names_change_verdicts(
        tables in tables(),
        files in prop::collection::vec(0_usize..4, 24),
        names in Just(["a", "b/c", "z", "m/n/o"]).prop_shuffle(),
    ) {
        let split = |names: &[&str; 4]| {
            let mut texts: BTreeMap<String, String> = BTreeMap::new();
            let parts = keep_pools_together(&tables);
            for (part, file) in parts.iter().zip(&files) {
                texts.entry(format!("{}.toml", names[*file])).or_default().push_str(part);
            }
            judge(&texts.into_iter().collect::<Vec<_>>())
        };
        let whole = one_file(&tables);
        let (a, b) = (split(&["a", "b", "c", "d"]), split(&names));
        prop_assert_eq!(verdicts(&whole), verdicts(&a), "split");
        prop_assert_eq!(verdicts(&a), verdicts(&b), "renamed");
        prop_assert_eq!(said(&a), said(&b), "renamed");
    }

    #[test]
    fn one_more_route_mends_nothing(tables in tables(), route in route(), at in any::<Index>()) {
        let before = verdicts(&one_file(&tables));
        let mut more = tables.clone();
        more.insert(at.index(tables.len()), route);
        let after = verdicts(&one_file(&more));
        for rule in ["p/only", "p/never"] {
            // What was not known may come out well: a route can say where a name leads that led nowhere.
            prop_assert!(
                before[rule] != Verdict::Violated || after[rule] == Verdict::Violated,
                "{} was violated and is {}", rule, after[rule].as_str()
            );
        }
    }
}

/// What logs everything of a provider logs what says nothing of its roles, too.
#[test]
fn what_collects_takes_from_the_silent() {
    let mut sources = Sources::default();
    let file = sources.add("a.tf", "x");
    let at = Location::new(file, Span::default());
    let mut facts = Facts::default();
    for (label, standing, roles) in [
        ("silent", Standing::Physical, Roles::NONE),
        ("server", Standing::Physical, Roles::of(&[Role::Process])),
        ("desk", Standing::Physical, Roles::of(&[Role::Access])),
        ("name", Standing::Logical, Roles::NONE),
        ("logs", Standing::Physical, Roles::of(&[Role::Store])),
    ] {
        let mut fact = EndpointFact::new(if label == "logs" { "log-group" } else { "x" }, label, at);
        (fact.standing, fact.roles, fact.provider) = (standing, roles, Some("aws".to_owned()));
        facts.endpoint(fact);
    }
    let (to, provider) = (Reference::Fact(4), Some("aws".to_owned()));
    facts.collected.push(Collected {
        to,
        by: Vec::new(),
        provider,
        account: None,
        region: None,
        data: Vec::new(),
        location: at,
    });
    let project_file = sources.add("onshore.toml", PROJECT);
    let project = onshore::project::parse(project_file, PROJECT).0.expect("a project");
    let snapshot = link(vec![(file, facts)], &project, &sources);
    let name = |id: EndpointId| snapshot.endpoint(id).name.as_str();
    let mut from: Vec<&str> =
        snapshot.routes.iter().filter(|r| r.activity == Activity::Log && name(r.to) == "logs").map(|r| name(r.from)).collect();
    from.sort_unstable();
    assert_eq!(from, ["server", "silent"]);
}

/// Routes of one pool stand for each other only within a file, so that they are one part.
fn keep_pools_together(tables: &[String]) -> Vec<String> {
    let mut parts: Vec<String> = Vec::new();
    let mut routes = String::new();
    for table in tables {
        if table.starts_with("[[route]]") { routes.push_str(table) } else { parts.push(table.clone()) }
    }
    parts.push(routes);
    parts
}
