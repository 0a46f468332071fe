//! The command line: clap types, one file a subcommand. Commands get their surroundings as values and write where they are
//! told, so that tests need no terminal. Here is the one function that turns an assessment into an exit code.

use std::collections::BTreeMap;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Args, Parser, Subcommand, ValueEnum};
use jiff::civil::Date;

use crate::finding::{Assessment, Reading, Severity, Verdict};
use crate::lang::Lang;
use crate::project::{Indeterminate, Project};
use crate::report::RenderOptions;

mod baseline;
mod bundle;
mod change;
mod check;
mod complete;
mod data;
mod diff;
mod draw;
pub mod embed;
mod explain;
mod failure;
#[cfg(feature = "pdf")]
mod fonts;
pub mod help;
mod init;
mod locate;
mod pipeline;
mod policy;
mod progress;
mod report;
mod resolve;
mod revision;
mod saved;
mod schema;
mod trace;
pub mod traffic;
mod usage;
mod verify;
mod whatif;

pub use failure::Failure;
use progress::Progress;

/// Where data is and can get to, checked against data-residency policies.
///
/// onshore reads infrastructure inventories and routing configurations, works out where every endpoint stands, follows every
/// way data can take - failover, overflow, replication, logs, backups, access - and checks that against policies.
#[derive(Debug, Parser)]
#[command(name = "onshore", version, propagate_version = true, after_help = EXIT_CODES)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
    /// Colour in what is written to the terminal
    #[arg(long, global = true, value_enum, default_value_t = Color::Auto, value_name = "WHEN")]
    color: Color,
    /// The language of what people read [default: the project's, else en]; names, and formats for programs, stay as they are
    #[arg(long, global = true, value_name = "LANG", value_parser = lang())]
    lang: Option<Lang>,
}

const EXIT_CODES: &str = "Exit codes: 0 all satisfied or waived; 1 something violated at or above the gate; \
    2 usage, input or policy error; 3 nothing violated, something could not be decided";

#[derive(Debug, Subcommand)]
enum Command {
    /// Check a project against its policies
    Check(check::Check),
    /// Write the assessment as a document to hand on: residency.html
    Report(report::Report),
    /// Judge again what an evidence bundle tells of, and name what is different
    Verify(verify::Verify),
    /// Show what a change newly lets get where, and by which line
    Diff(diff::Diff),
    /// Show where addresses, networks, host names and regions stand, with all evidence
    Locate(locate::Locate),
    /// Show the ways that data of an origin and class can take, as a tree
    Trace(trace::Trace),
    /// Show what a loss or an overload does to people, data and rules
    #[command(name = "whatif")]
    WhatIf(whatif::WhatIf),
    /// Hold flow logs against policies: what did happen
    Traffic(Box<traffic::Traffic>),
    /// List, show and check policies
    #[command(subcommand)]
    Policy(policy::Policy),
    /// Explain a code, a rule, a data class, a set of places or an operator fact
    Explain(explain::Explain),
    /// About the data sets that places rest on
    #[command(subcommand)]
    Data(data::Data),
    /// Write a starter onshore.toml from what is found
    Init(init::Init),
    /// Print the JSON Schema of a file that people write
    Schema(schema::Schema),
    /// Print a completion script for a shell
    Completions(complete::Completions),
    /// Print the manual page
    Man(complete::Man),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Color {
    Auto,
    Always,
    Never,
}

/// What a command needs to know of the world around it, read once in `main`.
#[derive(Debug)]
pub struct Surroundings {
    pub today: Date,
    pub folder: PathBuf,
    /// `TF_VAR_name` variables, by `name`.
    pub terraform_variables: BTreeMap<String, String>,
    pub stdout: Screen,
    pub stderr: Screen,
}

/// What an output can show.
#[derive(Clone, Copy, Debug)]
pub struct Screen {
    /// Columns, if it is a terminal.
    pub terminal: Option<usize>,
    /// The locale is UTF-8.
    pub unicode: bool,
    /// Neither `NO_COLOR` nor a dumb terminal.
    pub may_color: bool,
    /// The terminal is one that is known to open hyperlinks.
    pub links: bool,
}

/// Findings in full that somebody reads at a terminal.
const SHOWN_FINDINGS: usize = 20;

impl Screen {
    fn options(self, color: Color, lang: Lang) -> RenderOptions {
        let color = match color {
            Color::Auto => self.terminal.is_some() && self.may_color,
            Color::Always => true,
            Color::Never => false,
        };
        // Longer lines than this are hard to read.
        let width = self.terminal.map_or(RenderOptions::PLAIN.width, |columns| columns.min(120));
        RenderOptions {
            color,
            width,
            unicode: self.unicode,
            links: color && self.terminal.is_some() && self.links,
            most_findings: self.terminal.map(|_| SHOWN_FINDINGS),
            lang,
        }
    }
}

/// What every command gets.
struct Context<'a> {
    around: &'a Surroundings,
    options: RenderOptions,
    /// Asked for by the command line.
    lang: Option<Lang>,
    stdin: &'a mut dyn Read,
    out: &'a mut dyn Write,
    progress: &'a Progress,
}

