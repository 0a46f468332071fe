//! The HTML report: what it must hold and what must never be in it. `report_browser.rs` opens it.

#![allow(clippy::print_stdout, clippy::print_stderr, clippy::unwrap_used, clippy::disallowed_methods, reason = "tests")]

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;
use std::time::Instant;

use quick_xml::events::Event;
use sha2::{Digest, Sha256};

use made::made;

mod made;

const CASES: [&str; 6] = ["zoom-2020", "kakao-2022", "waived", "transfers", "terraform-unknown-region", "three-kinds-of-lists"];

fn onshore(args: &[&str]) -> std::process::Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_onshore"));
    command.args(args).args(["--as-of", "2026-11-22"]).current_dir(env!("CARGO_MANIFEST_DIR"));
    command.output().expect("onshore runs")
}

fn report(case: &str, file: &Path) -> String {
    let out = onshore(&["report", &format!("tests/cases/{case}"), "-o", file.to_str().unwrap()]);
    assert!(out.status.success(), "{case}: {}", String::from_utf8_lossy(&out.stderr));
    std::fs::read_to_string(file).unwrap()
}

#[test]
fn cases_have_every_finding_and_every_gap() {
    let folder = tempfile::tempdir().unwrap();
    for case in CASES {
        let page = report(case, &folder.path().join("a.html"));
        assert_eq!(page, report(case, &folder.path().join("b.html")), "{case}: same inputs, same bytes");
        sound(&page);
        let json = onshore(&["check", &format!("tests/cases/{case}"), "--format", "json"]).stdout;
        let json: serde_json::Value = serde_json::from_slice(&json).unwrap();
        let text = text_of(&page);
        let all = |of: &str, key: &str| -> Vec<String> {
            let of = json[of].as_array().unwrap_or_else(|| panic!("{of}"));
            of.iter().map(|f| f[key].as_str().unwrap_or_else(|| panic!("no {key}")).to_owned()).collect()
        };
        // Between backticks stands code.
        let told = all("findings", "fingerprint").into_iter().chain(all("findings", "message")).chain(all("gaps", "message"));
        for words in told.chain(all("rules", "why")).map(|words| words.replace('`', "")) {
            assert!(text.contains(&words), "{case}: `{words}` is not in the report");
        }
        assert!(!text.to_lowercase().replace("non-compliant", "").contains("compliant"), "{case}");
    }
}

#[test]
fn what_it_does_not_write_says_what_it_does() {
    let folder = tempfile::tempdir().unwrap();
    for (name, says) in [("a.docx", ".html"), ("a", ".html")] {
        let file = folder.path().join(name);
        let out = onshore(&["report", "tests/cases/zoom-2020", "-o", file.to_str().unwrap()]);
        assert_eq!(out.status.code(), Some(2), "{name}");
        assert!(String::from_utf8_lossy(&out.stderr).contains(says), "{name}: {}", String::from_utf8_lossy(&out.stderr));
        assert!(!file.exists());
    }
    let file = folder.path().join("a.json");
    assert!(onshore(&["report", "tests/cases/zoom-2020", "-o", file.to_str().unwrap()]).status.success());
    serde_json::from_str::<serde_json::Value>(&std::fs::read_to_string(file).unwrap()).unwrap();
}

#[test]
fn hostile_names_are_inert() {
    let evil = format!(
        "\"><script>alert(1)</script><img src=x onerror=alert(1)>`&amp;' ]]>--> \u{202e}\u{200b}\u{1b}[31m\u{0}\r\n=cmd|' /C calc'!A0 https://evil.example/ {}",
        "海".repeat(10_000)
    );
    let case = made(&evil, 3);
    let page = case.page();
    sound(&page);
    assert!(!page.contains("<script>alert") && !page.contains("<img"), "an element got in");
    let bad = |c: &char| (c.is_control() && *c != '\n') || matches!(c, '\u{202a}'..='\u{202e}' | '\u{200b}'..='\u{200f}');
    assert_eq!(page.chars().find(bad), None);
    assert_eq!(page.matches("<script>").count(), 1);
    assert!(page.contains("&lt;script&gt;alert(1)") && page.contains("\\u{202e}"), "what is inert is still told");
    assert!(page.len() < 3_000_000, "{} bytes: long names are cut", page.len());
    // A report on somebody else's project does not load what stands in it, even where a browser makes links of texts.
    assert!(page.contains("default-src 'none'"));
}

