//! What each fuzz target does with its bytes. The targets in `fuzz_targets` hand theirs on, and `tests/fuzz_bodies.rs` runs the
//! same functions over mutated seeds with a stable compiler. A body panics when a property is broken.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use jiff::civil::{Date, date};
use onshore::check::{Question, assess};
use onshore::doc;
use onshore::finding::{Coverage, Verdict};
use onshore::geo::Atlas;
use onshore::geo::atlas::DataFile;
use onshore::link::{Matcher, link};
use onshore::model::{Endpoint, GapScope};
use onshore::policy;
use onshore::project::{self, GeoSettings, Project, Selector};
use onshore::read::{Input, READERS, Reading, Recognized, Settings, read_all};
use onshore::report::{REPORTERS, RenderOptions};
use onshore::source::load::Loaded;
use onshore::source::{InputError, Location, Sources};

/// Takes the bytes of a fuzzer.
pub type Body = fn(&[u8]);

/// The bodies by the names of their targets.
pub const BODIES: [(&str, Body); 7] = [
    ("readers", readers),
    ("documents", documents),
    ("policy_file", policy_file),
    ("project_file", project_file),
    ("database", database),
    ("ranges", ranges),
    ("pipeline", pipeline),
];

const AS_OF: Date = date(2026, 11, 22);

/// Names that tell some reader which of its parsers a file is for; the first tells nothing.
const PATHS: [&str; 13] = [
    "routing/input",
    "infra/main.tf.json",
    "infra/terraform.tfvars",
    "infra/terragrunt.hcl",
    "hosts.yml",
    "group_vars/all.yml",
    "db/dump.sql",
    "db/redis.conf",
    "db/my.cnf",
    "kafka/server.properties",
    "db/mongod.conf",
    "backup/rclone.conf",
    "backup/profiles.toml",
];

/// Every reader on the text: it reads, it points inside the text, and it says the same twice.
pub fn readers(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    for path in PATHS {
        let mut sources = Sources::default();
        let file = sources.add(path, text);
        // By its name, a file is for few of them.
        for reader in READERS.iter().filter(|r| r.recognize(path, text) != Recognized::No || path == PATHS[0]) {
            let read = || reader.read(&Input::new(&sources, file));
            let reading = read();
            places_are_inside(&sources, &reading);
            assert_eq!(format!("{reading:?}"), format!("{:?}", read()), "{} reads differently", reader.format());
        }
    }
}

fn places_are_inside(sources: &Sources, reading: &Reading) {
    let facts = &reading.facts;
    let inside = |at: Location| {
        let text = &sources.get(at.source).text;
        assert!(text.get(at.span.range()).is_some(), "{at:?} is not inside the text of {} bytes", text.len());
    };
    facts.gaps.iter().for_each(|g| inside(g.location));
    facts.endpoints.iter().for_each(|e| inside(e.location));
    facts.routes.iter().for_each(|r| inside(r.location));
    facts.sites.iter().for_each(|s| inside(s.location));
    errors_are_inside(sources, &reading.errors);
}

fn errors_are_inside(sources: &Sources, errors: &[InputError]) {
    for error in errors {
        assert!(sources.get(error.location.source).text.get(error.location.span.range()).is_some(), "{error:?}");
        assert!(!error.message.is_empty() && !error.message.ends_with(['.', ' ', ':']), "{error:?}");
    }
}

/// Every notation on the text: what it is wrong about is inside the text, and the whole tree can be walked.
pub fn documents(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    for parse in [doc::toml::parse, doc::yaml::parse, doc::json::parse] {
        let document = parse(text);
        document.problems().iter().for_each(|p| assert!(text.get(p.span.range()).is_some(), "{p:?}"));
        // A shared part is walked once: aliases make the tree larger than the text.
        let mut seen = BTreeSet::new();
        let mut open: Vec<_> = document.roots().collect();
        while let Some(node) = open.pop() {
            if seen.insert((node.span(), node.is_map(), node.is_list())) {
                assert!(text.get(node.span().range()).is_some());
                open.extend(node.items());
                open.extend(node.entries().map(|e| e.value));
            }
        }
    }
    doc::csv::header(text);
    let mut rows = 0_usize;
    doc::csv::read::<std::collections::BTreeMap<String, String>>(text, |_| {}, |_, _| rows += 1);
    // A carriage return alone ends a row too.
    assert!(rows <= text.split(['\n', '\r']).count());
}

/// A policy is read, or refused with a reason; a policy that is read can be linted and shown.
pub fn policy_file(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let mut sources = Sources::default();
    let id = sources.add("policies/p.toml", text);
    let (pack, errors) = policy::parse(id, text, AS_OF);
    errors_are_inside(&sources, &errors);
    assert!(pack.is_some() || !errors.is_empty(), "refused without a reason");
    if let Some(pack) = pack {
        policy::lint(std::slice::from_ref(&pack), AS_OF);
    }
}

