use std::{fs, os::unix::fs::PermissionsExt as _};

use proptest::prelude::*;
use tokio::task::JoinSet;

use super::*;
use crate::{
    Recovery,
    open::OpenError,
    testing::{Appending, TestTrail, append_group, enqueue, entry, verifier},
};

fn leaf(n: usize) -> Vec<u8> {
    format!("record {n}").into_bytes()
}

#[tokio::test]
async fn every_receipt_of_a_thousand_concurrent_appends_verifies() {
    let test = TestTrail::new();
    let (trail, _) = test.open();
    let mut appends = JoinSet::new();

    for n in 0..1000 {
        let trail = trail.clone();
        appends.spawn(async move { (leaf(n), trail.append(entry(leaf(n))).await.unwrap()) });
    }
    let mut answers = appends.join_all().await;

    answers.sort_by_key(|(_, receipt)| receipt.index);
    for ((leaf, receipt), index) in answers.iter().zip(0..) {
        assert_eq!(receipt.index, index);
        assert_eq!(receipt.verify(&verifier()), Ok(()));
        assert_eq!(receipt.leaf, *leaf);
    }
    let stored = trail.read(0, 2000).unwrap();
    assert_eq!(stored, answers.into_iter().map(|(leaf, _)| leaf).collect::<Vec<_>>());
    assert_eq!((trail.size(), trail.checkpoint().checkpoint.size), (1000, 1000));
}

#[tokio::test]
async fn what_queues_during_a_sync_shares_the_next_one() {
    let test = TestTrail::new();
    let (trail, _) = test.open();

    let answers = append_group(&trail, &test.faults, (1..64).map(leaf).collect()).await;

    assert_eq!(answers.len(), 64);
    assert_eq!(test.faults.syncs(), 2);
    for (answer, index) in answers.into_iter().zip(0..) {
        let receipt = answer.unwrap();
        assert_eq!((receipt.index, receipt.tree_size), (index, if index == 0 { 1 } else { 64 }));
    }
}

#[tokio::test]
async fn group_has_at_most_as_many_records_as_a_frame() {
    let test = TestTrail::new();
    let (trail, _) = test.open();

    let answers = append_group(&trail, &test.faults, (0..1025).map(leaf).collect()).await;

    assert_eq!(test.faults.syncs(), 3);
    assert_eq!(answers[1024].as_ref().unwrap().tree_size, 1025);
    assert_eq!(answers[1025].as_ref().unwrap().tree_size, 1026);
}

#[tokio::test]
async fn reopened_trail_has_the_same_size_root_and_records() {
    let test = TestTrail::new();
    let (trail, fresh) = test.open();
    assert_eq!(fresh, Recovery::default());
    append_group(&trail, &test.faults, (0..10).map(leaf).collect()).await;
    let (checkpoint, stored) = (trail.checkpoint(), trail.read(0, 100).unwrap());
    trail.close().await.unwrap();

    let (trail, recovery) = test.open();

    assert_eq!(recovery, Recovery { records: 11, frames: 2, torn_bytes: 0 });
    assert_eq!(trail.checkpoint(), checkpoint);
    assert_eq!(trail.read(0, 100).unwrap(), stored);
    let receipt = trail.append(entry(leaf(11))).await.unwrap();
    assert_eq!(receipt.index, 11);
    assert_eq!(receipt.verify(&verifier()), Ok(()));
}

#[tokio::test]
async fn trail_goes_on_in_new_segments_and_reads_across_them() {
    let test = TestTrail { segment_bytes: 300, ..TestTrail::new() };
    let (trail, _) = test.open();
    test.faults.fail_publish(io::ErrorKind::StorageFull);
    for n in 0..20 {
        trail.append(entry(leaf(n))).await.unwrap();
    }

    assert!(5 < fs::read_dir(test.dir().join("frames")).unwrap().count());
    assert_eq!(trail.read(3, 9).unwrap(), (3..12).map(leaf).collect::<Vec<_>>());
    trail.close().await.unwrap();
    let (trail, recovery) = test.open();
    assert_eq!((recovery.records, recovery.frames), (20, 20));
    assert_eq!(trail.read(0, 100).unwrap(), (0..20).map(leaf).collect::<Vec<_>>());
}

