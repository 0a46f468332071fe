//! Every fact and every trap of the corpus's inventories is asserted somewhere, or has a reason why it is not: `corpus_facts.txt`
//! says which. A fact that is added to the corpus, a case, or a test that goes away makes this fail.
#![allow(clippy::print_stdout, clippy::disallowed_methods, clippy::unwrap_used)] // a test opens files and may panic

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

const FORMATS: [&str; 22] = [
    "ansible-inventory",
    "aws-inventory",
    "bind-zone",
    "cloudformation",
    "docker-compose",
    "flow-logs",
    "gateway-api",
    "gcp-asset",
    "geodns",
    "istio",
    "kafka",
    "kubernetes",
    "mongodb",
    "netflow",
    "redis-cassandra",
    "sql-multiregion",
    "sql-replication",
    "terraform-hcl",
    "terraform-plan-state",
    "traefik-caddy",
    "varnish-vcl",
    "zeek",
];

/// `fact 3` or `trap 1`.
type Item = (&'static str, u32);

#[derive(Default)]
struct Case {
    /// Who asserts it, or why it is not asserted.
    items: BTreeMap<Item, String>,
    /// Parts that are left out, of facts that are asserted.
    parts: BTreeSet<Item>,
}

fn project() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn table() -> BTreeMap<String, Case> {
    let text = std::fs::read_to_string(project().join("tests/corpus_facts.txt")).unwrap();
    let mut cases: BTreeMap<String, Case> = BTreeMap::new();
    let mut case = None;
    for line in text.lines().filter(|l| !l.starts_with('#') && !l.is_empty()) {
        let Some((what, who)) = line.split_once(": ") else {
            assert!(!cases.contains_key(line), "{line} stands there twice");
            case = Some(cases.entry(line.to_owned()).or_default());
            continue;
        };
        let case = case.as_mut().expect("a line before the first case");
        let (is_part, what) = what.strip_prefix("part of ").map_or((false, what), |rest| (true, rest));
        assert!(!is_part || who.starts_with("not yet possible: "), "{line}");
        let mut sort = "fact";
        for word in what.split(' ') {
            match word {
                "fact" | "facts" => sort = "fact",
                "trap" | "traps" => sort = "trap",
                number if is_part => assert!(case.parts.insert((sort, number.parse().unwrap())), "{line}"),
                number => {
                    let twice = case.items.insert((sort, number.parse().unwrap()), who.to_owned());
                    assert!(twice.is_none(), "{line}: {number} stands there twice");
                }
            }
        }
    }
    cases
}

/// The numbered lines below `## Facts` and `## Traps`.
fn items(facts: &str) -> BTreeSet<Item> {
    let mut sort = None;
    let mut found = BTreeSet::new();
    for line in facts.lines() {
        if let Some(heading) = line.strip_prefix("## ") {
            sort = [("Facts", "fact"), ("Traps", "trap")].into_iter().find(|(h, _)| heading.starts_with(h)).map(|(_, s)| s);
        } else if let (Some(sort), Some((number, _))) = (sort, line.split_once(". "))
            && let Ok(number) = number.parse()
        {
            found.insert((sort, number));
        }
    }
    found
}

/// The text of a test target: one file, or a folder of them.
fn sources(target: &str) -> String {
    let tests = project().join("tests");
    if let Ok(text) = std::fs::read_to_string(tests.join(format!("{target}.rs"))) {
        return text;
    }
    let files = std::fs::read_dir(tests.join(target)).unwrap_or_else(|_| panic!("there is no test `{target}`"));
    files.map(|f| std::fs::read_to_string(f.unwrap().path()).unwrap()).collect()
}

#[test]
fn whoever_is_named_is_a_test() {
    for (name, case) in table() {
        for (item, who) in &case.items {
            if who.starts_with("not yet possible: ") {
                continue;
            }
            let (target, function) = who.split_once('/').unwrap_or_else(|| panic!("{name} {item:?}: {who}"));
            let text = sources(target);
            let is_test =
                text.contains(&format!("#[test]\nfn {function}()")) || text.contains(&format!("#[test]\n    fn {function}()"));
            assert!(is_test, "{name} {item:?}: there is no test `{who}`");
        }
        for part in &case.parts {
            let whole = case.items.get(part).map(String::as_str);
            assert!(whole.is_some_and(|w| !w.starts_with("not yet")), "{name}: a part of {part:?}, which is not asserted");
        }
    }
}

#[test]
fn every_fact_and_trap_is_in_the_table() {
    let corpus = project().join("../shared/corpus");
    if !corpus.is_dir() {
        println!("skipped: {} is not there", corpus.display());
        return;
    }
    let folders = |of: &Path| -> Vec<String> {
        let entries = std::fs::read_dir(of).unwrap().map(|e| e.unwrap());
        entries.filter(|e| e.path().is_dir()).map(|e| e.file_name().to_string_lossy().into_owned()).collect()
    };
    let mut expected = BTreeMap::new();
    for format in FORMATS {
        for case in folders(&corpus.join(format)) {
            let facts = std::fs::read_to_string(corpus.join(format).join(&case).join("facts.md")).unwrap();
            expected.insert(format!("{format}/{case}"), items(&facts));
        }
    }
    let table: BTreeMap<String, BTreeSet<Item>> =
        table().into_iter().map(|(name, case)| (name, case.items.into_keys().collect())).collect();
    for (name, items) in &expected {
        assert_eq!(table.get(name), Some(items), "{name}: `corpus_facts.txt` (left) and the case's facts.md (right) differ");
    }
    assert_eq!(table.len(), expected.len(), "a case of the table is not in the corpus");
}
