//! Nothing is left lying about: every reader, report and check is in its list, and every code that can be emitted is explained.

#![allow(clippy::print_stdout, clippy::print_stderr, clippy::disallowed_methods, reason = "it reads the source tree")]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

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
    assert_eq!(implementations, onshore::read::READERS.len(), "readers in src/read against READERS");
    let formats: BTreeSet<&str> = onshore::read::READERS.iter().map(|r| r.format()).collect();
    assert_eq!(formats.len(), onshore::read::READERS.len(), "two readers share a format name");
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