#[tokio::test]
async fn read_is_bounded_by_number_and_by_four_mebibytes() {
    let test = TestTrail::new();
    let (trail, _) = test.open();
    let long = vec![vec![7; MAX_LEAF_BYTES]; 1030];
    append_group(&trail, &test.faults, long).await;

    assert_eq!(trail.read(0, 0).unwrap().len(), 0);
    assert_eq!(trail.read(1, 5).unwrap().len(), 5);
    assert_eq!(trail.read(1, usize::MAX).unwrap().len(), 1024);
    assert_eq!(trail.read(1025, usize::MAX).unwrap().len(), 6);
    assert_eq!(trail.read(1031, 1).unwrap().len(), 0);
    assert_eq!(trail.read(u64::MAX, 1).unwrap().len(), 0);
}

#[tokio::test]
async fn damage_done_while_open_is_named_by_reads_and_proofs() {
    let test = TestTrail::new();
    let (trail, _) = test.open();
    trail.append(entry(leaf(0))).await.unwrap();
    trail.prover(1).await.unwrap();
    let bundle = test.dir().join("tile/entries/000.p/1");
    let sound = fs::read(&bundle).unwrap();

    fs::write(&bundle, &sound[..sound.len() - 1]).unwrap();
    let cut = trail.read(0, 1).unwrap_err();
    fs::write(&bundle, [&sound[..sound.len() - 1], b"?"].concat()).unwrap();
    let flipped = trail.receipt(0).await.unwrap_err();

    assert!(matches!(cut, ReadError::Bundle { file, .. } if file == bundle));
    assert!(matches!(flipped, ProveError::Damaged { index: 0, .. }), "{flipped}");
}

#[tokio::test]
async fn every_record_and_all_growth_is_proven_whatever_is_published() {
    let test = TestTrail { segment_bytes: 20_000, ..TestTrail::new() };
    let (trail, _) = test.open();
    let mut kept = vec![trail.checkpoint()];
    for group in [1, 250, 3, 1, 400] {
        append_group(&trail, &test.faults, (0..group).map(leaf).collect()).await;
        kept.push(trail.checkpoint());
    }
    let size = trail.size();

    let prover = trail.prover(size).await.unwrap();

    for index in 0..size {
        let receipt = prover.receipt(index).unwrap();
        assert_eq!((receipt.index, receipt.tree_size), (index, size));
        assert_eq!(receipt.verify(&verifier()), Ok(()));
    }
    for old in kept {
        let grown = prover.consistency(old.checkpoint.size).unwrap();
        assert!(grown.verify(&old.checkpoint, &verifier()).is_ok(), "{old:?}");
    }
    assert!(matches!(prover.receipt(size), Err(ProveError::Beyond { .. })));
    assert!(matches!(trail.consistency(size + 1).await, Err(ProveError::Beyond { .. })));
    assert_eq!(trail.read_sealed(size - 1, 9).unwrap(), [entry(leaf(399)).sealed]);
}

#[tokio::test]
async fn published_frames_are_dropped_and_a_start_reads_only_the_rest() {
    let test = TestTrail { segment_bytes: 2_000, ..TestTrail::new() };
    let (trail, _) = test.open();
    for n in 0..100 {
        trail.append(entry(leaf(n))).await.unwrap();
    }
    trail.close().await.unwrap();

    let segments = fs::read_dir(test.dir().join("frames")).unwrap().count();
    let (trail, recovery) = test.open();

    assert_eq!(segments, 1);
    assert!(recovery.frames < 20, "{recovery:?}");
    assert_eq!((recovery.records, trail.read(0, 200).unwrap().len()), (100, 100));
    assert_eq!(trail.append(entry(leaf(100))).await.unwrap().verify(&verifier()), Ok(()));
}

#[tokio::test]
async fn what_cannot_be_published_is_kept_and_published_later() {
    let test = TestTrail::new();
    let (trail, _) = test.open();
    test.faults.fail_publish(io::ErrorKind::StorageFull);

    let answered = trail.append(entry(leaf(0))).await.unwrap();
    trail.close().await.unwrap();
    let published = fs::read_to_string(test.dir().join("checkpoint")).unwrap();
    test.faults.fail_publish(None);
    let (trail, _) = test.open();

    assert!(published.contains("\n0\n"), "{published}");
    assert_eq!(trail.receipt(0).await.unwrap().leaf, answered.leaf);
}

