//! Between the wire and the exchange: the only place that names both sides.

mod adapter;
mod admin;
mod audit;
mod bundle;
mod catalog;
mod checklist;
mod common;
mod contribution;
mod form;
mod material;
mod revoke;
mod status;
mod timeline;
mod transfer;
mod verify;
mod watch;

pub(crate) use self::{
    adapter::{claims_request, fetch_request, finding, holdings, lookup_request},
    admin::{reload_query, reloaded},
    audit::{
        Extent, RecordAddress, StoredRecord, address, approve_query, consistency,
        consistency_query, erase_query, filter, proven, retained, reuse_query, reuse_row, sealed,
        subject_filter, tail_query, unseal, unseal_id, unseal_query,
    },
    bundle::{BundleAsked, bundle_checklist, bundle_message, bundle_query},
    catalog::{department, item, material_type, package},
    checklist::{checklist, checklist_query},
    common::{pb_digest, receipt},
    contribution::correction,
    form::{prefill_query, prefilled},
    material::{find_query, get_query, info},
    revoke::{recipient, revoke_query},
    status::{
        act_failure, call_refused, failure, field_status, not_admitted, not_provable, not_visible,
        overloaded, reload_failure, storage, unknown_department, visibility_changed,
    },
    timeline::{timeline_entry, timeline_query, unknown_material},
    transfer::{begin_query, commit_query, fetch_query, put_query},
    verify::{batch, batch_query, verified, verify_query},
    watch::{told, watch_query},
};
