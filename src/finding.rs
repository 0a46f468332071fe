//! Results: findings, verdicts, the assessment. Plain data: checks make it, reports read it, nothing here renders.
//!
//! An assessment is about the user's world; what kept onshore from doing its job is an error (`cli::Failure`), a thing apart.

pub mod observed;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::civil::Date;

use crate::lang::{Lang, Message};
use crate::model::{Place, ResourceTally, RouteRole};
use crate::source::{Location, Position};

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    Low,
    Medium,
    High,
    Critical,
}

impl Severity {
    pub const ALL: [Self; 4] = [Self::Low, Self::Medium, Self::High, Self::Critical];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Critical => "critical",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|s| s.as_str() == text)
    }

    /// On the four-level scale on which operators in China grade incidents (WeChat's of 29 March 2023 was of level 1). How grave
    /// an incident that really happened is, people decide.
    pub fn level(self) -> IncidentLevel {
        let (level, name, native) = match self {
            Self::Critical => (1, "major", "一级 重大"),
            Self::High => (2, "considerable", "二级 较大"),
            Self::Medium => (3, "ordinary", "三级 一般"),
            Self::Low => (4, "minor", "四级 轻微"),
        };
        IncidentLevel { level, name, native }
    }
}

/// A grade on the four-level incident scale: 1 is the gravest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IncidentLevel {
    pub level: u8,
    pub name: &'static str,
    pub native: &'static str,
}

impl IncidentLevel {
    /// `1 major, 一级 重大`; without Chinese where that cannot be shown.
    pub fn tell(self, lang: Lang, unicode: bool) -> String {
        match (lang, unicode) {
            (Lang::Zh, _) => self.native.to_owned(),
            (Lang::En, true) => format!("{} {}, {}", self.level, self.name, self.native),
            (Lang::En, false) => format!("{} {}", self.level, self.name),
        }
    }
}

/// The verdict on a rule, or what a finding says of it. Never "compliant": onshore decides location and reach against
/// declared facts, not lawfulness.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Verdict {
    NotApplicable,
    Satisfied,
    Waived,
    Indeterminate,
    /// Rules of equal rank contradict each other, or evidence does.
    Conflict,
    /// No placement can meet it together with named other rules.
    Unsatisfiable,
    Violated,
}

impl Verdict {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NotApplicable => "not-applicable",
            Self::Satisfied => "satisfied",
            Self::Waived => "waived",
            Self::Indeterminate => "indeterminate",
            Self::Conflict => "conflict",
            Self::Unsatisfiable => "unsatisfiable",
            Self::Violated => "violated",
        }
    }
}

/// How a contested point of a policy is read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reading {
    #[default]
    Strict,
    Lenient,
}

impl Reading {
    pub const ALL: [Self; 2] = [Self::Strict, Self::Lenient];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Strict => "strict",
            Self::Lenient => "lenient",
        }
    }
}

/// The reading of a contested point under which a rule was judged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Read {
    /// `pack/point`.
    pub point: String,
    pub reading: Reading,
    /// Somebody chose it; otherwise it is strict because nobody did.
    pub chosen: bool,
}

/// The state of the world in which a way carries; the mildest one is reported.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum State {
    Normal,
    Overload,
    Loss,
}

impl State {
    pub const ALL: [Self; 3] = [Self::Normal, Self::Overload, Self::Loss];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Normal => "normal",
            Self::Overload => "overload",
            Self::Loss => "loss",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|s| s.as_str() == text)
    }
}

/// A place as a report shows it: with how it is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownPlace {
    /// `None`: could not be told; `note` says why.
    pub place: Option<Place>,
    /// `override`, `site`, `region`, `hostname`, `range`, `mmdb`, or `unknown`.
    pub basis: &'static str,
    /// The network, site, region id or host-name pattern that matched.
    pub matched: Option<String>,
    pub network: Option<String>,
    pub data_set: Option<String>,
    pub data_set_date: Option<String>,
    /// Anything a reader of the report must know: "multi-region: any of DE, NL", "anycast".
    pub note: Option<Message>,
}

/// One step of a path: an endpoint, and the route by which data got there (`None` for where it starts).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hop {
    pub endpoint: String,
    pub kind: String,
    pub route: Option<HopRoute>,
    pub places: Vec<KnownPlace>,
    /// The line of the route; for the first hop, of the endpoint or the population that enters there.
    pub location: Location,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HopRoute {
    pub activity: &'static str,
    pub role: RouteRole,
    pub priority: u32,
    pub condition: Option<Message>,
}

/// How data got somewhere. Steps are shared: along a chain every endpoint's path holds those of all before it.
pub type Path = Vec<Arc<Hop>>;

