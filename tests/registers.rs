//! Nothing is left lying about: every reader, report and check is in its list, and every code that can be emitted is explained.

#![allow(clippy::print_stdout, clippy::print_stderr, clippy::disallowed_methods, reason = "it reads the source tree")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use onshore::read::READERS;
use onshore::read::words::{self, Words};

/// Files of a folder that are named as modules in its `mod.rs`, compared with those that are there.
fn modules_are_declared(folder: &str) {
    let listed = fs::read_to_string(Path::new(folder).join("mod.rs")).expect("a mod.rs");
    for entry in fs::read_dir(folder).expect("the folder") {
        let path = entry.expect("an entry").path();
        let name = path.file_stem().expect("a name").to_string_lossy().into_owned();
        if name == "mod" {
            continue;
        }
        let declared = [format!("mod {name};"), format!("pub mod {name};"), format!("pub(crate) mod {name};")];
        assert!(listed.lines().any(|l| declared.iter().any(|d| l.trim() == d)), "{} is not in {folder}/mod.rs", path.display());
    }
}

#[test]
fn every_file_belongs_to_its_folder() {
    for folder in ["src/read", "src/report", "src/check", "src/cli"] {
        modules_are_declared(folder);
    }
}

#[test]
fn every_reader_is_registered() {
    let implementations = occurrences("src/read", "impl Reader for ");
    assert_eq!(implementations, READERS.len(), "readers in src/read against READERS");
    let formats: BTreeSet<&str> = READERS.iter().map(|r| r.format()).collect();
    assert_eq!(formats.len(), READERS.len(), "two readers share a format name");
}

/// Formats that have no words of their own to route by.
const WORDLESS: &[&str] = &[
    // They list what is there.
    "ansible-inventory",
    "cloud-export",
    "hosts",
    "inventory",
    "netbox",
    "table",
    // They name resources of kinds that `data/resources` has tables for.
    "arm",
    "cloudformation",
    "pulumi",
    "terraform",
    "terraform-plan",
    "terraform-state",
    // A service runs an image and takes settings; nothing of it routes by a word.
    "docker-compose",
    // Lists of members, and of the services that each of them answers for.
    "ibp-geodns",
    // Questions and answers, written by onshore itself.
    "dns-answers",
];

#[test]
fn readers_without_words_are_those_that_need_none() {
    let found: BTreeSet<&str> = READERS.iter().filter(|r| r.words().is_empty()).map(|r| r.format()).collect();
    assert_eq!(found, WORDLESS.iter().copied().collect());
}

/// `data/formats` shows the tables by which readers decide; `ONSHORE_BLESS=1` writes it.
#[test]
fn every_format_has_a_page_that_shows_its_words() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("data/formats");
    let mut pages: BTreeMap<String, String> =
        READERS.iter().map(|r| (format!("{}.md", r.format()), page(r.format(), r.describe(), r.words()))).collect();
    pages.insert("README.md".to_owned(), index());
    if std::env::var_os("ONSHORE_BLESS").is_some() {
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).expect("the folder");
        pages.iter().for_each(|(name, text)| fs::write(folder.join(name), text).expect("a page"));
    }
    let stored = fs::read_dir(&folder).expect("data/formats").map(|e| e.expect("an entry").file_name());
    let stored: BTreeSet<String> = stored.map(|name| name.to_string_lossy().into_owned()).collect();
    assert_eq!(stored, pages.keys().cloned().collect(), "ONSHORE_BLESS=1 writes data/formats");
    for (name, text) in &pages {
        let stored = fs::read_to_string(folder.join(name)).expect("a page").replace("\r\n", "\n");
        assert_eq!(&stored, text, "ONSHORE_BLESS=1 writes data/formats/{name}");
    }
}

fn index() -> String {
    let mut text = format!(
        "# Input formats\n\nGenerated from the readers' own tables, as `onshore explain FORMAT` shows them. {}.\n\n\
         | format | what | words |\n|---|---|---|\n",
        words::UNLISTED
    );
    let by_name: BTreeMap<&str, _> = READERS.iter().map(|r| (r.format(), r)).collect();
    for reader in by_name.values() {
        let count: usize = reader.words().iter().flat_map(Words::lists).map(|(_, list)| list.split_whitespace().count()).sum();
        let count = if count == 0 { "-".to_owned() } else { count.to_string() };
        text.push_str(&format!("| [`{0}`]({0}.md) | {1} | {count} |\n", reader.format(), reader.describe()));
    }
    text
}

