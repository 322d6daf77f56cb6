//! A disk in memory that can lose its power.
//!
//! What was not synced may be there after the cut or not, in any combination: each sector of each
//! write, each change of a length, each name in each folder. Only a sync makes sure, of a file its
//! content, of a folder the names in it.

use std::{
    collections::BTreeMap,
    ffi::OsString,
    io,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard},
};

use super::rng::Rng;
use crate::disk::{Disk, DiskFile};

/// What a disk writes whole, in bytes.
const SECTOR: usize = 512;

/// A mistake that a log could make, or that its disk makes for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Bug {
    /// Files are never synced.
    Unsynced,
    /// Folders are never synced.
    Folders,
    /// A sync is done after it was answered, before the next one.
    Late,
}

/// The disk.
#[derive(Clone, Debug)]
pub(super) struct SimDisk(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    files: Vec<Content>,
    folders: BTreeMap<PathBuf, Folder>,
    /// Changes until the power is cut; none left: it is off.
    power: Option<u64>,
    bug: Option<Bug>,
    /// File whose sync was answered and not done.
    late: Option<usize>,
}

/// What a file holds.
#[derive(Clone, Debug, Default)]
struct Content {
    durable: Vec<u8>,
    now: Vec<u8>,
    /// What was done since the last sync.
    pending: Vec<Change>,
}

#[derive(Clone, Debug)]
enum Change {
    Write { offset: usize, bytes: Vec<u8> },
    Truncate { bytes: usize },
}

/// The names in a folder; a name stands for a file, or for another folder.
#[derive(Clone, Debug, Default)]
struct Folder {
    durable: BTreeMap<OsString, Node>,
    now: BTreeMap<OsString, Node>,
    /// What each name stood for since the last sync, oldest first.
    pending: BTreeMap<OsString, Vec<Option<Node>>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Node {
    File(usize),
    Folder,
}

#[derive(Debug)]
struct SimFile {
    disk: SimDisk,
    file: usize,
}

// === impl SimDisk ===

impl SimDisk {
    pub(super) fn new(bug: Option<Bug>) -> Self {
        let folders = [(PathBuf::from("/"), Folder::default())].into();
        Self(Arc::new(Mutex::new(State { folders, bug, ..State::default() })))
    }

    /// Cuts the power in the middle of the change after `changes` more.
    pub(super) fn cut_after(&self, changes: u64) {
        self.lock().power = Some(changes);
    }

    pub(super) fn is_off(&self) -> bool {
        self.lock().power == Some(0)
    }

    /// Returns what is left on the disk when the power is back.
    pub(super) fn reboot(&self, rng: &mut Rng) -> Self {
        let state = self.lock();
        let files = state.files.iter().map(|content| content.after_cut(rng)).collect();
        let mut folders: BTreeMap<PathBuf, Folder> = BTreeMap::new();
        // Folders come before what is in them.
        for (path, folder) in &state.folders {
            let there = path == Path::new("/")
                || folders.get(path.parent().unwrap()).is_some_and(|above| {
                    above.now.get(path.file_name().unwrap()) == Some(&Node::Folder)
                });
            if there {
                folders.insert(path.clone(), folder.after_cut(rng));
            }
        }
        let state = State { files, folders, bug: state.bug, ..State::default() };
        Self(Arc::new(Mutex::new(state)))
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap()
    }
}

impl Disk for SimDisk {
    fn read(&self, file: &Path) -> io::Result<Vec<u8>> {
        let state = self.lock();
        let file = state.file(file)?;
        Ok(state.files[file].now.clone())
    }

    fn list(&self, folder: &Path) -> io::Result<Vec<OsString>> {
        let state = self.lock();
        let folder = state.folders.get(folder).ok_or(io::ErrorKind::NotFound)?;
        Ok(folder.now.keys().cloned().collect())
    }

    fn create(&self, file: &Path) -> io::Result<Box<dyn DiskFile>> {
        let mut state = self.lock();
        state.spend()?;
        if state.file(file).is_ok() {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        state.files.push(Content::default());
        let number = state.files.len() - 1;
        state.name(file, Some(Node::File(number)))?;
        Ok(Box::new(SimFile { disk: self.clone(), file: number }))
    }

    fn open(&self, file: &Path) -> io::Result<Box<dyn DiskFile>> {
        let file = self.lock().file(file)?;
        Ok(Box::new(SimFile { disk: self.clone(), file }))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        let mut state = self.lock();
        state.spend()?;
        let file = state.file(from)?;
        state.name(to, Some(Node::File(file)))?;
        state.name(from, None)
    }

    fn remove(&self, file: &Path) -> io::Result<()> {
        let mut state = self.lock();
        state.spend()?;
        state.file(file)?;
        state.name(file, None)
    }

    fn create_folder(&self, folder: &Path) -> io::Result<()> {
        let mut state = self.lock();
        state.spend()?;
        if !state.folders.contains_key(folder) {
            state.name(folder, Some(Node::Folder))?;
            state.folders.insert(folder.to_owned(), Folder::default());
        }
        Ok(())
    }

    fn sync_folder(&self, folder: &Path) -> io::Result<()> {
        let mut state = self.lock();
        state.spend()?;
        if state.bug != Some(Bug::Folders) {
            state.folders.get_mut(folder).ok_or(io::ErrorKind::NotFound)?.sync();
        }
        Ok(())
    }
}

// === impl State ===

impl State {
    /// Uses up a change, if there is still power for it.
    fn spend(&mut self) -> io::Result<()> {
        match &mut self.power {
            Some(0) => Err(io::Error::other("the power is off")),
            Some(changes) => {
                *changes -= 1;
                Ok(())
            }
            None => Ok(()),
        }
    }

