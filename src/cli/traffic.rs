//! `onshore traffic`: what did happen, by flow logs, held against policies and what the project declares.

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};

use super::pipeline::{self, Opened};
use super::{Context, Failure, Gate, ProjectArgs, exit_code, severity};
use crate::check::{Counted, observe};
use crate::finding::observed::Log;
use crate::finding::{Coverage, Severity};
use crate::geo::{Atlas, GeoError};
use crate::project::Indeterminate;
use crate::report::traffic as report;
use crate::source::load::{self, LoadError};
use crate::traffic::part::Part;
use crate::traffic::read::{Columns, FORMATS, Format, format};
use crate::traffic::{Labels, Reading, Tally, count, open};

#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct Traffic {
    /// Flow logs: files, folders, globs; - for standard input. gzip and zstd are unpacked
    #[arg(value_name = "LOGS", required = true)]
    logs: Vec<String>,
    /// Read every log in this format instead of telling it by its first bytes
    #[arg(long, value_name = "FORMAT")]
    log_format: Option<String>,
    /// Which columns of a CSV log are what: from=src_ip,to=dst_ip,bytes=octets,first=start_time...
    #[arg(long, value_name = "WORD=COLUMN,...", default_value = "", hide_default_value = true)]
    columns: String,
    /// Logs to read at once [default: as many as there are processors]
    #[arg(long, value_name = "N", default_value_t = 0, hide_default_value = true)]
    threads: usize,
    /// Only count, and write the tally to a file for `onshore traffic merge`
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    #[command(flatten)]
    asked: Asked,
    #[command(subcommand)]
    command: Option<More>,
}

#[derive(Debug, Subcommand)]
enum More {
    /// Judge tallies that `--out` wrote, together; under the same project and data sets
    Merge(Merge),
}

#[derive(Debug, Args)]
struct Merge {
    /// Files that `onshore traffic --out` wrote
    #[arg(required = true)]
    parts: Vec<PathBuf>,
    #[command(flatten)]
    asked: Asked,
}

/// What the flows are held against.
#[derive(Debug, Default, Args)]
struct Asked {
    /// Folder of the project, or its onshore.toml: what is declared there tells which data is where
    #[arg(long, value_name = "PROJECT")]
    declared: Option<PathBuf>,
    /// Policy file, or pack:NAME for one shipped with onshore; in addition to those of the project; may be given several times
    #[arg(long, value_name = "POLICY")]
    policy: Vec<String>,
    /// How to report
    #[arg(long, value_name = "FORMAT", default_value = "pretty", value_parser = ["pretty", "json"])]
    format: String,
    /// Fail (exit code 1) on violations of this severity and above [default: the project's, else low]
    #[arg(long, value_name = "SEVERITY", value_parser = severity())]
    fail_on: Option<Severity>,
    /// What to do if something could not be decided: exit code 3, or 0 [default: the project's, else fail]
    #[arg(long, value_name = "GATE", value_parser = ["fail", "warn"])]
    indeterminate: Option<String>,
    #[command(flatten)]
    project: ProjectArgs,
}

impl Traffic {
    pub(super) fn run(self, context: &mut Context<'_>) -> Result<u8, Failure> {
        if let Some(More::Merge(merge)) = self.command {
            return merge.run(context);
        }
        let reading = Reading {
            columns: if self.columns.is_empty() {
                Columns::default()
            } else {
                self.columns
                    .parse()
                    .map_err(|why: String| Failure::with_help(format!("--columns: {why}"), "see `onshore traffic --help`"))?
            },
            format: self.log_format.as_deref().map(known_format).transpose()?,
            threads: self.threads,
        };
        let inputs = open::inputs(&self.logs, &context.around.folder).map_err(Failure::Load)?;
        let mut ground = Ground::new(&self.asked, context)?;
        let (logs, tally) = count(&inputs, &ground.labels, &reading, &mut *context.stdin);
        if logs.iter().all(|l| l.format.is_none()) {
            return Err(unread(&logs));
        }
        let Some(out) = &self.out else { return ground.judge(&self.asked, &logs, &tally, context) };
        let part = Part::new(ground.hash(), logs, &tally);
        let file = context.around.folder.join(out);
        let text = serde_json::to_string(&part).map_err(|e| Failure::usage(e.to_string()))?;
        std::fs::write(&file, text + "\n")
            .map_err(|e| Failure::usage(format!("`{}` cannot be written: {e}", file.display())))?;
        let broken = part.logs.iter().filter(|l| l.broken.is_some()).count();
        let told = if broken > 0 { format!(", {broken} of them not to the end") } else { String::new() };
        writeln!(context.out, "{} rows of {} logs counted{told}", part.rows.read, part.logs.len())?;
        Ok(0)
    }
}

