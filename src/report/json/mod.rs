//! The JSON contract `onshore.assessment/1`. The types here mirror the contract and not the inside: a change of an inner type
//! cannot change what others parse. Within version 1, fields are only added.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::io::{self, Write};

use serde::Serialize;

use super::{RenderOptions, Reporter, by_format};
use crate::finding::{
    Allowed, Assessment, DataSetInfo, Edge, Finding, GapResult, Hop, IncidentLevel, KnownPlace, Path, RuleResult, Severity,
    Stand, Topology, Waived, WaivedBy, Way,
};
use crate::lang::Message;
use crate::model::ResourceTally;
use crate::source::{Location, Sources};

mod escape;
mod remedy;

pub use escape::{write_line, write_value};
use remedy::{JsonRemedy, remedy};

pub const SCHEMA: &str = "onshore.assessment/1";

/// In English in every language of the output: programs compare it.
impl Serialize for Message {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// Of larger projects the topology (about 100 bytes a route) is left out.
const MOST_ROUTES: usize = 50_000;

pub struct Json;

impl Reporter for Json {
    fn name(&self) -> &'static str {
        "json"
    }

    fn describe(&self) -> &'static str {
        "everything, as the contract onshore.assessment/1"
    }

    fn shows_ways(&self) -> bool {
        true
    }

    fn write(&self, a: &Assessment, sources: &Sources, _: &RenderOptions, out: &mut dyn Write) -> io::Result<()> {
        write_value(&document(a, sources), out)
    }
}

#[derive(Serialize)]
pub(super) struct Document<'a> {
    schema: &'static str,
    pub(super) project: Option<&'a str>,
    owner: Option<&'a str>,
    notify: Option<Notify<'a>>,
    pub(super) verdict: &'static str,
    pub(super) as_of: &'a str,
    pub(super) rules: Vec<Rule<'a>>,
    pub(super) findings: Each<'a, Finding, JsonFinding<'a>>,
    pub(super) transfers: Vec<JsonTransfer<'a>>,
    pub(super) remedies: Vec<JsonRemedy<'a>>,
    pub(super) gaps: Each<'a, GapResult, JsonGap<'a>>,
    ways: Each<'a, Way, JsonWay<'a>>,
    topology: Option<JsonTopology<'a>>,
    pub(super) coverage: JsonCoverage<'a>,
    pub(super) data_sets: Vec<DataSet<'a>>,
}

/// Members of a list, each made when it is written: all at once they need more memory than the assessment itself.
pub(super) struct Each<'a, T, J> {
    of: &'a [T],
    sources: &'a Sources,
    make: fn(&'a T, &'a Sources) -> J,
}

impl<'a, T, J> Each<'a, T, J> {
    pub(super) fn iter(&self) -> impl ExactSizeIterator<Item = J> {
        self.of.iter().map(|one| (self.make)(one, self.sources))
    }
}

impl<T, J: Serialize> Serialize for Each<'_, T, J> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.iter())
    }
}

#[derive(Serialize)]
pub(super) struct JsonWay<'a> {
    origin: &'a str,
    data: &'a str,
    country: &'a str,
    activity: &'static str,
    state: &'static str,
    endpoint: &'a str,
    source: Position<'a>,
    path: Vec<JsonHop<'a>>,
}

/// What `onshore diff` needs of a saved assessment to name the line that opened a way.
#[derive(Serialize)]
struct JsonTopology<'a> {
    endpoints: Vec<JsonStand<'a>>,
    routes: Vec<JsonEdge<'a>>,
}

#[derive(Serialize)]
struct JsonStand<'a> {
    endpoint: &'a str,
    places: &'a [String],
    /// The line that says so.
    source: Option<Position<'a>>,
}

#[derive(Serialize)]
struct JsonEdge<'a> {
    from: &'a str,
    to: &'a str,
    activity: &'a str,
    role: &'a str,
}

