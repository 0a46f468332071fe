//! `onshore diff` as its user sees it: two folders, two git revisions, two saved assessments; what is moved is no change.
//! `ONSHORE_BLESS=1 cargo test --test diff` rewrites tests/diff/*.txt; read the difference before it is committed.

#![allow(clippy::print_stdout, clippy::print_stderr, clippy::disallowed_methods, reason = "it makes the folders it compares")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

const BEFORE: &str = "tests/cases/zoom-2020-repaired";
const AFTER: &str = "tests/cases/zoom-2020";

fn onshore(folder: &Path, words: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_onshore"))
        .current_dir(folder)
        .args(words)
        .args(["--as-of", "2026-11-22"])
        .env("LC_ALL", "C.UTF-8")
        .output()
        .expect("onshore runs")
}

fn diff(folder: &Path, words: &[&str]) -> (i32, String) {
    let out = onshore(folder, &[&["diff"], words].concat());
    assert_eq!(String::from_utf8_lossy(&out.stderr), "");
    (out.status.code().expect("a code"), String::from_utf8(out.stdout).expect("UTF-8"))
}

fn here() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn golden(name: &str, text: &str) {
    let file = here().join("tests/diff").join(name);
    if std::env::var_os("ONSHORE_BLESS").is_some() {
        fs::write(&file, text).expect("writes");
    }
    assert_eq!(text, fs::read_to_string(&file).expect("an expected text"), "{name}");
}

/// A copy of a case that may be changed.
fn copy(from: &str, name: &str) -> PathBuf {
    fn all(from: &Path, to: &Path) {
        fs::create_dir_all(to).expect("a folder");
        for entry in fs::read_dir(from).expect("a folder") {
            let entry = entry.expect("an entry");
            let to = to.join(entry.file_name());
            if entry.path().is_dir() {
                all(&entry.path(), &to);
            } else {
                fs::copy(entry.path(), to).expect("copies");
            }
        }
    }
    let to = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("diff-{name}"));
    let _ = fs::remove_dir_all(&to);
    all(&here().join(from), &to);
    to
}

#[test]
fn a_change_for_the_worse_and_for_the_better() {
    let (code, worse) = diff(here(), &[BEFORE, AFTER]);
    assert_eq!(code, 1, "new violations");
    golden("worse.txt", &worse);
    let (code, better) = diff(here(), &[AFTER, BEFORE]);
    assert_eq!(code, 0, "what is only gone breaks nothing");
    golden("better.txt", &better);
}

#[test]
fn what_is_moved_is_no_change() {
    let moved = copy(AFTER, "moved");
    // The same route file by another name, with its lines pushed down.
    let text = fs::read_to_string(moved.join("routing/media.conf")).expect("a config");
    fs::write(moved.join("routing/bridges.conf"), format!("# moved\n\n{text}")).expect("writes");
    fs::remove_file(moved.join("routing/media.conf")).expect("removes");
    let (code, text) = diff(here(), &[AFTER, moved.to_str().expect("a path")]);
    assert_eq!((code, text.as_str()), (0, "nothing changes where data gets to, nor what was found\n"));
}

#[test]
fn one_more_backup_line() {
    let changed = copy(BEFORE, "one-line");
    let file = changed.join("routing/media.conf");
    let text = fs::read_to_string(&file).expect("a config");
    let at = text.find("upstream media {").expect("the pool") + "upstream media {".len();
    fs::write(&file, format!("{}\n    server 221.122.88.70:8801 backup;{}", &text[..at], &text[at..])).expect("writes");
    let (code, text) = diff(here(), &[BEFORE, changed.to_str().expect("a path")]);
    assert_eq!(code, 1);
    golden("one-line.txt", &text);
}

#[test]
fn saved_assessments_are_compared_without_paths() {
    let folder = copy(BEFORE, "saved");
    let saved = |name: &str, case: &str| {
        let file = folder.join(name);
        let case = here().join(case);
        onshore(here(), &["check", case.to_str().expect("a path"), "--format", "json", "-o", file.to_str().expect("a path")]);
    };
    saved("before.json", BEFORE);
    saved("after.json", AFTER);
    let (code, text) = diff(&folder, &["before.json", "after.json"]);
    assert_eq!(code, 1);
    golden("saved.txt", &text);
    fs::write(folder.join("other.json"), "{\"schema\": \"x\"}").expect("writes");
    let out = onshore(&folder, &["diff", "other.json", "after.json"]);
    let said = String::from_utf8_lossy(&out.stderr);
    assert!(out.status.code() == Some(2) && said.contains("`other.json` is no saved assessment"), "{said}");
}

#[test]
fn git_revisions() {
    let folder = copy(BEFORE, "git");
    let git = |words: &[&str]| {
        let who = ["-c", "user.name=t", "-c", "user.email=t@t.example", "-c", "commit.gpgsign=false"];
        Command::new("git").current_dir(&folder).args(who).args(words).output().is_ok_and(|o| o.status.success())
    };
    if !git(&["init", "-q"]) {
        return eprintln!("no git here: revisions were not compared");
    }
    assert!(git(&["add", "-A"]) && git(&["commit", "-qm", "before"]));
    let after = copy(AFTER, "git-after");
    for file in ["routing/media.conf", "inventory/endpoints.toml", "onshore.toml"] {
        fs::copy(after.join(file), folder.join(file)).expect("copies");
    }
    let (code, of_folder) = diff(&folder, &["HEAD"]);
    assert!(code == 1 && of_folder.contains("opened at routing/media.conf:7"), "{of_folder}");
    assert!(git(&["commit", "-qam", "after"]));
    let (code, of_revisions) = diff(&folder, &["HEAD~1", "HEAD"]);
    assert_eq!((code, of_revisions), (1, of_folder));
    let out = onshore(&folder, &["diff", "no-such-revision"]);
    let said = String::from_utf8_lossy(&out.stderr);
    assert!(out.status.code() == Some(2) && said.contains("neither a folder nor a revision"), "{said}");
}
