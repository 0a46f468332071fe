//! Terraform configurations and what comes of them. Each file of `tests/read/terraform` is a small project in the archive form
//! `-- path --`, ending in `-- facts --`: endpoints with the lines that explain where they stand, routes, and gaps
//! (`ONSHORE_BLESS=1` writes them). Then the facts and traps of the corpus, one assertion each.

#![allow(
    clippy::type_complexity,
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::disallowed_methods,
    clippy::unwrap_used,
    reason = "a test opens files and may panic"
)]

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use onshore::model::route::DataLimit;
use onshore::model::{Activity, ClientMatch, Country, EndpointFact, Facts, GapScope, Reference, RouteFact, RouteRole};
use onshore::read::{FileSettings, Reading, Settings, Told, read_all};
use onshore::source::load::Loaded;
use onshore::source::{Location, SourceId, Sources, Span};

/// A project that was read.
struct Project {
    loaded: Loaded,
    readings: Vec<(SourceId, Reading)>,
}

/// `set: GLOB name=value` (variables), `file: GLOB path` (variable files), `region: GLOB region`, `env: name=value`.
fn settings(header: &[(String, String)]) -> Settings {
    let told = |text: &str| Told { text: text.to_owned(), location: Location::new(SourceId(0), Span::default()) };
    let of = |key: &str| header.iter().filter(move |(k, _)| k == key).map(|(_, v)| v.as_str()).collect::<Vec<_>>();
    let pairs = |key: &str| of(key).iter().map(|v| v.split_once(' ').unwrap()).collect::<Vec<_>>();
    let environment = of("env").into_iter().map(|v| v.split_once('=').unwrap());
    let mut settings = Settings::new(environment.map(|(k, v)| (k.to_owned(), v.to_owned())).collect());
    for (glob, given) in pairs("set") {
        let (name, value) = given.split_once('=').unwrap();
        let variables = BTreeMap::from([(name.to_owned(), told(value))]);
        settings.add(glob, FileSettings { variables, ..FileSettings::default() });
    }
    for (glob, path) in pairs("file") {
        settings.add(glob, FileSettings { variable_files: vec![told(path)], ..FileSettings::default() });
    }
    for (glob, region) in pairs("region") {
        settings.add(glob, FileSettings { region: Some(told(region)), ..FileSettings::default() });
    }
    settings
}

fn read(files: &[(String, String)], header: &[(String, String)]) -> Project {
    let mut loaded = Loaded::default();
    let mut files: Vec<_> = files.iter().collect();
    files.sort();
    for (path, text) in files {
        loaded.sources.add(path.as_str(), text.as_str());
        loaded.explicit.push(false);
    }
    let all = read_all(&loaded, &settings(header), &[], None).unwrap();
    let readings = all.readings.into_iter().map(|(id, _, reading)| (id, reading)).collect();
    Project { loaded, readings }
}

impl Project {
    fn facts(&self) -> impl Iterator<Item = &Facts> {
        self.readings.iter().map(|(_, r)| &r.facts)
    }

    fn endpoint(&self, label: &str) -> &EndpointFact {
        let mut found = self.facts().flat_map(|f| &f.endpoints).filter(|e| e.label == label);
        let first = found.next().unwrap_or_else(|| panic!("no endpoint {label}:\n{}", self.show()));
        assert!(found.next().is_none(), "two endpoints {label}");
        first
    }

    fn has(&self, label: &str) -> bool {
        self.facts().flat_map(|f| &f.endpoints).any(|e| e.label == label)
    }

    fn region(&self, label: &str) -> Option<&str> {
        self.endpoint(label).region.as_ref().map(|r| r.value.as_str())
    }

    /// `from -> to activity`.
    fn routes(&self) -> Vec<String> {
        let of = |facts: &Facts| {
            let routes = facts
                .routes
                .iter()
                .map(|r| format!("{} -> {} {}", name(facts, &r.from), name(facts, &r.to), r.activity.as_str()));
            routes.collect::<Vec<_>>()
        };
        self.facts().flat_map(of).collect()
    }

    fn gaps(&self) -> Vec<String> {
        self.facts().flat_map(|f| &f.gaps).map(|g| format!("{} {}", g.code, g.message)).collect()
    }

    fn show(&self) -> String {
        let mut out = String::new();
        let sources = &self.loaded.sources;
        for (id, reading) in &self.readings {
            show(sources, *id, reading, &mut out);
        }
        out
    }
}

fn name(facts: &Facts, reference: &Reference) -> String {
    match reference {
        Reference::Fact(i) => facts.endpoints[*i].label.clone(),
        Reference::Id(id) => format!("id {id}"),
        Reference::Host { name, .. } => format!("host {name}"),
        Reference::Address { ip, .. } => format!("address {ip}"),
        Reference::Any(any) => format!("any {any}"),
    }
}

