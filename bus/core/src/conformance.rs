//! Conformance suites that every implementation of a port runs in its own tests.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "the suites are test code that implementations call"
)]

mod changes;
mod contributions;
mod held;
mod requests;
mod uploads;

use jiff::{SignedDuration, Timestamp};

use crate::{
    Authorization, BootId, Cause, ChunkDigests, DeptId, Digest, Document, HeldVersion, Intake,
    Manifest, MaterialId, MaterialKey, NewUpload, Purpose, RecordId, Registry, Revocation, Revoked,
    Rng as _, Rule, SealedContent, Status, Subject, SystemId, SystemRng, UploadId, Version, Why,
};

/// Checks what every registry must do. Run it on an empty one.
///
/// # Panics
///
/// Names the first promise that does not hold.
pub async fn registry(registry: &dyn Registry) {
    held::racing_calls_get_one_material(registry).await;
    held::a_held_document_becomes_current_and_stays_readable(registry).await;
    held::a_changed_document_supersedes_and_the_old_one_stays(registry).await;
    held::a_confirmation_never_moves_backwards(registry).await;
    held::current_versions_come_by_number(registry).await;
    held::a_status_is_noted_and_no_older_word_counts(registry).await;
    held::a_revocation_is_for_ever(registry).await;
    changes::every_change_is_told_once_in_its_order(registry).await;
    changes::the_past_is_what_was_known_then(registry).await;
    changes::expired_changes_leave_what_the_past_needs(registry).await;
    uploads::revoked_content_is_not_published_again(registry).await;
    uploads::an_older_version_becomes_current_again(registry).await;
    uploads::beginning_twice_is_one_upload(registry).await;
    uploads::a_department_has_a_limit(registry).await;
    uploads::chunks_go_only_where_they_belong(registry).await;
    uploads::lost_chunks_are_dropped(registry).await;
    uploads::only_a_commit_makes_visible(registry).await;
    uploads::a_repeated_commit_answers_the_same(registry).await;
    uploads::an_expected_version_is_superseded(registry).await;
    uploads::of_different_contents_one_wins(registry).await;
    uploads::of_equal_contents_one_version_is_made(registry).await;
    uploads::an_idle_upload_is_given_up_until_it_is_discarded(registry).await;
    uploads::needed_content_is_not_discarded(registry).await;
    uploads::content_being_discarded_takes_no_upload(registry).await;
    uploads::a_copy_found_held_elsewhere_is_discarded(registry).await;
    uploads::a_copy_found_held_elsewhere_is_listed_at_once(registry).await;
    uploads::what_cannot_be_discarded_holds_up_nothing(registry).await;
    uploads::another_manifest_is_refused(registry).await;
    uploads::a_publication_without_receipt_is_listed(registry).await;
    contributions::a_contribution_is_registered_and_never_current(registry).await;
    contributions::others_than_the_source_contribute_beside_its_version(registry).await;
    contributions::a_correction_is_closed_once(registry).await;
    contributions::open_ones_come_oldest_first_from_a_cursor_on(registry).await;
    contributions::what_its_source_brings_too_is_the_source_s(registry).await;
    requests::a_request_id_is_claimed_once(registry).await;
    requests::old_request_ids_expire(registry).await;
}

/// A moment from which the suites count.
fn start() -> Timestamp {
    "2026-03-02T09:00:00Z".parse().unwrap()
}

fn later(seconds: i64) -> Timestamp {
    start() + SignedDuration::from_secs(seconds)
}

fn uuid() -> uuid::Uuid {
    let mut bytes = [0; 16];
    SystemRng.fill(&mut bytes);
    uuid::Builder::from_random_bytes(bytes).into_uuid()
}

fn fresh() -> MaterialId {
    MaterialId(uuid())
}

fn record() -> RecordId {
    RecordId(uuid())
}

fn boot() -> BootId {
    BootId(uuid())
}

fn department(code: &str) -> DeptId {
    code.parse().unwrap()
}

/// A material of its own for each test.
fn key(number: &str) -> MaterialKey {
    MaterialKey {
        material_type: "construction_contract".parse().unwrap(),
        subject: Subject::new("project", &uuid().simple().to_string().to_uppercase()).unwrap(),
        number: number.parse().unwrap(),
    }
}

fn document(number: &str, content: &[u8]) -> Document {
    Document {
        number: number.parse().unwrap(),
        size_bytes: content.len() as u64,
        digest: Digest::of(content),
        media_type: "application/pdf".parse().unwrap(),
        issuer: None,
        issued: None,
        valid_until: None,
        relations: Vec::new(),
    }
}

/// Registers a content that a department holds, `seconds` behind the start.
async fn register(
    registry: &dyn Registry,
    key: &MaterialKey,
    content: &[u8],
    seconds: i64,
) -> Version {
    let material = registry.material(key, fresh()).await.unwrap();
    let chunks = ChunkDigests::of(content);
    let document = document(key.number.as_str(), content);
    let manifest = Manifest::new(material, &key.material_type, &document, &chunks);
    let held = HeldVersion {
        manifest: &manifest,
        chunks: &chunks,
        holder: &department("market"),
        status: Status::Valid,
        confirmed_at: later(seconds),
        now: later(seconds),
    };
    registry.register_held(&held).await.unwrap()
}

fn revoked(seconds: i64) -> Revoked {
    Revoked { at: later(seconds), reason: Revocation::Fraud }
}

async fn upload_of(
    registry: &dyn Registry,
    key: &MaterialKey,
    holder: &str,
    content: &[u8],
) -> NewUpload {
    let purpose = Purpose {
        item: "I14".to_owned(),
        case_number: "C1".to_owned(),
        cause: Cause::Approval,
        legal_basis: "law".to_owned(),
        officer: "o7".to_owned(),
        authorization: Authorization::StatutoryDuty,
    };
    NewUpload {
        id: UploadId(uuid()),
        system: SystemId::verified(format!("spiffe://test/dept/{holder}/system/{}", uuid())),
        holder: department(holder),
        material: registry.material(key, fresh()).await.unwrap(),
        material_type: key.material_type.clone(),
        subject: key.subject.clone(),
        document: document(key.number.as_str(), content),
        expected: None,
        intent: 7,
        intake: Intake::Source,
        why: Why { rule: Some(Rule::Publish), ..Why::of(&purpose) },
        private: SealedContent::of(&purpose),
        now: start(),
    }
}

/// Begins an upload and passes its content.
async fn staged(
    registry: &dyn Registry,
    new: &NewUpload,
    content: &[u8],
) -> (Manifest, ChunkDigests) {
    let upload = registry.begin_upload(new, 1_000).await.unwrap();
    assert_eq!(upload.begun, *new);
    let chunks = ChunkDigests::of(content);
    assert!(registry.add_chunks(new.id, 0, &chunks, start()).await.unwrap());
    (Manifest::new(new.material, &new.material_type, &new.document, &chunks), chunks)
}