#[tokio::test]
async fn files_that_cannot_be_removed_spoil_nothing_that_is_published() {
    let test = TestTrail { segment_bytes: 1_000, ..TestTrail::new() };
    let (trail, _) = test.open();
    test.faults.fail_remove(io::ErrorKind::PermissionDenied);

    for round in 1..=4 {
        append_group(&trail, &test.faults, (0..300).map(leaf).collect()).await;
        let prover = trail.prover(round * 301).await.unwrap();
        for index in [0, 255, 256, round * 301 - 1] {
            assert_eq!(prover.receipt(index).unwrap().verify(&verifier()), Ok(()));
        }
    }
    trail.close().await.unwrap();

    assert_eq!(test.open().1.records, 1_204);
}

#[tokio::test]
async fn erased_parts_are_in_no_file_and_proofs_stay() {
    let test = TestTrail::new();
    let (trail, _) = test.open();
    append_group(&trail, &test.faults, (0..300).map(leaf).collect()).await;
    let needles = [250, 299].map(|n| entry(leaf(n)).sealed);
    let holding = || {
        let files = files(test.dir()).into_iter().map(|file| fs::read(file).unwrap());
        let holds = |file: &Vec<u8>| file.windows(10).any(|w| needles.iter().any(|n| n == w));
        files.filter(holds).count()
    };
    assert_ne!(holding(), 0);

    // One in a full bundle, one in the last.
    trail.erase([251, 300].into()).await.unwrap();
    let record = trail.append(entry(b"erased two".to_vec())).await.unwrap();
    trail.prover(record.tree_size).await.unwrap();
    trail.close().await.unwrap();

    assert_eq!(holding(), 0, "an erased part is still on disk");
    let (trail, _) = test.open();
    let sealed = trail.read_sealed(250, 2).unwrap();
    assert_eq!(sealed, [entry(leaf(249)).sealed, Vec::new()]);
    for index in [251, 300] {
        assert_eq!(trail.receipt(index).await.unwrap().verify(&verifier()), Ok(()));
    }
}

#[tokio::test]
async fn what_cannot_be_published_cannot_be_erased_and_is_not_said_to_be() {
    let test = TestTrail::new();
    let (trail, _) = test.open();
    test.faults.fail_publish(io::ErrorKind::StorageFull);
    trail.append(entry(leaf(0))).await.unwrap();

    let refused = trail.erase([0].into()).await.unwrap_err();

    assert!(matches!(refused, PublishError::Unpublished { index: 0 }), "{refused}");
}

#[tokio::test]
async fn dropped_records_are_gone_and_all_others_are_proven() {
    let test = TestTrail::new();
    let (trail, _) = test.open();
    append_group(&trail, &test.faults, (0..999).map(leaf).collect()).await;
    trail.prover(1000).await.unwrap();

    let dropped = trail.prune(vec![0..700, 0..100]).await.unwrap();
    let again = trail.prune(Vec::from([0..512, 0..256])).await.unwrap();
    trail.close().await.unwrap();
    let (trail, _) = test.open();

    assert_eq!((dropped, again), (512, 0));
    assert_eq!(trail.pruned().first(), Some(&(0..512)));
    assert!(matches!(trail.read(511, 1), Err(ReadError::Pruned { .. })));
    for index in [512, 767, 999] {
        assert_eq!(trail.receipt(index).await.unwrap().verify(&verifier()), Ok(()));
    }
    assert!(trail.consistency(3).await.is_ok());
    assert_eq!(fs::read_to_string(test.dir().join("pruned")).unwrap(), "0 512\n");
}

#[tokio::test]
async fn guard_refuses_a_restored_and_a_rewritten_folder() {
    let aside = tempfile::tempdir().unwrap();
    let guard = Some(aside.path().join("guard"));
    let test = TestTrail { guard: guard.clone(), ..TestTrail::new() };
    let (trail, _) = test.open();
    append_group(&trail, &test.faults, (0..5).map(leaf).collect()).await;
    trail.close().await.unwrap();
    let backup = TestTrail { guard: guard.clone(), ..TestTrail::new() };
    copy(test.dir(), backup.dir());
    let (trail, _) = test.open();
    trail.append(entry(leaf(9))).await.unwrap();
    trail.close().await.unwrap();
    let mut rewritten = TestTrail::new();
    let (trail, _) = rewritten.open();
    append_group(&trail, &rewritten.faults, (10..20).map(leaf).collect()).await;
    trail.close().await.unwrap();

    rewritten.guard = guard;
    let restored = backup.try_open().unwrap_err();
    let forked = rewritten.try_open().unwrap_err();

    assert!(matches!(restored, OpenError::RolledBack { kept: 7, found: 6, .. }), "{restored}");
    assert!(matches!(forked, OpenError::Forked { kept: 7, .. }), "{forked}");
    assert_eq!(test.open().1.records, 7);
}

