//! `onshore diff`: what a change newly lets get where, and by which line. Findings and ways that both versions have are not shown.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};

use clap::Args;
use serde::{Deserialize, Serialize};

use super::pipeline::Opened;
use super::revision::{self, Version};
use super::{Context, Failure, ProjectArgs, pipeline, severity};
use crate::check::{Question, path_of, with_context};
use crate::finding::{Assessment, Coverage, Hop, Severity, State, Way};
use crate::geo::{Atlas, known_places};
use crate::policy::Pack;
use crate::project::Indeterminate;
use crate::report::tree::Tree;
use crate::report::{RenderOptions, json, safe};
use crate::source::load;

#[derive(Debug, Args)]
pub struct Diff {
    /// The version before: a folder, a git revision (main, HEAD~1), or a file of `onshore check --format json`
    base: String,
    /// The version after, likewise; without: the project's folder as it is
    head: Option<String>,
    /// The project's folder, if versions are git revisions; without: the nearest onshore.toml upwards, else this folder
    #[arg(long, value_name = "FOLDER")]
    path: Option<PathBuf>,
    /// Policy file, or pack:NAME; in addition to those of the project, for both versions; may be given several times
    #[arg(long, value_name = "POLICY")]
    policy: Vec<String>,
    /// How to show it
    #[arg(long, value_name = "FORMAT", default_value = "text", value_parser = ["text", "json"])]
    format: String,
    #[command(flatten)]
    project: ProjectArgs,
    /// Fail (exit code 1) on new violations of this severity and above [default: the project's, else low]
    #[arg(long, value_name = "SEVERITY", value_parser = severity())]
    fail_on: Option<Severity>,
}

impl Diff {
    pub(super) fn run(self, context: &mut Context<'_>) -> Result<u8, Failure> {
        let place = pipeline::find(self.path.as_deref(), &context.around.folder)?;
        let mut base = self.side(&self.base, &place.root, context)?;
        let head = place.root.to_string_lossy().into_owned();
        let mut head = self.side(self.head.as_deref().unwrap_or(&head), &place.root, context)?;

        let change = Change::between(&mut base, &mut head);
        match self.format.as_str() {
            "json" => json::write_line(&change, context.out)?,
            _ => change.show(&base, &head, &context.options, context.out)?,
        }
        let gate = self.fail_on.or(head.fail_on).unwrap_or(Severity::Low);
        Ok(change.exit_code(gate, head.indeterminate))
    }

    fn side(&self, word: &str, project: &Path, context: &Context<'_>) -> Result<Side, Failure> {
        let file = context.around.folder.join(word);
        if file.is_file() && file.extension().is_some_and(|e| e == "json") {
            return saved(word, &file);
        }
        let version = revision::version(word, project, &context.around.folder)?;
        let mut opened = pipeline::open(Some(&version.folder), &self.project, context)?;
        let packs = opened.packs(&self.policy, &context.around.folder)?;
        if packs.is_empty() {
            let help = "name policies in onshore.toml under `[check] policies`, or with `--policy pack:NAME`";
            return Err(Failure::with_help(format!("`{word}` has no policy to judge it by"), help));
        }
        let atlas = opened.atlas()?;
        let assessment = opened.assess(&atlas, &packs);
        let at = |location| opened.sources.position(location).to_string();
        Ok(Side {
            rules: assessment.rules.iter().map(|r| (r.rule.clone(), r.verdict.as_str().to_owned())).collect(),
            findings: assessment
                .findings
                .iter()
                .map(|f| One {
                    fingerprint: f.fingerprint.clone(),
                    rule: f.rule.clone(),
                    severity: f.severity.as_str().to_owned(),
                    verdict: f.verdict.as_str().to_owned(),
                    message: f.message.clone(),
                    at: f.location.map(at),
                })
                .collect(),
            gaps: assessment
                .gaps
                .iter()
                .filter(|g| !g.touches.is_empty())
                .map(|g| (g.message.clone(), at(g.location)))
                .collect(),
            ways: assessment.ways.iter().map(|w| Row::new(w, at(w.location))).collect(),
            fail_on: opened.project.fail_on,
            indeterminate: opened.project.indeterminate,
            read: Some(Box::new(Read { opened, atlas, packs, assessment, _version: version })),
        })
    }
}

