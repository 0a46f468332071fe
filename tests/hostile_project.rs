//! A project whose every string is hostile - names, titles, reasons, owners, file names - through the real binary, to every format in
//! both languages: nothing in it does anything to whoever reads.

#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "it writes what it breaks"
)]

use std::fs;
use std::process::Command;

#[path = "made/hostile.rs"]
mod hostile;

#[test]
fn nothing_of_a_hostile_project_does_anything() {
    let folder = tempfile::tempdir().unwrap();
    hostile::project(folder.path());
    let run = |args: &[&str]| {
        let out = Command::new(env!("CARGO_BIN_EXE_onshore")).args(args).current_dir(folder.path()).output().unwrap();
        let (text, error) = (String::from_utf8(out.stdout).unwrap(), String::from_utf8(out.stderr).unwrap());
        assert!(matches!(out.status.code(), Some(0 | 1 | 3)), "{args:?}: {error}");
        text + &error
    };
    let day = ["--as-of", "2026-11-22", "--lang"];
    for lang in ["en", "zh"] {
        let with = |args: &[&'static str]| run(&[args, &day[..], &[lang]].concat());
        let mut told = Vec::new();
        for format in [
            "pretty",
            "concise",
            "json",
            "jsonl",
            "sarif",
            "oscal",
            "junit",
            "github",
            "github-summary",
            "gitlab",
            "csv",
            "markdown",
            "typst",
        ] {
            told.push((format, with(&["check", "--format", format])));
        }
        for (name, args) in [
            ("trace", ["trace"].as_slice()),
            ("svg", &["trace", "--format", "svg"]),
            ("mermaid", &["trace", "--format", "mermaid"]),
            ("dot", &["trace", "--format", "dot"]),
            ("whatif", &["whatif", "--lose", "site=us"]),
            ("whatif all", &["whatif", "--all"]),
            ("policy show", &["policy", "show", "policy.toml"]),
            ("policy lint", &["policy", "lint", "policy.toml"]),
        ] {
            let args = [args, if name.starts_with("policy") { &[] } else { &day[..2] }, &["--lang", lang]].concat();
            told.push((name, run(&args)));
        }
        for file in ["report.html", "report.typ"] {
            with(&["report", "-o", file]);
            told.push((file, fs::read_to_string(folder.path().join(file)).unwrap()));
        }
        for (name, text) in told {
            let name = format!("{name} in {lang}");
            // CSV ends its lines so.
            let control = |c: &char| c.is_control() && *c != '\n' && !(*c == '\r' && name.starts_with("csv"));
            let steers = |c: &char| matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
            assert_eq!(text.chars().find(|c| control(c) || steers(c)), None, "{name}");
            if name.starts_with("report.html") || name.starts_with("svg") {
                assert!(!text.contains("<img") && !text.contains("<script>alert") && !text.contains("<style>*"), "{name}");
            }
            let command = |line: &&str| line.trim_start().starts_with("::") || line.contains("##[");
            match text.lines().find(command) {
                Some(line) if name.starts_with("github in") => {
                    assert!(
                        ["::notice", "::error", "::warning"].iter().any(|c| line.starts_with(c)) && !line.contains("::pwn")
                    );
                }
                other => assert_eq!(other, None, "{name}"),
            }
            if name.starts_with("csv") {
                for cell in csv::Reader::from_reader(text.as_bytes())
                    .records()
                    .flat_map(|r| r.unwrap().iter().map(str::to_owned).collect::<Vec<_>>())
                {
                    assert!(!cell.trim_start().starts_with(['=', '+', '-', '@']), "{name}: {cell}");
                }
            }
        }
    }
}
