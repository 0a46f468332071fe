//! What logs show: for people a page in the manner of the assessment's, for programs the contract `onshore.traffic/1`. Within
//! version 1, fields are only added.

use std::io::{self, Write};

use serde::Serialize;

use super::json::{self, DataSet, JsonFinding, JsonPlace, Rule};
use super::pretty::Pretty;
use super::{BOLD, RenderOptions, Reporter, count, safe, table};
use crate::finding::observed::{End, Log, Observation, ObservedWay, Proof, Rows, Seen, Unused, size};
use crate::lang::Message;
use crate::source::Sources;

pub const SCHEMA: &str = "onshore.traffic/1";

/// Ways shown in a table; JSON has all.
const SHOWN: usize = 20;

/// The page: what was read, who sent where, what breaks which rule.
pub fn pretty(o: &Observation, sources: &Sources, options: &RenderOptions, out: &mut dyn Write) -> io::Result<()> {
    logs(o, options, out)?;
    let of = |declared: Option<bool>| o.ways.iter().filter(|w| w.declared == declared).collect::<Vec<_>>();
    ways("Most bytes", &o.ways.iter().collect::<Vec<_>>(), options, out)?;
    ways("Undeclared ways", &of(Some(false)), options, out)?;
    let moved = |w: &&ObservedWay| w.from.was.is_some() || w.to.was.is_some();
    let moved: Vec<&ObservedWay> = o.ways.iter().filter(moved).collect();
    ways("Places that the database before had elsewhere", &moved, options, out)?;
    if !o.unused.is_empty() {
        title("Declared ways that nothing took", options, out)?;
        let row = |u: &Unused| vec![u.from.clone(), u.to.clone(), u.activity.to_owned(), u.role.to_owned(), u.source.clone()];
        let rows: Vec<Vec<String>> = o.unused.iter().take(SHOWN).map(row).collect();
        write!(out, "{}", table::render(&["from", "to", "activity", "role", "declared at"], &rows, options))?;
        more(o.unused.len(), options, out)?;
    }
    if !o.proofs.is_empty() {
        title("Findings of `onshore check` that were seen to happen", options, out)?;
        for p in o.proofs.iter().take(SHOWN) {
            let text = format!("{} [{}] - {}", safe(&p.message.tell(options.lang)), safe(&p.rule), evidence(&p.seen));
            writeln!(out, "{}", options.wrap("  - ", "    ", &text))?;
        }
        more(o.proofs.len(), options, out)?;
    }
    if !o.assessment.rules.is_empty() {
        return Pretty.write(&o.assessment, sources, options, out);
    }
    Ok(())
}

fn title(text: &str, options: &RenderOptions, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "{}", options.paint(BOLD, text))
}

fn more(all: usize, options: &RenderOptions, out: &mut dyn Write) -> io::Result<()> {
    if all > SHOWN {
        writeln!(out, "{}", options.wrap("  ", "  ", &format!("and {} more; --format json lists all", all - SHOWN)))?;
    }
    writeln!(out)
}

fn logs(o: &Observation, options: &RenderOptions, out: &mut dyn Write) -> io::Result<()> {
    title("Logs", options, out)?;
    let read = o.logs.iter().filter(|l| l.format.is_some()).count();
    writeln!(out, "  {} read, {}", count(read, "log", "logs"), of(o.rows.read, "row", "rows"))?;
    for (what, n) in shares(&o.rows) {
        writeln!(out, "{}", options.wrap("  ", "    ", &format!("{what}: {n}")))?;
    }
    if o.other.flows > 0 {
        let text =
            format!("{} of pairs beyond those that are told apart: {}", of(o.other.flows, "flow", "flows"), evidence(&o.other));
        writeln!(out, "{}", options.wrap("  ", "    ", &text))?;
    }
    if o.grain != "hour" {
        writeln!(out, "  times are told apart by {} only: there was too much to keep hours", o.grain)?;
    }
    for (log, row) in &o.odd {
        writeln!(out, "  not understood: {}:{row}", safe(log))?;
    }
    for log in o.logs.iter().filter(|l| l.broken.is_some()) {
        let rows = if log.format.is_some() { format!(" after {}", of(log.rows, "row", "rows")) } else { String::new() };
        let text = format!("{} was not read to its end{rows}: {}", safe(&log.name), safe(log.broken.as_deref().unwrap_or("")));
        writeln!(out, "{}", options.wrap("  ", "    ", &text))?;
    }
    writeln!(out)
}

