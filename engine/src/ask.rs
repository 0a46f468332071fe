//! What a person asks, of this machine or of a cluster: count logs to a part that `onshore traffic merge` judges, or SQL.

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use datafusion::arrow::csv::WriterBuilder;
use datafusion::arrow::util::pretty::pretty_format_batches;
use datafusion::error::DataFusionError;
use datafusion::execution::FunctionRegistry;
use datafusion::logical_expr::{LogicalPlan, LogicalPlanBuilder, Union, col, lit};
use datafusion::prelude::{CsvReadOptions, DataFrame, JsonReadOptions, ParquetReadOptions, SessionContext};
use onshore::cli::traffic::{Read, Threads, Under};
use onshore::cli::{Failure, Surroundings};
use tokio::runtime::{Builder, Runtime};
use tokio::time::{sleep, timeout};

use crate::fault;
use crate::functions::{Holder, marked};
use crate::grounds::{Bench, Grounds, short};
use crate::job::{Job, signalled};
use crate::objects::{SCHEME, Stores};
use crate::session::{Kind, session};
use crate::tally::{Counted, tallies};
use crate::work::{self, Unit, Work};

#[derive(Debug, Args)]
pub struct Local {
    #[command(flatten)]
    ask: Ask,
    #[command(flatten)]
    threads: Threads,
}

#[derive(Debug, Args)]
pub struct Client {
    #[command(flatten)]
    ask: Ask,
    /// Where the scheduler listens
    #[arg(long, value_name = "HOST:PORT", default_value = "127.0.0.1:50050")]
    scheduler: String,
    /// Seconds after which to give up if no executor takes work
    #[arg(long, value_name = "SECONDS", default_value_t = 60, value_parser = clap::value_parser!(u64).range(1..))]
    wait: u64,
    /// Seconds after which to give up altogether
    #[arg(long, value_name = "SECONDS", default_value_t = 86_400, value_parser = clap::value_parser!(u64).range(1..))]
    deadline: u64,
}

#[derive(Debug, Args)]
struct Ask {
    /// Flow logs: files, folders, globs, s3://BUCKET/KEY, s3://BUCKET/FOLDER/, globs there. gzip and zstd are unpacked
    #[arg(value_name = "LOGS", required_unless_present = "sql", conflicts_with = "sql")]
    logs: Vec<String>,
    /// File for the tally, which `onshore traffic merge` judges
    #[arg(long, value_name = "FILE", required_unless_present = "sql", conflicts_with = "sql")]
    out: Option<PathBuf>,
    /// Which machine keeps the access logs: an address, or the name of an endpoint
    #[arg(long, value_name = "MACHINE")]
    here: Option<String>,
    #[command(flatten)]
    read: Read,
    #[command(flatten)]
    under: Under,
    /// Ask this instead of counting; country(address) and party(address, port) are known
    #[arg(long, value_name = "QUERY")]
    sql: Option<String>,
    /// A table for --sql: files or objects in Parquet, CSV (.csv, .csv.gz) or JSON lines (.json); may be given several times
    #[arg(long, value_name = "NAME=LOCATION", requires = "sql", value_parser = table)]
    table: Vec<(String, String)>,
    /// How to write what --sql answers
    #[arg(long, value_name = "FORMAT", requires = "sql", default_value = "table", value_parser = ["table", "csv"])]
    format: String,
}

fn table(text: &str) -> Result<(String, String), String> {
    let split = text.split_once('=').filter(|(name, location)| !name.is_empty() && !location.is_empty());
    split.map(|(n, l)| (n.to_owned(), l.to_owned())).ok_or_else(|| "write NAME=LOCATION, such as flows=logs/".to_owned())
}

impl Local {
    pub fn run(self, around: Surroundings) -> Result<(), Failure> {
        let processors = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        let threads = if self.threads.threads == 0 { processors } else { self.threads.threads };
        let runtime = Builder::new_multi_thread().worker_threads(threads).enable_all().build()?;
        let question = Question::new(self.ask, around)?;
        runtime.block_on(async { question.answer(Kind::Here(threads)).await })
    }
}

