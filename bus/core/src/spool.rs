//! Keeps a content while it is received whole: small and personal ones in memory, others in a file
//! without a name.

use std::{fs::File, io, os::unix::fs::FileExt as _, path::PathBuf, sync::Arc};

use bytes::Bytes;
use tokio::task::spawn_blocking;

use crate::CHUNK_BYTES;

/// Contents up to this size stay in memory, in bytes.
const MEMORY_BYTES: u64 = 1024 * 1024;

/// Takes a content chunk by chunk.
#[derive(Debug)]
pub(crate) enum SpoolWriter {
    /// In memory, bounded by the type's size limit.
    Memory(Vec<Bytes>),
    /// In an unlinked file of mode 0600.
    File { file: Arc<File>, size: u64 },
}

/// Gives a content back chunk by chunk. Clones share it, and read from where they are.
#[derive(Clone, Debug)]
pub(crate) enum Spool {
    /// From memory.
    Memory { chunks: Arc<[Bytes]>, at: usize },
    /// From the unlinked file.
    File { file: Arc<File>, at: u64, size: u64 },
}

// === impl SpoolWriter ===

impl SpoolWriter {
    /// Chooses the place: personal content never touches a disk.
    pub(crate) async fn open(size: u64, personal: bool, dir: PathBuf) -> io::Result<Self> {
        if personal || size <= MEMORY_BYTES {
            return Ok(Self::Memory(Vec::new()));
        }
        let file = spawn_blocking(move || tempfile::tempfile_in(dir)).await??;
        Ok(Self::File { file: Arc::new(file), size: 0 })
    }

    pub(crate) async fn add(&mut self, chunk: Bytes) -> io::Result<()> {
        match self {
            Self::Memory(chunks) => chunks.push(chunk),
            Self::File { file, size } => {
                let (file, at) = (Arc::clone(file), *size);
                *size += chunk.len() as u64;
                spawn_blocking(move || file.write_all_at(&chunk, at)).await??;
            }
        }
        Ok(())
    }

    pub(crate) fn finish(self) -> Spool {
        match self {
            Self::Memory(chunks) => Spool::Memory { chunks: chunks.into(), at: 0 },
            Self::File { file, size } => Spool::File { file, at: 0, size },
        }
    }
}

// === impl Spool ===

impl Spool {
    /// Returns the next chunk; `None` at the end.
    pub(crate) async fn next(&mut self) -> io::Result<Option<Bytes>> {
        match self {
            Self::Memory { chunks, at } => {
                *at += 1;
                Ok(chunks.get(*at - 1).cloned())
            }
            Self::File { at, size, .. } if at == size => Ok(None),
            Self::File { file, at, size } => {
                let start = *at;
                let length = usize::try_from(*size - start).unwrap_or(usize::MAX).min(CHUNK_BYTES);
                *at += length as u64;
                let file = Arc::clone(file);
                let chunk = spawn_blocking(move || {
                    let mut chunk = vec![0; length];
                    file.read_exact_at(&mut chunk, start).map(|()| chunk)
                });
                Ok(Some(chunk.await??.into()))
            }
        }
    }
}