/// Returns every file below a folder.
fn files(folder: &std::path::Path) -> Vec<std::path::PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}

fn copy(from: &std::path::Path, to: &std::path::Path) {
    for file in files(from) {
        let copied = to.join(file.strip_prefix(from).unwrap());
        fs::create_dir_all(copied.parent().unwrap()).unwrap();
        fs::copy(file, copied).unwrap();
    }
}

#[tokio::test]
async fn record_is_invisible_until_it_is_durable() {
    let test = TestTrail::new();
    let (trail, _) = test.open();
    test.faults.hold();

    let appending = enqueue(&trail, leaf(0)).await;
    test.faults.wait_until_held();
    assert_eq!((trail.size(), trail.read(0, 1).unwrap().len()), (0, 0));
    let mut grown = trail.grown();
    test.faults.release();

    grown.wait_for(|signed| signed.checkpoint.size == 1).await.unwrap();
    assert_eq!(trail.read(0, 1).unwrap(), [leaf(0)]);
    assert_eq!(appending.await.unwrap().index, 0);
}

#[tokio::test]
async fn second_open_is_refused_until_the_first_is_closed() {
    let test = TestTrail::new();
    let (trail, _) = test.open();

    let error = test.try_open().unwrap_err();
    assert!(matches!(&error, OpenError::Locked { dir } if dir == test.dir()), "{error}");
    assert!(error.to_string().contains(&test.dir().display().to_string()));

    trail.close().await.unwrap();
    assert!(test.try_open().is_ok());
}

#[tokio::test]
async fn folder_is_for_its_owner_alone() {
    let test = TestTrail::new();
    let (_trail, _) = test.open();
    let mode = |path| fs::metadata(path).unwrap().permissions().mode() & 0o777;

    assert_eq!(mode(test.dir().join("frames")), 0o700);
    assert_eq!(mode(test.dir().join("lock")), 0o600);
    assert_eq!(mode(test.segment(0)), 0o600);
}

#[tokio::test]
async fn record_of_impossible_length_is_refused() {
    let test = TestTrail::new();
    let (trail, _) = test.open();

    assert_eq!(trail.append(entry(vec![])).await, Err(AppendError::Empty));
    let too_large = AppendError::TooLarge { bytes: 4097, limit: 4096 };
    assert_eq!(trail.append(entry(vec![0; 4097])).await, Err(too_large));
    assert!(trail.append(entry(vec![0; 4096])).await.is_ok());
    assert_eq!(trail.size(), 1);
}

#[tokio::test]
async fn full_disk_stores_nothing_and_leaves_no_gap() {
    let test = TestTrail::new();
    let (trail, _) = test.open();
    trail.append(entry(leaf(0))).await.unwrap();
    let before = fs::read(test.segment(0)).unwrap();

    test.faults.fail_append(io::ErrorKind::StorageFull);
    let refused = trail.append(entry(leaf(1))).await;
    assert_eq!(refused, Err(AppendError::Disk { kind: io::ErrorKind::StorageFull }));
    assert_eq!(fs::read(test.segment(0)).unwrap(), before);
    assert_eq!(trail.size(), 1);

    test.faults.fail_append(None);
    let receipt = trail.append(entry(leaf(2))).await.unwrap();
    assert_eq!((receipt.index, receipt.verify(&verifier())), (1, Ok(())));
    trail.close().await.unwrap();
    let (trail, recovery) = test.open();
    assert_eq!(recovery.torn_bytes, 0);
    assert_eq!(trail.read(0, 9).unwrap(), [leaf(0), leaf(2)]);
}