impl Client {
    pub fn run(self, around: Surroundings) -> Result<(), Failure> {
        let (runtime, scheduler) = (threads()?, self.scheduler);
        let question = Question::new(self.ask, around)?;
        let answer = runtime.block_on(async {
            let mut asked = pin!(async {
                question.await_executor(&scheduler, Duration::from_secs(self.wait)).await?;
                question.answer(Kind::Cluster(&scheduler)).await
            });
            let late = format!("no answer within {} s", self.deadline);
            let (why, help) = tokio::select! {
                answer = &mut asked => return answer,
                () = sleep(Duration::from_secs(self.deadline)) => (late.as_str(), "see what the scheduler says; --deadline sets the seconds to wait"),
                () = signalled() => ("a signal came to end this", "ask again for the answer"),
            };
            let after = question.job.call_off(&scheduler, asked).await;
            Err(Failure::with_help(format!("{why}; {after}"), help))
        });
        // What still waits for a scheduler that is gone must not keep this process.
        runtime.shutdown_background();
        answer
    }
}

pub fn threads() -> Result<Runtime, Failure> {
    Ok(Builder::new_multi_thread().enable_all().build()?)
}

struct Question {
    ask: Ask,
    folder: PathBuf,
    bench: Arc<Bench>,
    holder: Holder,
    stores: Arc<Stores>,
    /// What to count, a text a task.
    tasks: Vec<String>,
    logs: usize,
    job: Job,
}

impl Question {
    /// Reads the project, and lists what to count.
    fn new(ask: Ask, around: Surroundings) -> Result<Self, Failure> {
        let folder = around.folder.clone();
        if let Some(out) = &ask.out {
            can_be_written(&folder.join(out))?;
        }
        let stores = Arc::new(Stores::new()?);
        let grounds = Arc::new(Grounds::new(ask.under.clone(), around));
        let bench = grounds.compile(ask.here.as_deref())?;
        let mut read = ask.read.clone();
        // What cannot be understood is told before anybody is asked.
        read.reading(1)?;
        read.access_format.extend(bench.log_formats.iter().cloned());
        let units = work::list(&ask.logs, &folder, &stores)?;
        let logs = units.iter().map(|unit| unit.number).max().map_or(0, |last| last as usize + 1);
        let task = |units: Vec<Unit>| text(&Work { mark: bench.mark.clone(), read: read.clone(), units });
        let tasks = work::pack(units).into_iter().map(task).collect::<Result<_, _>>()?;
        let holder = Holder::of(grounds, Arc::clone(&stores)).by(Arc::clone(&bench));
        Ok(Self { ask, folder, bench, holder, stores, tasks, logs, job: Job::default() })
    }

    /// Has an executor do nothing: it tells whether there is one, and whether it labels alike.
    async fn await_executor(&self, scheduler: &str, patience: Duration) -> Result<(), Failure> {
        let nothing = text(&Work { mark: self.bench.mark.clone(), read: Read::default(), units: Vec::new() })?;
        let mut asked = pin!(async {
            let context = session(Kind::Cluster(scheduler), &self.holder, &self.stores).await?;
            count(&context, &[&[nothing]], &self.job).await
        });
        if let Ok(answer) = timeout(patience, &mut asked).await {
            return answer.map(drop).map_err(|e| unreachable(&e, scheduler));
        }
        self.job.call_off(scheduler, asked).await;
        Err(Failure::with_help(
            format!("no executor took work of the scheduler at {scheduler} within {} s", patience.as_secs()),
            "start one with `onshore-engine executor --scheduler HOST:PORT` and the times of the scheduler, or wait for others' work to end; --wait sets the seconds",
        ))
    }

    async fn answer(&self, kind: Kind<'_>) -> Result<(), Failure> {
        let on_cluster = matches!(kind, Kind::Cluster(_));
        // Threads of one machine are offered all tasks and have one tally each; what a cluster may lose is a task and its tally.
        let (holder, lists) = match kind {
            Kind::Here(threads) => (self.holder.clone().shared(), vec![&self.tasks[..]; threads.min(self.tasks.len())]),
            Kind::Cluster(_) => (self.holder.clone(), self.tasks.chunks(1).collect()),
        };
        let context = session(kind, &holder, &self.stores).await.map_err(|e| fault::failure(&e))?;
        match &self.ask.sql {
            Some(sql) => self.sql(&context, sql, on_cluster).await,
            None => self.tally(&context, &lists).await,
        }
    }

