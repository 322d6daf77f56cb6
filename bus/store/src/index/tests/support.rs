//! A trail with records as they are needed, and its index.

use std::{path::Path, sync::Arc};

use oncebus_core::{Subject, SystemRng};
use oncebus_trail::{Entry, SigningKey, Trail, TrailConfig};

use super::super::{RecordFilter, SearchIndex, Visibility};
use crate::SubjectKeys;

/// No positions.
pub(super) const NOTHING: [u64; 0] = [];

pub(super) fn trail(dir: &Path) -> Trail {
    let origin = "oncebus.test/gateway/g1".parse().unwrap();
    let key = SigningKey::from_seed(&origin, &[7; 32]).unwrap();
    Trail::open(TrailConfig::new(dir.join("trail"), key)).unwrap().0
}

/// Keys that are kept beside the index.
pub(super) fn keys(file: &Path) -> Arc<SubjectKeys> {
    let file = file.with_file_name("subjects.json");
    Arc::new(SubjectKeys::load_or_create(&file, &SystemRng).unwrap())
}

pub(super) async fn open(file: &Path, trail: &Trail) -> SearchIndex {
    SearchIndex::open(file, trail, keys(file)).await.unwrap()
}

/// Opens an index in a folder, and feeds it.
pub(super) async fn fed(dir: &Path, trail: &Trail) -> SearchIndex {
    let index = open(&dir.join("index.sqlite"), trail).await;
    index.feed(trail).await.unwrap();
    index
}

/// Writes a record whose id and time are `id`.
pub(super) async fn write(trail: &Trail, id: u64, fields: &str) {
    let leaf = format!("{{\"v\":1,\"id\":\"r{id}\",\"time\":{id},{fields}}}");
    append(trail, leaf, Vec::new()).await;
}

/// Writes a whole record.
pub(super) async fn append(trail: &Trail, leaf: String, sealed: Vec<u8>) {
    trail.append(Entry { leaf: leaf.into_bytes(), sealed }).await.unwrap();
}

/// Returns a sealed part that can be found by these tokens.
pub(super) fn sealed(tokens: &[impl AsRef<[u8]>]) -> Vec<u8> {
    let head = [&[1][..], &[0; 52], &[tokens.len() as u8]].concat();
    let tokens: Vec<&[u8]> = tokens.iter().map(AsRef::as_ref).collect();
    [&head[..], &tokens.concat(), b"ciphertext"].concat()
}

/// Returns a sealed part about a subject.
pub(super) fn about(keys: &SubjectKeys, subject: &Subject) -> Vec<u8> {
    sealed(&[keys.subject(subject)])
}

pub(super) async fn search(index: &SearchIndex, filter: RecordFilter) -> Vec<u64> {
    index.search(&filter, &Visibility::All, None, 100).await.unwrap()
}
