//! The nginx reader against folders of input and expected facts (`ONSHORE_BLESS=1` writes them), against real files, and against
//! arbitrary and damaged text.
#![allow(clippy::disallowed_methods)] // a test opens its own files

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use onshore::model::{ClientMatch, DataLimit, Facts, GapScope, Reference, RouteFact, Spill, Standing, Unread};
use onshore::read::nginx::Nginx;
use onshore::read::{Input, Reader, Reading, Recognized};
use onshore::source::{Location, SourceId, Sources};
use proptest::prelude::*;

/// Every text file below a folder, by path.
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

fn one(text: &str) -> Sources {
    let mut sources = Sources::default();
    sources.add("nginx.conf", text);
    sources
}

fn read(sources: &Sources, path: &str) -> Reading {
    Nginx.read(&Input { sources, file: sources.find(path).unwrap() })
}

/// Facts as text, one line each.
struct Show<'a> {
    sources: &'a Sources,
    facts: &'a Facts,
}

impl Show<'_> {
    fn at(&self, at: Location) -> String {
        self.sources.position(at).to_string()
    }

    fn reference(&self, reference: &Reference) -> String {
        let port = |p: &Option<u16>| p.map_or(String::new(), |p| format!(":{p}"));
        match reference {
            Reference::Fact(i) => {
                let e = &self.facts.endpoints[*i];
                format!("[{}]", e.names.first().map_or(e.label.as_str(), |n| n.value.as_str()))
            }
            Reference::Host { name, port: p } => format!("{name}{}", port(p)),
            Reference::Address { ip, port: p } if ip.is_ipv6() => format!("[{ip}]{}", port(p)),
            Reference::Address { ip, port: p } => format!("{ip}{}", port(p)),
            Reference::Id(id) => format!("id {id}"),
            Reference::Any(any) => format!("any {any}"),
        }
    }

    fn endpoint(&self, i: usize) -> String {
        let e = &self.facts.endpoints[i];
        let mut line = format!("{} {}", e.kind, self.reference(&Reference::Fact(i)));
        match e.standing {
            Standing::Physical => {}
            Standing::Logical => line.push_str(" logical"),
            Standing::WithSender => line.push_str(" with-sender"),
        }
        if !e.roles.is_empty() {
            write!(line, " roles={:?}", e.roles).unwrap();
        }
        if e.names.len() > 1 {
            write!(line, " names={}", e.names.iter().map(|n| n.value.as_str()).collect::<Vec<_>>().join(",")).unwrap();
        }
        for a in &e.addresses {
            write!(line, " address={}", self.reference(&Reference::Address { ip: a.ip, port: a.port })).unwrap();
        }
        for p in &e.part_of {
            write!(line, " part-of={}", self.reference(p)).unwrap();
        }
        format!("{line} @ {}", self.at(e.location))
    }

    fn route(&self, r: &RouteFact) -> String {
        let mut line = format!("{} -> {} {} {}", self.reference(&r.from), self.reference(&r.to), r.activity.as_str(), r.role.as_str());
        if let Some(pool) = &r.pool {
            write!(line, " pool={pool:?}").unwrap();
        }
        if let Some(priority) = r.priority {
            write!(line, " priority={priority}").unwrap();
        }
        match &r.spill {
            Spill::Load => {}
            spill => write!(line, " spill={spill:?}").unwrap(),
        }
        match &r.clients {
            ClientMatch::Any => {}
            ClientMatch::Networks(n) => {
                write!(line, " networks={}", n.iter().map(ToString::to_string).collect::<Vec<_>>().join(",")).unwrap();
            }
            clients => write!(line, " clients={clients:?}").unwrap(),
        }
        if let DataLimit::Only(classes) = &r.data {
            write!(line, " only={}", classes.join(",")).unwrap();
        }
        if let Some(condition) = &r.condition {
            write!(line, " {condition:?}").unwrap();
        }
        format!("{line} @ {}", self.at(r.location))
    }

    fn gap(&self, g: &Unread) -> String {
        let scope = match &g.scope {
            GapScope::Everything => "everything".to_owned(),
            GapScope::Nothing => "nothing".to_owned(),
            GapScope::Endpoints(e) => e.iter().map(|r| self.reference(r)).collect::<Vec<_>>().join(" "),
        };
        let help = g.help.as_ref().map_or(String::new(), |h| format!(" ({h})"));
        format!("{} touches {scope}: {}{help} @ {}", g.code, g.message, self.at(g.location))
    }

    fn all(&self, reading: &Reading) -> String {
        let mut text = String::new();
        let mut section = |title: &str, lines: Vec<String>| {
            if !lines.is_empty() {
                writeln!(text, "{title}\n  {}", lines.join("\n  ")).unwrap();
            }
        };
        section("included", reading.included.iter().map(|i| self.sources.get(*i).path.clone()).collect());
        section("endpoints", (0..self.facts.endpoints.len()).map(|i| self.endpoint(i)).collect());
        section("routes", self.facts.routes.iter().map(|r| self.route(r)).collect());
        section("gaps", self.facts.gaps.iter().map(|g| self.gap(g)).collect());
        text
    }
}

fn show(sources: &Sources, path: &str) -> String {
    let reading = read(sources, path);
    Show { sources, facts: &reading.facts }.all(&reading)
}

#[test]
fn cases() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/read/nginx");
    let bless = std::env::var_os("ONSHORE_BLESS").is_some();
    let mut folders: Vec<PathBuf> = std::fs::read_dir(root).unwrap().map(|e| e.unwrap().path()).collect();
    folders.sort();
    let mut wrong = String::new();
    for folder in &folders {
        let sources = sources(folder);
        let main = if sources.find("nginx.conf").is_some() { "nginx.conf" } else { "main.conf" };
        let actual = show(&sources, main);
        let expected_path = folder.join("expected.txt");
        if bless {
            std::fs::write(&expected_path, &actual).unwrap();
        }
        let expected = std::fs::read_to_string(&expected_path).unwrap_or_default();
        if actual != expected {
            writeln!(wrong, "--- {}\nexpected:\n{expected}\nactual:\n{actual}", folder.display()).unwrap();
        }
        let text = &sources.get(sources.find(main).unwrap()).text;
        assert_ne!(Nginx.recognize(main, text), Recognized::No, "{} is not recognized", folder.display());
    }
    assert!(folders.len() >= 25, "only {} cases", folders.len());
    assert!(wrong.is_empty(), "{wrong}");
}
