//! Leaves: the exact bytes that old code wrote, and how long they may get.

use std::{collections::BTreeMap, fs, path::PathBuf};

use uuid::Uuid;

use super::*;
use crate::{
    Authorization, BundleId, Caller, Cause, CorrectionId, CorrectionState, Counts, DeptId, Digest,
    Operation, Purpose, Revocation, Role, Rule, SystemId, TypeCode, UploadException,
};

/// Longest leaf, in bytes.
const MAX_LEAF_BYTES: usize = 4_096;

fn uuid(byte: u8) -> Uuid {
    Uuid::from_bytes([byte; 16])
}

fn bare(kind: Kind, call: Call) -> Record {
    Record {
        v: Record::VERSION,
        id: RecordId(uuid(1)),
        kind,
        time: 1_772_442_000_000,
        call,
        boot: BootId(uuid(2)),
        gateway: None,
        config: None,
        region: Some("370800".into()),
        peer: None,
        count: None,
        epoch: None,
        key: None,
        ranges: None,
        ground: None,
        sealed: None,
    }
}

fn caller(department: &str) -> Caller {
    Caller {
        department: department.parse().unwrap(),
        system: SystemId::verified(format!("spiffe://jining.gov/dept/{department}/system/oa")),
        certificate: [3; 32],
        role: Role::Department,
        trace_id: None,
    }
}

fn purpose() -> Purpose {
    Purpose {
        item: "I14".to_owned(),
        case_number: "CASE-4711".to_owned(),
        cause: Cause::Approval,
        legal_basis: "《建筑法》第八条".to_owned(),
        officer: "officer-0815".to_owned(),
        authorization: Authorization::StatutoryDuty,
    }
}

/// The first record of a fetch that has to ask.
fn asked() -> Record {
    let material_type: TypeCode = "construction_contract".parse().unwrap();
    let call = Call::new(&caller("planning"), Operation::Fetch, &material_type, &purpose());
    let call = Call {
        officer: Some("5".repeat(32)),
        holder: "housing".parse().ok(),
        policy: Some("6".repeat(64).into()),
        request: Some(Digest::of(b"request")),
        ..call
    };
    Record { sealed: Some("7".repeat(64)), ..bare(Kind::Intent, call) }
}

/// The last record of a fetch.
fn served() -> Record {
    let asked = asked();
    let mut call = Call {
        outcome: Some(Ending::Served),
        version: Some(format!("materialTypes/construction_contract/versions/{}", "8".repeat(64))),
        digest: Some(Digest::of(b"content")),
        size_bytes: Some(1_048_576),
        media_type: "application/pdf".parse().ok(),
        bytes_authorised: Some(1_048_576),
        latency_ms: Some(4),
        ..asked.call
    };
    if let Some(why) = &mut call.why {
        why.rule = Some(Rule::Fetch);
    }
    Record { kind: Kind::Outcome, call, ..asked }
}

fn hit() -> Record {
    let record = served();
    let cached_since = Some(1_772_441_000_000);
    Record { call: Call { cache: Some(Cache::Hit), cached_since, ..record.call }, ..record }
}

fn miss() -> Record {
    let record = served();
    let call = Call {
        adapter: Some("files/0.0.1".into()),
        cache: Some(Cache::Miss),
        adapter_calls: Some(AdapterCalls { lookup: 1, fetch: 1, ..AdapterCalls::default() }),
        retries: Some(1),
        trace_id: "4bf92f3577b34da6a3ce929d0e0e4736".parse().ok(),
        intent: Some(70_000),
        ..record.call
    };
    Record { call, ..record }
}

/// A question about claims: neither these nor the verdict stand in it.
fn verified() -> Record {
    let asked = asked();
    let call = Call {
        operation: Some(Operation::Verify),
        outcome: Some(Ending::Served),
        bytes_authorised: Some(0),
        adapter_calls: Some(AdapterCalls { verify: 1, ..AdapterCalls::default() }),
        intent: Some(70_000),
        ..asked.call
    };
    Record { kind: Kind::Outcome, call, ..asked }
}

