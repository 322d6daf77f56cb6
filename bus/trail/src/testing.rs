//! What the tests of this crate share: a trail in a temporary folder, on a disk that can fail.

use std::{
    ffi::OsString,
    future::{Future, poll_fn},
    io,
    path::{Path, PathBuf},
    pin::Pin,
    sync::{Arc, Condvar, Mutex, MutexGuard},
    task::Poll,
    time::Duration,
};

use tempfile::TempDir;

use crate::{
    AppendError, Entry, Receipt, Recovery, SigningKey, Trail, TrailConfig, VerifierKey,
    disk::{Disk, DiskFile, RealDisk},
    open::{OpenError, open_on},
    segments::SEGMENT_BYTES,
};

pub(crate) const ORIGIN: &str = "oncebus.test/gateway/g1";

/// An append under way.
pub(crate) type Appending = Pin<Box<dyn Future<Output = Result<Receipt, AppendError>> + Send>>;

/// A trail folder and the disk below it.
#[derive(Debug)]
pub(crate) struct TestTrail {
    pub(crate) folder: TempDir,
    pub(crate) faults: Arc<Faults>,
    pub(crate) segment_bytes: u64,
    pub(crate) write_deadline: Duration,
    pub(crate) guard: Option<PathBuf>,
}

/// What a disk is told to do with frames; sound as long as nothing is said.
#[derive(Debug, Default)]
pub(crate) struct Faults {
    plan: Mutex<Plan>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct Plan {
    append: Option<io::ErrorKind>,
    truncate: Option<io::ErrorKind>,
    create: Option<io::ErrorKind>,
    sync: Option<io::ErrorKind>,
    publish: Option<io::ErrorKind>,
    remove: Option<io::ErrorKind>,
    held: bool,
    waiting: bool,
    syncs: usize,
}

#[derive(Debug)]
struct FaultyDisk {
    faults: Arc<Faults>,
}

#[derive(Debug)]
struct FaultyFile {
    file: Box<dyn DiskFile>,
    faults: Arc<Faults>,
}

// === impl TestTrail ===

impl TestTrail {
    pub(crate) fn new() -> Self {
        Self {
            folder: TempDir::new().unwrap(),
            faults: Arc::default(),
            segment_bytes: SEGMENT_BYTES,
            write_deadline: Duration::from_secs(60),
            guard: None,
        }
    }

    pub(crate) fn dir(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn segment(&self, first: u64) -> PathBuf {
        self.dir().join(format!("frames/{first:020}.seg"))
    }

    pub(crate) fn open(&self) -> (Trail, Recovery) {
        self.try_open().unwrap()
    }

    pub(crate) fn try_open(&self) -> Result<(Trail, Recovery), OpenError> {
        let config = TrailConfig {
            write_deadline: self.write_deadline,
            guard: self.guard.clone(),
            ..TrailConfig::new(self.dir(), key())
        };
        let disk = Arc::new(FaultyDisk { faults: self.faults.clone() });
        let opened = open_on(config, self.segment_bytes, disk);
        self.faults.plan().syncs = 0;
        opened
    }
}

/// The key of the log.
pub(crate) fn key() -> SigningKey {
    SigningKey::from_seed(&ORIGIN.parse().unwrap(), &[7; 32]).unwrap()
}

/// The key that checks its checkpoints.
pub(crate) fn verifier() -> VerifierKey {
    key().verifier().clone()
}

/// A record with a sealed part that names it.
pub(crate) fn entry(leaf: Vec<u8>) -> Entry {
    let sealed = leaf.iter().take(40).map(|byte| !byte).collect();
    Entry { leaf, sealed }
}

/// Queues a record; its writing has not ended when this returns.
pub(crate) async fn enqueue(trail: &Trail, leaf: Vec<u8>) -> Appending {
    let trail = trail.clone();
    let mut appending: Appending = Box::pin(async move { trail.append(entry(leaf)).await });
    poll_fn(|context| {
        assert!(appending.as_mut().poll(context).is_pending());
        Poll::Ready(())
    })
    .await;
    appending
}

/// Appends these records as one group, on a disk that is not held.
pub(crate) async fn append_group(
    trail: &Trail,
    faults: &Faults,
    leaves: Vec<Vec<u8>>,
) -> Vec<Result<Receipt, AppendError>> {
    faults.hold();
    let first = enqueue(trail, b"opens the gate".to_vec()).await;
    faults.wait_until_held();
    let mut group = Vec::new();
    for leaf in leaves {
        group.push(enqueue(trail, leaf).await);
    }
    faults.release();
    let mut answers = vec![first.await];
    for appending in group {
        answers.push(appending.await);
    }
    answers
}

// === impl Faults ===

impl Faults {
    /// Lets appends write half a frame and fail, or all of it again.
    pub(crate) fn fail_append(&self, kind: impl Into<Option<io::ErrorKind>>) {
        self.plan().append = kind.into();
    }

