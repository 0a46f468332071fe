//! Policies and their tests: every pack in `policies` passes its own, `onshore policy new` writes one that does, and what
//! `--format junit` writes is XML whatever the names in it are.

#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::disallowed_methods,
    reason = "it reads and writes what it compares"
)]

use std::path::Path;
use std::process::Command;

fn onshore(args: &[&str], folder: &Path) -> (Option<i32>, String) {
    let out = Command::new(env!("CARGO_BIN_EXE_onshore")).args(args).current_dir(folder).output().expect("onshore runs");
    let said = String::from_utf8(out.stdout).expect("UTF-8") + &String::from_utf8_lossy(&out.stderr);
    (out.status.code(), said)
}

fn scratch(name: &str) -> std::path::PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("policies").join(name);
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).expect("a folder");
    folder
}

#[test]
fn shipped_packs_pass_their_tests_and_show_every_rule() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("policies");
    let mut names: Vec<String> = std::fs::read_dir(&folder)
        .expect("policies")
        .map(|e| e.expect("entry").file_name().to_string_lossy().into_owned())
        .filter(|n| n.ends_with(".toml"))
        .collect();
    names.sort();
    assert!(!names.is_empty());
    let mut wrong = String::new();
    for name in &names {
        let (code, said) = onshore(&["policy", "test", name, "--require-coverage"], &folder);
        if code != Some(0) {
            wrong.push_str(&said);
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

/// Trap 23: a checker decides where data is and can get to, never whether that is lawful. What a rule cannot decide, its pack says.
#[test]
fn no_pack_says_compliant_and_each_says_what_it_cannot_decide() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("policies");
    let (code, listed) = onshore(&["policy", "list"], &folder);
    assert_eq!(code, Some(0), "{listed}");
    let mut packs = 0;
    for entry in std::fs::read_dir(&folder).expect("policies") {
        let name = entry.expect("entry").file_name().to_string_lossy().into_owned();
        let Some(id) = name.strip_suffix(".toml") else { continue };
        packs += 1;
        assert!(listed.contains(&format!("\n{id} ")), "`{id}` is in the folder and not shipped");
        let (code, shown) = onshore(&["policy", "show", id], &folder);
        assert_eq!(code, Some(0), "{shown}");
        assert!(!shown.to_lowercase().contains("complian"), "{id}");
        assert!(shown.contains("What this pack cannot decide:\n    - "), "{id}");
    }
    assert!(packs > 30);
}

#[test]
fn a_new_pack_passes_lint_and_its_tests() {
    let folder = scratch("new");
    for (args, code, expected) in [
        (&["policy", "new", "our-promise", "-o", "p.toml"][..], 0, "p.toml written"),
        (&["policy", "lint", "p.toml", "--deny", "notes"], 0, "0 errors, 0 warnings, 0 notes"),
        (&["policy", "test", "p.toml", "--require-coverage"], 0, "3 of 3 tests passed"),
        (&["policy", "new", "our-promise", "-o", "p.toml"], 2, "`p.toml` is there already"),
        (&["policy", "new", "Our promise"], 2, "`Our promise` cannot be an id"),
    ] {
        let (found, said) = onshore(args, &folder);
        assert!(found == Some(code) && said.contains(expected), "{args:?}: {found:?} {said}");
    }
}

/// Every shipped pack by itself, and all of them at once.
#[test]
fn shipped_packs_lint_without_warnings() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("policies");
    let files = std::fs::read_dir(&folder).expect("policies").map(|e| e.expect("an entry").file_name());
    let mut names: Vec<String> = files.map(|n| n.to_string_lossy().into_owned()).filter(|n| n.ends_with(".toml")).collect();
    names.sort();
    let mut wrong = String::new();
    for name in &names {
        let (code, said) = onshore(&["policy", "lint", name, "--deny", "warnings"], &folder);
        if code != Some(0) || !said.contains("0 errors, 0 warnings") {
            wrong.push_str(&said);
        }
    }
    let (code, said) = onshore(&["policy", "lint", "--deny", "warnings"], &folder);
    if code != Some(0) {
        wrong.push_str(&said);
    }
    assert!(wrong.is_empty(), "{wrong}");
    let (code, said) = onshore(&["policy", "lint", "--deny", "notes"], &folder);
    assert!(code == Some(2) && said.contains("(from-memory, note)"), "what was not checked stays shown: {said}");
}

