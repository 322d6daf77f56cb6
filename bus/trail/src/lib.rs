//! The transparency log: records made durable in groups, with a proof for each.
//!
//! The log knows nothing of what it records: a leaf is 1 to 4,096 opaque bytes. [`Trail::append`]
//! answers once its record is on disk, with a [`Receipt`] that verifies offline.
//!
//! From the bottom up:
//!
//! - the tree: `hash`, `compact_range`, `growth`, `proof` (RFC 6962, RFC 9162);
//! - what it is published as: `origin`, `checkpoint`, `receipt` (C2SP tlog-checkpoint);
//! - the files: `frame` (the byte layout), `segments`, `disk`, `lock`;
//! - at work: `recover` reads the files at start, `writer` makes one group durable,
//!   `sequencer` is the thread that forms groups, `reader` reads records back,
//!   `trail` is the handle that callers hold.
//!
//! ```text
//! DIR/lock                              held while the trail is open
//! DIR/frames/00000000000000000000.seg   frames of the records from index 0
//! DIR/frames/00000000000000171342.seg   frames of the records from index 171342
//! ```

mod bundle;
mod checkpoint;
mod compact_range;
mod config;
mod consistency;
mod disk;
mod frame;
mod growth;
mod hash;
mod key;
mod lock;
mod note;
mod open;
mod origin;
mod proof;
mod reader;
mod receipt;
mod recover;
mod segments;
mod sequencer;
mod tile;
mod tlog_proof;
mod trail;
mod tree;
mod writer;

#[cfg(test)]
mod testing;

pub use self::{
    bundle::BundleFault,
    checkpoint::{Checkpoint, CheckpointError, SignedCheckpoint},
    config::{DEFAULT_WRITE_DEADLINE, TrailConfig},
    consistency::GrowthError,
    frame::{FrameFault, MAX_LEAF_BYTES},
    key::{KeyError, SigningKey, VerifierKey},
    note::{Note, NoteError},
    open::{OpenError, Recovery},
    origin::{Origin, OriginError},
    proof::{ConsistencyError, ProofError},
    reader::ReadError,
    receipt::{Receipt, VerifyError},
    sequencer::MAX_QUEUED_RECORDS,
    tlog_proof::TlogProofError,
    trail::{AppendError, CloseError, Consistency, Entry, MAX_SEALED_BYTES, ProveError, Trail},
    writer::Fatal,
};
