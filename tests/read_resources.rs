//! Resources against the tables: small configurations as JSON and the exact facts that come of them (`ONSHORE_BLESS=1` writes them).
//!
//! In the JSON, `${aws_kms_key.k.arn}` in a text is a reference, `${?why}` a value that is not known. `_region`, `_account` and
//! `_uncertain` of a resource stand for what its provider, and its `count`, say.
#![allow(clippy::print_stdout, clippy::print_stderr, clippy::disallowed_methods, clippy::unwrap_used)] // a test opens files and may panic

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::civil::date;
use onshore::geo::Atlas;
use onshore::link::link;
use onshore::model::{
    Activity, ClientMatch, Collected, DataLimit, EndpointFact, Facts, GapScope, Reference, ResourceTally, RouteFact, Spill,
    Standing, Unread,
};
use onshore::project::Project;
use onshore::read::resource::{Is, Piece, Resource, Value, Vocabulary, table, translate};
use onshore::source::{Location, Sources, Span};
use serde_json::Value as Json;

/// A configuration in a source of its own.
struct Config {
    sources: Sources,
    resources: Vec<Resource>,
}

fn config(name: &str, text: &str) -> Config {
    let mut sources = Sources::default();
    let source = sources.add(name, text);
    let json: Json = serde_json::from_str(text).unwrap_or_else(|e| panic!("{name}: {e}"));
    let vocabulary = match json["vocabulary"].as_str() {
        None | Some("terraform") => Vocabulary::Terraform,
        Some("cloud-formation") => Vocabulary::CloudFormation,
        Some("arm") => Vocabulary::Arm,
        Some("gcp-asset") => Vocabulary::GcpAsset,
        Some("listing") => Vocabulary::Listing,
        Some(other) => panic!("{name}: {other}"),
    };
    let mut resources = Vec::new();
    for (address, given) in json["resources"].as_object().expect("resources") {
        let start =
            text.find(&format!("\"{address}\":")).or_else(|| text.find(&serde_json::to_string(address).unwrap())).unwrap();
        let location = Location::new(source, Span::new(start + 1, start + 1 + address.len()));
        let mut given = given.clone();
        let map = given.as_object_mut().unwrap();
        let mut take = |key: &str| map.remove(key).map(|v| value(&v, location));
        let (region, account, uncertain, kind) = (take("_region"), take("_account"), take("_uncertain"), take("_kind"));
        let common = |key: &str| json.get(key).map(|v| value(v, location));
        let own_kind = address.split('[').next().unwrap().rsplit('.').nth(1).unwrap_or("");
        resources.push(Resource {
            vocabulary,
            kind: kind.and_then(|k| k.as_text().map(|t| Arc::from(&*t))).unwrap_or_else(|| own_kind.into()),
            address: address.as_str().into(),
            region: region.or_else(|| common("region")),
            account: account.or_else(|| common("account")),
            attributes: value(&given, location),
            uncertain,
            ids: Vec::new(),
            location,
        });
    }
    Config { sources, resources }
}

fn value(json: &Json, at: Location) -> Value {
    let is = match json {
        Json::Null => Is::Null,
        Json::Bool(b) => Is::Bool(*b),
        Json::Number(n) => Is::Number(n.as_f64().unwrap()),
        Json::String(text) => return string(text, at),
        Json::Array(list) => Is::List(Arc::new(list.iter().map(|v| value(v, at)).collect())),
        Json::Object(map) => Is::Map(Arc::new(map.iter().map(|(k, v)| (k.as_str().into(), value(v, at))).collect())),
    };
    Value::new(is, at)
}

fn string(text: &str, at: Location) -> Value {
    let mut pieces = Vec::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("${") {
        let (inside, tail) = after.split_once('}').unwrap();
        if !before.is_empty() {
            pieces.push(Piece::Text(before.into()));
        }
        pieces.push(Piece::Hole(match inside.strip_prefix('?') {
            Some(why) => Value::unknown(why.to_owned(), Some(format!("give {why} a value").into()), at),
            None => {
                let (address, attribute) = inside.rsplit_once('.').unwrap();
                Value::reference(address.into(), attribute, at)
            }
        }));
        rest = tail;
    }
    if !rest.is_empty() {
        pieces.push(Piece::Text(rest.into()));
    }
    match &pieces[..] {
        [Piece::Hole(one)] => one.clone(),
        [] | [Piece::Text(_)] => Value::text(text, at),
        _ => Value::new(Is::Partial(pieces.into()), at),
    }
}

