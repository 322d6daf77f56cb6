//! What the callers' commands share: the connection, the purpose, and what an error says.

mod args;
mod failure;
mod profile;
mod purpose;

pub(crate) use self::{
    args::{CallArgs, ProfileArgs, subject},
    failure::failed,
    profile::Profile,
    purpose::purpose,
};

#[cfg(test)]
mod tests;
