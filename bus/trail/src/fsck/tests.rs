use std::fs;

use super::*;
use crate::{bundle::BundleFault, frame::FrameFault};

mod log;
mod mutations;

use self::log::{TestLog, check_sealed, key};

#[test]
fn sound_logs_are_sound_at_every_edge_of_bundles_and_tiles() {
    for size in [0, 1, 2, 255, 256, 257, 512, 1000, 65_535, 65_536, 65_537] {
        let log = TestLog::write(size);

        let found = log.fsck().unwrap();

        assert_eq!((found.size, found.records, found.pruned), (size, size, 0));
        assert_eq!(found.sealed, size.div_ceil(3));
        assert_eq!((found.unpublished, found.torn_bytes), (0, 0));
    }
}

#[test]
fn records_that_are_not_published_yet_are_counted_and_checked() {
    let log = TestLog::write(1000);
    log.frames(&[990, 1000, 1024, 1300]);

    let found = log.fsck().unwrap();

    assert_eq!((found.size, found.unpublished, found.torn_bytes), (1000, 300, 0));
}

#[test]
fn end_that_a_crash_tore_is_no_fault_and_is_told() {
    let log = TestLog::write(1000);
    log.frames(&[990, 1000, 1300]);
    let file = log.dir().join("frames/00000000000000000990.seg");
    let bytes = fs::read(&file).unwrap();
    fs::write(&file, &bytes[..bytes.len() - 1]).unwrap();

    let found = log.fsck().unwrap();

    assert_eq!(found.unpublished, 0);
    assert!(0 < found.torn_bytes);
}

#[test]
fn frame_that_is_published_cannot_have_been_torn_by_a_crash() {
    let log = TestLog::write(1000);
    log.frames(&[990, 1000]);
    let file = log.dir().join("frames/00000000000000000990.seg");
    let bytes = fs::read(&file).unwrap();
    fs::write(&file, &bytes[..bytes.len() - 1]).unwrap();
    let cut = log.fault().kind;
    fs::write(&file, b"").unwrap();
    let empty = log.fault().kind;

    assert_eq!(cut, FaultKind::Frame(FrameFault::Incomplete));
    assert_eq!(empty, FaultKind::FramesCut { end: 990, published: 1000 });
}

#[test]
fn frame_that_signs_for_other_records_is_a_fault() {
    let log = TestLog::write(1000);
    log.frames_of(&TestLog::write_as(1010, "other "), &[990, 1010]);

    let fault = log.fault();

    assert_eq!(fault.kind, FaultKind::FrameRecord { index: 990 });
}

#[test]
fn dropped_records_are_no_fault_where_the_list_says_so() {
    let log = TestLog::write(1000);
    for file in ["tile/entries/000", "sealed/000", "tile/entries/002", "sealed/002"] {
        fs::remove_file(log.dir().join(file)).unwrap();
    }
    let unlisted = log.fault();
    fs::write(log.dir().join("pruned"), "0 256\n512 768\n").unwrap();

    let found = log.fsck().unwrap();

    assert_eq!(unlisted, Fault::new("tile/entries/000", FaultKind::Missing));
    assert_eq!((found.records, found.pruned), (488, 512));
}

#[test]
fn list_of_dropped_records_hides_no_others() {
    let log = TestLog::write(1000);
    fs::remove_file(log.dir().join("tile/entries/001")).unwrap();

    for list in ["0 256\n", "256 511\n", "256 512", "256 18446744073709551360\n", "768 1024\n"] {
        fs::write(log.dir().join("pruned"), list).unwrap();
        assert!(log.fsck().is_err(), "{list:?}");
    }
}

#[test]
fn hash_of_a_dropped_record_is_still_checked() {
    let log = TestLog::write(1000);
    fs::remove_file(log.dir().join("tile/entries/000")).unwrap();
    fs::write(log.dir().join("pruned"), "0 256\n").unwrap();
    log.alter("tile/0/000", |bytes| bytes[700] ^= 1);

    let fault = log.fault();

    let below = "tile/0/000".into();
    assert_eq!(fault.kind, FaultKind::Parent { position: 0, below });
    assert_eq!(fault.index, Some(0));
}