/// Facts as text, one line each.
struct Show<'a> {
    sources: &'a Sources,
    facts: &'a Facts,
}

impl Show<'_> {
    fn at(&self, at: Location) -> u32 {
        self.sources.position(at).line
    }

    fn reference(&self, reference: &Reference) -> String {
        let port = |p: &Option<u16>| p.map_or(String::new(), |p| format!(":{p}"));
        match reference {
            Reference::Fact(i) => format!("[{}]", self.facts.endpoints[*i].label),
            Reference::Host { name, port: p } => format!("host {name}{}", port(p)),
            Reference::Address { ip, port: p } => format!("address {ip}{}", port(p)),
            Reference::Id(id) => format!("id {id}"),
            Reference::Any(any) => format!("any {any}"),
        }
    }

    fn endpoint(&self, e: &EndpointFact) -> String {
        let mut line = format!("[{}] {}", e.label, e.kind);
        if e.standing == Standing::Logical {
            line.push_str(" logical");
        }
        let roles: Vec<&str> = e.roles.iter().map(|r| r.as_str()).collect();
        let mut say = |key: &str, text: Option<String>| {
            if let Some(text) = text.filter(|t| !t.is_empty()) {
                write!(line, " {key}={text}").unwrap();
            }
        };
        say("roles", Some(roles.join("+")));
        let provider = e.provider.clone().unwrap_or_default();
        let in_region = e.region.as_ref().map(|r| r.value.as_str());
        let in_zone = e.zone.as_ref().map(|z| z.value.as_str());
        say(
            "at",
            Some(format!("{provider}/{}{}", in_region.unwrap_or("?"), in_zone.map_or(String::new(), |z| format!("/{z}")))),
        );
        say("account", e.account.clone());
        say("ids", Some(e.cloud_ids.join(" ")));
        say("hosts", Some(e.names.iter().map(|n| n.value.as_str()).collect::<Vec<_>>().join(" ")));
        say("addresses", Some(e.addresses.iter().map(|a| a.ip.to_string()).collect::<Vec<_>>().join(" ")));
        say("networks", Some(e.networks.iter().map(|n| n.value.to_string()).collect::<Vec<_>>().join(" ")));
        say("scope", e.scope.clone());
        say("part-of", Some(e.part_of.iter().map(|p| self.reference(p)).collect::<Vec<_>>().join(" ")));
        say("inside", Some(e.inside.iter().map(|p| self.reference(p)).collect::<Vec<_>>().join(" ")));
        say("retention", e.attributes.retention_hours.map(|h| format!("{h}h")));
        say("locked", e.attributes.locked.map(|l| l.to_string()));
        say("tags", Some(e.tags.iter().map(|(k, v)| format!("{k}:{v}")).collect::<Vec<_>>().join(" ")));
        let steps: Vec<String> = e.trail.steps().map(|s| format!("{} {}", self.at(s.location), s.text)).collect();
        say("trail", Some(steps.join(" > ")));
        format!("{line} @{}", self.at(e.location))
    }

    fn route(&self, r: &RouteFact) -> String {
        let mut line =
            format!("{} -> {} {} {}", self.reference(&r.from), self.reference(&r.to), r.activity.as_str(), r.role.as_str());
        if r.within {
            line.push_str(" within");
        }
        if let Some(pool) = &r.pool {
            write!(line, " pool={pool:?}").unwrap();
        }
        if let Some(priority) = r.priority {
            write!(line, " priority={priority}").unwrap();
        }
        if r.spill != Spill::Load {
            write!(line, " spill={:?}", r.spill).unwrap();
        }
        if r.clients != ClientMatch::Any {
            write!(line, " clients={:?}", r.clients).unwrap();
        }
        if let DataLimit::Only(classes) = &r.data {
            write!(line, " only={}", classes.join(",")).unwrap();
        }
        if r.alias {
            line.push_str(" alias");
        }
        if let Some(condition) = &r.condition {
            write!(line, " {condition:?}").unwrap();
        }
        for step in r.trail.steps() {
            write!(line, " > {} {}", self.at(step.location), step.text).unwrap();
        }
        format!("{line} @{}", self.at(r.location))
    }

    fn gap(&self, g: &Unread) -> String {
        let scope = match &g.scope {
            GapScope::Everything => "everything".to_owned(),
            GapScope::Nothing => "nothing".to_owned(),
            GapScope::Endpoints(e) => e.iter().map(|r| self.reference(r)).collect::<Vec<_>>().join(" "),
        };
        let help = g.help.as_ref().map_or(String::new(), |h| format!(" ({h})"));
        format!("{} touches {scope}: {}{help} @{}", g.code, g.message, self.at(g.location))
    }
}

