//! What people and programs see of one assessment made by hand: the founding case, with everything a finding can carry.
//! `SNAPSHOTS=overwrite cargo test --test report` rewrites the expected texts; read the difference before it is committed.

#![allow(clippy::print_stdout, clippy::print_stderr, clippy::unwrap_used, reason = "helpers of tests are tests")]

use onshore::finding::{
    Assessment, Coverage, CutRoute, DataSetInfo, Finding, GapResult, Hop, HopRoute, KnownPlace, Label, Remedy, RuleResult,
    Severity, State, Verdict,
};
use onshore::model::{Country, Place, ResourceTally, RouteRole};
use onshore::report::{REPORTERS, RenderOptions, reporter};
use onshore::source::{Location, Sources, Span};
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

fn hop(endpoint: &str, kind: &str, route: Option<HopRoute>, places: Vec<KnownPlace>, location: Location) -> Hop {
    Hop { endpoint: endpoint.into(), kind: kind.into(), route, places, location }
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
        endpoints_examined: 5,
        routes_examined: 4,
        location: policy,
    };
    let gap = |n: usize| GapResult {
        code: "unresolved-variable",
        message: format!("`$backend_{n}` has no value here"),
        help: (n == 0).then(|| "give the value in a map or set".into()),
        location: upstream,
        touches: if n == 0 { vec!["us/no-overseas-overflow".into()] } else { vec![] },
    };
    let assessment = Assessment {
        project: Some("zoom-2020".into()),
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
            unserved: vec![("us-users".into(), "communications.content".into())],
            breaks: vec!["resilience/survives".into()],
            add: Vec::new(),
        }],
        gaps: (0..5).map(gap).collect(),
        ways: Vec::new(),
        topology: None,
        coverage: Coverage {
            files_read: vec![("routing/media.conf".into(), "nginx"), ("onshore.toml".into(), "inventory")],
            files_skipped: vec![("logo.png".into(), "not text".into())],
            endpoints: 5,
            located: 3,
            unlocated: 1,
            routes: 4,
            resources: ResourceTally {
                placed: 1999,
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

#[test]
fn every_format_carries_every_finding() {
    let case = zoom();
    for reporter in REPORTERS {
        let text = case.render(reporter.name(), plain(60));
        for f in &case.assessment.findings {
            assert!(text.contains(&f.fingerprint), "{} lost {}", reporter.name(), f.code);
        }
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

#[test]
fn names_cannot_drive_the_terminal_or_forge_lines() {
    let evil = "x\u{1b}]0;owned\u{7}\n\u{202e}satisfied: all\u{200b}";
    let mut case = zoom();
    let text = format!("server {evil} backup;\n");
    let id = case.sources.add(format!("conf/{evil}"), text);
    let location = Location::new(id, Span::new(7, 7 + evil.len()));
    for f in &mut case.assessment.findings {
        f.message = evil.into();
        f.endpoint = evil.into();
        f.rule = Some(evil.into());
        f.help = Some(evil.into());
        f.why = Some(evil.into());
        f.condition = Some(evil.into());
        f.lost = Some(evil.into());
        f.populations = vec![evil.into()];
        f.location = Some(location);
        for place in f.places.iter_mut().chain(f.path.iter_mut().flat_map(|h| &mut h.places)) {
            place.matched = Some(evil.into());
            place.network = Some(evil.into());
            place.note = Some(evil.into());
            place.data_set = Some(evil.into());
        }
        for h in &mut f.path {
            h.endpoint = evil.into();
            h.kind = evil.into();
            h.location = location;
        }
    }
    for r in &mut case.assessment.rules {
        r.rule = evil.into();
        r.title = evil.into();
        r.why = evil.into();
    }
    for g in &mut case.assessment.gaps {
        g.message = evil.into();
        g.help = Some(evil.into());
        g.touches = vec![evil.into()];
        g.location = location;
    }
    case.assessment.coverage.files_skipped = vec![(evil.into(), evil.into())];
    case.assessment.data_sets[0].name = evil.into();
    case.assessment.data_sets[0].attribution = Some(evil.into());
    for reporter in REPORTERS {
        for width in [40, 80] {
            let text = case.render(reporter.name(), plain(width));
            for bad in ['\u{1b}', '\u{7}', '\u{202e}', '\u{200b}'] {
                assert!(!text.contains(bad), "{} lets {bad:?} through", reporter.name());
            }
            assert!(!text.lines().any(|l| l.starts_with("satisfied")), "{}", reporter.name());
        }
    }
    // A program gets the true name all the same.
    let parsed: serde_json::Value = serde_json::from_str(&case.render("json", plain(80))).unwrap();
    assert_eq!(parsed["findings"][0]["endpoint"], evil);
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
                assert!(shown.contains("us-east-1") == (reporter.name() == "pretty"), "{} of {path}", reporter.name());
            }
        }
    }
}
