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

use onshore::model::{EndpointFact, Facts, GapScope, Reference};
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

/// A case of the corpus; `None`, said aloud, where the corpus is not there.
fn corpus(case: &str, below: &str, header: &[(&str, &str)]) -> Option<Project> {
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
    let header: Vec<(String, String)> = header.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
    Some(read(&files, &header))
}

#[test]
fn corpus_aws_china_resources() {
    let Some(project) = corpus("aws-china-resources", "", &[]) else { return };
    assert_eq!(project.readings.len(), 4, "each folder is its own root");
    for label in [
        "aws_s3_bucket.bucket_china",
        "aws_s3_bucket.bucket_china_with_usage",
        "aws_dynamodb_table.my_dynamodb_table_china",
        "aws_rds_cluster.mysql_china",
        "aws_lambda_function.lambda_china",
        "aws_lambda_function.lambda_china_with_usage",
        "aws_lambda_function.lambda_china_with_usage_arm",
    ] {
        assert_eq!(project.region(label), Some("cn-north-1"), "{label}; the role's ARN says us-east-1 and moves nothing");
    }
    assert!(project.routes().is_empty(), "no edge leaves: {:?}", project.routes());
}

#[test]
fn corpus_aws_dynamodb_global() {
    let Some(project) = corpus("aws-dynamodb-global", "", &[]) else { return };
    let table = "module.dynamodb_table.aws_dynamodb_table.this[0]";
    assert_eq!(project.region(table), Some("eu-west-1"));
    assert_eq!(project.region("aws_kms_key.secondary"), Some("us-east-1"), "the resource's own region");
    let copy = format!("{table} in us-east-1");
    assert_eq!(project.region(&copy), Some("us-east-1"));
    for route in [format!("{table} -> {copy} replicate"), format!("{copy} -> {table} replicate")] {
        assert!(project.routes().contains(&route), "{route}: {:?}", project.routes());
    }
    let tables = project.facts().flat_map(|f| &f.endpoints).filter(|e| e.kind == "table");
    assert_eq!(tables.count(), 2, "one of three alternatives is made, with its copy");
}

#[test]
fn corpus_aws_govuk_assets() {
    let header = [("set", "**/*.tf aws_environment=production"), ("set", "*.tf aws_environment=production")];
    let Some(project) = corpus("aws-govuk-assets-crr", "", &header) else { return };
    assert_eq!(project.region("aws_s3_bucket.assets"), Some("eu-west-1"));
    assert_eq!(project.region("aws_s3_bucket.assets_backup[0]"), Some("eu-west-2"));
    let routes = project.routes();
    for to in ["aws_s3_bucket.assets_backup[0]", "arn:aws:s3:::govuk-assets-staging", "arn:aws:s3:::govuk-assets-integration"] {
        let route = format!("aws_s3_bucket.assets -> {to} replicate");
        assert!(routes.contains(&route), "{route}: {routes:?}");
    }
    assert_eq!(project.region("arn:aws:s3:::govuk-assets-staging"), None, "a bucket's ARN says no region");
    let log = "may write its log to somewhere that cannot be told";
    assert!(project.gaps().iter().any(|g| g.contains("aws_s3_bucket.assets") && g.contains(log)), "{:?}", project.gaps());

    let header = [("set", "*.tf aws_environment=staging")];
    let staging = corpus("aws-govuk-assets-crr", "", &header).unwrap();
    assert!(!staging.has("aws_s3_bucket.assets_backup[0]"), "no backup in staging");
    assert!(!staging.routes().iter().any(|r| r.ends_with("replicate")), "{:?}", staging.routes());

    let open = corpus("aws-govuk-assets-crr", "", &[]).unwrap();
    let uncertain = "`aws_s3_bucket.assets_backup[0]` may or may not exist: variable `aws_environment` has no value";
    assert!(open.gaps().iter().any(|g| g.contains(uncertain)), "{:?}", open.gaps());
}

#[test]
fn corpus_aws_route53_policies() {
    let Some(project) = corpus("aws-route53-policies", "", &[]) else { return };
    let routes = project.routes();
    let record = |key: &str| format!("module.zone_public.aws_route53_record.this[\"{key}\"]");
    for (key, to) in [
        ("geo", "host europe.test.example.com"),
        ("geoproximity-aws-region", "host us-east-1.test.example.com"),
        ("geoproximity-coordinates", "host nyc.test.example.com"),
        ("blue", "host test.example.com"),
        ("green", "host test2.example.com"),
        ("failover-primary", "module.cloudfront"),
        ("failover-secondary", "module.s3_bucket"),
        ("latency-test", "module.cloudfront"),
    ] {
        let route = format!("{} -> {to} forward", record(key));
        assert!(routes.contains(&route), "{route}: {routes:?}");
    }
    assert_eq!(routes.iter().filter(|r| r.starts_with(&record("mail"))).count(), 5, "five mail hosts");
    assert_eq!(project.region("module.s3_bucket"), Some("eu-west-1"));
    assert!(!project.has("module.zone_disabled.aws_route53_zone.this[0]"), "create = false makes nothing");
}