/// What rows came to, as far as there are any.
pub(super) fn shares(r: &Rows) -> Vec<(&'static str, u64)> {
    let all = [
        ("flows", r.flows),
        ("- to or from a private address that no declared network covers", r.private),
        ("- to or from an address of which no place is known", r.unlocated),
        ("- that stay on the machine or the wire", r.local),
        ("- whose bytes were not measured", r.unmeasured),
        ("- without a time", r.untimed),
        ("- whose bytes are estimated from a sample", r.estimated),
        ("rows that say that there was no traffic", r.no_data),
        ("refused by a firewall, so that nothing went through", r.refused),
        ("TCP headers without payload", r.attempts),
        ("ways of a connection in which nothing went", r.empty),
        ("rows in whose place the log left something out", r.skipped),
        ("rows that were not understood", r.unparsable),
    ];
    all.into_iter().filter(|(_, n)| *n > 0).collect()
}

fn of(n: u64, one: &'static str, many: &'static str) -> String {
    crate::lang::count(usize::try_from(n).unwrap_or(usize::MAX), one, many).to_string()
}

fn ways(heading: &str, ways: &[&ObservedWay], options: &RenderOptions, out: &mut dyn Write) -> io::Result<()> {
    if ways.is_empty() {
        return Ok(());
    }
    title(heading, options, out)?;
    let row = |w: &&ObservedWay| {
        let how = if w.answered { "answered" } else { "sent" };
        vec![
            end(&w.from),
            how.to_owned(),
            end(&w.to),
            amount(&w.seen),
            w.seen.flows.to_string(),
            w.seen.last.clone().unwrap_or_default(),
        ]
    };
    let rows: Vec<Vec<String>> = ways.iter().take(SHOWN).map(row).collect();
    write!(out, "{}", table::render(&["from", "", "to", "bytes", "flows", "last"], &rows, options))?;
    more(ways.len(), options, out)
}

/// `db-us (US-VA)`.
fn end(end: &End) -> String {
    if !end.declared {
        return end.name.clone();
    }
    let places: Vec<String> =
        end.places.iter().map(|p| p.place.as_ref().map_or_else(|| "?".to_owned(), ToString::to_string)).collect();
    format!("{} ({})", end.name, places.join(", "))
}

pub(super) fn amount(seen: &Seen) -> String {
    match seen.unmeasured {
        0 => size(seen.bytes),
        n if n == seen.flows => "unmeasured".to_owned(),
        _ => format!(">= {}", size(seen.bytes)),
    }
}

fn evidence(seen: &Seen) -> String {
    let rows: Vec<String> = seen.samples.iter().map(|(log, row)| format!("{}:{row}", safe(log))).collect();
    format!("{} in {}, see {}", amount(seen), of(seen.flows, "flow", "flows"), rows.join(", "))
}

/// Everything, as the contract has it.
pub fn json(o: &Observation, sources: &Sources, out: &mut dyn Write) -> io::Result<()> {
    let inner = json::document(&o.assessment, sources);
    let found = inner.findings.iter().zip(&o.assessment.findings).map(|(finding, f)| Found {
        finding,
        observed: o.seen.get(&f.fingerprint).map(|(from, to, seen)| Observed {
            from: from.into(),
            to: to.into(),
            seen: seen.into(),
        }),
    });
    let document = Document {
        schema: SCHEMA,
        project: inner.project,
        verdict: inner.verdict,
        as_of: inner.as_of,
        rules: inner.rules,
        findings: found.collect(),
        ways: o.ways.iter().map(Way::from).collect(),
        other: (&o.other).into(),
        unused: o
            .unused
            .iter()
            .map(|u| UnusedWay { from: &u.from, to: &u.to, activity: u.activity, role: u.role, source: &u.source })
            .collect(),
        proofs: o.proofs.iter().map(JsonProof::from).collect(),
        rows: &o.rows,
        time_grain: o.grain,
        not_understood: rows(&o.odd),
        logs: &o.logs,
        data_sets: inner.data_sets,
    };
    json::write_value(&document, out)
}

