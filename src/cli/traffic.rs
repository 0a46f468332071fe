//! `onshore traffic`: what did happen, by flow logs, held against policies and what the project declares. [`Ground`] and [`Read`] are
//! also what `onshore-engine` counts by, on many machines.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use clap::{Args, Subcommand};
use serde::{Deserialize, Serialize};

use super::pipeline::{self, Opened};
use super::progress::Progress;
use super::{Context, Failure, Gate, ProjectArgs, Surroundings, exit_code, severity};
use crate::check::{Counted, observe};
use crate::finding::observed::Log;
use crate::finding::{Coverage, Severity};
use crate::geo::mmdb::Database;
use crate::geo::{Atlas, GeoError};
use crate::lang::{self, Joint, Lang, say, tell};
use crate::project::Indeterminate;
use crate::read::nginx::log_formats;
use crate::report::html::traffic as html;
use crate::report::{RenderOptions, safe, traffic as report};
use crate::source::load::{self, LoadError};
use crate::traffic::convert::{convert, file_name};
use crate::traffic::open::Meter;
use crate::traffic::parquet;
use crate::traffic::part::Part;
use crate::traffic::read::{Columns, FORMATS, Format, Hints, Template, format};
use crate::traffic::{Labels, Party, Reading, Tally, count, open};

#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct Traffic {
    /// Flow logs: files, folders, globs; - for standard input. gzip and zstd are unpacked
    #[arg(value_name = "LOGS", required = true)]
    logs: Vec<String>,
    #[command(flatten)]
    read: Read,
    #[command(flatten)]
    threads: Threads,
    /// Which machine keeps the access logs: an address, or the name of an endpoint
    #[arg(long, value_name = "MACHINE")]
    here: Option<String>,
    /// Only count, and write the tally to a file for `onshore traffic merge`
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    #[command(flatten)]
    asked: Asked,
    #[command(subcommand)]
    command: Option<More>,
}

/// How logs are read.
#[derive(Clone, Debug, Default, Args, Serialize, Deserialize)]
pub struct Read {
    /// Read every log in this format instead of telling it by its first bytes
    #[arg(long, value_name = "FORMAT")]
    log_format: Option<String>,
    /// Which columns of a CSV log are what: from=src_ip,to=dst_ip,bytes=octets,first=start_time...
    #[arg(long, value_name = "WORD=COLUMN,...", default_value = "", hide_default_value = true)]
    columns: String,
    /// How lines of access logs are written: nginx's log_format, HAProxy's log-format or Envoy's format; may be given several times.
    /// A log_format of the project's nginx configuration is known
    #[arg(long, value_name = "FORMAT")]
    pub access_format: Vec<String>,
}

#[derive(Clone, Copy, Debug, Default, Args)]
pub struct Threads {
    /// Threads that read [default: as many as there are processors]
    #[arg(long, value_name = "N", default_value_t = 0, hide_default_value = true)]
    pub threads: usize,
}

#[derive(Debug, Subcommand)]
enum More {
    /// Judge tallies that `--out` wrote, together; under the same project and data sets
    Merge(Merge),
    /// Write logs as compact Parquet, one file each, which is counted faster and to the same tally
    Convert(Convert),
}

