//! What can be done to the files of a log: a bit flipped, two bytes swapped, an end cut off.

use std::{
    fmt, fs,
    ops::Range,
    path::{Path, PathBuf},
};

use super::log::WrittenLog;

/// Where damage is done, and how: every pair is inflicted.
const PLACES: [Place; 3] = [Place::Bundle, Place::Tile, Place::Checkpoint];
const KINDS: [Kind; 3] = [Kind::Flip, Kind::Swap, Kind::Cut];
/// How many pairs there are; and the signature, flipped.
pub(super) const DAMAGES: usize = PLACES.len() * KINDS.len() + 1;

/// One damage to one file.
pub(super) struct Damage {
    file: PathBuf,
    before: Vec<u8>,
    after: Vec<u8>,
    what: String,
}

/// Makes damages up, the same ones in every run.
pub(super) struct Damages {
    bundles: Vec<PathBuf>,
    tiles: Vec<PathBuf>,
    checkpoint: PathBuf,
    dice: Dice,
}

#[derive(Clone, Copy, Debug)]
enum Place {
    Bundle,
    Tile,
    Checkpoint,
    Signature,
}

#[derive(Clone, Copy, Debug)]
enum Kind {
    Flip,
    Swap,
    Cut,
}

struct Dice(u64);

// === impl Damage ===

impl Damage {
    /// Makes damages up for the files that the newest checkpoint commits to.
    pub(super) fn all(log: &WrittenLog) -> Damages {
        let dir = log.dir();
        let (bundles, tiles) = files(&dir.join("tile"))
            .into_iter()
            .filter(|file| !is_superseded(file))
            .partition(|file| file.starts_with(dir.join("tile/entries")));
        Damages { bundles, tiles, checkpoint: dir.join("checkpoint"), dice: Dice(4_711) }
    }

    pub(super) fn inflict(&self) {
        assert_ne!(self.before, self.after, "{self} does nothing");
        fs::write(&self.file, &self.after).unwrap();
    }

    pub(super) fn undo(&self) {
        fs::write(&self.file, &self.before).unwrap();
    }
}

impl fmt::Display for Damage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} in {}", self.what, self.file.display())
    }
}

// === impl Damages ===

impl Damages {
    pub(super) fn next(&mut self, number: usize) -> Damage {
        let number = number % DAMAGES;
        let place = PLACES.get(number / KINDS.len()).copied().unwrap_or(Place::Signature);
        let kind = KINDS[number % KINDS.len()];
        let file = match place {
            Place::Bundle => self.bundles[self.dice.below(self.bundles.len())].clone(),
            Place::Tile => self.tiles[self.dice.below(self.tiles.len())].clone(),
            Place::Checkpoint | Place::Signature => self.checkpoint.clone(),
        };
        let before = fs::read(&file).unwrap();
        let at = self.position(&before, place);
        let after = self.damaged(&before, kind, at);
        Damage { file, before, after, what: format!("{kind:?} of {place:?} at {at}") }
    }

    /// Draws a byte of the place.
    fn position(&mut self, bytes: &[u8], place: Place) -> usize {
        let body = bytes.windows(2).position(|pair| pair == b"\n\n");
        let Range { start, end } = match (place, body) {
            (Place::Checkpoint, Some(body)) => 0..body,
            (Place::Signature, Some(body)) => body..bytes.len(),
            _ => 0..bytes.len(),
        };
        start + self.dice.below(end - start)
    }

    fn damaged(&mut self, before: &[u8], kind: Kind, at: usize) -> Vec<u8> {
        let mut after = before.to_vec();
        match kind {
            Kind::Flip => after[at] ^= 1 << self.dice.below(8),
            Kind::Cut => after.truncate(at),
            Kind::Swap => {
                let other = loop {
                    let other = self.dice.below(before.len());
                    if before[other] != before[at] {
                        break other;
                    }
                };
                after.swap(at, other);
            }
        }
        after
    }
}

// === impl Dice ===

impl Dice {
    fn below(&mut self, bound: usize) -> usize {
        // Knuth's generator; its upper bits are good.
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % bound
    }
}

/// Whether a wider tile stands beside a partial one: its readers are late, and gone.
fn is_superseded(file: &Path) -> bool {
    let width = |path: &Path| path.file_name().unwrap().to_str().unwrap().parse::<u32>();
    let folder = file.parent().unwrap();
    let Some(full) = folder.to_str().unwrap().strip_suffix(".p") else { return false };
    let wider = |other: &PathBuf| width(file).unwrap() < width(other).unwrap();
    Path::new(full).exists() || files(folder).iter().any(wider)
}

/// Returns every file below a folder.
fn files(root: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(root).unwrap().map(Result::unwrap) {
        match entry.file_type().unwrap().is_dir() {
            true => files.extend(self::files(&entry.path())),
            false => files.push(entry.path()),
        }
    }
    files.sort();
    files
}
