//! Every folder in `tests/cases` is a project with `expected.toml`: exit code, rule verdicts, and the findings that
//! `onshore check` must show - those, and none beside them at medium or above.
//!
//! `same-as = "CASE"` retells another case in another system's words: verdicts, findings and paths must be those of that case, and
//! the files that both have must be the same; `[lines]` says which of its lines stand where here, and `[hops]` what takes the
//! place of a hop of its paths, for a system that calls it otherwise.
//!
//! `concise.txt` is the exact text of the concise report, `pretty.txt`, if present, that of what a person sees;
//! `ONSHORE_BLESS=1 cargo test --test cases` rewrites them.

#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::disallowed_methods,
    reason = "it reads and writes what it compares"
)]

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

/// The date every case is judged at.
const AS_OF: &str = "2026-11-22";

fn folders() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases");
    let mut folders: Vec<PathBuf> = std::fs::read_dir(root)
        .expect("tests/cases")
        .map(|e| e.expect("entry").path())
        .filter(|p| p.join("expected.toml").exists())
        .collect();
    folders.sort();
    folders
}

fn check(folder: &Path, format: &str) -> (i32, String) {
    let out = Command::new(env!("CARGO_BIN_EXE_onshore"))
        .args(["check", ".", "--format", format, "--as-of", AS_OF])
        .current_dir(folder)
        .output()
        .expect("onshore runs");
    let text = String::from_utf8(out.stdout).expect("UTF-8") + &String::from_utf8_lossy(&out.stderr);
    (out.status.code().unwrap_or(-1), text)
}

fn expected(folder: &Path, wrong: &mut Vec<String>) -> toml::Table {
    let read = |path: PathBuf| std::fs::read_to_string(path).expect("expected.toml");
    let own: toml::Table = read(folder.join("expected.toml")).parse().expect("expected.toml is TOML");
    let Some(same) = own.get("same-as").and_then(|s| s.as_str()) else { return own };
    let other = folder.parent().expect("tests/cases").join(same);
    for part in ["dns", "inventory", "policies"] {
        for entry in std::fs::read_dir(other.join(part)).expect("a folder of the other case") {
            let path = entry.expect("entry").path();
            let here = folder.join(part).join(path.file_name().expect("a name"));
            if std::fs::read(&path).ok() != std::fs::read(&here).ok() {
                wrong.push(format!("{} differs from {}", here.display(), path.display()));
            }
        }
    }
    let mut text = read(other.join("expected.toml"));
    for (from, to) in own.get("lines").and_then(|l| l.as_table()).expect("[lines]") {
        assert!(text.contains(&format!("\"{from}\"")), "no finding stands at {from}");
        text = text.replace(&format!("\"{from}\""), &format!("\"{}\"", to.as_str().expect("FILE:LINE")));
    }
    for (hop, here) in own.get("hops").and_then(|h| h.as_table()).into_iter().flatten() {
        let here = here.as_array().expect("hops").iter().map(|h| format!("{:?}", h.as_str().expect("a name")));
        let here: Vec<String> = here.collect();
        text = text.replace(&format!("\"{hop}\","), &format!("{},", here.join(", ")));
    }
    text.parse().expect("expected.toml is TOML")
}

