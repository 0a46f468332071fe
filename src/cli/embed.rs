//! The library's own face: what `onshore check` does, as a function. Nothing here decides anything.

use std::fmt;
use std::io;
use std::path::PathBuf;

use jiff::civil::Date;

use super::pipeline::{self, Opened};
use super::progress::Progress;
use super::{Context, Failure, Gate, ProjectArgs, Screen, Surroundings, exit_code};
use crate::check::follow;
use crate::finding::{Assessment, Finding, GapResult, Reading, RuleResult, Severity, Verdict};
use crate::geo::Atlas;
use crate::lang::Lang;
use crate::policy::Pack;
use crate::report::{self, RenderOptions};
use crate::source::Location;

/// What to assess: a project's folder, the day, and what the caller adds to what `onshore.toml` says.
///
/// ```
/// use onshore::Request;
///
/// let request = Request::new("tests/cases/zoom-2020", "2026-11-22")?.policy("pack:resilience-base");
/// assert!(Request::new(".", "22 November").is_err());
/// # Ok::<(), onshore::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Request {
    folder: PathBuf,
    as_of: Date,
    policies: Vec<String>,
    databases: Vec<PathBuf>,
    readings: Vec<(String, Reading)>,
}

impl Request {
    /// A folder, or a project file in one, and the day of the assessment as `YYYY-MM-DD`: the library reads no clock.
    ///
    /// # Errors
    ///
    /// If `as_of` is not a day.
    pub fn new(folder: impl Into<PathBuf>, as_of: &str) -> Result<Self, Error> {
        let date = as_of.parse().map_err(|_| {
            Error(Failure::with_help(format!("`{as_of}` is not a day"), "write it as YYYY-MM-DD, such as 2026-11-21"))
        })?;
        Ok(Self { folder: folder.into(), as_of: date, policies: Vec::new(), databases: Vec::new(), readings: Vec::new() })
    }

    /// A policy file (from the current folder) or `pack:NAME`, in addition to those of the project.
    #[must_use]
    pub fn policy(mut self, name: impl Into<String>) -> Self {
        self.policies.push(name.into());
        self
    }

    /// An MMDB file to ask before the embedded one.
    #[must_use]
    pub fn database(mut self, file: impl Into<PathBuf>) -> Self {
        self.databases.push(file.into());
        self
    }

    /// How a contested point (`pack/point`) is read, whatever the project says.
    #[must_use]
    pub fn reading(mut self, point: impl Into<String>, reading: Reading) -> Self {
        self.readings.push((point.into(), reading));
        self
    }
}

/// Reads a project, follows its data and holds every way against its policies: the main job, without a terminal.
///
/// A violation is no error: it is in the answer. Files are read below the project's folder only, besides the policies and databases
/// that the request names; nothing is written and no network is used.
///
/// ```
/// use onshore::{Request, Verdict, assess};
///
/// let assessed = assess(&Request::new("tests/cases/zoom-2020", "2026-11-22")?)?;
/// assert_eq!(assessed.verdict(), Verdict::Violated);
///
/// let overflow = assessed.findings().iter().find(|f| f.endpoint == "10.86.4.11:8801").expect("the server in Tianjin");
/// assert_eq!(overflow.rule.as_deref(), Some("us-meetings-stay/no-overseas-overflow"));
/// let line = overflow.location.map(|at| assessed.line(at));
/// assert_eq!(line.as_deref(), Some("routing/media.conf:7"));
/// # Ok::<(), onshore::Error>(())
/// ```
///
/// # Errors
///
/// If the project, a policy or a database cannot be read or has mistakes, or if no policy is named. [`Error`] says all of it, with
/// lines. Mistakes in files of other formats are no error: they are gaps, and [`Assessed::exit_code`] is then 2.
pub fn assess(request: &Request) -> Result<Assessed, Error> {
    let dumb = Screen { terminal: None, unicode: true, may_color: false, links: false };
    let folder = std::env::current_dir().map_err(|e| Error(Failure::Io(e)))?;
    let (today, terraform_variables) = (request.as_of, std::collections::BTreeMap::new());
    let around = Surroundings { today, folder, terraform_variables, stdout: dumb, stderr: dumb };
    let (mut stdin, mut out) = (io::empty(), io::sink());
    let progress = Progress::new(dumb, Lang::En);
    let context = Context {
        around: &around,
        options: RenderOptions::PLAIN,
        lang: None,
        stdin: &mut stdin,
        out: &mut out,
        progress: &progress,
    };
    let args = ProjectArgs {
        geoip: request.databases.clone(),
        input_format: None,
        as_of: Some(request.as_of),
        reading: request.readings.clone(),
    };
    let mut opened = pipeline::open(Some(&request.folder), &args, &context)?;
    let packs = opened.packs(&request.policies, &around.folder)?;
    if packs.is_empty() {
        let help = "add one to the request, or under `[check] policies` of onshore.toml";
        return Err(Error(Failure::with_help("no policy was given, so there is nothing to check against", help)));
    }
    let atlas = opened.atlas()?;
    let assessment = opened.assess(&atlas, &packs);
    Ok(Assessed { opened, packs, atlas, assessment })
}

