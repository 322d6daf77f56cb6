//! WatchMaterials: what becomes of materials, until the caller has enough.

use std::pin::Pin;

use futures_util::{Stream, stream};
use oncebus_core::{Bus, Watch, WatchQuery};
use oncebus_proto::v1 as pb;
use tokio::select;
use tokio_util::sync::CancellationToken;
use tonic::{Request, Status};

use super::Material;
use crate::{convert, page::Cursors};

/// What one watch tells.
pub(super) type Messages =
    Pin<Box<dyn Stream<Item = Result<pb::WatchMaterialsResponse, Status>> + Send>>;

/// One watch. It is asked for a message when the one before is taken, and keeps none ahead.
struct Watching {
    bus: Bus,
    watch: Watch,
    cursors: Cursors,
    ending: CancellationToken,
}

// === impl Material ===

impl Material {
    pub(super) async fn watch(
        &self,
        request: Request<pb::WatchMaterialsRequest>,
    ) -> Result<Messages, Status> {
        let bus = &self.0.bus;
        let (admitted, (query, cursors)) = self.0.callers.admit(request, |message, caller| {
            let cursor = message.cursor.clone();
            let query = convert::watch_query(bus, message)?;
            let cursors = self.0.pager.cursors(caller, &query.watched);
            let after = cursors.read(&cursor)?;
            Ok((WatchQuery { after, ..query }, cursors))
        })?;
        let watch = bus.watch(admitted, query).await.map_err(convert::failure)?;
        let ending = self.0.ending.clone();
        let watching = Watching { bus: bus.clone(), watch, cursors, ending };
        let messages = stream::try_unfold(watching, |mut watching| async move {
            Ok(watching.message().await?.map(|message| (message, watching)))
        });
        Ok(Box::pin(messages))
    }
}

// === impl Watching ===

impl Watching {
    /// Waits for the next message; `None` when the gateway ends.
    async fn message(&mut self) -> Result<Option<pb::WatchMaterialsResponse>, Status> {
        let told = select! {
            biased;
            () = self.ending.cancelled() => return Ok(None),
            told = self.watch.next() => told.map_err(convert::failure)?,
        };
        let cursor = self.cursors.write(told.after);
        Ok(Some(convert::told(&self.bus.catalog(), &told, cursor)))
    }
}
