//! Finds files that are no tile, bundle or sealed parts of the log, and earlier ones that do not fit.

use std::path::{Path, PathBuf};

use super::{
    Files,
    fault::{Fault, FaultKind},
    files::Entry,
};
use crate::{
    archive::sealed_path,
    bundle::Entries,
    hash::HASH_BYTES,
    tile::{Tile, TileFile},
};

/// Checks everything below `tile` and `sealed` in a log of `size` published records.
///
/// Files that are ahead of the checkpoint are what a crash or a writer at work leaves: they are
/// written anew, and allowed up to what `reach` returns, the size that was made durable.
pub(super) fn check(
    files: &Files,
    size: u64,
    reach: impl FnOnce() -> Result<u64, Fault>,
) -> Result<(), Fault> {
    let mut ahead = Vec::new();
    below(files, Path::new("tile"), &mut |path| {
        let file = TileFile::parse(path).ok_or(FaultKind::Stray)?;
        match wider(file, size) {
            Some(current) if current == file => Ok(()),
            Some(current) => superseded(files, file, current),
            None => {
                ahead.push(file);
                Ok(())
            }
        }
    })?;
    below(files, Path::new("sealed"), &mut |path| {
        let rest = path.strip_prefix("sealed/").unwrap_or(path);
        match TileFile::parse(&format!("tile/entries/{rest}")) {
            // Its name says nothing of how many parts it has.
            Some(TileFile::Entries(tile)) if tile.is_full() => {
                let file = TileFile::Entries(Tile { width: 1, ..tile });
                if wider(file, size).is_none() {
                    ahead.push(file);
                }
                Ok(())
            }
            _ => Err(FaultKind::Stray),
        }
    })?;
    if ahead.is_empty() {
        return Ok(());
    }
    let reach = reach()?;
    match ahead.into_iter().find(|file| wider(*file, reach).is_none()) {
        None => Ok(()),
        Some(file) => Err(Fault::new(name(files, file), FaultKind::Stray)),
    }
}

/// Returns the file in the place of this one, as wide as a log of `size` records has it, if that is
/// wide enough.
fn wider(file: TileFile, size: u64) -> Option<TileFile> {
    let (TileFile::Hashes(tile) | TileFile::Entries(tile)) = file;
    let current = Tile::of(tile.level, tile.index, size)?;
    let of = |tile| match file {
        TileFile::Hashes(_) => TileFile::Hashes(tile),
        TileFile::Entries(_) => TileFile::Entries(tile),
    };
    (tile.width <= current.width).then(|| of(current))
}

/// Checks that a file of an earlier size is what the current one begins with.
fn superseded(files: &Files, file: TileFile, current: TileFile) -> Result<(), FaultKind> {
    let narrow = files.read(&file.path()).map_err(|fault| fault.kind);
    let wide = files.read(&current.path()).map_err(|fault| fault.kind);
    match (narrow, wide) {
        // It went while the log grew, or retention dropped the records of both.
        (Err(FaultKind::Missing), _) => Ok(()),
        (Ok(narrow), Ok(wide)) if wide.starts_with(&narrow) && is_whole(file, &narrow) => Ok(()),
        _ => Err(FaultKind::Superseded { wider: current.path() }),
    }
}

fn is_whole(file: TileFile, bytes: &[u8]) -> bool {
    match file {
        TileFile::Hashes(tile) => bytes.len() == usize::from(tile.width) * HASH_BYTES,
        TileFile::Entries(tile) => Entries::records(bytes, tile.width).all(|entry| entry.is_ok()),
    }
}

fn name(files: &Files, file: TileFile) -> PathBuf {
    match file {
        TileFile::Entries(tile) if !files.has(&file.path()) => sealed_path(tile),
        _ => file.path(),
    }
}

/// Visits every file below a folder, by its path from the log's folder.
fn below(
    files: &Files,
    folder: &Path,
    visit: &mut dyn FnMut(&str) -> Result<(), FaultKind>,
) -> Result<(), Fault> {
    for (name, entry) in files.list(folder)? {
        let path = folder.join(name);
        match entry {
            Entry::Folder => below(files, &path, visit)?,
            Entry::File => {
                visit(&path.to_string_lossy()).map_err(|kind| Fault::new(&path, kind))?;
            }
        }
    }
    Ok(())
}
