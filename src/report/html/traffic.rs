//! The page of `onshore traffic`: what flowed most, from which country to which, a map of it, and what that means for rules. In the
//! frame of the residency report, and as self-contained.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};

use maud::{Markup, PreEscaped, html};

use super::{
    Prose, Report, Text, World, country_words, findings, nothing, rests, section, severity_badge, table, verdict_badge,
};
use crate::finding::State;
use crate::finding::Verdict;
use crate::finding::observed::{End, Observation, ObservedWay, Seen, size};
use crate::lang::{self, Joint, Lang, Message, say, tell};
use crate::model::RouteRole;
use crate::report::draw::map::Map;
use crate::report::draw::svg::{Layer, layered};
use crate::report::draw::{Change, Edge, Graph, Node, Site, Spot};
use crate::report::traffic::{amount, shares};
use crate::report::{count, safe};
use crate::source::Sources;

/// Ways in the table of those with the most bytes.
const TOP: usize = 100;
/// Ways on the map.
const DRAWN: usize = 200;
/// Countries that have a column of their own.
const COLUMNS: usize = 16;

pub fn write(o: &Observation, sources: &Sources, version: &str, lang: Lang, out: &mut dyn Write) -> io::Result<()> {
    let world = World::default();
    let r = Report { assessment: &o.assessment, sources, world: &world, version, lang };
    let unnamed = tell!(lang, "unnamed project");
    let name = o.assessment.name(lang).unwrap_or(&unnamed);
    let title = tell!(lang, "Observed traffic of {name}, as of {day}", name, day = lang::day(&o.assessment.as_of));
    let sections = [
        section("verdict", say!("What was decided, and what not"), || rules(o, lang)),
        section("top", say!("What flowed most"), || top(o, lang)),
        section("matrix", say!("From country to country"), || matrix(o, lang)),
        section("map", say!("Where it went"), || map(o, lang)),
        ("findings", say!("Findings"), Box::new(|out| findings::section(&r, out))),
        section("logs", say!("What was read"), || logs(o, lang)),
        section("data", say!("What places rest on"), || rests::data_sets(&r)),
    ];
    let limits =
        say!("A log shows who sent how much to whom, never what. It covers what was logged and read, and nothing else.");
    super::framed(&r, &html! { (Text(&title, lang)) }, &say!("Observed traffic"), &limits, &sections, out)
}

fn rules(o: &Observation, lang: Lang) -> Markup {
    let rules = &o.assessment.rules;
    if rules.is_empty() {
        return nothing(lang, &say!("No policy was given, so nothing was judged."));
    }
    let rows = html! {
        @for rule in rules {
            tr class=[(rule.verdict == Verdict::Indeterminate).then_some("untold")] {
                th scope="row" { (Text(&rule.title.tell(lang), lang)) br; span class="id" { (Text(&rule.rule, lang)) } }
                td { (verdict_badge(rule.verdict, lang)) }
                td { (severity_badge(rule.severity, lang)) }
                td class="wide" { (Prose(&rule.why.tell(lang), lang)) }
            }
        }
    };
    table(lang, &say!("Rules"), &[say!("Rule"), say!("Verdict"), say!("Severity"), say!("Why")], rows)
}

fn top(o: &Observation, lang: Lang) -> Markup {
    if o.ways.is_empty() {
        return nothing(lang, &say!("No flow was seen."));
    }
    let row = |w: &ObservedWay| {
        let declared = match w.declared {
            Some(true) => say!("yes"),
            Some(false) => say!("no"),
            None => say!("the inventory does not say"),
        };
        html! {
            tr class=[(country(&w.to) == UNKNOWN).then_some("untold")] {
                th scope="row" class="end" { (end(&w.from, lang)) }
                td class="few" { (lang.word(w.how())) }
                th scope="row" class="end" { (end(&w.to, lang)) }
                td class="few" { (amount(&w.seen).tell(lang)) }
                td class="few" { (w.seen.flows) }
                td class="day" {
                    (Text(&w.seen.first.as_deref().map_or_else(|| say!("not known"), lang::moment).tell(lang), lang))
                    br;
                    (Text(&w.seen.last.as_deref().map_or_else(Message::default, lang::moment).tell(lang), lang))
                }
                td { (declared.tell(lang)) }
                td { @for (log, row) in &w.seen.samples { code { (Text(log, lang)) ":" (row) } " " } }
            }
        }
    };
    let rows = html! { @for way in o.ways.iter().take(TOP) { (row(way)) } };
    let head = [
        say!("From"),
        say!("How"),
        say!("To"),
        say!("Bytes"),
        say!("Flows"),
        say!("First and last"),
        say!("Declared"),
        say!("Rows"),
    ];
    html! {
        (table(lang, &say!("Ways with the most bytes"), &head, rows))
        @if o.ways.len() > TOP { p { (Prose(&tell!(lang, "and {n} more, which `--format json` lists", n = o.ways.len() - TOP), lang)) } }
    }
}

fn end(end: &End, lang: Lang) -> Markup {
    html! { (Text(&end.called().tell(lang), lang)) @if end.declared { br; span class="place" { (Text(&words(&country(end), lang), lang)) } } }
}

/// Of an end without a place.
const UNKNOWN: &str = "?";

/// `US`, `DE or NL`, `?`.
fn country(end: &End) -> String {
    let codes: BTreeSet<&str> = end.places.iter().map(|p| p.place.as_ref().map_or(UNKNOWN, |p| p.country.as_str())).collect();
    if codes.is_empty() { UNKNOWN.to_owned() } else { codes.into_iter().collect::<Vec<_>>().join(" or ") }
}