/// What only an entry of the transfer register lets pass.
#[derive(Serialize)]
pub(super) struct JsonTransfer<'a> {
    rule: &'a str,
    endpoint: &'a str,
    origin: &'a [String],
    data: &'a [String],
    places: Vec<JsonPlace<'a>>,
    mechanism: &'a str,
    recipient: &'a str,
    purpose: &'a str,
    evidence: &'a str,
    until: Option<&'a str>,
    source: Option<Position<'a>>,
    register_source: Position<'a>,
}

/// Severity on the four-level incident scale.
#[derive(Serialize)]
struct Level {
    level: u8,
    name: &'static str,
    native: &'static str,
}

impl Level {
    fn of(severity: Severity) -> Self {
        let IncidentLevel { level, name, native } = severity.level();
        Self { level, name, native }
    }
}

#[derive(Serialize)]
struct Notify<'a> {
    contact: &'a str,
    within_hours: u64,
}

#[derive(Serialize)]
pub(super) struct Rule<'a> {
    rule: &'a str,
    title: &'a Message,
    severity: &'static str,
    incident_level: Level,
    verdict: &'static str,
    why: &'a Message,
    controls: &'a [&'static str],
    reading: Option<JsonRead<'a>>,
    examined: Examined,
    source: Position<'a>,
}

/// How the contested point that a rule is about is read.
#[derive(Serialize)]
struct JsonRead<'a> {
    point: &'a str,
    #[serde(rename = "as")]
    reading: &'static str,
    /// Somebody chose it; otherwise it is strict because nobody did.
    chosen: bool,
}

#[derive(Serialize)]
struct Examined {
    endpoints: usize,
    routes: usize,
}

#[derive(Serialize)]
pub(super) struct JsonFinding<'a> {
    code: &'static str,
    rule: Option<&'a str>,
    with_rules: &'a [String],
    severity: &'static str,
    incident_level: Level,
    verdict: &'static str,
    message: &'a Message,
    help: Option<&'a Message>,
    why: Option<&'a Message>,
    controls: &'a [&'static str],
    origin: &'a [String],
    data: &'a [String],
    /// The first of `populations`.
    population: Option<&'a str>,
    populations: &'a [String],
    endpoint: &'a str,
    places: Vec<JsonPlace<'a>>,
    activity: Option<&'static str>,
    role: Option<&'static str>,
    state: Option<&'static str>,
    condition: Option<&'a Message>,
    lost: Option<&'a str>,
    without: &'a [String],
    path: Vec<JsonHop<'a>>,
    source: Option<Position<'a>>,
    policy_source: Option<Position<'a>>,
    labels: Vec<JsonLabel<'a>>,
    fingerprint: &'a str,
    waiver: Option<JsonWaiver<'a>>,
    /// What accepted it until that was over.
    lapsed: Option<JsonWaiver<'a>>,
}

/// Why a finding does not count: a person's word, or that it was there before.
#[derive(Serialize)]
struct JsonWaiver<'a> {
    /// `waiver`, `baseline`.
    kind: &'static str,
    approver: Option<&'a str>,
    reason: Option<&'a str>,
    ticket: Option<&'a str>,
    granted: Option<&'a str>,
    expires: Option<&'a str>,
    since: Option<&'a str>,
    source: Option<Position<'a>>,
}

#[derive(Serialize)]
pub(super) struct JsonPlace<'a> {
    country: Option<&'a str>,
    subdivision: Option<&'a str>,
    city: Option<&'a str>,
    basis: &'static str,
    matched: Option<&'a str>,
    network: Option<&'a str>,
    data_set: Option<&'a str>,
    data_set_date: Option<&'a str>,
    note: Option<&'a Message>,
}

#[derive(Serialize)]
struct JsonHop<'a> {
    endpoint: &'a str,
    kind: &'a str,
    route: Option<JsonRoute<'a>>,
    places: Vec<JsonPlace<'a>>,
    source: Position<'a>,
}