/// A warning is no failure, unless it is denied.
#[test]
fn lint_denies_what_it_is_told_to() {
    let folder = scratch("lint");
    let (_, text) = onshore(&["policy", "new", "p"], &folder);
    let untested = text.split("[[test]]").next().expect("the part before the tests");
    std::fs::write(folder.join("p.toml"), untested).expect("written");
    assert_eq!(onshore(&["policy", "lint", "p.toml"], &folder).0, Some(0));
    let (code, said) = onshore(&["policy", "lint", "p.toml", "--deny", "warnings"], &folder);
    assert!(code == Some(2) && said.contains("`p` has no tests"), "{said}");
    let (code, said) = onshore(&["policy", "test", "p.toml"], &folder);
    assert!(code == Some(2) && said.contains("there is no [[test]]"), "{said}");
}

/// Rules bind in tests as if they were in force already, and as they stand on the day of the test.
#[test]
fn a_pending_pack_can_be_tested() {
    let folder = scratch("pending");
    let (_, text) = onshore(&["policy", "new", "p"], &folder);
    let pending = text.replace("status = \"in-force\"", "status = \"pending\"");
    let later = pending.replace("id = \"decision\"\n", "id = \"decision\"\neffective-from = 2030-01-01\n");
    assert!(later.len() > pending.len() && pending != text);
    std::fs::write(folder.join("pending.toml"), pending).expect("written");
    let (code, said) = onshore(&["policy", "test", "pending.toml"], &folder);
    assert_eq!(code, Some(0), "{said}");
    std::fs::write(folder.join("later.toml"), &later).expect("written");
    let (code, said) = onshore(&["policy", "test", "later.toml"], &folder);
    assert!(code == Some(1) && said.contains("was to be violated and is not-applicable"), "{said}");
    let on_the_day = later.replace("expect = {", "as-of = 2030-01-01\nexpect = {");
    std::fs::write(folder.join("later.toml"), on_the_day).expect("written");
    let (code, said) = onshore(&["policy", "test", "later.toml"], &folder);
    assert_eq!(code, Some(0), "{said}");
}

#[test]
fn junit_is_well_formed_whatever_names_hold() {
    let folder = scratch("junit");
    let (_, text) = onshore(&["policy", "new", "p"], &folder);
    let hostile = "</failure>]]> <!-- & \\\" ' \\u0007 \\u202e \\uFFFE \\n 上海";
    let text = text
        .replace("a backup abroad breaks it", hostile)
        .replace("endpoint = \"backups\"\n", "endpoint = \"</failure>\\u0000&\"\n")
        .replace("id = \"backups\"", &format!("id = \"{hostile} x\""))
        .replace("to = \"backups\"", &format!("to = \"{hostile} x\""));
    std::fs::write(folder.join("p.toml"), text).expect("written");
    let (code, said) = onshore(&["policy", "test", "p.toml", "--format", "junit", "-o", "out.xml"], &folder);
    assert_eq!((code, said.as_str()), (Some(1), ""));
    let xml = std::fs::read_to_string(folder.join("out.xml")).expect("written");
    let mut reader = quick_xml::Reader::from_str(&xml);
    reader.config_mut().enable_all_checks(true);
    let (mut cases, mut failures) = (0, 0);
    loop {
        match reader.read_event().expect("well-formed") {
            quick_xml::events::Event::Start(e) | quick_xml::events::Event::Empty(e) => {
                for attribute in e.attributes() {
                    let attribute = attribute.expect("an attribute");
                    quick_xml::escape::unescape(&attribute.value).expect("escaped");
                }
                cases += usize::from(e.name().as_ref() == "testcase");
                failures += usize::from(e.name().as_ref() == "failure");
            }
            quick_xml::events::Event::Eof => break,
            _ => {}
        }
    }
    assert_eq!((cases, failures), (3, 1), "{xml}");
    let odd = |c: &char| (c.is_control() && *c != '\n') || matches!(*c, '\u{202e}' | '\u{fffe}');
    assert_eq!(xml.chars().find(odd), None, "{xml}");
}
