//! What the department holds already.

use std::{error::Error as _, fs, os::unix::fs::symlink};

use oncebus_adapter::{Adapter as _, AdapterError, CHUNK_BYTES, Query, Subject};

use super::support::{Scene, bytes, content, file_name, query, sidecar};
use crate::FilesAdapter;

async fn numbers(scene: &Scene, number: Option<&str>) -> Vec<String> {
    let found = scene.adapter.lookup(&query(number)).await.unwrap();
    let mut numbers: Vec<_> =
        found.iter().map(|document| document.number.as_str().to_owned()).collect();
    numbers.sort();
    numbers
}

fn fault(error: &AdapterError) -> String {
    error.source().unwrap().to_string()
}

#[tokio::test]
async fn every_number_or_the_one_asked_for_is_found() {
    let scene = Scene::new();
    for number in ["N1", "N/2", "建字第3号"] {
        scene.hold(number, b"content");
    }

    assert_eq!(numbers(&scene, None).await, ["N/2", "N1", "建字第3号"]);
    assert_eq!(numbers(&scene, Some("N/2")).await, ["N/2"]);
    assert!(numbers(&scene, Some("N4")).await.is_empty());
}

#[tokio::test]
async fn an_unknown_subject_has_nothing() {
    let scene = Scene::new();
    scene.hold("N1", b"content");
    fs::write(scene.outside("secret.toml"), sidecar("secret", b"x", "x").to_toml()).unwrap();

    for value in ["91110000", "..", "../..", "../../../SECRET", "/", "%2E%2E"] {
        let subject = Subject::new("credit", value).unwrap();
        for number in [None, Some("secret".parse().unwrap())] {
            let query = Query { subject: subject.clone(), number, ..query(None) };
            assert!(scene.adapter.lookup(&query).await.unwrap().is_empty(), "{value}");
        }
    }
}

#[tokio::test]
async fn a_faulty_sidecar_is_a_fault_that_names_the_file_but_not_the_subject() {
    let scene = Scene::new();
    let held = scene.hold("N1", b"content");
    let faults = [
        ("number = ".to_owned(), "line 1"),
        (sidecar("N2", b"content", "N1.pdf").to_toml(), "not named by its number"),
        (sidecar("N1", b"content", "../N1.pdf").to_toml(), "file is no plain name"),
    ];

    for (text, expected) in faults {
        fs::write(scene.sidecar_path(&held), text).unwrap();
        for number in [None, Some("N1")] {
            let error = scene.adapter.lookup(&query(number)).await.unwrap_err();
            let fault = fault(&error);
            assert!(fault.contains(expected), "{fault}");
            assert!(fault.contains("origin/business_licence/credit-(hidden), inode "), "{fault}");
            assert!(!fault.contains("91110000MA01"), "{fault}");
        }
    }
}

#[tokio::test]
async fn a_folder_with_too_many_documents_is_a_fault() {
    let scene = Scene::new();
    let held = scene.hold("N1", b"content");
    let folder = scene.sidecar_path(&held).parent().unwrap().to_owned();
    for number in 0..1_000 {
        fs::write(folder.join(format!("X{number}.toml")), "").unwrap();
    }

    let error = scene.adapter.lookup(&query(None)).await.unwrap_err();

    assert!(fault(&error).contains("over 1000 documents"), "{error}");
    assert_eq!(numbers(&scene, Some("N1")).await, ["N1"]);
}

#[tokio::test]
async fn content_is_sent_from_any_chunks_edge() {
    let scene = Scene::new();
    let content = bytes(2 * CHUNK_BYTES + 5);
    let held = scene.hold("N1", &content);

    for offset in [0, CHUNK_BYTES, 2 * CHUNK_BYTES] {
        let sent = scene.fetch_from(&held, offset as u64).await.unwrap();
        assert_eq!(sent, content[offset..]);
    }
}

