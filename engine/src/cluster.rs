//! The processes of a cluster. A scheduler hands work out and knows no labels; executors read logs where they lie and label them. Nobody
//! is asked for a password: who reaches their ports may have them read what they can read, so that these belong on a network of their own.

use std::io::{self, Write};
use std::net::{IpAddr, SocketAddr, TcpListener};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use ballista_core::registry::BallistaFunctionRegistry;
use ballista_executor::executor_process::{ExecutorProcessConfig, start_executor_process};
use ballista_scheduler::cluster::BallistaCluster;
use ballista_scheduler::config::SchedulerConfig;
use ballista_scheduler::scheduler_process::{create_scheduler, start_grpc_service_with_listener};
use clap::Args;
use datafusion::execution::SessionStateBuilder;
use datafusion_proto::protobuf::{LogicalPlanNode, PhysicalPlanNode};
use onshore::cli::traffic::Under;
use onshore::cli::{Failure, Surroundings};

use crate::ask::threads;
use crate::functions::{Holder, functions};
use crate::grounds::{Grounds, short};
use crate::objects::Stores;
use crate::session::{MESSAGE, config, runtime};

/// When an executor counts as lost; the same for a scheduler and all of its executors.
#[derive(Clone, Copy, Debug, Args)]
struct Times {
    /// Seconds between two signs of life of an executor
    #[arg(long, value_name = "SECONDS", default_value_t = 3, value_parser = clap::value_parser!(u64).range(1..))]
    heartbeat: u64,
    /// Seconds without a sign of life after which an executor is lost and its work is done by others
    #[arg(long, value_name = "SECONDS", default_value_t = 15, value_parser = clap::value_parser!(u64).range(1..))]
    executor_timeout: u64,
}

impl Times {
    /// An executor that speaks less often than it must is lost while it lives, and its clients wait for ever.
    fn check(self) -> Result<(), Failure> {
        if self.heartbeat < self.executor_timeout {
            return Ok(());
        }
        Err(Failure::with_help(
            format!(
                "--heartbeat {} is not below --executor-timeout {}: executors that live would count as lost",
                self.heartbeat, self.executor_timeout
            ),
            "give executors time for some heartbeats (3 and 15 is what both are without a word), and the scheduler and all executors the same",
        ))
    }
}

#[derive(Debug, Args)]
pub struct Scheduler {
    /// Address to listen at; anybody who reaches it may ask
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1")]
    bind: IpAddr,
    /// Port to listen at; 0: any that is free
    #[arg(long, value_name = "PORT", default_value_t = 50_050)]
    port: u16,
    /// Name or address by which executors reach it [default: --bind]
    #[arg(long, value_name = "HOST")]
    advertise: Option<String>,
    #[command(flatten)]
    times: Times,
}

impl Scheduler {
    pub fn run(self) -> Result<(), Failure> {
        self.times.check()?;
        threads()?.block_on(self.serve())
    }

    async fn serve(self) -> Result<(), Failure> {
        let failed = |e: &dyn std::fmt::Display| Failure::usage(format!("the scheduler: {e}"));
        let taken = |e: io::Error| {
            Failure::with_help(
                format!("the scheduler cannot listen at {}:{}: {e}", self.bind, self.port),
                "--bind names an address of this machine, --port a port that is free there (0: any)",
            )
        };
        let listener = tokio::net::TcpListener::bind(SocketAddr::new(self.bind, self.port)).await.map_err(taken)?;
        let port = listener.local_addr()?.port();
        let stores = Arc::new(Stores::new()?);
        let holder = Holder::default();
        let config = SchedulerConfig {
            bind_host: self.bind.to_string(),
            bind_port: port,
            external_host: self.advertise.clone().unwrap_or_else(|| self.bind.to_string()),
            executor_timeout_seconds: self.times.executor_timeout,
            expire_dead_executor_interval_seconds: self.times.heartbeat.min(self.times.executor_timeout),
            // With no executor left, a job waits for a new one for as long as for a sign of life.
            no_executors_grace_period_seconds: self.times.executor_timeout,
            grpc_server_max_decoding_message_size: MESSAGE,
            grpc_server_max_encoding_message_size: MESSAGE,
            grpc_client_max_message_size: MESSAGE,
            override_config_producer: Some(Arc::new(config)),
            override_session_builder: Some(Arc::new(move |config| {
                let (scalar, aggregate) = functions(&holder);
                let mut scalars = ballista_core::extension::ballista_scalar_functions();
                scalars.extend(scalar);
                let mut aggregates = ballista_core::extension::ballista_aggregate_functions();
                aggregates.extend(aggregate);
                Ok(SessionStateBuilder::new()
                    .with_default_features()
                    .with_config(config)
                    .with_runtime_env(runtime(&stores)?)
                    .with_optimizer_rules(ballista_core::optimizer::ballista_default_optimizer_rules())
                    .with_scalar_functions(scalars)
                    .with_aggregate_functions(aggregates)
                    .with_window_functions(ballista_core::extension::ballista_window_functions())
                    .build())
            })),
            ..SchedulerConfig::default()
        };
        let cluster = BallistaCluster::new_from_config(&config).await.map_err(|e| failed(&e))?;
        let scheduler = create_scheduler::<LogicalPlanNode, PhysicalPlanNode>(cluster, Arc::new(config)).await;
        let scheduler = scheduler.map_err(|e| failed(&e))?;
        writeln!(io::stdout(), "scheduler at {}", SocketAddr::new(self.bind, port))?;
        start_grpc_service_with_listener(listener, scheduler).await.map_err(|e| failed(&e))
    }
}

