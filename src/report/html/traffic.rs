//! The page of `onshore traffic`: what flowed most, from which country to which, a map of it, and what that means for rules. In the
//! frame of the residency report, and as self-contained.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};

use maud::{Markup, PreEscaped, html};

use super::{Prose, Report, Text, World, country_words, findings, nothing, rests, severity_badge, table, verdict_badge};
use crate::finding::State;
use crate::finding::Verdict;
use crate::finding::observed::{End, Observation, ObservedWay, Seen, size};
use crate::lang::{Lang, Message};
use crate::model::RouteRole;
use crate::report::count;
use crate::report::draw::map::Map;
use crate::report::draw::svg::{Layer, layered};
use crate::report::draw::{Change, Edge, Graph, Node, Site, Spot};
use crate::report::traffic::{amount, shares};
use crate::source::Sources;

/// Ways in the table of those with the most bytes.
const TOP: usize = 100;
/// Ways on the map.
const DRAWN: usize = 200;
/// Countries that have a column of their own.
const COLUMNS: usize = 16;

/// This page is in English only.
const LANG: Lang = Lang::En;

const LIMITS: &str = "A log shows who sent how much to whom, never what. It covers what was logged and read, and nothing else.";

pub fn write(o: &Observation, sources: &Sources, version: &str, out: &mut dyn Write) -> io::Result<()> {
    let world = World::default();
    let r = Report { assessment: &o.assessment, sources, world: &world, version, lang: LANG };
    let name = o.assessment.project.as_deref().unwrap_or("unnamed project");
    let title = html! { "Observed traffic of " (Text(name)) ", as of " (Text(&o.assessment.as_of)) };
    let sections = [
        ("verdict", "What was decided, and what not".into(), rules(o)),
        ("top", "What flowed most".into(), top(o)),
        ("matrix", "From country to country".into(), matrix(o)),
        ("map", "Where it went".into(), map(o)),
        ("findings", "Findings".into(), findings::section(&r)),
        ("logs", "What was read".into(), logs(o)),
        ("data", "What places rest on".into(), rests::data_sets(&r)),
    ];
    let page = super::framed(&r, &title, &"Observed traffic".into(), &LIMITS.into(), &sections);
    out.write_all(page.into_string().as_bytes())
}

fn rules(o: &Observation) -> Markup {
    let rules = &o.assessment.rules;
    if rules.is_empty() {
        return nothing(LANG, &"No policy was given, so nothing was judged.".into());
    }
    let rows = html! {
        @for rule in rules {
            tr class=[(rule.verdict == Verdict::Indeterminate).then_some("untold")] {
                th scope="row" { (Text(&rule.title.tell(LANG))) br; span class="id" { (Text(&rule.rule)) } }
                td { (verdict_badge(rule.verdict, LANG)) }
                td { (severity_badge(rule.severity, LANG)) }
                td class="wide" { (Prose(&rule.why.tell(LANG))) }
            }
        }
    };
    table(LANG, &"Rules".into(), &["Rule", "Verdict", "Severity", "Why"].map(Message::from), rows)
}

fn top(o: &Observation) -> Markup {
    if o.ways.is_empty() {
        return nothing(LANG, &"No flow was seen.".into());
    }
    let row = |w: &ObservedWay| {
        let declared = match w.declared {
            Some(true) => "yes",
            Some(false) => "no",
            None => "the inventory does not say",
        };
        html! {
            tr class=[(country(&w.to) == UNKNOWN).then_some("untold")] {
                th scope="row" { (end(&w.from)) }
                td { @if w.answered { "answered" } @else { "sent" } }
                th scope="row" { (end(&w.to)) }
                td { (amount(&w.seen)) }
                td { (w.seen.flows) }
                td { (Text(w.seen.first.as_deref().unwrap_or("not known"))) br; (Text(w.seen.last.as_deref().unwrap_or(""))) }
                td { (declared) }
                td { @for (log, row) in &w.seen.samples { code { (Text(log)) ":" (row) } " " } }
            }
        }
    };
    let rows = html! { @for way in o.ways.iter().take(TOP) { (row(way)) } };
    let head = ["From", "", "To", "Bytes", "Flows", "First and last", "Declared", "Rows"].map(Message::from);
    html! {
        (table(LANG, &"Ways with the most bytes".into(), &head, rows))
        @if o.ways.len() > TOP { p { "and " (o.ways.len() - TOP) " more, which " code { "--format json" } " lists" } }
    }
}

