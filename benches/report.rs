//! What each format costs: `cargo bench --bench report`. Seconds and bytes for findings with a path of four hops; four times as many must
//! take four times as long. Prints figures; asserts nothing, since machines differ.

#![allow(clippy::print_stdout, clippy::unwrap_used, reason = "a bench prints its figures")]

use std::time::Instant;

use onshore::finding::{
    Assessment, Coverage, Finding, GapResult, Hop, HopRoute, KnownPlace, RuleResult, Severity, State, Verdict,
};
use onshore::model::{Country, Place, RouteRole};
use onshore::report::{REPORTERS, RenderOptions};
use onshore::source::{Location, Sources, Span};

const SIZES: [usize; 3] = [2_500, 10_000, 40_000];

fn main() {
    let cases = SIZES.map(project);
    println!("{:<15} {}", "seconds, MB", SIZES.map(|n| format!("{n:>17}")).concat());
    for reporter in REPORTERS {
        let cells = cases.iter().map(|(a, sources)| {
            let mut out = Vec::new();
            let start = Instant::now();
            reporter.write(a, sources, &RenderOptions::PLAIN, &mut out).unwrap();
            format!("{:>8.3} {:>8.1}", start.elapsed().as_secs_f64(), out.len() as f64 / 1e6)
        });
        println!("{:<15} {}", reporter.name(), cells.collect::<String>());
    }
}

/// So many findings of ten rules, each on a line of its own, and a gap for every ten.
fn project(n: usize) -> (Assessment, Sources) {
    let mut sources = Sources::default();
    let lines: Vec<String> = (0..n).map(|i| format!("    server 10.{}.{}.1:8801 backup;", i / 256, i % 256)).collect();
    let text = lines.join("\n");
    let mut starts = vec![0];
    starts.extend(text.match_indices('\n').map(|(i, _)| i + 1));
    let file = sources.add("routing/media.conf", text);
    let at = |i: usize| Location::new(file, Span::new(starts[i] + 4, starts[i] + 20));
    let place = KnownPlace {
        place: Some(Place { country: Country::from_letters("CN").unwrap(), subdivision: None, city: Some("Tianjin".into()) }),
        basis: "mmdb",
        matched: None,
        network: Some("10.86.0.0/16".into()),
        data_set: Some("DB-IP Lite Country".into()),
        data_set_date: Some("2026-11-01".into()),
        note: None,
    };
    let hop = |i: usize, name: String| Hop {
        endpoint: name,
        kind: "nginx-server".into(),
        route: Some(HopRoute { activity: "forward", role: RouteRole::Failover, priority: 1, condition: None }),
        places: vec![place.clone()],
        location: at(i),
    };
    let rule = |i: usize| format!("pack/rule-{}", i % 10);
    let finding = |i: usize| Finding {
        rule: Some(rule(i)),
        why: Some("US meeting content is never routed overseas - statement of 3 April 2020".into()),
        help: Some("remove the server from the standby targets".into()),
        origin: vec!["US".into()],
        data: vec!["communications.content".into()],
        endpoint: format!("10.{}.{}.1:8801", i / 256, i % 256),
        places: vec![place.clone()],
        activity: Some("process"),
        role: Some(RouteRole::Failover),
        state: Some(State::Overload),
        condition: Some("the 2 preferred servers of `media` are down or full".into()),
        path: (0..4).map(|h| hop(i, format!("hop-{h}-of-{i}"))).collect(),
        location: Some(at(i)),
        policy_location: Some(at(0)),
        fingerprint: format!("{i:024x}"),
        ..Finding::new(
            "data-leaves-boundary",
            Severity::ALL[i % 4],
            if i.is_multiple_of(5) { Verdict::Indeterminate } else { Verdict::Violated },
            format!("communications.content of people in the United States is processed at server {i} in CN Tianjin"),
        )
    };
    let rules = (0..10).map(|i| RuleResult {
        rule: rule(i),
        title: "Content stays at home".into(),
        severity: Severity::High,
        verdict: Verdict::Violated,
        why: "broken at many".into(),
        controls: Vec::new(),
        read: None,
        endpoints_examined: n,
        routes_examined: n,
        location: at(0),
    });
    let gaps = (0..n / 10).map(|i| GapResult {
        code: "unresolved-variable",
        message: format!("`$backend_{i}` has no value here").into(),
        help: Some("give the value in a map or set".into()),
        location: at(i),
        touches: vec![rule(i)],
    });
    let assessment = Assessment {
        project: Some("bench".into()),
        owner: None,
        notify: None,
        as_of: "2026-11-22".into(),
        verdict: Verdict::Violated,
        rules: rules.collect(),
        findings: (0..n).map(finding).collect(),
        allowed: Vec::new(),
        remedies: Vec::new(),
        gaps: gaps.collect(),
        ways: Vec::new(),
        topology: None,
        coverage: Coverage { files_read: vec![("routing/media.conf".into(), "nginx")], ..Coverage::default() },
        data_sets: Vec::new(),
    };
    (assessment, sources)
}