/// One of the two versions.
struct Side {
    /// Verdict by rule.
    rules: BTreeMap<String, String>,
    findings: Vec<One>,
    /// Those that touch a rule: message and line.
    gaps: Vec<(String, String)>,
    ways: Vec<Row>,
    fail_on: Option<Severity>,
    indeterminate: Indeterminate,
    /// `None` for a saved assessment: paths cannot be followed again.
    read: Option<Box<Read>>,
}

struct Read {
    opened: Opened,
    atlas: Atlas,
    packs: Vec<Pack>,
    assessment: Assessment,
    _version: Version,
}

/// A finding, as far as two versions are compared.
#[derive(Clone, Debug, Serialize)]
struct One {
    fingerprint: String,
    rule: Option<String>,
    severity: String,
    verdict: String,
    message: String,
    at: Option<String>,
}

/// A way, as far as two versions are compared.
#[derive(Clone, Debug, Serialize)]
struct Row {
    origin: String,
    data: String,
    country: String,
    activity: String,
    state: String,
    endpoint: String,
    at: String,
    /// What the change did to open or close it.
    by: String,
    #[serde(skip)]
    path: Vec<Hop>,
}

impl Row {
    fn new(way: &Way, at: String) -> Self {
        Self {
            origin: way.origin.clone(),
            data: way.data.clone(),
            country: way.country.clone(),
            activity: way.activity.to_owned(),
            state: way.state.as_str().to_owned(),
            endpoint: way.endpoint.clone(),
            at,
            by: String::new(),
            path: Vec::new(),
        }
    }

    fn key(&self) -> (&str, &str, &str, &str) {
        (&self.origin, &self.data, &self.country, &self.activity)
    }

    /// Mildest first; what is not known is taken for the mildest, so that it is shown.
    fn harshness(&self) -> State {
        State::parse(&self.state).unwrap_or(State::Normal)
    }

    fn is(&self, way: &Way) -> bool {
        (self.origin.as_str(), self.data.as_str(), self.country.as_str(), self.activity.as_str())
            == (way.origin.as_str(), way.data.as_str(), way.country.as_str(), way.activity)
    }

    /// "communications.content of people of US is processed in CN under overload".
    fn says(&self) -> String {
        let does = match self.activity.as_str() {
            "store" => "is stored in",
            "keys" => "is held as keys in",
            "access" => "can be read in",
            "process" => "is processed in",
            _ => "passes through",
        };
        let state = match self.harshness() {
            State::Normal => "in normal running",
            State::Overload => "under overload",
            State::Loss => "after a loss",
        };
        let whose = if self.origin.is_empty() { String::new() } else { format!(" of people of {}", self.origin) };
        let country = if self.country == "?" { "an unknown country" } else { &self.country };
        format!("{}{whose} {does} {country} {state}", self.data)
    }
}

/// What is new and what is gone.
#[derive(Debug, Serialize)]
struct Change {
    schema: &'static str,
    new_ways: Vec<Row>,
    gone_ways: Vec<Row>,
    /// Rule, verdict before, verdict after.
    rules: Vec<RuleChange>,
    new_findings: Vec<One>,
    gone_findings: Vec<One>,
    new_gaps: Vec<NewGap>,
}

#[derive(Debug, Serialize)]
struct RuleChange {
    rule: String,
    before: Option<String>,
    after: Option<String>,
}

#[derive(Debug, Serialize)]
struct NewGap {
    message: String,
    at: String,
}

