//! Between the wire and the exchange: the only place that names both sides.

mod adapter;
mod admin;
mod audit;
mod catalog;
mod common;
mod material;
mod status;
mod transfer;

pub(crate) use self::{
    adapter::{fetch_request, holdings, lookup_request},
    admin::{reload_query, reloaded},
    audit::{
        RecordAddress, StoredRecord, address, consistency, consistency_query, filter, proven,
        reuse_query, reuse_row, subject_filter, tail_query,
    },
    catalog::{department, material_type},
    common::{pb_digest, receipt},
    material::{find_query, get_query, info},
    status::{
        call_refused, failure, field_status, not_admitted, not_provable, not_visible, overloaded,
        reload_failure, storage, unknown_department, visibility_changed,
    },
    transfer::{begin_query, commit_query, fetch_query, put_query},
};
