//! Take: a fetch whose content the bus itself reads; decided and recorded like any.

use oncebus_trail::Receipt;
use tokio::{join, sync::oneshot};

use crate::{Admitted, Bus, ExchangeError, Failure, FetchQuery, MaterialInfo, Part, Release};

/// A content that was taken whole.
pub(crate) struct Taken {
    pub(crate) info: MaterialInfo,
    pub(crate) content: Vec<u8>,
    /// Proof of the fetch.
    pub(crate) receipt: Receipt,
}

impl Bus {
    /// Fetches a version that has at most `most` bytes, and takes all of it, as a part of the call that
    /// was admitted.
    ///
    /// # Errors
    ///
    /// Every refusal and failure; [`ExchangeError::Cancelled`] if it has more bytes.
    pub(crate) async fn take(
        &self,
        admitted: &Admitted,
        query: FetchQuery,
        most: u64,
    ) -> Result<Taken, Failure> {
        let (answer, answered) = oneshot::channel();
        // Both to their end: then its records are written.
        let ((), taken) =
            join!(self.run_fetch(admitted, query, None, answer), taken(answered, most));
        taken
    }
}

async fn taken(
    answered: oneshot::Receiver<Result<Release, Failure>>,
    most: u64,
) -> Result<Taken, Failure> {
    let release = answered.await.unwrap_or_else(|_gone| Err(ExchangeError::Cancelled.into()))?;
    let Release { info, mut parts } = release;
    let mut content = Vec::new();
    if info.document.size_bytes <= most {
        while let Some(part) = parts.recv().await {
            let Part { data, receipt } = part?;
            content.extend_from_slice(&data);
            if let Some(receipt) = receipt {
                return Ok(Taken { info, content, receipt });
            }
        }
    }
    Err(ExchangeError::Cancelled.into())
}
