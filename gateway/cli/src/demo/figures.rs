//! The figures of the demo: counted from the records of the trail, not from what was done.

use std::collections::HashSet;

use oncebus_proto::v1::{MaterialType, Record, Supply};
use serde::Serialize;

use super::trail::Records;

/// What happened, by the trail. Names are contract with scripts: they are only ever added.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub(super) struct Figures {
    /// Types in the gateway's catalogue.
    pub(super) material_types: u64,
    /// Publications that stored a version.
    pub(super) published: u64,
    /// Types that were served although nobody ever uploaded them.
    pub(super) origin_held: u64,
    /// Types in the gateway's catalogue that never leave their holder.
    pub(super) verify_only: u64,
    /// Publications that found their content held already.
    pub(super) duplicate_publishes: u64,
    /// Bytes of all versions that were stored.
    pub(super) bytes_published: u64,
    /// Fetches that were served.
    pub(super) fetches: u64,
    /// Bytes that these fetches could release.
    pub(super) bytes_fetched: u64,
    /// Times that a holder's adapter was asked for content.
    pub(super) adapter_fetches: u64,
    /// Fetches that the gateway served from its cache.
    pub(super) cache_hits: u64,
    /// Fetches that shared what another fetch was just asking for.
    pub(super) joined: u64,
    /// Distinct pairs of material type and department that was served without holding it.
    pub(super) reuses: u64,
    /// Pieces that the sample cases asked for: requirements of all their items.
    pub(super) pieces_asked: u64,
    /// Different ones on the whole way from set-up to acceptance.
    pub(super) distinct: u64,
    /// Different documents of those that are held and good.
    pub(super) held: u64,
    /// Different documents of those that somebody still has to bring.
    pub(super) to_collect: u64,
    /// Pieces of the cases that were there without anybody uploading them.
    pub(super) uploads_avoided: u64,
    /// So many of a hundred pieces.
    pub(super) saved_percent: u64,
    /// Calls that were refused by a decision.
    pub(super) denied: u64,
    /// Records on the trail.
    pub(super) records: u64,
    /// Receipts that prove their record.
    pub(super) receipts_verified: u64,
    /// Materials served from the cache while their holder was away.
    pub(super) served_without_holder: u64,
    /// Calls that needed the holder meanwhile, and were refused with the reason.
    pub(super) refused_without_holder: u64,
    /// Time from the holder's return to its first answer, in milliseconds.
    pub(super) holder_back_ms: u64,
    /// Byte at which an upload went on after the gateway had been killed in the middle of it.
    pub(super) resumed_at: u64,
    /// Time from the gateway's death until it was ready again, in milliseconds.
    pub(super) gateway_back_ms: u64,
    /// Time from the start to the end, in milliseconds.
    pub(super) elapsed_ms: u64,
}

// === impl Figures ===

impl Figures {
    /// Counts the records.
    pub(super) fn count(trail: &Records) -> Self {
        let outcomes = || trail.by_index.values().filter(|record| record.kind == "outcome");
        let of = |operation: &'static str, outcome: &'static str| {
            outcomes().filter(move |r| r.operation == operation && r.outcome == outcome)
        };
        let stored = || of("publish", "served").filter(|record| !record.already_held);
        let uploaded: HashSet<_> = stored().map(|record| record.material_type.as_str()).collect();
        let served: HashSet<_> =
            of("fetch", "served").map(|record| record.material_type.as_str()).collect();
        let reuses: HashSet<_> = of("fetch", "served")
            .filter(|record| record.department != record.holder)
            .map(|record| (record.department.as_str(), record.material_type.as_str()))
            .collect();
        Self {
            published: count(stored()),
            origin_held: count(served.difference(&uploaded)),
            duplicate_publishes: count(of("publish", "served").filter(|r| r.already_held)),
            bytes_published: stored().map(|record| unsigned(record.size_bytes)).sum(),
            fetches: count(of("fetch", "served")),
            bytes_fetched: of("fetch", "served").map(|r| unsigned(r.bytes_authorised)).sum(),
            adapter_fetches: of("fetch", "served").map(adapter_fetches).sum(),
            cache_hits: count(of("fetch", "served").filter(|record| record.cache == "hit")),
            joined: count(of("fetch", "served").filter(|record| record.cache == "joined")),
            reuses: count(reuses.iter()),
            denied: count(outcomes().filter(|record| record.outcome == "denied")),
            records: trail.size,
            ..Self::default()
        }
    }