impl Context<'_> {
    /// From now on in the language of the project, unless the command line asks for one.
    fn speak_of(&mut self, project: &Project) {
        self.options.lang = self.lang.or(project.lang).unwrap_or_default();
    }

    /// For files, in the language asked for.
    fn plain(&self) -> RenderOptions {
        RenderOptions { lang: self.options.lang, ..RenderOptions::PLAIN }
    }

    /// With a file, what is written goes there, as it would to a pipe.
    fn written_to<R>(
        &mut self,
        file: Option<&Path>,
        run: impl FnOnce(&mut Context<'_>) -> Result<R, Failure>,
    ) -> Result<R, Failure> {
        let Some(file) = file else { return run(self) };
        let mut text = Vec::new();
        let mut inner = Context {
            around: self.around,
            options: self.plain(),
            lang: self.lang,
            stdin: &mut *self.stdin,
            out: &mut text,
            progress: self.progress,
        };
        let result = run(&mut inner)?;
        let file = self.around.folder.join(file);
        std::fs::write(&file, text).map_err(|e| Failure::usage(format!("`{}` cannot be written: {e}", file.display())))?;
        Ok(result)
    }
}

/// Runs a command and gives its exit code. Errors are written to `err`.
pub fn run(cli: Cli, around: &Surroundings, stdin: &mut dyn Read, out: &mut dyn Write, err: &mut dyn Write) -> io::Result<u8> {
    let options = around.stdout.options(cli.color, cli.lang.unwrap_or_default());
    let progress = Progress::new(around.stderr, cli.lang.unwrap_or_default());
    let mut context = Context { around, options, lang: cli.lang, stdin, out, progress: &progress };
    let result = match cli.command {
        Command::Check(c) => c.run(&mut context),
        Command::Report(c) => c.run(&mut context),
        Command::Verify(c) => c.run(&mut context),
        Command::Diff(c) => c.run(&mut context),
        Command::Locate(c) => c.run(&mut context),
        Command::Trace(c) => c.run(&mut context),
        Command::WhatIf(c) => c.run(&mut context),
        Command::Traffic(c) => c.run(&mut context),
        Command::Policy(c) => c.run(&mut context),
        Command::Explain(c) => c.run(&mut context),
        Command::Data(c) => c.run(&mut context),
        Command::Init(c) => c.run(&mut context),
        Command::Schema(c) => c.run(&mut context),
        Command::Completions(c) => c.run(&mut context),
        Command::Man(c) => c.run(&mut context),
    };
    progress.clear();
    // As far as it was known when it failed.
    let lang = context.options.lang;
    let code = match result {
        Ok(code) => code,
        Err(Failure::Io(e)) if e.kind() == io::ErrorKind::BrokenPipe => 0,
        Err(failure) => {
            // What was already said comes first.
            let _ = out.flush();
            failure.write(&around.stderr.options(cli.color, lang), err)?;
            2
        }
    };
    match out.flush() {
        Err(e) if e.kind() != io::ErrorKind::BrokenPipe => Err(e),
        _ => Ok(code),
    }
}

/// What is explained of each key of a file that people write, for a test that all have their Chinese.
pub fn keys() -> std::collections::BTreeSet<String> {
    explain::keys::all().into_iter().map(|key| key.says).collect()
}

/// From when on a run fails.
#[derive(Clone, Copy, Debug)]
pub struct Gate {
    pub fail_on: Severity,
    pub indeterminate: Indeterminate,
}

/// The exit code, from the assessment and nothing else.
///
/// 1: something is violated (or can never be met) at or above the gate. 3: something could not be decided - also because
/// sources contradict each other - and the gate minds, or nothing at all was there to decide. 0: everything else.
pub fn exit_code(a: &Assessment, gate: Gate) -> u8 {
    let fails = |v: Verdict, s: Severity| matches!(v, Verdict::Violated | Verdict::Unsatisfiable) && s >= gate.fail_on;
    let violated =
        a.findings.iter().any(|f| fails(f.verdict, f.severity)) || a.rules.iter().any(|r| fails(r.verdict, r.severity));
    let untold = |v: Verdict| matches!(v, Verdict::Indeterminate | Verdict::Conflict);
    let undecided = a.findings.iter().any(|f| untold(f.verdict))
        || a.rules.iter().any(|r| untold(r.verdict))
        || a.verdict == Verdict::Indeterminate;
    let nothing = a.coverage.files_read.is_empty() || a.rules.iter().all(|r| r.verdict == Verdict::NotApplicable);
    if violated {
        1
    } else if nothing || (undecided && gate.indeterminate == Indeterminate::Fail) {
        3
    } else {
        0
    }
}