/// Further text worth showing: "the key is held here", with what it says.
#[derive(Clone, Debug)]
pub struct Label {
    pub location: Location,
    pub text: Message,
}

/// One result. `message` makes sense alone, in one line; then come the path, why it matters and what to do.
#[derive(Clone, Debug)]
pub struct Finding {
    /// Stable, kebab-case, named by the thing that is wrong: `data-leaves-boundary`.
    pub code: &'static str,
    /// `pack/rule`.
    pub rule: Option<String>,
    pub severity: Severity,
    pub verdict: Verdict,
    pub message: Message,
    pub help: Option<Message>,
    /// Why the rule is there: its title, citation, rationale.
    pub why: Option<Message>,
    /// Controls of public catalogues that its rule gives evidence for, by id.
    pub controls: Vec<&'static str>,
    pub origin: Vec<String>,
    pub data: Vec<String>,
    pub populations: Vec<String>,
    pub endpoint: String,
    pub places: Vec<KnownPlace>,
    pub activity: Option<&'static str>,
    pub role: Option<RouteRole>,
    pub state: Option<State>,
    pub condition: Option<Message>,
    /// The lost domain (`site=sjc1`) for findings about survival.
    pub lost: Option<String>,
    /// What is lost with it and has no stand-in.
    pub without: Vec<String>,
    /// Other rules that take part (unsatisfiable, conflict).
    pub with_rules: Vec<String>,
    pub path: Path,
    /// The line that breaks the rule.
    pub location: Option<Location>,
    /// The policy line that asks for it.
    pub policy_location: Option<Location>,
    pub labels: Vec<Label>,
    /// Hex; survives moved lines and reordered files.
    pub fingerprint: String,
    /// By whom a waived finding is.
    pub waiver: Option<Waived>,
    /// By whom it was, until that was over.
    pub lapsed: Option<Waived>,
}

impl Finding {
    /// With all that is not given left open, and without a fingerprint.
    pub fn new(code: &'static str, severity: Severity, verdict: Verdict, message: impl Into<Message>) -> Self {
        Self {
            code,
            rule: None,
            severity,
            verdict,
            message: message.into(),
            help: None,
            why: None,
            controls: Vec::new(),
            origin: Vec::new(),
            data: Vec::new(),
            populations: Vec::new(),
            endpoint: String::new(),
            places: Vec::new(),
            activity: None,
            role: None,
            state: None,
            condition: None,
            lost: None,
            without: Vec::new(),
            with_rules: Vec::new(),
            path: Vec::new(),
            location: None,
            policy_location: None,
            labels: Vec::new(),
            fingerprint: String::new(),
            waiver: None,
            lapsed: None,
        }
    }
}

/// The code of a finding about a waiver that no finding needs.
pub const FOR_NOTHING: &str = "waiver-for-nothing";

/// Why a finding does not count.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Waived {
    pub by: WaivedBy,
    /// First day, `YYYY-MM-DD`, if somebody said one.
    pub granted: Option<String>,
    /// Last day.
    pub expires: Option<String>,
    /// Where the waiver stands.
    pub location: Option<Location>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WaivedBy {
    Person {
        approver: String,
        reason: String,
        ticket: Option<String>,
    },
    /// It was there when the baseline was written: first on that day, so many days ago.
    Baseline {
        since: String,
        days: i64,
    },
}

/// Data that is where a rule does not want it without a mechanism, and the entry of the transfer register that allows it.
#[derive(Clone, Debug)]
pub struct Allowed {
    /// `pack/rule`.
    pub rule: String,
    pub endpoint: String,
    pub origin: Vec<String>,
    pub data: Vec<String>,
    pub places: Vec<KnownPlace>,
    pub mechanism: String,
    pub recipient: String,
    pub purpose: String,
    pub evidence: String,
    /// Last day, `YYYY-MM-DD`.
    pub until: Option<String>,
    /// The entry.
    pub location: Location,
    /// The line by which the data gets there.
    pub found_at: Option<Location>,
}

/// Findings of an earlier run, by fingerprint, with the day they were first written down.
#[derive(Clone, Debug, Default)]
pub struct Baseline {
    pub since: BTreeMap<String, Date>,
}

/// Data of an origin and class that gets to a country and what is done with it there, in the mildest state in which it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Way {
    /// `US`; `CN+US` for data with participants of both; empty where nobody said.
    pub origin: String,
    pub data: String,
    /// A country code, or `?` where it cannot be told.
    pub country: String,
    /// `store`, `keys`, `access`, `process`, `transit`.
    pub activity: &'static str,
    pub state: State,
    /// One endpoint there.
    pub endpoint: String,
    pub location: Location,
    /// How it gets there; empty unless that was asked for.
    pub path: Path,
}