    /// Adds what the gateway's catalogue says.
    pub(super) fn set_catalog(&mut self, types: &[MaterialType]) {
        self.material_types = count(types.iter());
        self.verify_only = count(types.iter().filter(|row| row.supply() == Supply::VerifyOnly));
    }
}

fn adapter_fetches(record: &Record) -> u64 {
    record.adapter_calls.as_ref().map_or(0, |calls| unsigned(i64::from(calls.fetch)))
}

fn count<T>(items: impl Iterator<Item = T>) -> u64 {
    items.count() as u64
}

fn unsigned(number: i64) -> u64 {
    u64::try_from(number).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use oncebus_proto::v1::AdapterCalls;

    use super::*;

    fn record(operation: &str, outcome: &str, department: &str, material_type: &str) -> Record {
        Record {
            kind: "outcome".to_owned(),
            operation: operation.to_owned(),
            outcome: outcome.to_owned(),
            department: department.to_owned(),
            holder: "housing".to_owned(),
            material_type: material_type.to_owned(),
            size_bytes: 1_000,
            bytes_authorised: 1_000,
            adapter_calls: Some(AdapterCalls { fetch: 1, ..AdapterCalls::default() }),
            ..Record::default()
        }
    }

    fn counted(records: Vec<Record>) -> Figures {
        let size = records.len() as u64;
        Figures::count(&Records { size, by_index: (0..).zip(records).collect() })
    }

    #[test]
    fn figures_are_those_of_the_records() {
        let figures = counted(vec![
            record("publish", "served", "housing", "contract"),
            Record { already_held: true, ..record("publish", "served", "housing", "contract") },
            record("fetch", "served", "market", "contract"),
            Record { cache: "hit".to_owned(), ..record("fetch", "served", "market", "contract") },
            Record {
                cache: "joined".to_owned(),
                ..record("fetch", "served", "planning", "permit")
            },
            record("fetch", "denied", "audit", "permit"),
        ]);

        assert_eq!((figures.published, figures.duplicate_publishes), (1, 1));
        assert_eq!(figures.origin_held, 1);
        assert_eq!((figures.fetches, figures.adapter_fetches, figures.reuses), (3, 3, 2));
        assert_eq!((figures.cache_hits, figures.joined), (1, 1));
        assert_eq!((figures.bytes_published, figures.bytes_fetched), (1_000, 3_000));
        assert_eq!((figures.denied, figures.records), (1, 6));
    }

    #[test]
    fn names_that_scripts_read_are_there() {
        let json = serde_json::to_value(Figures::default()).unwrap();

        for name in [
            "material_types",
            "published",
            "origin_held",
            "verify_only",
            "duplicate_publishes",
            "bytes_published",
            "fetches",
            "adapter_fetches",
            "cache_hits",
            "joined",
            "served_without_holder",
            "refused_without_holder",
            "holder_back_ms",
            "resumed_at",
            "gateway_back_ms",
            "reuses",
            "pieces_asked",
            "distinct",
            "held",
            "to_collect",
            "uploads_avoided",
            "saved_percent",
            "denied",
            "records",
            "receipts_verified",
            "elapsed_ms",
        ] {
            assert!(json[name].is_u64(), "{name} is missing in {json}");
        }
    }

    #[test]
    fn a_holders_own_fetch_is_no_reuse() {
        let figures = counted(vec![record("fetch", "served", "housing", "permit")]);

        assert_eq!((figures.fetches, figures.reuses), (1, 0));
    }

    #[test]
    fn what_was_only_intended_or_failed_counts_for_nothing() {
        let figures = counted(vec![
            Record { kind: "intent".to_owned(), ..record("fetch", "", "market", "permit") },
            record("fetch", "failed", "market", "permit"),
            record("publish", "failed", "housing", "contract"),
        ]);

        assert_eq!(figures, Figures { records: 3, ..Figures::default() });
    }
}
