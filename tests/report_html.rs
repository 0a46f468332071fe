//! The HTML report: what it must hold and what must never be in it. With a chromium at hand, its script is run, too.

#![allow(clippy::print_stdout, clippy::print_stderr, clippy::unwrap_used, clippy::disallowed_methods, reason = "tests")]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use onshore::finding::{
    Allowed, Assessment, Coverage, DataSetInfo, Finding, GapResult, Hop, HopRoute, KnownPlace, Label, RuleResult, Severity,
    State, Verdict, Waived, WaivedBy, Way,
};
use onshore::lang::Lang;
use onshore::model::{Country, Place, ResourceTally, RouteRole};
use onshore::report::draw::{Change, Edge, Graph, Node, Site, Spot};
use onshore::report::html::world::{Picture, When, Who};
use onshore::report::html::{Report, World, write};
use onshore::source::{Location, Sources, Span};
use quick_xml::events::Event;
use sha2::{Digest, Sha256};

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
fn what_is_not_built_says_how_to_get_it() {
    let folder = tempfile::tempdir().unwrap();
    for (name, says) in [("a.pdf", "typst compile"), ("a.docx", ".html"), ("a", ".html")] {
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

/// With chromium: the script runs under the policy of the page, nothing is asked for, no error is told.
#[test]
fn a_browser_shows_it() {
    let browsers = ["chromium", "chromium-browser", "google-chrome"];
    let there = |name: &&&str| Command::new(name).arg("--version").output().is_ok_and(|out| out.status.success());
    let Some(browser) = browsers.iter().find(there) else {
        println!("skipped: no chromium is installed");
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("zoom.html");
    report("zoom-2020", &file);
    let profile: PathBuf = folder.path().join("profile");
    let out = Command::new(browser)
        .args(["--headless", "--no-sandbox", "--disable-gpu", "--enable-logging=stderr", "--virtual-time-budget=5000"])
        .arg(format!("--user-data-dir={}", profile.display()))
        .arg("--dump-dom")
        .arg(format!("file://{}", file.display()))
        .output()
        .expect("it runs");
    let (dom, log) = (String::from_utf8_lossy(&out.stdout), String::from_utf8_lossy(&out.stderr));
    let console: Vec<&str> = log.lines().filter(|l| l.contains("CONSOLE")).collect();
    assert!(console.is_empty(), "{console:?}");
    assert!(dom.contains("of them on a way that breaks a rule; 34 of 34 rows in the table below."), "the script did not run");
    assert!(!dom.contains("data-tools=\"map\" hidden") && !dom.contains("hidden=\"\" data-tools"), "selectors are shown");
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

struct Made {
    sources: Sources,
    assessment: Assessment,
    world: World,
}

impl Made {
    fn page(&self) -> String {
        let mut out = Vec::new();
        let report = Report {
            assessment: &self.assessment,
            sources: &self.sources,
            world: &self.world,
            version: "0.0.0",
            lang: Lang::En,
        };
        write(&report, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }
}

/// An assessment with `name` wherever a name can stand, and so many findings.
fn made(name: &str, findings: usize) -> Made {
    let mut sources = Sources::default();
    let file = sources.add(name, "a = 1\nb = 2\n".repeat(findings));
    let policy = sources.add("policy.toml", "[[rule]]\nonly-in = [\"@eu\"]\n");
    let at = |line: usize| Location::new(file, Span::new(line * 12, line * 12 + 5));
    let only_in = Location::new(policy, Span::new(9, 16));
    let name = || name.to_owned();
    let spot =
        Place { country: Country::from_letters("CN").unwrap(), subdivision: Some(name().into()), city: Some(name().into()) };
    let place = KnownPlace {
        place: Some(spot.clone()),
        basis: "mmdb",
        matched: Some(name()),
        network: Some(name()),
        data_set: Some(name()),
        data_set_date: Some(name()),
        note: Some(name().into()),
    };
    let waived = Waived {
        by: WaivedBy::Person { approver: name(), reason: name(), ticket: Some(name()) },
        expires: Some(name()),
        location: Some(at(0)),
    };
    let route = HopRoute { activity: "forward", role: RouteRole::Failover, priority: 1, condition: Some(name().into()) };
    let hop = |route| Hop { endpoint: name(), kind: name(), route, places: vec![place.clone()], location: at(0) };
    let finding = |i: usize| Finding {
        rule: Some(name()),
        help: Some(name().into()),
        why: Some(name().into()),
        origin: vec!["DE".into()],
        data: vec![name()],
        populations: vec![name()],
        endpoint: name(),
        places: vec![place.clone()],
        activity: Some("store"),
        role: Some(RouteRole::Failover),
        state: Some(State::ALL[i % 3]),
        condition: Some(name().into()),
        lost: Some(name()),
        without: vec![name()],
        with_rules: vec![name()],
        path: vec![hop(None), hop(Some(route.clone())), hop(Some(route.clone()))],
        location: Some(at(i)),
        policy_location: Some(only_in),
        labels: vec![Label { location: at(i), text: name().into() }],
        fingerprint: format!("{i:016x}"),
        waiver: (i % 3 == 1).then(|| waived.clone()),
        lapsed: (i % 3 == 2).then(|| waived.clone()),
        ..Finding::new("data-leaves-boundary", Severity::ALL[i % 4], Verdict::Violated, format!("{} {i}", name()))
    };
    let way = |country: &str| Way {
        origin: "DE".into(),
        data: name(),
        country: country.into(),
        activity: "store",
        state: State::Overload,
        endpoint: name(),
        location: at(0),
        path: Vec::new(),
    };
    let rule = RuleResult {
        rule: name(),
        title: name().into(),
        severity: Severity::High,
        verdict: Verdict::Indeterminate,
        why: name().into(),
        controls: vec!["CCC.Core.CN06"],
        read: None,
        endpoints_examined: 1,
        routes_examined: 2,
        location: only_in,
    };
    let allowed = Allowed {
        rule: name(),
        endpoint: name(),
        origin: vec!["DE".into()],
        data: vec![name()],
        places: vec![place.clone()],
        mechanism: name(),
        recipient: name(),
        purpose: name(),
        evidence: name(),
        until: Some(name()),
        location: at(0),
        found_at: Some(at(0)),
    };
    let node = |site| Node { name: name(), kind: name(), site: Some(site), breaks: vec![name()], ..Node::default() };
    let site = |place: Place| Site { name: name(), spots: vec![Spot::new(place, None)], unsure: None };
    let graph = Graph {
        title: name(),
        sites: vec![site(spot), site(Place::country(Country::from_letters("DE").unwrap()))],
        nodes: vec![node(0), node(1)],
        edges: vec![Edge {
            from: 1,
            to: 0,
            activity: "forward",
            role: RouteRole::Failover,
            state: State::Overload,
            change: Change::Same,
            condition: Some(name().into()),
            at: name(),
            breaks: vec![name()],
            ends: true,
            waived: vec![name()],
            count: 1,
        }],
        ..Graph::default()
    };
    let assessment = Assessment {
        project: Some(name()),
        owner: Some(name()),
        notify: Some((name(), 72)),
        as_of: "2026-11-22".into(),
        verdict: Verdict::Violated,
        rules: vec![rule],
        findings: (0..findings).map(finding).collect(),
        allowed: vec![allowed],
        remedies: Vec::new(),
        gaps: vec![GapResult {
            code: "unknown-word",
            message: name().into(),
            help: Some(name().into()),
            location: at(0),
            touches: vec![name()],
        }],
        ways: vec![way("CN"), way("?")],
        topology: None,
        coverage: Coverage {
            files_read: vec![(name(), "nginx")],
            files_skipped: vec![(name(), name())],
            endpoints: 2,
            located: 2,
            unlocated: 0,
            routes: 1,
            resources: ResourceTally::default(),
            by_country: vec![(name(), 2)],
        },
        data_sets: vec![DataSetInfo {
            name: name(),
            kind: name(),
            date: None,
            sha256: name(),
            licence: Some(name()),
            attribution: Some(name()),
            used: true,
            age: Some(name().into()),
        }],
    };
    let world = World {
        who: vec![Who { name: name(), origins: vec![name()] }],
        what: vec![name()],
        when: vec![When { name: name(), rank: 2, change: false }],
        pictures: vec![Picture { who: None, what: None, when: 0, graph }],
        notes: vec![name()],
    };
    Made { sources, assessment, world }
}