#[derive(Serialize)]
struct Document<'a> {
    schema: &'static str,
    project: Option<&'a str>,
    verdict: &'static str,
    as_of: &'a str,
    rules: Vec<Rule<'a>>,
    findings: Vec<Found<'a>>,
    ways: Vec<Way<'a>>,
    other: JsonSeen<'a>,
    unused: Vec<UnusedWay<'a>>,
    proofs: Vec<JsonProof<'a>>,
    rows: &'a Rows,
    time_grain: &'static str,
    not_understood: Vec<Row<'a>>,
    logs: &'a [Log],
    data_sets: Vec<DataSet<'a>>,
}

/// A finding as in `onshore.assessment/1`, and what it rests on.
#[derive(Serialize)]
struct Found<'a> {
    #[serde(flatten)]
    finding: JsonFinding<'a>,
    observed: Option<Observed<'a>>,
}

#[derive(Serialize)]
struct Observed<'a> {
    from: JsonEnd<'a>,
    to: JsonEnd<'a>,
    #[serde(flatten)]
    seen: JsonSeen<'a>,
}

#[derive(Serialize)]
struct JsonEnd<'a> {
    name: &'a str,
    in_inventory: bool,
    places: Vec<JsonPlace<'a>>,
    /// Country by the database before, if another.
    #[serde(skip_serializing_if = "Option::is_none")]
    was: Option<&'a str>,
}

impl<'a> From<&'a End> for JsonEnd<'a> {
    fn from(end: &'a End) -> Self {
        Self { name: &end.name, in_inventory: end.declared, places: json::places(&end.places), was: end.was.as_deref() }
    }
}

#[derive(Serialize)]
struct JsonSeen<'a> {
    flows: u64,
    bytes: u64,
    /// Flows whose bytes were not measured.
    unmeasured: u64,
    first: Option<&'a str>,
    last: Option<&'a str>,
    samples: Vec<Row<'a>>,
}

impl<'a> From<&'a Seen> for JsonSeen<'a> {
    fn from(seen: &'a Seen) -> Self {
        Self {
            flows: seen.flows,
            bytes: seen.bytes,
            unmeasured: seen.unmeasured,
            first: seen.first.as_deref(),
            last: seen.last.as_deref(),
            samples: rows(&seen.samples),
        }
    }
}

/// A line (from 1) of a text, a record (from 1) of anything else.
#[derive(Serialize)]
struct Row<'a> {
    log: &'a str,
    row: u64,
}

fn rows(samples: &[(String, u64)]) -> Vec<Row<'_>> {
    samples.iter().map(|(log, row)| Row { log, row: *row }).collect()
}

#[derive(Serialize)]
struct Way<'a> {
    from: JsonEnd<'a>,
    to: JsonEnd<'a>,
    /// Answers to connections that the receiver opened.
    answered: bool,
    /// `null`: the inventory has nothing to say of it.
    declared: Option<bool>,
    #[serde(flatten)]
    seen: JsonSeen<'a>,
}

impl<'a> From<&'a ObservedWay> for Way<'a> {
    fn from(w: &'a ObservedWay) -> Self {
        Self { from: (&w.from).into(), to: (&w.to).into(), answered: w.answered, declared: w.declared, seen: (&w.seen).into() }
    }
}

#[derive(Serialize)]
struct UnusedWay<'a> {
    from: &'a str,
    to: &'a str,
    activity: &'static str,
    role: &'static str,
    source: &'a str,
}

/// A finding of the assessment whose last step was seen.
#[derive(Serialize)]
struct JsonProof<'a> {
    finding: &'a str,
    rule: &'a str,
    endpoint: &'a str,
    message: &'a Message,
    #[serde(flatten)]
    seen: JsonSeen<'a>,
}

impl<'a> From<&'a Proof> for JsonProof<'a> {
    fn from(p: &'a Proof) -> Self {
        Self { finding: &p.finding, rule: &p.rule, endpoint: &p.endpoint, message: &p.message, seen: (&p.seen).into() }
    }
}