#[derive(Serialize)]
struct JsonRoute<'a> {
    activity: &'static str,
    role: &'static str,
    priority: u32,
    condition: Option<&'a Message>,
}

#[derive(Serialize)]
struct JsonLabel<'a> {
    text: &'a Message,
    source: Position<'a>,
}

#[derive(Serialize)]
pub(super) struct JsonGap<'a> {
    code: &'static str,
    message: &'a Message,
    help: Option<&'a Message>,
    source: Position<'a>,
    touches: &'a [String],
}

#[derive(Serialize)]
pub(super) struct JsonCoverage<'a> {
    files_read: Vec<ReadFile<'a>>,
    files_skipped: Vec<SkippedFile<'a>>,
    endpoints: usize,
    located: usize,
    unlocated: usize,
    routes: usize,
    resources: Resources<'a>,
    by_format: BTreeMap<&'static str, usize>,
    by_country: serde_json::Map<String, serde_json::Value>,
}

#[derive(Serialize)]
struct Resources<'a> {
    read: usize,
    placed: usize,
    placed_if_they_exist: usize,
    unplaced: usize,
    placeless: usize,
    no_data: usize,
    unknown: usize,
    unplaced_because: &'a BTreeMap<String, usize>,
    unknown_kinds: &'a BTreeMap<String, usize>,
}

#[derive(Serialize)]
struct ReadFile<'a> {
    file: &'a str,
    format: &'static str,
}

#[derive(Serialize)]
struct SkippedFile<'a> {
    file: &'a str,
    why: &'a str,
}

#[derive(Serialize)]
pub(super) struct DataSet<'a> {
    name: &'a str,
    kind: &'a str,
    date: Option<&'a str>,
    sha256: &'a str,
    licence: Option<&'a str>,
    attribution: Option<&'a str>,
    used: bool,
    age: Option<&'a Message>,
}

#[derive(Serialize)]
struct Position<'a> {
    file: Cow<'a, str>,
    line: u32,
    column: u32,
}

/// What `onshore trace` shows.
pub struct Trace<'a> {
    pub state: &'a str,
    pub ways: &'a [Path],
    pub left_out: usize,
    pub gaps: usize,
}

/// `onshore.trace/1`.
#[derive(Serialize)]
struct JsonTrace<'a> {
    schema: &'static str,
    state: &'a str,
    ways: Vec<Vec<JsonHop<'a>>>,
    /// Ways that are not among them.
    left_out: usize,
    /// What was met and not understood: there may be other ways.
    gaps: usize,
}

pub fn write_trace(trace: &Trace<'_>, sources: &Sources, out: &mut dyn Write) -> io::Result<()> {
    let ways = trace.ways.iter().map(|way| way.iter().map(|h| hop(h, sources)).collect());
    let Trace { state, left_out, gaps, .. } = *trace;
    write_value(&JsonTrace { schema: "onshore.trace/1", state, ways: ways.collect(), left_out, gaps }, out)
}

pub(super) fn document<'a>(a: &'a Assessment, sources: &'a Sources) -> Document<'a> {
    Document {
        schema: SCHEMA,
        project: a.project.as_deref(),
        owner: a.owner.as_deref(),
        notify: a.notify.as_ref().map(|(contact, within_hours)| Notify { contact, within_hours: *within_hours }),
        verdict: a.verdict.as_str(),
        as_of: &a.as_of,
        rules: a.rules.iter().map(|r| rule(r, sources)).collect(),
        findings: Each { of: &a.findings, sources, make: finding },
        transfers: a.allowed.iter().map(|t| transfer(t, sources)).collect(),
        remedies: a.remedies.iter().map(|r| remedy(r, sources)).collect(),
        gaps: Each { of: &a.gaps, sources, make: gap },
        ways: Each { of: &a.ways, sources, make: way },
        topology: a.topology.as_ref().filter(|t| t.routes.len() <= MOST_ROUTES).map(topology),
        coverage: JsonCoverage {
            files_read: a.coverage.files_read.iter().map(|(file, format)| ReadFile { file, format }).collect(),
            files_skipped: a.coverage.files_skipped.iter().map(|(file, why)| SkippedFile { file, why }).collect(),
            endpoints: a.coverage.endpoints,
            located: a.coverage.located,
            unlocated: a.coverage.unlocated,
            routes: a.coverage.routes,
            resources: resources(&a.coverage.resources),
            by_format: by_format(&a.coverage),
            by_country: a.coverage.by_country.iter().map(|(c, n)| (c.clone(), (*n).into())).collect(),
        },
        data_sets: a.data_sets.iter().map(data_set).collect(),
    }
}