#[tokio::test]
async fn disk_without_room_for_a_new_segment_is_a_full_disk() {
    let test = TestTrail { segment_bytes: 1, ..TestTrail::new() };
    let (trail, _) = test.open();
    trail.append(entry(leaf(0))).await.unwrap();

    test.faults.fail_create(io::ErrorKind::StorageFull);
    let refused = trail.append(entry(leaf(1))).await;
    assert_eq!(refused, Err(AppendError::Disk { kind: io::ErrorKind::StorageFull }));
    // Now the segment can be made, but not its first frame.
    test.faults.fail_create(None);
    test.faults.fail_append(io::ErrorKind::StorageFull);
    assert!(trail.append(entry(leaf(2))).await.is_err());
    test.faults.fail_append(None);

    assert_eq!(trail.append(entry(leaf(3))).await.unwrap().index, 1);
    assert_eq!(trail.read(0, 9).unwrap(), [leaf(0), leaf(3)]);
    trail.close().await.unwrap();
    assert_eq!(test.open().0.read(0, 9).unwrap(), [leaf(0), leaf(3)]);
}

#[tokio::test]
async fn frame_that_cannot_be_cut_kills_the_trail() {
    let test = TestTrail::new();
    let (trail, _) = test.open();
    trail.append(entry(leaf(0))).await.unwrap();

    test.faults.fail_append(io::ErrorKind::StorageFull);
    test.faults.fail_truncate(io::ErrorKind::Other);

    assert_eq!(trail.append(entry(leaf(1))).await, Err(AppendError::Dead));
    assert!(matches!(trail.failed().await, Fatal::Cut { .. }));
    let again = TestTrail::new();
    fs::create_dir(again.dir().join("frames")).unwrap();
    fs::copy(test.segment(0), again.segment(0)).unwrap();
    let (trail, recovery) = again.open();
    assert!(0 < recovery.torn_bytes);
    assert_eq!(trail.read(0, 9).unwrap(), [leaf(0)]);
}

#[tokio::test]
async fn failed_sync_kills_the_trail_for_good() {
    let test = TestTrail::new();
    let (trail, _) = test.open();
    trail.append(entry(leaf(0))).await.unwrap();

    test.faults.fail_sync(io::ErrorKind::Other);
    assert_eq!(trail.append(entry(leaf(1))).await, Err(AppendError::Dead));
    test.faults.fail_sync(None);

    assert!(matches!(trail.failed().await, Fatal::Sync { file, .. } if file == test.segment(0)));
    assert_eq!(trail.append(entry(leaf(2))).await, Err(AppendError::Dead));
    assert!(matches!(trail.close().await, Err(CloseError::Dead(Fatal::Sync { .. }))));
    assert_eq!(test.faults.syncs(), 2);
    assert_eq!((trail.size(), trail.read(0, 9).unwrap()), (1, vec![leaf(0)]));
    // The record was in the file all the same; the next start makes it durable and keeps it.
    assert_eq!(test.open().0.read(0, 9).unwrap(), [leaf(0), leaf(1)]);
}

#[tokio::test]
async fn full_queue_refuses_and_writes_what_it_took() {
    let test = TestTrail::new();
    let (trail, _) = test.open();
    test.faults.hold();
    let mut queued = vec![enqueue(&trail, leaf(0)).await];
    test.faults.wait_until_held();
    for n in 1..=MAX_QUEUED_RECORDS {
        queued.push(enqueue(&trail, leaf(n)).await);
    }

    assert_eq!(trail.append(entry(leaf(0))).await, Err(AppendError::Full));
    test.faults.release();

    for (appending, n) in queued.into_iter().zip(0..) {
        assert_eq!(appending.await.unwrap().index, n);
    }
    assert_eq!(test.faults.syncs(), 9);
}

#[tokio::test]
async fn hung_disk_fails_the_call_and_may_keep_the_record() {
    let test = TestTrail { write_deadline: Duration::from_millis(20), ..TestTrail::new() };
    let (trail, _) = test.open();
    test.faults.hold();

    let late = AppendError::Deadline { after: Duration::from_millis(20) };
    assert_eq!(trail.append(entry(leaf(0))).await, Err(late));
    assert!(matches!(trail.close().await, Err(CloseError::Deadline { .. })));
    test.faults.release();

    trail.grown().wait_for(|signed| signed.checkpoint.size == 1).await.unwrap();
    assert_eq!(trail.read(0, 1).unwrap(), [leaf(0)]);
}

#[tokio::test]
async fn record_of_a_caller_who_hung_up_is_written() {
    let test = TestTrail::new();
    let (trail, _) = test.open();
    test.faults.hold();
    let writing: Appending = enqueue(&trail, leaf(0)).await;
    test.faults.wait_until_held();
    let waiting: Appending = enqueue(&trail, leaf(1)).await;

    drop((writing, waiting));
    test.faults.release();

    trail.grown().wait_for(|signed| signed.checkpoint.size == 2).await.unwrap();
    assert_eq!(trail.read(0, 9).unwrap(), [leaf(0), leaf(1)]);
}

