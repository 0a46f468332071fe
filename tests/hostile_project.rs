//! A project whose every string is hostile - names, titles, reasons, owners, file names - through the real binary, to every format in
//! both languages: nothing in it does anything to whoever reads.

#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "it writes what it breaks"
)]

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::Command;

/// Each would do something in one reader or another.
const HOSTILE: [&str; 16] = [
    "<script>alert(1)</script>",
    "\"><img src=x onerror=alert(2)>",
    "</style><style>*{display:none}",
    "=cmd|' /C calc'!A0",
    "+SUM(1+1)",
    "@SUM(A1)",
    "-2+3",
    "\u{202e}gnp.exe",
    "\u{200f}\u{2066}x",
    "red\u{1b}[31m\u{1b}]8;;http://evil.example\u{7}link",
    "a\n::error::pwn",
    "##[error]x",
    "[click](javascript:alert(1))",
    "a|b|`c`",
    "#let x = 1 {{7*7}} %0A::error::x",
    "]]><failure/>",
];

/// As a TOML string.
fn toml(text: &str) -> String {
    serde_json::Value::from(text).to_string().replace('\u{7f}', "\\u007f")
}

fn project(folder: &Path) {
    let evil = |i: usize| toml(HOSTILE[i % HOSTILE.len()]);
    let all = toml(&HOSTILE.join(" "));
    let mut inventory = "[[site]]\nid = 'us'\ncountry = 'US'\n[[site]]\nid = 'de'\ncountry = 'DE'\n\
                         [[endpoint]]\nid = 'app'\nkind = 'service'\nsite = 'de'\n"
        .to_owned();
    let long = "x".repeat(10_000);
    for name in HOSTILE.into_iter().chain([long.as_str(), "中文 名字"]) {
        let name = toml(name);
        writeln!(inventory, "[[endpoint]]\nid = {name}\nkind = 'bucket'\nsite = 'us'\n[endpoint.tags]\n{name} = {name}")
            .unwrap();
        writeln!(inventory, "[[route]]\nfrom = 'app'\nto = {name}\nactivity = 'replicate'").unwrap();
    }
    // Nobody says where it stands.
    writeln!(inventory, "[[endpoint]]\nid = {}\nkind = 'bucket'", toml("?<b>\u{1b}[2J")).unwrap();
    writeln!(inventory, "[[route]]\nfrom = 'app'\nto = {}\nactivity = 'backup'", toml("?<b>\u{1b}[2J")).unwrap();
    fs::write(folder.join("inventory.toml"), inventory).unwrap();
    let policy = format!(
        "[pack]\nid = 'hostile'\ntitle = {all}\nversion = '1'\nbinding = 'company'\nstatus = 'in-force'\nas-of = 2026-11-01\n\
         review-by = 2027-11-01\nverification = 'secondary'\nlimits = [{all}]\n\
         [[instrument]]\nid = 'law'\ncitation = {all}\narticle = {all}\nnative-name = {all}\n\
         [[rule]]\nid = 'stay'\ntitle = {all}\ntitle-zh = {all}\ninstrument = 'law'\nseverity = 'high'\ndata = ['user']\n\
         origin = ['@eea']\nonly-in = ['@eea']\nrationale = {all}\n\
         [[rule]]\nid = 'stay-too'\ntitle = {all}\ninstrument = 'law'\nseverity = 'low'\ndata = ['user']\norigin = ['@eea']\n\
         never-in = ['US']\nrationale = {all}\n"
    );
    fs::write(folder.join("policy.toml"), policy).unwrap();
    let project = format!(
        "[project]\nname = {all}\nname-zh = {all}\nowner = {all}\n[inputs]\ninclude = ['inventory.toml', 'routing/**']\n\
         [check]\npolicies = ['policy.toml', 'pack:eu-gdpr-transfers']\n\
         [[population]]\nid = {all}\norigin = ['DE']\ndata = ['user.contact']\nenters = ['app']\n\
         [[waiver]]\nrule = 'hostile/stay'\nmatch = {{ endpoint = {} }}\nreason = {all}\napprover = {all}\nticket = {all}\n\
         granted = 2026-11-01\nexpires = 2027-01-01\n",
        evil(5)
    );
    fs::write(folder.join("onshore.toml"), project).unwrap();
    fs::create_dir(folder.join("routing")).unwrap();
    let conf = "server { server_name a; location / { proxy_pass http://$evil; } } # \u{1b}[31m\u{202e}\n";
    fs::write(folder.join("routing/<img src=x onerror=alert(5)>.conf"), conf).unwrap();
}

#[test]
fn nothing_of_a_hostile_project_does_anything() {
    let folder = tempfile::tempdir().unwrap();
    project(folder.path());
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