fn words(country: &str, lang: Lang) -> String {
    lang::series(country.split(" or ").map(|code| country_words(code, lang)), Joint::EachOr).tell(lang)
}

fn matrix(o: &Observation, lang: Lang) -> Markup {
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
        return nothing(lang, &say!("No flow was seen."));
    }
    // What has no place comes first, then the most bytes.
    let ordered = |all: BTreeMap<String, u64>| {
        let mut list: Vec<(String, u64)> = all.into_iter().collect();
        list.sort_by(|a, b| (a.0 != UNKNOWN, b.1, &a.0).cmp(&(b.0 != UNKNOWN, a.1, &b.0)));
        list.into_iter().map(|(country, _)| country).collect::<Vec<_>>()
    };
    let (from, to) = (ordered(from_all), ordered(to_all));
    let (own, others) = to.split_at(to.len().min(COLUMNS));
    let mut head: Vec<Message> = vec![say!("From, to")];
    head.extend(own.iter().map(|c| Message::Plain(words(c, lang))));
    if !others.is_empty() {
        head.push(say!("others"));
    }
    let cell = |from: &String, to: &[String]| {
        let mut all = Seen::default();
        for seen in to.iter().filter_map(|to| cells.get(&(from.clone(), to.clone()))) {
            all.flows = all.flows.saturating_add(seen.flows);
            all.bytes = all.bytes.saturating_add(seen.bytes);
            all.unmeasured = all.unmeasured.saturating_add(seen.unmeasured);
        }
        let flows = Message::Count(all.flows, "flow", "flows").tell(lang);
        html! {
            td {
                @if all.flows == 0 { span class="no" { (tell!(lang, "none seen")) } }
                @else { (amount(&all).tell(lang)) br; span class="id" { (flows) } }
            }
        }
    };
    let rows = html! {
        @for from in &from {
            tr class=[(from == UNKNOWN).then_some("untold")] {
                th scope="row" { (Text(&words(from, lang), lang)) }
                @for to in own { (cell(from, std::slice::from_ref(to))) }
                @if !others.is_empty() { (cell(from, others)) }
            }
        }
    };
    html! {
        p { (tell!(lang, "Bytes by the country of sender and receiver; answers are counted where they went.")) }
        (table(lang, &say!("Bytes from country to country"), &head, rows))
    }
}

fn map(o: &Observation, lang: Lang) -> Markup {
    let graph = graph(o, lang);
    if graph.edges.is_empty() {
        return nothing(lang, &say!("There is nothing to draw."));
    }
    let map = Map::new(&graph);
    let svg = layered(&map, &[Layer { key: "0 0 0".to_owned(), map: map.clone() }], "world");
    html! { figure id="world" class="map" { div class="scroll" role="region" aria-label=(tell!(lang, "Map")) tabindex="0" { (PreEscaped(svg)) } } }
}

/// The ways with the most bytes between the places of their ends.
fn graph(o: &Observation, lang: Lang) -> Graph {
    let mut broken: BTreeMap<(&str, &str), Vec<String>> = BTreeMap::new();
    for finding in o.assessment.findings.iter().filter(|f| f.verdict == Verdict::Violated) {
        if let (Some((from, to, _)), Some(rule)) = (o.seen.get(&finding.fingerprint), &finding.rule) {
            broken.entry((&from.name, &to.name)).or_default().push(rule.clone());
        }
    }
    let subtitle = tell!(lang, "Map of observed ways. The table above says it in words.");
    let mut graph = Graph { subtitle, lang, ..Graph::default() };
    let unknown = || tell!(lang, "place unknown");
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
                    0 => Some(unknown()),
                    1 => None,
                    _ => Some(tell!(lang, "one of {places}", places = lang::series(place.split(" or "), Joint::EachOr))),
                };
                let name = if place == UNKNOWN { unknown() } else { place };
                graph.sites.push(Site { name, spots, unsure });
                graph.sites.len() - 1
            });
            *number = *nodes.entry(end.name.clone()).or_insert_with(|| {
                graph.nodes.push(Node { name: end.called().tell(lang), site: Some(site), ..Node::default() });
                graph.nodes.len() - 1
            });
        }
        let breaks = broken.get(&(way.from.name.as_str(), way.to.name.as_str())).cloned().unwrap_or_default();
        graph.nodes[ends[1]].breaks.extend(breaks.iter().cloned());
        graph.edges.push(Edge {
            from: ends[0],
            to: ends[1],
            activity: way.how(),
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
        graph.notes.push(tell!(lang, "{ways} with fewer bytes not drawn", ways = count(o.ways.len() - DRAWN, "way", "ways")));
    }
    graph
}

fn logs(o: &Observation, lang: Lang) -> Markup {
    let rows = html! {
        @for log in &o.logs {
            tr class=[log.broken.is_some().then_some("untold")] {
                th scope="row" { code { (Text(&log.name, lang)) } }
                td { @match &log.format { Some(format) => { (Text(format, lang)) } None => { (tell!(lang, "not known")) } } }
                td { (log.rows) }
                td class="wide" { @match &log.broken { Some(why) => { (Text(&lang.read(why), lang)) } None => { (tell!(lang, "read to its end")) } } }
            }
        }
    };
    html! {
        ul {
            li { (Message::Count(o.rows.read, "row", "rows").tell(lang)) }
            @for (what, n) in shares(&o.rows) { li { (tell!(lang, "{what}: {n}", what, n)) } }
        }
        @for (log, row) in &o.odd { p { (Prose(&tell!(lang, "not understood: `{log}:{row}`", log = safe(log), row), lang)) } }
        (rests::fold(lang, o.logs.len(), table(lang, &say!("Logs"), &[say!("Log"), say!("Format"), say!("Rows"), say!("How far")], rows)))
    }
}
