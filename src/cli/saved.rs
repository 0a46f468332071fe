//! Assessments saved by `onshore check --format json`, read back as far as two versions are compared. What an older version of
//! onshore did not write yet is left out.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer};

use super::Failure;
use super::change::{Known, One, Row, Side};
use crate::finding::{Edge, Hop, HopRoute, KnownPlace, Stand, Topology};
use crate::lang::Message;
use crate::model::{Activity, Basis, Country, Place, RouteRole};
use crate::report::{json, safe};
use crate::source::{self, Location, SourceId, Span, load};

/// What was compared, and the lines that its paths lie on: the start of a [`Location`] is an index into them.
pub struct Saved {
    pub side: Side,
    pub topology: Option<Topology>,
    lines: Vec<String>,
}

impl Saved {
    pub fn line(&self, at: Location) -> String {
        self.lines.get(at.span.start as usize).cloned().unwrap_or_default()
    }
}

pub fn read(name: &str, file: &Path) -> Result<Saved, Failure> {
    let text = load::read_one(file)?;
    let again = "write it anew with `onshore check --format json -o FILE`";
    let document: Document = serde_json::from_str(&text)
        .map_err(|e| Failure::with_help(format!("`{name}` is no saved assessment of this version: {e}"), again))?;
    if document.schema != json::SCHEMA {
        let wrong = format!("`{name}` is in the form `{}`, not `{}`", document.schema, json::SCHEMA);
        return Err(Failure::with_help(wrong, again));
    }
    let mut lines = Lines::default();
    let ways = document.ways.into_iter().map(|w| way(w, &mut lines)).collect();
    let side = Side {
        rules: document.rules.into_iter().map(|r| (r.rule, r.verdict)).collect(),
        findings: document.findings.into_iter().map(finding).collect(),
        gaps: document.gaps.into_iter().filter(|g| !g.touches.is_empty()).map(gap).collect(),
        ways,
        states_count: true,
    };
    Ok(Saved { side, topology: document.topology.map(topology), lines: lines.all })
}

#[derive(Deserialize)]
struct Document {
    schema: String,
    rules: Vec<RuleOf>,
    findings: Vec<FindingOf>,
    gaps: Vec<GapOf>,
    ways: Vec<WayOf>,
    topology: Option<TopologyOf>,
}

#[derive(Deserialize)]
struct RuleOf {
    rule: String,
    verdict: String,
}

#[derive(Deserialize)]
struct FindingOf {
    fingerprint: String,
    rule: Option<String>,
    severity: String,
    verdict: String,
    message: String,
    source: Option<Position>,
}

#[derive(Deserialize)]
struct GapOf {
    message: String,
    source: Position,
    touches: Vec<String>,
}

#[derive(Deserialize)]
struct WayOf {
    origin: String,
    data: String,
    country: String,
    activity: String,
    state: String,
    endpoint: String,
    source: Position,
    #[serde(default)]
    path: Vec<HopOf>,
}

#[derive(Deserialize)]
struct HopOf {
    endpoint: String,
    kind: String,
    route: Option<RouteOf>,
    places: Vec<PlaceOf>,
    source: Position,
}

#[derive(Deserialize)]
struct RouteOf {
    #[serde(deserialize_with = "activity")]
    activity: Activity,
    #[serde(deserialize_with = "role")]
    role: RouteRole,
    priority: u32,
    condition: Option<String>,
}

#[derive(Deserialize)]
struct PlaceOf {
    country: Option<String>,
    subdivision: Option<Box<str>>,
    city: Option<Box<str>>,
    basis: String,
    matched: Option<String>,
    network: Option<String>,
    data_set: Option<String>,
    data_set_date: Option<String>,
    note: Option<String>,
}

#[derive(Deserialize)]
struct TopologyOf {
    endpoints: Vec<StandOf>,
    routes: Vec<EdgeOf>,
}

#[derive(Deserialize)]
struct StandOf {
    endpoint: String,
    places: Vec<String>,
    source: Option<Position>,
}

#[derive(Deserialize)]
struct EdgeOf {
    from: String,
    to: String,
    activity: String,
    role: String,
}

#[derive(Deserialize)]
struct Position {
    file: String,
    line: u32,
}

impl Position {
    fn shown(&self) -> String {
        format!("{}:{}", safe(&self.file), self.line)
    }
}

fn finding(f: FindingOf) -> One {
    One {
        at: f.source.as_ref().map(Position::shown),
        fingerprint: f.fingerprint,
        rule: f.rule,
        severity: f.severity,
        verdict: f.verdict,
        message: Message::Plain(f.message),
    }
}

fn gap(g: GapOf) -> Known {
    Known { at: g.source.shown(), message: g.message, file: g.source.file }
}

/// What opened a way is told by its activity and role: a word that is not known is not taken for another.
fn activity<'de, D: Deserializer<'de>>(from: D) -> Result<Activity, D::Error> {
    let word = String::deserialize(from)?;
    Activity::parse(&word).ok_or_else(|| D::Error::custom(format!("`{}` is no activity", safe(&word))))
}

fn role<'de, D: Deserializer<'de>>(from: D) -> Result<RouteRole, D::Error> {
    let word = String::deserialize(from)?;
    RouteRole::parse(&word).ok_or_else(|| D::Error::custom(format!("`{}` is no role", safe(&word))))
}

/// Lines, each once, so that paths that begin alike can be told together.
#[derive(Default)]
struct Lines {
    all: Vec<String>,
    known: BTreeMap<String, usize>,
}

impl Lines {
    fn location(&mut self, position: &Position) -> Location {
        let all = &mut self.all;
        let at = *self.known.entry(position.shown()).or_insert_with_key(|shown| {
            all.push(shown.clone());
            all.len() - 1
        });
        Location::new(SourceId(0), Span::new(at, at))
    }
}

fn way(w: WayOf, lines: &mut Lines) -> Row {
    Row {
        at: w.source.shown(),
        origin: w.origin,
        data: w.data,
        country: w.country,
        activity: w.activity,
        state: w.state,
        endpoint: w.endpoint,
        by: Message::default(),
        path: w.path.into_iter().map(|h| Arc::new(hop(h, lines))).collect(),
    }
}

fn hop(h: HopOf, lines: &mut Lines) -> Hop {
    Hop {
        endpoint: h.endpoint,
        kind: h.kind,
        route: h.route.map(|r| HopRoute {
            activity: r.activity.as_str(),
            role: r.role,
            priority: r.priority,
            condition: r.condition.map(Message::Plain),
        }),
        places: h.places.into_iter().map(place).collect(),
        location: lines.location(&h.source),
    }
}

fn place(p: PlaceOf) -> KnownPlace {
    let (subdivision, city) = (p.subdivision, p.city);
    let country = p.country.as_deref().and_then(Country::from_letters);
    KnownPlace {
        place: country.map(|country| Place { country, subdivision, city }),
        basis: Basis::parse(&p.basis).map_or("unknown", Basis::as_str),
        matched: p.matched,
        network: p.network,
        data_set: p.data_set,
        data_set_date: p.data_set_date,
        note: p.note.map(Message::Plain),
    }
}

fn topology(t: TopologyOf) -> Topology {
    let edge = |e: EdgeOf| Edge { from: e.from, to: e.to, activity: e.activity, role: e.role };
    let mut topology = Topology { routes: t.routes.into_iter().map(edge).collect(), ..Topology::default() };
    for stand in t.endpoints {
        let said = stand.source.map(|p| source::Position { file: p.file, line: p.line, column: 1 });
        topology.stands.entry(stand.endpoint).or_default().insert(Stand { places: stand.places, said });
    }
    topology
}
