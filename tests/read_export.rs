//! Cloud exports against folders of input and expected facts (`ONSHORE_BLESS=1` writes them), against real exports, and against
//! damaged text.
#![allow(clippy::disallowed_methods, clippy::unwrap_used, clippy::print_stdout)] // a test opens files, may panic and says what it skips

mod facts;

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use facts::sources;
use onshore::model::{DataLimit, EndpointFact, Facts, GapScope, Reference, Role, RouteFact, Standing, Unread};
use onshore::read::export::CloudExport;
use onshore::read::{FileSettings, Reader, Reading, Recognized, Set, Settings};
use onshore::source::{SourceId, Sources};

fn texts(files: &[(&str, &str)]) -> Sources {
    let mut sources = Sources::default();
    for (path, text) in files {
        sources.add(*path, *text);
    }
    sources
}

/// What came of all files that are recognized.
struct Read {
    sources: Sources,
    readings: Vec<(SourceId, Reading)>,
    unrecognized: Vec<String>,
}

impl Read {
    fn of(sources: Sources, settings: &Settings) -> Self {
        let is_export = |id: &SourceId| {
            let source = sources.get(*id);
            CloudExport.recognize(&source.path, &source.text) != Recognized::No
        };
        let all: Vec<SourceId> = sources.iter().map(|(id, _)| id).collect();
        let (files, others): (Vec<_>, Vec<_>) = all.into_iter().partition(is_export);
        let set = Set { sources: &sources, files: &files, settings };
        let readings = CloudExport.read_together(&set).unwrap();
        let unrecognized = others.iter().map(|id| sources.get(*id).path.clone()).collect();
        Self { sources, readings, unrecognized }
    }

    fn plain(sources: Sources) -> Self {
        Self::of(sources, &Settings::default())
    }

    fn endpoints(&self) -> impl Iterator<Item = &EndpointFact> {
        self.readings.iter().flat_map(|(_, r)| &r.facts.endpoints)
    }

    #[track_caller]
    fn endpoint(&self, label: &str) -> &EndpointFact {
        let found: Vec<_> = self.endpoints().filter(|e| e.label == label).collect();
        assert_eq!(found.len(), 1, "{label}: {:?}", self.endpoints().map(|e| &e.label).collect::<Vec<_>>());
        found[0]
    }

    #[track_caller]
    fn region(&self, label: &str) -> &str {
        self.endpoint(label).region.as_ref().map_or("", |r| r.value.as_str())
    }

    fn gaps(&self) -> impl Iterator<Item = &Unread> {
        self.readings.iter().flat_map(|(_, r)| &r.facts.gaps)
    }

    fn messages(&self, code: &str) -> Vec<&str> {
        self.gaps().filter(|g| g.code == code).map(|g| g.message.as_str()).collect()
    }

    fn show(&self) -> String {
        let mut out = String::new();
        for (file, reading) in &self.readings {
            writeln!(out, "== {}", self.sources.get(*file).path).unwrap();
            if let Some(why) = &reading.broken {
                writeln!(out, "broken: {why}").unwrap();
            }
            let facts = &reading.facts;
            for i in 0..facts.endpoints.len() {
                writeln!(out, "{}", self.show_endpoint(facts, i)).unwrap();
            }
            for route in &facts.routes {
                writeln!(out, "{}", self.show_route(facts, route)).unwrap();
            }
            for gap in &facts.gaps {
                let scope = match &gap.scope {
                    GapScope::Everything => "everything".to_owned(),
                    GapScope::Nothing => "nothing".to_owned(),
                    GapScope::Endpoints(of) => of.iter().map(|r| self.reference(facts, r)).collect::<Vec<_>>().join(" "),
                };
                let line = self.sources.position(gap.location).line;
                writeln!(out, "gap {} {line}: {} ({scope})", gap.code, gap.message).unwrap();
            }
        }
        for path in &self.unrecognized {
            writeln!(out, "not an export: {path}").unwrap();
        }
        out
    }