fn page(format: &str, what: &str, table: &[Words]) -> String {
    let last = if table.is_empty() { words::WORDLESS } else { words::UNLISTED };
    let mut text = format!("# {format}\n\n{what}.\n\n{last}.\n");
    for part in table {
        text.push_str(&format!("\n## {}\n", part.part));
        for (effect, list) in part.lists().into_iter().filter(|(_, list)| !list.is_empty()) {
            text.push_str(&format!("\n{}:\n\n", effect.title()));
            let mut line = String::new();
            for word in list.split_whitespace() {
                if line.len() + word.len() > 116 {
                    text.push_str(&format!("{}\n", line.trim_end()));
                    line.clear();
                }
                line.push_str(&format!("`{word}` "));
            }
            text.push_str(&format!("{}\n", line.trim_end()));
        }
    }
    text
}

#[test]
fn every_report_is_registered() {
    assert_eq!(occurrences("src/report", "impl Reporter for "), onshore::report::REPORTERS.len());
}

#[test]
fn every_code_is_explained_and_every_explained_code_is_emitted() {
    let mut missing = BTreeSet::new();
    let mut everything = String::new();
    for path in rust_files("src") {
        let text = fs::read_to_string(&path).expect("a source file");
        let product = product(&text);
        for code in emitted(product) {
            if onshore::explain::code(&code).is_none() {
                missing.insert(format!("{code} ({})", path.display()));
            }
        }
        everything.push_str(product);
    }
    assert!(missing.is_empty(), "data/codes.toml lacks: {missing:#?}");
    let said = |code: &&onshore::explain::Code| everything.contains(&format!("\"{}\"", code.code));
    let unused: Vec<&str> = onshore::explain::codes().iter().filter(|c| !said(c)).map(|c| c.code.as_str()).collect();
    assert!(unused.is_empty(), "data/codes.toml explains what nobody says: {unused:?}");
}

#[test]
fn emitted_codes_are_found_however_they_are_written() {
    let text = r#"code: "a-b", x.gap(
        "c-d", 1); const E: &str = "not-one"; f("e-f"); let code = if x { "g-h" } else { "syntax" }; "#;
    assert_eq!(emitted(text), ["a-b", "c-d", "g-h", "syntax"]);
}

/// Codes as literals: `code: "..."`, `code = ...;` and the first argument of the functions that make gaps and remarks.
fn emitted(text: &str) -> Vec<String> {
    const BEFORE: &[&str] =
        &["code: \"", ".gap(\"", "problem(\"", "wrong(\"", "nothing(\"", "unclear(\"", "unclear.push(\"", "say(\""];
    let mut found = Vec::new();
    let mut choosing = false;
    let parts: Vec<&str> = text.split('"').collect();
    for pair in parts.chunks(2) {
        let [before, literal] = pair else { break };
        let chosen = before.rsplit_once("let code = ").map(|(_, after)| !after.contains(';'));
        choosing = chosen.unwrap_or(choosing && !before.contains(';'));
        let head = format!("{}\"", before.trim_end());
        let is_code =
            !literal.is_empty() && !before.ends_with("== ") && literal.chars().all(|c| c.is_ascii_lowercase() || c == '-');
        let follows = BEFORE.iter().any(|b| head.ends_with(&b.replace(' ', "")));
        if is_code && (choosing || follows) {
            found.push((*literal).to_owned());
        }
    }
    found
}

/// The text before its tests.
fn product(text: &str) -> &str {
    text.split("#[cfg(test)]\nmod tests {").next().unwrap_or(text)
}

fn occurrences(folder: &str, text: &str) -> usize {
    let count = |p: &PathBuf| {
        let source = fs::read_to_string(p).expect("a source file");
        product(&source).matches(text).count()
    };
    rust_files(folder).iter().map(count).sum()
}

fn rust_files(folder: &str) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).expect("the folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            files.extend(rust_files(&path.to_string_lossy()));
        } else if path.extension().is_some_and(|e| e == "rs") {
            files.push(path);
        }
    }
    files.sort();
    files
}
