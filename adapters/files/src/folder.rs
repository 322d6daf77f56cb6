//! A folder below which no symbolic link is followed.

use std::{
    fs::{self, File},
    io,
    os::{
        fd::{AsFd, OwnedFd},
        unix::fs::MetadataExt as _,
    },
    path::{Path, PathBuf},
};

use nix::{
    errno::Errno,
    fcntl::{AtFlags, OFlag, openat},
    sys::stat::{Mode, SFlag, fstatat, mkdirat},
    unistd::{UnlinkatFlags, fsync, unlinkat},
};
use oncebus_adapter::AdapterError;

/// Opens a folder and nothing else, and never through a link.
const OPEN_FOLDER: OFlag =
    OFlag::O_RDONLY.union(OFlag::O_DIRECTORY).union(OFlag::O_NOFOLLOW).union(OFlag::O_CLOEXEC);
/// Opens a file, never through a link. Without waiting: a pipe would keep us for ever.
const OPEN_FILE: OFlag = OFlag::O_NOFOLLOW.union(OFlag::O_NONBLOCK).union(OFlag::O_CLOEXEC);
/// Nobody but the adapter's own user may read what it writes.
const FILE_MODE: Mode = Mode::S_IRUSR.union(Mode::S_IWUSR);
const FOLDER_MODE: Mode = Mode::S_IRWXU;

/// A folder below which no symbolic link is followed.
///
/// Paths are relative, of plain names with `/` between. They are walked name by name, each opened in
/// the folder before it, so that nothing can be swapped on the way. That works on every Unix, unlike
/// `openat2`, and it is as safe, since no name is `..`.
#[derive(Debug)]
pub(crate) struct Folder {
    root: OwnedFd,
    path: PathBuf,
}

// === impl Folder ===

impl Folder {
    /// Opens the folder at `path`; the way there may have links, it is the operator's.
    pub(crate) fn open(path: &Path) -> io::Result<Self> {
        let root = File::open(path)?;
        if !root.metadata()?.is_dir() {
            return Err(io::ErrorKind::NotADirectory.into());
        }
        Ok(Self { root: root.into(), path: path.to_owned() })
    }

    /// Opens a regular file for reading.
    ///
    /// # Errors
    ///
    /// [`AdapterError::NotFound`], and [`AdapterError::UnsafePath`] for links and whatever else is
    /// no regular file.
    pub(crate) fn read(&self, path: &str) -> Result<File, AdapterError> {
        self.open_file(path, OFlag::O_RDONLY)
    }

    /// Opens a regular file for reading and writing, a new and empty one where there is none.
    pub(crate) fn write(&self, path: &str) -> Result<File, AdapterError> {
        self.open_file(path, OFlag::O_RDWR | OFlag::O_CREAT)
    }

    /// Removes a file; one that is not there is removed already.
    pub(crate) fn remove(&self, path: &str) -> Result<(), AdapterError> {
        let (folder, name) = match self.parent(path) {
            Err(AdapterError::NotFound) => return Ok(()),
            found => found?,
        };
        match unlinkat(&folder, name, UnlinkatFlags::NoRemoveDir) {
            Ok(()) | Err(Errno::ENOENT) => Ok(()),
            Err(errno) => Err(io::Error::from(errno).into()),
        }
    }

    /// Makes a folder and those above it, and sees that they outlast a loss of power.
    pub(crate) fn make(&self, path: &str) -> Result<(), AdapterError> {
        let mut folder = self.root.try_clone()?;
        for name in names(path)? {
            match mkdirat(&folder, name, FOLDER_MODE) {
                Ok(()) => fsync(&folder).map_err(io::Error::from)?,
                Err(Errno::EEXIST) => {}
                Err(errno) => return Err(io::Error::from(errno).into()),
            }
            folder = step(&folder, name)?;
        }
        Ok(())
    }

    /// Sees that what was made or renamed in a folder outlasts a loss of power.
    pub(crate) fn sync(&self, path: &str) -> Result<(), AdapterError> {
        let folder = self.walk(&names(path)?)?;
        Ok(fsync(&folder).map_err(io::Error::from)?)
    }

    /// Tells whether the folder is still at its path, for example not unmounted.
    pub(crate) fn is_in_place(&self) -> io::Result<bool> {
        let there = fs::metadata(&self.path)?;
        let own = File::from(self.root.try_clone()?).metadata()?;
        Ok((there.dev(), there.ino()) == (own.dev(), own.ino()))
    }

    fn open_file(&self, path: &str, access: OFlag) -> Result<File, AdapterError> {
        let (folder, name) = self.parent(path)?;
        let file = match openat(&folder, name, OPEN_FILE | access, FILE_MODE) {
            Ok(file) => File::from(file),
            Err(Errno::ENOENT) => return Err(AdapterError::NotFound),
            // A link (O_NOFOLLOW), a folder, a pipe or device that cannot be opened so.
            Err(Errno::ELOOP | Errno::EISDIR | Errno::ENXIO) => {
                return Err(AdapterError::UnsafePath);
            }
            Err(errno) => return Err(io::Error::from(errno).into()),
        };
        if file.metadata()?.is_file() { Ok(file) } else { Err(AdapterError::UnsafePath) }
    }

