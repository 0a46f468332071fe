//! CloudFormation and ARM templates as facts: each folder in `tests/read/{cloudformation,arm}` beside the facts that it becomes
//! (`ONSHORE_BLESS=1` writes them anew), what is known of real templates, and what templates may not do to their reader.

#![allow(clippy::unwrap_used, clippy::print_stdout, clippy::disallowed_methods)] // a panic is how a test fails, a line how it says that it was skipped

mod arm;
mod cloudformation;
mod dump;

use std::path::Path;

use onshore::model::{EndpointFact, Facts, GapScope, Reference, RouteFact};
use onshore::read::{FileSettings, ReadAll, Settings, Told, read_all};
use onshore::source::load::{Loaded, load, read_one};
use onshore::source::{Location, SourceId, Span};

/// What a project of these files says.
pub struct Read {
    pub loaded: Loaded,
    pub all: ReadAll,
}

/// Settings by pattern: `region=eu-west-1`, `account=...`, `file=params.json`, else a variable.
pub fn settings(told: &[(&str, &[&str])]) -> Settings {
    let mut settings = Settings::default();
    for (pattern, words) in told {
        let mut one = FileSettings::default();
        for word in *words {
            let (key, value) = word.split_once('=').unwrap();
            let told = Told { text: value.to_owned(), location: Location::new(SourceId(0), Span::default()) };
            match key {
                "region" => one.region = Some(told),
                "account" => one.account = Some(told),
                "file" => one.variable_files.push(told),
                _ => _ = one.variables.insert(key.to_owned(), told),
            }
        }
        settings.add(pattern, one);
    }
    settings
}

pub fn read(files: &[(&str, &str)], told: &[(&str, &[&str])]) -> Read {
    let mut loaded = Loaded::default();
    let mut files = files.to_vec();
    files.sort_unstable();
    for (path, text) in files {
        loaded.add(path, text);
    }
    let all = read_all(&loaded, &settings(told), &[], None).unwrap();
    Read { loaded, all }
}

/// A case of the corpus; `None`, said aloud, where the corpus is not there.
pub fn corpus(case: &str, told: &[(&str, &[&str])]) -> Option<Read> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/corpus").join(case).join("raw");
    if !root.exists() {
        println!("skipped: {} is not there", root.display());
        return None;
    }
    let loaded = load(&root, &[], &[]).unwrap();
    let all = read_all(&loaded, &settings(told), &[], None).unwrap();
    Some(Read { loaded, all })
}

impl Read {
    pub fn dump(&self) -> String {
        dump::all(&self.loaded, &self.all)
    }

    pub fn facts(&self) -> impl Iterator<Item = &Facts> {
        self.all.readings.iter().map(|(_, _, r)| &r.facts)
    }

    pub fn endpoint(&self, label: &str) -> &EndpointFact {
        let found = self.facts().flat_map(|f| &f.endpoints).find(|e| e.label == label);
        found.unwrap_or_else(|| panic!("no endpoint `{label}`:\n{}", self.dump()))
    }

    pub fn region(&self, label: &str) -> &str {
        self.endpoint(label).region.as_ref().map_or("", |r| &r.value)
    }

    /// Routes between endpoints by the names that the dump shows.
    pub fn routes(&self, from: &str, to: &str) -> Vec<&RouteFact> {
        let mut found = Vec::new();
        for facts in self.facts() {
            let name = |r: &Reference| dump::reference(facts, r);
            found.extend(facts.routes.iter().filter(|r| name(&r.from) == from && name(&r.to) == to));
        }
        found
    }

    pub fn route(&self, from: &str, to: &str) -> &RouteFact {
        self.routes(from, to).first().copied().unwrap_or_else(|| panic!("no route {from} -> {to}:\n{}", self.dump()))
    }

    /// Gaps whose message has these words, with `file:line`.
    pub fn gaps(&self, words: &str) -> Vec<(String, &GapScope<Reference>)> {
        let gaps = self.facts().flat_map(|f| &f.gaps).filter(|g| g.message.contains(words));
        gaps.map(|g| (self.loaded.sources.position(g.location).to_string(), &g.scope)).collect()
    }

    #[track_caller]
    pub fn has_gap(&self, at: &str, words: &str) {
        assert!(self.gaps(words).iter().any(|(place, _)| place == at), "no gap at {at}: {words}\n{}", self.dump());
    }

    /// Names of everything in a gap of these words.
    pub fn touched(&self, words: &str) -> Vec<String> {
        let mut names = Vec::new();
        for facts in self.facts() {
            for gap in facts.gaps.iter().filter(|g| g.message.contains(words)) {
                match &gap.scope {
                    GapScope::Everything => names.push("everything".to_owned()),
                    GapScope::Endpoints(of) => names.extend(of.iter().map(|r| dump::reference(facts, r))),
                    GapScope::Nothing => {}
                }
            }
        }
        names
    }

    /// `file:line` of each step by which an endpoint came to its region.
    pub fn trail(&self, label: &str) -> Vec<String> {
        self.endpoint(label).trail.steps().map(|s| self.loaded.sources.position(s.location).to_string()).collect()
    }
}

/// Reads each folder of `root` as a project and compares it with `expected.txt` in it. `told.txt`: `PATTERN KEY=VALUE...` a line.
pub fn golden(root: &str) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join(root);
    let text = read_one(&root.join("cases.txt")).unwrap();
    let mut wrong = Vec::new();
    let mut count = 0;
    for line in text.lines().filter(|l| !l.is_empty() && !l.starts_with('#')) {
        let mut words = line.split_whitespace();
        let case = words.next().unwrap();
        let told: Vec<&str> = words.collect();
        let loaded = load(&root.join(case), &[], &["expected.txt".to_owned()]).unwrap();
        let all = read_all(&loaded, &settings(&[("**", &told)]), &[], None).unwrap();
        let actual = Read { loaded, all }.dump();
        let path = root.join(case).join("expected.txt");
        if std::env::var_os("ONSHORE_BLESS").is_some() {
            std::fs::write(&path, &actual).unwrap();
        }
        let expected = read_one(&path).unwrap_or_default();
        if expected != actual {
            wrong.push(format!("{case}\n--- expected\n{expected}--- actual\n{actual}"));
        }
        count += 1;
    }
    assert!(count > 0 && wrong.is_empty(), "{}", wrong.join("\n"));
}
