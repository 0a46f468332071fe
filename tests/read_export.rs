//! Cloud exports against folders of input and expected facts (`ONSHORE_BLESS=1` writes them), against real exports, and against
//! damaged text.
#![allow(clippy::disallowed_methods, clippy::unwrap_used, clippy::print_stdout)] // a test opens files, may panic and says what it skips

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use onshore::model::{DataLimit, EndpointFact, Facts, GapScope, Reference, RouteFact, Standing, Unread};
use onshore::read::export::CloudExport;
use onshore::read::{FileSettings, Reader, Reading, Recognized, Set, Settings};
use onshore::source::{SourceId, Sources};

/// Every file below a folder but the expected one, by path.
fn sources(folder: &Path) -> Sources {
    fn walk(folder: &Path, out: &mut Vec<PathBuf>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() { walk(&path, out) } else { out.push(path) }
        }
    }
    let mut files = Vec::new();
    walk(folder, &mut files);
    files.sort();
    let mut sources = Sources::default();
    for file in files {
        let path = file.strip_prefix(folder).unwrap().to_string_lossy().replace('\\', "/");
        if path != "expected.txt" {
            sources.add(path, String::from_utf8_lossy(&std::fs::read(&file).unwrap()));
        }
    }
    sources
}

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

#[test]
fn cloudmapper_demo() {
    let Some(read) = corpus("aws-inventory/cloudmapper-demo") else { return };
    let _ = read;
}

#[test]
fn transit_gateway_peering() {
    let Some(read) = corpus("aws-inventory/tgw-peering-two-accounts") else { return };
    let _ = read;
}

#[test]
fn gcp_locations() {
    let Some(read) = corpus("gcp-asset/policy-library-locations") else { return };
    let _ = read;
}