    /// Returns the folder that a path's last name is in, and that name.
    fn parent<'a>(&self, path: &'a str) -> Result<(OwnedFd, &'a str), AdapterError> {
        let mut folders = names(path)?;
        let name = folders.pop().ok_or(AdapterError::UnsafePath)?;
        Ok((self.walk(&folders)?, name))
    }

    fn walk(&self, names: &[&str]) -> Result<OwnedFd, AdapterError> {
        names.iter().try_fold(self.root.try_clone()?, |folder, name| step(&folder, name))
    }
}

/// Splits a path; a name that leads elsewhere than down is refused.
fn names(path: &str) -> Result<Vec<&str>, AdapterError> {
    let names: Vec<_> = path.split('/').collect();
    if names.iter().any(|name| matches!(*name, "" | "." | "..") || name.contains('\0')) {
        return Err(AdapterError::UnsafePath);
    }
    Ok(names)
}

/// Opens the folder called `name` in `folder`.
fn step(folder: impl AsFd, name: &str) -> Result<OwnedFd, AdapterError> {
    match openat(&folder, name, OPEN_FOLDER, Mode::empty()) {
        Ok(next) => Ok(next),
        Err(Errno::ENOENT) => Err(AdapterError::NotFound),
        Err(Errno::ELOOP) => Err(AdapterError::UnsafePath),
        // Linux says the same of a link and of a file where a folder should be.
        Err(Errno::ENOTDIR) if is_link(&folder, name) => Err(AdapterError::UnsafePath),
        Err(Errno::ENOTDIR) => Err(AdapterError::NotFound),
        Err(errno) => Err(io::Error::from(errno).into()),
    }
}

fn is_link(folder: impl AsFd, name: &str) -> bool {
    fstatat(folder, name, AtFlags::AT_SYMLINK_NOFOLLOW)
        .is_ok_and(|stat| SFlag::from_bits_truncate(stat.st_mode) & SFlag::S_IFMT == SFlag::S_IFLNK)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    use super::*;

    fn folder() -> (tempfile::TempDir, Folder) {
        let dir = tempfile::tempdir().unwrap();
        let folder = Folder::open(dir.path()).unwrap();
        (dir, folder)
    }

    #[test]
    fn what_is_made_is_for_the_owner_alone() {
        let (dir, folder) = folder();

        folder.make("a/b").unwrap();
        folder.write("a/b/file").unwrap();

        let mode = |path: &str| fs::metadata(dir.path().join(path)).unwrap().mode() & 0o777;
        assert_eq!((mode("a"), mode("a/b"), mode("a/b/file")), (0o700, 0o700, 0o600));
    }

    #[test]
    fn links_are_never_followed() {
        let (dir, folder) = folder();
        let outside = tempfile::tempdir().unwrap();
        fs::write(outside.path().join("secret"), "secret").unwrap();
        symlink(outside.path(), dir.path().join("folder")).unwrap();
        symlink(outside.path().join("secret"), dir.path().join("file")).unwrap();
        symlink("nowhere", dir.path().join("dangling")).unwrap();

        for path in ["folder/secret", "file", "dangling", "../secret", "/etc/passwd", "a/../b"] {
            assert!(matches!(folder.read(path), Err(AdapterError::UnsafePath)), "{path} was read");
            assert!(matches!(folder.write(path), Err(AdapterError::UnsafePath)), "{path} was made");
        }
        assert!(matches!(folder.make("folder/inner"), Err(AdapterError::UnsafePath)));
        assert!(matches!(folder.remove("folder/secret"), Err(AdapterError::UnsafePath)));
        folder.remove("file").unwrap();
        assert_eq!(fs::read(outside.path().join("secret")).unwrap(), b"secret");
        assert_eq!(fs::read_dir(outside.path()).unwrap().count(), 1);
    }

    #[test]
    fn what_is_no_regular_file_is_not_opened() {
        let (dir, folder) = folder();
        nix::unistd::mkfifo(&dir.path().join("pipe"), FILE_MODE).unwrap();
        folder.make("folder").unwrap();

        assert!(matches!(folder.read("pipe"), Err(AdapterError::UnsafePath)));
        assert!(matches!(folder.read("folder"), Err(AdapterError::UnsafePath)));
        assert!(matches!(folder.read("missing/file"), Err(AdapterError::NotFound)));
    }

    #[test]
    fn a_folder_that_was_moved_away_is_not_in_place() {
        let (dir, folder) = folder();
        assert!(folder.is_in_place().unwrap());

        let path = dir.path().to_owned();
        fs::rename(&path, path.with_extension("away")).unwrap();
        fs::create_dir(&path).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o700)).unwrap();

        assert!(!folder.is_in_place().unwrap());
        fs::remove_dir(path.with_extension("away")).unwrap();
    }
}