fn show(sources: &Sources, id: SourceId, reading: &Reading, out: &mut String) {
    let at = |l: Location| sources.position(l).to_string();
    let facts = &reading.facts;
    writeln!(out, "# {}", sources.get(id).path).unwrap();
    let included: Vec<&str> = reading.included.iter().map(|i| sources.get(*i).path.as_str()).collect();
    if !included.is_empty() {
        writeln!(out, "with {}", included.join(", ")).unwrap();
    }
    for e in &facts.endpoints {
        let place = e.zone.as_ref().or(e.region.as_ref()).map_or("nowhere known", |r| r.value.as_str());
        let account = e.account.as_deref().map_or(String::new(), |a| format!(" account {a}"));
        let provider = e.provider.as_deref().unwrap_or("-");
        writeln!(out, "{} {} in {provider} {place}{account} ({})", e.kind, e.label, at(e.location)).unwrap();
        for step in e.trail.steps() {
            writeln!(out, "    {}: {}", at(step.location), step.text).unwrap();
        }
    }
    for r in &facts.routes {
        let (from, to) = (name(facts, &r.from), name(facts, &r.to));
        writeln!(out, "{from} -> {to} {} {} ({})", r.activity.as_str(), r.role.as_str(), at(r.location)).unwrap();
    }
    for e in &reading.syntax {
        writeln!(out, "syntax {}: {}", at(e.location), e.message).unwrap();
    }
    for g in &facts.gaps {
        let touched = match &g.scope {
            GapScope::Everything => "everything".to_owned(),
            GapScope::Nothing => "nothing".to_owned(),
            GapScope::Endpoints(e) => e.iter().map(|r| name(facts, r)).collect::<Vec<_>>().join(", "),
        };
        writeln!(out, "gap {} {}: {} [{touched}]", g.code, at(g.location), g.message).unwrap();
        if let Some(help) = &g.help {
            writeln!(out, "    {help}").unwrap();
        }
    }
}

fn parse(text: &str) -> (Vec<(String, String)>, Vec<(String, String)>) {
    let (mut header, mut files) = (Vec::new(), Vec::<(String, String)>::new());
    for line in text.lines() {
        if let Some(name) = line.strip_prefix("-- ").and_then(|l| l.strip_suffix(" --")) {
            files.push((name.to_owned(), String::new()));
        } else if let Some((_, body)) = files.last_mut() {
            body.push_str(line);
            body.push('\n');
        } else if let Some((key, value)) = line.split_once(": ").filter(|_| !line.starts_with('#')) {
            header.push((key.to_owned(), value.to_owned()));
        }
    }
    (header, files)
}

#[test]
fn configurations_give_their_facts() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/read/terraform");
    let mut paths: Vec<PathBuf> = std::fs::read_dir(folder).unwrap().map(|e| e.unwrap().path()).collect();
    paths.retain(|p| p.extension().is_some_and(|e| e == "txt"));
    paths.sort();
    assert!(!paths.is_empty());
    let mut wrong = Vec::new();
    for path in paths {
        let text = std::fs::read_to_string(&path).unwrap();
        let (header, mut files) = parse(&text);
        let expected = files.iter().position(|(n, _)| n == "facts").map(|i| files.remove(i).1).unwrap_or_default();
        let found = read(&files, &header).show();
        if std::env::var_os("ONSHORE_BLESS").is_some() {
            let before = text.split("-- facts --\n").next().unwrap();
            std::fs::write(&path, format!("{before}-- facts --\n{found}")).unwrap();
        } else if found != expected {
            wrong.push(format!("{}:\n{found}", path.display()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The files of a case of the corpus; `None`, said aloud, where the corpus is not there.
fn corpus_files(case: &str, below: &str) -> Option<Vec<(String, String)>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/corpus/terraform-hcl").join(case).join("raw");
    let start = root.join(below);
    if !start.is_dir() {
        println!("skipped: {} is not there", start.display());
        return None;
    }
    let mut files = Vec::new();
    let mut open = vec![start];
    while let Some(folder) = open.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                open.push(path);
            } else if let Ok(text) = std::fs::read_to_string(&path) {
                let name = path.strip_prefix(&root).unwrap().to_string_lossy().replace('\\', "/");
                files.push((name, text));
            }
        }
    }
    Some(files)
}

fn told(header: &[(&str, &str)]) -> Vec<(String, String)> {
    header.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect()
}

fn corpus(case: &str, header: &[(&str, &str)]) -> Option<Project> {
    Some(read(&corpus_files(case, "")?, &told(header)))
}

impl Project {
    /// Every route between two ends, as [`name`] calls them.
    fn ways(&self, from: &str, to: &str) -> Vec<&RouteFact> {
        let of = |facts: &'_ Facts, r: &RouteFact| name(facts, &r.from) == from && name(facts, &r.to) == to;
        self.facts().flat_map(|facts| facts.routes.iter().filter(move |r| of(facts, r))).collect()
    }

    #[track_caller]
    fn way(&self, from: &str, to: &str) -> &RouteFact {
        self.ways(from, to).first().copied().unwrap_or_else(|| panic!("no way {from} -> {to}:\n{}", self.show()))
    }

    /// What gaps of these words touch.
    fn touched(&self, words: &str) -> Vec<String> {
        let of = |facts: &Facts| {
            let scopes = facts.gaps.iter().filter(|g| g.message.contains(words)).map(|g| &g.scope);
            let all = scopes.flat_map(|scope| match scope {
                GapScope::Everything => vec!["everything".to_owned()],
                GapScope::Endpoints(of) => of.iter().map(|r| name(facts, r)).collect(),
                GapScope::Nothing => Vec::new(),
            });
            all.collect::<Vec<_>>()
        };
        self.facts().flat_map(of).collect()
    }

    fn host(&self, label: &str) -> &str {
        self.endpoint(label).names.first().map_or("", |n| &n.value)
    }

    fn zone(&self, label: &str) -> Option<&str> {
        self.endpoint(label).zone.as_ref().map(|z| z.value.as_str())
    }

    fn account(&self, label: &str) -> Option<&str> {
        self.endpoint(label).account.as_deref()
    }
}

