//! A root folder with documents, and the adapter on it.

use std::{
    fs,
    path::{Path, PathBuf},
};

use bytes::Bytes;
use futures_util::TryStreamExt as _;
use oncebus_adapter::{
    Adapter as _, AdapterError, CHUNK_BYTES, Content, ContentHasher, Digest, Query, Seal, Subject,
    UploadId,
};

use crate::{FilesAdapter, FilesConfig, Sidecar, template};

/// A root folder, and the adapter on it.
pub(super) struct Scene {
    pub(super) adapter: FilesAdapter,
    pub(super) config: FilesConfig,
    dir: tempfile::TempDir,
}

// === impl Scene ===

impl Scene {
    pub(super) fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let config = config(dir.path());
        Self { adapter: FilesAdapter::open(&config).unwrap(), config, dir }
    }

    /// Ends the adapter and starts it anew.
    pub(super) fn restarted(self) -> Self {
        let Self { adapter, config, dir } = self;
        drop(adapter);
        Self { adapter: FilesAdapter::open(&config).unwrap(), config, dir }
    }

    /// Ends the adapter; the folder lasts as long as what is returned.
    pub(super) fn stopped(self) -> tempfile::TempDir {
        self.dir
    }

    /// Returns a path under the root.
    pub(super) fn path(&self, path: impl AsRef<Path>) -> PathBuf {
        self.config.root.join(path)
    }

    /// Returns a path beside the root.
    pub(super) fn outside(&self, path: &str) -> PathBuf {
        self.dir.path().join(path)
    }

    /// Returns the path of a document's content.
    pub(super) fn content_path(&self, content: &Content) -> PathBuf {
        self.sidecar_path(content).with_extension("pdf")
    }

    pub(super) fn sidecar_path(&self, content: &Content) -> PathBuf {
        let (material_type, subject) = (&content.material_type, &content.subject);
        self.path(self.config.sidecar_path(material_type, subject, &content.number))
    }

    /// Puts a document into the folder of origin-held ones.
    pub(super) fn hold(&self, number: &str, bytes: &[u8]) -> Content {
        let content = content(number, bytes);
        let sidecar = sidecar(number, bytes, &file_name(&self.content_path(&content)));
        fs::create_dir_all(self.sidecar_path(&content).parent().unwrap()).unwrap();
        fs::write(self.content_path(&content), bytes).unwrap();
        fs::write(self.sidecar_path(&content), sidecar.to_toml()).unwrap();
        content
    }

    pub(super) async fn fetch(&self, content: &Content) -> Result<Vec<u8>, AdapterError> {
        self.fetch_from(content, 0).await
    }

    pub(super) async fn fetch_from(
        &self,
        content: &Content,
        offset: u64,
    ) -> Result<Vec<u8>, AdapterError> {
        let pieces: Vec<_> = self.adapter.fetch(content, offset).await?.try_collect().await?;
        assert!(pieces.iter().all(|piece| piece.len() <= CHUNK_BYTES));
        Ok(pieces.concat())
    }

    /// Fails to open, so that no byte leaves.
    pub(super) async fn refused(&self, content: &Content) -> &'static str {
        self.adapter.fetch(content, 0).await.unwrap_err().reason()
    }

    /// Stages a whole content.
    pub(super) async fn stage(&self, upload: &UploadId, bytes: &[u8]) {
        for (at, piece) in bytes.chunks(1024 * 1024).enumerate() {
            let offset = at as u64 * 1024 * 1024;
            self.adapter.stage(upload, offset, Bytes::copy_from_slice(piece)).await.unwrap();
        }
    }

    /// Returns the names of all files in one of the adapter's own folders.
    pub(super) fn files(&self, folder: &str) -> Vec<String> {
        fn walk(folder: &Path, found: &mut Vec<String>) {
            for entry in fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() { walk(&path, found) } else { found.push(file_name(&path)) }
            }
        }
        let mut found = Vec::new();
        walk(&self.path(folder), &mut found);
        found
    }
}

pub(super) fn config(dir: &Path) -> FilesConfig {
    FilesConfig {
        department: "market".to_owned(),
        name: "files".to_owned(),
        trust_domain: "oncebus.test".parse().unwrap(),
        listen: "127.0.0.1:0".parse().unwrap(),
        root: dir.join("data"),
        certificate: dir.join("cert.pem"),
        key: dir.join("key.pem"),
        authorities: dir.join("ca.pem"),
        types: vec!["business_licence".parse().unwrap()],
        template: template::DEFAULT.parse().unwrap(),
    }
}

pub(super) fn bytes(size: usize) -> Vec<u8> {
    (0..size).map(|i| (i / 3) as u8).collect()
}

pub(super) fn query(number: Option<&str>) -> Query {
    Query {
        material_type: "business_licence".parse().unwrap(),
        subject: subject(),
        number: number.map(|number| number.parse().unwrap()),
    }
}

pub(super) fn subject() -> Subject {
    Subject::new("credit", "91110000MA01").unwrap()
}

pub(super) fn content(number: &str, bytes: &[u8]) -> Content {
    Content {
        material_type: "business_licence".parse().unwrap(),
        subject: subject(),
        number: number.parse().unwrap(),
        digest: Digest::of(bytes),
        size_bytes: bytes.len() as u64,
        sealed: false,
    }
}

pub(super) fn sealed(bytes: &[u8]) -> Content {
    Content { sealed: true, ..content("N1", bytes) }
}

pub(super) fn sidecar(number: &str, bytes: &[u8], file: &str) -> Sidecar {
    Sidecar {
        number: number.to_owned(),
        file: file.to_owned(),
        size_bytes: bytes.len() as u64,
        sha256: Digest::of(bytes).to_string(),
        media_type: "application/pdf".to_owned(),
        issuer: None,
        issued: Some("2024-05-01".to_owned()),
        valid_until: None,
        status: None,
    }
}

pub(super) fn upload(number: u8) -> UploadId {
    format!("00000000-0000-4000-8000-0000000000{number:02x}").parse().unwrap()
}

pub(super) fn seal(upload: &UploadId, bytes: &[u8]) -> Seal {
    let mut hasher = ContentHasher::default();
    hasher.update(bytes);
    let hash = hasher.finish();
    Seal {
        upload: upload.clone(),
        size_bytes: hash.size_bytes,
        digest: hash.digest,
        chunk_root: hash.chunk_root,
    }
}

pub(super) fn file_name(path: &Path) -> String {
    path.file_name().unwrap().to_string_lossy().into_owned()
}