    pub(crate) fn fail_truncate(&self, kind: io::ErrorKind) {
        self.plan().truncate = Some(kind);
    }

    pub(crate) fn fail_create(&self, kind: impl Into<Option<io::ErrorKind>>) {
        self.plan().create = kind.into();
    }

    pub(crate) fn fail_sync(&self, kind: impl Into<Option<io::ErrorKind>>) {
        self.plan().sync = kind.into();
    }

    /// Lets no file be removed.
    pub(crate) fn fail_remove(&self, kind: io::ErrorKind) {
        self.plan().remove = Some(kind);
    }

    /// Lets nothing be published, or again.
    pub(crate) fn fail_publish(&self, kind: impl Into<Option<io::ErrorKind>>) {
        self.plan().publish = kind.into();
    }

    /// Lets the next sync hang until [`Self::release`].
    pub(crate) fn hold(&self) {
        self.plan().held = true;
    }

    pub(crate) fn release(&self) {
        self.plan().held = false;
        self.changed.notify_all();
    }

    /// Returns once a sync hangs.
    pub(crate) fn wait_until_held(&self) {
        let limit = Duration::from_secs(60);
        let waiting = self.changed.wait_timeout_while(self.plan(), limit, |plan| !plan.waiting);
        assert!(waiting.unwrap().0.waiting, "no sync was tried");
    }

    pub(crate) fn syncs(&self) -> usize {
        self.plan().syncs
    }

    fn plan(&self) -> MutexGuard<'_, Plan> {
        self.plan.lock().unwrap()
    }

    fn sync(&self) -> io::Result<()> {
        let mut plan = self.plan();
        plan.syncs += 1;
        plan.waiting = true;
        self.changed.notify_all();
        let mut plan = self.changed.wait_while(plan, |plan| plan.held).unwrap();
        plan.waiting = false;
        fail(plan.sync)
    }
}

fn fail(kind: Option<io::ErrorKind>) -> io::Result<()> {
    kind.map_or(Ok(()), |kind| Err(kind.into()))
}

// === impl FaultyDisk ===

impl FaultyDisk {
    /// Files of frames obey the plan, all others are sound.
    fn wrap(&self, path: &Path, file: Box<dyn DiskFile>) -> Box<dyn DiskFile> {
        if path.extension().is_some_and(|extension| extension == "seg") {
            return Box::new(FaultyFile { file, faults: self.faults.clone() });
        }
        file
    }
}

impl Disk for FaultyDisk {
    fn read(&self, file: &Path) -> io::Result<Vec<u8>> {
        RealDisk.read(file)
    }

    fn list(&self, folder: &Path) -> io::Result<Vec<OsString>> {
        RealDisk.list(folder)
    }

    fn create(&self, file: &Path) -> io::Result<Box<dyn DiskFile>> {
        if file.extension().is_some_and(|extension| extension == "seg") {
            fail(self.faults.plan().create)?;
        }
        Ok(self.wrap(file, RealDisk.create(file)?))
    }

    fn open(&self, file: &Path) -> io::Result<Box<dyn DiskFile>> {
        Ok(self.wrap(file, RealDisk.open(file)?))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        fail(self.faults.plan().publish)?;
        RealDisk.rename(from, to)
    }

    fn remove(&self, file: &Path) -> io::Result<()> {
        // Drafts are none that anybody would miss.
        if file.parent().is_none_or(|folder| !folder.ends_with("drafts")) {
            fail(self.faults.plan().remove)?;
        }
        RealDisk.remove(file)
    }

    fn create_folder(&self, folder: &Path) -> io::Result<()> {
        RealDisk.create_folder(folder)
    }

    fn sync_folder(&self, folder: &Path) -> io::Result<()> {
        RealDisk.sync_folder(folder)
    }
}

// === impl FaultyFile ===

impl DiskFile for FaultyFile {
    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        let fault = self.faults.plan().append;
        if fault.is_some() {
            self.file.append(&bytes[..bytes.len() / 2])?;
        }
        fail(fault)?;
        self.file.append(bytes)
    }

    fn write_at(&mut self, bytes: &[u8], offset: u64) -> io::Result<()> {
        self.file.write_at(bytes, offset)
    }

    fn truncate(&mut self, bytes: u64) -> io::Result<()> {
        fail(self.faults.plan().truncate)?;
        self.file.truncate(bytes)
    }

    fn sync(&mut self) -> io::Result<()> {
        self.faults.sync()?;
        self.file.sync()
    }
}
