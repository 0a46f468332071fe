//! What each format costs: `cargo bench --bench report --features pdf,xlsx`, or after `--` the numbers of findings. Seconds, megabytes
//! written and mebibytes of memory above those of the assessment, each format in a process of its own, for findings with a path of four
//! hops: ten times as many must take ten times as much. Prints figures; asserts nothing, since machines differ.

#![allow(clippy::print_stdout, clippy::unwrap_used, clippy::disallowed_methods, reason = "a bench prints its figures")]

use std::process::Command;
use std::time::Instant;

use onshore::finding::{
    Assessment, Coverage, Finding, GapResult, Hop, HopRoute, KnownPlace, RuleResult, Severity, State, Verdict,
};
use onshore::lang::Lang;
use onshore::model::{Country, Place, RouteRole};
use onshore::report::html::{Report, World};
use onshore::report::{REPORTERS, RenderOptions, html, reporter, xlsx};
use onshore::source::{Location, Sources, Span};

/// The allocator of the binary.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const SIZES: [usize; 3] = [1_000, 10_000, 40_000];
/// Pages take memory by the hundred kilobytes.
const MOST_ON_PAPER: usize = 10_000;
/// In the child that is measured: which format, how many findings.
const CHILD: &str = "ONSHORE_BENCH_REPORT";

fn main() {
    if let Ok(asked) = std::env::var(CHILD) {
        let (format, n) = asked.split_once(' ').unwrap();
        return measured(format, n.parse().unwrap());
    }
    let given: Vec<usize> = std::env::args().skip(1).filter_map(|a| a.parse().ok()).collect();
    let sizes = if given.is_empty() { SIZES.to_vec() } else { given };
    let head: String = sizes.iter().map(|n| format!("{n:>27}")).collect();
    println!("{:<15} {head}", "s, MB, MiB");
    let mut formats: Vec<&str> = REPORTERS.iter().map(|r| r.name()).chain(["html"]).collect();
    formats.extend(
        [(xlsx::BUILT_IN, "xlsx"), (cfg!(feature = "pdf"), "pdf")].into_iter().filter_map(|(is, name)| is.then_some(name)),
    );
    for format in formats {
        let cells = sizes.iter().filter(|n| format != "pdf" || **n <= MOST_ON_PAPER).map(|n| {
            let child = Command::new(std::env::current_exe().unwrap()).env(CHILD, format!("{format} {n}")).output().unwrap();
            format!("{:>27}", String::from_utf8(child.stdout).unwrap().trim_end())
        });
        println!("{format:<15} {}", cells.collect::<String>());
    }
}

/// One format, once.
fn measured(format: &str, n: usize) {
    let (a, sources) = project(n);
    let before = resident("VmRSS:");
    let start = Instant::now();
    let text = written(format, &a, &sources);
    let seconds = start.elapsed().as_secs_f64();
    println!("{seconds:>8.3} {:>8.1} {:>8}", text.len() as f64 / 1e6, resident("VmHWM:").saturating_sub(before));
}

fn written(format: &str, a: &Assessment, sources: &Sources) -> Vec<u8> {
    let mut out = Vec::new();
    match format {
        "html" => {
            let world = World::default();
            html::write(&Report { assessment: a, sources, world: &world, version: "0.0.0", lang: Lang::En }, &mut out).unwrap();
        }
        "xlsx" => out = xlsx::write(a, sources, onshore::Lang::En).unwrap(),
        #[cfg(feature = "pdf")]
        "pdf" => {
            let sheets = onshore::report::typst::Sheets::default();
            out = onshore::report::pdf::Pdf::new(a, sources, &RenderOptions::PLAIN, &sheets).unwrap().write().unwrap();
        }
        name => reporter(name).unwrap().write(a, sources, &RenderOptions::PLAIN, &mut out).unwrap(),
    }
    out
}

/// Resident memory of this process in MiB, now (`VmRSS:`) or at most (`VmHWM:`), where the system tells it.
fn resident(which: &str) -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|l| l.starts_with(which)).unwrap_or_default();
    line.split_whitespace().nth(1).and_then(|n| n.parse::<u64>().ok()).unwrap_or(0) / 1024
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
        path: (0..4).map(|h| hop(i, format!("hop-{h}-of-{i}")).into()).collect(),
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
        project_zh: None,
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
