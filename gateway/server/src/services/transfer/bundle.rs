//! FetchBundle.

use std::pin::Pin;

use futures_util::{Stream, stream};
use oncebus_core::Bundle;
use oncebus_proto::v1 as pb;
use tonic::{Request, Status};

use super::Shared;
use crate::convert;

/// The answer, message by message.
pub(super) type Messages =
    Pin<Box<dyn Stream<Item = Result<pb::FetchBundleResponse, Status>> + Send>>;

pub(super) fn fetch(
    shared: &Shared,
    request: Request<pb::FetchBundleRequest>,
) -> Result<Messages, Status> {
    let Shared { bus, callers, .. } = shared;
    let parse = |message, _caller: &_| convert::bundle_query(bus, message);
    let (admitted, (entries, references)) = callers.admit(request, parse)?;
    let Bundle { id, parts } = bus.fetch_bundle(admitted, entries);
    let next = move |(mut parts, mut references): (tokio::sync::mpsc::Receiver<_>, Vec<_>)| async move {
        let message = convert::bundle_message(id, &mut references, parts.recv().await?);
        Some((Ok(message), (parts, references)))
    };
    Ok(Box::pin(stream::unfold((parts, references), next)))
}