impl Change {
    fn between(base: &mut Side, head: &mut Side) -> Self {
        let mut new_ways = beyond(&head.ways, &base.ways);
        let mut gone_ways = beyond(&base.ways, &head.ways);
        // A way that only carries in a milder state now is told once, as new.
        gone_ways.retain(|gone| new_ways.iter().all(|new| new.key() != gone.key()));
        follow(&mut new_ways, head.read.as_deref(), base.read.as_deref(), "opened");
        follow(&mut gone_ways, base.read.as_deref(), head.read.as_deref(), "closed");
        let names: BTreeSet<&String> = base.rules.keys().chain(head.rules.keys()).collect();
        let rules = names.into_iter().filter(|r| base.rules.get(*r) != head.rules.get(*r)).map(|rule| RuleChange {
            rule: rule.clone(),
            before: base.rules.get(rule).cloned(),
            after: head.rules.get(rule).cloned(),
        });
        let known: BTreeSet<&str> = base.gaps.iter().map(|(message, _)| message.as_str()).collect();
        let new_gaps = head.gaps.iter().filter(|(message, _)| !known.contains(message.as_str()));
        Self {
            schema: "onshore.diff/1",
            rules: rules.collect(),
            new_findings: missing_in(&head.findings, &base.findings),
            gone_findings: missing_in(&base.findings, &head.findings),
            new_gaps: new_gaps.map(|(message, at)| NewGap { message: message.clone(), at: at.clone() }).collect(),
            new_ways,
            gone_ways,
        }
    }

    fn is_nothing(&self) -> bool {
        self.new_ways.is_empty()
            && self.gone_ways.is_empty()
            && self.rules.is_empty()
            && self.new_findings.is_empty()
            && self.gone_findings.is_empty()
            && self.new_gaps.is_empty()
    }

    /// 1 for new violations at or above the gate; 3 for what newly cannot be told, unless the gate only warns of that.
    fn exit_code(&self, gate: Severity, indeterminate: Indeterminate) -> u8 {
        let breaks = |f: &&One| ["violated", "unsatisfiable"].contains(&f.verdict.as_str());
        let grave = |f: &One| Severity::parse(&f.severity).is_none_or(|s| s >= gate);
        if self.new_findings.iter().filter(breaks).any(grave) {
            return 1;
        }
        let untold = |v: &str| ["indeterminate", "conflict"].contains(&v);
        let newly_untold = self.new_findings.iter().any(|f| untold(&f.verdict))
            || self.rules.iter().any(|r| r.after.as_deref().is_some_and(untold) && r.before.as_deref() != Some("violated"));
        if newly_untold && indeterminate == Indeterminate::Fail { 3 } else { 0 }
    }

    fn show(&self, base: &Side, head: &Side, options: &RenderOptions, out: &mut dyn io::Write) -> io::Result<()> {
        if self.is_nothing() {
            return writeln!(out, "nothing changes where data gets to, nor what was found");
        }
        for (title, ways, side) in [("New ways", &self.new_ways, head), ("Ways that are gone", &self.gone_ways, base)] {
            if ways.is_empty() {
                continue;
            }
            writeln!(out, "{title}")?;
            for (by, ways) in by_cause(ways) {
                writeln!(out, "{}", options.wrap("  ", "    ", &safe(by)))?;
                for way in &ways {
                    writeln!(out, "{}", options.wrap("    - ", "      ", &safe(&way.says())))?;
                }
                if let Some(read) = &side.read {
                    let paths = Tree::merge(ways.iter().map(|w| w.path.as_slice()));
                    write!(out, "{}", paths.render("      ", &read.opened.sources, options))?;
                }
                writeln!(out)?;
            }
        }
        if !self.rules.is_empty() {
            writeln!(out, "Rules")?;
            for r in &self.rules {
                let verdict = |v: &Option<String>| v.clone().unwrap_or_else(|| "not asked".to_owned());
                let text = format!("{}: {} -> {}", r.rule, verdict(&r.before), verdict(&r.after));
                writeln!(out, "{}", options.wrap("  ", "    ", &safe(&text)))?;
            }
            writeln!(out)?;
        }
        for (title, findings) in [("New findings", &self.new_findings), ("Findings that are gone", &self.gone_findings)] {
            if findings.is_empty() {
                continue;
            }
            writeln!(out, "{title}")?;
            for f in findings {
                let rule = f.rule.as_deref().map(|r| format!(" [{r}]")).unwrap_or_default();
                let at = f.at.as_deref().unwrap_or("-");
                let text = format!("{at}: {} {}: {}{rule}", f.severity, f.verdict, f.message);
                writeln!(out, "{}", options.wrap("  ", "    ", &safe(&text)))?;
            }
            writeln!(out)?;
        }
        if !self.new_gaps.is_empty() {
            writeln!(out, "New gaps")?;
            for gap in &self.new_gaps {
                writeln!(out, "{}", options.wrap("  ", "    ", &safe(&format!("{}: {}", gap.at, gap.message))))?;
            }
            writeln!(out)?;
        }
        Ok(())
    }
}

