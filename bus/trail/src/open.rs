//! Start: lock, recover, set the threads going.

mod error;

use std::{io, path::Path, sync::Arc, thread};

use tokio::sync::{mpsc, watch};

use crate::{
    archive::Archive,
    batch::{DRAFTS, remove_if_there},
    checkpoint::SignedCheckpoint,
    config::TrailConfig,
    disk::{Disk, RealDisk},
    guard::Guard,
    lock::Lock,
    pruned::Pruned,
    publication::{Parts, Publication},
    publisher::Publisher,
    recover::{Recovered, recover},
    segments::{SEGMENT_BYTES, Segments},
    sequencer::{MAX_QUEUED_RECORDS, Sequencer, State},
    trail::{Handles, Trail},
    unpublished::{Group, Unpublished},
    writer::{Tools, Writer},
};

pub use self::error::OpenError;

/// What was found in the folder at start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Recovery {
    /// Records that are on the trail.
    pub records: u64,
    /// Frames that were read back.
    pub frames: u64,
    /// Bytes of a last frame that was never finished, hence never acknowledged, and was cut.
    pub torn_bytes: u64,
}

// === impl Trail ===

impl Trail {
    /// Opens the trail in a folder, or starts one there; blocks until its end is read and checked.
    ///
    /// A last frame that a crash left unfinished is cut: nobody was told that its records are
    /// stored. What was published is not read again, but for its right edge: `fsck` does.
    ///
    /// # Errors
    ///
    /// Returns [`OpenError`] if the trail is open already, is another log's, does not fit its
    /// checkpoint or the rollback guard, and if the system refuses.
    pub fn open(config: TrailConfig) -> Result<(Self, Recovery), OpenError> {
        open_on(config, SEGMENT_BYTES, Arc::new(RealDisk))
    }
}

/// A trail that is read and can be continued, without its threads.
#[derive(Debug)]
pub(crate) struct Opened {
    pub(crate) archive: Archive,
    pub(crate) writer: Writer,
    pub(crate) publisher: Publisher,
    pub(crate) unpublished: Arc<Unpublished>,
    pub(crate) segments: Arc<Segments>,
    pub(crate) published: SignedCheckpoint,
    pub(crate) pruned: Pruned,
    /// The rollback guard, once more: the writer has one too.
    pub(crate) guard: Option<Guard>,
    pub(crate) recovery: Recovery,
}

/// Opens a trail on a disk that tests may replace, with segments of about `segment_bytes`.
pub(crate) fn open_on(
    config: TrailConfig,
    segment_bytes: u64,
    disk: Arc<dyn Disk>,
) -> Result<(Trail, Recovery), OpenError> {
    let dir = config.dir.clone();
    create_folders(&*disk, &dir).map_err(|source| OpenError::io("make", &dir, source))?;
    let lock = Lock::take(&dir)?;
    let opened = read(&config, segment_bytes, disk)?;
    let recovery = opened.recovery;
    if 0 < recovery.torn_bytes {
        tracing::warn!(
            torn_bytes = recovery.torn_bytes,
            records = recovery.records,
            "cut an unfinished last frame from the trail"
        );
    }
    start(config, opened, lock).map(|trail| (trail, recovery))
}

/// Reads a trail and checks its end, the guard's word included.
pub(crate) fn read(
    config: &TrailConfig,
    segment_bytes: u64,
    disk: Arc<dyn Disk>,
) -> Result<Opened, OpenError> {
    let dir = &config.dir;
    let cannot_make = |source| OpenError::io("prepare", dir, source);
    create_folders(&*disk, dir).map_err(cannot_make)?;
    remove_drafts(&*disk, dir).map_err(cannot_make)?;
    let archive = Archive::new(dir.clone(), Arc::clone(&disk));
    let Recovered { tail, edge, published, groups, firsts, recovery } =
        recover(&archive, &config.key)?;
    let guard = check_guard(config, &archive, &groups, &tail.checkpoint, published.as_ref())?;
    let pruned = read_pruned(&*disk, dir)?;

    let segments = Arc::new(Segments::new(dir.join(FRAMES), firsts));
    let unpublished = Arc::new(Unpublished::default());
    for group in groups {
        unpublished.push(group);
    }
    let publisher =
        Publisher::new(archive.clone(), edge, Arc::clone(&unpublished), Arc::clone(&segments));
    // A new log is published empty, so that readers find a checkpoint from the beginning.
    let published = match published {
        Some(published) => published,
        None => publisher.begin(&config.key)?,
    };
    let tools = Tools {
        key: config.key.clone(),
        disk,
        guard,
        segment_bytes,
        segments: Arc::clone(&segments),
        unpublished: Arc::clone(&unpublished),
    };
    let path = tail.file.clone();
    let writer = Writer::new(tools, tail);
    let writer = writer.map_err(|source| OpenError::io("open", &path, source))?;
    let guard = open_guard(config, archive.disk())?.map(|(guard, _kept)| guard);
    Ok(Opened {
        archive,
        writer,
        publisher,
        unpublished,
        segments,
        published,
        pruned,
        guard,
        recovery,
    })
}

