//! `onshore check`: the main job. Assess, report, gate.

use std::fmt;
use std::io;
use std::path::PathBuf;

use clap::Args;
use clap::builder::PossibleValuesParser;

use super::pipeline::Opened;
use super::{Context, Failure, Gate, ProjectArgs, baseline, exit_code, pipeline, resolve, severity};
use crate::check::follow;
use crate::finding::{Assessment, Severity};
use crate::lang::{self, say};
use crate::project::Indeterminate;
use crate::read::READERS;
use crate::report::{self, RenderOptions, Reporter, pretty};
use crate::source::Sources;

#[derive(Debug, Args)]
pub struct Check {
    /// Folder of the project, or its onshore.toml; without: the nearest onshore.toml upwards, else this folder
    path: Option<PathBuf>,
    /// How to report
    #[arg(long, value_name = "FORMAT", default_value = "pretty",
        value_parser = PossibleValuesParser::new(report::REPORTERS.iter().map(|r| r.name())))]
    format: String,
    /// Show this many findings in full, the gravest; 0 for all [default: 20 at a terminal, all in files and pipes]
    #[arg(long, value_name = "N")]
    max_findings: Option<usize>,
    /// Write the report to a file instead of the terminal; as FORMAT=FILE a further report in that format, so often as given
    #[arg(short, long, value_name = "[FORMAT=]FILE", value_parser = target)]
    output: Vec<Target>,
    /// Policy file, or pack:NAME for one shipped with onshore; in addition to those of the project; may be given several times
    #[arg(long, value_name = "POLICY")]
    policy: Vec<String>,
    #[command(flatten)]
    project: ProjectArgs,
    /// Fail (exit code 1) on violations of this severity and above [default: the project's, else low]
    #[arg(long, value_name = "SEVERITY", value_parser = severity())]
    fail_on: Option<Severity>,
    /// What to do if something could not be decided: exit code 3, or 0 [default: the project's, else fail]
    #[arg(long, value_name = "GATE", value_parser = ["fail", "warn"])]
    indeterminate: Option<String>,
    /// Let pass what this file knows from before, and show since when
    #[arg(long, value_name = "FILE")]
    baseline: Option<PathBuf>,
    /// Write down what is found now, for `--baseline`
    #[arg(long, value_name = "FILE")]
    write_baseline: Option<PathBuf>,
    /// Ask DNS for host names that no file gives an address for, on behalf of a client in each country that people come from
    #[arg(long)]
    resolve: bool,
    /// The DNS server to ask [default: the system's first]
    #[arg(long, value_name = "ADDRESS", requires = "resolve")]
    server: Option<String>,
    /// Write what the server answered to a file; among the project's files it is read instead of asking again
    #[arg(long, value_name = "FILE", requires = "resolve")]
    record: Option<PathBuf>,
}

impl Check {
    pub(super) fn run(self, context: &mut Context<'_>) -> Result<u8, Failure> {
        let mut opened = self.open(context)?;
        context.speak_of(&opened.project);
        opened.baseline = self.baseline.as_deref().map(|file| baseline::read(file, &context.around.folder)).transpose()?;
        let packs = opened.packs(&self.policy, &context.around.folder)?;
        context.progress.doing(|| opened.assessing(&packs));
        let atlas = opened.atlas()?;
        let mut assessment = opened.assess(&atlas, &packs);
        if packs.is_empty() {
            context.progress.clear();
            return without_policy(&opened, &assessment, context);
        }

        let asked = report::reporter(&self.format).expect("clap lets only known formats through");
        let written = || self.output.iter().map(|t| (t.format.unwrap_or(asked), &t.file));
        if written().any(|(reporter, _)| reporter.shows_ways()) || asked.shows_ways() {
            follow(&opened.question(&atlas, &packs, None), &mut assessment);
        }
        if written().any(|(reporter, _)| reporter.shows_hashes()) || asked.shows_hashes() {
            assessment.coverage.hashes = opened.hashes(&packs)?;
        }
        context.progress.doing(|| say!("writing reports"));
        for (reporter, file) in written() {
            let mut text = Vec::new();
            reporter.write(&assessment, &opened.sources, &context.plain(), &mut text)?;
            let file = context.around.folder.join(file);
            std::fs::write(&file, text).map_err(|e| Failure::usage(format!("`{}` cannot be written: {e}", file.display())))?;
        }
        context.progress.clear();
        if self.output.iter().any(|t| t.format.is_none()) {
            closing(&assessment, &opened.sources, context)?;
        } else {
            let most_findings = self.max_findings.map_or(context.options.most_findings, |n| Some(n).filter(|n| *n > 0));
            let options = RenderOptions { most_findings, ..context.options };
            quiet(asked.write(&assessment, &opened.sources, &options, context.out))?;
        }
        if let Some(file) = &self.write_baseline {
            baseline::write(file, &context.around.folder, &assessment)?;
        }
        let gate = Gate {
            fail_on: self.fail_on.or(opened.project.fail_on).unwrap_or(Severity::Low),
            indeterminate: match self.indeterminate.as_deref() {
                Some("warn") => Indeterminate::Warn,
                Some(_) => Indeterminate::Fail,
                None => opened.project.indeterminate,
            },
        };
        let code = if opened.broken { 2 } else { exit_code(&assessment, gate) };
        // The process ends here; the operating system takes memory back faster than a million destructors give it.
        std::mem::forget((opened, atlas, assessment));
        Ok(code)
    }
}