#[test]
fn corpus_aws_s3_module_replication() {
    let Some(project) = corpus("aws-s3-module-replication", "", &[]) else { return };
    let (origin, replica) = ("module.s3_bucket.aws_s3_bucket.this[0]", "module.replica_bucket.aws_s3_bucket.this[0]");
    assert_eq!(project.region(origin), Some("eu-west-1"));
    assert_eq!(project.region(replica), Some("eu-central-1"), "by `providers`");
    let route = format!("{origin} -> {replica} replicate");
    assert_eq!(project.routes().iter().filter(|r| **r == route).count(), 4, "four rules: {:?}", project.routes());
}

#[test]
fn corpus_azure_cosmos_geo() {
    let Some(project) = corpus("azure-cosmos-geo", "", &[]) else { return };
    assert_eq!(project.region("azurerm_cosmosdb_account.example in westus"), Some("westus"));
    assert_eq!(project.region("azurerm_cosmosdb_account.continuous_backup in centralus"), Some("centralus"));
    assert_eq!(project.region("azurerm_cosmosdb_account.multi-master_backup2copies in centralus"), Some("centralus"));
}

#[test]
fn corpus_azure_sql_failover_group() {
    let Some(project) = corpus("azure-sql-failover-group", "", &[]) else { return };
    let told = |what: &str| project.gaps().iter().any(|g| g.contains(what));
    assert!(told("no configuration takes the values of"), "values without a configuration are told");
    assert!(told("variable `settings` has no value"), "{:?}", project.gaps());
}

#[test]
fn corpus_cloudflare_lb_steering() {
    let Some(project) = corpus("cloudflare-lb-steering", "", &[]) else { return };
    let from = "cloudflare_load_balancer.example_load_balancer";
    let all = [
        "17b5962d775c646f3f9725cbc7a53df4",
        "9290f38c5d07c2e2f4df57b1f61d4196",
        "abd90f38ced07c2e2f4df50b1f61d4194",
        "fallback_pool",
    ];
    for pool in all {
        let route = format!("{from} -> id {pool} forward");
        assert!(project.routes().contains(&route), "{route}");
    }
}

#[test]
fn corpus_google_pg_cross_region() {
    let Some(project) = corpus("google-pg-cross-region", "", &[]) else { return };
    assert!(project.readings.iter().all(|(_, r)| r.syntax.is_empty()), "a key that is said twice is no mistake");
    assert_eq!(project.region("module.pg1"), Some("us-central1"), "local.region_1 of network.tf");
    assert_eq!(project.region("module.pg2"), Some("us-east1"));
    let gaps = project.gaps();
    assert!(gaps.iter().any(|g| g.contains("the files of module `pg1` (`terraform-google-modules/sql-db/google")), "{gaps:?}");
}

#[test]
fn corpus_google_public_pii_logs() {
    let Some(project) = corpus("google-public-pii-logs", "", &[]) else { return };
    assert_eq!(project.region("google_bigquery_dataset.audit-logs-gcs"), Some("US"), "a multi-region");
    assert_eq!(project.region("google_storage_bucket.audit-logs-gcs"), Some("us-central1"));
    assert_eq!(project.endpoint("google_storage_bucket.audit-logs-gcs").account.as_deref(), Some("k8s-infra-public-pii"));
}

#[test]
fn corpus_multi_provider_module() {
    let Some(project) = corpus("multi-provider-module", "", &[("set", "*.tf ac_count=0"), ("set", "*.tf host_count=1")]) else {
        return;
    };
    assert!(!project.has("module.ac-cn-hongkong-c[0]"), "ac_count = 0 makes no host in Hong Kong");
    let project = corpus("multi-provider-module", "", &[("set", "*.tf host_count=1")]).unwrap();
    let zone = |label: &str| project.endpoint(label).zone.as_ref().map(|z| z.value.clone());
    assert_eq!(zone("module.ac-cn-hongkong-c[0]").as_deref(), Some("cn-hongkong-c"));
    assert_eq!(zone("module.gc-us-central1-a[0]").as_deref(), Some("us-central1-a"));
    assert_eq!(project.endpoint("module.ac-cn-hongkong-c[0]").provider.as_deref(), Some("alibaba"));
    assert_eq!(project.endpoint("module.do-eu-amsterdam3[0]").provider.as_deref(), Some("digitalocean"));
}

#[test]
fn corpus_multi_hongkong_amsterdam_iowa() {
    let Some(project) = corpus("multi-hongkong-amsterdam-iowa", "", &[]) else { return };
    let gaps = project.gaps();
    assert!(gaps.iter().any(|g| g.contains("the files of module `node-db`")), "{gaps:?}");
    assert!(gaps.iter().any(|g| g.contains("`consul` backend")), "{gaps:?}");
}

#[test]
fn corpus_tencent_and_alicloud() {
    let Some(project) = corpus("tencent-and-alicloud-small", "", &[]) else { return };
    for name in ["enabled", "default", "disabled"] {
        let disk = project.endpoint(&format!("tencentcloud_cbs_storage.{name}"));
        assert_eq!(disk.zone.as_ref().map(|z| z.value.as_str()), Some("ap-guangzhou-3"), "{name}");
    }
    assert_eq!(project.region("alicloud_disk.fail"), None, "a comment is no configuration");
    assert!(project.routes().iter().any(|r| r.starts_with("alicloud_actiontrail_trail.pass ->")), "{:?}", project.routes());
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