fn checklist() -> Record {
    let record = served();
    let counts = Counts { asked: 38, distinct: 16, held: 14, to_collect: 2, satisfied: 35 };
    let adapter_calls = Some(AdapterCalls { lookup: 16, ..AdapterCalls::default() });
    let why = record.call.why.map(|why| Why { package: Some("P04".to_owned()), ..why });
    let call = Call {
        operation: Some(Operation::Resolve),
        bytes_authorised: Some(0),
        adapter_calls,
        intent: Some(70_000),
        counts: Some(counts),
        why,
        ..Call::by(&caller("housing"))
    };
    Record {
        call: Call { outcome: Some(Ending::Served), ..call },
        ..bare(Kind::Outcome, Call::default())
    }
}

fn personal() -> Record {
    let record = miss();
    let digest_salted = Some("9".repeat(64));
    let call = Call { version: None, digest: None, digest_salted, ..record.call };
    Record { call, ..record }
}

/// One leaf of each kind, with every field in one of them.
fn every_kind() -> BTreeMap<&'static str, Record> {
    let by = |operation| Call { operation: Some(operation), ..Call::by(&caller("audit")) };
    let ranges = Spans::new(vec![Span { start: 0, end: 256 }, Span { start: 512, end: 768 }]).ok();
    let call = served().call;
    let published = Call {
        operation: Some(Operation::Publish),
        outcome: Some(Ending::Recovered),
        already_held: Some(false),
        intent: Some(3),
        follows: Some(2),
        ..call.clone()
    };
    let revoked = Call {
        operation: Some(Operation::Revoke),
        outcome: Some(Ending::Served),
        revocation: Some(Revocation::RevokedByAuthority),
        bytes_authorised: Some(0),
        intent: Some(4),
        ..call.clone()
    };
    let correction = Some(CorrectionId(uuid::Uuid::from_bytes([9; 16])));
    let contributed = Call {
        operation: Some(Operation::Publish),
        already_held: Some(false),
        exception: Some(UploadException::HolderDown),
        correction,
        bytes_authorised: Some(0),
        intent: Some(5),
        ..call.clone()
    };
    let duplicate =
        Call { exception: None, duplicate_collection: Some(true), ..contributed.clone() };
    let compared = Call {
        operation: Some(Operation::Correct),
        outcome: Some(Ending::Served),
        holder: "market".parse().ok(),
        material_type: "business_license".parse().ok(),
        version: Some(format!("materialTypes/business_license/versions/{}", "8".repeat(64))),
        correction,
        compared: Some(CorrectionState::Matched),
        adapter_calls: Some(AdapterCalls { lookup: 1, ..AdapterCalls::default() }),
        intent: Some(6),
        latency_ms: Some(3),
        ..Call::default()
    };
    let reason = |reason| Call { reason: Some(reason), ..Call::default() };
    let (gateway, config) = (Some("spiffe://jining.gov/gateway/g1".into()), Some("a".repeat(64)));
    let config: Option<Arc<str>> = config.map(Arc::from);
    let torn = Call { size_bytes: Some(77), ..Call::default() };
    let mut packaged = miss().call;
    if let Some(why) = &mut packaged.why {
        why.package = Some("P01".to_owned());
    }
    let catalog = Some("0123456789abcdef".into());
    BTreeMap::from([
        ("outcome under a catalogue", Record { call: Call { catalog, ..hit().call }, ..hit() }),
        ("intent", asked()),
        ("outcome of a hit", hit()),
        ("outcome of a miss", Record { call: packaged, ..miss() }),
        ("outcome of a personal type", personal()),
        ("outcome of a verification", verified()),
        (
            "outcome of a part of a bundle",
            Record { call: Call { bundle: Some(BundleId(uuid(4))), ..hit().call }, ..hit() },
        ),
        ("outcome of a checklist", checklist()),
        ("outcome of a publication", Record { call: published, ..served() }),
        ("outcome of a revocation", Record { call: revoked, ..served() }),
        ("outcome of a contribution", Record { call: contributed, ..served() }),
        ("outcome of a duplicate collection", Record { call: duplicate, ..served() }),
        ("outcome of a comparison", bare(Kind::Outcome, compared)),
        (
            "aborted",
            Record {
                kind: Kind::Aborted,
                call: Call { outcome: None, reason: Some("CANCELLED".into()), ..call },
                ..served()
            },
        ),
        (
            "refused",
            Record {
                peer: Some("10.0.0.7".to_owned()),
                count: Some(12),
                ..bare(Kind::Refused, reason("INVALID_FIELD".into()))
            },
        ),
        (
            "admin",
            Record {
                ranges: ranges.clone(),
                ground: Some(Ground::Complaint),
                ..bare(Kind::Admin, by(Operation::RequestUnseal))
            },
        ),
        (
            "audit_read",
            Record { count: Some(100), ..bare(Kind::AuditRead, by(Operation::SearchRecords)) },
        ),
        (
            "config",
            Record {
                epoch: Some(2),
                gateway: gateway.clone(),
                config: config.clone(),
                ..bare(
                    Kind::Config,
                    Call { outcome: Some(Ending::Served), ..Call::by(&caller("audit")) },
                )
            },
        ),
        ("key", Record { key: Some("subject:2".to_owned()), ..bare(Kind::Key, Call::default()) }),
        (
            "retention",
            Record {
                ranges,
                ground: Some(Ground::Retention),
                ..bare(Kind::Retention, by(Operation::ApplyRetention))
            },
        ),
        (
            "erasure",
            Record {
                key: Some("data:2026-03-02".to_owned()),
                ground: Some(Ground::CourtOrder),
                ..bare(Kind::Erasure, by(Operation::EraseSealed))
            },
        ),
        ("clock", Record { count: Some(600_000), ..bare(Kind::Clock, Call::default()) }),
        ("start", Record { count: Some(3), gateway, config, ..bare(Kind::Start, torn) }),
        ("stop", bare(Kind::Stop, Call::default())),
    ])
}