    fn reference(&self, facts: &Facts, reference: &Reference) -> String {
        match reference {
            Reference::Fact(i) => format!("[{}]", facts.endpoints[*i].label),
            Reference::Host { name, .. } => name.clone(),
            Reference::Address { ip, .. } => ip.to_string(),
            Reference::Id(id) => format!("id {id}"),
            Reference::Any(any) => format!("any {any}"),
        }
    }

    fn show_endpoint(&self, facts: &Facts, i: usize) -> String {
        let e = &facts.endpoints[i];
        let mut line = format!("{} [{}] {}", e.kind, e.label, self.sources.position(e.location).line);
        if e.standing == Standing::Logical {
            line.push_str(" logical");
        }
        let mut add = |key: &str, value: Option<String>| {
            if let Some(value) = value.filter(|v| !v.is_empty()) {
                write!(line, " {key}={value}").unwrap();
            }
        };
        add("region", e.region.as_ref().map(|r| r.value.clone()));
        add("zone", e.zone.as_ref().map(|r| r.value.clone()));
        add("account", e.account.clone());
        add("scope", e.scope.clone());
        add("names", Some(e.names.iter().map(|n| n.value.as_str()).collect::<Vec<_>>().join(",")));
        add("addresses", Some(e.addresses.iter().map(|a| a.ip.to_string()).collect::<Vec<_>>().join(",")));
        add("networks", Some(e.networks.iter().map(|n| n.value.to_string()).collect::<Vec<_>>().join(",")));
        add("part-of", Some(e.part_of.iter().map(|r| self.reference(facts, r)).collect::<Vec<_>>().join(",")));
        add("ids", Some(e.cloud_ids.iter().filter(|id| **id != e.label).cloned().collect::<Vec<_>>().join(",")));
        add("tags", Some(e.tags.iter().map(|(k, v)| format!("{k}:{v}")).collect::<Vec<_>>().join(",")));
        line
    }

    fn show_route(&self, facts: &Facts, route: &RouteFact) -> String {
        let (from, to) = (self.reference(facts, &route.from), self.reference(facts, &route.to));
        let line = self.sources.position(route.location).line;
        let mut text = format!("{} {from} -> {to} {line}", route.activity.as_str());
        if let DataLimit::Only(classes) = &route.data {
            write!(text, " only {}", classes.join(",")).unwrap();
        }
        text
    }
}

/// The real exports kept beside the project; tests of them are left out where they are not there.
fn corpus(case: &str) -> Option<Read> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/corpus").join(case).join("raw");
    if !folder.is_dir() {
        println!("left out: there is no {case} in the corpus");
        return None;
    }
    let read = Read::plain(sources(&folder));
    if std::env::var_os("ONSHORE_SHOW").is_some() {
        println!("{}", read.show());
    }
    Some(read)
}