#[test]
fn ten_thousand_findings() {
    let case = made("db", 10_000);
    let now = Instant::now();
    let page = case.page();
    let took = now.elapsed().as_secs_f64();
    println!("10,000 findings: {took:.2} s, {:.1} MB", page.len() as f64 / 1e6);
    assert_eq!(page.matches("<details class=\"finding").count(), 10_000);
    // Loose: tests are built without optimization, and machines are busy.
    assert!(took < 20.0, "{took} s");
    let few = made("db", 1_000).page();
    assert!(page.len() < few.len() * 11, "its size is linear");
}

/// Well-formed, from nowhere but itself, with a policy that says so.
fn sound(page: &str) {
    let (style, script) = (inside(page, "<style>", "</style>"), inside(page, "<script>", "</script>"));
    for (kind, text) in [("style", style), ("script", script)] {
        let policy = inside(page, "http-equiv=\"Content-Security-Policy\" content=\"", "\"");
        assert!(policy.starts_with("default-src 'none'; "), "{policy}");
        let hash = inside(policy, &format!("{kind}-src 'sha256-"), "'");
        assert_eq!(decoded(hash), Sha256::digest(text).to_vec(), "{kind}");
    }
    assert!(!style.contains("url(") && !style.contains("@import"));
    assert!(!["fetch(", "XMLHttp", "import", "innerHTML", "eval("].iter().any(|w| script.contains(w)));

    let bare = page.replace(style, "").replace(script, "").replace("<!DOCTYPE html>", "");
    let mut reader = quick_xml::Reader::from_str(&bare);
    reader.config_mut().check_end_names = false;
    let (mut open, mut ids, mut headings) = (Vec::new(), BTreeSet::new(), Vec::new());
    loop {
        match reader.read_event().unwrap() {
            Event::Start(e) => {
                let name = e.name().as_ref().to_owned();
                for attribute in e.html_attributes() {
                    let attribute = attribute.unwrap();
                    let (key, value) = (attribute.key.as_ref(), &*attribute.value);
                    assert!(!key.starts_with("on") && key != "style" && key != "src" && key != "srcset", "{key}={value}");
                    assert!(key != "href" || value.starts_with('#'), "{key}={value}");
                    assert!(key != "id" || ids.insert(value.to_string()), "twice: id={value}");
                }
                if let Some(level) = name.strip_prefix('h').and_then(|n| n.parse::<u32>().ok()) {
                    let before = headings.last().copied().unwrap_or(0);
                    assert!(level <= before + 1, "h{level} after h{before}");
                    headings.push(level);
                }
                if !["meta", "br", "input", "wbr"].contains(&name.as_str()) {
                    open.push(name);
                }
            }
            Event::End(e) => assert_eq!(open.pop().as_deref(), Some(e.name().as_ref())),
            Event::Eof => break,
            _ => {}
        }
    }
    assert!(open.is_empty(), "{open:?}");
    assert!(["verdict", "map", "matrix", "findings", "record", "waivers", "gaps", "data"].iter().all(|id| ids.contains(*id)));
}

fn inside<'a>(text: &'a str, from: &str, to: &str) -> &'a str {
    let start = text.find(from).unwrap_or_else(|| panic!("no {from}")) + from.len();
    &text[start..start + text[start..].find(to).unwrap()]
}

/// Base64, the slow way.
fn decoded(text: &str) -> Vec<u8> {
    let letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let bits: String = text.trim_end_matches('=').chars().map(|c| format!("{:06b}", letters.find(c).unwrap())).collect();
    bits.as_bytes().chunks_exact(8).map(|b| u8::from_str_radix(std::str::from_utf8(b).unwrap(), 2).unwrap()).collect()
}

/// What a person reads.
fn text_of(page: &str) -> String {
    let mut out = String::new();
    for (i, piece) in page.split('<').enumerate() {
        out.push_str(if i == 0 { piece } else { piece.split_once('>').map_or("", |(_, text)| text) });
    }
    out.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"").replace("&amp;", "&")
}