/// Sets the threads going. They end by themselves when the trail is closed, dropped or dead.
fn start(config: TrailConfig, opened: Opened, lock: Lock) -> Result<Trail, OpenError> {
    let Opened {
        archive, writer, publisher, unpublished, segments, published, pruned, guard, ..
    } = opened;
    let cannot_start = |source| OpenError::io("start the threads of", &config.dir, source);
    let checkpoint = writer.checkpoint();
    let (pruned, pruned_ranges) = watch::channel(pruned);
    let (state, states) = watch::channel(State::Running);
    let parts = Parts {
        publisher,
        unpublished: Arc::clone(&unpublished),
        segments,
        pruned,
        guard,
        state,
        published: watch::Sender::new(Arc::new(published)),
        pace: config.publish_pace,
        lock,
    };
    let (publication, tasks) = Publication::new(parts);
    let (queue, commands) = mpsc::channel(MAX_QUEUED_RECORDS);
    let handles = Handles {
        queue,
        tasks: tasks.clone(),
        state: states.clone(),
        checkpoint,
        published: publication.published(),
        unpublished: Arc::clone(&unpublished),
        pruned: pruned_ranges,
        archive,
    };
    let trail = Trail::new(&config, handles);
    let sequencer = Sequencer::new(commands, writer, unpublished, tasks, states);
    let named = |name: &str| thread::Builder::new().name(name.into());
    named("trail-publish").spawn(move || publication.run()).map_err(cannot_start)?;
    named("trail-write").spawn(move || sequencer.run()).map_err(cannot_start)?;
    Ok(trail)
}

/// Opens the rollback guard, where there is one, and compares what it saw with what there is.
fn check_guard(
    config: &TrailConfig,
    archive: &Archive,
    groups: &[Arc<Group>],
    newest: &SignedCheckpoint,
    published: Option<&SignedCheckpoint>,
) -> Result<Option<Guard>, OpenError> {
    let Some(path) = &config.guard else { return Ok(None) };
    let Some((mut guard, kept)) = open_guard(config, archive.disk())? else { return Ok(None) };
    if let Some(SignedCheckpoint { checkpoint: kept, .. }) = kept {
        let found = newest.checkpoint.size;
        if found < kept.size {
            return Err(OpenError::RolledBack { guard: path.clone(), kept: kept.size, found });
        }
        let known = groups.iter().map(|group| &group.checkpoint.checkpoint);
        let known = known.chain(published.map(|signed| &signed.checkpoint));
        let root = match known.into_iter().find(|known| known.size == kept.size) {
            Some(known) => Some(known.root),
            None => archive.root(kept.size, published)?,
        };
        if root != Some(kept.root) {
            return Err(OpenError::Forked { guard: path.clone(), kept: kept.size });
        }
    } else if 0 < newest.checkpoint.size {
        tracing::warn!(guard = %path.display(), "the rollback guard is new: what was before is not known");
    }
    guard.sync(&newest.note).map_err(|source| OpenError::io("write", path, source))?;
    Ok(Some(guard))
}

fn open_guard(
    config: &TrailConfig,
    disk: &dyn Disk,
) -> Result<Option<(Guard, Option<SignedCheckpoint>)>, OpenError> {
    let Some(path) = &config.guard else { return Ok(None) };
    match Guard::open(disk, path, config.key.verifier()) {
        Err(error) if error.kind() == io::ErrorKind::InvalidData => {
            Err(OpenError::Guard { guard: path.clone() })
        }
        opened => opened.map(Some).map_err(|source| OpenError::io("open", path, source)),
    }
}

fn read_pruned(disk: &dyn Disk, dir: &Path) -> Result<Pruned, OpenError> {
    let file = dir.join(Pruned::FILE);
    let bytes = match disk.read(&file) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Pruned::default()),
        read => read.map_err(|source| OpenError::io("read", &file, source))?,
    };
    Pruned::parse(&String::from_utf8_lossy(&bytes)).ok_or(OpenError::Stray { file })
}

/// Makes the folders of a trail, durable on return.
fn create_folders(disk: &dyn Disk, dir: &Path) -> io::Result<()> {
    create_folder(disk, dir)?;
    for name in [FRAMES, DRAFTS, "tile", "sealed"] {
        disk.create_folder(&dir.join(name))?;
    }
    disk.sync_folder(dir)
}

/// Makes a folder, and the ones above it.
fn create_folder(disk: &dyn Disk, folder: &Path) -> io::Result<()> {
    if disk.list(folder).is_ok() {
        return Ok(());
    }
    let above = match folder.parent() {
        Some(above) if above != Path::new("") => above,
        _ => Path::new("."),
    };
    create_folder(disk, above)?;
    disk.create_folder(folder)?;
    disk.sync_folder(above)
}

/// Removes what a crash left of files that were about to be put in place.
fn remove_drafts(disk: &dyn Disk, dir: &Path) -> io::Result<()> {
    let drafts = dir.join(DRAFTS);
    disk.list(&drafts)?.into_iter().try_for_each(|name| remove_if_there(disk, &drafts.join(name)))
}

/// Folder of the frames.
pub(crate) const FRAMES: &str = "frames";
