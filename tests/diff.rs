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

fn save(folder: &Path, file: &Path) {
    let words = ["check", folder.to_str().expect("a path"), "--format", "json", "-o", file.to_str().expect("a path")];
    onshore(here(), &words);
}

fn git(folder: &Path, words: &[&str]) -> bool {
    let who = ["-c", "user.name=t", "-c", "user.email=t@t.example", "-c", "commit.gpgsign=false"];
    Command::new("git").current_dir(folder).args(who).args(words).output().is_ok_and(|o| o.status.success())
}

/// A copy of a case that may be changed.
fn copy(from: &str, name: &str) -> PathBuf {
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

const NOTHING: &str = "nothing changes where data gets to, nor what was found\n";

/// The same project with renamed files, moved blocks and lines pushed down.
fn moved(name: &str) -> PathBuf {
    let moved = copy(AFTER, name);
    for (from, to, before) in [
        ("routing/media.conf", "routing/bridges.conf", "# moved\n\n"),
        ("inventory/endpoints.toml", "inventory/all.toml", "# moved\n"),
    ] {
        let text = fs::read_to_string(moved.join(from)).expect("a file of the case");
        let to = moved.join(to);
        fs::create_dir_all(to.parent().expect("a folder")).expect("a folder");
        fs::write(to, format!("{before}{text}")).expect("writes");
        fs::remove_file(moved.join(from)).expect("removes");
    }
    // The last block of the inventory goes first.
    let file = moved.join("inventory/all.toml");
    let text = fs::read_to_string(&file).expect("an inventory");
    let (rest, last) = text.split_at(text.rfind("\n[[").expect("a block") + 1);
    fs::write(&file, format!("{last}\n{rest}")).expect("writes");
    moved
}

#[test]
fn what_is_moved_is_no_change() {
    let moved = moved("moved");
    let (code, text) = diff(here(), &[AFTER, moved.to_str().expect("a path")]);
    assert_eq!((code, text.as_str()), (0, NOTHING), "two folders");

    let saved = copy(AFTER, "moved-saved");
    save(here().join(AFTER).as_path(), &saved.join("before.json"));
    save(&moved, &saved.join("after.json"));
    let (code, text) = diff(&saved, &["before.json", "after.json"]);
    assert_eq!((code, text.as_str()), (0, NOTHING), "two saved assessments");
    let (code, text) = diff(&saved, &["before.json", moved.to_str().expect("a path")]);
    assert_eq!((code, text.as_str()), (0, NOTHING), "a saved assessment and a folder");

    let repository = copy(AFTER, "moved-git");
    if !git(&repository, &["init", "-q"]) {
        return eprintln!("no git here: revisions were not compared");
    }
    assert!(git(&repository, &["add", "-A"]) && git(&repository, &["commit", "-qm", "before"]));
    for folder in ["routing", "inventory"] {
        fs::remove_dir_all(repository.join(folder)).expect("removes");
        all(&moved.join(folder), &repository.join(folder));
    }
    assert!(git(&repository, &["add", "-A"]) && git(&repository, &["commit", "-qm", "moved"]));
    let (code, text) = diff(&repository, &["HEAD~1", "HEAD"]);
    assert_eq!((code, text.as_str()), (0, NOTHING), "two revisions");
}

/// What has no name of its own is called by file and line, and a gap's message names its file.
#[test]
fn what_is_called_by_its_line_and_moved_is_no_change() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("diff-lines");
    let _ = fs::remove_dir_all(&folder);
    let make = |version: &str, names: [&str; 3], down: &str| {
        let root = folder.join(version);
        fs::create_dir_all(&root).expect("a folder");
        let server = |port: u16, at: &str| {
            format!(
                "{down}upstream app {{\n    server {at}:80;\n    server 221.122.88.70:80 backup;\n}}\n\
                 server {{\n    listen 162.255.36.11:{port};\n    server_name h{port}.example;\n\
                 location / {{ proxy_pass http://app; }}\n}}\n"
            )
        };
        fs::write(root.join(names[0]), server(80, "162.255.37.10")).expect("writes");
        fs::write(root.join(names[1]), server(81, "162.255.37.11")).expect("writes");
        fs::write(root.join(names[2]), [0xff, 0xfe, 0x00]).expect("writes");
        let project = "[check]\npolicies = [\"p.toml\"]\n[[population]]\nid = \"p\"\norigin = [\"US\"]\n\
                       data = [\"user.contact\"]\nenters = [\"h80.example\", \"h81.example\"]\n";
        fs::write(root.join("onshore.toml"), project).expect("writes");
        let policy = "[pack]\nid = \"p\"\ntitle = \"P\"\nversion = \"1.0.0\"\nbinding = \"company\"\nstatus = \"in-force\"\n\
                      as-of = 2026-01-01\nverification = \"primary\"\n[[rule]]\nid = \"stays\"\ntitle = \"Stays\"\n\
                      severity = \"high\"\nonly-in = [\"US\"]\n";
        fs::write(root.join("p.toml"), policy).expect("writes");
        root
    };
    let before = make("before", ["a.conf", "b.conf", "c.conf"], "");
    let after = make("after", ["x.conf", "y.conf", "z.conf"], "# moved\n\n");
    save(&before, &folder.join("before.json"));
    let saved = fs::read_to_string(folder.join("before.json")).expect("saved");
    assert!(saved.contains("app (a.conf:1)") && saved.contains("`c.conf` was not read"), "{saved}");
    save(&after, &folder.join("after.json"));
    let text = diff(&folder, &["before", "after"]);
    assert_eq!(text, (0, NOTHING.to_owned()));
    let text = diff(&folder, &["before.json", "after.json"]);
    assert_eq!(text, (0, NOTHING.to_owned()));
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
fn saved_assessments_show_what_folders_show() {
    let folder = copy(BEFORE, "saved");
    save(here().join(BEFORE).as_path(), &folder.join("before.json"));
    save(here().join(AFTER).as_path(), &folder.join("after.json"));
    let (code, text) = diff(&folder, &["before.json", "after.json"]);
    assert_eq!(code, 1);
    // Paths, lines and all.
    golden("worse.txt", &text);
    let (code, text) = diff(&folder, &["after.json", here().join(BEFORE).to_str().expect("a path")]);
    assert_eq!(code, 0);
    golden("better.txt", &text);
    fs::write(folder.join("other.json"), "{\"schema\": \"x\"}").expect("writes");
    let out = onshore(&folder, &["diff", "other.json", "after.json"]);
    let said = String::from_utf8_lossy(&out.stderr);
    assert!(out.status.code() == Some(2) && said.contains("`other.json` is no saved assessment"), "{said}");
}

/// An assessment that was saved before paths and topology were: only where ways end is known.
#[test]
fn an_old_saved_assessment_is_compared_by_its_ends() {
    let folder = copy(BEFORE, "saved-old");
    for (case, name) in [(BEFORE, "before.json"), (AFTER, "after.json")] {
        let file = folder.join(name);
        save(&here().join(case), &file);
        let text = fs::read_to_string(&file).expect("saved");
        let mut saved: serde_json::Value = serde_json::from_str(&text).expect("JSON");
        saved.as_object_mut().expect("an object").remove("topology");
        for way in saved["ways"].as_array_mut().expect("ways") {
            way.as_object_mut().expect("a way").remove("path");
        }
        fs::write(&file, saved.to_string()).expect("writes");
    }
    let (code, text) = diff(&folder, &["before.json", "after.json"]);
    assert_eq!(code, 1);
    golden("saved.txt", &text);
}

/// Real public configurations, and what one edited line lets happen. `tests/diff/public` says who sends what, and where things
/// stand; the configurations themselves are beside the project.
#[test]
fn an_edited_line_of_a_public_configuration() {
    type Edits = &'static [(&'static str, &'static str, &'static str)];
    /// Name, case, edits that make the first version, edits that make the second of it.
    type Pair = (&'static str, &'static str, Edits, Edits);
    let pairs: [Pair; 3] = [
        (
            "haproxy",
            "haproxy/tcp-sni-backends/raw",
            &[],
            // One more server, for the day on which the two others fail.
            &[(
                "haproxy.cfg",
                "server SRV_2 [fd00:10:244::32]:8443 enabled",
                "server SRV_2 [fd00:10:244::32]:8443 enabled\r\n  server SRV_5 10.245.0.9:8443 check backup",
            )],
        ),
        (
            "envoy",
            "envoy/locality-priorities/raw",
            &[(
                "envoy.yaml",
                "        address: 0.0.0.0\n        port_value: 3000",
                "        address: 10.1.0.5\n        port_value: 3000",
            )],
            // One more locality, the last to be used.
            &[(
                "envoy.yaml",
                "            hostname: backend-remote-2\n",
                "            hostname: backend-remote-2\n      - locality:\n          region: overseas\n          zone: zone-1\n        \
                load_balancing_weight: 1\n        priority: 3\n        lb_endpoints:\n        - endpoint:\n            \
                address:\n              socket_address:\n                address: backend-overseas-1\n                \
                port_value: 8080\n",
            )],
        ),
        (
            "govuk",
            "terraform-hcl/aws-govuk-assets-crr/raw",
            &[],
            // The default region of the provider `aws.backup`, which only the backup bucket uses.
            &[("variables.tf", "eu-west-2", "us-east-1")],
        ),
    ];
    let corpus = here().join("../shared/corpus");
    if !corpus.is_dir() {
        return eprintln!("no corpus beside the project: public configurations were not compared");
    }
    for (name, case, first, second) in pairs {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("diff-public-{name}"));
        let _ = fs::remove_dir_all(&folder);
        for (version, edits) in [("before", vec![first]), ("after", vec![first, second])] {
            let root = folder.join(version);
            all(&corpus.join(case), &root);
            all(&here().join("tests/diff/public").join(name), &root);
            for (file, old, new) in edits.into_iter().flatten() {
                let text = fs::read_to_string(root.join(file)).expect("a configuration");
                assert_eq!(text.matches(old).count(), 1, "{name}: {old}");
                fs::write(root.join(file), text.replace(old, new)).expect("writes");
            }
            save(&root, &folder.join(format!("{version}.json")));
        }
        let (code, of_folders) = diff(&folder, &["before", "after"]);
        assert_eq!(code, 1, "{name}: {of_folders}");
        golden(&format!("public-{name}.txt"), &of_folders);
        assert_eq!(diff(&folder, &["before.json", "after.json"]), (1, of_folders), "{name}");
    }
}

#[test]
fn git_revisions() {
    let folder = copy(BEFORE, "git");
    let git = |words: &[&str]| git(&folder, words);
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