impl Check {
    /// The project, with what a DNS server says of names if it is to be asked.
    fn open(&self, context: &Context<'_>) -> Result<Opened, Failure> {
        let opened = pipeline::open(self.path.as_deref(), &self.project, context)?;
        if !self.resolve {
            return Ok(opened);
        }
        let server = resolve::server(self.server.as_deref())?;
        let now = jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
        let answers = resolve::ask(&opened, &opened.atlas()?, server, &now);
        if let Some(file) = &self.record {
            let file = context.around.folder.join(file);
            std::fs::write(&file, &answers)
                .map_err(|e| Failure::usage(format!("`{}` cannot be written: {e}", file.display())))?;
        }
        let name = format!("(answers of {server})");
        pipeline::open_with(self.path.as_deref(), &self.project, context, Some((&name, &answers)))
    }
}

/// What the terminal gets where the report goes to a file: as much as fits a screen; a pipe gets a line.
pub(super) fn closing(assessment: &Assessment, sources: &Sources, context: &mut Context<'_>) -> io::Result<()> {
    quiet(match context.options.most_findings {
        Some(_) => report::screen::write(assessment, sources, &context.options, context.out),
        None => writeln!(context.out, "{}", report::summary(assessment).tell(context.options.lang)),
    })
}

/// A report in a file, in the format of `--format` if it names none.
#[derive(Clone)]
struct Target {
    format: Option<&'static dyn Reporter>,
    file: PathBuf,
}

impl fmt::Debug for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}={}", self.format.map_or("", |r| r.name()), self.file.display())
    }
}

fn target(text: &str) -> Result<Target, String> {
    let Some((format, file)) = text.split_once('=').filter(|(format, _)| !format.contains(['.', '/', '\\'])) else {
        return Ok(Target { format: None, file: text.into() });
    };
    match report::reporter(format) {
        Some(_) if file.is_empty() => Err("no file is named after the `=`".to_owned()),
        Some(format) => Ok(Target { format: Some(format), file: file.into() }),
        None => {
            let names: Vec<&str> = report::REPORTERS.iter().map(|r| r.name()).collect();
            Err(format!("`{format}` is no format ({}); for a file of that name write `./{text}`", names.join(", ")))
        }
    }
}

/// There is nothing to hold the places against: shows them, and says how to ask a question.
fn without_policy(opened: &Opened, assessment: &Assessment, context: &mut Context<'_>) -> Result<u8, Failure> {
    quiet(write!(context.out, "{}", pretty::countries(assessment, &context.options)))?;
    for line in report::coverage(&assessment.coverage) {
        quiet(writeln!(context.out, "{}", line.tell(context.options.lang)))?;
    }
    if assessment.coverage.files_read.is_empty() && opened.project.location.is_none() {
        let formats: Vec<&str> = READERS.iter().map(|r| r.format()).collect();
        let formats = lang::list(formats);
        let none = say!("nothing to check: no file here is in a format that onshore reads ({formats})", formats);
        quiet(writeln!(context.out, "{}", context.options.wrap("", "  ", &none.tell(context.options.lang))))?;
        return Ok(3);
    }
    let next = match opened.project.location {
        Some(_) => "name policies in onshore.toml under `[check] policies`, and whose data comes in under `[[population]]`",
        None => "`onshore init` writes an onshore.toml that names policies and whose data comes in",
    };
    Err(Failure::with_help(
        "no policy was given, so there is nothing to check against",
        format!("`--policy pack:NAME` takes one that is shipped; `onshore policy list` shows them\n{next}"),
    ))
}

/// Whoever reads may stop reading; the exit code stays that of the assessment.
fn quiet(result: io::Result<()>) -> io::Result<()> {
    match result {
        Err(e) if e.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        other => other,
    }
}