/// Ways that one line opened or closed are told together, in the order of the first of each.
fn by_cause(ways: &[Row]) -> Vec<(&str, Vec<&Row>)> {
    let mut groups: Vec<(&str, Vec<&Row>)> = Vec::new();
    let mut known: BTreeMap<&str, usize> = BTreeMap::new();
    for way in ways {
        let group = *known.entry(&way.by).or_insert_with(|| {
            groups.push((&way.by, Vec::new()));
            groups.len() - 1
        });
        groups[group].1.push(way);
    }
    groups
}

/// Ways of one version that the other does not have, or only in a harsher state.
fn beyond(of: &[Row], other: &[Row]) -> Vec<Row> {
    let known: BTreeMap<_, State> = other.iter().map(|w| (w.key(), w.harshness())).collect();
    of.iter().filter(|w| known.get(&w.key()).is_none_or(|state| *state > w.harshness())).cloned().collect()
}

/// Findings of one version whose fingerprint the other does not have.
fn missing_in(of: &[One], other: &[One]) -> Vec<One> {
    let known: BTreeSet<&str> = other.iter().map(|f| f.fingerprint.as_str()).collect();
    of.iter().filter(|f| !known.contains(f.fingerprint.as_str())).cloned().collect()
}

/// Fills in paths, and the first thing on each that the other version does not have.
fn follow(rows: &mut [Row], side: Option<&Read>, other: Option<&Read>, done: &str) {
    let Some(side) = side else {
        // A saved assessment says where ways end, not which line led there.
        return rows.iter_mut().for_each(|row| row.by = format!("at {}: `{}`", row.at, row.endpoint));
    };
    if rows.is_empty() {
        return;
    }
    let edges: Option<BTreeSet<Edge<'_>>> = other.map(edges);
    with_context(&side.question(), |context| {
        for row in rows {
            let Some(way) = side.assessment.ways.iter().find(|w| row.is(w)) else { continue };
            row.path = path_of(context, way);
            row.by = match edges.as_ref().zip(other) {
                Some((edges, other)) => side.cause(&row.path, edges, other, done),
                None => format!("at {}: `{}`", row.at, row.endpoint),
            };
        }
    });
}

/// From, to, activity, role.
type Edge<'a> = (&'a str, &'a str, &'a str, &'a str);

fn edges(read: &Read) -> BTreeSet<Edge<'_>> {
    let snapshot = &read.opened.snapshot;
    let name = |id| snapshot.endpoint(id).name.as_str();
    snapshot.routes.iter().map(|r| (name(r.from), name(r.to), r.activity.as_str(), r.role.as_str())).collect()
}