#[test]
fn corpus_aws_china_resources() {
    let Some(project) = corpus("aws-china-resources", &[]) else { return };
    // Fact 1: each folder is a root of its own, in Beijing.
    assert_eq!(project.readings.len(), 4);
    // Facts 2 to 5, and trap 1: the role's ARN says us-east-1 and moves nothing.
    for (label, kind) in [
        ("aws_s3_bucket.bucket_china", "bucket"),
        ("aws_s3_bucket.bucket_china_with_usage", "bucket"),
        ("aws_dynamodb_table.my_dynamodb_table_china", "table"),
        ("aws_rds_cluster.mysql_china", "database"),
        ("aws_lambda_function.lambda_china", "function"),
        ("aws_lambda_function.lambda_china_with_usage", "function"),
        ("aws_lambda_function.lambda_china_with_usage_arm", "function"),
    ] {
        assert_eq!(project.region(label), Some("cn-north-1"), "{label}");
        assert_eq!(project.endpoint(label).kind, kind);
    }
    assert_eq!(project.facts().map(|f| f.endpoints.len()).sum::<usize>(), 7, "fact 3: the table has no replica");
    // Fact 6.
    assert!(project.routes().is_empty(), "no edge leaves: {:?}", project.routes());
    // Trap 2: names of the Chinese partition.
    let bucket = project.endpoint("aws_s3_bucket.bucket_china");
    assert!(bucket.cloud_ids.contains(&"arn:aws-cn:s3:::bucket-china".to_owned()), "{:?}", bucket.cloud_ids);
    assert_eq!(project.host("aws_s3_bucket.bucket_china"), "bucket-china.s3.cn-north-1.amazonaws.com.cn");
    // Trap 3: keys that are made up are nothing to tell.
    assert_eq!(project.gaps(), [""; 0]);
}

#[test]
fn corpus_aws_dynamodb_global() {
    let Some(project) = corpus("aws-dynamodb-global", &[]) else { return };
    // Fact 1.
    let table = "module.dynamodb_table.aws_dynamodb_table.this[0]";
    assert_eq!(project.region(table), Some("eu-west-1"));
    // Fact 2 and trap 2: stored in both, with a key of its own in the copy's region.
    let copy = format!("{table} in us-east-1");
    assert_eq!(project.region(&copy), Some("us-east-1"));
    assert_eq!(project.way(table, &copy).activity, Activity::Replicate);
    assert_eq!(project.way(&copy, table).activity, Activity::Replicate);
    assert_eq!(project.way(&copy, "aws_kms_key.secondary").activity, Activity::Keys);
    // Fact 3: the resource's own region.
    assert_eq!(project.region("aws_kms_key.secondary"), Some("us-east-1"));
    // Trap 1: one of three alternatives is made, with its copy.
    let tables = project.facts().flat_map(|f| &f.endpoints).filter(|e| e.kind == "table");
    assert_eq!(tables.count(), 2);
    // Fact 4, not yet possible: a stream that nobody reads is no way; its readers are routes of their own.
    assert!(project.gaps().is_empty(), "{:?}", project.gaps());
}

#[test]
fn corpus_aws_govuk_assets() {
    let production = [("set", "*.tf aws_environment=production")];
    let Some(project) = corpus("aws-govuk-assets-crr", &production) else { return };
    let (assets, backup) = ("aws_s3_bucket.assets", "aws_s3_bucket.assets_backup[0]");
    // Facts 1 to 3, and trap 2: Ireland and the United Kingdom are told apart, each with the lines that say so.
    for (label, region, host, provider, variable) in [
        (assets, "eu-west-1", "govuk-assets-production.s3.eu-west-1.amazonaws.com", "`aws`", "`aws_region`"),
        (
            backup,
            "eu-west-2",
            "govuk-assets-backup-production.s3.eu-west-2.amazonaws.com",
            "`aws.backup`",
            "`aws_backup_region`",
        ),
    ] {
        assert_eq!((project.region(label), project.host(label)), (Some(region), host));
        let steps: Vec<String> = project.endpoint(label).trail.steps().map(|s| s.text.to_string()).collect();
        let expected =
            [format!("provider {provider} is set to its region here"), format!("variable {variable} has this default")];
        assert_eq!(steps, expected);
    }
    // Fact 4: the whole bucket. Its rule's name and priority decide nothing, and are not kept.
    assert_eq!(project.ways(assets, backup).len(), 1);
    assert_eq!(project.way(assets, backup).activity, Activity::Replicate);
    assert_eq!(project.way(assets, backup).data, DataLimit::All);
    // Fact 5: into other accounts, and nobody says where those buckets stand.
    for (bucket, account) in [("staging", "696911096973"), ("integration", "210287912431")] {
        let to = format!("arn:aws:s3:::govuk-assets-{bucket}");
        assert_eq!(project.way(assets, &to).activity, Activity::Replicate);
        assert_eq!((project.region(&to), project.account(&to)), (None, Some(account)), "a bucket's ARN says neither");
    }
    // Fact 6.
    assert_eq!(project.touched("may write its log to somewhere that cannot be told"), [assets]);

    // Fact 7 and trap 1: nothing is copied in staging, and there is no backup.
    let staging = corpus("aws-govuk-assets-crr", &[("set", "*.tf aws_environment=staging")]).unwrap();
    assert!(!staging.has(backup));
    assert!(!staging.routes().iter().any(|r| r.ends_with("replicate")), "{:?}", staging.routes());
    // Fact 7: without a value both are possible.
    let open = corpus("aws-govuk-assets-crr", &[]).unwrap();
    let uncertain = "`aws_s3_bucket.assets_backup[0]` may or may not exist: variable `aws_environment` has no value";
    assert!(open.gaps().iter().any(|g| g.contains(uncertain)), "{:?}", open.gaps());
    assert!(open.touched("may be replicated to somewhere that cannot be told").contains(&assets.to_owned()));
}

