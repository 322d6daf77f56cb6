//! What the tests of this crate share: a trail in a temporary folder, on a disk that can fail.

use std::{
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
    AppendError, Receipt, Recovery, Trail, TrailConfig,
    disk::{Disk, FileDisk},
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
}

/// What a disk is told to do; sound as long as nothing is said.
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
    held: bool,
    waiting: bool,
    syncs: usize,
}

#[derive(Debug)]
struct FaultyDisk {
    disk: FileDisk,
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
            dir: self.dir().to_owned(),
            origin: ORIGIN.parse().unwrap(),
            write_deadline: self.write_deadline,
        };
        let faults = Arc::clone(&self.faults);
        open_on(config, self.segment_bytes, |disk| Box::new(FaultyDisk { disk, faults }))
    }
}

/// Queues a record; its writing has not ended when this returns.
pub(crate) async fn enqueue(trail: &Trail, leaf: Vec<u8>) -> Appending {
    let trail = trail.clone();
    let mut appending: Appending = Box::pin(async move { trail.append(leaf).await });
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

impl Disk for FaultyDisk {
    fn create(&mut self, file: &Path) -> io::Result<()> {
        fail(self.faults.plan().create)?;
        self.disk.create(file)
    }

    fn append(&mut self, frame: &[u8]) -> io::Result<()> {
        let fault = self.faults.plan().append;
        if fault.is_some() {
            self.disk.append(&frame[..frame.len() / 2])?;
        }
        fail(fault)?;
        self.disk.append(frame)
    }

    fn truncate(&mut self, bytes: u64) -> io::Result<()> {
        fail(self.faults.plan().truncate)?;
        self.disk.truncate(bytes)
    }

    fn sync(&mut self) -> io::Result<()> {
        self.faults.sync()?;
        self.disk.sync()
    }
}
