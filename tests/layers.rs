//! Who may import whom. The table is the architecture; this test reads the `use crate::` lines and holds it.

#![allow(clippy::print_stdout, clippy::print_stderr, clippy::disallowed_methods, reason = "it reads the source tree")]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// Per top-level module: the modules of the crate it may name. `source`, `model` and `vocab` are for all.
const ALLOWED: &[(&str, &[&str])] = &[
    ("check", &["check", "finding", "geo", "policy", "project", "reach", "traffic"]),
    (
        "cli",
        &[
            "check", "cli", "doc", "explain", "finding", "geo", "link", "policy", "project", "reach", "read", "report",
            "traffic",
        ],
    ),
    // `finding` for the spelling of severities, which files of ours use.
    ("doc", &["doc", "finding"]),
    ("explain", &[]),
    ("finding", &[]),
    // `finding` for `DataSetInfo` and `KnownPlace`, `project` for the user's overrides.
    ("geo", &["doc", "finding", "geo", "project"]),
    ("lang", &["lang"]),
    ("link", &["link", "project"]),
    ("model", &["model"]),
    ("policy", &["doc", "finding", "policy"]),
    ("project", &["doc", "finding", "project"]),
    ("reach", &["reach"]),
    ("read", &["doc", "project", "read"]),
    // `explain` for what a code means, which SARIF shows beside each result.
    ("report", &["explain", "finding", "report"]),
    ("source", &["source"]),
    // `finding` for what became of logs and rows, which reports show.
    ("traffic", &["finding", "geo", "traffic"]),
    ("vocab", &["vocab"]),
];

/// Modules of which every other may use what it needs.
const COMMON: &[&str] = &["lang", "model", "source", "vocab"];

#[test]
fn nobody_imports_what_the_table_does_not_allow() {
    let allowed: BTreeMap<&str, &[&str]> = ALLOWED.iter().copied().collect();
    let mut wrong = Vec::new();
    for (path, text) in sources() {
        let module = module(&path);
        let Some(may) = allowed.get(module.as_str()) else {
            if !matches!(module.as_str(), "lib" | "main") {
                wrong.push(format!("{}: module `{module}` is not in the table", path.display()));
            }
            continue;
        };
        for named in named_modules(product(&text)) {
            if !may.contains(&named.as_str()) && !COMMON.contains(&named.as_str()) {
                wrong.push(format!("{}: `{module}` uses `{named}`", path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The file system, the environment and the clock make an answer depend on more than its inputs.
#[test]
fn only_the_border_touches_the_outside_world() {
    const OUTSIDE: &[&str] =
        &["std::fs", "fs::File", "std::env", "env::var", "SystemTime", "Timestamp::now", "Instant::now", "std::net::Tcp"];
    let border = |path: &str| {
        path.starts_with("src/cli/")
            || path.starts_with("src/source/load")
            || path == "src/traffic/open.rs"
            || path == "src/main.rs"
    };
    let mut wrong = Vec::new();
    for (path, text) in sources() {
        let name = path.to_string_lossy().replace('\\', "/");
        if border(&name) {
            continue;
        }
        for (i, line) in product(&text).lines().enumerate() {
            let code = line.split("//").next().unwrap_or("");
            wrong.extend(OUTSIDE.iter().filter(|o| code.contains(**o)).map(|o| format!("{name}:{}: {o}", i + 1)));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn one_file_knows_miette() {
    let users: Vec<String> = sources()
        .into_iter()
        .filter(|(_, text)| text.lines().any(|l| l.trim_start().starts_with("use miette") || l.contains("miette::")))
        .map(|(path, _)| path.to_string_lossy().replace('\\', "/"))
        .collect();
    assert_eq!(users, ["src/report/note.rs"]);
}

#[test]
fn the_reader_of_use_lines_finds_what_matters() {
    let text = "use crate::geo::Basis;\nuse crate::{link, report::safe};\nfn f() { crate::policy::x() }\n// crate::check\n";
    assert_eq!(named_modules(text), ["geo", "link", "report", "policy"]);
}

/// The text before its tests: tests may use anything.
fn product(text: &str) -> &str {
    text.split("#[cfg(test)]\nmod tests {").next().unwrap_or(text)
}

/// The modules named as `crate::x` or in `crate::{x, y}`, in order; comments do not count.
fn named_modules(text: &str) -> Vec<String> {
    let code: String = text.lines().filter(|l| !l.trim_start().starts_with("//")).map(|l| format!("{l}\n")).collect();
    let mut found = Vec::new();
    for after in code.split("crate::").skip(1) {
        if let Some(group) = after.strip_prefix('{') {
            let mut depth = 0;
            let mut word = String::new();
            for c in group.chars() {
                match c {
                    '{' => depth += 1,
                    '}' if depth == 0 => break,
                    '}' => depth -= 1,
                    ',' if depth == 0 => found.push(std::mem::take(&mut word)),
                    c if depth == 0 => word.push(c),
                    _ => {}
                }
            }
            found.push(word);
        } else {
            found.push(after.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect());
        }
    }
    let first = |word: String| word.trim().split("::").next().unwrap_or("").trim().to_owned();
    found.into_iter().map(first).filter(|w| !w.is_empty() && w.chars().all(|c| c.is_lowercase() || c == '_')).collect()
}

/// `src/read/nginx/mod.rs` is of `read`, `src/link.rs` of `link`.
fn module(path: &Path) -> String {
    let below = path.strip_prefix("src").expect("a source file");
    let first = below.components().next().expect("a name").as_os_str().to_string_lossy();
    first.trim_end_matches(".rs").to_owned()
}

fn sources() -> Vec<(PathBuf, String)> {
    let mut files = Vec::new();
    let mut folders = vec![PathBuf::from("src")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("the source folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|e| e == "rs") && !path.ends_with("tests.rs") {
                let text = fs::read_to_string(&path).expect("a source file");
                files.push((path, text));
            }
        }
    }
    files.sort();
    files
}
