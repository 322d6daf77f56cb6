//! Disk work apart from the threads that serve calls.

use oncebus_adapter::AdapterError;
use tokio::task::spawn_blocking;

/// Does disk work; it goes on to its end when the caller hangs up.
pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, AdapterError> + Send + 'static,
) -> Result<T, AdapterError> {
    spawn_blocking(work).await.map_err(AdapterError::fault)?
}
