//! What people and programs see of one assessment made by hand: the founding case, with everything a finding can carry.
//! `SNAPSHOTS=overwrite cargo test --test report` rewrites the expected texts; read the difference before it is committed.

#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "helpers of tests are tests, and it reads what was written"
)]

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use onshore::finding::{
    Assessment, Coverage, CutRoute, DataSetInfo, Finding, GapResult, Hop, HopRoute, KnownPlace, Label, Remedy, RuleResult,
    Severity, Smaller, State, Verdict, Waived, WaivedBy,
};
use onshore::lang;
use onshore::model::{Country, Place, ResourceTally, RouteRole};
use onshore::report::{REPORTERS, RenderOptions, reporter};
use onshore::source::{Location, Sources, Span};
use quick_xml::events::Event;
use serde_json::Value;
use snapbox::{assert_data_eq, file};

const MEDIA: &str = "stream {
    upstream media {
        server 162.255.37.10:8801;          # sjc1
        server 10.20.4.11:8801;             # nyc1
        server 221.122.88.70:8801 backup;   # Beijing
    }
}
";
const POLICY: &str = "[[rule]]
id = \"no-overseas-overflow\"
only-in = [\"@us-all\"]
";

struct Case {
    sources: Sources,
    assessment: Assessment,
}

impl Case {
    fn render(&self, format: &str, options: RenderOptions) -> String {
        let mut out = Vec::new();
        let reporter = reporter(format).expect("a format");
        reporter.write(&self.assessment, &self.sources, &options, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }
}

/// The location of the first occurrence of `text` in a source.
fn at(sources: &Sources, path: &str, text: &str) -> Location {
    let id = sources.find(path).expect("a source");
    let start = sources.get(id).text.find(text).expect("the text");
    Location::new(id, Span::new(start, start + text.len()))
}

fn place(code: &str, city: Option<&str>, basis: &'static str) -> KnownPlace {
    let country = Country::from_letters(&code[..2]).unwrap();
    let subdivision = (code.len() > 2).then(|| code.into());
    KnownPlace {
        place: Some(Place { country, subdivision, city: city.map(Into::into) }),
        basis,
        matched: None,
        network: None,
        data_set: None,
        data_set_date: None,
        note: None,
    }
}

fn unknown(note: &str) -> KnownPlace {
    KnownPlace { place: None, basis: "unknown", note: Some(note.into()), ..place("US", None, "unknown") }
}

fn hop(endpoint: &str, kind: &str, route: Option<HopRoute>, places: Vec<KnownPlace>, location: Location) -> Arc<Hop> {
    Arc::new(Hop { endpoint: endpoint.into(), kind: kind.into(), route, places, location })
}

fn by(activity: &'static str, role: RouteRole, priority: u32, condition: Option<&str>) -> Option<HopRoute> {
    Some(HopRoute { activity, role, priority, condition: condition.map(Into::into) })
}

fn finding(code: &'static str, endpoint: &str, fingerprint: &str) -> Finding {
    let message = format!("the place of {endpoint} is not known");
    Finding {
        endpoint: endpoint.into(),
        fingerprint: fingerprint.into(),
        ..Finding::new(code, Severity::Medium, Verdict::Indeterminate, message)
    }
}

fn zoom() -> Case {
    let mut sources = Sources::default();
    sources.add("onshore.toml", "[[population]]\nid = \"us-users\"\nenters = [\"meet.zoom.example\"]\n");
    sources.add("policies/us.toml", POLICY);
    sources.add("routing/media.conf", MEDIA);
    let beijing = at(&sources, "routing/media.conf", "server 221.122.88.70:8801 backup;");
    let entry = at(&sources, "onshore.toml", "\"meet.zoom.example\"");
    let policy = at(&sources, "policies/us.toml", "only-in = [\"@us-all\"]");
    let upstream = at(&sources, "routing/media.conf", "upstream media");
    let nyc = at(&sources, "routing/media.conf", "server 10.20.4.11:8801;");
    let cn = KnownPlace {
        network: Some("221.122.0.0/16".into()),
        data_set: Some("DB-IP Lite Country".into()),
        data_set_date: Some("2026-11-01".into()),
        ..place("CN", None, "mmdb")
    };
    let us = KnownPlace {
        matched: Some("site sjc1".into()),
        network: Some("162.255.36.0/22".into()),
        ..place("US-CA", Some("San Jose"), "site")
    };
    let overflow = Finding {
        rule: Some("us/no-overseas-overflow".into()),
        severity: Severity::Critical,
        verdict: Verdict::Violated,
        message: "communications.content of people in US can reach 221.122.88.70:8801 in CN, outside @us-all".into(),
        help: Some("take this server out of the upstream `media`, or put one inside @us-all in its place".into()),
        why: Some("US meeting content is never routed overseas (Company statement of 3 April 2020)".into()),
        origin: vec!["US".into()],
        data: vec!["communications.content".into()],
        populations: vec!["us-users".into()],
        places: vec![cn.clone()],
        activity: Some("transit"),
        role: Some(RouteRole::Failover),
        state: Some(State::Overload),
        condition: Some("all 2 primaries of `media` are down or full".into()),
        path: vec![
            hop("meet.zoom.example", "dns-name", None, vec![], entry),
            hop("edge.zoom.example", "dns-name", by("forward", RouteRole::Primary, 0, None), vec![us], entry),
            hop("media", "nginx-upstream", by("forward", RouteRole::Primary, 0, None), vec![], upstream),
            hop(
                "221.122.88.70:8801",
                "nginx-server",
                by("forward", RouteRole::Failover, 1, Some("all 2 primaries of `media` are down or full")),
                vec![cn],
                beijing,
            ),
        ],
        location: Some(beijing),
        policy_location: Some(policy),
        labels: vec![Label { location: upstream, text: "the pool it stands in".into() }],
        ..finding("data-leaves-boundary", "221.122.88.70:8801", "0a1b2c3d4e5f6071")
    };
    let unlocated = Finding {
        places: vec![unknown("10.20.4.11 is private and no declared network covers it")],
        location: Some(nyc),
        help: Some("declare the site or its networks".into()),
        ..finding("place-unknown", "10.20.4.11:8801", "1111222233334444")
    };
    let lost = Finding {
        rule: Some("us/survives".into()),
        verdict: Verdict::Unsatisfiable,
        severity: Severity::High,
        lost: Some("site=sjc1".into()),
        state: Some(State::Loss),
        with_rules: vec!["cn/stored-onshore".into()],
        why: Some("US meetings survive the loss of any one site".into()),
        ..finding("unsatisfiable-together", "edge.zoom.example", "5555666677778888")
    };
    let rule = |name: &str, verdict, severity, why: &str| RuleResult {
        rule: name.into(),
        title: "A rule of the company".into(),
        severity,
        verdict,
        why: why.into(),
        controls: vec!["CCC.Core.CN06"],
        read: None,
        endpoints_examined: 5,
        routes_examined: 4,
        location: policy,
    };
    let gap = |n: usize| GapResult {
        code: "unresolved-variable",
        message: format!("`$backend_{n}` has no value here").into(),
        help: (n == 0).then(|| "give the value in a map or set".into()),
        location: upstream,
        touches: if n == 0 { vec!["us/no-overseas-overflow".into()] } else { vec![] },
    };
    let assessment = Assessment {
        project: Some("zoom-2020".into()),
        project_zh: None,
        owner: Some("privacy@zoom.example".into()),
        notify: Some(("incident@zoom.example".into(), 24)),
        as_of: "2026-11-21".into(),
        verdict: Verdict::Violated,
        rules: vec![
            rule("us/no-overseas-overflow", Verdict::Violated, Severity::Critical, "1 of 4 arrivals is outside"),
            rule("us/survives", Verdict::Unsatisfiable, Severity::High, "no placement meets it with cn/stored-onshore"),
            rule("us/keys-stay", Verdict::Satisfied, Severity::Low, "all 3 arrivals are inside"),
        ],
        findings: vec![overflow, lost, unlocated],
        allowed: vec![],
        remedies: vec![Remedy {
            rule: "us/no-overseas-overflow".into(),
            cut: vec![CutRoute {
                from: "media".into(),
                to: "221.122.88.70:8801".into(),
                activity: "forward",
                role: RouteRole::Failover,
                location: at(&sources, "routing/media.conf", "server 221.122.88.70:8801 backup;"),
                instead: vec!["10.20.4.12:8801".into()],
                findings: vec!["0a1b2c3d4e5f6071".into()],
            }],
            moves: vec!["edge\u{1b}[2J".into()],
            smallest: true,
            judged: true,
            then: Some((Verdict::Indeterminate, "1 thing could not be told".into())),
            unserved: vec![("us-users".into(), "communications.content".into())],
            smaller: Some(Smaller {
                cut: vec![CutRoute {
                    from: "edge".into(),
                    to: "media".into(),
                    activity: "forward",
                    role: RouteRole::Primary,
                    location: at(&sources, "routing/media.conf", "server 221.122.88.70:8801 backup;"),
                    instead: Vec::new(),
                    findings: Vec::new(),
                }],
                unserved: vec![("us-users".into(), "user.contact".into())],
                breaks: vec!["us/keys".into()],
            }),
            breaks: vec!["resilience/survives".into()],
            add: Vec::new(),
        }],
        gaps: (0..5).map(gap).collect(),
        ways: Vec::new(),
        topology: None,
        coverage: Coverage {
            files_read: vec![("routing/media.conf".into(), "nginx"), ("onshore.toml".into(), "inventory")],
            hashes: Vec::new(),
            files_skipped: vec![("logo.png".into(), "not text".into())],
            endpoints: 5,
            located: 3,
            unlocated: 1,
            routes: 4,
            resources: ResourceTally {
                placed: 1999,
                uncertain: 1,
                unplaced: [("`var.region` has no value".into(), 1)].into(),
                placeless: 4,
                no_data: 30,
                unknown: ('a'..='g').map(|c| (format!("aws_{c}"), if c == 'd' { 9 } else { 1 })).collect(),
            },
            by_country: vec![("CN".into(), 1), ("US".into(), 2)],
        },
        data_sets: vec![DataSetInfo {
            name: "DB-IP Lite Country".into(),
            kind: "mmdb".into(),
            date: Some("2026-11-01".into()),
            sha256: "00".repeat(32),
            licence: Some("CC BY 4.0".into()),
            attribution: Some("IP Geolocation by DB-IP, https://db-ip.com".into()),
            used: true,
            age: Some("`DB-IP Lite Country` was made 100 days before 2026-11-22 (2026-08-14)".into()),
        }],
    };
    Case { sources, assessment }
}

fn plain(width: usize) -> RenderOptions {
    RenderOptions { width, ..RenderOptions::PLAIN }
}

#[test]
fn pretty_at_80_columns() {
    assert_data_eq!(zoom().render("pretty", plain(80)), file!["report/pretty-80.txt"]);
}

#[test]
fn pretty_at_40_columns_in_ascii() {
    let text = zoom().render("pretty", RenderOptions { unicode: false, ..plain(40) });
    for line in text.lines() {
        assert!(line.is_ascii(), "{line}");
        assert!(line.chars().count() <= 40, "{} columns: {line}", line.chars().count());
    }
    assert_data_eq!(text, file!["report/pretty-40.txt"]);
}

#[test]
fn concise() {
    assert_data_eq!(zoom().render("concise", plain(80)), file!["report/concise.txt"]);
}

#[test]
fn json() {
    assert_data_eq!(zoom().render("json", plain(80)), file!["report/assessment.json"]);
}

/// Formats whose readers have no place for coverage and data sets, or want one line.
const WITHOUT_DATA_SETS: [&str; 2] = ["concise", "gitlab"];

/// The same findings, gaps and data sets in every format: a new one is held to that by being in `REPORTERS`.
#[test]
fn every_format_carries_the_same() {
    let mut case = zoom();
    let person =
        WaivedBy::Person { approver: "Dana Moss".into(), reason: "it is drained".into(), ticket: Some("PRIV-41".into()) };
    let mut waived = finding("data-leaves-boundary", "waived-one", "9999aaaabbbbcccc");
    waived.verdict = Verdict::Waived;
    waived.waiver = Some(Waived { by: person, granted: None, expires: Some("2026-12-31".into()), location: None });
    case.assessment.findings.push(waived);
    for n in 0..40 {
        let severity = Severity::ALL[n % 4];
        let verdict = [Verdict::Violated, Verdict::Indeterminate, Verdict::Conflict][n % 3];
        let f = finding("place-unknown", &format!("host-{n}"), &format!("{n:016x}"));
        case.assessment.findings.push(Finding { severity, verdict, ..f });
    }
    let all: BTreeSet<&str> = case.assessment.findings.iter().map(|f| f.fingerprint.as_str()).collect();
    for reporter in REPORTERS {
        let name = reporter.name();
        let text = case.render(name, plain(1000));
        let told: BTreeSet<&str> = all.iter().copied().filter(|f| text.contains(f)).collect();
        assert_eq!(told, all, "{name} lost findings");
        for n in 0..case.assessment.gaps.len() {
            // For people at a terminal some are counted.
            assert!(n >= 3 && name == "pretty" || text.contains(&format!("$backend_{n}")), "{name} lost gap {n}");
        }
        assert!(text.contains("violated"), "{name} does not tell the verdict");
        assert!(text.contains("Dana Moss") && text.contains("2026-12-31"), "{name} does not tell who waived it");
        let sets = ["2026-11-01", "CC BY 4.0", "https://db-ip.com", "nginx"].iter().all(|t| text.contains(t));
        assert!(sets || WITHOUT_DATA_SETS.contains(&name), "{name} lost the data sets or what was read");
    }
}

#[test]
fn no_report_says_compliant_and_none_colours_unasked() {
    let case = zoom();
    for reporter in REPORTERS {
        let text = case.render(reporter.name(), plain(80));
        assert!(!text.to_lowercase().contains("complian"), "{}", reporter.name());
        assert!(!text.contains('\u{1b}'), "{}", reporter.name());
    }
    let colored = case.render("pretty", RenderOptions { color: true, ..plain(80) });
    assert!(colored.contains("\u{1b}["), "colour on request");
}

/// The case with this text in place of every text that users can write.
fn hostile(evil: &str) -> Case {
    let mut case = zoom();
    let text = format!("server {evil} backup;\n");
    let id = case.sources.add(format!("conf/{evil}"), text);
    let location = Location::new(id, Span::new(7, 7 + evil.len()));
    let evil = || evil.to_owned();
    let a = &mut case.assessment;
    a.project = Some(evil());
    a.owner = Some(evil());
    a.notify = Some((evil(), 24));
    for (i, f) in a.findings.iter_mut().enumerate() {
        f.message = evil().into();
        f.endpoint = evil();
        f.rule = (i != 1).then(evil);
        f.help = Some(evil().into());
        // Looked up in the books of the other language, as what policies and readers say is.
        f.why = Some(lang::shipped(&evil()));
        f.condition = Some(lang::read(evil()));
        f.lost = Some(evil());
        f.populations = vec![evil()];
        f.origin = vec![evil()];
        f.data = vec![evil()];
        f.with_rules = vec![evil()];
        f.location = Some(location);
        f.labels = vec![Label { location, text: evil().into() }];
        for place in f.places.iter_mut().chain(f.path.iter_mut().flat_map(|h| &mut Arc::make_mut(h).places)) {
            place.matched = Some(evil());
            place.network = Some(evil());
            place.note = Some(lang::read(evil()));
            place.data_set = Some(evil());
        }
        for h in f.path.iter_mut().map(Arc::make_mut) {
            h.endpoint = evil();
            h.kind = evil();
            h.location = location;
        }
    }
    a.findings[2].verdict = Verdict::Waived;
    a.findings[2].waiver = Some(Waived {
        by: WaivedBy::Person { approver: evil(), reason: evil(), ticket: Some(evil()) },
        granted: None,
        expires: Some("2026-12-31".into()),
        location: Some(location),
    });
    for r in &mut a.rules {
        r.rule = evil();
        r.title = lang::shipped(&evil());
        r.why = evil().into();
        r.location = location;
    }
    for g in &mut a.gaps {
        g.message = lang::read(evil());
        g.help = Some(evil().into());
        g.touches = vec![evil()];
        g.location = location;
    }
    for r in &mut a.remedies {
        r.rule = evil();
        r.moves = vec![evil()];
        r.breaks = vec![evil()];
        r.unserved = vec![(evil(), evil())];
        r.then = Some((Verdict::Indeterminate, evil().into()));
        let smaller = r.smaller.as_mut().expect("a smaller cut");
        (smaller.unserved, smaller.breaks) = (vec![(evil(), evil())], vec![evil()]);
        for c in r.cut.iter_mut().chain(&mut smaller.cut) {
            c.from = evil();
            c.to = evil();
            c.instead = vec![evil()];
            c.location = location;
        }
    }
    a.coverage.files_read = vec![(evil(), "nginx")];
    a.coverage.files_skipped = vec![(evil(), evil())];
    a.coverage.resources.unknown = [(evil(), 3)].into();
    a.coverage.resources.unplaced = [(evil(), 3)].into();
    a.data_sets[0].name = evil();
    a.data_sets[0].licence = Some(evil());
    a.data_sets[0].attribution = Some(evil());
    a.data_sets[0].age = Some(evil().into());
    case
}

/// Each would do something in one reader or another.
fn hostile_names() -> Vec<String> {
    let names = [
        "x\u{1b}]0;owned\u{7}\n\u{202e}satisfied: all\u{200b}",
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "=cmd|' /C calc'!A0",
        "+1",
        "-1+1",
        "@SUM(A1)",
        "\t=1",
        "\r=1",
        "a;=1",
        "a\",\"=1",
        "::error file=x::owned",
        "a\n::error::owned",
        "a\r\n::stop-commands::x",
        "%0A::error::owned",
        "##[error]owned",
        "a ##[stop-commands]x",
        "]]><failure/>",
        "--><!--",
        "\"/><failure x=\"",
        "[a](https://evil.example)",
        "![a](https://evil.example/x.png)",
        "@all #1 !2 www.evil.example https://evil.example a@b.c",
        "# heading",
        "a\n\n# heading",
        "- item",
        "1. item",
        "1) item",
        "> quote",
        "| a | b |",
        "`",
        "``` ` ```",
        "a`b``c",
        "\\`x\\",
        "&lt;b&gt; &amp; &#60;",
        "~~~",
        "\u{feff}x\u{fffe}\u{e0041}",
        "",
    ];
    let mut names: Vec<String> = names.map(String::from).to_vec();
    names.push("x".repeat(10_000));
    names.push("`<@[".repeat(2_500));
    names
}

#[test]
fn hostile_names_are_inert_in_every_format() {
    for evil in hostile_names() {
        let case = hostile(&evil);
        for reporter in REPORTERS {
            let name = reporter.name();
            for width in [40, 80] {
                let text = case.render(name, plain(width));
                let unsafe_ = |c: char| c.is_control() && c != '\n' && !(name == "csv" && c == '\r');
                assert!(!text.contains(unsafe_), "{name} lets a control character of {evil:?} through");
                for bad in ['\u{202e}', '\u{200b}', '\u{feff}', '\u{fffe}', '\u{e0041}'] {
                    assert!(!text.contains(bad), "{name} lets {bad:?} through");
                }
                assert!(!text.lines().any(|l| l.starts_with("satisfied")), "{name} of {evil:?}");
                let commands = text.lines().filter(|l| l.trim_start().starts_with("::")).count();
                assert!(name == "github" || commands == 0, "{name} of {evil:?} holds a command");
                assert!(!text.contains("##["), "{name} of {evil:?} holds a command");
            }
            let text = case.render(name, plain(80));
            match name {
                "json" => assert_eq!(parsed(&text)["findings"][0]["endpoint"], evil.as_str()),
                "jsonl" => text.lines().for_each(|l| drop(parsed(l))),
                "sarif" => inert_sarif(&parsed(&text)),
                "oscal" => sound_oscal(&parsed(&text)),
                "gitlab" => assert_eq!(parsed(&text).as_array().unwrap().len(), 8),
                "junit" => inert_xml(&text),
                "csv" => inert_csv(&text),
                "github" => inert_commands(&text),
                "markdown" | "github-summary" => inert_markdown(&text, &evil),
                "typst" => assert_eq!(without_literals(&text), without_literals(&hostile("harmless").render(name, plain(80)))),
                "pretty" | "concise" => {}
                new => panic!("say what inert means for {new}"),
            }
        }
    }
}

fn parsed(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

/// A Typst document without its string literals and comments: what is left does something.
fn without_literals(text: &str) -> String {
    let (mut out, mut inside, mut escaped) = (String::new(), false, false);
    for c in text.chars() {
        match c {
            '"' if !escaped => inside = !inside,
            c if !inside => out.push(c),
            _ => {}
        }
        escaped = inside && c == '\\' && !escaped;
    }
    assert!(!inside, "a string is not closed: {text}");
    out
}

/// Every text of a message, without a link; every URI a relative reference.
fn inert_sarif(value: &Value) {
    match value {
        Value::Object(members) => {
            for (key, value) in members {
                if let ("text", Some(text)) = (key.as_str(), value.as_str()) {
                    assert!(!text.contains("]("), "{text}");
                    let bare = text.replace("{{", "").replace("}}", "");
                    assert!(!bare.contains(['{', '}']), "a placeholder: {text}");
                    assert!(!text.chars().any(|c| c.is_control() && c != '\n'), "{text:?}");
                }
                if let ("uri", Some(uri)) = (key.as_str(), value.as_str()) {
                    let relative = |b: u8| b.is_ascii_alphanumeric() || b"-._~/%".contains(&b);
                    assert!(!uri.is_empty() && uri.bytes().all(relative), "{uri}");
                }
                inert_sarif(value);
            }
        }
        Value::Array(items) => items.iter().for_each(inert_sarif),
        _ => {}
    }
}

/// Well-formed, with the elements of the same case by harmless names.
fn inert_xml(text: &str) {
    let elements = |text: &str| {
        let mut reader = quick_xml::Reader::from_str(text);
        reader.config_mut().check_end_names = true;
        let mut names = Vec::new();
        loop {
            match reader.read_event().unwrap() {
                Event::Eof => return names,
                Event::Start(e) | Event::Empty(e) => {
                    assert!(e.attributes().all(|a| a.is_ok()), "{text}");
                    names.push(e.name().as_ref().to_owned());
                }
                Event::Comment(_) | Event::CData(_) | Event::PI(_) | Event::DocType(_) => panic!("{text}"),
                _ => {}
            }
        }
    };
    assert_eq!(elements(text), elements(&hostile("harmless").render("junit", plain(80))), "{text}");
}

fn inert_csv(text: &str) {
    for row in csv::ReaderBuilder::new().from_reader(text.as_bytes()).records() {
        for cell in &row.unwrap() {
            assert!(!cell.trim_start().starts_with(['=', '+', '-', '@', '\t', '\r']), "{cell}");
        }
    }
}

/// As many commands as by harmless names, each of a kind that shows something.
fn inert_commands(text: &str) {
    let kinds = |text: &str| -> Vec<String> {
        let commands = text.lines().filter(|l| l.trim_start().starts_with("::"));
        commands.map(|l| l.split([' ', ':']).nth(2).unwrap_or_default().to_owned()).collect()
    };
    assert_eq!(kinds(text), kinds(&hostile("harmless").render("github", plain(80))), "{text}");
    assert!(text.lines().all(|l| l.starts_with("::") || l.starts_with("- ")), "{text}");
}

/// A line of Markdown without its code.
fn outside_of_code(line: &str) -> String {
    let mut outside = String::new();
    let mut rest = line;
    while let Some(start) = rest.find('`') {
        outside.push_str(&rest[..start]);
        let fence = rest[start..].len() - rest[start..].trim_start_matches('`').len();
        rest = &rest[start + fence..];
        // The end: a run of just as many.
        let mut at = 0;
        loop {
            let run = rest[at..].find('`').map(|n| at + n).unwrap_or_else(|| panic!("code is not closed: {line}"));
            let length = rest[run..].len() - rest[run..].trim_start_matches('`').len();
            at = run + length;
            if length == fence {
                break;
            }
        }
        rest = &rest[at..];
    }
    outside.push_str(rest);
    outside
}

/// Outside of code nothing but words, and the lines begin as those of the same case by harmless names.
fn inert_markdown(text: &str, evil: &str) {
    let begins = |text: &str| -> Vec<String> {
        let begin = |l: &str| l.chars().take_while(|c| !c.is_alphanumeric() && *c != '`').collect();
        text.lines().map(begin).collect()
    };
    if !evil.trim().is_empty() {
        let (ours, harmless) = (begins(text), begins(&hostile("harmless").render("markdown", plain(80))));
        assert_eq!(ours.len(), harmless.len(), "{text}");
    }
    for line in text.lines().filter(|l| !l.starts_with("|---")) {
        let outside = outside_of_code(line);
        let words = outside.trim_start_matches(['#', '|', ' ', '-']);
        let markup = ['<', '>', '[', ']', '*', '_', '@', '#', '!', '&', '~', '\\', '/'];
        // The arrow of a cut stands between two names.
        let words = words.replace(" -> ", " ");
        assert!(!words.contains(markup) && !words.contains("www."), "{evil:?}: {line}");
    }
}

/// What the schema of OSCAL 1.2.1 asks of each value, and every identifier once and every reference leading to one. The schema itself
/// is asked in tests/published_schemas.rs.
fn sound_oscal(document: &Value) {
    fn walk<'v>(key: &str, value: &'v Value, given: &mut Vec<&'v str>, asked: &mut Vec<&'v str>) {
        match value {
            Value::Object(members) => {
                assert!(!members.is_empty() || key == "include-all", "{key} is empty");
                members.iter().for_each(|(key, value)| walk(key, value, given, asked));
            }
            Value::Array(items) => {
                assert!(!items.is_empty(), "{key} is an empty list");
                items.iter().for_each(|item| walk(key, item, given, asked));
            }
            Value::String(text) => {
                let token = |c: char| c.is_alphanumeric() || matches!(c, '.' | '-' | '_');
                assert!(!text.is_empty(), "{key} is empty");
                match key {
                    "uuid" => given.push(text),
                    "subject-uuid" | "actor-uuid" | "observation-uuid" | "risk-uuid" => asked.push(text),
                    "href" => {
                        let relative = |b: u8| b.is_ascii_alphanumeric() || b"-._~/%#".contains(&b);
                        assert!(text.bytes().all(relative), "{text}");
                        asked.extend(text.strip_prefix('#'));
                    }
                    "name" | "control-id" | "target-id" | "state" | "reason" | "status" => {
                        assert!(text.chars().all(token) && text.starts_with(|c: char| c.is_alphabetic() || c == '_'), "{text}");
                    }
                    "start" | "collected" | "last-modified" | "deadline" => assert!(text.ends_with("T00:00:00Z"), "{text}"),
                    "value" | "version" => assert!(text.trim() == text && !text.contains('\n'), "{text:?}"),
                    "title" => assert!(!text.contains('\n') && !text.trim().is_empty(), "{text:?}"),
                    _ => {}
                }
                if matches!(key, "title" | "description" | "statement" | "remarks") {
                    let words: String = text.lines().map(outside_of_code).collect();
                    assert!(!words.contains(['<', '>', '[', ']', '*', '_', '#', '!', '&', '~', '\\']), "markup: {text}");
                }
            }
            other => panic!("{key}: {other}"),
        }
    }
    let (mut given, mut asked) = (Vec::new(), Vec::new());
    walk("", document, &mut given, &mut asked);
    let once: BTreeSet<&str> = given.iter().copied().collect();
    assert_eq!(once.len(), given.len(), "an identifier twice");
    for uuid in given {
        let parts: Vec<usize> = uuid.split('-').map(str::len).collect();
        assert!(parts == [8, 4, 4, 4, 12] && uuid.as_bytes()[14] == b'5', "{uuid} is no UUID of version 5");
    }
    for uuid in asked {
        assert!(once.contains(uuid), "nothing is called {uuid}");
    }
}

/// Satisfied is only what is: OSCAL has no word for what could not be decided.
#[test]
fn oscal_says_no_better_than_the_verdict() {
    let mut case = zoom();
    let rules = case.assessment.rules.clone();
    for verdict in [Verdict::Indeterminate, Verdict::Conflict, Verdict::Waived, Verdict::NotApplicable] {
        let rule = RuleResult { rule: format!("x/{}", verdict.as_str()), verdict, ..rules[0].clone() };
        case.assessment.rules.push(rule);
    }
    let document = parsed(&case.render("oscal", plain(80)));
    sound_oscal(&document);
    let result = &document["assessment-results"]["results"][0];
    let told: Vec<(&str, &str, &str)> = result["findings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|f| (&f["target"]["target-id"], &f["target"]["status"]))
        .map(|(id, s)| (id.as_str().unwrap(), s["state"].as_str().unwrap(), s["reason"].as_str().unwrap()))
        .collect();
    assert_eq!(
        told,
        [
            ("us.no-overseas-overflow", "not-satisfied", "fail"),
            ("us.survives", "not-satisfied", "fail"),
            ("us.keys-stay", "satisfied", "pass"),
            ("x.indeterminate", "not-satisfied", "other"),
            ("x.conflict", "not-satisfied", "other"),
            ("x.waived", "not-satisfied", "other"),
            ("place-unknown", "not-satisfied", "other"),
        ]
    );
    assert_eq!(result["observations"].as_array().unwrap().len(), 8, "three findings and five gaps");
    let again = parsed(&case.render("oscal", plain(40)));
    assert_eq!(document, again);
    case.assessment.findings[0].message = format!("{}!", case.assessment.findings[0].message).into();
    let other = parsed(&case.render("oscal", plain(80)));
    assert_ne!(document["assessment-results"]["uuid"], other["assessment-results"]["uuid"], "other content, other identifier");
}

/// Forty servers of one overflow list are one finding with forty members: once in full, the others a line each.
#[test]
fn findings_of_one_cause_are_shown_together() {
    let mut case = zoom();
    let first = case.assessment.findings[0].clone();
    for n in 1..40 {
        let mut other = first.clone();
        other.endpoint = format!("221.122.88.{n}:8801");
        Arc::make_mut(other.path.last_mut().unwrap()).endpoint.clone_from(&other.endpoint);
        other.fingerprint = format!("{n:016x}");
        case.assessment.findings.push(other);
    }
    let mut apart = first.clone();
    Arc::make_mut(&mut apart.path[2]).endpoint = "another pool".into();
    apart.fingerprint = "feed".into();
    case.assessment.findings.push(apart);
    let text = case.render("pretty", plain(100));
    assert!(text.contains("39 others of the same cause:"), "{text}");
    assert_eq!(text.matches("violated critical data-leaves-boundary").count(), 2, "{text}");
    assert!(text.contains("- 221.122.88.39:8801 - routing/media.conf:5 [0000000000000027]"), "{text}");
    assert!(text.contains("43 findings"), "counts stay: {text}");
    let paper = case.render("typst", plain(100));
    assert!(paper.contains("39 others of the same cause:"), "{paper}");
    for f in &case.assessment.findings {
        assert!(text.contains(&f.fingerprint) && paper.contains(&f.fingerprint), "{}", f.fingerprint);
    }
    let screen = case.render("pretty", RenderOptions { most_findings: Some(20), ..plain(100) });
    assert!(screen.contains("and 36 more; --max-findings 0"), "{screen}");
    assert!(
        screen.lines().any(|l| l.starts_with("  critical routing/media.conf:5 and 39 more: 221.122.88.70:8801 (")),
        "{screen}"
    );
}

/// Who reads with libxml2 takes no text of ten million bytes.
#[test]
fn no_text_in_junit_is_too_long_for_its_readers() {
    let mut case = zoom();
    let told = Finding { help: Some("do this ".repeat(600).into()), ..finding("place-unknown", "host", "") };
    case.assessment.findings = (0..3_000).map(|n| Finding { fingerprint: format!("{n:024x}"), ..told.clone() }).collect();
    let text = case.render("junit", plain(80));
    let longest = text.split(['<', '>']).map(str::len).max();
    assert!(longest < Some(10_000_000), "{longest:?} bytes");
    assert_eq!(text.matches("fingerprint: ").count(), 3_000);
}

/// At a terminal the gravest come in full, and all is told on one screen at the end.
#[test]
fn a_terminal_gets_what_somebody_reads() {
    let mut case = zoom();
    for n in 0..500 {
        let f = finding("place-unknown", &format!("host-{n}"), &format!("{n:016x}"));
        case.assessment.findings.push(f);
    }
    let short = RenderOptions { most_findings: Some(2), ..plain(80) };
    let text = case.render("pretty", short);
    assert!(text.contains("and 501 findings more, less grave"), "{text}");
    assert!(text.contains("0a1b2c3d4e5f6071") && text.contains("5555666677778888"), "the gravest: {text}");
    let (_, screen) = text.rsplit_once("\n\n").unwrap();
    assert!(screen.lines().count() < 24, "{screen}");
    assert!(screen.lines().all(|l| l.chars().count() <= 80), "{screen}");
    for part in [
        "violated: 3 rules",
        "503 findings, 2 of them violations; the gravest:",
        "5 things could not be told: unresolved-variable 5",
        "critical routing/media.conf:5: 221.122.88.70:8801 (CN",
    ] {
        assert!(screen.contains(part), "{part}: {screen}");
    }
    let colored = RenderOptions { color: true, links: true, width: 40, ..short };
    case.sources.folder = Some("file:///srv/a%20b/".into());
    let text = case.render("pretty", colored);
    for line in text.lines() {
        assert_eq!(line.matches("\u{1b}]8;;").count() % 2, 0, "a link is not closed: {line:?}");
    }
    let shown: String = text.lines().filter(|l| l.contains("file:///srv/a%20b/routing/media.conf")).collect();
    assert!(
        shown.contains("\u{1b}]8;;file:///srv/a%20b/routing/media.conf\u{1b}\\routing/media.conf:5:9\u{1b}]8;;\u{1b}\\"),
        "{text}"
    );
    assert!(!case.render("pretty", RenderOptions { color: true, ..plain(80) }).contains("\u{1b}]8"), "only where they work");
}

/// What code scanning requires, and what it makes use of.
#[test]
fn sarif_has_the_shape_that_code_scanning_wants() {
    let mut case = zoom();
    case.sources.base = "infra/eu/".into();
    case.assessment.findings[2].verdict = Verdict::Waived;
    case.assessment.findings[2].waiver = Some(Waived {
        by: WaivedBy::Baseline { since: "2026-11-01".into(), days: 21 },
        granted: None,
        expires: None,
        location: None,
    });
    let log = parsed(&case.render("sarif", plain(80)));
    assert_eq!(log["version"], "2.1.0");
    let run = &log["runs"][0];
    let driver = &run["tool"]["driver"];
    assert_eq!(driver["name"], "onshore");
    let rules = driver["rules"].as_array().unwrap();
    let ids: BTreeSet<&str> = rules.iter().map(|r| r["id"].as_str().unwrap()).collect();
    assert_eq!(ids.len(), rules.len(), "each rule once");
    for rule in rules {
        for key in ["shortDescription", "fullDescription", "help"] {
            assert!(!rule[key]["text"].as_str().unwrap().is_empty(), "{rule}");
        }
    }
    let score = |id: &str| rules.iter().find(|r| r["id"] == id).unwrap()["properties"]["security-severity"].clone();
    assert_eq!(score("us/no-overseas-overflow"), "9.5");
    assert_eq!(score("us/survives"), "8.0");
    assert_eq!(score("us/keys-stay"), "2.0");
    assert_eq!(score("place-unknown"), "5.5");
    assert_eq!(score("gap/unresolved-variable"), Value::Null);
    let help = rules[0]["help"]["text"].as_str().unwrap();
    assert!(help.contains("Company statement of 3 April 2020"), "{help}");

    let results = run["results"].as_array().unwrap();
    assert_eq!(results.len(), 8);
    for r in results {
        let index = usize::try_from(r["ruleIndex"].as_u64().unwrap()).unwrap();
        assert_eq!(rules[index]["id"], r["ruleId"]);
        assert!(!r["message"]["text"].as_str().unwrap().is_empty());
        assert!(!r["partialFingerprints"]["primaryLocationLineHash"].as_str().unwrap().is_empty());
        let at = &r["locations"][0]["physicalLocation"];
        assert!(at["artifactLocation"]["uri"].as_str().unwrap().starts_with("infra/eu/"), "{at}");
        assert_eq!(at["artifactLocation"]["uriBaseId"], "%SRCROOT%");
        assert!(at["region"]["startLine"].as_u64().unwrap() >= 1);
        assert!(["error", "warning", "note"].contains(&r["level"].as_str().unwrap()));
    }
    let overflow = &results[0];
    assert_eq!(overflow["level"], "error");
    assert_eq!(overflow["partialFingerprints"]["primaryLocationLineHash"], "0a1b2c3d4e5f6071");
    let region = &overflow["locations"][0]["physicalLocation"]["region"];
    assert_eq!((&region["startLine"], &region["endLine"]), (&5.into(), &5.into()));
    let flow = overflow["codeFlows"][0]["threadFlows"][0]["locations"].as_array().unwrap();
    assert_eq!(flow.len(), case.assessment.findings[0].path.len());
    assert!(flow[3]["location"]["message"]["text"].as_str().unwrap().contains("by forward, failover"));
    // A finding without a line is shown at the project's file: one result without a location fails all.
    assert_eq!(results[1]["locations"][0]["physicalLocation"]["artifactLocation"]["uri"], "infra/eu/onshore.toml");
    let waived = &results[2];
    assert_eq!((&waived["level"], &waived["suppressions"][0]["kind"]), (&"note".into(), &"external".into()));
    assert!(waived["suppressions"][0]["justification"].as_str().unwrap().contains("known since 2026-11-01"));
    assert!(results[3..].iter().all(|r| r["level"] == "note" && r["ruleId"] == "gap/unresolved-variable"));
    let prints: BTreeSet<&str> = results.iter().map(|r| r["partialFingerprints"]["onshore/v1"].as_str().unwrap()).collect();
    assert_eq!(prints.len(), results.len(), "each fingerprint once");
}

/// Above what forges take, what is left out is counted, and it is the least grave.
#[test]
fn too_many_findings_are_counted_and_the_gravest_are_shown() {
    let mut case = zoom();
    let proto = finding("place-unknown", "host", "");
    case.assessment.findings = (0..30_000)
        .map(|n| {
            let verdict = if n % 2 == 0 { Verdict::Indeterminate } else { Verdict::Violated };
            Finding { verdict, severity: Severity::ALL[n % 4], fingerprint: format!("{n:024x}"), ..proto.clone() }
        })
        .collect();
    let sarif = parsed(&case.render("sarif", plain(80)));
    let results = sarif["runs"][0]["results"].as_array().unwrap();
    assert_eq!(results.len(), 25_000);
    assert_eq!((&results[0]["ruleId"], &results[0]["level"]), (&"too-many-results".into(), &"error".into()));
    let text = results[0]["message"]["text"].as_str().unwrap();
    assert!(text.starts_with("30005 results") && text.contains("5006 do not fit in here, none of them violated"), "{text}");
    let violated = results.iter().filter(|r| r["properties"]["verdict"] == "violated").count();
    assert_eq!(violated, 15_000);

    let commands = case.render("github", plain(80));
    for kind in ["error", "warning", "notice"] {
        let n = commands.lines().filter(|l| l.starts_with(&format!("::{kind} "))).count();
        assert!(n <= 10, "{n} of {kind}");
    }
    assert!(commands.lines().any(|l| l.starts_with("::error ") && l.contains("critical violated")), "the gravest first");
    // Hexadecimal numbers of 24 digits in brackets: those of annotations and of the log.
    let told = commands.lines().filter(|l| l.rsplit_once('[').is_some_and(|(_, end)| end.len() == 25)).count();
    assert_eq!(told, 30_000);

    let summary = case.render("github-summary", plain(80));
    assert!(summary.len() < 1 << 20, "{} bytes", summary.len());
    assert!(summary.contains("more medium violated") && summary.contains("more low indeterminate"), "what is left out is told");
    let markdown = case.render("markdown", plain(80));
    assert_eq!(markdown.lines().filter(|l| l.starts_with("- fingerprint:")).count(), 30_000);
}

/// The founding case in each format, as a project in a folder of a repository; several formats in one run.
#[test]
fn zoom_2020_in_each_format() {
    let repository = tempfile::tempdir().unwrap();
    std::fs::create_dir(repository.path().join(".git")).unwrap();
    let project = repository.path().join("infra/zoom");
    copy(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/zoom-2020"), &project);
    let formats = ["sarif", "oscal", "junit", "github", "github-summary", "gitlab", "jsonl", "csv", "markdown", "typst"];
    let reports = repository.path().join("reports");
    std::fs::create_dir(&reports).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_onshore"));
    command.args(["check", "infra/zoom", "--as-of", "2026-11-22", "--format", "concise"]).current_dir(repository.path());
    for format in formats {
        command.args(["-o", &format!("{format}=reports/{format}")]);
    }
    let out = command.output().unwrap();
    assert_eq!(out.status.code(), Some(1), "{}", String::from_utf8_lossy(&out.stderr));
    assert!(String::from_utf8_lossy(&out.stdout).starts_with("inventory/endpoints.toml:45:6: critical violated"));
    for format in formats {
        let text = std::fs::read_to_string(reports.join(format)).unwrap();
        let stored = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/report/zoom-2020").join(format!("{format}.txt"));
        assert_data_eq!(text, snapbox::Data::read_from(&stored, Some(snapbox::data::DataFormat::Text)).raw());
    }
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}

#[test]
fn one_line_of_a_megabyte_and_fifty_million_columns() {
    for (columns, wide) in [(70_000, "x"), (1_000_000, "深"), (50_000_000, "x")] {
        let mut case = zoom();
        let mut text = wide.repeat(columns);
        let start = text.len();
        text.push_str("\"target\"");
        text.push_str(&wide.repeat(100_000));
        let id = case.sources.add("plan.json", text);
        case.assessment.findings[0].location = Some(Location::new(id, Span::new(start, start + 8)));
        let text = case.render("pretty", plain(80));
        assert!(text.contains(&format!("plan.json:1:{}", columns + 1)), "{text}");
        assert!(text.contains("…") && text.contains("\"target\""), "{text}");
        assert!(text.len() < 10_000, "{} bytes", text.len());
    }
}

#[test]
fn labels_at_the_edges_of_texts_do_not_panic() {
    let texts = ["", "\n", "a", "\u{feff}a\r\n\tb", "深圳\n深", "a\n\n\n"];
    for text in texts {
        for start in 0..=text.len() + 2 {
            for len in [0, 1, 5, 1000] {
                let mut case = zoom();
                let id = case.sources.add("edge", text);
                case.assessment.findings[0].location = Some(Location::new(id, Span::new(start, start + len)));
                for width in [0, 20, 80] {
                    case.render("pretty", plain(width));
                }
            }
        }
    }
}

/// A secret beside what a finding points at is in no report; JSON and lines without excerpts hold no text of files.
#[test]
fn secrets_beside_a_finding_are_not_shown() {
    let state = "{
  \"resources\": [
    {
      \"type\": \"aws_db_instance\",
      \"instances\": [
        {\"attributes\": {
          \"master_user_secret\": \"hunter2\",
          \"region\": \"us-east-1\",
          \"initial\": \"hunter3\"
        }}]}]}
";
    let compact: String = state.split('\n').map(str::trim).collect();
    let long = compact.replace("\"initial\"", &format!("\"{}\": \"hunter4\", \"initial\"", "k".repeat(10_000)));
    let env = "DB_PASSWORD=hunter2\nDB=postgres://app:hunter3@us-east-1.example.com/x\nAPI_KEY=hunter4\n";
    let sources = [("terraform.tfstate", state), ("state.json", &compact), ("long.json", &long), (".env", env)];
    for (path, text) in sources {
        for width in [40, 100, 200] {
            let mut case = zoom();
            case.sources.add(path, text);
            let location = at(&case.sources, path, "us-east-1");
            case.assessment.findings[0].location = Some(location);
            case.assessment.findings[0].labels = vec![Label { location, text: "its region".into() }];
            for reporter in REPORTERS {
                let shown = case.render(reporter.name(), plain(width));
                assert!(!shown.contains("hunter"), "{} of {path}: {shown}", reporter.name());
                let has_excerpts = matches!(reporter.name(), "pretty" | "typst");
                assert!(shown.contains("us-east-1") == has_excerpts, "{} of {path}", reporter.name());
            }
        }
    }
}
