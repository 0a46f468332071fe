//! `onshore diff`: what a change newly lets get where, and by which line. Findings and ways that both versions have are not shown.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;

use super::change::{Change, Row, Side};
use super::pipeline::Opened;
use super::revision::{self, Version};
use super::saved::{self, Saved};
use super::{Context, Failure, ProjectArgs, pipeline, severity};
use crate::check::{follow, stands};
use crate::finding::{Edge, Hop, Severity, Topology, without_line};
use crate::lang::{Message, say, tell};
use crate::project::Indeterminate;
use crate::report::{self, json, safe};
use crate::source::Location;

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
        let base = self.version(&self.base, &place.root, context)?;
        let head = place.root.to_string_lossy().into_owned();
        let head = self.version(self.head.as_deref().unwrap_or(&head), &place.root, context)?;

        if let Compared::Read(read) = &head {
            context.speak_of(&read.opened.project);
        }
        let mut change = Change::between(base.side(), head.side());
        explain(&mut change.new_ways, &head, &base, Done::Opened);
        explain(&mut change.gone_ways, &base, &head, Done::Closed);
        if self.format == "json" {
            json::write_line(&change, context.out)?;
        } else if change.is_nothing() {
            writeln!(context.out, "{}", tell!(context.options.lang, "nothing changes where data gets to, nor what was found"))?;
        } else {
            change.show(&|at| head.line(at), Some(&|at| base.line(at)), &context.options, context.out)?;
        }
        let (fail_on, indeterminate) = match &head {
            Compared::Read(read) => (read.opened.project.fail_on, read.opened.project.indeterminate),
            Compared::Saved(_) => (None, Indeterminate::Fail),
        };
        Ok(change.exit_code(self.fail_on.or(fail_on).unwrap_or(Severity::Low), indeterminate))
    }

    fn version(&self, word: &str, project: &Path, context: &Context<'_>) -> Result<Compared, Failure> {
        let file = context.around.folder.join(word);
        if file.is_file() && file.extension().is_some_and(|e| e == "json") {
            return Ok(Compared::Saved(saved::read(word, &file)?));
        }
        let version = revision::version(word, project, &context.around.folder)?;
        let mut opened = pipeline::open(Some(&version.folder), &self.project, context)?;
        let packs = opened.packs(&self.policy, &context.around.folder)?;
        if packs.is_empty() {
            let help = "name policies in onshore.toml under `[check] policies`, or with `--policy pack:NAME`";
            return Err(Failure::with_help(format!("`{word}` has no policy to judge it by"), help));
        }
        let atlas = opened.atlas()?;
        let mut assessment = opened.assess(&atlas, &packs);
        follow(&opened.question(&atlas, &packs, None), &mut assessment);
        let side = Side::new(&assessment, &opened.sources);
        let topology = assessment.topology.take();
        Ok(Compared::Read(Box::new(Read { side, topology, opened, _version: version })))
    }
}

/// One of the two versions.
enum Compared {
    Read(Box<Read>),
    Saved(Saved),
}

struct Read {
    side: Side,
    topology: Option<Topology>,
    opened: Opened,
    _version: Version,
}

impl Compared {
    fn side(&self) -> &Side {
        match self {
            Self::Read(read) => &read.side,
            Self::Saved(saved) => &saved.side,
        }
    }

    fn topology(&self) -> Option<&Topology> {
        match self {
            Self::Read(read) => read.topology.as_ref(),
            Self::Saved(saved) => saved.topology.as_ref(),
        }
    }

    fn line(&self, at: Location) -> String {
        match self {
            Self::Read(read) => report::line(&read.opened.sources, at),
            Self::Saved(saved) => saved.line(at),
        }
    }
}

/// What the change did to a way.
#[derive(Clone, Copy)]
enum Done {
    Opened,
    Closed,
}

impl Done {
    fn with(self, what: &Message) -> Message {
        match self {
            Self::Opened => say!("opened {what}", what),
            Self::Closed => say!("closed {what}", what),
        }
    }
}

/// Says by what each way is there: the first thing on it that the other version does not have.
fn explain(rows: &mut [Row], side: &Compared, other: &Compared, done: Done) {
    for row in rows {
        row.by = match (side.topology(), other.topology(), row.path.last()) {
            (Some(own), Some(other), Some(_)) => cause(&row.path, |at| side.line(at), own, other, done),
            // Saved by an older version, or of a project too large: where it ends is all that is known.
            _ => say!("at {at}: `{endpoint}`", at = row.at, endpoint = row.endpoint),
        };
    }
}

fn cause(path: &[Arc<Hop>], line: impl Fn(Location) -> String, own: &Topology, other: &Topology, done: Done) -> Message {
    for (from, to) in path.iter().zip(path.iter().skip(1)) {
        let Some(route) = &to.route else { continue };
        let edge = Edge {
            from: without_line(&from.endpoint).to_owned(),
            to: without_line(&to.endpoint).to_owned(),
            activity: route.activity.to_owned(),
            role: route.role.as_str().to_owned(),
        };
        if !other.routes.contains(&edge) {
            let (at, from, to) = (line(to.location), &from.endpoint, &to.endpoint);
            return done.with(&say!("at {at}: `{from}` -> `{to}`", at, from, to));
        }
    }
    // Mere names stand nowhere, in either version.
    for hop in path.iter().filter(|h| !h.places.is_empty()) {
        let (name, places) = (without_line(&hop.endpoint), stands(&hop.places));
        let here =
            |topology: &Topology| topology.stands.get(name).and_then(|all| all.iter().find(|s| s.places == places).cloned());
        if !other.stands.contains_key(name) {
            return done.with(&say!("at {at}: `{endpoint}`", at = line(hop.location), endpoint = hop.endpoint));
        }
        if here(other).is_none() {
            let said = here(own).and_then(|stand| stand.said).map(|at| safe(&at.to_string()).into_owned());
            let at = said.unwrap_or_else(|| line(hop.location));
            return done.with(&say!("at {at}: `{endpoint}` stands elsewhere", at, endpoint = hop.endpoint));
        }
    }
    match path.last() {
        Some(last) => {
            let at = line(last.location);
            done.with(&say!("by what is declared of people, data, or what carries when; the way ends at {at}", at))
        }
        None => match done {
            Done::Opened => say!("opened, and no single line shows it"),
            Done::Closed => say!("closed, and no single line shows it"),
        },
    }
}