impl Read {
    fn question(&self) -> Question<'_> {
        Question {
            snapshot: &self.opened.snapshot,
            sources: &self.opened.sources,
            atlas: &self.atlas,
            project: &self.opened.project,
            packs: &self.packs,
            as_of: self.opened.as_of,
            coverage: Coverage::default(),
        }
    }

    /// The first thing on a path that the other version does not have, with its line.
    fn cause(&self, path: &[Hop], edges: &BTreeSet<Edge<'_>>, other: &Self, done: &str) -> String {
        let at = |hop: &Hop| self.opened.sources.position(hop.location).to_string();
        for pair in path.windows(2) {
            let [from, to] = pair else { continue };
            let Some(route) = &to.route else { continue };
            if !edges.contains(&(from.endpoint.as_str(), to.endpoint.as_str(), route.activity, route.role.as_str())) {
                return format!("{done} at {}: `{}` -> `{}`", at(to), from.endpoint, to.endpoint);
            }
        }
        for hop in path {
            match other.opened.snapshot.find(&hop.endpoint) {
                None => return format!("{done} at {}: `{}`", at(hop), hop.endpoint),
                Some(id) => {
                    let geo = other.atlas.locate_endpoint(&other.opened.snapshot, id);
                    let places =
                        |known: &[crate::finding::KnownPlace]| known.iter().map(|p| p.place.clone()).collect::<Vec<_>>();
                    if !hop.places.is_empty() && places(&hop.places) != places(&known_places(&geo, &other.atlas)) {
                        return format!("{done} because `{}` stands elsewhere ({})", hop.endpoint, at(hop));
                    }
                }
            }
        }
        match path.last() {
            Some(last) => {
                format!("{done} by what is declared of people, data, or what carries when; the way ends at {}", at(last))
            }
            None => format!("{done}, and no single line shows it"),
        }
    }
}

/// What of a saved assessment is compared.
#[derive(Deserialize)]
struct Saved {
    schema: String,
    rules: Vec<SavedRule>,
    findings: Vec<SavedFinding>,
    gaps: Vec<SavedGap>,
    ways: Vec<SavedWay>,
}

#[derive(Deserialize)]
struct SavedRule {
    rule: String,
    verdict: String,
}

#[derive(Deserialize)]
struct SavedFinding {
    fingerprint: String,
    rule: Option<String>,
    severity: String,
    verdict: String,
    message: String,
    source: Option<SavedPosition>,
}

#[derive(Deserialize)]
struct SavedGap {
    message: String,
    source: SavedPosition,
    touches: Vec<String>,
}

#[derive(Deserialize)]
struct SavedWay {
    origin: String,
    data: String,
    country: String,
    activity: String,
    state: String,
    endpoint: String,
    source: SavedPosition,
}

#[derive(Deserialize)]
struct SavedPosition {
    file: String,
    line: u32,
}

impl SavedPosition {
    fn shown(&self) -> String {
        format!("{}:{}", self.file, self.line)
    }
}

fn saved(name: &str, file: &Path) -> Result<Side, Failure> {
    let text = load::read_one(file)?;
    let again = "write it anew with `onshore check --format json -o FILE`";
    let saved: Saved = serde_json::from_str(&text)
        .map_err(|e| Failure::with_help(format!("`{name}` is no saved assessment of this version: {e}"), again))?;
    if saved.schema != json::SCHEMA {
        return Err(Failure::with_help(format!("`{name}` is in the form `{}`, not `{}`", saved.schema, json::SCHEMA), again));
    }
    let finding = |f: SavedFinding| One {
        at: f.source.as_ref().map(SavedPosition::shown),
        fingerprint: f.fingerprint,
        rule: f.rule,
        severity: f.severity,
        verdict: f.verdict,
        message: f.message,
    };
    let way = |w: SavedWay| Row {
        at: w.source.shown(),
        origin: w.origin,
        data: w.data,
        country: w.country,
        activity: w.activity,
        state: w.state,
        endpoint: w.endpoint,
        by: String::new(),
        path: Vec::new(),
    };
    Ok(Side {
        rules: saved.rules.into_iter().map(|r| (r.rule, r.verdict)).collect(),
        findings: saved.findings.into_iter().map(finding).collect(),
        gaps: saved.gaps.into_iter().filter(|g| !g.touches.is_empty()).map(|g| (g.message, g.source.shown())).collect(),
        ways: saved.ways.into_iter().map(way).collect(),
        fail_on: None,
        indeterminate: Indeterminate::Fail,
        read: None,
    })
}