#[test]
fn erased_sealed_part_is_no_fault_and_an_altered_one_is() {
    let log = TestLog::write(1000);
    let parts: Vec<_> = (256..512).map(|index| log.entry(index).sealed).collect();
    let erase = |index: usize, part: &[u8]| {
        let mut parts = parts.clone();
        parts[index - 256] = part.to_vec();
        let parts = crate::bundle::encode_sealed(&parts).unwrap();
        fs::write(log.dir().join("sealed/001"), parts).unwrap();
    };

    erase(300, b"");
    let erased = log.fsck().unwrap();
    erase(300, b"other");
    let altered = log.fault();

    assert_eq!(erased.sealed, 1000_u64.div_ceil(3) - 1);
    assert_eq!(altered.file, Path::new("sealed/001"));
    assert_eq!(altered.index, Some(300));
    assert!(matches!(altered.kind, FaultKind::Sealed { index: 300, .. }));
}

#[test]
fn record_that_was_altered_is_told_from_a_hash_that_was() {
    for index in [5, 999] {
        let log = TestLog::write(1000);
        let (bundle, tile) = log.files_of(index);
        log.alter_record(index);
        let record = log.fault();
        assert_eq!(record, Fault::new(&bundle, FaultKind::Record { index }).of_record(index));

        let log = TestLog::write(1000);
        let place = (index % 256) as usize * 32;
        log.alter(&tile, |bytes| bytes[place] ^= 1);
        let hash = log.fault();
        assert_eq!(hash, Fault::new(&tile, FaultKind::Hash { index }).of_record(index));

        log.alter_record(index);
        let both = log.fault();
        assert_eq!(both.index, Some(index));
        assert!(matches!(both.kind, FaultKind::RecordOrHash { .. }), "{both}");
    }
}

#[test]
fn record_rewritten_with_its_hash_is_found_one_tile_up() {
    let log = TestLog::write(1000);
    log.rewrite_record(300);
    let full = log.fault();
    let log = TestLog::write(1000);
    log.rewrite_record(999);
    let partial = log.fault();

    assert_eq!(full.file, Path::new("tile/1/000.p/3"));
    assert_eq!(full.kind, FaultKind::Parent { position: 1, below: "tile/0/001".into() });
    assert_eq!(full.index, Some(256));
    assert_eq!(partial, Fault::new("checkpoint", FaultKind::Root));
}

#[test]
fn upper_tile_is_checked_against_the_lower_one() {
    let log = TestLog::write(65_537);
    log.alter("tile/1/000", |bytes| bytes[32 * 200] ^= 1);
    let full = log.fault();
    let log = TestLog::write(65_537);
    log.alter("tile/2/000.p/1", |bytes| bytes[0] ^= 1);
    let top = log.fault();

    assert_eq!(full.kind, FaultKind::Parent { position: 200, below: "tile/0/200".into() });
    assert_eq!(full.index, Some(200 * 256));
    assert_eq!(top.kind, FaultKind::Parent { position: 0, below: "tile/1/000".into() });
}

#[test]
fn log_with_a_cut_tail_is_sound_and_shown_by_a_kept_checkpoint() {
    let kept = TestLog::write(1000).checkpoint();
    let cut = TestLog::write(900);

    assert!(cut.fsck().is_ok());
    let fault = fsck(cut.dir(), key().verifier(), &[kept], &mut check_sealed).unwrap_err();
    assert_eq!(fault.kind, FaultKind::Cut { kept: 1000, found: 900 });
}

#[test]
fn log_that_was_rewritten_is_shown_by_a_kept_checkpoint() {
    let log = TestLog::write(1000);
    let since =
        |kept: &TestLog| fsck(log.dir(), key().verifier(), &[kept.checkpoint()], &mut check_sealed);

    for size in [0, 1, 255, 256, 700, 1000] {
        assert!(since(&TestLog::write(size)).is_ok(), "{size}");
    }
    for size in [1, 255, 256, 700, 1000] {
        let fault = since(&TestLog::write_as(size, "other ")).unwrap_err();
        assert_eq!(fault.kind, FaultKind::Forked { kept: size });
    }
}

#[test]
fn kept_checkpoint_may_be_of_records_that_are_not_published() {
    let log = TestLog::write(1000);
    log.frames(&[990, 1000, 1024, 1300]);
    let since = |kept: &TestLog| {
        let kept = [kept.checkpoint()];
        fsck(log.dir(), key().verifier(), &kept, &mut check_sealed).map_err(|fault| fault.kind)
    };

    assert!(since(&TestLog::write(1024)).is_ok());
    assert!(since(&TestLog::write(1300)).is_ok());
    let other = since(&TestLog::write_as(1024, "other ")).unwrap_err();
    assert_eq!(other, FaultKind::Forked { kept: 1024 });
    let longer = since(&TestLog::write(1301)).unwrap_err();
    assert_eq!(longer, FaultKind::Cut { kept: 1301, found: 1300 });
}