#[test]
fn corpus_aws_route53_policies() {
    let Some(project) = corpus("aws-route53-policies", &[]) else { return };
    let record = |key: &str| format!("module.zone_public.aws_route53_record.this[\"{key}\"]");
    let role = |key: &str, to: &str| (project.way(&record(key), to).activity, project.way(&record(key), to).role);
    // Fact 1: names of the module's map, in the zone.
    for (key, host) in [("geo", "geo"), ("blue", "test"), ("green", "test"), ("latency-test", "latency-test")] {
        assert_eq!(project.host(&record(key)), format!("{host}.terraform-aws-modules-example.com"));
    }
    // Facts 2, 3 and 6: by where the client is. Coordinates and latency may mean any client.
    for (key, to) in [
        ("geo", "host europe.test.example.com"),
        ("geoproximity-aws-region", "host us-east-1.test.example.com"),
        ("geoproximity-coordinates", "host nyc.test.example.com"),
        ("latency-test", "module.cloudfront"),
    ] {
        assert_eq!(role(key, to), (Activity::Forward, RouteRole::Geo), "{key}");
        let clients = &project.way(&record(key), to).clients;
        assert_eq!(matches!(clients, ClientMatch::Some(_)), key != "geo", "{key}");
        assert!(project.way(&record(key), to).alias, "{key}: a name for the same thing");
    }
    // Fact 2: Europe, and those whom not everybody counts to it; nobody else gets an answer.
    let europe: Vec<_> =
        project.ways(&record("geo"), "host europe.test.example.com").iter().map(|w| w.clients.clone()).collect();
    let has = |list: &[Country], code| list.contains(&Country::from_letters(code).unwrap());
    let [ClientMatch::Countries(sure), ClientMatch::Part(disputed, _)] = &europe[..] else { panic!("{europe:?}") };
    assert!(has(sure, "DE") && !has(sure, "US") && !has(sure, "TR") && has(disputed, "TR"));
    // Fact 4.
    assert_eq!(role("blue", "host test.example.com"), (Activity::Forward, RouteRole::Weighted));
    assert_eq!(role("green", "host test2.example.com"), (Activity::Forward, RouteRole::Weighted));
    // Fact 5: the two are of different names, so neither stands for the other.
    assert_eq!(role("failover-primary", "module.cloudfront"), (Activity::Forward, RouteRole::Primary));
    assert_eq!(role("failover-secondary", "module.s3_bucket"), (Activity::Forward, RouteRole::Failover));
    assert_ne!(project.host(&record("failover-primary")), project.host(&record("failover-secondary")));
    // Fact 7: five hosts, of the apex.
    let mail: Vec<String> = project.routes().into_iter().filter(|r| r.starts_with(&record("mail"))).collect();
    assert_eq!(mail.len(), 5);
    assert!(mail.iter().all(|r| r.ends_with(".google.com forward")), "{mail:?}");
    assert_eq!(project.host(&record("mail")), "terraform-aws-modules-example.com");
    // Fact 8: what the private zone is bound to, and the bucket, stand where the provider does.
    assert_eq!(project.region("module.s3_bucket"), Some("eu-west-1"));
    assert_eq!(project.region("module.vpc"), Some("eu-west-1"));
    // Fact 9, not yet possible: the module of resolver endpoints is not among the case's files. The gap says so.
    let outbound = project.touched("the files of module `resolver_endpoint_outbound`");
    assert!(outbound.contains(&"module.resolver_endpoint_outbound".to_owned()), "{outbound:?}");
    // Trap 1: `create = false` makes nothing of the module that is here; of those that are not, a gap.
    assert!(!project.has("module.zone_disabled.aws_route53_zone.this[0]"));
    assert!(!project.routes().iter().any(|r| r.contains("disabled")), "{:?}", project.routes());
    // A module that is called from three places and is missing is a gap of all three.
    let keys = project.touched("the files of module `route53_dnssec_kms`");
    for zone in ["zone_disabled", "zone_private", "zone_public"] {
        assert!(keys.contains(&format!("module.{zone}.module.route53_dnssec_kms")), "{keys:?}");
    }
}

#[test]
fn corpus_aws_s3_module_replication() {
    let Some(project) = corpus("aws-s3-module-replication", &[]) else { return };
    let (origin, replica) = ("module.s3_bucket.aws_s3_bucket.this[0]", "module.replica_bucket.aws_s3_bucket.this[0]");
    // Facts 1 to 3: by `providers`.
    assert_eq!(project.region(origin), Some("eu-west-1"));
    assert_eq!(project.region(replica), Some("eu-central-1"));
    // Fact 4: four rules. What each leaves out (a prefix, a tag) is not kept: all of them could be everything.
    let ways = project.ways(origin, replica);
    assert_eq!(ways.len(), 4);
    assert!(ways.iter().all(|w| w.activity == Activity::Replicate && w.data == DataLimit::All));
    assert_eq!(project.way(replica, "aws_kms_key.replica").activity, Activity::Keys);
    assert_eq!(project.region("aws_kms_key.replica"), Some("eu-central-1"));
    // Fact 5: nothing else leaves.
    assert_eq!(project.routes().len(), 5, "{:?}", project.routes());
    // Trap 1: a name that is only known once it exists is no name.
    assert_eq!((project.host(origin), project.host(replica)), ("", ""));
    assert!(project.endpoint(origin).cloud_ids.iter().all(|id| !id.starts_with("arn:")));
}