#[test]
fn folders_of_input_give_the_expected_facts() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/read/export");
    let mut cases: Vec<PathBuf> = std::fs::read_dir(&root).unwrap().map(|e| e.unwrap().path()).collect();
    cases.sort();
    assert!(cases.len() > 5);
    let mut wrong = Vec::new();
    for case in cases {
        let found = Read::plain(sources(&case)).show();
        let expected = case.join("expected.txt");
        if std::env::var_os("ONSHORE_BLESS").is_some() {
            std::fs::write(&expected, &found).unwrap();
        }
        if std::fs::read_to_string(&expected).unwrap_or_default() != found {
            wrong.push(format!("{}:\n{found}", case.display()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

// ---- aws-inventory/cloudmapper-demo ----

const DEMO: &str = "aws-inventory/cloudmapper-demo";
const DEMO_DATABASE: &str = "arn:aws:rds:us-east-1:123456789012:db:securitymonkey";

#[test]
fn demo_is_one_region_as_its_folder_says() {
    let Some(read) = corpus(DEMO) else { return };
    let own = read.endpoints().filter(|e| !e.label.starts_with("arn:aws:logs:") && e.standing == Standing::Physical);
    for endpoint in own.filter(|e| e.label != "arn:aws:s3:::demo-logs") {
        assert_eq!(endpoint.region.as_ref().map(|r| r.value.as_str()), Some("us-east-1"), "{}", endpoint.label);
    }
    // Only the folder says where the VPC is.
    assert_eq!(read.endpoint("vpc-12345678").account.as_deref(), Some("123456789012"));
    let steps: Vec<String> = read.endpoint("vpc-12345678").trail.steps().map(|s| s.text.to_string()).collect();
    assert_eq!(steps, ["the folder `us-east-1` says the region"]);
}

#[test]
fn a_folder_says_nothing_without_the_tree_around_it() {
    let Some(read) = corpus(DEMO) else { return };
    let (_, vpcs) = read.sources.iter().find(|(_, s)| s.path.ends_with("ec2-describe-vpcs.json")).unwrap();
    let alone = Read::plain(texts(&[("demo/us-east-1/ec2-describe-vpcs.json", &vpcs.text)]));
    assert_eq!(alone.region("vpc-12345678"), "");
    assert_eq!(alone.messages("unknown-region").len(), 1);
}

#[test]
fn demo_database_is_contradictory_and_flagged() {
    let Some(read) = corpus(DEMO) else { return };
    let database = read.endpoint(DEMO_DATABASE);
    assert_eq!(database.names[0].value, "database.abcdefghijkl.us-east-1.rds.amazonaws.com");
    assert_eq!(database.zone.as_ref().unwrap().value, "us-east-2a");
    let said = format!("`{DEMO_DATABASE}` names a zone of another region: its region is us-east-1 and its zone us-east-2a");
    assert_eq!(read.messages("region-and-zone-disagree"), [said]);
}

#[test]
fn demo_balancer_leads_to_its_instances() {
    let Some(read) = corpus(DEMO) else { return };
    let balancer = read.endpoint("weblb");
    assert_eq!(balancer.region.as_ref().unwrap().value, "us-east-1");
    // Internet-facing: an entry. The two zones that it spans are of one region, and not kept.
    assert!(balancer.roles.contains(Role::Entry), "{:?}", balancer.roles);
    let shown = read.show();
    assert!(
        shown.contains("forward [weblb] -> id i-00000000000000002")
            && shown.contains("forward [weblb] -> id i-00000000000000003")
    );
}

#[test]
fn a_null_location_constraint_is_us_east_1() {
    let Some(read) = corpus(DEMO) else { return };
    assert_eq!(read.region("cloudmapper_demo"), "us-east-1");
    assert!(read.messages("unknown-region").is_empty());
}

#[test]
fn demo_has_no_peerings() {
    let Some(read) = corpus(DEMO) else { return };
    assert!(read.messages("private-link").is_empty());
    assert!(read.unrecognized.is_empty(), "{:?}", read.unrecognized);
}

// ---- aws-inventory/tgw-peering-two-accounts ----

const PEERING: &str = "aws-inventory/tgw-peering-two-accounts";

#[test]
fn batfish_folders_say_account_and_region() {
    let Some(read) = corpus(PEERING) else { return };
    let of = |label: &str| (read.endpoint(label).account.as_deref().unwrap().to_owned(), read.region(label).to_owned());
    assert_eq!(of("vpc-065ea457071dd67bb"), ("732168539940".into(), "us-east-1".into()));
    assert_eq!(of("vpc-0ecbcbd110fd839d1"), ("804819755326".into(), "us-west-1".into()));
}

#[test]
fn vpcs_have_their_networks_and_are_their_own_scope() {
    let Some(read) = corpus(PEERING) else { return };
    let vpcs = [
        ("vpc-065ea457071dd67bb", "10.10.0.0/16"),
        ("vpc-03ccec9d7758a283a", "10.20.0.0/16"),
        ("vpc-0ecbcbd110fd839d1", "192.168.0.0/16"),
    ];
    for (vpc, network) in vpcs {
        let fact = read.endpoint(vpc);
        assert_eq!(fact.networks.iter().map(|n| n.value.to_string()).collect::<Vec<_>>(), [network]);
        assert_eq!(fact.scope.as_deref(), Some(vpc));
    }
}

#[test]
fn the_static_route_opens_the_way_across_accounts() {
    let Some(read) = corpus(PEERING) else { return };
    let links = read.messages("private-link");
    let east = "vpc-03ccec9d7758a283a reaches 192.168.0.0/16 over the transit gateway peering with tgw-03201f1960ddb0c25 \
                (us-west-1, account 804819755326)";
    let west = "vpc-0ecbcbd110fd839d1 reaches 10.20.0.0/16 over the transit gateway peering with tgw-0e20010ebf43d07a2 \
                (us-east-1, account 732168539940)";
    assert_eq!(links, [east, west]);
}

#[test]
fn vpcs_on_the_table_without_routes_reach_nothing() {
    let Some(read) = corpus(PEERING) else { return };
    assert!(read.messages("private-link").iter().all(|m| !m.contains("vpc-065ea457071dd67bb")));
}

#[test]
fn an_interface_and_its_instance_are_one() {
    let Some(read) = corpus(PEERING) else { return };
    let of: Vec<_> = read.endpoints().filter(|e| e.label == "i-08f3abb6471637c66").collect();
    assert_eq!(of.len(), 2);
    assert!(of.iter().all(|e| e.kind == "server" && e.cloud_ids.contains(&"i-08f3abb6471637c66".to_owned())));
}

// ---- gcp-asset/policy-library-locations ----

const LOCATIONS: &str = "gcp-asset/policy-library-locations";

/// Endpoints whose label ends so, with their regions.
fn regions(read: &Read, ends: &[(&str, &str)]) {
    for (end, region) in ends {
        let found: Vec<_> = read.endpoints().filter(|e| e.label.ends_with(end)).collect();
        assert_eq!(found.len(), 1, "{end}");
        assert_eq!(found[0].region.as_ref().unwrap().value, *region, "{end}");
        assert_eq!(found[0].provider.as_deref(), Some("gcp"));
    }
}

#[test]
fn spanner_locations_are_in_the_configuration() {
    let Some(read) = corpus(LOCATIONS) else { return };
    let config = |name: &str| format!("projects/cf-my-test-project/instanceConfigs/{name}");
    let configs = ["nam-eur-asia1", "regional-europe-north1", "nam3", "regional-us-central1"].map(config);
    let names =
        ["multi-regional-spanner-inst", "test-euro-spanner", "test-multi-region-spanner", "test-regional-spanner-instance"];
    let pairs: Vec<(&str, &str)> = names.into_iter().zip(configs.iter().map(String::as_str)).collect();
    regions(&read, &pairs);
}

#[test]
fn databases_are_in_singapore_and_sydney() {
    let Some(read) = corpus(LOCATIONS) else { return };
    regions(
        &read,
        &[
            ("test-instance-1-singapore", "asia-southeast1"),
            ("test-instance-2-singapore", "asia-southeast1"),
            ("mysql-2nd-gen-singapore", "asia-southeast1"),
            ("mysql-2nd-gen-sydney", "australia-southeast1"),
            ("postgres-11-sydney", "australia-southeast1"),
        ],
    );
}

#[test]
fn datasets_apps_and_buckets_have_their_own_words_for_places() {
    let Some(read) = corpus(LOCATIONS) else { return };
    regions(
        &read,
        &[
            ("us_west2_test_dataset", "us-west2"),
            ("eu_test_dataset", "EU"),
            ("us_east4_test_dataset", "us-east4"),
            ("cf-test-project-1", "us-central"),
            ("cf-test-project-2", "europe-west6"),
            ("cf-test-project-3", "australia-southeast1"),
            ("cf-test-project-4", "southamerica-east1"),
            ("/my-storage-bucket", "US"),
            ("my-storage-bucket-with-logging", "US-CENTRAL1"),
            ("my-storage-bucket-with-secure-logging", "US-CENTRAL1"),
        ],
    );
}

#[test]
fn every_place_of_the_library_is_in_the_table() {
    use onshore::geo::region;
    let Some(read) = corpus(LOCATIONS) else { return };
    let countries = |id: &str| -> Vec<String> {
        let rows = region::find("gcp", id);
        let mut all: Vec<String> = rows.iter().flat_map(|r| &r.places).map(|p| p.country.to_string()).collect();
        all.sort_unstable();
        all
    };
    for endpoint in read.endpoints().filter(|e| e.region.is_some()) {
        let region = &endpoint.region.as_ref().unwrap().value;
        assert!(!countries(region).is_empty(), "{}: {region}", endpoint.label);
    }
    assert_eq!(countries("projects/p/instanceConfigs/nam-eur-asia1"), ["BE", "TW", "US"]);
    assert_eq!(countries("us-central"), ["US"]);
    assert_eq!(countries("europe-west6"), ["CH"]);
}

// ---- what users say, and what is broken ----

#[test]
fn the_project_file_says_what_an_answer_does_not() {
    let told = |text: &str| onshore::read::Told {
        text: text.to_owned(),
        location: onshore::source::Location::new(SourceId(0), onshore::source::Span::new(0, 1)),
    };
    let mut settings = Settings::default();
    let own = FileSettings { region: Some(told("eu-west-2")), account: Some(told("999900001111")), ..FileSettings::default() };
    settings.add("answers/*", own);
    let vpcs = r#"{"Vpcs": [{"VpcId": "vpc-1", "CidrBlock": "10.0.0.0/16"}]}"#;
    let buckets = r#"{"Buckets": [{"Name": "b", "CreationDate": "2026-01-01"}]}"#;
    let read = Read::of(texts(&[("answers/buckets.json", buckets), ("answers/vpcs.json", vpcs)]), &settings);
    assert_eq!(read.region("vpc-1"), "eu-west-2");
    assert_eq!(read.endpoint("vpc-1").account.as_deref(), Some("999900001111"));
    // list-buckets answers with the buckets of every region.
    assert_eq!(read.region("b"), "");
}

#[test]
fn the_latest_item_counts_wherever_it_stands() {
    let item = |time: &str, region: &str, status: &str| {
        format!(
            r#"{{"fileVersion":"1.0","configurationItems":[{{"configurationItemCaptureTime":"{time}","configurationItemStatus":"{status}","resourceType":"AWS::EC2::Volume","resourceId":"vol-1","ARN":"arn:aws:ec2:{region}:111122223333:volume/vol-1","awsRegion":"{region}","configuration":{{"volumeId":"vol-1","kmsKeyId":"{time}"}}}}]}}"#
        )
    };
    let (old, new) = (item("2026-11-01T00:00:00.000Z", "eu-west-1", "OK"), item("2026-11-02T00:00:00.000Z", "eu-west-1", "OK"));
    let gone = item("2026-11-03T00:00:00.000Z", "eu-west-1", "ResourceDeleted");
    for files in [[("a.json", old.as_str()), ("b.json", new.as_str())], [("a.json", new.as_str()), ("b.json", old.as_str())]] {
        let read = Read::plain(texts(&files));
        assert!(read.show().contains("2026-11-02T") && !read.show().contains("2026-11-01T"), "{}", read.show());
    }
    let read = Read::plain(texts(&[("a.json", &old), ("b.json", &gone), ("c.json", &new)]));
    assert_eq!(read.endpoints().count(), 0);
}

#[test]
fn other_formats_are_not_taken() {
    let others = [
        r#"{"endpoint": [{"id": "a"}]}"#,
        r#"{"format_version": "1.2", "resource_changes": [{"address": "aws_vpc.a", "type": "aws_vpc"}]}"#,
        r#"{"version": 4, "terraform_version": "1.9", "resources": [{"type": "aws_vpc", "name": "a", "instances": []}]}"#,
        r#"{"Resources": {"Vpc": {"Type": "AWS::EC2::VPC"}}}"#,
        r#"{"$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#", "resources": [{"type": "Microsoft.Storage/storageAccounts", "name": "a", "location": "westeurope"}]}"#,
        r#"{"apiVersion": "v1", "kind": "List", "items": [{"kind": "Service"}]}"#,
        r#"{"count": 1, "results": [{"id": 1, "name": "site", "url": "https://netbox.example/api/dcim/sites/1/"}]}"#,
        r#"[{"name": "x", "type": "y", "id": "z"}]"#,
        r#"{"data": [{"id": "1", "type": "sites"}]}"#,
        r#"{"name": "package", "Keys": [], "version": "1.0.0"}"#,
        r#"{"version": 3, "deployment": {"manifest": {}, "resources": []}}"#,
        "{}",
        "[]",
        "{",
        "",
        "Resources:\n  Vpc:\n    Type: AWS::EC2::VPC\n",
    ];
    for text in others {
        assert_eq!(CloudExport.recognize("some/file.json", text), Recognized::No, "{text}");
    }
}

#[test]
fn damaged_exports_are_read_without_panic_and_never_silently() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/read/export");
    for case in std::fs::read_dir(&root).unwrap() {
        let sources = sources(&case.unwrap().path());
        for (_, source) in sources.iter() {
            let ends = (0..source.text.len()).step_by(7).filter(|at| source.text.is_char_boundary(*at));
            for end in ends {
                let cut = &source.text[..end];
                let read = Read::plain(texts(&[(&source.path, cut)]));
                let told =
                    |(_, r): &(SourceId, Reading)| r.broken.is_some() || r.facts.gaps.iter().any(|g| g.code == "broken-record");
                // What is recognized, and cut within a record, is told; lines that ended are whole.
                let lines_end = cut.trim_end().ends_with('}') && source.path.ends_with(".ndjson");
                let whole = lines_end || cut.trim_end() == source.text.trim_end();
                assert!(read.readings.iter().all(told) || whole, "{}: cut at {end}", source.path);
            }
        }
    }
}

#[test]
fn hostile_exports_cost_little() {
    let deep = format!(r#"{{"Vpcs": [{{"VpcId": "v", "CidrBlock": {}1{}}}]}}"#, "[".repeat(100_000), "]".repeat(100_000));
    let long = format!(r#"{{"Vpcs": [{{"VpcId": "{}"}}]}}"#, "v".repeat(4_000_000));
    let many = format!(r#"{{"Vpcs": [{}{{"VpcId": "v"}}]}}"#, r#"{"VpcId": "v"},"#.repeat(25_000));
    let keys = format!(r#"{{{} "Vpcs": [{{"VpcId": "v"}}]}}"#, r#""Vpcs": [],"#.repeat(50_000));
    let nested = r#"{"resourceType":"AWS::S3::Bucket","resourceId":"b","awsRegion":"us-east-1","configuration":"{\"a\":\"{\\\"b\\\":1}\"}"}"#;
    let nested = format!(r#"{{"configurationItems": [{nested}], "fileVersion": "1.0"}}"#);
    let odd = r#"{"configurationItems": [1, null, "x", [], {"resourceType": 7, "resourceId": {}}, {"resourceType": "AWS::S3::Bucket"}]}"#;
    for text in [deep, long, many, keys, nested, odd.to_owned()] {
        let set = texts(&[("a.json", &text)]);
        let files = [SourceId(0)];
        let settings = Settings::default();
        let readings = CloudExport.read_together(&Set { sources: &set, files: &files, settings: &settings }).unwrap();
        assert_eq!(readings.len(), 1);
    }
}
