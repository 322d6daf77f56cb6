//! Sealed parts of records: encrypted under a key of the run and day, which only auditors can read.
//!
//! [`Sealer`] draws a data key for each day on which something is sealed, and keeps it wrapped to the
//! auditors' keys (age, X25519) before the first record under it. In clear it is in memory only: what
//! was sealed in an earlier run or on an earlier day, the gateway itself cannot open.

mod check;
mod day_key;
mod form;
mod identity;
mod open;
mod sealer;
#[cfg(test)]
mod tests;

pub use self::{
    check::{PartFault, PartState, check},
    form::{DataKeyId, FormError, SealedForm},
    identity::{RecipientError, SealIdentity, SealRecipients},
    open::{UnsealError, open},
    sealer::Sealer,
};