/// Which project, and what the command line changes about it.
#[derive(Clone, Debug, Default, Args)]
pub struct ProjectArgs {
    /// MMDB file (GeoLite2, GeoIP2, DB-IP, ...) to ask before the embedded one; may be given several times
    #[arg(long, value_name = "FILE")]
    geoip: Vec<PathBuf>,
    /// Read every input in this format instead of detecting it
    #[arg(long, value_name = "FORMAT")]
    input_format: Option<String>,
    /// Assess as of this day (YYYY-MM-DD) instead of today
    #[arg(long, value_name = "DATE", value_parser = date)]
    as_of: Option<Date>,
    /// Read a contested point of a policy so (`--reading ru-152fz/mirror=lenient`); may be given several times. Without it as the
    /// project says, else strictly
    #[arg(long, value_name = "PACK/POINT=READING", value_parser = reading)]
    reading: Vec<(String, Reading)>,
}

impl ProjectArgs {
    fn as_of(&self, around: &Surroundings) -> Date {
        self.as_of.unwrap_or(around.today)
    }
}

fn date(text: &str) -> Result<Date, String> {
    text.parse().map_err(|_| "not a day as YYYY-MM-DD, such as 2026-11-21".to_owned())
}

fn reading(text: &str) -> Result<(String, Reading), String> {
    let split = text.split_once('=').filter(|(point, _)| point.contains('/'));
    let read = split.and_then(|(point, word)| Some((point, Reading::ALL.into_iter().find(|r| r.as_str() == word)?)));
    read.map(|(point, r)| (point.to_owned(), r)).ok_or_else(|| "write pack/point=strict or pack/point=lenient".to_owned())
}

fn lang() -> impl TypedValueParser<Value = Lang> {
    PossibleValuesParser::new(Lang::ALL.map(Lang::as_str)).map(|l| Lang::parse(&l).unwrap_or_default())
}

fn severity() -> impl TypedValueParser<Value = Severity> {
    PossibleValuesParser::new(Severity::ALL.map(Severity::as_str)).map(|s| Severity::parse(&s).unwrap_or(Severity::Low))
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;
    use crate::finding::{Coverage, RuleResult};
    use crate::source::{Location, SourceId, Span};

    #[test]
    fn the_command_line_is_sound() {
        Cli::command().debug_assert();
    }

    fn assessment(rules: &[(Verdict, Severity)]) -> Assessment {
        let rule = |(verdict, severity): &(Verdict, Severity)| RuleResult {
            rule: "p/r".into(),
            title: String::new().into(),
            severity: *severity,
            verdict: *verdict,
            why: String::new().into(),
            controls: Vec::new(),
            read: None,
            endpoints_examined: 0,
            routes_examined: 0,
            location: Location::new(SourceId(0), Span::default()),
        };
        Assessment {
            project: None,
            project_zh: None,
            owner: None,
            notify: None,
            as_of: "2026-11-21".into(),
            verdict: Verdict::Satisfied,
            rules: rules.iter().map(rule).collect(),
            findings: vec![],
            allowed: Vec::new(),
            remedies: vec![],
            gaps: vec![],
            ways: vec![],
            topology: None,
            coverage: Coverage { files_read: vec![("a".into(), "nginx")], ..Coverage::default() },
            data_sets: vec![],
        }
    }

    #[test]
    fn exit_codes() {
        use Indeterminate::{Fail, Warn};
        use Severity::{High, Low};
        use Verdict::{Conflict, NotApplicable, Satisfied, Unsatisfiable, Violated, Waived};
        const UNKNOWN: Verdict = Verdict::Indeterminate;
        type Row = (&'static [(Verdict, Severity)], Severity, Indeterminate, u8);
        let table: &[Row] = &[
            (&[(Satisfied, High), (Waived, High), (NotApplicable, High)], Low, Fail, 0),
            (&[(Violated, High), (UNKNOWN, High)], Low, Fail, 1),
            (&[(Unsatisfiable, High)], High, Warn, 1),
            (&[(Conflict, Low)], Low, Fail, 3),
            (&[(Violated, Low)], High, Fail, 0),
            (&[(Violated, Low), (UNKNOWN, Low)], High, Fail, 3),
            (&[(Satisfied, High), (UNKNOWN, Low)], High, Fail, 3),
            (&[(Satisfied, High), (UNKNOWN, High)], Low, Warn, 0),
            (&[(NotApplicable, High)], Low, Warn, 3),
            (&[], Low, Warn, 3),
        ];
        for (rules, fail_on, indeterminate, code) in table {
            let gate = Gate { fail_on: *fail_on, indeterminate: *indeterminate };
            assert_eq!(exit_code(&assessment(rules), gate), *code, "{rules:?} {gate:?}");
        }
        let mut nothing_read = assessment(&[(Satisfied, High)]);
        nothing_read.coverage.files_read.clear();
        assert_eq!(exit_code(&nothing_read, Gate { fail_on: Low, indeterminate: Warn }), 3);
    }
}