#[derive(Debug, Args)]
pub struct Executor {
    /// Where the scheduler listens
    #[arg(long, value_name = "HOST:PORT", default_value = "127.0.0.1:50050")]
    scheduler: String,
    /// Address to listen at; anybody who reaches it may ask
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1")]
    bind: IpAddr,
    /// Port for results, and the next one for work; 0: any that are free
    #[arg(long, value_name = "PORT", default_value_t = 50_051)]
    port: u16,
    /// Name or address by which the scheduler, clients and other executors reach it [default: --bind]
    #[arg(long, value_name = "HOST")]
    advertise: Option<String>,
    /// Logs that are read at once [default: as many as there are processors]
    #[arg(long, value_name = "N", default_value_t = 0, hide_default_value = true)]
    cores: usize,
    /// Folder for what is handed on; tallies, not logs [default: a temporary one]
    #[arg(long, value_name = "FOLDER")]
    work_dir: Option<PathBuf>,
    #[command(flatten)]
    times: Times,
    #[command(flatten)]
    under: Under,
}

impl Executor {
    pub fn run(self, around: Surroundings) -> Result<(), Failure> {
        self.times.check()?;
        let help = "write HOST:PORT, such as 10.0.0.5:50050";
        let wrong = || Failure::with_help(format!("--scheduler: `{}` is no host with a port", self.scheduler), help);
        let (host, port) = self.scheduler.rsplit_once(':').ok_or_else(wrong)?;
        let scheduler_port: u16 = port.parse().map_err(|_| wrong())?;
        let grounds = Arc::new(Grounds::new(self.under.clone(), around));
        let bench = grounds.compile(None)?;
        let stores = Arc::new(Stores::new()?);
        let temporary;
        let work_dir = match &self.work_dir {
            Some(folder) => folder.clone(),
            None => {
                temporary = tempfile::tempdir()?;
                temporary.path().to_owned()
            }
        };
        let cannot = |e: io::Error| Failure::usage(format!("`{}` cannot be used: {e}", work_dir.display()));
        std::fs::create_dir_all(&work_dir).map_err(cannot)?;
        let (port, grpc_port) = self.ports()?;
        let processors = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        let (scalar, aggregate) = functions(&Holder::of(grounds, Arc::clone(&stores)));
        let mut registry = BallistaFunctionRegistry::default();
        registry.scalar_functions.extend(scalar.into_iter().map(|f| (f.name().to_owned(), f)));
        registry.aggregate_functions.extend(aggregate.into_iter().map(|f| (f.name().to_owned(), f)));
        let process = ExecutorProcessConfig {
            bind_host: self.bind.to_string(),
            external_host: Some(self.advertise.clone().unwrap_or_else(|| self.bind.to_string())),
            port,
            grpc_port,
            scheduler_host: host.to_owned(),
            scheduler_port,
            // Machines start in any order.
            scheduler_connect_timeout_seconds: 60,
            vcores: if self.cores == 0 { processors } else { self.cores },
            work_dir: Some(work_dir.to_string_lossy().into_owned()),
            // Tallies of a query that nobody asks for any more.
            job_data_ttl_seconds: 24 * 60 * 60,
            job_data_clean_up_interval_seconds: 60 * 60,
            grpc_max_decoding_message_size: MESSAGE,
            grpc_max_encoding_message_size: MESSAGE,
            executor_heartbeat_interval_seconds: self.times.heartbeat,
            override_function_registry: Some(Arc::new(registry)),
            override_runtime_producer: Some(Arc::new(move |_| runtime(&stores))),
            override_config_producer: Some(Arc::new(config)),
            ..ExecutorProcessConfig::default()
        };
        let (address, labels) = (SocketAddr::new(self.bind, port), short(&bench.mark.labels).to_owned());
        drop(bench);
        threads()?.block_on(async {
            let health = process.health.clone();
            tokio::spawn(async move {
                while !health.is_ready() {
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
                // Whoever does not read this can do without.
                let _ = writeln!(io::stdout(), "executor at {address}, labels {labels}");
            });
            let ended = start_executor_process(Arc::new(process)).await;
            ended
                .map_err(|e| Failure::with_help(format!("the executor: {e}"), format!("is a scheduler at {}?", self.scheduler)))
        })
    }

    /// For results and for work; both are free.
    fn ports(&self) -> Result<(u16, u16), Failure> {
        let listen = |port: u16| {
            let taken = |e: io::Error| {
                let message = format!("the executor cannot listen at {}:{port}: {e}", self.bind);
                Failure::with_help(message, "it takes two ports, --port and the next one; --port 0 takes any two that are free")
            };
            let listener = TcpListener::bind(SocketAddr::new(self.bind, port)).map_err(taken)?;
            Ok::<_, Failure>((listener.local_addr()?.port(), listener))
        };
        let next = match self.port {
            0 => 0,
            port => port.checked_add(1).ok_or_else(|| Failure::usage("--port: there is no port above 65535"))?,
        };
        // Both are held at once, or any two that are free could be the same.
        let (results, work) = (listen(self.port)?, listen(next)?);
        Ok((results.0, work.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_heartbeat_must_come_before_the_timeout() {
        assert!(Times { heartbeat: 3, executor_timeout: 15 }.check().is_ok());
        for (heartbeat, executor_timeout) in [(60, 10), (15, 15)] {
            let told = Times { heartbeat, executor_timeout }.check().unwrap_err().to_string();
            assert!(
                told.contains(&format!("--heartbeat {heartbeat} is not below --executor-timeout {executor_timeout}")),
                "{told}"
            );
        }
    }
}