/// The answer, with the sources that its lines are in.
pub struct Assessed {
    opened: Opened,
    packs: Vec<Pack>,
    atlas: Atlas,
    assessment: Assessment,
}

impl fmt::Debug for Assessed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Assessed").field("assessment", &self.assessment).finish_non_exhaustive()
    }
}

impl Assessed {
    /// The worst of all rules; [`Verdict::Indeterminate`] where nothing was decided.
    pub fn verdict(&self) -> Verdict {
        self.assessment.verdict
    }

    /// The verdict on each rule, in the order of their names.
    pub fn rules(&self) -> &[RuleResult] {
        &self.assessment.rules
    }

    /// Everything that was found, the gravest first; also what is waived.
    pub fn findings(&self) -> &[Finding] {
        &self.assessment.findings
    }

    /// What was met and not understood.
    pub fn gaps(&self) -> &[GapResult] {
        &self.assessment.gaps
    }

    /// `routing/media.conf:7`, from the project's folder.
    pub fn line(&self, at: Location) -> String {
        self.opened.sources.position(at).to_string()
    }

    /// What `onshore check` would end with, by the gate of the project: 0 all satisfied or waived, 1 something violated, 2 a file
    /// with mistakes of syntax, 3 something undecided.
    pub fn exit_code(&self) -> u8 {
        let project = &self.opened.project;
        let gate = Gate { fail_on: project.fail_on.unwrap_or(Severity::Low), indeterminate: project.indeterminate };
        if self.opened.broken { 2 } else { exit_code(&self.assessment, gate) }
    }

    /// A report in one of the formats of `onshore check --format`: `json` (the contract `onshore.assessment/1`), `sarif`, `markdown`...
    ///
    /// ```
    /// # use onshore::{Request, assess};
    /// let assessed = assess(&Request::new("tests/cases/zoom-2020-repaired", "2026-11-22")?)?;
    /// assert_eq!(assessed.exit_code(), 0);
    /// assert!(assessed.report("json")?.contains("\"schema\": \"onshore.assessment/1\""));
    /// # Ok::<(), onshore::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// If there is no such format.
    pub fn report(&self, format: &str) -> Result<String, Error> {
        let known = report::REPORTERS.iter().map(|r| r.name());
        let reporter = report::reporter(format).ok_or_else(|| Error(Failure::unknown(format, "report format", known)))?;
        let mut assessment = self.assessment.clone();
        if reporter.shows_ways() {
            follow(&self.opened.question(&self.atlas, &self.packs, None), &mut assessment);
        }
        if reporter.shows_hashes() {
            assessment.coverage.hashes = self.opened.hashes(&self.packs)?;
        }
        let mut text = Vec::new();
        let written = reporter.write(&assessment, &self.opened.sources, &RenderOptions::PLAIN, &mut text);
        written.map_err(|e| Error(Failure::Io(e)))?;
        Ok(String::from_utf8_lossy(&text).into_owned())
    }
}

/// What kept onshore from doing its job: never a verdict about the project. Shown as text, it has every mistake with its line.
#[derive(Debug)]
pub struct Error(Failure);

impl From<Failure> for Error {
    fn from(failure: Failure) -> Self {
        Self(failure)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = Vec::new();
        // Nothing can fail that is written to memory.
        let _ = self.0.write(&RenderOptions::PLAIN, &mut text);
        f.write_str(String::from_utf8_lossy(&text).trim_end())
    }
}

impl std::error::Error for Error {}
