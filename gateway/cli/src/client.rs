//! What the callers' commands share: the connection, the purpose, and what an error says.

mod args;
mod failure;
mod profile;
mod purpose;
mod retry;

pub(crate) use self::{
    args::{CallArgs, ProfileArgs, request_id, subject},
    failure::failed,
    profile::Profile,
    purpose::purpose,
    retry::{CALL_TIME, Patience, persist, reopens, within},
};

#[cfg(test)]
mod tests;
