//! FetchBundle.

use std::pin::Pin;

use futures_util::{
    Stream,
    stream::{self, StreamExt as _},
};
use oncebus_core::Bundle;
use oncebus_proto::v1 as pb;
use tonic::{Request, Status};

use super::Shared;
use crate::convert::{self, BundleAsked};

/// The answer, message by message.
pub(super) type Messages =
    Pin<Box<dyn Stream<Item = Result<pb::FetchBundleResponse, Status>> + Send>>;

pub(super) async fn fetch(
    shared: &Shared,
    request: Request<pb::FetchBundleRequest>,
) -> Result<Messages, Status> {
    let Shared { bus, callers, .. } = shared;
    let parse = |message, _caller: &_| convert::bundle_query(bus, message);
    let (admitted, asked) = callers.admit(request, parse)?;
    let (first, entries, references) = match asked {
        BundleAsked::Listed(entries, references) => (None, entries, references),
        BundleAsked::Required(query, request) => {
            let listed = bus.resolve_requirements(admitted.clone(), (*query).clone()).await;
            let (checklist, receipt) = listed.map_err(convert::failure)?;
            let first = convert::checklist(&checklist, &receipt);
            (
                Some(Ok(convert::bundle_checklist(first))),
                checklist.fetches(&query, request),
                Vec::new(),
            )
        }
    };
    let Bundle { id, parts } = bus.fetch_bundle(admitted, entries);
    let next = move |(mut parts, mut references): (tokio::sync::mpsc::Receiver<_>, Vec<_>)| async move {
        let message = convert::bundle_message(id, &mut references, parts.recv().await?);
        Some((Ok(message), (parts, references)))
    };
    let parts = stream::unfold((parts, references), next);
    Ok(Box::pin(stream::iter(first).chain(parts)))
}
