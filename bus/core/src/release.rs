//! Release: gives a durable answer on, part by part, as long as it is allowed and taken.

use std::time::Duration;

use bytes::Bytes;
use oncebus_trail::Receipt;
use tokio::{
    select,
    sync::{mpsc, oneshot},
    time::{Instant, timeout},
};

use crate::{
    ExchangeError, Failure, HangUp, MaterialInfo, admission::Room, exchange::Exchange,
    source::ContentSource, spool::Spool, standing::Standing,
};

/// Parts that wait for a slow caller.
const PARTS_AHEAD: usize = 1;
/// How much earlier than this side the transport may see that nothing is taken.
const ALMOST: Duration = Duration::from_secs(1);
/// How long a caller may take to hear why its stream ends, before it is cut.
const LAST_WORD: Duration = Duration::from_millis(300);

/// An answer on its way: description first, then the parts as they are verified.
#[derive(Debug)]
pub struct Release {
    /// What is sent.
    pub info: MaterialInfo,
    /// The bytes, and with the last of them the receipt. Dropping this ends the fetch.
    pub parts: mpsc::Receiver<Result<Part, Failure>>,
}

/// One part of an answer.
#[derive(Debug)]
pub struct Part {
    /// The next bytes, at most 256 KiB.
    pub data: Bytes,
    /// With the last part: proof of the outcome's record.
    pub receipt: Option<Receipt>,
}

/// Verified bytes to come.
pub(crate) enum Source {
    /// Of a registered version.
    Content(Box<ContentSource>),
    /// Of a document that was just received whole.
    Whole(Spool),
}

/// A fetch whose Outcome is durable.
pub(crate) struct Ready {
    pub(crate) info: MaterialInfo,
    pub(crate) first: Bytes,
    /// Bytes behind the first.
    pub(crate) left: u64,
    pub(crate) source: Source,
    pub(crate) receipt: Receipt,
    pub(crate) standing: Standing,
    pub(crate) room: Room,
}

// === impl Source ===

impl Source {
    pub(crate) async fn next(
        &mut self,
        exchange: &mut Exchange,
    ) -> Result<Option<Bytes>, ExchangeError> {
        match self {
            Self::Content(content) => content.next(exchange).await,
            Self::Whole(spool) => spool.next().await.map_err(ExchangeError::Spool),
        }
    }

    fn later_receipt(&mut self) -> Option<Receipt> {
        match self {
            Self::Content(content) => content.later_receipt(),
            Self::Whole(_) => None,
        }
    }
}

/// What is still to be given.
struct Rest {
    data: Bytes,
    /// Bytes behind `data`.
    left: u64,
    source: Source,
    receipt: Receipt,
}

/// The caller's end of an answer.
struct Stream {
    parts: mpsc::Sender<Result<Part, Failure>>,
    standing: Standing,
    progress: Duration,
    sent: u64,
}

/// Gives the answer on, part by part; a cut stream is put on record with the bytes that left.
pub(crate) async fn release(
    mut exchange: Exchange,
    ready: Ready,
    answer: oneshot::Sender<Result<Release, Failure>>,
    hang_up: &HangUp,
) {
    let Ready { info, first, left, source, receipt, mut standing, room: _room } = ready;
    if let Err(error) = standing.check().await {
        let receipt = exchange.aborted(0, error.reason()).await;
        return drop(answer.send(Err(Failure { error, receipt })));
    }
    let (parts, taken) = mpsc::channel(PARTS_AHEAD);
    if answer.send(Ok(Release { info, parts: taken })).is_err() {
        exchange.aborted(0, ExchangeError::Cancelled.reason()).await;
        return;
    }
    let mut stream = Stream { parts, standing, progress: exchange.progress(), sent: 0 };
    let rest = Rest { data: first, left, source, receipt };
    if let Err(error) = stream.give_all(&mut exchange, rest).await {
        let (sent, reason) = (stream.sent, error.reason());
        stream.cut(error, hang_up).await;
        exchange.aborted(sent, reason).await;
    }
}

// === impl Stream ===

impl Stream {
    async fn give_all(
        &mut self,
        exchange: &mut Exchange,
        mut rest: Rest,
    ) -> Result<(), ExchangeError> {
        while rest.left > 0 {
            self.give(Part { data: rest.data, receipt: None }).await?;
            let next = select! {
                biased;
                error = self.standing.withdrawn() => return Err(error),
                next = rest.source.next(exchange) => next?,
            };
            rest.data = next.ok_or_else(short)?;
            rest.left -= rest.data.len() as u64;
        }
        let receipt = rest.source.later_receipt().unwrap_or(rest.receipt);
        self.give(Part { data: rest.data, receipt: Some(receipt) }).await
    }

    async fn give(&mut self, part: Part) -> Result<(), ExchangeError> {
        // Apart from the wait below, which may be over before a look at the registry is.
        self.standing.check().await?;
        let begun = Instant::now();
        let place = select! {
            biased;
            error = self.standing.withdrawn() => return Err(error),
            place = timeout(self.progress, self.parts.reserve()) => place,
        };
        match place {
            Ok(Ok(place)) => {
                self.sent += part.data.len() as u64;
                place.send(Ok(part));
                Ok(())
            }
            // The transport has the same limit, and may be first to lose its patience.
            Ok(Err(_gone)) if self.progress <= begun.elapsed() + ALMOST => {
                Err(ExchangeError::SlowReader { after: self.progress })
            }
            Ok(Err(_gone)) => Err(ExchangeError::Cancelled),
            Err(_elapsed) => Err(ExchangeError::SlowReader { after: self.progress }),
        }
    }

    /// Ends the caller's stream: with the reason if it listens, else at once.
    async fn cut(self, error: ExchangeError, hang_up: &HangUp) {
        let heard = async {
            // A caller who is gone needs no reason.
            drop(self.parts.send(Err(error.into())).await);
            self.parts.closed().await;
        };
        if timeout(LAST_WORD, heard).await.is_err() {
            hang_up.now();
        }
    }
}

fn short() -> ExchangeError {
    ExchangeError::Spool(std::io::ErrorKind::UnexpectedEof.into())
}