/// What is declared, as far as two versions of a project are held against each other: what leads where, and where it stands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Topology {
    /// By endpoint; nothing for mere names. Several may share a name.
    pub stands: BTreeMap<String, BTreeSet<Stand>>,
    pub routes: BTreeSet<Edge>,
}

/// Where something stands.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Stand {
    /// As a person reads it.
    pub places: Vec<String>,
    /// The line that says so, if one does.
    pub said: Option<Position>,
}

/// What has no name that is its own is called by its line, too (`media (b.conf:3)`); files are renamed and lines move.
pub fn without_line(name: &str) -> &str {
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let has_line = |text: &str| text.rsplit_once(':').is_some_and(|(file, line)| !file.is_empty() && is_number(line));
    let counted = name.rsplit_once(" #").filter(|(_, n)| is_number(n)).map_or(name, |(before, _)| before);
    match counted.strip_suffix(')').and_then(|text| text.rsplit_once(" (")) {
        Some((own, at)) if has_line(at) => own,
        _ => match name.rsplit_once(':') {
            Some((before, line)) if before.contains(' ') && is_number(line) => before,
            _ => name,
        },
    }
}

/// A route, by names [`without_line`].
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Edge {
    pub from: String,
    pub to: String,
    pub activity: String,
    pub role: String,
}

/// What one state of the world leaves.
#[derive(Clone, Debug)]
pub struct After {
    /// Endpoints that the loss takes down itself.
    pub down: Vec<String>,
    pub served: Vec<Served>,
    pub stored: Vec<Stored>,
    pub lost: Vec<Lost>,
}

/// What one state of the world changes against normal running, in short.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Brief {
    /// Endpoints that the loss takes down itself.
    pub down: usize,
    /// Population and class that are served in normal running and no longer.
    pub unserved: BTreeSet<(String, String)>,
    /// What somebody depends on and has none left of: `identity`, `dns`, `keys`, `service`, `control-plane`.
    pub needs: BTreeSet<&'static str>,
    /// Classes of which no store is left.
    pub emptied: BTreeSet<String>,
    /// Countries that data newly gets to.
    pub countries: BTreeSet<String>,
    /// Rules that are newly violated.
    pub broken: BTreeSet<String>,
    /// Only where it was asked for.
    pub detail: Option<Box<Detail>>,
}

/// What is behind a [`Brief`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Detail {
    pub down: Vec<String>,
    /// Everybody, served or not.
    pub served: Vec<Served>,
    /// Only what loses a store.
    pub stored: Vec<Kept>,
    pub lost: Vec<Lost>,
    /// Those that are not there in normal running.
    pub ways: Vec<Way>,
}

/// What a loss leaves of the stores of a class.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    pub origin: String,
    pub data: String,
    /// How many stores are left.
    pub left: usize,
    pub gone: Vec<String>,
    /// Whether all of it is surely in what is left.
    pub full: bool,
}

/// Whether people are served.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Served {
    pub population: String,
    pub origin: String,
    pub data: String,
    /// The endpoint that serves them, and where it stands; `None`: they are not served.
    pub by: Option<(String, Message)>,
    /// Whether they are in normal running.
    pub before: bool,
}

/// What is left of the stores of a class.
#[derive(Clone, Debug)]
pub struct Stored {
    pub origin: String,
    pub data: String,
    /// With where each stands.
    pub left: Vec<(String, Message)>,
    pub gone: Vec<String>,
    /// Whether all of it is surely in what is left.
    pub full: bool,
}

/// A pool of what somebody depends on, all of it gone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lost {
    pub endpoint: String,
    /// `identity`, `dns`, `keys`, `service`, `control-plane`.
    pub what: &'static str,
    pub on: Vec<String>,
}

/// The verdict on one rule, also when there is nothing to complain about.
#[derive(Clone, Debug)]
pub struct RuleResult {
    pub rule: String,
    pub title: Message,
    pub severity: Severity,
    pub verdict: Verdict,
    /// One sentence: what was found, what is missing, or why it does not apply.
    pub why: Message,
    /// Controls of public catalogues that it gives evidence for, by id.
    pub controls: Vec<&'static str>,
    /// Where the rule is about a contested point.
    pub read: Option<Read>,
    pub endpoints_examined: usize,
    pub routes_examined: usize,
    pub location: Location,
}

/// What would make a violated rule hold.
#[derive(Clone, Debug, Default)]
pub struct Remedy {
    /// `pack/rule`.
    pub rule: String,
    /// Without all of these, the data no longer gets where it must not.
    pub cut: Vec<CutRoute>,
    /// Data enters here, where it must not be: no route can be cut.
    pub moves: Vec<String>,
    /// Whether surely no smaller set of routes does.
    pub smallest: bool,
    /// Whether all rules were judged as if it had been made; if not, what follows is not known.
    pub judged: bool,
    /// What the rule's verdict would be, and why.
    pub then: Option<(Verdict, Message)>,
    /// Population and class whose last way to be served it takes.
    pub unserved: Vec<(String, String)>,
    /// Rules that it would break.
    pub breaks: Vec<String>,
    /// Fewer routes would do, at a price.
    pub smaller: Option<Smaller>,
    /// For a rule on what must be there.
    pub add: Vec<Addition>,
}