#[derive(Debug, Args)]
struct Convert {
    /// Flow logs: files, folders, globs; - for standard input
    #[arg(value_name = "LOGS", required = true)]
    logs: Vec<String>,
    #[command(flatten)]
    read: Read,
    #[command(flatten)]
    threads: Threads,
    /// Folder for the files
    #[arg(short, long, value_name = "FOLDER")]
    output: PathBuf,
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
    #[command(flatten)]
    under: Under,
    /// Policy file, or pack:NAME for one shipped with onshore; in addition to those of the project; may be given several times
    #[arg(long, value_name = "POLICY")]
    policy: Vec<String>,
    /// How to report
    #[arg(long, value_name = "FORMAT", default_value = "pretty", value_parser = ["pretty", "json"])]
    format: String,
    /// Write a page with a map for people to this file, too: traffic.html
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Fail (exit code 1) on violations of this severity and above [default: the project's, else low]
    #[arg(long, value_name = "SEVERITY", value_parser = severity())]
    fail_on: Option<Severity>,
    /// What to do if something could not be decided: exit code 3, or 0 [default: the project's, else fail]
    #[arg(long, value_name = "GATE", value_parser = ["fail", "warn"])]
    indeterminate: Option<String>,
}

/// What flows are labelled by.
#[derive(Clone, Debug, Default, Args)]
pub struct Under {
    /// Folder of the project, or its onshore.toml: what is declared there tells which data is where
    #[arg(long, value_name = "PROJECT")]
    declared: Option<PathBuf>,
    /// MMDB file from before the one in use: tell flows with addresses that it has in another country
    #[arg(long, value_name = "FILE")]
    geo_before: Option<PathBuf>,
    #[command(flatten)]
    project: ProjectArgs,
}

impl Traffic {
    pub(super) fn run(self, context: &mut Context<'_>) -> Result<u8, Failure> {
        match self.command {
            Some(More::Merge(merge)) => return merge.run(context),
            Some(More::Convert(convert)) => return convert.run(context),
            None => {}
        }
        let mut reading = self.read.reading(self.threads.threads)?;
        let inputs = open::inputs(&self.logs, &context.around.folder).map_err(Failure::Load)?;
        let mut ground = Ground::new(&self.asked.under, context)?;
        if let Some(machine) = &self.here {
            ground.keep_here(machine)?;
        }
        reading.hints.access.extend(ground.log_formats().iter().filter_map(|format| Template::parse(format).ok()));
        watch(&reading, &inputs, context);
        let (logs, tally) = count(&inputs, &ground.labels, &reading, &mut *context.stdin);
        context.progress.clear();
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
        let (rows, logs) = (part.rows.read, part.logs.len());
        let told = match broken {
            0 => say!("{rows} rows of {logs} logs counted", rows, logs),
            n => say!("{rows} rows of {logs} logs counted, {n} of them not to the end", rows, logs, n),
        };
        writeln!(context.out, "{}", told.tell(context.options.lang))?;
        Ok(0)
    }
}

impl Read {
    /// # Errors
    /// A column, a format or a name of one that is not understood.
    pub fn reading(&self, threads: usize) -> Result<Reading, Failure> {
        let columns = if self.columns.is_empty() {
            Columns::default()
        } else {
            self.columns
                .parse()
                .map_err(|why: String| Failure::with_help(format!("--columns: {why}"), "see `onshore traffic --help`"))?
        };
        let given = |text: &String| {
            let help = "give the format as it stands in the server's configuration, without its name";
            Template::parse(text).map_err(|why| Failure::with_help(format!("--access-format: {why}"), help))
        };
        let access = self.access_format.iter().map(given).collect::<Result<Vec<_>, _>>()?;
        let format = self.log_format.as_deref().map(known_format).transpose()?;
        let meter = Arc::new(Meter::default());
        Ok(Reading { hints: Hints { columns, access }, format, threads, meter })
    }
}

/// Shows how far the reading is.
fn watch(reading: &Reading, inputs: &[open::Input], context: &Context<'_>) {
    let (meter, total, lang) = (Arc::clone(&reading.meter), open::total(inputs), context.options.lang);
    context.progress.watching(move |passed| {
        progress(meter.rows.load(Relaxed), meter.bytes.load(Relaxed), total, passed.as_secs_f64(), lang)
    });
}

impl Convert {
    fn run(self, context: &mut Context<'_>) -> Result<u8, Failure> {
        if !parquet::BUILT_IN {
            return Err(Failure::with_help("Parquet is not built into this onshore", "build it with `--features parquet`"));
        }
        let reading = self.read.reading(self.threads.threads)?;
        let inputs = open::inputs(&self.logs, &context.around.folder).map_err(Failure::Load)?;
        let mut named: BTreeMap<String, &str> = BTreeMap::new();
        for input in &inputs {
            if let Some(other) = named.insert(file_name(&input.name), &input.name) {
                let message = format!("`{other}` and `{}` would become one file", input.name);
                return Err(Failure::with_help(message, "convert them one after the other, into two folders"));
            }
        }
        watch(&reading, &inputs, context);
        let folder = context.around.folder.join(&self.output);
        let converted = convert(&inputs, &folder, &reading, &mut *context.stdin);
        context.progress.clear();
        let mut failed = Vec::new();
        for log in &converted {
            if let Some(why) = &log.failed {
                let help = None;
                failed.push(LoadError { path: log.name.clone(), line: None, message: why.clone(), help });
            }
            let Some(file) = &log.file else { continue };
            let file = file.strip_prefix(&context.around.folder).unwrap_or(file).to_string_lossy();
            let (file, rows, name) = (safe(&file), log.rows, safe(&log.name));
            let told = match &log.broken {
                None => say!("{file}: {rows} flows and other rows of {name}", file, rows, name),
                Some(why) => {
                    let why = lang::read(why.clone());
                    say!("{file}: {rows} flows and other rows of {name}, not to its end: {why}", file, rows, name, why)
                }
            };
            writeln!(context.out, "{}", told.tell(context.options.lang))?;
        }
        if failed.is_empty() { Ok(0) } else { Err(Failure::Load(failed)) }
    }
}

impl Merge {
    fn run(self, context: &mut Context<'_>) -> Result<u8, Failure> {
        let mut ground = Ground::new(&self.asked.under, context)?;
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

/// `12.3 million rows, 4.1 million a second, about 12 s left`.
fn progress(rows: u64, bytes: u64, total: u64, seconds: f64, lang: Lang) -> String {
    // Chinese counts in tens of thousands.
    let millions = |n: f64| lang::both(&format!("{:.1} million", n / 1e6), Some(&format!("{:.0} 万", n / 1e4)));
    let mut text =
        vec![say!("{n} rows, {speed} a second", n = millions(rows as f64), speed = millions(rows as f64 / seconds.max(0.001)))];
    if bytes > 0 && bytes <= total {
        let left = (seconds / bytes as f64 * (total - bytes) as f64).round();
        text.push(say!("about {seconds} s left", seconds = left.to_string()));
    }
    lang::series(text, Joint::Clause).tell(lang)
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
pub struct Ground {
    opened: Opened,
    atlas: Atlas,
    pub labels: Labels,
}

impl Ground {
    /// For a program that has no terminal to tell of progress.
    ///
    /// # Errors
    /// The project or a data set cannot be read or has mistakes.
    pub fn quiet(under: &Under, around: &Surroundings) -> Result<Self, Failure> {
        let progress = Progress::new(around.stderr, Lang::En);
        let (mut stdin, mut out) = (io::empty(), io::sink());
        let options = RenderOptions::PLAIN;
        Self::new(under, &Context { around, options, lang: None, stdin: &mut stdin, out: &mut out, progress: &progress })
    }

    fn new(under: &Under, context: &Context<'_>) -> Result<Self, Failure> {
        let opened = match &under.declared {
            Some(path) => pipeline::open(Some(Path::new(path)), &under.project, context)?,
            None => pipeline::nothing(&under.project, context),
        };
        let atlas = opened.atlas()?;
        let damaged =
            |e: GeoError| Failure::Load(vec![LoadError { path: e.file, line: None, message: e.message, help: e.help }]);
        let before = under.geo_before.as_ref().map(|file| {
            let bytes = load::read_one_bytes(&context.around.folder.join(file))?;
            Database::open(&file.to_string_lossy(), bytes.into()).map_err(damaged)
        });
        let labels = Labels::beside(&atlas, &opened.snapshot, before.transpose()?.as_ref()).map_err(damaged)?;
        Ok(Self { opened, atlas, labels })
    }

    /// Says which machine keeps access logs.
    ///
    /// # Errors
    /// It is neither an address nor the name of an endpoint.
    pub fn keep_here(&mut self, machine: &str) -> Result<(), Failure> {
        let help = "name an endpoint of the project that `--declared` names, or an address";
        self.labels.keep_here(machine).map_err(|why| Failure::with_help(format!("--here: {why}"), help))
    }

    /// What the project's nginx configurations say of access logs, as far as it can be used.
    pub fn log_formats(&self) -> Vec<String> {
        let is_nginx =
            |name: &str| self.opened.coverage.files_read.iter().any(|(file, format)| file == name && *format == "nginx");
        let texts = self.opened.sources.iter().filter(|(_, source)| is_nginx(&source.path)).map(|(_, source)| &source.text);
        texts.flat_map(|text| log_formats(text)).filter(|format| Template::parse(format).is_ok()).collect()
    }

    /// The data sets by name and hash, in the order in which they are asked.
    pub fn data_sets(&self) -> Vec<(String, String)> {
        self.atlas.data_sets().iter().map(|set| (set.name.clone(), set.sha256.clone())).collect()
    }

    /// What a party is called: by its endpoints, else its site.
    pub fn name(&self, party: &Party) -> Option<String> {
        if party.endpoints.is_empty() {
            return party.site.map(|site| self.opened.snapshot.site(site).id.clone());
        }
        let names: Vec<&str> = party.endpoints.iter().map(|e| self.opened.snapshot.endpoint(*e).name.as_str()).collect();
        Some(names.join(" or "))
    }

    /// Two grounds with the same one label alike.
    pub fn hash(&self) -> String {
        self.labels.hash(&self.atlas, &self.opened.snapshot)
    }

    /// Reports, and gives the exit code.
    fn judge(&mut self, asked: &Asked, logs: &[Log], tally: &Tally, context: &mut Context<'_>) -> Result<u8, Failure> {
        let packs = self.opened.packs(&asked.policy, &context.around.folder)?;
        let assessed = asked.under.declared.is_some().then(|| self.opened.assess(&self.atlas, &packs));
        let mut question = self.opened.question(&self.atlas, &packs, None);
        let read = |l: &Log| Some((l.name.clone(), format(l.format.as_deref()?)?.name()));
        question.coverage = Coverage { files_read: logs.iter().filter_map(read).collect(), ..Coverage::default() };
        let observation = observe(&question, &Counted { labels: &self.labels, tally, logs }, assessed.as_ref());
        match asked.format.as_str() {
            "json" => report::json(&observation, &self.opened.sources, context.out)?,
            _ => report::pretty(&observation, &self.opened.sources, &context.options, context.out)?,
        }
        if let Some(file) = &asked.output {
            let mut page = Vec::new();
            html::write(&observation, &self.opened.sources, env!("CARGO_PKG_VERSION"), context.options.lang, &mut page)?;
            let file = context.around.folder.join(file);
            std::fs::write(&file, page).map_err(|e| Failure::usage(format!("`{}` cannot be written: {e}", file.display())))?;
        }
        if packs.is_empty() && asked.format == "pretty" {
            let next = tell!(
                context.options.lang,
                "no policy was given, so nothing was judged: `--policy pack:NAME` takes one that is shipped, `--declared PROJECT` says which data is where"
            );
            writeln!(context.out, "{}", context.options.wrap("", "  ", &next))?;
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