/// A project file is read, or refused with a reason.
pub fn project_file(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let mut sources = Sources::default();
    let id = sources.add("onshore.toml", text);
    let (project, errors) = project::parse(id, text);
    errors_are_inside(&sources, &errors);
    assert!(project.is_some() || !errors.is_empty(), "refused without a reason");
}

const ADDRESSES: [&str; 5] = ["81.2.69.160", "216.160.83.56", "2001:218::1", "89.160.20.112", "0.0.0.0"];

/// A database opens or is refused; where it opens, every question has an answer.
pub fn database(data: &[u8]) {
    ask(vec![DataFile { name: "f.mmdb".to_owned(), bytes: data.to_vec() }], Vec::new());
}

/// A list of ranges is read or refused; where it is read, every question has an answer.
pub fn ranges(data: &[u8]) {
    ask(Vec::new(), vec![DataFile { name: "cloudflare/f.txt".to_owned(), bytes: data.to_vec() }]);
}

fn ask(databases: Vec<DataFile>, ranges: Vec<DataFile>) {
    let atlas = match Atlas::new(&GeoSettings::default(), databases, ranges, AS_OF) {
        Ok(atlas) => atlas,
        Err(errors) => return assert!(errors.iter().all(|e| !e.message.is_empty() && e.message.len() < 1000), "{errors:?}"),
    };
    for address in ADDRESSES {
        let found = atlas.locate_address(address.parse().expect("an address"), None);
        assert!(!found.places.is_empty() || found.unknown.is_some(), "{address} has neither a place nor a reason");
    }
    atlas.locate_network("81.2.69.0/24".parse().expect("a network"));
}

/// Files in the archive form `-- path --`, read, linked, located, judged and reported in memory. The same twice, and nothing
/// that is unknown everywhere leaves a rule satisfied.
pub fn pipeline(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let files = files(text);
    let first = judge(&files);
    assert_eq!(first, judge(&files), "the same input gives another report");
}

/// The last of several files of one name counts.
fn files(text: &str) -> Vec<(String, String)> {
    let mut files: Vec<(String, String)> = Vec::new();
    for line in text.split_inclusive('\n') {
        if let Some(name) = line.trim_end().strip_prefix("-- ").and_then(|l| l.strip_suffix(" --")) {
            files.retain(|(known, _)| known != name);
            files.push((name.to_owned(), String::new()));
        } else if let Some((_, body)) = files.last_mut() {
            body.push_str(line);
        }
    }
    files.sort();
    files
}

fn judge(files: &[(String, String)]) -> String {
    let mut loaded = Loaded::default();
    for (path, text) in files {
        loaded.add(path, text);
    }
    let mut project = Project::default();
    let mut packs = Vec::new();
    for (id, source) in loaded.sources.iter() {
        if source.path == "onshore.toml" {
            project = project::parse(id, &source.text).0.unwrap_or_default();
        } else if source.path.starts_with("policies/") {
            packs.extend(policy::parse(id, &source.text, AS_OF).0);
        }
    }
    let Ok(all) = read_all(&loaded, &Settings::default(), &[], None) else { return String::new() };
    let readings = all.readings.into_iter().map(|(id, _, reading)| (id, reading.facts)).collect();
    let snapshot = link(readings, &project, &loaded.sources);
    let atlas = Atlas::embedded(AS_OF);
    let selected = |selector: &Selector| {
        let matcher = Matcher::new(selector);
        let (snapshot, sources) = (&snapshot, &loaded.sources);
        move |e: &Endpoint| matcher.matches(snapshot, e, sources)
    };
    let atlas = atlas.with_snapshot(&snapshot, &project.geo, selected);
    let assessment = assess(Question {
        snapshot: &snapshot,
        sources: &loaded.sources,
        atlas: &atlas,
        project: &project,
        packs: &packs,
        as_of: AS_OF,
        coverage: Coverage::default(),
        baseline: None,
        world: None,
    });
    if snapshot.gaps.iter().any(|g| matches!(g.scope, GapScope::Everything)) {
        let passed: Vec<_> = assessment.rules.iter().filter(|r| r.verdict == Verdict::Satisfied).map(|r| &r.rule).collect();
        assert!(passed.is_empty(), "{passed:?} passed though something unknown touches everything");
    }
    let mut shown = String::new();
    for reporter in REPORTERS {
        let mut out = Vec::new();
        reporter.write(&assessment, &loaded.sources, &RenderOptions::PLAIN, &mut out).expect("memory takes it all");
        let text = String::from_utf8(out).expect("reports are UTF-8");
        assert!(!text.contains(['\u{1b}', '\u{7}', '\u{202e}']), "{} writes to the terminal", reporter.name());
        let _ = write!(shown, "{text}");
    }
    shown
}
