//! `onshore-engine`: counts flow logs as `onshore traffic --out` does, on all processors of one machine or on many machines, and answers
//! SQL over logs with the same labels. It reads and labels with onshore's own code and brings Apache DataFusion and Ballista for the rest:
//! spreading, retries, SQL. What a tally means for rules is said by `onshore traffic merge`.

use std::io::{self, Write};
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use onshore::cli::{Failure, Screen, Surroundings};

mod ask;
mod cluster;
mod fault;
mod functions;
mod grounds;
mod job;
mod notes;
mod objects;
mod reasons;
mod session;
mod tally;
mod work;

/// As for `onshore` itself: labels and tallies are many small values.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Counts flow logs on many machines, and answers SQL over them, with the labels of onshore.
#[derive(Debug, Parser)]
#[command(name = "onshore-engine", version, propagate_version = true)]
struct Engine {
    #[command(subcommand)]
    role: Role,
    /// Tell what is done, not only what goes wrong
    #[arg(short, long, global = true)]
    verbose: bool,
}

#[derive(Debug, Subcommand)]
enum Role {
    /// Count, or ask, on this machine alone
    Local(Box<ask::Local>),
    /// Hand work of clients to executors
    Scheduler(cluster::Scheduler),
    /// Do the work that a scheduler hands out
    Executor(Box<cluster::Executor>),
    /// Count, or ask, on the executors of a scheduler
    Client(Box<ask::Client>),
}

fn main() -> ExitCode {
    let engine = match Engine::try_parse() {
        Ok(engine) => engine,
        Err(e) => {
            let _ = e.print();
            return ExitCode::from(u8::try_from(e.exit_code()).unwrap_or(2));
        }
    };
    notes::start(engine.verbose, matches!(engine.role, Role::Scheduler(_) | Role::Executor(_)));
    match run(engine.role) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            // Nobody is left to be told that this could not be told.
            let _ = write!(io::stderr(), "{failure}");
            ExitCode::from(2)
        }
    }
}

fn run(role: Role) -> Result<(), Failure> {
    let around = surroundings()?;
    match role {
        Role::Local(local) => local.run(around),
        Role::Scheduler(scheduler) => scheduler.run(),
        Role::Executor(executor) => executor.run(around),
        Role::Client(client) => client.run(around),
    }
}

/// No terminal: what stands here is read by other programs, and in logs.
fn surroundings() -> Result<Surroundings, Failure> {
    let dumb = Screen { terminal: None, unicode: true, may_color: false, links: false };
    Ok(Surroundings {
        today: jiff::Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC).date(),
        folder: std::env::current_dir()?,
        terraform_variables: std::env::vars_os()
            .filter_map(|(k, v)| Some((k.to_str()?.strip_prefix("TF_VAR_")?.to_owned(), v.to_string_lossy().into_owned())))
            .collect(),
        stdout: dumb,
        stderr: dumb,
    })
}
