//! Unknown never passes: each file in `tests/unknown` is a small project in which one thing is not known. Its header says
//! which line must be named, and in what words; then come the files, in the archive form `-- path --`.
//!
//! Files that a case does not give are taken from `tests/unknown/base.txt`, whose own project passes: so it is the unknown
//! thing, and nothing else, that keeps a case from passing.

#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::disallowed_methods,
    reason = "it reads and writes what it compares"
)]

use std::path::{Path, PathBuf};
use std::process::Command;

use onshore::lang::read;
use serde_json::Value;

/// Words of libraries, and of keys to write.
const FOREIGN: [&str; 4] = ["unclosed bracket '['", "Could not find EOCD", "config map", "invalid Zip archive"];

struct Case {
    name: String,
    header: Vec<(String, String)>,
    files: Vec<(String, String)>,
}

fn parse(path: &Path) -> Case {
    let text = std::fs::read_to_string(path).expect("a case");
    let mut case = Case {
        name: path.file_stem().unwrap_or_default().to_string_lossy().into_owned(),
        header: Vec::new(),
        files: Vec::new(),
    };
    for line in text.lines() {
        if let Some(name) = line.strip_prefix("-- ").and_then(|l| l.strip_suffix(" --")) {
            case.files.push((name.to_owned(), String::new()));
        } else if let Some((_, body)) = case.files.last_mut() {
            body.push_str(line);
            body.push('\n');
        } else if let Some((key, value)) = line.split_once(": ").filter(|_| !line.starts_with('#')) {
            case.header.push((key.to_owned(), value.to_owned()));
        }
    }
    case
}

fn run(case: &Case, base: &Case) -> (i32, String) {
    let root: PathBuf = Path::new(env!("CARGO_TARGET_TMPDIR")).join("unknown").join(&case.name);
    let _ = std::fs::remove_dir_all(&root);
    let without = |name: &str| case.header.iter().any(|(k, v)| k == "without" && v == name);
    let inherited = base.files.iter().filter(|(n, _)| !without(n) && !case.files.iter().any(|(own, _)| own == n));
    for (name, text) in case.files.iter().chain(inherited) {
        let path = root.join(name);
        std::fs::create_dir_all(path.parent().expect("inside the root")).expect("folder");
        std::fs::write(path, text).expect("file");
    }
    for (key, value) in &case.header {
        if key == "copy" {
            let (from, to) = value.split_once(" -> ").expect("copy: FROM -> TO");
            std::fs::copy(Path::new(env!("CARGO_MANIFEST_DIR")).join(from), root.join(to)).expect("copied");
        }
    }
    let out = Command::new(env!("CARGO_BIN_EXE_onshore"))
        .args(["check", ".", "--format", "json", "--as-of", "2026-11-22"])
        .current_dir(&root)
        .output()
        .expect("onshore runs");
    (out.status.code().unwrap_or(-1), String::from_utf8_lossy(&out.stdout).into_owned() + &String::from_utf8_lossy(&out.stderr))
}

/// `file:line` and message of everything that the assessment could not tell.
fn untold(found: &Value) -> Vec<(String, String)> {
    let at = |v: &Value| format!("{}:{}", v["source"]["file"].as_str().unwrap_or(""), v["source"]["line"]);
    let text = |v: &Value| v["message"].as_str().unwrap_or("").to_owned();
    let findings = found["findings"]
        .as_array()
        .into_iter()
        .flatten()
        .filter(|f| f["verdict"] == "indeterminate" || f["verdict"] == "conflict");
    let gaps =
        found["gaps"].as_array().into_iter().flatten().filter(|g| g["touches"].as_array().is_some_and(|t| !t.is_empty()));
    findings.chain(gaps).map(|v| (at(v), text(v))).collect()
}

#[test]
fn nothing_unknown_passes() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/unknown");
    let mut paths: Vec<PathBuf> =
        std::fs::read_dir(&folder).expect("tests/unknown").map(|e| e.expect("entry").path()).collect();
    paths.sort();
    let cases: Vec<Case> = paths.iter().map(|p| parse(p)).collect();
    let base = cases.iter().find(|c| c.name == "base").expect("the base project");
    let (code, text) = run(base, base);
    assert_eq!(code, 0, "the base project passes: {text}");
    assert!(cases.len() > 25, "at least 25 things that may be unknown");
    let mut wrong = Vec::new();
    for case in cases.iter().filter(|c| c.name != "base") {
        let get = |key: &str| case.header.iter().find(|(k, _)| k == key).map(|(_, v)| v.as_str());
        let (code, text) = run(case, base);
        // Mistakes of syntax end with 2: the run did not do its job.
        let wanted = get("exit").map_or(3, |e| e.parse().expect("a number"));
        let found: Value = match serde_json::from_str(&text) {
            Ok(found) if code == wanted => found,
            _ => {
                let told: Vec<&str> =
                    text.lines().filter(|l| l.contains("\"message\"") || !l.starts_with([' ', '{', '}'])).collect();
                wrong.push(format!("{}: exit {code} instead of {wanted}: {told:#?}", case.name));
                continue;
            }
        };
        let rule = get("rule").unwrap_or("p/stays");
        let verdict = found["rules"].as_array().into_iter().flatten().find(|r| r["rule"] == rule).map(|r| r["verdict"].clone());
        if verdict != Some("indeterminate".into()) {
            wrong.push(format!("{}: {rule} is {verdict:?}", case.name));
        }
        let untold = untold(&found);
        let (at, says) = (get("at").expect("at: FILE:LINE"), get("says").expect("says: WORDS"));
        // And in Chinese, with no word of English but in quotes. What rules say of stores and logs is no reader's.
        let of_readers = |g: &&Value| g["code"] != "unclassified-store" && g["code"] != "logged-and-undeclared";
        let gaps = found["gaps"].as_array().into_iter().flatten().filter(of_readers);
        for text in gaps.flat_map(|g| [&g["message"], &g["help"]]).filter_map(Value::as_str) {
            let said = read::zh(text);
            let ours = FOREIGN.iter().fold(said.clone().into_owned(), |text, foreign| text.replace(foreign, ""));
            if read::english_in(&ours) > 0 {
                wrong.push(format!("{}: in Chinese: {said}", case.name));
            }
        }
        if !untold.iter().any(|(line, message)| line == at && message.contains(says)) {
            wrong.push(format!("{}: nothing at {at} says {says:?}, but {untold:#?}", case.name));
        }
    }
    assert!(wrong.is_empty(), "{} of {} cases:\n{}", wrong.len(), cases.len() - 1, wrong.join("\n"));
}