fn resources(r: &ResourceTally) -> Resources<'_> {
    Resources {
        read: r.total(),
        placed: r.placed,
        placed_if_they_exist: r.uncertain,
        unplaced: r.unplaced.values().sum(),
        placeless: r.placeless,
        no_data: r.no_data,
        unknown: r.unknown.values().sum(),
        unplaced_because: &r.unplaced,
        unknown_kinds: &r.unknown,
    }
}

fn rule<'a>(r: &'a RuleResult, sources: &'a Sources) -> Rule<'a> {
    Rule {
        rule: &r.rule,
        title: &r.title,
        severity: r.severity.as_str(),
        incident_level: Level::of(r.severity),
        verdict: r.verdict.as_str(),
        why: &r.why,
        controls: &r.controls,
        reading: r.read.as_ref().map(|read| JsonRead {
            point: &read.point,
            reading: read.reading.as_str(),
            chosen: read.chosen,
        }),
        examined: Examined { endpoints: r.endpoints_examined, routes: r.routes_examined },
        source: position(sources, r.location),
    }
}

fn finding<'a>(f: &'a Finding, sources: &'a Sources) -> JsonFinding<'a> {
    JsonFinding {
        code: f.code,
        rule: f.rule.as_deref(),
        with_rules: &f.with_rules,
        severity: f.severity.as_str(),
        incident_level: Level::of(f.severity),
        verdict: f.verdict.as_str(),
        message: &f.message,
        help: f.help.as_ref(),
        why: f.why.as_ref(),
        controls: &f.controls,
        origin: &f.origin,
        data: &f.data,
        population: f.populations.first().map(String::as_str),
        populations: &f.populations,
        endpoint: &f.endpoint,
        places: f.places.iter().map(place).collect(),
        activity: f.activity,
        role: f.role.map(|r| r.as_str()),
        state: f.state.map(|s| s.as_str()),
        condition: f.condition.as_ref(),
        lost: f.lost.as_deref(),
        without: &f.without,
        path: f.path.iter().map(|h| hop(h, sources)).collect(),
        source: f.location.map(|l| position(sources, l)),
        policy_source: f.policy_location.map(|l| position(sources, l)),
        labels: f.labels.iter().map(|l| JsonLabel { text: &l.text, source: position(sources, l.location) }).collect(),
        fingerprint: &f.fingerprint,
        waiver: f.waiver.as_ref().map(|w| waiver(w, sources)),
        lapsed: f.lapsed.as_ref().map(|w| waiver(w, sources)),
    }
}

fn transfer<'a>(t: &'a Allowed, sources: &'a Sources) -> JsonTransfer<'a> {
    JsonTransfer {
        rule: &t.rule,
        endpoint: &t.endpoint,
        origin: &t.origin,
        data: &t.data,
        places: t.places.iter().map(place).collect(),
        mechanism: &t.mechanism,
        recipient: &t.recipient,
        purpose: &t.purpose,
        evidence: &t.evidence,
        until: t.until.as_deref(),
        source: t.found_at.map(|l| position(sources, l)),
        register_source: position(sources, t.location),
    }
}