    async fn tally(&self, context: &SessionContext, lists: &[&[String]]) -> Result<(), Failure> {
        let counted = count(context, lists, &self.job).await.map_err(|e| fault::failure(&e))?;
        if counted.part.labels != self.bench.mark.labels || counted.logs.len() != self.logs {
            let message = format!(
                "the answer is about {} logs under labels {}, and {} logs under {} were asked for",
                counted.logs.len(),
                short(&counted.part.labels),
                self.logs,
                short(&self.bench.mark.labels)
            );
            return Err(Failure::with_help(message, "run the same version everywhere"));
        }
        let part = counted.whole(self.bench.labels.parties.len()).map_err(|e| fault::failure(&e))?;
        if part.logs.iter().all(|log| log.format.is_none()) {
            let why = part.logs.first().and_then(|log| log.broken.clone()).unwrap_or_default();
            let name = part.logs.first().map_or("", |log| log.name.as_str());
            let message = format!("none of {} logs was read; `{name}`: {why}", part.logs.len());
            return Err(Failure::with_help(message, "name their format with --log-format, or their columns with --columns"));
        }
        let file = self.folder.join(self.ask.out.as_deref().unwrap_or(Path::new("")));
        write_whole(&file, &(text(&part)? + "\n"))?;
        let broken = part.logs.iter().filter(|log| log.broken.is_some()).count();
        let told = if broken > 0 { format!(", {broken} of them not to the end") } else { String::new() };
        writeln!(io::stdout(), "{} rows of {} logs counted{told}", part.rows.read, part.logs.len())?;
        for log in part.logs.iter().filter(|log| log.broken.is_some()).take(20) {
            writeln!(io::stdout(), "  {}: {}", onshore::report::safe(&log.name), log.broken.as_deref().unwrap_or(""))?;
        }
        Ok(())
    }

    /// Whether a table is there; an engine takes what is missing for a table without columns, or for a fault of its own.
    fn look(&self, location: &str) -> Result<(), DataFusionError> {
        let wrong = |why: &str, help: &str| Err(fault::fatal(&format!("`{location}`: {why}"), help));
        let there = "name a file, a folder that ends with /, or s3://BUCKET/KEY";
        if location.starts_with(SCHEME) {
            let found = self.stores.find(location).map_err(|reason| fault::of_store(location, &reason))?;
            return if found.is_empty() { wrong("no table is there", there) } else { Ok(()) };
        }
        let is_plain = !location.contains("://") && !location.contains(['*', '?', '[']);
        let is_table = [".parquet", ".csv", ".csv.gz", ".json", ".json.gz"]
            .iter()
            .any(|ending| location.to_ascii_lowercase().ends_with(ending));
        match self.folder.join(location).metadata() {
            Err(e) if is_plain => wrong(&e.to_string(), there),
            Ok(about) if about.is_file() && !is_table => wrong(
                "that is no table",
                "SQL reads .parquet, .csv and .json; `onshore traffic convert` makes Parquet of flow logs",
            ),
            _ => Ok(()),
        }
    }

    async fn sql(&self, context: &SessionContext, sql: &str, on_cluster: bool) -> Result<(), Failure> {
        let asked = async {
            for (name, location) in &self.ask.table {
                self.look(location)?;
                register(context, name, location).await?;
            }
            let (state, plan) = context.sql(sql).await?.into_parts();
            let plan = if on_cluster { marked(plan, &self.bench)? } else { plan };
            self.job.rows(DataFrame::new(state, plan)).await
        };
        let rows = asked.await.map_err(|e| fault::failure(&e))?;
        let mut out = io::stdout().lock();
        let told = |e: datafusion::arrow::error::ArrowError| Failure::usage(e.to_string());
        match self.ask.format.as_str() {
            "csv" => {
                let mut writer = WriterBuilder::new().build(&mut out);
                rows.iter().try_for_each(|batch| writer.write(batch)).map_err(told)?;
            }
            _ => writeln!(out, "{}", pretty_format_batches(&rows).map_err(told)?)?,
        }
        Ok(())
    }
}

fn text(of: &impl serde::Serialize) -> Result<String, Failure> {
    serde_json::to_string(of).map_err(|e| Failure::usage(e.to_string()))
}

fn unwritten(file: &Path, error: &io::Error) -> Failure {
    // Until it is whole a file has a name that says nothing to anybody.
    let told = error.to_string();
    let plain = told.split(" at path ").next().unwrap_or(&told);
    let help = "name a file in a folder that is there, may be written, and has room";
    Failure::with_help(format!("`{}` cannot be written: {plain}", file.display()), help)
}