#[test]
fn cases_give_what_they_expect() {
    let folders = folders();
    assert!(folders.len() >= 2, "the seed case and its repaired twin at least");
    let mut wrong = Vec::new();
    for folder in &folders {
        let name = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let expected = expected(folder, &mut wrong);
        let (code, json) = check(folder, "json");
        if i64::from(code) != expected["exit"].as_integer().expect("exit") {
            wrong.push(format!("{name}: exit {code}, expected {:?}\n{json}", expected["exit"]));
            continue;
        }
        let found: Value = serde_json::from_str(&json).expect("the JSON report is JSON");
        compare(&name, &expected, &found, &mut wrong);
        // What a person sees is kept for the seed cases and their repairs.
        for format in ["concise", "pretty"] {
            let stored = folder.join(format!("{format}.txt"));
            if format == "pretty" && !stored.exists() {
                continue;
            }
            let (_, text) = check(folder, format);
            if std::env::var_os("ONSHORE_BLESS").is_some() {
                std::fs::write(&stored, &text).expect("bless");
            } else if std::fs::read_to_string(&stored).unwrap_or_default() != text {
                wrong.push(format!("{name}: the {format} report differs from {}:\n{text}", stored.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn compare(name: &str, expected: &toml::Table, found: &Value, wrong: &mut Vec<String>) {
    let rules: Vec<(&str, &str)> = found["rules"]
        .as_array()
        .expect("rules")
        .iter()
        .map(|r| (r["rule"].as_str().unwrap_or(""), r["verdict"].as_str().unwrap_or("")))
        .collect();
    for (rule, verdict) in expected.get("rules").and_then(|r| r.as_table()).expect("[rules]") {
        let verdict = verdict.as_str().expect("a verdict");
        if !rules.contains(&(rule, verdict)) {
            wrong.push(format!("{name}: rule {rule} is not {verdict}; rules are {rules:?}"));
        }
    }
    let none = Vec::new();
    let wanted = expected.get("finding").and_then(|f| f.as_array()).unwrap_or(&none);
    let findings = found["findings"].as_array().expect("findings");
    for want in wanted {
        let want = want.as_table().expect("a table");
        if !findings.iter().any(|f| matches(want, f)) {
            wrong.push(format!("{name}: not found: {want:?}"));
        }
    }
    for finding in findings {
        let severe = finding["severity"] != "low";
        // An unsatisfiable rule is expected by its verdict.
        let by_rule = expected["rules"].get(finding["rule"].as_str().unwrap_or("")).and_then(|v| v.as_str());
        let unsatisfiable = finding["verdict"] == "unsatisfiable" && by_rule == Some("unsatisfiable");
        if severe && !unsatisfiable && !wanted.iter().any(|w| matches(w.as_table().expect("a table"), finding)) {
            wrong.push(format!("{name}: not expected: {finding:#}"));
        }
    }
}

/// Subset match: each key of `want` agrees with the finding.
fn matches(want: &toml::Table, finding: &Value) -> bool {
    want.iter().all(|(key, value)| {
        let places = || finding["places"].as_array().cloned().unwrap_or_default();
        match key.as_str() {
            "country" | "basis" => places().iter().any(|p| p[key.as_str()] == value.as_str().unwrap_or("")),
            "source" => {
                let source = &finding["source"];
                format!("{}:{}", source["file"].as_str().unwrap_or(""), source["line"]) == value.as_str().unwrap_or("")
            }
            "label-texts" => {
                let texts: Vec<&str> =
                    finding["labels"].as_array().expect("labels").iter().filter_map(|l| l["text"].as_str()).collect();
                value.as_array().is_some_and(|v| v.iter().all(|e| e.as_str().is_some_and(|e| texts.contains(&e))))
            }
            "path" => {
                let path: Vec<&str> = finding["path"]
                    .as_array()
                    .map(|p| p.iter().filter_map(|h| h["endpoint"].as_str()).collect())
                    .unwrap_or_default();
                value.as_array().is_some_and(|v| v.iter().filter_map(|e| e.as_str()).eq(path))
            }
            // The lines that explain it, in this order, others between them or not.
            "chain" => {
                let line = |l: &Value| format!("{}:{}", l["source"]["file"].as_str().unwrap_or(""), l["source"]["line"]);
                let mut labels = finding["labels"].as_array().into_iter().flatten().map(line);
                value.as_array().is_some_and(|v| v.iter().all(|want| labels.any(|l| Some(&*l) == want.as_str())))
            }
            other => finding[other] == value.as_str().unwrap_or(""),
        }
    })
}