    fn file(&self, path: &Path) -> io::Result<usize> {
        let folder = self.folders.get(path.parent().unwrap()).ok_or(io::ErrorKind::NotFound)?;
        match folder.now.get(path.file_name().unwrap()) {
            Some(Node::File(file)) => Ok(*file),
            _ => Err(io::ErrorKind::NotFound.into()),
        }
    }

    fn name(&mut self, path: &Path, node: Option<Node>) -> io::Result<()> {
        let folder = self.folders.get_mut(path.parent().unwrap()).ok_or(io::ErrorKind::NotFound)?;
        let name = path.file_name().unwrap().to_owned();
        folder.pending.entry(name.clone()).or_default().push(node);
        match node {
            Some(node) => drop(folder.now.insert(name, node)),
            None => drop(folder.now.remove(&name)),
        }
        Ok(())
    }
}

// === impl Content ===

impl Content {
    fn apply(content: &mut Vec<u8>, change: &Change) {
        match change {
            Change::Write { offset, bytes } => {
                let end = offset + bytes.len();
                content.resize(content.len().max(end), 0);
                content[*offset..end].copy_from_slice(bytes);
            }
            Change::Truncate { bytes } => content.resize(*bytes, 0),
        }
    }

    fn change(&mut self, change: Change) {
        Self::apply(&mut self.now, &change);
        self.pending.push(change);
    }

    fn sync(&mut self) {
        self.durable.clone_from(&self.now);
        self.pending.clear();
    }

    fn after_cut(&self, rng: &mut Rng) -> Self {
        let mut left = self.durable.clone();
        let all = rng.chance(30);
        for change in &self.pending {
            match change {
                change if all || rng.chance(40) => Self::apply(&mut left, change),
                Change::Truncate { .. } => {}
                Change::Write { offset, bytes } => {
                    for (sector, number) in bytes.chunks(SECTOR).zip(0..) {
                        if rng.chance(50) {
                            let (offset, bytes) = (offset + number * SECTOR, sector.to_vec());
                            Self::apply(&mut left, &Change::Write { offset, bytes });
                        }
                    }
                    // The length may be known before the bytes are.
                    if rng.chance(30) {
                        left.resize(left.len().max(offset + bytes.len()), 0);
                    }
                }
            }
        }
        Self { durable: left.clone(), now: left, pending: Vec::new() }
    }
}

// === impl Folder ===

impl Folder {
    fn sync(&mut self) {
        self.durable.clone_from(&self.now);
        self.pending.clear();
    }

    fn after_cut(&self, rng: &mut Rng) -> Self {
        let mut left = self.durable.clone();
        let all = rng.chance(30);
        for (name, states) in &self.pending {
            let kept = if all { states.len() } else { rng.below(states.len() as u64 + 1) as usize };
            match kept.checked_sub(1).map(|newest| states[newest]) {
                Some(Some(node)) => drop(left.insert(name.clone(), node)),
                Some(None) => drop(left.remove(name)),
                None => {}
            }
        }
        Self { durable: left.clone(), now: left, pending: BTreeMap::new() }
    }
}

// === impl SimFile ===

impl SimFile {
    fn change(&self, change: Change) -> io::Result<()> {
        let mut state = self.disk.lock();
        let spent = state.spend();
        if spent.is_ok() {
            state.files[self.file].change(change);
        }
        spent
    }
}

impl DiskFile for SimFile {
    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        let offset = self.disk.lock().files[self.file].now.len();
        self.change(Change::Write { offset, bytes: bytes.to_vec() })
    }

    fn write_at(&mut self, bytes: &[u8], offset: u64) -> io::Result<()> {
        self.change(Change::Write { offset: offset as usize, bytes: bytes.to_vec() })
    }

    fn truncate(&mut self, bytes: u64) -> io::Result<()> {
        self.change(Change::Truncate { bytes: bytes as usize })
    }

    fn sync(&mut self) -> io::Result<()> {
        let mut state = self.disk.lock();
        state.spend()?;
        match state.bug {
            Some(Bug::Unsynced) => {}
            Some(Bug::Late) => {
                if let Some(late) = state.late.replace(self.file) {
                    state.files[late].sync();
                }
            }
            _ => state.files[self.file].sync(),
        }
        Ok(())
    }
}
