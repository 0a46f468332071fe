//! `onshore diff`: what a change newly lets get where, and by which line. Findings and ways that both versions have are not shown.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use clap::Args;
use serde::Deserialize;

use super::change::{Change, One, Row, Side, follow};
use super::pipeline::Opened;
use super::revision::{self, Version};
use super::{Context, Failure, ProjectArgs, pipeline, severity};
use crate::check::Question;
use crate::finding::{Assessment, Coverage, Hop, Severity};
use crate::geo::{Atlas, known_places};
use crate::policy::Pack;
use crate::project::Indeterminate;
use crate::report::json;
use crate::source::{Sources, load};

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
        let base = self.side(&self.base, &place.root, context)?;
        let head = place.root.to_string_lossy().into_owned();
        let head = self.side(self.head.as_deref().unwrap_or(&head), &place.root, context)?;

        let mut change = Change::between(&base.side, &head.side);
        explain(&mut change.new_ways, head.read.as_deref(), base.read.as_deref(), "opened");
        explain(&mut change.gone_ways, base.read.as_deref(), head.read.as_deref(), "closed");
        if self.format == "json" {
            json::write_line(&change, context.out)?;
        } else if change.is_nothing() {
            writeln!(context.out, "nothing changes where data gets to, nor what was found")?;
        } else {
            change.show(head.sources(), base.sources(), &context.options, context.out)?;
        }
        let (fail_on, indeterminate) = head
            .read
            .as_ref()
            .map_or((None, Indeterminate::Fail), |r| (r.opened.project.fail_on, r.opened.project.indeterminate));
        Ok(change.exit_code(self.fail_on.or(fail_on).unwrap_or(Severity::Low), indeterminate))
    }

    fn side(&self, word: &str, project: &Path, context: &Context<'_>) -> Result<Compared, Failure> {
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
        let side = Side::new(&assessment, &opened.sources);
        Ok(Compared { side, read: Some(Box::new(Read { opened, atlas, packs, assessment, _version: version })) })
    }
}

/// One of the two versions.
struct Compared {
    side: Side,
    /// `None` for a saved assessment: paths cannot be followed again.
    read: Option<Box<Read>>,
}

impl Compared {
    fn sources(&self) -> Option<&Sources> {
        self.read.as_deref().map(|r| &r.opened.sources)
    }
}

struct Read {
    opened: Opened,
    atlas: Atlas,
    packs: Vec<Pack>,
    assessment: Assessment,
    _version: Version,
}

/// Fills in paths, and the first thing on each that the other version does not have.
fn explain(rows: &mut [Row], side: Option<&Read>, other: Option<&Read>, done: &str) {
    let Some(side) = side else {
        // A saved assessment says where ways end, not which line led there.
        return rows.iter_mut().for_each(|row| row.by = format!("at {}: `{}`", row.at, row.endpoint));
    };
    let edges: Option<BTreeSet<Edge<'_>>> = other.map(edges);
    follow(rows, &side.assessment.ways, &side.question(), |path| match (&edges, other, path.last()) {
        (Some(edges), Some(other), _) => side.cause(path, edges, other, done),
        (_, _, Some(last)) => format!("at {}: `{}`", side.opened.sources.position(last.location), last.endpoint),
        _ => done.to_owned(),
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
            baseline: None,
            world: None,
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

fn saved(name: &str, file: &Path) -> Result<Compared, Failure> {
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
    let side = Side {
        rules: saved.rules.into_iter().map(|r| (r.rule, r.verdict)).collect(),
        findings: saved.findings.into_iter().map(finding).collect(),
        gaps: saved.gaps.into_iter().filter(|g| !g.touches.is_empty()).map(|g| (g.message, g.source.shown())).collect(),
        ways: saved.ways.into_iter().map(way).collect(),
        states_count: true,
    };
    Ok(Compared { side, read: None })
}