fn show(config: Config) -> String {
    let mut facts = Facts::default();
    let read = config.resources.len();
    translate(config.resources, &mut facts);
    let show = Show { sources: &config.sources, facts: &facts };
    let mut text = String::new();
    let section = |text: &mut String, title: &str, lines: Vec<String>| {
        if !lines.is_empty() {
            writeln!(text, "{title}\n  {}", lines.join("\n  ")).unwrap();
        }
    };
    section(&mut text, "endpoints", facts.endpoints.iter().map(|e| show.endpoint(e)).collect());
    section(&mut text, "routes", facts.routes.iter().map(|r| show.route(r)).collect());
    let collected = |c: &Collected| {
        let of = [&c.provider, &c.account, &c.region].map(|t| t.as_deref().unwrap_or("any"));
        let by: Vec<String> = c.by.iter().map(|r| show.reference(r)).collect();
        format!(
            "{} of {} for {} only={} @{}",
            show.reference(&c.to),
            of.join("/"),
            by.join(" "),
            c.data.join(","),
            show.at(c.location)
        )
    };
    section(&mut text, "collected", facts.collected.iter().map(collected).collect());
    section(&mut text, "joined", facts.joined.iter().map(|(a, b)| format!("{a} and {b}")).collect());
    section(&mut text, "gaps", facts.gaps.iter().map(|g| show.gap(g)).collect());
    assert_eq!(facts.resources.total(), read, "each resource counts once");
    let ResourceTally { placed, uncertain, unplaced, placeless, no_data, unknown } = &facts.resources;
    let perhaps = if *uncertain > 0 { format!("{uncertain} placed if they exist, ") } else { String::new() };
    writeln!(text, "{read} resources: {placed} placed, {perhaps}{placeless} placeless, {no_data} without data").unwrap();
    section(&mut text, "not placed", unplaced.iter().map(|(why, n)| format!("{n} {why}")).collect());
    section(&mut text, "unknown kinds", unknown.iter().map(|(kind, n)| format!("{n} {kind}")).collect());
    text
}

#[test]
fn cases() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/read/resource");
    let bless = std::env::var_os("ONSHORE_BLESS").is_some();
    let mut files: Vec<PathBuf> = std::fs::read_dir(root).unwrap().map(|e| e.unwrap().path()).collect();
    files.retain(|f| f.extension().is_some_and(|e| e == "json"));
    files.sort();
    let mut wrong = String::new();
    for file in &files {
        let name = file.file_name().unwrap().to_string_lossy();
        let actual = show(config(&name, &std::fs::read_to_string(file).unwrap()));
        let expected_path = file.with_extension("txt");
        if bless {
            std::fs::write(&expected_path, &actual).unwrap();
        }
        let expected = std::fs::read_to_string(&expected_path).unwrap_or_default();
        if actual != expected {
            writeln!(wrong, "--- {name}\nexpected:\n{expected}\nactual:\n{actual}").unwrap();
        }
    }
    assert!(files.len() >= 5, "only {} cases", files.len());
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn the_tables_are_well_formed() {
    assert_eq!(table::faults(), Vec::<String>::new());
}

/// The whole way to places: what each endpoint is called after linking, and the countries it may stand in.
fn places(configs: &[(&str, &str)], others: Vec<Facts>) -> (Vec<String>, Vec<String>) {
    let mut sources = Sources::default();
    let mut inputs = Vec::new();
    for (name, text) in configs {
        let Config { resources, .. } = config(name, text);
        let source = sources.add(*name, *text);
        let mut facts = Facts::default();
        translate(moved(resources, source), &mut facts);
        inputs.push((source, facts));
    }
    for (n, facts) in others.into_iter().enumerate() {
        inputs.push((sources.add(format!("other{n}"), "\n\n\n\n"), facts));
    }
    let snapshot = link(inputs, &Project::default(), &sources);
    let atlas = Atlas::embedded(date(2026, 11, 22));
    let stand = |id| {
        let found = atlas.locate_endpoint(&snapshot, id);
        let countries: Vec<String> = found.places.iter().map(ToString::to_string).collect();
        let text = if countries.is_empty() { found.kind.as_str().to_owned() } else { countries.join("|") };
        format!("{}: {text}", snapshot.endpoint(id).name)
    };
    (snapshot.endpoint_ids().map(stand).collect(), snapshot.gaps.iter().map(|g| format!("{}: {}", g.code, g.message)).collect())
}

