//! What logs show: for people a page in the manner of the assessment's, for programs the contract `onshore.traffic/1`. Within
//! version 1, fields are only added.

use std::io::{self, Write};

use serde::Serialize;

use super::json::{self, DataSet, JsonFinding, JsonPlace, Rule};
use super::pretty::Pretty;
use super::{BOLD, RenderOptions, Reporter, safe, table};
use crate::finding::observed::{End, Log, Observation, ObservedWay, Proof, Rows, Seen, Unused, size};
use crate::lang::{self, Joint, Lang, Message, say, tell};
use crate::source::Sources;

pub const SCHEMA: &str = "onshore.traffic/1";

/// Ways shown in a table; JSON has all.
const SHOWN: usize = 20;

/// The page: what was read, who sent where, what breaks which rule.
pub fn pretty(o: &Observation, sources: &Sources, options: &RenderOptions, out: &mut dyn Write) -> io::Result<()> {
    logs(o, options, out)?;
    let of = |declared: Option<bool>| o.ways.iter().filter(|w| w.declared == declared).collect::<Vec<_>>();
    ways(&say!("Most bytes"), &o.ways.iter().collect::<Vec<_>>(), options, out)?;
    ways(&say!("Undeclared ways"), &of(Some(false)), options, out)?;
    let moved = |w: &&ObservedWay| w.from.was.is_some() || w.to.was.is_some();
    let moved: Vec<&ObservedWay> = o.ways.iter().filter(moved).collect();
    ways(&say!("Places that the database before had elsewhere"), &moved, options, out)?;
    if !o.unused.is_empty() {
        title(&say!("Declared ways that nothing took"), options, out)?;
        let lang = options.lang;
        let row = |u: &Unused| {
            vec![u.from.clone(), u.to.clone(), lang.word(u.activity).to_owned(), lang.word(u.role).to_owned(), u.source.clone()]
        };
        let rows: Vec<Vec<String>> = o.unused.iter().take(SHOWN).map(row).collect();
        let head = [say!("from"), say!("to"), say!("activity"), say!("role"), say!("declared at")];
        rendered(&head, &rows, options, out)?;
        more(o.unused.len(), options, out)?;
    }
    if !o.proofs.is_empty() {
        title(&say!("Findings of `onshore check` that were seen to happen"), options, out)?;
        for p in o.proofs.iter().take(SHOWN) {
            let text = format!(
                "{} [{}] - {}",
                safe(&p.message.tell(options.lang)),
                safe(&p.rule),
                evidence(&p.seen).tell(options.lang)
            );
            writeln!(out, "{}", options.wrap("  - ", "    ", &text))?;
        }
        more(o.proofs.len(), options, out)?;
    }
    if !o.assessment.rules.is_empty() {
        return Pretty.write(&o.assessment, sources, options, out);
    }
    Ok(())
}

fn title(text: &Message, options: &RenderOptions, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "{}", options.paint(BOLD, &text.tell(options.lang)))
}

fn rendered(head: &[Message], rows: &[Vec<String>], options: &RenderOptions, out: &mut dyn Write) -> io::Result<()> {
    let head: Vec<String> = head.iter().map(|title| title.tell(options.lang)).collect();
    let head: Vec<&str> = head.iter().map(String::as_str).collect();
    write!(out, "{}", table::render(&head, rows, options))
}

fn more(all: usize, options: &RenderOptions, out: &mut dyn Write) -> io::Result<()> {
    if all > SHOWN {
        writeln!(
            out,
            "{}",
            options.wrap("  ", "  ", &tell!(options.lang, "and {n} more; --format json lists all", n = all - SHOWN))
        )?;
    }
    writeln!(out)
}

