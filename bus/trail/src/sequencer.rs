//! The thread that gives records their order, a group at a time.
//!
//! A group is what queued while the group before it was synced: nothing waits for a timer, and the
//! more callers there are, the larger groups become.

use std::iter;

use tokio::sync::{mpsc, oneshot, watch};

use crate::{
    frame::MAX_FRAME_RECORDS,
    lock::Lock,
    receipt::Receipt,
    trail::AppendError,
    writer::{CommitError, Committed, Fatal, Writer},
};

/// Most records that wait to be written; more are refused. 32 MiB of the longest.
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
    pub(crate) leaf: Vec<u8>,
    /// Where its receipt goes. That nobody listens any more changes nothing.
    pub(crate) answer: oneshot::Sender<Result<Receipt, AppendError>>,
}

/// How the sequencer is.
#[derive(Clone, Debug)]
pub(crate) enum State {
    /// It takes records.
    Running,
    /// It wrote all that it took, and gave the folder back.
    Closed,
    /// It takes none any more.
    Dead(Fatal),
}

/// The thread's own state.
#[derive(Debug)]
pub(crate) struct Sequencer {
    queue: mpsc::Receiver<Command>,
    writer: Writer,
    lock: Lock,
    state: watch::Sender<State>,
}

// === impl Sequencer ===

impl Sequencer {
    /// Takes the parts; [`Self::run`] sets them going.
    pub(crate) fn new(
        queue: mpsc::Receiver<Command>,
        writer: Writer,
        lock: Lock,
        state: watch::Sender<State>,
    ) -> Self {
        Self { queue, writer, lock, state }
    }

    /// Writes groups until the trail is closed, all its handles are gone, or it dies.
    pub(crate) fn run(mut self) {
        let end = match self.write_groups() {
            Ok(()) => State::Closed,
            Err(fatal) => {
                tracing::error!(error = &fatal as &dyn std::error::Error, "trail died");
                State::Dead(fatal)
            }
        };
        let Self { queue, writer, lock, state } = self;
        drop((writer, lock));
        state.send_replace(end);
        // Whoever still waits learns that the trail has ended, and finds the state set.
        drop(queue);
    }

    fn write_groups(&mut self) -> Result<(), Fatal> {
        let mut commands = Vec::with_capacity(MAX_FRAME_RECORDS);
        // As many at most as fit into a frame, whatever their length.
        while 0 < self.queue.blocking_recv_many(&mut commands, MAX_FRAME_RECORDS) {
            let mut leaves = Vec::with_capacity(commands.len());
            let mut answers = Vec::with_capacity(commands.len());
            for command in commands.drain(..) {
                match command {
                    Command::Append(Queued { leaf, answer }) => {
                        leaves.push(leaf);
                        answers.push(answer);
                    }
                    Command::Close => self.queue.close(),
                }
            }
            if !leaves.is_empty() {
                self.write_group(&leaves, answers)?;
            }
        }
        Ok(())
    }

    fn write_group(
        &mut self,
        leaves: &[Vec<u8>],
        answers: Vec<oneshot::Sender<Result<Receipt, AppendError>>>,
    ) -> Result<(), Fatal> {
        match self.writer.commit(leaves) {
            Ok(committed) => {
                for (answer, receipt) in iter::zip(answers, receipts(&committed, leaves)) {
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

/// Returns the receipts of the last `records` of the log.
fn receipts(committed: &Committed, leaves: &[Vec<u8>]) -> impl Iterator<Item = Receipt> {
    let Committed { growth, checkpoint } = committed;
    let indices = growth.size() - leaves.len() as u64..growth.size();
    iter::zip(indices, leaves).map(move |(index, leaf)| Receipt {
        origin: checkpoint.checkpoint.origin.clone(),
        index,
        tree_size: growth.size(),
        inclusion_path: growth.path(index),
        checkpoint: checkpoint.note.clone(),
        leaf: leaf.clone(),
    })
}
