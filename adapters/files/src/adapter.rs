//! The adapter: what is held already and what was uploaded, under one root.

use std::{
    fs::{DirBuilder, File, TryLockError},
    io,
    os::unix::fs::DirBuilderExt as _,
    path::{Path, PathBuf},
    sync::Arc,
};

use bytes::Bytes;
use oncebus_adapter::{
    Adapter, AdapterError, Content, ContentStream, Description, Digest, Document, NotReady, Query,
    Seal, Sealed, UploadId, Verdict, Verify, async_trait,
};
use opendal::{Operator, services::Fs};

use crate::{
    FilesConfig,
    folder::Folder,
    layout,
    origin::Origin,
    uploads::Uploads,
    verified::{self, Verified},
};

/// An adapter for folders of files with sidecar metadata.
#[derive(Debug)]
pub struct FilesAdapter {
    description: Description,
    folder: Arc<Folder>,
    origin: Origin,
    uploads: Uploads,
    /// Released when the adapter is dropped.
    _lock: File,
}

/// Why a root folder cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The folder cannot be made, opened or written.
    #[error("cannot use the folder {}", root.display())]
    Root {
        /// The folder.
        root: PathBuf,
        /// What the operating system says.
        source: io::Error,
    },
    /// Another adapter works there.
    #[error("{} is in use by another adapter: give each its own root", root.display())]
    InUse {
        /// The folder.
        root: PathBuf,
    },
    /// One of the adapter's own folders cannot be made, or is a link.
    #[error("cannot make the folders in {}", root.display())]
    Folders {
        /// The folder.
        root: PathBuf,
        /// What is wrong.
        source: AdapterError,
    },
    /// The storage library refuses the folder.
    #[error("cannot use the folder {}", root.display())]
    Storage {
        /// The folder.
        root: PathBuf,
        /// What the library says.
        source: Box<opendal::Error>,
    },
}

// === impl FilesAdapter ===

impl FilesAdapter {
    /// Opens the root folder, makes what is missing in it, and removes drafts that a crash left.
    ///
    /// # Errors
    ///
    /// Returns [`OpenError`] if the folder cannot be used, or is in use.
    pub fn open(config: &FilesConfig) -> Result<Self, OpenError> {
        let root = config.root.as_path();
        let unusable = |source| OpenError::Root { root: root.to_owned(), source };
        DirBuilder::new().recursive(true).mode(0o700).create(root).map_err(unusable)?;
        let folder = Arc::new(Folder::open(root).map_err(unusable)?);
        let lock = lock(&folder, root)?;
        for own in [layout::STAGING, layout::SEALED, layout::DRAFTS] {
            let source = match folder.make(own) {
                Ok(()) => continue,
                Err(source) => source,
            };
            return Err(OpenError::Folders { root: root.to_owned(), source });
        }
        remove_drafts(root).map_err(unusable)?;

        let storage = storage(root)?;
        let verified = Arc::new(Verified::new(lock.try_clone().map_err(unusable)?));
        let origin = Origin {
            folder: Arc::clone(&folder),
            listing: storage.clone(),
            template: Arc::new(config.template.clone()),
            verified: Arc::clone(&verified),
        };
        let uploads = Uploads {
            folder: Arc::clone(&folder),
            sealing: storage,
            verified,
            of_uploads: Arc::default(),
            of_contents: Arc::default(),
        };
        let description = description(config);
        Ok(Self { description, folder, origin, uploads, _lock: lock })
    }
}

#[async_trait]
impl Adapter for FilesAdapter {
    fn describe(&self) -> Description {
        self.description.clone()
    }

    async fn check(&self) -> Result<(), NotReady> {
        let folder = Arc::clone(&self.folder);
        let in_place = crate::blocking::blocking(move || Ok(folder.is_in_place()?)).await;
        match in_place {
            Ok(true) => Ok(()),
            Ok(false) => Err(NotReady("the root folder is another than at start".to_owned())),
            Err(_) => Err(NotReady("the root folder cannot be read".to_owned())),
        }
    }

    async fn lookup(&self, query: &Query) -> Result<Vec<Document>, AdapterError> {
        self.origin.lookup(query).await
    }

    async fn fetch(&self, content: &Content, offset: u64) -> Result<ContentStream, AdapterError> {
        let file = if content.sealed {
            self.uploads.open(content.digest, content.size_bytes).await?
        } else {
            self.origin.open(content).await?
        };
        Ok(verified::stream(file, offset, content.size_bytes))
    }

    async fn verify(&self, verify: &Verify) -> Result<Verdict, AdapterError> {
        self.origin.verify(verify).await
    }

    async fn staged(&self, upload: &UploadId) -> Result<u64, AdapterError> {
        self.uploads.staged(upload).await
    }

    async fn stage(
        &self,
        upload: &UploadId,
        offset: u64,
        data: Bytes,
    ) -> Result<u64, AdapterError> {
        self.uploads.stage(upload, offset, data).await
    }

    async fn seal(&self, seal: &Seal) -> Result<Sealed, AdapterError> {
        self.uploads.seal(seal).await
    }

    async fn discard(
        &self,
        upload: &UploadId,
        sealed: Option<&Digest>,
    ) -> Result<(), AdapterError> {
        self.uploads.discard(upload, sealed).await
    }
}

fn description(config: &FilesConfig) -> Description {
    let types = config.types.iter().map(|material_type| material_type.as_str());
    let build = env!("CARGO_PKG_VERSION");
    let own = Description::new(&config.department, &config.name, build, types);
    Description { stores: true, verifies: true, ..own }
}

fn lock(folder: &Folder, root: &Path) -> Result<File, OpenError> {
    let root = root.to_owned();
    let file = match folder.write(layout::LOCK) {
        Ok(file) => file,
        Err(source) => return Err(OpenError::Folders { root, source }),
    };
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(OpenError::InUse { root }),
        Err(TryLockError::Error(source)) => Err(OpenError::Root { root, source }),
    }
}

/// Removes what is in the folder of drafts. It was just seen to be a folder and no link.
fn remove_drafts(root: &Path) -> io::Result<()> {
    for draft in std::fs::read_dir(root.join(layout::DRAFTS))? {
        std::fs::remove_file(draft?.path())?;
    }
    Ok(())
}

/// Returns opendal's local service. Drafts lie on the same file system: renames need that.
fn storage(root: &Path) -> Result<Operator, OpenError> {
    let drafts = root.join(layout::DRAFTS);
    let (Some(path), Some(drafts)) = (root.to_str(), drafts.to_str()) else {
        let source = io::Error::new(io::ErrorKind::InvalidFilename, "the path is not UTF-8");
        return Err(OpenError::Root { root: root.to_owned(), source });
    };
    Operator::new(Fs::default().root(path).atomic_write_dir(drafts))
        .map_err(|source| OpenError::Storage { root: root.to_owned(), source: Box::new(source) })
}