fn logs(o: &Observation, options: &RenderOptions, out: &mut dyn Write) -> io::Result<()> {
    let lang = options.lang;
    title(&say!("Logs"), options, out)?;
    let read = o.logs.iter().filter(|l| l.format.is_some()).count();
    let read = say!("{logs} read, {rows}", logs = lang::count(read, "log", "logs"), rows = of(o.rows.read, "row", "rows"));
    writeln!(out, "  {}", read.tell(lang))?;
    let mut line = |text: &Message| writeln!(out, "{}", options.wrap("  ", "    ", &text.tell(lang)));
    for (what, n) in shares(&o.rows) {
        line(&say!("{what}: {n}", what, n))?;
    }
    if o.other.flows > 0 {
        let flows = of(o.other.flows, "flow", "flows");
        line(&say!("{flows} of pairs beyond those that are told apart: {seen}", flows, seen = evidence(&o.other)))?;
    }
    match o.grain {
        "hour" => {}
        "day" => line(&say!("times are told apart by day only: there was too much to keep hours"))?,
        _ => line(&say!("times are not told apart: there was too much to keep days"))?,
    }
    for (log, row) in &o.odd {
        line(&say!("not understood: {log}:{row}", log = safe(log), row))?;
    }
    for log in o.logs.iter().filter(|l| l.broken.is_some()) {
        let (name, why) = (safe(&log.name), lang::read(safe(log.broken.as_deref().unwrap_or("")).into_owned()));
        line(&match log.format {
            Some(_) => {
                let rows = of(log.rows, "row", "rows");
                say!("{name} was not read to its end after {rows}: {why}", name, rows, why)
            }
            None => say!("{name} was not read to its end: {why}", name, why),
        })?;
    }
    writeln!(out)
}

/// What rows came to, as far as there are any.
pub(super) fn shares(r: &Rows) -> Vec<(Message, u64)> {
    let all = [
        (say!("flows"), r.flows),
        (say!("- to or from a private address that no declared network covers"), r.private),
        (say!("- to or from an address of which no place is known"), r.unlocated),
        (say!("- that stay on the machine or the wire"), r.local),
        (say!("- whose bytes were not measured"), r.unmeasured),
        (say!("- without a time"), r.untimed),
        (say!("- whose bytes are estimated from a sample"), r.estimated),
        (say!("rows that say that there was no traffic"), r.no_data),
        (say!("refused by a firewall, so that nothing went through"), r.refused),
        (say!("TCP headers without payload"), r.attempts),
        (say!("ways of a connection in which nothing went"), r.empty),
        (say!("rows in whose place the log left something out"), r.skipped),
        (say!("rows that were not understood"), r.unparsable),
    ];
    all.into_iter().filter(|(_, n)| *n > 0).collect()
}

fn of(n: u64, one: &'static str, many: &'static str) -> Message {
    Message::Count(n, one, many)
}

fn ways(heading: &Message, ways: &[&ObservedWay], options: &RenderOptions, out: &mut dyn Write) -> io::Result<()> {
    if ways.is_empty() {
        return Ok(());
    }
    title(heading, options, out)?;
    let lang = options.lang;
    let row = |w: &&ObservedWay| {
        vec![
            end(&w.from, lang),
            lang.word(w.how()).to_owned(),
            end(&w.to, lang),
            amount(&w.seen).tell(lang),
            w.seen.flows.to_string(),
            w.seen.last.as_deref().map(|last| lang::moment(last).tell(lang)).unwrap_or_default(),
        ]
    };
    let rows: Vec<Vec<String>> = ways.iter().take(SHOWN).map(row).collect();
    let head = [say!("from"), Message::default(), say!("to"), say!("bytes"), say!("flows"), say!("last")];
    rendered(&head, &rows, options, out)?;
    more(ways.len(), options, out)
}

/// `db-us (US-VA)`.
fn end(end: &End, lang: Lang) -> String {
    if !end.declared {
        return end.called().tell(lang);
    }
    let places = end.places.iter().map(|p| p.place.clone().map_or_else(|| "?".into(), Message::Place));
    tell!(lang, "{name} ({places})", name = end.called(), places = lang::list(places))
}

pub(super) fn amount(seen: &Seen) -> Message {
    match seen.unmeasured {
        0 => size(seen.bytes).into(),
        n if n == seen.flows => say!("unmeasured"),
        _ => say!(">= {size}", size = size(seen.bytes)),
    }
}

fn evidence(seen: &Seen) -> Message {
    let rows: Vec<String> = seen.samples.iter().map(|(log, row)| format!("{}:{row}", safe(log))).collect();
    let rows = lang::series(rows, Joint::Comma);
    say!("{amount} in {flows}, see {rows}", amount = amount(seen), flows = of(seen.flows, "flow", "flows"), rows)
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
