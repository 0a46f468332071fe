//! What a user types and sees: the console blocks of README.md and of `tests/cmd/*.trycmd` are run and compared.
//! `TRYCMD=overwrite cargo test --test cli` rewrites the expected output; read the difference before it is committed.

#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::disallowed_methods,
    reason = "it reads and writes what it compares"
)]

#[test]
fn console_blocks_run_as_shown() {
    // A terminal's locale and colours are not part of what is compared.
    trycmd::TestCases::new()
        .env("LC_ALL", "C.UTF-8")
        .env("NO_COLOR", "1")
        .case("README.md")
        .case("tests/cmd/*.trycmd")
        .case("tests/cmd/*.toml");
}

/// Reading is stopped by the reader (`onshore ... | head -1`): no message, no panic.
#[test]
fn a_closed_pipe_is_a_quiet_exit() {
    use std::io::Read;
    use std::process::{Command, Stdio};
    let mut child = Command::new(env!("CARGO_BIN_EXE_onshore"))
        .arg("man")
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("onshore starts");
    drop(child.stdout.take());
    let mut said = String::new();
    child.stderr.take().expect("stderr").read_to_string(&mut said).expect("UTF-8");
    let status = child.wait().expect("onshore ends");
    assert_eq!((status.code(), said.as_str()), (Some(0), ""));
}

#[test]
fn completions_for_every_shell_and_a_manual_page() {
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let out =
            std::process::Command::new(env!("CARGO_BIN_EXE_onshore")).args(["completions", shell]).output().expect("runs");
        assert!(out.status.success() && String::from_utf8_lossy(&out.stdout).contains("fail-on"), "{shell}");
    }
}

/// `onshore init` never overwrites, and what it writes is accepted by `onshore check`.
#[test]
fn init_writes_once_what_check_accepts() {
    let folder = std::env::temp_dir().join(format!("onshore-init-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder");
    let run = |args: &[&str]| {
        let out =
            std::process::Command::new(env!("CARGO_BIN_EXE_onshore")).args(args).current_dir(&folder).output().expect("runs");
        (out.status.code(), String::from_utf8_lossy(&out.stderr).into_owned())
    };
    let first = run(&["init"]);
    let second = run(&["init"]);
    let written = std::fs::read_to_string(folder.join("onshore.toml")).unwrap_or_default();
    let (code, said) = run(&["check", "--policy", "pack:cn-onshore-strict"]);
    std::fs::remove_dir_all(&folder).expect("the folder goes");
    assert_eq!(first.0, Some(0), "{}", first.1);
    assert_eq!(second.0, Some(2));
    assert!(second.1.contains("never overwrites"), "{}", second.1);
    assert!(written.contains("[[population]]"), "{written}");
    assert_eq!((code, said.as_str()), (Some(3), ""), "nothing to decide, and no error");
}

/// What `onshore init` takes from tags and names is a comment, with its reason and line.
#[test]
fn init_suggests_and_decides_nothing() {
    let folder = std::env::temp_dir().join(format!("onshore-suggest-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder");
    let table =
        "hostname,country,data-classification\nweb1,US,\ndb1,US,pii\ndb2,US,pii\nbilling-db,US,\n\"users\u{1b}[31m\",US,\n";
    std::fs::write(folder.join("servers.csv"), table).expect("written");
    let out =
        std::process::Command::new(env!("CARGO_BIN_EXE_onshore")).arg("init").current_dir(&folder).output().expect("runs");
    let written = std::fs::read_to_string(folder.join("onshore.toml")).unwrap_or_default();
    std::fs::remove_dir_all(&folder).expect("the folder goes");
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    let (_, suggested) = written.split_once("# Suggestions from tags and names.").expect("suggestions");
    let expected = "#
# suggested: servers.csv:5: the name `billing-db` has `billing` in it
# [[classify]]
# match = { kind = \"host\", name = \"billing-db\" }
# holds = { data = [\"user.payment\"], origin = [\"XX\"] }
#
# suggested: servers.csv:3: the tag `data-classification` is `pii`
# [[classify]]
# match = { tag = { \"data-classification\" = \"pii\" } }
# holds = { data = [\"user\"], origin = [\"XX\"] }
";
    assert!(suggested.ends_with(expected), "{suggested}");
    assert!(suggested.lines().skip(1).all(|l| l.starts_with('#')), "{suggested}");
    assert!(!written.contains('\u{1b}'));
}