#[test]
fn corpus_azure_cosmos_geo() {
    let Some(project) = corpus("azure-cosmos-geo", &[]) else { return };
    let account = |name: &str| format!("azurerm_cosmosdb_account.{name}");
    // Fact 1 and trap 1: the group's location is where descriptions are kept; data is where it is written.
    assert_eq!(project.region("azurerm_resource_group.example"), Some("eastus"));
    for name in ["example", "continuous_backup", "multi-master_backup2copies"] {
        assert_eq!(project.region(&account(name)), Some("westus"), "facts 2 to 4: {name}");
    }
    // Fact 2: one location, so no replica.
    assert!(!project.routes().iter().any(|r| r.starts_with(&account("example")) && r.ends_with("replicate")));
    // Facts 3 and 4: a second, both ways.
    for name in ["continuous_backup", "multi-master_backup2copies"] {
        let copy = format!("{} in centralus", account(name));
        assert_eq!(project.region(&copy), Some("centralus"));
        assert_eq!(project.way(&account(name), &copy).priority, Some(1));
        assert_eq!(project.way(&copy, &account(name)).activity, Activity::Replicate);
    }
    // Backups: continuous ones stay; periodic ones are kept in the region paired with the one that is written, unless told otherwise.
    let backups: Vec<String> = project.routes().into_iter().filter(|r| r.ends_with(" backup")).collect();
    let expected = ["example", "multi-master_backup2copies"].map(|n| format!("{0} -> {0} in eastus backup", account(n)));
    assert_eq!(backups, expected);
}