fn waiver<'a>(w: &'a Waived, sources: &'a Sources) -> JsonWaiver<'a> {
    let (kind, approver, reason, ticket, since) = match &w.by {
        WaivedBy::Person { approver, reason, ticket } => {
            ("waiver", Some(approver.as_str()), Some(reason.as_str()), ticket.as_deref(), None)
        }
        WaivedBy::Baseline { since, .. } => ("baseline", None, None, None, Some(since.as_str())),
    };
    let source = w.location.map(|l| position(sources, l));
    let (granted, expires) = (w.granted.as_deref(), w.expires.as_deref());
    JsonWaiver { kind, approver, reason, ticket, granted, expires, since, source }
}

fn hop<'a>(h: &'a Hop, sources: &'a Sources) -> JsonHop<'a> {
    JsonHop {
        endpoint: &h.endpoint,
        kind: &h.kind,
        route: h.route.as_ref().map(|r| JsonRoute {
            activity: r.activity,
            role: r.role.as_str(),
            priority: r.priority,
            condition: r.condition.as_ref(),
        }),
        places: h.places.iter().map(place).collect(),
        source: position(sources, h.location),
    }
}

pub(super) fn places(places: &[KnownPlace]) -> Vec<JsonPlace<'_>> {
    places.iter().map(place).collect()
}

fn place(p: &KnownPlace) -> JsonPlace<'_> {
    JsonPlace {
        country: p.place.as_ref().map(|p| p.country.as_str()),
        subdivision: p.place.as_ref().and_then(|p| p.subdivision.as_deref()),
        city: p.place.as_ref().and_then(|p| p.city.as_deref()),
        basis: p.basis,
        matched: p.matched.as_deref(),
        network: p.network.as_deref(),
        data_set: p.data_set.as_deref(),
        data_set_date: p.data_set_date.as_deref(),
        note: p.note.as_ref(),
    }
}

fn gap<'a>(g: &'a GapResult, sources: &'a Sources) -> JsonGap<'a> {
    JsonGap {
        code: g.code,
        message: &g.message,
        help: g.help.as_ref(),
        source: position(sources, g.location),
        touches: &g.touches,
    }
}

fn way<'a>(w: &'a Way, sources: &'a Sources) -> JsonWay<'a> {
    JsonWay {
        origin: &w.origin,
        data: &w.data,
        country: &w.country,
        activity: w.activity,
        state: w.state.as_str(),
        endpoint: &w.endpoint,
        source: position(sources, w.location),
        path: w.path.iter().map(|h| hop(h, sources)).collect(),
    }
}

fn topology(t: &Topology) -> JsonTopology<'_> {
    let all = t.stands.iter().flat_map(|(endpoint, stands)| stands.iter().map(move |s| stand(endpoint, s)));
    JsonTopology { endpoints: all.collect(), routes: t.routes.iter().map(edge).collect() }
}

fn stand<'a>(endpoint: &'a str, stand: &'a Stand) -> JsonStand<'a> {
    let source = stand.said.as_ref().map(|p| Position { file: Cow::Borrowed(p.file.as_str()), line: p.line, column: p.column });
    JsonStand { endpoint, places: &stand.places, source }
}

fn edge(e: &Edge) -> JsonEdge<'_> {
    JsonEdge { from: &e.from, to: &e.to, activity: &e.activity, role: &e.role }
}

fn data_set(d: &DataSetInfo) -> DataSet<'_> {
    DataSet {
        name: &d.name,
        kind: &d.kind,
        date: d.date.as_deref(),
        sha256: &d.sha256,
        licence: d.licence.as_deref(),
        attribution: d.attribution.as_deref(),
        used: d.used,
        age: d.age.as_ref(),
    }
}

fn position(sources: &Sources, at: Location) -> Position<'_> {
    let p = sources.position(at);
    let source = sources.get(at.source);
    // Many findings stand in one file.
    let file = if source.sheet.is_some() { Cow::Owned(p.file) } else { Cow::Borrowed(source.path.as_str()) };
    Position { file, line: p.line, column: p.column }
}