#[test]
fn earlier_partial_files_may_stay_and_must_fit() {
    let log = TestLog::write(1000);
    let bundle: Vec<_> = (768..900).map(|index| log.entry(index).leaf).collect();
    let bundle = crate::bundle::encode(&bundle).unwrap();
    let tile = log.read("tile/0/003.p/232")[..132 * 32].to_vec();
    log.put("tile/entries/003.p/132", &bundle);
    log.put("tile/0/003.p/132", &tile);
    assert!(log.fsck().is_ok());

    log.alter("tile/0/003.p/132", |bytes| bytes[131 * 32] ^= 1);
    let hash = log.fault();
    log.put("tile/0/003.p/132", &tile);
    log.alter("tile/entries/003.p/132", |bytes| bytes[9] ^= 1);
    let record = log.fault();

    let wider = "tile/0/003.p/232".into();
    assert_eq!(hash, Fault::new("tile/0/003.p/132", FaultKind::Superseded { wider }));
    assert_eq!(record.file, Path::new("tile/entries/003.p/132"));
}

#[test]
fn file_that_belongs_to_no_tree_is_named() {
    for file in [
        "tile/0/004",
        "tile/0/003.p/233",
        "tile/0/003",
        "tile/1/001.p/1",
        "tile/2/000.p/1",
        "tile/entries/004.p/1",
        "tile/entries/readme.txt",
        "tile/0/000.bak",
        "tile/9/000",
        "sealed/004",
        "sealed/000.p/7",
        "sealed/notes",
    ] {
        let log = TestLog::write(1000);
        log.put(file, b"x");

        let fault = log.fault();

        assert_eq!(fault, Fault::new(file, FaultKind::Stray), "{file}");
    }
}

#[test]
fn files_that_a_crash_left_ahead_of_the_checkpoint_are_no_fault() {
    let log = TestLog::write(1000);
    log.frames(&[990, 1000, 1300]);
    for file in ["tile/0/003", "tile/0/004.p/20", "tile/entries/005.p/20", "sealed/005"] {
        log.put(file, b"half written before the power went");
    }

    assert!(log.fsck().is_ok());

    log.put("tile/0/005.p/21", b"x");
    assert_eq!(log.fault(), Fault::new("tile/0/005.p/21", FaultKind::Stray));
}

#[test]
fn fault_says_where_what_and_what_to_do() {
    let log = TestLog::write(1000);
    log.alter_record(300);

    assert_eq!(
        log.fault().to_string(),
        "tile/entries/001: record 300 was altered: the tree has another hash of it; \
         keep the file for the auditors, and put one from a backup in its place"
    );
}

#[test]
fn checkpoint_of_another_key_or_none_is_a_fault() {
    let log = TestLog::write(1000);
    let stranger = crate::SigningKey::from_seed(key().verifier().name(), &[8; 32]).unwrap();
    let fault = fsck(log.dir(), stranger.verifier(), &[], &mut check_sealed).unwrap_err();
    assert!(matches!(fault.kind, FaultKind::Checkpoint(_)), "{fault}");

    fs::remove_file(log.dir().join("checkpoint")).unwrap();
    assert_eq!(log.fault(), Fault::new("checkpoint", FaultKind::Missing));
}

#[test]
fn damaged_bundle_is_named_with_its_first_bad_record() {
    let log = TestLog::write(1000);
    let bytes = log.read("tile/entries/001").len();
    log.alter("tile/entries/001", |bytes| bytes.truncate(bytes.len() - 1));

    let fault = log.fault();

    let cut = BundleFault::Cut { entry: 255, bytes: bytes - 1 };
    assert_eq!(fault, Fault::new("tile/entries/001", FaultKind::Bundle(cut)).of_record(511));
}

#[test]
fn sound_log_of_the_writer_is_sound() {
    let trail = crate::testing::TestTrail::new();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let (log, _) = trail.open();
        for index in 0..300 {
            log.append(crate::testing::entry(format!("record {index}").into_bytes()))
                .await
                .unwrap();
        }
        log.close().await.unwrap();
    });

    let verifier = crate::testing::verifier();
    let found = fsck(trail.dir(), &verifier, &[], &mut |_, _| Ok(())).unwrap();

    assert_eq!((found.size, found.records, found.sealed), (300, 300, 300));
    assert_ne!(found.root, [0; 32]);
}