fn golden() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden/leaves.txt")
}

#[test]
fn leaves_are_what_old_code_wrote() {
    let said = every_kind().into_iter().map(|(name, record)| {
        format!("{name}\n{}\n\n", String::from_utf8(record.to_leaf()).unwrap())
    });
    let said: String = said.collect();

    if std::env::var_os("ONCEBUS_REGENERATE").is_some() {
        fs::create_dir_all(golden().parent().unwrap()).unwrap();
        fs::write(golden(), &said).unwrap();
    }

    assert_eq!(said, fs::read_to_string(golden()).unwrap(), "formats only add");
}

#[test]
fn a_leaf_that_old_code_wrote_reads_back_to_its_exact_bytes() {
    for (name, record) in every_kind() {
        let leaf = record.to_leaf();

        let read = Record::from_leaf(&leaf).unwrap();

        assert_eq!(read.to_leaf(), leaf, "{name}");
    }
}

#[test]
fn fields_stand_in_the_order_of_the_decision_record() {
    let order = "v, id, kind, time, operation, outcome, reason, department, system, certificate, \
        officer, holder, adapter, material_type, version, digest, digest_salted, size_bytes, \
        media_type, already_held, duplicate_collection, exception, correction, compared, revocation, \
        bytes_authorised, cache, cached_since, adapter_calls, retries, \
        item, package, cause, legal_basis, authorization, rule, policy, catalog, request, trace_id, intent, \
        follows, bundle, latency_ms, counts, boot, gateway, config, region, peer, count, epoch, key, ranges, ground, \
        sealed";
    let order: Vec<_> = order.split(", ").collect();
    let place = |field: &str| order.iter().position(|known| *known == field);

    let leaf: serde_json::Value = serde_json::from_slice(&longest().to_leaf()).unwrap();
    let fields: Vec<_> = leaf.as_object().unwrap().keys().collect();

    assert_eq!(fields, order);
    for (name, record) in every_kind() {
        let leaf: serde_json::Value = serde_json::from_slice(&record.to_leaf()).unwrap();
        let places: Vec<_> = leaf.as_object().unwrap().keys().map(|key| place(key)).collect();
        assert!(places.is_sorted() && !places.contains(&None), "{name}");
    }
}

#[test]
fn a_typical_intent_is_under_a_kilobyte_and_an_outcome_under_one_and_a_third() {
    let [intent, outcomes @ ..] =
        [asked(), miss(), hit(), personal()].map(|record| record.to_leaf().len());

    assert!(intent < 800, "{intent}");
    assert!(outcomes.iter().all(|length| *length < 1_300), "{outcomes:?}");
}

