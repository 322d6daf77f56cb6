//! Messages of AuditService.

mod act;
mod filter;
mod proof;
mod report;
mod stored;

pub(crate) use self::{
    act::{Extent, approve_query, erase_query, retained, sealed, unseal, unseal_id, unseal_query},
    filter::{filter, tail_query},
    proof::{RecordAddress, address, consistency, consistency_query, proven},
    report::{reuse_query, reuse_row, subject_filter},
    stored::StoredRecord,
};
