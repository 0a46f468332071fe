//! A query on its way. Whoever gives up calls it off, or executors would go on for nobody.

use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use ballista_core::execution_plans::DistributedQueryExec;
use ballista_core::serde::protobuf::CancelJobParams;
use ballista_core::serde::protobuf::scheduler_grpc_client::SchedulerGrpcClient;
use datafusion::arrow::array::RecordBatch;
use datafusion::error::DataFusionError;
use datafusion::physical_plan::{ExecutionPlan, collect};
use datafusion::prelude::DataFrame;
use datafusion_proto::protobuf::LogicalPlanNode;
use tokio::time::{sleep, timeout};

/// How long whoever gives up goes on waiting, to be let go by a scheduler.
const FAREWELL: Duration = Duration::from_secs(5);

/// What a client has a cluster do at the moment.
#[derive(Debug, Default)]
pub struct Job {
    running: Mutex<Option<Arc<dyn ExecutionPlan>>>,
}

impl Job {
    /// # Errors
    /// The engine's, on its way to the answer.
    pub async fn rows(&self, asked: DataFrame) -> Result<Vec<RecordBatch>, DataFusionError> {
        let context = Arc::new(asked.task_ctx());
        let plan = asked.create_physical_plan().await?;
        self.remember(Some(Arc::clone(&plan)));
        let rows = collect(plan, context).await;
        self.remember(None);
        rows
    }

    /// Has the scheduler drop the query, whose future is `asked`. Tells what came of it, to end a sentence with.
    pub async fn call_off(&self, scheduler: &str, asked: impl Future) -> &'static str {
        let mut asked = pin!(asked);
        let told = async {
            // A scheduler names a job in its first answer, for which somebody has to wait.
            while self.id().is_none() {
                tokio::select! {
                    _ = &mut asked => break,
                    () = sleep(Duration::from_millis(20)) => {}
                }
                if !self.is_running() {
                    break;
                }
            }
            let Some(job_id) = self.id() else { return true };
            let Ok(mut scheduler) = SchedulerGrpcClient::connect(format!("http://{scheduler}")).await else { return false };
            scheduler.cancel_job(CancelJobParams { job_id }).await.is_ok()
        };
        match timeout(FAREWELL, told).await {
            Ok(true) => "executors end what they are at and begin nothing more of it",
            Ok(false) | Err(_) => "the scheduler could not be told, so that executors may go on with it",
        }
    }

    fn remember(&self, plan: Option<Arc<dyn ExecutionPlan>>) {
        *self.running.lock().unwrap_or_else(PoisonError::into_inner) = plan;
    }

    fn is_running(&self) -> bool {
        self.running.lock().unwrap_or_else(PoisonError::into_inner).is_some()
    }

    fn id(&self) -> Option<String> {
        let running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        let sent = running.as_ref()?.downcast_ref::<DistributedQueryExec<LogicalPlanNode>>()?;
        sent.job_id().map(|id| id.as_str().to_owned())
    }
}

/// A signal to end this process has come.
pub async fn signalled() {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        let kinds = [SignalKind::interrupt(), SignalKind::terminate(), SignalKind::hangup()];
        let [interrupt, terminate, hangup] = kinds.map(signal);
        // Where none can be waited for, the system ends the process.
        let (Ok(mut interrupt), Ok(mut terminate), Ok(mut hangup)) = (interrupt, terminate, hangup) else {
            return std::future::pending().await;
        };
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
            _ = hangup.recv() => {}
        }
    }
    #[cfg(not(unix))]
    if tokio::signal::ctrl_c().await.is_err() {
        std::future::pending().await
    }
}