/// A smaller set of routes without which the rule would hold as well, and what that costs.
#[derive(Clone, Debug)]
pub struct Smaller {
    pub cut: Vec<CutRoute>,
    /// As in [`Remedy`].
    pub unserved: Vec<(String, String)>,
    pub breaks: Vec<String>,
}

/// Something to put where the rule asks for it, and every rule on places lets the data be.
#[derive(Clone, Debug)]
pub struct Addition {
    /// `copy`, `stand-in`, `key`, `way back`; `move`: what is there already is put elsewhere.
    pub what: &'static str,
    /// What it must be another one of: `site`, `account`...
    pub kind: &'static str,
    /// Of or for these endpoints.
    pub of: Vec<String>,
    /// What is declared and would do: `site=busan`, `account=vault`. Empty: nothing is.
    pub at: Vec<String>,
    /// Endpoints there that are like it.
    pub existing: Vec<String>,
    /// What else is declared, and why it will not do.
    pub refused: Vec<(String, Message)>,
    /// Providers with regions where it may be, if nothing that is declared will do.
    pub offers: String,
    /// Fingerprints of the findings that it mends.
    pub findings: Vec<String>,
}

/// A route to cut, or to lead elsewhere.
#[derive(Clone, Debug)]
pub struct CutRoute {
    pub from: String,
    pub to: String,
    pub activity: &'static str,
    pub role: RouteRole,
    pub location: Location,
    /// Endpoints like the target, where the rule allows them.
    pub instead: Vec<String>,
    /// Fingerprints of the findings whose path takes it.
    pub findings: Vec<String>,
}

/// A gap as reports show it.
#[derive(Clone, Debug)]
pub struct GapResult {
    pub code: &'static str,
    /// What readers say of their formats is in English.
    pub message: Message,
    pub help: Option<Message>,
    pub location: Location,
    /// The rules it may touch, `pack/rule`.
    pub touches: Vec<String>,
}

/// What was examined: the size of "all" in "all satisfied".
#[derive(Clone, Debug, Default)]
pub struct Coverage {
    pub files_read: Vec<(String, &'static str)>,
    /// SHA-256 of what was read, the project's file and policies with it, by path; only where it was asked for.
    pub hashes: Vec<(String, String)>,
    /// Path and why.
    pub files_skipped: Vec<(String, String)>,
    pub endpoints: usize,
    pub located: usize,
    pub unlocated: usize,
    pub routes: usize,
    pub resources: ResourceTally,
    /// Endpoints per country, for the table that a run without policies shows.
    pub by_country: Vec<(String, usize)>,
}

/// A data set that places rest on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DataSetInfo {
    pub name: String,
    pub kind: String,
    /// `YYYY-MM-DD`.
    pub date: Option<String>,
    pub sha256: String,
    pub licence: Option<String>,
    /// Must be shown wherever results are.
    pub attribution: Option<String>,
    /// Whether any place in this assessment rests on it.
    pub used: bool,
    /// How old it is, in words, if it is older than the project wants to be told of.
    pub age: Option<Message>,
}

/// The whole answer of one run. Sorted: same inputs, same bytes.
#[derive(Clone, Debug)]
pub struct Assessment {
    pub project: Option<String>,
    /// What people who read Chinese call it, if the project says.
    pub project_zh: Option<String>,
    /// Who answers for the project.
    pub owner: Option<String>,
    /// Whom to tell about an incident, and within how many hours.
    pub notify: Option<(String, u64)>,
    /// `YYYY-MM-DD`.
    pub as_of: String,
    pub verdict: Verdict,
    pub rules: Vec<RuleResult>,
    pub findings: Vec<Finding>,
    /// What only the transfer register lets pass.
    pub allowed: Vec<Allowed>,
    /// One for each violated rule that routes can mend.
    pub remedies: Vec<Remedy>,
    pub gaps: Vec<GapResult>,
    pub ways: Vec<Way>,
    /// Only where it was asked for: a later version is compared with it.
    pub topology: Option<Topology>,
    pub coverage: Coverage,
    pub data_sets: Vec<DataSetInfo>,
}

impl Assessment {
    /// What people call the project.
    pub fn name(&self, lang: Lang) -> Option<&str> {
        self.project_zh.as_deref().filter(|_| lang == Lang::Zh).or(self.project.as_deref())
    }
}