#[tokio::test]
async fn a_file_that_was_cut_or_has_grown_is_not_sent() {
    let scene = Scene::new();
    let content = bytes(CHUNK_BYTES + 5);
    let held = scene.hold("N1", &content);
    scene.fetch(&held).await.unwrap();

    for size in [content.len() - 1, 0, content.len() + 1] {
        fs::write(scene.content_path(&held), bytes(size)).unwrap();
        assert_eq!(scene.refused(&held).await, "SIZE_MISMATCH", "{size} bytes");
    }
}

#[tokio::test]
async fn a_file_that_was_replaced_is_not_sent_though_it_was_right_before() {
    let scene = Scene::new();
    let content = bytes(CHUNK_BYTES + 5);
    let held = scene.hold("N1", &content);
    scene.fetch(&held).await.unwrap();
    let mut other = content.clone();
    other[7] ^= 1;

    fs::remove_file(scene.content_path(&held)).unwrap();
    fs::write(scene.content_path(&held), &other).unwrap();

    assert_eq!(scene.refused(&held).await, "DIGEST_MISMATCH");
    fs::write(scene.content_path(&held), &content).unwrap();
    assert_eq!(scene.fetch(&held).await.unwrap(), content);
}

#[tokio::test]
async fn a_link_in_the_place_of_content_sidecar_or_folder_is_not_followed() {
    let scene = Scene::new();
    let held = scene.hold("N1", b"content");
    let (file, note) = (scene.content_path(&held), scene.sidecar_path(&held));
    let folder = note.parent().unwrap();

    for (place, outside) in [(&*file, "moved.pdf"), (&*note, "moved.toml"), (folder, "moved")] {
        let outside = scene.outside(outside);
        fs::rename(place, &outside).unwrap();
        symlink(&outside, place).unwrap();

        assert_eq!(scene.refused(&held).await, "UNSAFE_PATH", "{}", place.display());

        fs::remove_file(place).unwrap();
        fs::rename(&outside, place).unwrap();
        assert_eq!(scene.fetch(&held).await.unwrap(), b"content");
    }
}

#[tokio::test]
async fn lookup_reads_no_sidecar_through_a_link() {
    let scene = Scene::new();
    let held = scene.hold("N1", b"content");
    let folder = scene.sidecar_path(&held).parent().unwrap().to_owned();
    fs::rename(&folder, scene.outside("moved")).unwrap();
    symlink(scene.outside("moved"), &folder).unwrap();

    for number in [None, Some("N1")] {
        let error = scene.adapter.lookup(&query(number)).await.unwrap_err();
        assert_eq!(error.reason(), "UNSAFE_PATH");
    }
}

#[tokio::test]
async fn another_version_or_a_missing_file_is_not_found() {
    let scene = Scene::new();
    let held = scene.hold("N1", b"content");

    assert_eq!(scene.refused(&content("N1", b"older..")).await, "MATERIAL_NOT_FOUND");
    assert_eq!(scene.refused(&content("N2", b"content")).await, "MATERIAL_NOT_FOUND");
    fs::remove_file(scene.content_path(&held)).unwrap();
    assert_eq!(scene.refused(&held).await, "MATERIAL_NOT_FOUND");
}

#[tokio::test]
async fn a_changed_sidecar_is_a_new_version() {
    let scene = Scene::new();
    let old = scene.hold("N1", b"first");

    let new = scene.hold("N1", b"second");

    let found = scene.adapter.lookup(&query(None)).await.unwrap();
    assert_eq!(found[0].digest, new.digest);
    assert_eq!(scene.fetch(&new).await.unwrap(), b"second");
    assert_eq!(scene.refused(&old).await, "MATERIAL_NOT_FOUND");
}

#[tokio::test]
async fn a_missing_root_makes_the_adapter_not_ready() {
    let scene = Scene::new();
    assert!(scene.adapter.check().await.is_ok());

    fs::rename(scene.path(""), scene.outside("away")).unwrap();

    assert!(scene.adapter.check().await.is_err());
}

#[tokio::test]
async fn two_adapters_do_not_share_a_root() {
    let scene = Scene::new();

    let refused = FilesAdapter::open(&scene.config).unwrap_err();

    assert!(refused.to_string().contains("is in use by another adapter"), "{refused}");
    assert_eq!(file_name(&scene.config.root), "data");
}