#[tokio::test]
async fn close_writes_what_waits_and_takes_no_more() {
    let test = TestTrail::new();
    let (trail, _) = test.open();
    test.faults.hold();
    let writing = enqueue(&trail, leaf(0)).await;
    test.faults.wait_until_held();
    let waiting = enqueue(&trail, leaf(1)).await;

    let clone = trail.clone();
    let closing = tokio::spawn(async move { clone.close().await });
    tokio::task::yield_now().await;
    test.faults.release();

    closing.await.unwrap().unwrap();
    assert_eq!((writing.await.unwrap().index, waiting.await.unwrap().index), (0, 1));
    assert_eq!(trail.append(entry(leaf(2))).await, Err(AppendError::Dead));
    assert!(trail.close().await.is_ok(), "closed twice is closed");
    assert_eq!(trail.read(0, 9).unwrap(), [leaf(0), leaf(1)]);
    let died = timeout(Duration::ZERO, trail.failed()).await;
    assert!(died.is_err(), "a closed trail is not dead");
}

#[derive(Clone, Debug)]
enum Operation {
    Append(usize),
    FullDisk(usize),
    Reopen,
    CrashWhileWriting(Vec<u8>),
}

fn operation() -> impl Strategy<Value = Operation> {
    prop_oneof![
        4 => (1_usize..20).prop_map(Operation::Append),
        2 => (1_usize..5).prop_map(Operation::FullDisk),
        1 => Just(Operation::Reopen),
        1 => prop::collection::vec(any::<u8>(), 1..200).prop_map(Operation::CrashWhileWriting),
    ]
}

/// Runs the operations; whatever happens, what was acknowledged is there, and nothing else.
async fn survive(operations: Vec<Operation>) {
    let test = TestTrail { segment_bytes: 1500, ..TestTrail::new() };
    let mut trail = test.open().0;
    let mut acknowledged: Vec<(Vec<u8>, Receipt)> = Vec::new();

    for (operation, number) in operations.into_iter().zip(0..) {
        let leaves = |count| (0..count).map(move |n| leaf(number * 100 + n));
        match operation {
            Operation::Append(count) => {
                let mut queued = Vec::new();
                for leaf in leaves(count) {
                    queued.push(tokio::spawn(append(trail.clone(), leaf)));
                }
                for answer in queued {
                    acknowledged.push(answer.await.unwrap().unwrap());
                }
            }
            Operation::FullDisk(count) => {
                test.faults.fail_append(io::ErrorKind::StorageFull);
                for leaf in leaves(count) {
                    assert!(trail.append(entry(leaf)).await.is_err());
                }
                test.faults.fail_append(None);
            }
            Operation::Reopen | Operation::CrashWhileWriting(_) => {
                trail.close().await.unwrap();
                if let Operation::CrashWhileWriting(garbage) = operation {
                    let newest = newest_segment(&test);
                    let whole = fs::read(&newest).unwrap();
                    fs::write(&newest, [whole, garbage].concat()).unwrap();
                }
                trail = test.open().0;
            }
        }
    }

    acknowledged.sort_by_key(|(_, receipt)| receipt.index);
    let stored = trail.read(0, usize::MAX).unwrap();
    assert_eq!(stored, acknowledged.iter().map(|(leaf, _)| leaf.clone()).collect::<Vec<_>>());
    for (_leaf, receipt) in acknowledged {
        assert_eq!(receipt.verify(&verifier()), Ok(()));
    }
}

async fn append(trail: Trail, leaf: Vec<u8>) -> Result<(Vec<u8>, Receipt), AppendError> {
    let receipt = trail.append(entry(leaf.clone())).await?;
    Ok((leaf, receipt))
}

fn newest_segment(test: &TestTrail) -> std::path::PathBuf {
    let files = fs::read_dir(test.dir().join("frames")).unwrap();
    files.map(|entry| entry.unwrap().path()).max().unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(48) })]

    #[test]
    fn acknowledged_records_survive_whatever_happens(
        operations in prop::collection::vec(operation(), 1..12),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        runtime.block_on(survive(operations));
    }
}
