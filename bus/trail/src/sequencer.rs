//! The thread that gives records their order, a group at a time.
//!
//! A group is what queued while the group before it was synced: nothing waits for a timer, and the
//! more callers there are, the larger groups become.

use std::{collections::VecDeque, iter, sync::Arc};

use tokio::sync::{mpsc, oneshot, watch};

use crate::{
    entry::Entry,
    frame::{GROUP_BYTES, MAX_FRAME_RECORDS},
    publication::Tasks,
    receipt::Receipt,
    trail::AppendError,
    unpublished::Unpublished,
    writer::{CommitError, Committed, Fatal, Writer},
};

/// Most records that wait to be written; more are refused. 64 MiB of the longest.
pub const MAX_QUEUED_RECORDS: usize = 8192;

/// What the sequencer is asked to do.
#[derive(Debug)]
pub(crate) enum Command {
    /// Write a record and answer.
    Append(Queued),
    /// Take no more, write what was taken, end.
    Close,
}

/// A record, and where its caller waits.
#[derive(Debug)]
pub(crate) struct Queued {
    /// The record.
    pub(crate) entry: Entry,
    /// Where its receipt goes. That nobody listens any more changes nothing.
    pub(crate) answer: oneshot::Sender<Result<Receipt, AppendError>>,
}

/// How the log is.
#[derive(Clone, Debug)]
pub(crate) enum State {
    /// It takes records.
    Running,
    /// It wrote and published all that it took, and gave the folder back.
    Closed,
    /// It takes none any more.
    Dead(Fatal),
}

/// The thread's own state.
#[derive(Debug)]
pub(crate) struct Sequencer {
    queue: mpsc::Receiver<Command>,
    waiting: VecDeque<Queued>,
    writer: Writer,
    unpublished: Arc<Unpublished>,
    publication: Tasks,
    state: watch::Receiver<State>,
}

// === impl Sequencer ===

impl Sequencer {
    /// Takes the parts; [`Self::run`] sets them going.
    pub(crate) fn new(
        queue: mpsc::Receiver<Command>,
        writer: Writer,
        unpublished: Arc<Unpublished>,
        publication: Tasks,
        state: watch::Receiver<State>,
    ) -> Self {
        Self { queue, waiting: VecDeque::new(), writer, unpublished, publication, state }
    }

    /// Writes groups until the trail is closed, all its handles are gone, or it dies. The
    /// publication goes on to the end of what was written, and gives the folder back.
    pub(crate) fn run(mut self) {
        let fatal = self.write_groups().err();
        let Self { queue, waiting, writer, publication, .. } = self;
        drop(writer);
        publication.end(fatal);
        drop((queue, waiting));
    }

    fn write_groups(&mut self) -> Result<(), Fatal> {
        while let Some(group) = self.next_group() {
            self.unpublished.wait_for_room();
            if !matches!(*self.state.borrow(), State::Running) {
                return Ok(());
            }
            self.write_group(group)?;
        }
        Ok(())
    }

    /// Takes what waits, up to the bounds of a frame; `None` at the end of the queue.
    fn next_group(&mut self) -> Option<Vec<Queued>> {
        if self.waiting.is_empty() {
            let mut commands = Vec::with_capacity(MAX_FRAME_RECORDS);
            while self.waiting.is_empty() {
                if self.queue.blocking_recv_many(&mut commands, MAX_FRAME_RECORDS) == 0 {
                    return None;
                }
                for command in commands.drain(..) {
                    match command {
                        Command::Append(queued) => self.waiting.push_back(queued),
                        Command::Close => self.queue.close(),
                    }
                }
            }
        }
        let mut bytes = 0;
        let fits = |queued: &Queued| {
            let before = bytes;
            bytes += queued.entry.bytes();
            before < GROUP_BYTES
        };
        let count = self.waiting.iter().map(fits).take_while(|fits| *fits).count();
        Some(self.waiting.drain(..count).collect())
    }

    fn write_group(&mut self, group: Vec<Queued>) -> Result<(), Fatal> {
        let (entries, answers): (Vec<_>, Vec<_>) =
            group.into_iter().map(|Queued { entry, answer }| (entry, answer)).unzip();
        match self.writer.commit(entries) {
            Ok(committed) => {
                self.publication.publish();
                for (answer, receipt) in iter::zip(answers, receipts(&committed)) {
                    // A caller who hung up needs no receipt; its record stays.
                    let _hung_up = answer.send(Ok(receipt));
                }
                Ok(())
            }
            Err(CommitError::Disk(kind)) => {
                for answer in answers {
                    let _hung_up = answer.send(Err(AppendError::Disk { kind }));
                }
                Ok(())
            }
            // Dropping the answers says that the trail has ended.
            Err(CommitError::Fatal(fatal)) => Err(fatal),
        }
    }
}

/// Returns the receipts of a group's records.
pub(crate) fn receipts(committed: &Committed) -> impl Iterator<Item = Receipt> {
    let Committed { growth, group } = committed;
    let signed = &group.checkpoint;
    iter::zip(group.first.., &group.entries).map(move |(index, entry)| Receipt {
        origin: signed.checkpoint.origin.clone(),
        index,
        tree_size: growth.size(),
        inclusion_path: growth.path(index),
        checkpoint: signed.note.clone(),
        leaf: entry.leaf.clone(),
    })
}
