//! Between the wire and the exchange: the only place that names both sides.

mod adapter;
mod admin;
mod catalog;
mod common;
mod material;
mod record;
mod status;
mod transfer;

pub(crate) use self::{
    adapter::{fetch_request, holdings, lookup_request},
    admin::{reload_query, reloaded},
    catalog::{department, material_type},
    common::{pb_digest, receipt},
    material::{find_query, get_query, info},
    record::{StoredRecord, filter},
    status::{
        call_refused, failure, field_status, not_admitted, not_visible, overloaded, reload_failure,
        storage, unknown_department,
    },
    transfer::{begin_query, commit_query, fetch_query, put_query},
};