/// The same resources in a source with another id.
fn moved(mut resources: Vec<Resource>, source: onshore::source::SourceId) -> Vec<Resource> {
    for resource in &mut resources {
        resource.location.source = source;
    }
    resources
}

/// What a proxy's configuration says: data goes to an address.
fn proxy(address: &str, scope: Option<&str>) -> Facts {
    let mut facts = Facts::default();
    let at = Location::new(onshore::source::SourceId(1), Span::new(0, 1));
    let mut fact = EndpointFact::new("proxy", "proxy", at);
    fact.scope = scope.map(str::to_owned);
    let from = facts.endpoint(fact);
    let to = Reference::Address { ip: address.parse().unwrap(), port: Some(80) };
    facts.routes.push(RouteFact::new(from, to, Activity::Forward, at));
    facts
}

const TWO_NETWORKS: &str = r#"{"region": "eu-central-1", "resources": {
    "aws_vpc.a": {"cidr_block": "10.1.0.0/16"},
    "aws_subnet.local": {"vpc_id": "${aws_vpc.a.id}", "cidr_block": "10.1.2.0/24", "availability_zone": "eu-central-1-ist-1a"},
    "aws_vpc.b": {"cidr_block": "10.1.0.0/16", "_region": "us-east-1"},
    "aws_instance.in_local": {"subnet_id": "${aws_subnet.local.id}"}
}}"#;

#[test]
fn private_addresses_stand_in_the_subnet_that_holds_them() {
    let stands = |address: &str, scope: Option<&str>| {
        let (places, gaps) = places(&[("a.json", TWO_NETWORKS)], vec![proxy(address, scope)]);
        let place = places.iter().find_map(|p| p.strip_prefix(&format!("{address}:80: "))).unwrap().to_owned();
        (place, gaps.iter().any(|g| g.starts_with("ambiguous-address")))
    };
    // The subnet is a Local Zone in another country than its region, and the longest network wins within its scope.
    assert_eq!(stands("10.1.2.3", Some("aws_vpc.a")), ("TR-34 Istanbul".to_owned(), false));
    assert_eq!(stands("10.1.3.3", Some("aws_vpc.a")), ("DE-HE Frankfurt".to_owned(), false));
    assert_eq!(stands("10.1.3.3", Some("aws_vpc.b")), ("US-VA Ashburn (N. Virginia)".to_owned(), false));
    // Without a scope it may be any of them, and says so.
    let (place, ambiguous) = stands("10.1.3.3", None);
    assert!(ambiguous && place.contains("DE-HE") && place.contains("US-VA"), "{place}");
    assert_eq!(stands("10.77.0.1", None), ("private".to_owned(), false));
}

/// What is reached over a private link stands beyond it; a peering leads no further than to its other side, a hub to all of its.
#[test]
fn an_address_beyond_a_private_link_stands_there() {
    let text = std::fs::read_to_string("tests/read/resource/private-links.json").unwrap();
    let stands = |address: &str, scope: &str| {
        let (places, _) = places(&[("a.json", &text)], vec![proxy(address, Some(scope))]);
        places.iter().find_map(|p| p.strip_prefix(&format!("{address}:80: "))).unwrap().to_owned()
    };
    assert_eq!(stands("10.1.0.9", "aws_vpc.eu"), "DE-HE Frankfurt");
    // Another network has the same addresses, and no link leads to it.
    assert_eq!(stands("10.2.0.9", "aws_vpc.eu"), "US-VA Ashburn (N. Virginia)");
    assert_eq!(stands("10.2.0.9", "aws_vpc.alone"), "DE-HE Frankfurt");
    assert_eq!(stands("10.3.0.9", "aws_vpc.eu"), "private", "two peerings away");
    assert_eq!(stands("10.4.0.9", "aws_vpc.cn"), "SG Singapore", "over both hubs");
}

