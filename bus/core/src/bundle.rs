//! Bundle: the materials of a list, each a fetch of its own, decided and recorded as such.

use std::ops::ControlFlow;

use tokio::{
    join, select,
    sync::{mpsc, oneshot},
};

use crate::{
    Admitted, BundleId, Bus, ExchangeError, Failure, FetchQuery, MaterialInfo, Part, Release,
};

/// Parts that wait for a slow caller.
const PARTS_AHEAD: usize = 1;

/// The answer to a bundle, on its way.
#[derive(Debug)]
pub struct Bundle {
    /// Its id, which the records of all entries carry.
    pub id: BundleId,
    /// The parts of all entries in turn, then the summary. Dropping this ends the bundle: what is under
    /// way is recorded as it was cut, and no other entry is begun.
    pub parts: mpsc::Receiver<BundlePart>,
}

/// One part of the answer to a bundle.
#[derive(Debug)]
pub enum BundlePart {
    /// The next part of an entry that is served.
    Given {
        /// Which entry.
        entry: usize,
        /// With the entry's first part: what is sent.
        info: Option<Box<MaterialInfo>>,
        /// The bytes, and with the last of them the receipt.
        part: Part,
    },
    /// An entry is not served, or not to its end.
    Failed {
        /// Which entry.
        entry: usize,
        /// Why.
        failure: Failure,
    },
    /// All entries have ended.
    Done(BundleSummary),
}

/// How many entries came to what.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BundleSummary {
    /// Sent whole.
    pub served: usize,
    /// A decision was against them.
    pub refused: usize,
    /// Failed by events.
    pub failed: usize,
}

/// How an entry ended, or that nobody wants to know any more.
type Ended = ControlFlow<(), Result<(), Failure>>;

impl Bus {
    /// Fetches each of `entries` in turn, so that no more of the bundle is in memory at once than of one
    /// fetch. Whatever an entry comes to, the next ones are tried, until the caller hangs up.
    pub fn fetch_bundle(&self, admitted: Admitted, entries: Vec<FetchQuery>) -> Bundle {
        let (out, parts) = mpsc::channel(PARTS_AHEAD);
        let (bus, id) = (self.clone(), BundleId(self.draw_uuid()));
        tokio::spawn(async move {
            // The caller has hung up where it is gone.
            let _gone = bus.run_bundle(&admitted, id, entries, &out).await;
        });
        Bundle { id, parts }
    }

    async fn run_bundle(
        &self,
        admitted: &Admitted,
        id: BundleId,
        entries: Vec<FetchQuery>,
        out: &mpsc::Sender<BundlePart>,
    ) -> ControlFlow<()> {
        let mut summary = BundleSummary::default();
        for (entry, query) in entries.into_iter().enumerate() {
            let (answer, answered) = oneshot::channel();
            // Both to their end: the next entry has the room that this one had.
            let fetch = self.run_fetch(admitted, query, Some(id), answer);
            let ((), ended) = join!(fetch, pass_on(entry, answered, out));
            let ended = ended?;
            summary.count(&ended);
            if let Err(failure) = ended {
                give(out, BundlePart::Failed { entry, failure }).await?;
            }
        }
        give(out, BundlePart::Done(summary)).await
    }
}

// === impl BundleSummary ===

impl BundleSummary {
    fn count(&mut self, ended: &Result<(), Failure>) {
        match ended {
            Ok(()) => self.served += 1,
            Err(failure) if failure.error.is_denial() => self.refused += 1,
            Err(_failed) => self.failed += 1,
        }
    }
}

/// Passes an entry's answer on, part by part, as fast as the caller takes it.
async fn pass_on(
    entry: usize,
    answered: oneshot::Receiver<Result<Release, Failure>>,
    out: &mpsc::Sender<BundlePart>,
) -> Ended {
    let answer = select! {
        answer = answered => answer.unwrap_or_else(|_gone| Err(ExchangeError::Cancelled.into())),
        () = out.closed() => return ControlFlow::Break(()),
    };
    let Release { info, mut parts } = match answer {
        Ok(release) => release,
        Err(failure) => return ControlFlow::Continue(Err(failure)),
    };
    let mut info = Some(Box::new(info));
    loop {
        let next = select! {
            next = parts.recv() => next,
            () = out.closed() => return ControlFlow::Break(()),
        };
        let part = match next {
            Some(Ok(part)) => part,
            Some(Err(failure)) => return ControlFlow::Continue(Err(failure)),
            None => return ControlFlow::Continue(Err(ExchangeError::Cancelled.into())),
        };
        let last = part.receipt.is_some();
        give(out, BundlePart::Given { entry, info: info.take(), part }).await?;
        if last {
            return ControlFlow::Continue(Ok(()));
        }
    }
}

async fn give(out: &mpsc::Sender<BundlePart>, part: BundlePart) -> ControlFlow<()> {
    match out.send(part).await {
        Ok(()) => ControlFlow::Continue(()),
        Err(_gone) => ControlFlow::Break(()),
    }
}