/// A record with every field, each as long as it may be: more than any kind has.
fn longest() -> Record {
    let code = "d".repeat(32);
    let department: DeptId = code.parse().unwrap();
    let text = |bytes: usize| "\"".repeat(bytes);
    let call = Call {
        operation: Some(Operation::GetConsistencyProof),
        outcome: Some(Ending::Recovered),
        reason: Some("IDEMPOTENCY_KEY_REUSED".into()),
        department: Some(department.clone()),
        system: Some(SystemId::verified("s".repeat(255))),
        certificate: Some("0".repeat(64)),
        officer: Some("0".repeat(32)),
        holder: Some(department),
        adapter: Some("a".repeat(64).into()),
        material_type: "t".repeat(63).parse().ok(),
        version: Some("v".repeat(14 + 63 + 10 + 64)),
        digest: Some(Digest::of(b"")),
        digest_salted: Some("0".repeat(64)),
        size_bytes: Some(u64::MAX),
        media_type: format!("{}/{}", "m".repeat(63), "n".repeat(63)).parse().ok(),
        already_held: Some(false),
        duplicate_collection: Some(true),
        exception: Some(UploadException::RecordDisputed),
        correction: Some(CorrectionId(uuid::Uuid::from_bytes([9; 16]))),
        compared: Some(CorrectionState::Withdrawn),
        revocation: Some(Revocation::WithdrawnByPrincipal),
        bytes_authorised: Some(u64::MAX),
        cache: Some(Cache::Joined),
        cached_since: Some(i64::MIN),
        counts: Some(Counts {
            asked: u32::MAX,
            distinct: u32::MAX,
            held: u32::MAX,
            to_collect: u32::MAX,
            satisfied: u32::MAX,
        }),
        adapter_calls: Some(AdapterCalls {
            lookup: u32::MAX,
            fetch: u32::MAX,
            stage: u32::MAX,
            seal: u32::MAX,
            verify: u32::MAX,
        }),
        retries: Some(u32::MAX),
        why: Some(Why {
            item: "i".repeat(33),
            package: Some("p".repeat(33)),
            cause: Cause::PublicService,
            legal_basis: text(256),
            authorization: "HOLDER_CONSENT".to_owned(),
            rule: Some(Rule::Publish),
        }),
        policy: Some("0".repeat(64).into()),
        catalog: Some("0".repeat(16).into()),
        request: Some(Digest::of(b"")),
        trace_id: "4bf92f3577b34da6a3ce929d0e0e4736".parse().ok(),
        intent: Some(u64::MAX),
        follows: Some(u64::MAX),
        bundle: Some(BundleId(uuid(4))),
        latency_ms: Some(u64::MAX),
        private: crate::SealedContent::default(),
    };
    Record {
        gateway: Some("g".repeat(255).into()),
        config: Some("0".repeat(64).into()),
        region: Some("r".repeat(32).into()),
        peer: Some("0000:0000:0000:0000:0000:ffff:255.255.255.255".to_owned()),
        count: Some(u64::MAX),
        epoch: Some(u64::MAX),
        key: Some("k".repeat(64)),
        ranges: Spans::new(vec![Span { start: u64::MAX, end: u64::MAX }]).ok(),
        ground: Some(Ground::DataSubjectRequest),
        sealed: Some("0".repeat(64)),
        ..bare(Kind::AuditRead, call)
    }
}

#[test]
fn no_leaf_is_longer_than_four_kibibytes() {
    let exchange = longest();
    // Of a material no record has ranges, and of ranges none has a material.
    let act = Record { call: Call { why: None, ..longest().call }, ..longest() };
    let most = vec![Span { start: u64::MAX, end: u64::MAX }; Spans::MOST];
    let call = Call { version: None, digest: None, media_type: None, ..act.call };
    let act = Record { ranges: Spans::new(most).ok(), call, ..act };

    let lengths = [exchange, act].map(|record| record.to_leaf().len());

    assert!(lengths.iter().all(|length| *length <= MAX_LEAF_BYTES), "{lengths:?}");
}

#[test]
fn more_ranges_than_a_leaf_has_room_for_are_refused() {
    let spans = vec![Span { start: 0, end: 1 }; Spans::MOST + 1];

    let refused = Spans::new(spans).unwrap_err();

    assert_eq!(refused.field, "ranges");
}