fn end(end: &End) -> Markup {
    html! { (Text(&end.name)) @if end.declared { br; span class="place" { (country_list(end)) } } }
}

/// Of an end without a place.
const UNKNOWN: &str = "?";

/// `US`, `DE or NL`, `?`.
fn country(end: &End) -> String {
    let codes: BTreeSet<&str> = end.places.iter().map(|p| p.place.as_ref().map_or(UNKNOWN, |p| p.country.as_str())).collect();
    if codes.is_empty() { UNKNOWN.to_owned() } else { codes.into_iter().collect::<Vec<_>>().join(" or ") }
}

fn country_list(end: &End) -> Markup {
    html! { (Text(&words(&country(end)))) }
}

fn words(country: &str) -> String {
    country.split(" or ").map(|code| country_words(code, LANG)).collect::<Vec<_>>().join(" or ")
}

fn matrix(o: &Observation) -> Markup {
    let mut cells: BTreeMap<(String, String), Seen> = BTreeMap::new();
    let (mut from_all, mut to_all): (BTreeMap<String, u64>, BTreeMap<String, u64>) = Default::default();
    for way in &o.ways {
        let (from, to) = (country(&way.from), country(&way.to));
        *from_all.entry(from.clone()).or_default() += way.seen.bytes;
        *to_all.entry(to.clone()).or_default() += way.seen.bytes;
        let cell = cells.entry((from, to)).or_default();
        cell.flows = cell.flows.saturating_add(way.seen.flows);
        cell.bytes = cell.bytes.saturating_add(way.seen.bytes);
        cell.unmeasured = cell.unmeasured.saturating_add(way.seen.unmeasured);
    }
    if cells.is_empty() {
        return nothing(LANG, &"No flow was seen.".into());
    }
    // What has no place comes first, then the most bytes.
    let ordered = |all: BTreeMap<String, u64>| {
        let mut list: Vec<(String, u64)> = all.into_iter().collect();
        list.sort_by(|a, b| (a.0 != UNKNOWN, b.1, &a.0).cmp(&(b.0 != UNKNOWN, a.1, &b.0)));
        list.into_iter().map(|(country, _)| country).collect::<Vec<_>>()
    };
    let (from, to) = (ordered(from_all), ordered(to_all));
    let (own, others) = to.split_at(to.len().min(COLUMNS));
    let mut head: Vec<Message> = vec!["From, to".into()];
    head.extend(own.iter().map(|c| Message::Plain(words(c))));
    if !others.is_empty() {
        head.push("others".into());
    }
    let cell = |from: &String, to: &[String]| {
        let mut all = Seen::default();
        for seen in to.iter().filter_map(|to| cells.get(&(from.clone(), to.clone()))) {
            all.flows = all.flows.saturating_add(seen.flows);
            all.bytes = all.bytes.saturating_add(seen.bytes);
            all.unmeasured = all.unmeasured.saturating_add(seen.unmeasured);
        }
        html! { td { @if all.flows == 0 { span class="no" { "none seen" } } @else { (amount(&all)) br; span class="id" { (all.flows) " flows" } } } }
    };
    let rows = html! {
        @for from in &from {
            tr class=[(from == UNKNOWN).then_some("untold")] {
                th scope="row" { (Text(&words(from))) }
                @for to in own { (cell(from, std::slice::from_ref(to))) }
                @if !others.is_empty() { (cell(from, others)) }
            }
        }
    };
    html! {
        p { "Bytes by the country of sender and receiver; answers are counted where they went." }
        (table(LANG, &"Bytes from country to country".into(), &head, rows))
    }
}