impl Merge {
    fn run(self, context: &mut Context<'_>) -> Result<u8, Failure> {
        let mut ground = Ground::new(&self.asked, context)?;
        let hash = ground.hash();
        let mut logs: Vec<Log> = Vec::new();
        let mut tally = Tally::new();
        for file in &self.parts {
            let named = |why: String| Failure::usage(format!("`{}`: {why}", file.display()));
            let part = Part::parse(&load::read_one(&context.around.folder.join(file))?).map_err(named)?;
            if part.labels != hash {
                return Err(Failure::with_help(
                    format!("`{}` was counted under another project or other data sets", file.display()),
                    "count and merge with the same version of onshore, the same project and the same databases",
                ));
            }
            if let Some(twice) =
                part.logs.iter().find(|l| logs.iter().any(|known| known.name == l.name && l.name != "(standard input)"))
            {
                return Err(named(format!("the log `{}` is in another part, too; it would count twice", twice.name)));
            }
            let first = u32::try_from(logs.len()).unwrap_or(u32::MAX);
            let counted = part.tally(ground.labels.parties.len(), first).map_err(named)?;
            tally.merge(&counted);
            logs.extend(part.logs);
        }
        ground.judge(&self.asked, &logs, &tally, context)
    }
}

fn known_format(name: &str) -> Result<&'static dyn Format, Failure> {
    format(name).ok_or_else(|| {
        let names: Vec<&str> = FORMATS.iter().map(|f| f.name()).collect();
        Failure::unknown(name, "log format", names)
    })
}

/// Nothing at all was read: that is no answer.
fn unread(logs: &[Log]) -> Failure {
    let names: Vec<&str> = FORMATS.iter().map(|f| f.name()).collect();
    let error = |l: &Log| LoadError {
        path: l.name.clone(),
        line: None,
        message: l.broken.clone().unwrap_or_default(),
        help: Some(format!("name its format with --log-format ({}), or its columns with --columns", names.join(", "))),
    };
    Failure::Load(logs.iter().take(20).map(error).collect())
}

/// What flows are labelled by: the project, if one is declared, and the data sets.
struct Ground {
    opened: Opened,
    atlas: Atlas,
    labels: Labels,
}

impl Ground {
    fn new(asked: &Asked, context: &Context<'_>) -> Result<Self, Failure> {
        let opened = match &asked.declared {
            Some(path) => pipeline::open(Some(Path::new(path)), &asked.project, context)?,
            None => pipeline::nothing(&asked.project, context),
        };
        let atlas = opened.atlas()?;
        let damaged =
            |e: GeoError| Failure::Load(vec![LoadError { path: e.file, line: None, message: e.message, help: e.help }]);
        let labels = Labels::new(&atlas, &opened.snapshot).map_err(damaged)?;
        Ok(Self { opened, atlas, labels })
    }

    fn hash(&self) -> String {
        self.labels.hash(&self.atlas, &self.opened.snapshot)
    }

    fn judge(&mut self, asked: &Asked, logs: &[Log], tally: &Tally, context: &mut Context<'_>) -> Result<u8, Failure> {
        let packs = self.opened.packs(&asked.policy, &context.around.folder)?;
        let assessed = asked.declared.is_some().then(|| self.opened.assess(&self.atlas, &packs));
        let mut question = self.opened.question(&self.atlas, &packs, None);
        let read = |l: &Log| Some((l.name.clone(), format(l.format.as_deref()?)?.name()));
        question.coverage = Coverage { files_read: logs.iter().filter_map(read).collect(), ..Coverage::default() };
        let observation = observe(&question, &Counted { labels: &self.labels, tally, logs }, assessed.as_ref());
        match asked.format.as_str() {
            "json" => report::json(&observation, &self.opened.sources, context.out)?,
            _ => report::pretty(&observation, &self.opened.sources, &context.options, context.out)?,
        }
        if packs.is_empty() && asked.format == "pretty" {
            let next = "no policy was given, so nothing was judged: `--policy pack:NAME` takes one that is shipped, `--declared PROJECT` \
                        says which data is where";
            writeln!(context.out, "{}", context.options.wrap("", "  ", next))?;
        }
        let gate = Gate {
            fail_on: asked.fail_on.or(self.opened.project.fail_on).unwrap_or(Severity::Low),
            indeterminate: match asked.indeterminate.as_deref() {
                Some("warn") => Indeterminate::Warn,
                Some(_) => Indeterminate::Fail,
                None => self.opened.project.indeterminate,
            },
        };
        Ok(if self.opened.broken { 2 } else { exit_code(&observation.assessment, gate) })
    }
}
