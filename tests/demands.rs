//! Every demand and modifier, violated, satisfied and not to be told: each file in `tests/demands` is a small project (in the
//! archive form `-- path --`) and its variants. A variant begins with `== name`, changes the project by lines
//! `path: OLD => NEW`, and says exactly what must be found in lines that begin with `>`.
//!
//! `ONSHORE_BLESS=1 cargo test --test demands` rewrites those lines; read them before you keep them.

#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::disallowed_methods,
    reason = "it reads and writes its own test data"
)]

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

#[derive(Default)]
struct Variant {
    name: String,
    /// Lines as written, without what must be found.
    written: String,
    edits: Vec<(String, String, String)>,
    expected: String,
}

struct Suite {
    name: String,
    path: PathBuf,
    head: String,
    files: Vec<(String, String)>,
    variants: Vec<Variant>,
}

fn parse(path: &Path) -> Suite {
    let text = std::fs::read_to_string(path).expect("a suite");
    let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    let mut suite = Suite { name, path: path.to_owned(), head: String::new(), files: Vec::new(), variants: Vec::new() };
    for line in text.lines() {
        if let Some(name) = line.strip_prefix("== ") {
            suite.variants.push(Variant { name: name.to_owned(), ..Variant::default() });
        } else if let Some(variant) = suite.variants.last_mut() {
            if line.starts_with('>') {
                variant.expected.push_str(line);
                variant.expected.push('\n');
            } else if !line.is_empty() {
                variant.written.push_str(line);
                variant.written.push('\n');
                if !line.starts_with('#') {
                    let (file, edit) = line.split_once(": ").expect("path: OLD => NEW");
                    let (old, new) = edit.split_once("=>").expect("path: OLD => NEW");
                    let (old, new) =
                        (old.strip_suffix(' ').unwrap_or(old).replace("\\n", "\n"), new.trim_start().replace("\\n", "\n"));
                    variant.edits.push((file.to_owned(), old, new));
                }
            }
        } else {
            suite.head.push_str(line);
            suite.head.push('\n');
            if let Some(name) = line.strip_prefix("-- ").and_then(|l| l.strip_suffix(" --")) {
                suite.files.push((name.to_owned(), String::new()));
            } else if let Some((_, body)) = suite.files.last_mut() {
                body.push_str(line);
                body.push('\n');
            }
        }
    }
    suite
}

/// What is found, a line each: rules with verdict and why, then findings with condition and help.
fn found(suite: &Suite, variant: &Variant) -> String {
    let folder = variant.name.replace(|c: char| !c.is_ascii_alphanumeric(), "-");
    let root = Path::new(env!("CARGO_TARGET_TMPDIR")).join("demands").join(&suite.name).join(folder);
    let _ = std::fs::remove_dir_all(&root);
    let mut files = suite.files.clone();
    let mut as_of = "2026-11-22";
    for (file, old, new) in &variant.edits {
        if file == "as-of" {
            as_of = new;
            continue;
        }
        let (_, text) = files.iter_mut().find(|(n, _)| n == file).expect("a file of the suite");
        assert!(text.contains(old), "{} / {}: {file} does not contain {old:?}", suite.name, variant.name);
        *text = text.replace(old, new);
    }
    for (name, text) in &files {
        let path = root.join(name);
        std::fs::create_dir_all(path.parent().expect("inside the root")).expect("folder");
        std::fs::write(path, text).expect("file");
    }
    let out = Command::new(env!("CARGO_BIN_EXE_onshore"))
        .args(["check", ".", "--format", "json", "--as-of", as_of])
        .current_dir(&root)
        .output()
        .expect("onshore runs");
    let mut text = String::new();
    let Ok(found) = serde_json::from_slice::<Value>(&out.stdout) else {
        return String::from_utf8_lossy(&out.stderr).lines().map(|l| format!("> {l}\n")).collect();
    };
    let word = |v: &Value, key: &str| v[key].as_str().unwrap_or("").to_owned();
    let list = |key: &str| found[key].as_array().cloned().unwrap_or_default();
    for rule in list("rules") {
        let _ = writeln!(text, "> {} {}: {}", word(&rule, "rule"), word(&rule, "verdict"), word(&rule, "why"));
    }
    for f in list("findings") {
        let at = format!("{}:{}", word(&f["source"], "file"), f["source"]["line"]);
        let (verdict, code) = (word(&f, "verdict"), word(&f, "code"));
        let _ = writeln!(text, "> {at} {verdict} {code}: {}", word(&f, "message"));
        for key in ["condition", "help"] {
            if f[key].is_string() {
                let _ = writeln!(text, ">   {key}: {}", word(&f, key));
            }
        }
    }
    for gap in list("gaps") {
        let at = format!("{}:{}", word(&gap["source"], "file"), gap["source"]["line"]);
        let _ = writeln!(text, "> gap {at}: {}", word(&gap, "message"));
    }
    text
}

#[test]
fn demands_give_exactly_what_they_say() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/demands");
    let mut paths: Vec<PathBuf> =
        std::fs::read_dir(&folder).expect("tests/demands").map(|e| e.expect("entry").path()).collect();
    paths.sort();
    let mut wrong = String::new();
    for path in &paths {
        let suite = parse(path);
        let mut blessed = suite.head.clone();
        for variant in &suite.variants {
            let found = found(&suite, variant);
            if found != variant.expected {
                let _ = writeln!(wrong, "{} / {}:\n{found}", suite.name, variant.name);
            }
            let _ = write!(blessed, "== {}\n{}{found}\n", variant.name, variant.written);
        }
        if std::env::var_os("ONSHORE_BLESS").is_some() {
            std::fs::write(&suite.path, blessed.trim_end().to_owned() + "\n").expect("bless");
        }
    }
    assert!(std::env::var_os("ONSHORE_BLESS").is_some() || wrong.is_empty(), "{wrong}");
}
