//! Compares a sealed part with what its record says of it.

use serde::Deserialize;

use super::form::{FormError, SealedForm};

/// How a record and its sealed part stand to each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PartState {
    /// The record never had one.
    None,
    /// The record had one, and it was erased.
    Erased,
    /// It is the one that the record names.
    Whole,
}

/// Why a sealed part is not its record's.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PartFault {
    /// The record names none.
    #[error("its record names none")]
    Unnamed,
    /// The record names another.
    #[error("its record has another hash of it")]
    Hash,
    /// It is none.
    #[error(transparent)]
    Form(#[from] FormError),
}

/// What a leaf says of its sealed part.
#[derive(Deserialize)]
struct Leaf<'a> {
    #[serde(borrow)]
    sealed: Option<&'a str>,
}

/// Compares the sealed part that is kept beside a record with the hash in its leaf.
///
/// # Errors
///
/// [`PartFault`] if it is not the one that was written with the record.
pub fn check(leaf: &[u8], part: &[u8]) -> Result<PartState, PartFault> {
    let named = serde_json::from_slice::<Leaf<'_>>(leaf).ok().and_then(|leaf| leaf.sealed);
    match (named, part) {
        (None, []) => Ok(PartState::None),
        (None, _) => Err(PartFault::Unnamed),
        (Some(_), []) => Ok(PartState::Erased),
        (Some(hash), part) if SealedForm::read(part)?.hash() == hash => Ok(PartState::Whole),
        (Some(_), _) => Err(PartFault::Hash),
    }
}
