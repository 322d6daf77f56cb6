//! What people do to the trail: unseal, erase, drop. Each act is on record before it is done.

mod day;
mod erase;
mod erased;
mod error;
mod parts;
mod policy;
mod ranges;
mod retain;
mod unseal;

use std::{
    future::Future,
    path::PathBuf,
    sync::{Arc, PoisonError, RwLock},
};

use oncebus_core::{Bus, Call, Caller, Ending, Ground, Journal, Operation, Role, Span, Spans};
use oncebus_store::{SearchIndex, SqliteRegistry};
use oncebus_trail::{Receipt, Trail};
use tokio::sync::Semaphore;
use tokio_util::task::TaskTracker;

use crate::{GatewayConfig, StartError, config::Retention};

pub(crate) use self::{
    erase::{EraseQuery, Target},
    error::{ActError, ActFailure},
    parts::Parts,
    retain::Retained,
    unseal::{ApproveQuery, UnsealQuery},
};

/// Does them, one after the other.
#[derive(Debug)]
pub(crate) struct Acts {
    bus: Bus,
    index: Arc<SearchIndex>,
    registry: Arc<SqliteRegistry>,
    trail_dir: PathBuf,
    /// The policy in force; replaced as a whole.
    retention: RwLock<Arc<Retention>>,
    turn: Arc<Semaphore>,
    tasks: TaskTracker,
}

// === impl Acts ===

impl Acts {
    /// Publishes the policy of retention, and finishes erasures that the last run left.
    ///
    /// # Errors
    ///
    /// If the policy cannot be published.
    pub(crate) async fn start(
        config: &GatewayConfig,
        bus: &Bus,
        index: &Arc<SearchIndex>,
        registry: &Arc<SqliteRegistry>,
        tasks: &TaskTracker,
    ) -> Result<Arc<Self>, StartError> {
        let acts = Self {
            bus: bus.clone(),
            index: Arc::clone(index),
            registry: Arc::clone(registry),
            trail_dir: config.trail_dir.clone(),
            retention: RwLock::new(Arc::new(config.retention.clone())),
            turn: Arc::new(Semaphore::new(1)),
            tasks: tasks.clone(),
        };
        let published = acts.publish_policy(&config.retention);
        published.map_err(|error| StartError::files(&acts.policy_file(), error))?;
        acts.finish_erasures().await;
        Ok(Arc::new(acts))
    }

    /// Puts another policy of retention in force, and publishes it.
    pub(crate) fn replace_retention(&self, retention: &Retention) {
        let replaced = Arc::new(retention.clone());
        *self.retention.write().unwrap_or_else(PoisonError::into_inner) = replaced;
        if let Err(error) = self.publish_policy(retention) {
            let file = self.policy_file();
            tracing::error!(%error, file = %file.display(), "the policy is in force, not published");
        }
    }

    fn retention(&self) -> Arc<Retention> {
        Arc::clone(&self.retention.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn journal(&self) -> &Journal {
        self.bus.journal()
    }

    fn trail(&self) -> &Trail {
        self.journal().trail()
    }

    /// Does an act once those before it are done. It goes on when its caller hangs up: what is on
    /// record must come true.
    async fn alone<T: Send + 'static>(
        &self,
        act: impl Future<Output = Result<T, ActFailure>> + Send + 'static,
    ) -> Result<T, ActFailure> {
        let turn = Arc::clone(&self.turn).acquire_owned().await.expect("it is never closed");
        let work = self.tasks.spawn(async move {
            let _turn = turn;
            act.await
        });
        work.await.unwrap_or_else(|ended| Err(ActError::ended(&ended).into()))
    }

    /// Makes a refusal durable, and returns what the caller hears: where the trail cannot be written,
    /// only that.
    async fn refused(&self, refusal: Refusal) -> ActFailure {
        let Refusal { call, indices, ground, error } = refusal;
        let ranges = Spans::several(&Span::runs(indices)).into_iter().next();
        let ranges = ranges.filter(|spans| !spans.as_slice().is_empty());
        let reads = call.operation == Some(Operation::ReadSealed);
        let call =
            Call { outcome: Some(error.ending()), reason: Some(error.reason().into()), ..call };
        let written = if reads {
            self.journal().sealed_read(call, ranges, 0).await
        } else {
            self.journal().admin(call, ranges, ground).await
        };
        match written {
            Ok(receipt) => ActFailure { error, receipt: Some(Box::new(receipt)) },
            Err(unwritten) => ActError::from(unwritten).into(),
        }
    }

    /// Proves a record of an act that is done already.
    async fn receipt(&self, index: u64) -> Result<Receipt, ActError> {
        Ok(self.trail().receipt(index).await?)
    }
}

/// An act that is not done.
struct Refusal {
    call: Call,
    /// Records that it was about, ascending; of many, the first are on record.
    indices: Vec<u64>,
    ground: Option<Ground>,
    error: ActError,
}

/// Says what is done by whom, for its record.
fn call(caller: &Caller, operation: Operation) -> Call {
    Call { operation: Some(operation), ..Call::by(caller) }
}

/// Says that it is done.
fn served(call: &Call) -> Call {
    Call { outcome: Some(Ending::Served), ..call.clone() }
}

fn must_be(role: Role, caller: &Caller) -> Result<(), ActError> {
    if caller.role == role { Ok(()) } else { Err(ActError::NotRole(role)) }
}