fn map(o: &Observation) -> Markup {
    let graph = graph(o);
    if graph.edges.is_empty() {
        return nothing(LANG, &"There is nothing to draw.".into());
    }
    let map = Map::new(&graph);
    let svg = layered(&map, &[Layer { key: "0 0 0".to_owned(), map: map.clone() }], "world");
    html! { figure id="world" class="map" { div class="scroll" role="region" aria-label="Map" tabindex="0" { (PreEscaped(svg)) } } }
}

/// The ways with the most bytes between the places of their ends.
fn graph(o: &Observation) -> Graph {
    let mut broken: BTreeMap<(&str, &str), Vec<String>> = BTreeMap::new();
    for finding in o.assessment.findings.iter().filter(|f| f.verdict == Verdict::Violated) {
        if let (Some((from, to, _)), Some(rule)) = (o.seen.get(&finding.fingerprint), &finding.rule) {
            broken.entry((&from.name, &to.name)).or_default().push(rule.clone());
        }
    }
    let mut graph =
        Graph { subtitle: "Map of observed ways. The table above says it in words.".to_owned(), ..Graph::default() };
    let mut sites: BTreeMap<String, usize> = BTreeMap::new();
    let mut nodes: BTreeMap<String, usize> = BTreeMap::new();
    for way in o.ways.iter().take(DRAWN) {
        let mut ends = [0, 0];
        for (number, end) in ends.iter_mut().zip([&way.from, &way.to]) {
            let place = country(end);
            let site = *sites.entry(place.clone()).or_insert_with(|| {
                let known = end.places.iter().filter_map(|p| p.place.clone());
                let spots: Vec<Spot> = known.map(|p| Spot::new(crate::model::Place::country(p.country), None)).collect();
                let unsure = match spots.len() {
                    0 => Some("place unknown".to_owned()),
                    1 => None,
                    _ => Some(format!("one of {place}")),
                };
                graph.sites.push(Site {
                    name: if place == UNKNOWN { "place unknown".to_owned() } else { place },
                    spots,
                    unsure,
                });
                graph.sites.len() - 1
            });
            *number = *nodes.entry(end.name.clone()).or_insert_with(|| {
                graph.nodes.push(Node { name: end.name.clone(), site: Some(site), ..Node::default() });
                graph.nodes.len() - 1
            });
        }
        let breaks = broken.get(&(way.from.name.as_str(), way.to.name.as_str())).cloned().unwrap_or_default();
        graph.nodes[ends[1]].breaks.extend(breaks.iter().cloned());
        graph.edges.push(Edge {
            from: ends[0],
            to: ends[1],
            activity: if way.answered { "answered" } else { "sent" },
            role: RouteRole::Primary,
            state: State::Normal,
            change: Change::Same,
            condition: None,
            at: size(way.seen.bytes),
            ends: !breaks.is_empty(),
            breaks,
            waived: Vec::new(),
            count: 1,
        });
    }
    if o.ways.len() > DRAWN {
        graph.notes.push(format!("{} with fewer bytes not drawn", count(o.ways.len() - DRAWN, "way", "ways")));
    }
    graph
}

fn logs(o: &Observation) -> Markup {
    let rows = html! {
        @for log in &o.logs {
            tr class=[log.broken.is_some().then_some("untold")] {
                th scope="row" { code { (Text(&log.name)) } }
                td { (Text(log.format.as_deref().unwrap_or("not known"))) }
                td { (log.rows) }
                td class="wide" { @match &log.broken { Some(why) => { (Text(why)) } None => { "read to its end" } } }
            }
        }
    };
    html! {
        ul { li { (o.rows.read) " rows" } @for (what, n) in shares(&o.rows) { li { (what) ": " (n) } } }
        @for (log, row) in &o.odd { p { "not understood: " code { (Text(log)) ":" (row) } } }
        (rests::fold(LANG, o.logs.len(), table(LANG, &"Logs".into(), &["Log", "Format", "Rows", "How far"].map(Message::from), rows)))
    }
}
