//! What the tests of readers share: folders of input with the facts expected of them (`ONSHORE_BLESS=1` writes them), and facts as
//! text.

#![allow(dead_code, reason = "each test takes what it needs")]

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use onshore::model::{ClientMatch, DataLimit, Facts, GapScope, HeldFact, Reference, RouteFact, Spill, Standing, Unread};
use onshore::read::{Reader, Reading, Set, Settings};
use onshore::source::{InputError, Location, SourceId, Sources};

/// Every text file below a folder by path, but for what a test keeps there for itself.
pub fn sources(folder: &Path) -> Sources {
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
        if path != "expected.txt" && path != "told.txt" {
            sources.add(path, String::from_utf8_lossy(&std::fs::read(&file).unwrap()));
        }
    }
    sources
}

/// Facts as text, one line each.
pub struct Show<'a> {
    pub sources: &'a Sources,
    pub facts: &'a Facts,
}

impl Show<'_> {
    pub fn at(&self, at: Location) -> String {
        self.sources.position(at).to_string()
    }

    pub fn reference(&self, reference: &Reference) -> String {
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

    pub fn endpoint(&self, i: usize) -> String {
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

    pub fn route(&self, r: &RouteFact) -> String {
        let mut line =
            format!("{} -> {} {} {}", self.reference(&r.from), self.reference(&r.to), r.activity.as_str(), r.role.as_str());
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

    pub fn gap(&self, g: &Unread) -> String {
        let scope = match &g.scope {
            GapScope::Everything => "everything".to_owned(),
            GapScope::Nothing => "nothing".to_owned(),
            GapScope::Endpoints(e) => e.iter().map(|r| self.reference(r)).collect::<Vec<_>>().join(" "),
        };
        let help = g.help.as_ref().map_or(String::new(), |h| format!(" ({h})"));
        format!("{} touches {scope}: {}{help} @ {}", g.code, g.message, self.at(g.location))
    }

    pub fn all(&self, reading: &Reading) -> String {
        let mut text = String::new();
        let mut section = |title: &str, lines: Vec<String>| {
            if !lines.is_empty() {
                writeln!(text, "{title}\n  {}", lines.join("\n  ")).unwrap();
            }
        };
        section("included", reading.included.iter().map(|i| self.sources.get(*i).path.clone()).collect());
        let mistake = |e: &InputError| format!("{} @ {}", e.message, self.at(e.location));
        section("syntax", reading.syntax.iter().map(mistake).collect());
        section("endpoints", (0..self.facts.endpoints.len()).map(|i| self.endpoint(i)).collect());
        section("routes", self.facts.routes.iter().map(|r| self.route(r)).collect());
        let held = |h: &HeldFact| format!("{} at {} @ {}", h.data, self.reference(&h.at), self.at(h.location));
        section("held", self.facts.held.iter().map(held).collect());
        section("gaps", self.facts.gaps.iter().map(|g| self.gap(g)).collect());
        text
    }
}

/// Every file that the reader recognizes, read as one project, as text.
pub fn readings(reader: &dyn Reader, sources: &Sources) -> Vec<(SourceId, Reading)> {
    let settings = Settings::default();
    let known = |text: &str, path: &str| reader.recognize(path, text) != onshore::read::Recognized::No;
    let files: Vec<SourceId> = sources.iter().filter(|(_, s)| known(&s.text, &s.path)).map(|(id, _)| id).collect();
    let set = Set { sources, files: &files, settings: &settings };
    reader.read_together(&set).unwrap_or_else(|| files.iter().map(|id| (*id, reader.read(&set.input(*id)))).collect())
}

pub fn show_all(reader: &dyn Reader, sources: &Sources) -> String {
    let mut text = String::new();
    for (file, reading) in readings(reader, sources) {
        writeln!(text, "{}", sources.get(file).path).unwrap();
        if let Some(why) = &reading.broken {
            writeln!(text, "broken: {why}").unwrap();
        }
        text.push_str(&Show { sources, facts: &reading.facts }.all(&reading));
    }
    text
}

/// Compares each folder with its `expected.txt`.
pub fn golden(reader: &dyn Reader, folder: &str, least: usize) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let bless = std::env::var_os("ONSHORE_BLESS").is_some();
    let mut folders: Vec<PathBuf> = std::fs::read_dir(root).unwrap().map(|e| e.unwrap().path()).collect();
    folders.sort();
    let mut wrong = String::new();
    for folder in &folders {
        let actual = show_all(reader, &sources(folder));
        let stored = folder.join("expected.txt");
        if bless {
            std::fs::write(&stored, &actual).unwrap();
        }
        let expected = std::fs::read_to_string(&stored).unwrap_or_default();
        if actual != expected || actual.is_empty() {
            writeln!(wrong, "--- {}\nexpected:\n{expected}\nactual:\n{actual}", folder.display()).unwrap();
        }
    }
    assert!(folders.len() >= least, "only {} cases", folders.len());
    assert!(wrong.is_empty(), "{wrong}");
}

/// The files of a case of the corpus, or `None` with a note.
pub fn corpus(case: &str) -> Option<Sources> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/corpus").join(case).join("raw");
    if folder.is_dir() {
        return Some(sources(&folder));
    }
    println!("skipped: {} is not here", folder.display());
    None
}

/// Whatever the text, a reading ends, and every place it names lies in its text and on character boundaries.
pub fn sound(reader: &dyn Reader, path: &str, text: &str) {
    let mut sources = Sources::default();
    let file = sources.add(path, text);
    reader.recognize(path, text);
    let reading = reader.read(&onshore::read::Input::new(&sources, file));
    let facts = &reading.facts;
    let places = facts.gaps.iter().map(|g| g.location);
    let places = places.chain(facts.routes.iter().map(|r| r.location)).chain(facts.endpoints.iter().map(|e| e.location));
    for at in places {
        assert!(sources.get(at.source).text.get(at.span.range()).is_some(), "{at:?}");
    }
    for route in &facts.routes {
        for reference in [&route.from, &route.to] {
            if let Reference::Fact(i) = reference {
                assert!(*i < facts.endpoints.len());
            }
        }
    }
}

/// The text of every file of the cases, to be damaged.
pub fn seeds(folder: &str) -> Vec<String> {
    sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join(folder)).iter().map(|(_, s)| s.text.clone()).collect()
}