/// A run of hours must not end with a folder that is not there.
fn can_be_written(file: &Path) -> Result<(), Failure> {
    match file.metadata() {
        Ok(about) if about.is_dir() => Err(unwritten(file, &io::ErrorKind::IsADirectory.into())),
        // A pipe, a device.
        Ok(about) if !about.is_file() => Ok(()),
        _ => beside(file).map(drop),
    }
}

/// A file without a name in the folder of another.
fn beside(file: &Path) -> Result<tempfile::NamedTempFile, Failure> {
    let folder = file.parent().filter(|f| !f.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut named = tempfile::Builder::new();
    // As any file that is written: who may read it is for the system to say.
    #[cfg(unix)]
    named.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    named.tempfile_in(folder).map_err(|e| unwritten(file, &e))
}

/// A file has its name only when it is whole. What is no file (a pipe, a device) is written as it is.
fn write_whole(file: &Path, text: &str) -> Result<(), Failure> {
    let plain = file.metadata().map_or(true, |about| about.is_file());
    if !plain {
        return std::fs::write(file, text).map_err(|e| unwritten(file, &e));
    }
    let mut part = beside(file)?;
    part.write_all(text.as_bytes()).and_then(|()| part.as_file().sync_all()).map_err(|e| unwritten(file, &e))?;
    part.persist(file).map_err(|e| unwritten(file, &e.error))?;
    Ok(())
}

/// A scheduler that is not there is the likeliest reason why it cannot be spoken to.
fn unreachable(error: &DataFusionError, scheduler: &str) -> Failure {
    let text = error.to_string();
    if text.contains("ConnectError") || text.contains("transport error") || text.contains("Connection refused") {
        let message = format!("no scheduler answers at {scheduler}");
        return Failure::with_help(message, "start one with `onshore-engine scheduler`, or name it with --scheduler HOST:PORT");
    }
    fault::failure(error)
}

/// Sends the tasks around, each list as an input of its own, and merges what comes back.
async fn count(context: &SessionContext, lists: &[&[String]], job: &Job) -> Result<Counted, DataFusionError> {
    let tally = context.udaf("onshore_tally")?;
    let mut inputs: Vec<Arc<LogicalPlan>> = Vec::new();
    for tasks in lists {
        let rows = tasks.iter().map(|task| vec![lit(task.as_str())]).collect();
        inputs.push(Arc::new(LogicalPlanBuilder::values(rows)?.build()?));
    }
    let all = match inputs.len() {
        1 => LogicalPlanBuilder::from(inputs.remove(0)),
        _ => LogicalPlanBuilder::from(LogicalPlan::Union(Union::try_new(inputs)?)),
    };
    let none: Vec<datafusion::logical_expr::Expr> = Vec::new();
    let plan = all.aggregate(none, vec![tally.call(vec![col("column1")]).alias("counted")])?.build()?;
    let rows = job.rows(context.execute_logical_plan(plan).await?).await?;
    let columns = rows.iter().filter(|batch| batch.num_rows() > 0).map(|batch| batch.column(0));
    let first = columns.map(tallies).next().transpose()?.and_then(|mut tallies| tallies.next());
    first.ok_or_else(|| fault::fatal("no executor gave a tally", "try again")).and_then(Counted::parse)
}

async fn register(context: &SessionContext, name: &str, location: &str) -> Result<(), DataFusionError> {
    let lower = location.to_ascii_lowercase();
    let ends = |ending: &str| lower.ends_with(ending) || lower.ends_with(&format!("{ending}.gz"));
    let gz = lower.ends_with(".gz");
    let packed = if gz {
        datafusion::datasource::file_format::file_compression_type::FileCompressionType::GZIP
    } else {
        datafusion::datasource::file_format::file_compression_type::FileCompressionType::UNCOMPRESSED
    };
    if ends(".csv") {
        let ending = if gz { ".csv.gz" } else { ".csv" };
        let options = CsvReadOptions::new().file_compression_type(packed).file_extension(ending);
        return context.register_csv(name, location, options).await;
    }
    if ends(".json") {
        let ending = if gz { ".json.gz" } else { ".json" };
        let options = JsonReadOptions::default().file_compression_type(packed).file_extension(ending);
        return context.register_json(name, location, options).await;
    }
    context.register_parquet(name, location, ParquetReadOptions::default()).await
}
