//! The one place where a session is made: whoever counts or asks gets it from here, whatever engine is behind it.

use std::sync::Arc;

use ballista::prelude::{SessionConfigExt, SessionContextExt};
use ballista_core::config::BALLISTA_CLIENT_PULL;
use datafusion::error::DataFusionError;
use datafusion::execution::SessionStateBuilder;
use datafusion::execution::runtime_env::{RuntimeEnv, RuntimeEnvBuilder};
use datafusion::prelude::{SessionConfig, SessionContext};

use crate::functions::{Holder, functions};
use crate::objects::{Registry, Stores};

/// Where queries run.
pub enum Kind<'k> {
    /// In this process, on so many threads.
    Here(usize),
    /// On the executors of this scheduler: `HOST:PORT`.
    Cluster(&'k str),
}

/// Bytes of a message between the parts of a cluster: a tally and a plan with many logs in it are larger than usual.
pub const MESSAGE: u32 = 256 << 20;

/// A session with our functions and stores.
///
/// # Errors
/// The scheduler's name cannot be understood.
pub async fn session(kind: Kind<'_>, holder: &Holder, stores: &Arc<Stores>) -> Result<SessionContext, DataFusionError> {
    let config = match kind {
        Kind::Here(threads) => SessionConfig::new().with_target_partitions(threads),
        // A client that asks how its job is getting on knows the job's name from the first answer on, and can call it off.
        Kind::Cluster(_) => config().set_bool(BALLISTA_CLIENT_PULL, true),
    };
    let state =
        SessionStateBuilder::new().with_config(config).with_runtime_env(runtime(stores)?).with_default_features().build();
    let context = match kind {
        Kind::Here(_) => SessionContext::new_with_state(state),
        Kind::Cluster(scheduler) => SessionContext::remote_with_state(&format!("df://{scheduler}"), state).await?,
    };
    // Afterwards: Ballista puts its own functions over those of the state.
    let (scalar, aggregate) = functions(holder);
    scalar.into_iter().for_each(|f| context.register_udf((*f).clone()));
    aggregate.into_iter().for_each(|f| context.register_udaf((*f).clone()));
    Ok(context)
}

/// What all parts of a cluster are configured with.
pub fn config() -> SessionConfig {
    SessionConfig::new_with_ballista().with_ballista_grpc_client_max_message_size(MESSAGE as usize)
}

/// What reads files and objects in SQL.
///
/// # Errors
/// It cannot be made.
pub fn runtime(stores: &Arc<Stores>) -> Result<Arc<RuntimeEnv>, DataFusionError> {
    RuntimeEnvBuilder::new().with_object_store_registry(Arc::new(Registry(Arc::clone(stores)))).build_arc()
}