#[test]
fn corpus_azure_sql_failover_group() {
    let Some(mut files) = corpus_files("azure-sql-failover-group", "") else { return };
    // Trap 1: the values alone make nothing, and both halves say what is missing.
    let project = read(&files, &[]);
    let told = |what: &str| project.gaps().iter().any(|g| g.contains(what));
    assert!(told("no configuration takes the values of"), "values without a configuration are told");
    for variable in ["settings", "primary_server_name", "secondary_server_id"] {
        assert!(told(&format!("variable `{variable}` has no value")), "{:?}", project.gaps());
    }
    // With a configuration that takes the values, as the module's own project does.
    let root = r#"
variable "global_settings" {}
variable "mssql_servers" {}
variable "mssql_databases" {}
variable "mssql_failover_groups" {}
resource "azurerm_mssql_server" "s" {
  for_each = var.mssql_servers
  name     = each.value.name
  location = var.global_settings.regions[each.value.region]
}
resource "azurerm_mssql_database" "d" {
  for_each  = var.mssql_databases
  name      = each.value.name
  server_id = azurerm_mssql_server.s[each.value.mssql_server_key].id
}
module "failover_groups" {
  source              = "../modules/failover_group"
  for_each            = var.mssql_failover_groups
  global_settings     = { prefixes = [], random_length = 0, clean_input = true, passthrough = true }
  client_config       = { landingzone_key = "here" }
  settings            = each.value
  resource_group_name = "g"
  primary_server_name = azurerm_mssql_server.s[each.value.primary_server.sql_server_key].name
  secondary_server_id = azurerm_mssql_server.s[each.value.secondary_server.sql_server_key].id
  databases           = { here = azurerm_mssql_database.d }
}
"#;
    files.push(("root/main.tf".to_owned(), root.to_owned()));
    let values = "root/*.tf 105-sqlserver-failover_groups/configuration.tfvars";
    let project = read(&files, &self::told(&[("file", values)]));
    let (first, second) = (r#"azurerm_mssql_server.s["sql-server-rg1"]"#, r#"azurerm_mssql_server.s["sql-server-rg2"]"#);
    // Facts 1 and 2: keys of regions come to regions; both databases live on the first server.
    assert_eq!((project.region(first), project.region(second)), (Some("australiaeast"), Some("australiacentral")));
    let group = r#"module.failover_groups["failover_group1"].azurerm_sql_failover_group.failover_group"#;
    for key in ["db1-rg1", "db2-rg1"] {
        let database = format!("azurerm_mssql_database.d[\"{key}\"]");
        assert_eq!(project.region(&database), Some("australiaeast"), "{key}");
        // Fact 3: each is copied to the second server's region.
        let copy = format!("{database} in australiacentral");
        assert_eq!(project.region(&copy), Some("australiacentral"));
        assert_eq!(project.way(&database, &copy).activity, Activity::Replicate);
    }
    // Fact 3: the group's name leads to the first server, and to the second when that fails. After how long is not kept.
    assert_eq!(project.way(group, first).role, RouteRole::Primary);
    assert_eq!(project.way(group, second).role, RouteRole::Failover);
    assert_eq!(project.way(group, first).pool, project.way(group, second).pool);
    // Fact 4: no region but these two, and the pair that databases are backed up to.
    let mut regions = project.facts().flat_map(|f| &f.endpoints).filter_map(|e| e.region.as_ref());
    assert!(regions.all(|r| r.value.starts_with("australia")), "{}", project.show());
}

#[test]
fn corpus_cloudflare_lb_steering() {
    let Some(files) = corpus_files("cloudflare-lb-steering", "") else { return };
    let project = read(&files, &[]);
    let from = "cloudflare_load_balancer.example_load_balancer";
    let pool = |id: &str| format!("id {id}");
    // Fact 1: the nearest by latency.
    assert_eq!(project.host(from), "www.example.com");
    // Facts 2 and 4: any of the default pools for any client, and the last resort after them.
    let default = ["17b5962d775c646f3f9725cbc7a53df4", "9290f38c5d07c2e2f4df57b1f61d4196", "00920f38ce07c2e2f4df50b1f61d4194"];
    for id in default {
        let way = project.way(from, &pool(id));
        let nearest = ClientMatch::Some("those to whom it is nearest".to_owned());
        assert_eq!((way.role, &way.clients, way.pool.as_deref()), (RouteRole::Geo, &nearest, Some("pools")), "{id}");
    }
    let last = project.way(from, "id fallback_pool");
    assert_eq!((last.role, last.pool.as_deref()), (RouteRole::Failover, Some("pools")));
    // Fact 3 and trap 1: pools of countries, regions and edge places are known, and decide nothing under this policy.
    let by_place = [
        ("abd90f38ced07c2e2f4df50b1f61d4194", 2),
        ("de90f38ced07c2e2f4df50b1f61d4194", 3),
        ("f9138c5d07c2e2f4df57b1f61d4196", 1),
    ];
    for (id, ways) in by_place {
        let ways_to = project.ways(from, &pool(id));
        assert_eq!(ways_to.len(), ways, "{id}");
        assert!(ways_to.iter().all(|w| w.role == RouteRole::Manual), "{id}");
        assert_eq!(ways_to[0].condition.as_deref(), Some("only once its steering policy is geo"));
    }
    // They would be with `geo`, where the default pools are taken in their order.
    let geo: Vec<(String, String)> =
        files.iter().map(|(p, t)| (p.clone(), t.replace("  steering_policy = \"dynamic_latency\"\n  ttl", "  ttl"))).collect();
    let geo = read(&geo, &[]);
    let member = |id: &str, of: &str| {
        let ways = geo.ways(from, &pool(id));
        let way = ways.iter().find(|w| w.pool.as_deref() == Some(of) && w.role != RouteRole::Overflow);
        way.map(|w| (w.role, w.priority, w.clients.clone()))
    };
    let only = |codes: &[&str]| codes.iter().map(|c| Country::from_letters(c).unwrap()).collect::<Vec<_>>();
    let us = |at, role| Some((role, Some(at), ClientMatch::Countries(only(&["US"]))));
    assert_eq!(member("de90f38ced07c2e2f4df50b1f61d4194", "country US"), us(0, RouteRole::Geo));
    assert_eq!(member("00920f38ce07c2e2f4df50b1f61d4194", "country US"), us(1, RouteRole::Failover));
    assert_eq!(member("fallback_pool", "country US"), us(1000, RouteRole::Failover));
    assert!(matches!(
        member("00920f38ce07c2e2f4df50b1f61d4194", "region ENAM"),
        Some((RouteRole::Geo, _, ClientMatch::Some(_)))
    ));
    // The default pools are for those who have no pools of their own.
    let rest = ClientMatch::Except(only(&["GB", "US"]));
    let order: Vec<_> = default.iter().map(|id| member(id, "pools")).collect();
    let expected = [(RouteRole::Primary, Some(0)), (RouteRole::Failover, Some(1)), (RouteRole::Failover, Some(2))];
    assert_eq!(order, expected.map(|(role, at)| Some((role, at, rest.clone()))));
    // Fact 4: by `failover_across_pools` the clients of Great Britain may overflow to any other pool.
    let across = |w: &&&RouteFact| w.role == RouteRole::Overflow && w.clients == ClientMatch::Countries(only(&["GB"]));
    for id in default.into_iter().chain(["de90f38ced07c2e2f4df50b1f61d4194", "f9138c5d07c2e2f4df57b1f61d4196"]) {
        assert!(geo.ways(from, &pool(id)).iter().any(|w| across(&w)), "{id}");
    }
    // Fact 5: the rule is disabled, which the fact leaves out. Enabled, it leads to each of its pools.
    let by_rule = |w: &&RouteFact| matches!(&w.clients, ClientMatch::Some(which) if which.contains("a rule"));
    assert!(!project.facts().flat_map(|f| &f.routes).any(|r| by_rule(&r)));
    let enabled: Vec<(String, String)> =
        files.iter().map(|(p, t)| (p.clone(), t.replace("disabled = true", "disabled = false"))).collect();
    let enabled = read(&enabled, &[]);
    for id in default.into_iter().chain(["fallback_pool"]).chain(by_place.map(|(id, _)| id)) {
        assert!(enabled.ways(from, &pool(id)).iter().any(by_rule), "{id}");
    }
    // Fact 6: the pools are none of this file's, so nothing says where they stand.
    assert_eq!(project.facts().map(|f| f.endpoints.len()).sum::<usize>(), 1);
}

#[test]
fn corpus_google_pg_cross_region() {
    let Some(project) = corpus("google-pg-cross-region", &[]) else { return };
    assert!(project.readings.iter().all(|(_, r)| r.syntax.is_empty()), "a key that is said twice is no mistake");
    // Fact 1, and the places of facts 2 and 3: the locals of another file.
    assert_eq!(project.region("module.pg1"), Some("us-central1"));
    assert_eq!(project.region("module.pg2"), Some("us-east1"));
    // Facts 2 to 4 (backups, replicas), not yet possible: the module's files are not in the case. Both are touched by what is missing,
    // pg1 by what is missing of pg2 as well, for pg2 names it as its master.
    let touched =
        |name: &str| project.touched(&format!("the files of module `{name}` (`terraform-google-modules/sql-db/google"));
    for (missing, touches) in [("pg1", "module.pg1"), ("pg2", "module.pg2"), ("pg2", "module.pg1")] {
        assert!(touched(missing).contains(&touches.to_owned()), "{missing}: {:?}", touched(missing));
    }
    // Fact 4: key rings in each region, and the keys in them.
    assert_eq!(project.region("google_kms_key_ring.key_ring_region1"), Some("us-central1"));
    assert_eq!(project.region("google_kms_key_ring.key_ring_region2"), Some("us-east1"));
    assert!(
        ["1", "2"]
            .iter()
            .all(|n| project.endpoint(&format!("google_kms_crypto_key.cloudsql_region{n}_key")).part_of.len() == 1)
    );
    // Trap 1: nothing says that a backup stays, for nothing is said of backups but the gap.
    assert!(!project.routes().iter().any(|r| r.ends_with("backup")), "{:?}", project.routes());
}

#[test]
fn corpus_google_public_pii_logs() {
    let Some(project) = corpus("google-public-pii-logs", &[]) else { return };
    // Facts 2 and 3, and trap 1: a multi-region is taken as it is written.
    assert_eq!(project.region("google_bigquery_dataset.audit-logs-gcs"), Some("US"));
    assert_eq!(project.region("google_storage_bucket.audit-logs-gcs"), Some("us-central1"));
    // Fact 1.
    for label in ["google_storage_bucket.audit-logs-gcs", "google_bigquery_dataset.audit-logs-gcs"] {
        assert_eq!(project.account(label), Some("k8s-infra-public-pii"));
    }
    assert_eq!(project.host("google_storage_bucket.audit-logs-gcs"), "k8s-infra-artifacts-gcslogs.storage.googleapis.com");
    // Fact 4, not yet possible: when tables and objects expire is not kept; and no retention is claimed, by the comment least of all.
    assert!(project.facts().flat_map(|f| &f.endpoints).all(|e| e.attributes.retention_hours.is_none()));
}

#[test]
fn corpus_multi_provider_module() {
    let Some(project) = corpus("multi-provider-module", &[("set", "*.tf host_count=1")]) else { return };
    // Fact 1: literals of the module.
    for (module, provider, place) in [
        ("module.ac-cn-hongkong-c[0]", "alibaba", "cn-hongkong-c"),
        ("module.do-eu-amsterdam3[0]", "digitalocean", "ams3"),
        ("module.gc-us-central1-a[0]", "gcp", "us-central1-a"),
    ] {
        assert_eq!(project.zone(module).or(project.region(module)), Some(place));
        assert_eq!(project.endpoint(module).provider.as_deref(), Some(provider));
        // Fact 3: a record for each. Its name is not kept: it is relative to a zone that nothing here names.
        let record = module.replace("module.", "cloudflare_record.");
        assert_eq!(project.way(&record, module).activity, Activity::Forward);
        assert!(project.way(&record, module).alias);
    }
    // Fact 2 and trap 1: a count of 0 makes none of it, -1 is the general count.
    let none = corpus("multi-provider-module", &[("set", "*.tf ac_count=0"), ("set", "*.tf host_count=1")]).unwrap();
    assert!(!none.has("module.ac-cn-hongkong-c[0]") && !none.has("cloudflare_record.ac-cn-hongkong-c[0]"));
    assert!(none.has("module.do-eu-amsterdam3[0]") && none.has("module.gc-us-central1-a[0]"));
    let off = corpus("multi-provider-module", &[("set", "*.tf host_count=0")]).unwrap();
    assert_eq!(off.facts().map(|f| f.endpoints.len()).sum::<usize>(), 0);
}

#[test]
fn corpus_multi_hongkong_amsterdam_iowa() {
    let (Some(mut files), Some(module)) =
        (corpus_files("multi-hongkong-amsterdam-iowa", ""), corpus_files("multi-provider-module", ""))
    else {
        return;
    };
    // Without the module's files, whatever it makes is unknown.
    let project = read(&files, &[]);
    for name in ["node", "node-db"] {
        let missing = project.touched(&format!("the files of module `{name}`"));
        assert_eq!(missing, [format!("module.{name}")]);
    }
    // Fact 5.
    assert!(project.gaps().iter().any(|g| g.contains("`consul` backend")), "{:?}", project.gaps());
    // Facts 1 to 4: with them, as `terraform init` lays them down.
    let listed = ["node", "node-db"]
        .map(|key| format!(r#"{{"Key":"{key}","Source":"git::https://github.com/status-im/infra-tf-multi-provider.git","Dir":".terraform/modules/{key}"}}"#));
    files.push((".terraform/modules/modules.json".to_owned(), format!(r#"{{"Modules":[{}]}}"#, listed.join(","))));
    for key in ["node", "node-db"] {
        files.extend(module.iter().map(|(path, text)| (format!(".terraform/modules/{key}/{path}"), text.clone())));
    }
    for workspace in ["test", "sandbox"] {
        let project = read(&files, &told(&[("set", &format!("*.tf terraform.workspace={workspace}"))]));
        for name in ["node", "node-db"] {
            for (hosts, provider, place) in [
                ("ac-cn-hongkong-c", "alibaba", "cn-hongkong-c"),
                ("do-eu-amsterdam3", "digitalocean", "ams3"),
                ("gc-us-central1-a", "gcp", "us-central1-a"),
            ] {
                let label = format!("module.{name}.module.{hosts}[0]");
                assert_eq!(project.zone(&label).or(project.region(&label)), Some(place), "{workspace}");
                // Traps 1 and 2: Hong Kong's zone is Alibaba's, and what the project is called is no place.
                assert_eq!(project.endpoint(&label).provider.as_deref(), Some(provider));
                assert!(!project.has(&format!("module.{name}.module.{hosts}[1]")), "fact 3: one of each");
            }
        }
        let shown = project.show();
        assert!(
            !shown.lines().any(|l| l.contains(" in ") && l.contains("russia") && !l.contains("account russia-servers")),
            "{shown}"
        );
    }
    // Fact 6, not yet possible: which ports are open is not kept; they change nothing of where data stands.
}

#[test]
fn corpus_tencent_and_alicloud() {
    let Some(project) = corpus("tencent-and-alicloud-small", &[]) else { return };
    // Facts 1 and 2, and trap 1: what its zone says, with no provider block.
    for label in ["cbs_storage.enabled", "cbs_storage.default", "cbs_storage.disabled"].into_iter().chain([
        "kubernetes_cluster.positive1",
        "kubernetes_cluster.positive2",
        "kubernetes_cluster.negative",
    ]) {
        let label = format!("tencentcloud_{label}");
        assert_eq!(project.zone(&label), Some("ap-guangzhou-3"), "{label}");
        assert_eq!(project.endpoint(&label).provider.as_deref(), Some("tencent"));
    }
    let places = onshore::geo::region::find("tencent", "ap-guangzhou");
    assert!(places.iter().flat_map(|r| &r.places).all(|p| p.country.to_string() == "CN"), "trap 1");
    // Fact 3: audit logs of all three trails, to a bucket of which only the name is known. Of which regions they tell is not kept.
    for trail in ["pass", "pass2", "fail"] {
        let way = project.way(&format!("alicloud_actiontrail_trail.{trail}"), "id oss://bucket_name");
        assert_eq!(way.activity, Activity::Log);
        assert_eq!(way.data, DataLimit::Only(vec!["logs".to_owned()]));
    }
    // Fact 4 and trap 2: a comment is no configuration.
    for disk in ["pass", "unknown", "fail", "fail2", "fail3"] {
        let label = format!("alicloud_disk.{disk}");
        assert_eq!((project.region(&label), project.zone(&label)), (None, None));
        assert!(project.touched("stands somewhere that cannot be told").contains(&label), "{label}");
        assert!(project.endpoint(&label).trail.steps().next().is_none(), "no line says its region, so none explains it");
    }
}

/// Whatever is asked of it, it ends soon, in little memory, and says where it gave up.
#[test]
fn hostile_configurations_end() {
    let chain: String = (0..5_000).map(|i| format!("x{i} = \"${{local.x{}}}\"\n", i + 1)).collect();
    let double: String = (0..80).map(|i| format!("x{i} = \"${{local.x{}}}${{local.x{}}}\"\n", i + 1, i + 1)).collect();
    let lists: String = (0..80).map(|i| format!("x{i} = concat(local.x{}, local.x{})\n", i + 1, i + 1)).collect();
    let uses = |locals: &str, end: &str| {
        format!("locals {{\n{locals}{end}\n}}\nresource \"aws_s3_bucket\" \"b\" {{\n  bucket = local.x0\n}}\n")
    };
    let keys: String = (0..20_000).map(|i| format!("k{i} = {i}\n")).collect();
    let one = |text: String| vec![("main.tf".to_owned(), text)];
    let calls: Vec<(String, String)> = (0..30)
        .map(|i| {
            let call = |n: &str| format!("module \"{n}\" {{\n  source = \"../m{}\"\n}}\n", i + 1);
            (format!("m{i}/main.tf"), call("a") + &call("b"))
        })
        .chain([("m30/main.tf".to_owned(), "resource \"aws_s3_bucket\" \"b\" {\n}\n".to_owned())])
        .collect();
    let cases: Vec<(&str, Vec<(String, String)>, &str)> = vec![
        ("a chain of locals", one(uses(&chain, "x5000 = \"end\"")), "terraform-too-deep"),
        ("texts that double", one(uses(&double, "x80 = \"0123456789\"")), "terraform-too-large"),
        ("lists that double", one(uses(&lists, "x80 = [1]")), "terraform-too-large"),
        ("deep brackets", one(format!("locals {{\n  a = {}{}\n}}\n", "[".repeat(50_000), "]".repeat(50_000))), "syntax"),
        ("deep and open", one("a { ".repeat(50_000)), "syntax"),
        ("modules that double", calls, "terraform-too-large"),
        ("many keys", one(format!("locals {{\n  x0 = {{\n{keys}}}\n}}\n")), "more than 8000 entries"),
        (
            "products",
            one("locals {\n  r = range(1000)\n  x0 = setproduct(local.r, local.r, local.r)\n}\nresource \"aws_s3_bucket\" \"b\" {\n  bucket = local.x0\n}\n".to_owned()),
            "terraform-too-large",
        ),
        (
            "nested loops",
            one("locals {\n  r = range(1000)\n}\nresource \"aws_s3_bucket\" \"b\" {\n  bucket = [for a in local.r : [for b in local.r : [for c in local.r : 1]]]\n}\n".to_owned()),
            "terraform-too-large",
        ),
        ("cut off", one("resource \"aws_s3_bucket\" \"b\" {\n  bucket = \"x".to_owned()), "syntax"),
        (
            "a template that reads itself",
            vec![
                ("main.tf".to_owned(), "resource \"aws_s3_bucket\" \"b\" {\n  bucket = templatefile(\"t.tftpl\", {})\n}\n".to_owned()),
                ("t.tftpl".to_owned(), "${templatefile(\"t.tftpl\", {})}".to_owned()),
            ],
            "terraform-too-deep",
        ),
    ];
    for (name, files, code) in cases {
        let start = std::time::Instant::now();
        let project = read(&files, &[]);
        let shown = project.show();
        assert!(shown.contains(code), "{name}:\n{}", shown.chars().take(2000).collect::<String>());
        assert!(start.elapsed().as_secs() < 60, "{name} took {:?}", start.elapsed());
        println!("{name}: {:?}", start.elapsed());
    }
}

/// The same configuration in another order of files and blocks, and read twice, gives the same.
#[test]
fn order_does_not_matter() {
    let text = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/read/terraform/chain.txt")).unwrap();
    let (header, files) = parse(&text);
    let files: Vec<_> = files.into_iter().filter(|(n, _)| n != "facts").collect();
    let lines = |p: &Project| {
        let endpoints =
            p.facts().flat_map(|f| &f.endpoints).map(|e| format!("{} {:?}", e.label, e.region.as_ref().map(|r| &r.value)));
        let mut lines: Vec<String> = endpoints.collect();
        lines.sort();
        lines
    };
    let first = read(&files, &header);
    assert_eq!(first.show(), read(&files, &header).show());
    let turned: Vec<(String, String)> = files
        .iter()
        .map(|(name, text)| {
            let mut blocks: Vec<&str> = text.split_inclusive("\n}\n").collect();
            blocks.reverse();
            (name.clone(), blocks.concat())
        })
        .collect();
    assert_eq!(lines(&first), lines(&read(&turned, &header)));
}
