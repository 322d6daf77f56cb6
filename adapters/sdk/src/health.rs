//! Whether the adapter can work, for Check and for the health service.

use std::{panic::AssertUnwindSafe, time::Duration};

use futures_util::FutureExt as _;
use oncebus_proto::v1::adapter_service_server::AdapterServiceServer;
use tokio::time::{sleep, timeout};
use tonic::server::NamedService as _;
use tonic_health::{ServingStatus, server::HealthReporter};

use crate::{Adapter, service::Service};

/// Longest time that an adapter may take to say whether it can work.
const CHECK_TIMEOUT: Duration = Duration::from_secs(5);
/// Longest text of what is wrong, in bytes.
const MAX_DETAIL_BYTES: usize = 256;

/// Returns what is wrong with the adapter; `None` if it can work.
pub(crate) async fn fault<A: Adapter>(adapter: &A) -> Option<String> {
    let check = AssertUnwindSafe(adapter.check()).catch_unwind();
    let mut detail = match timeout(CHECK_TIMEOUT, check).await {
        Ok(Ok(Ok(()))) => return None,
        Ok(Ok(Err(not_ready))) => not_ready.0,
        Ok(Err(_panic)) => "the check panicked".to_owned(),
        Err(_elapsed) => format!("the check took over {} s", CHECK_TIMEOUT.as_secs()),
    };
    detail.retain(|c| !c.is_control());
    detail.truncate(detail.floor_char_boundary(MAX_DETAIL_BYTES));
    Some(detail)
}

/// Tells the health service every `interval` how the adapter is. It never returns.
pub(crate) async fn watch<A: Adapter>(adapter: &A, health: &HealthReporter, interval: Duration) {
    let mut known = None;
    loop {
        let fault = fault(adapter).await;
        if known.as_ref() != Some(&fault) {
            match &fault {
                None => tracing::info!("adapter is ready"),
                Some(detail) => tracing::warn!(detail, "adapter is not ready"),
            }
        }
        set::<A>(health, if fault.is_none() { ServingStatus::Serving } else { NOT_SERVING }).await;
        known = Some(fault);
        sleep(interval).await;
    }
}

pub(crate) const NOT_SERVING: ServingStatus = ServingStatus::NotServing;

/// Sets the status of the service and of the whole server.
pub(crate) async fn set<A: Adapter>(health: &HealthReporter, status: ServingStatus) {
    health.set_service_status(AdapterServiceServer::<Service<A>>::NAME, status).await;
    health.set_service_status("", status).await;
}
