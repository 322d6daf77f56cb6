//! Messages of AuditService.

mod filter;
mod proof;
mod report;
mod stored;

pub(crate) use self::{
    filter::{filter, tail_query},
    proof::{RecordAddress, address, consistency, consistency_query, proven},
    report::{reuse_query, reuse_row, subject_filter},
    stored::StoredRecord,
};
