//! Terraform configurations and what comes of them. Each file of `tests/read/terraform` is a small project in the archive form
//! `-- path --`, ending in `-- facts --`: endpoints with the lines that explain where they stand, routes, and gaps
//! (`ONSHORE_BLESS=1` writes them). Then the facts and traps of the corpus, one assertion each.

#![allow(clippy::disallowed_methods, clippy::unwrap_used, reason = "a test opens files and may panic")]

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
#[ignore = "shows what comes of the corpus"]
fn show_corpus() {
    let cases = [
        "aws-china-resources",
        "aws-dynamodb-global",
        "aws-govuk-assets-crr",
        "aws-route53-policies",
        "aws-s3-module-replication",
        "azure-cosmos-geo",
        "azure-sql-failover-group",
        "cloudflare-lb-steering",
        "google-pg-cross-region",
        "google-public-pii-logs",
        "multi-hongkong-amsterdam-iowa",
        "multi-provider-module",
        "tencent-and-alicloud-small",
    ];
    for case in cases {
        if let Some(project) = corpus(case, "", &[]) {
            println!("=== {case}\n{}", project.show());
        }
    }
}