#[test]
fn parts_stand_where_their_subnet_does_and_bucket_names_join_files() {
    let other = r#"{"region": "eu-west-1", "resources": {
        "aws_s3_bucket.src": {"bucket": "src"},
        "aws_s3_bucket_replication_configuration.r": {"bucket": "src", "rule": [{"destination": [{"bucket": "arn:aws:s3:::dst"}]}]}
    }}"#;
    let dst = r#"{"region": "us-west-2", "resources": {"aws_s3_bucket.dst": {"bucket": "dst"}}}"#;
    let (places, gaps) = places(&[("a.json", TWO_NETWORKS), ("b.json", other), ("c.json", dst)], Vec::new());
    assert!(places.contains(&"aws_instance.in_local: TR-34 Istanbul".to_owned()), "{places:?}");
    assert!(
        places.contains(&"aws_s3_bucket.src: IE Dublin".to_owned())
            || places.iter().any(|p| p.starts_with("aws_s3_bucket.src: IE")),
        "{places:?}"
    );
    let dst: Vec<&String> = places.iter().filter(|p| p.contains("dst")).collect();
    assert!(dst.len() == 1 && dst[0].contains(": US-OR"), "{places:?}");
    assert_eq!(gaps, Vec::<String>::new());
}

/// Nobody sends anything to a network; its log holds what passes those that are in it, whatever file speaks of them.
#[test]
fn the_log_of_a_network_takes_from_all_that_is_in_it() {
    let logged = r#"{"region": "eu-central-1", "resources": {
        "aws_vpc.a": {"cidr_block": "10.1.0.0/16"},
        "aws_subnet.s": {"vpc_id": "${aws_vpc.a.id}", "cidr_block": "10.1.2.0/24"},
        "aws_instance.in_subnet": {"subnet_id": "${aws_subnet.s.id}"},
        "aws_instance.elsewhere": {"ami": "ami-1"},
        "aws_flow_log.f": {"vpc_id": "${aws_vpc.a.id}", "log_destination": "arn:aws:s3:::flow-logs"}
    }}"#;
    let mut sources = Sources::default();
    let Config { resources, .. } = config("a.json", logged);
    let source = sources.add("a.json", logged);
    let mut facts = Facts::default();
    translate(moved(resources, source), &mut facts);
    let other = sources.add("other", "\n\n\n\n");
    let snapshot = link(vec![(source, facts), (other, proxy("10.1.2.77", Some("aws_vpc.a")))], &Project::default(), &sources);
    let name = |id| snapshot.endpoint(id).name.as_str();
    let mut logged: Vec<&str> =
        snapshot.routes.iter().filter(|r| name(r.to) == "what passes in aws_vpc.a").map(|r| name(r.from)).collect();
    logged.sort_unstable();
    assert_eq!(logged, ["10.1.2.77:80", "aws_instance.in_subnet", "aws_subnet.s", "aws_vpc.a", "proxy"]);
}

/// A tree of many resources is no slower per resource than a small one, and says each reason once.
#[test]
fn many_resources_cost_their_number() {
    let resource = |n: usize| {
        format!(
            r#""aws_s3_bucket.b{n}": {{"bucket": "b{n}", "_region": "${{?variable `region` has no value}}"}},
               "aws_s3_bucket_logging.l{n}": {{"bucket": "${{aws_s3_bucket.b{n}.id}}", "target_bucket": "b0"}},
               "aws_backup_selection.s{n}": {{"plan_id": "p", "resources": ["arn:aws:s3:::*"]}},
               "aws_unheard_of.u{n}": {{"bucket": "${{aws_s3_bucket.b{n}.id}}"}}"#
        )
    };
    let text = |count: usize| format!(r#"{{"resources": {{{}}}}}"#, (0..count).map(resource).collect::<Vec<_>>().join(","));
    let run = |count: usize| {
        let text = text(count);
        let config = config("many.json", &text);
        let mut facts = Facts::default();
        translate(config.resources, &mut facts);
        facts
    };
    let facts = run(300);
    assert!(facts.gaps.len() <= 4, "{:#?}", facts.gaps.iter().map(|g| &g.message).collect::<Vec<_>>());
    assert_eq!(facts.endpoints.len(), 300 + 300 + facts.endpoints.iter().filter(|e| !e.label.starts_with("aws_")).count());
}
