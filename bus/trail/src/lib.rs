//! The transparency log: records made durable in groups, with a proof for each.
//!
//! The log knows nothing of what it records: a leaf is 1 to 4,096 opaque bytes. [`Trail::append`]
//! answers once its record is on disk, with a [`Receipt`] that verifies offline.
//!
//! From the bottom up:
//!
//! - the tree: `hash`, `compact_range`, `growth` (appending), `tree` (proofs from subtrees), `proof`
//!   (checking them; RFC 6962, RFC 9162);
//! - what is signed and handed out: `origin`, `key`, `note`, `checkpoint`, `receipt`, `consistency`,
//!   `tlog_proof` (C2SP signed-note, tlog-checkpoint, tlog-proof);
//! - the files: `disk`; `frame` and `segments` (write-ahead), `tile`, `bundle`, `pruned` (published,
//!   C2SP tlog-tiles), `guard` (against rollback), `lock`;
//! - at work: `recover` and `open` read the files at start; `writer` makes one group durable,
//!   `sequencer` is the thread that forms groups; `edge`, `batch`, `publisher` publish, and
//!   `publication` is their thread; `archive`, `reader`, `prover` read records back and prove them;
//!   `trail` is the handle that callers hold.
//!
//! ```text
//! DIR/checkpoint                        newest published checkpoint
//! DIR/tile/0/000.p/17                   hashes; tile/1/.. those above
//! DIR/tile/entries/000.p/17             the records under them
//! DIR/sealed/000                        what is kept beside these records and may be erased
//! DIR/pruned                            which records retention dropped
//! DIR/frames/00000000000000171342.seg   write-ahead frames of the records from index 171342
//! DIR/drafts                            files that are about to be put in place
//! DIR/lock                              held while the trail is open
//! ```

mod archive;
mod batch;
mod bundle;
mod checkpoint;
mod compact_range;
mod config;
mod consistency;
mod disk;
mod edge;
mod entry;
mod frame;
mod growth;
mod guard;
mod hash;
mod key;
mod lock;
mod note;
mod open;
mod origin;
mod proof;
mod prover;
mod pruned;
mod publication;
mod publisher;
mod reader;
mod receipt;
mod recover;
mod segments;
mod sequencer;
mod tile;
mod tlog_proof;
mod trail;
mod tree;
mod unpublished;
mod writer;

#[cfg(test)]
mod power;
#[cfg(test)]
mod testing;

pub use self::{
    archive::ReadError,
    bundle::BundleFault,
    checkpoint::{Checkpoint, CheckpointError, SignedCheckpoint},
    config::{DEFAULT_PUBLISH_PACE, DEFAULT_WRITE_DEADLINE, TrailConfig},
    consistency::GrowthError,
    entry::Entry,
    frame::{FrameFault, MAX_LEAF_BYTES, MAX_SEALED_BYTES},
    key::{KeyError, SigningKey, VerifierKey},
    note::{Note, NoteError},
    open::{OpenError, Recovery},
    origin::{Origin, OriginError},
    proof::{ConsistencyError, ProofError},
    prover::{ProveError, Prover},
    publisher::PublishError,
    receipt::{Receipt, VerifyError},
    sequencer::MAX_QUEUED_RECORDS,
    tlog_proof::TlogProofError,
    trail::{AppendError, CloseError, Consistency, Trail},
    writer::Fatal,
};
