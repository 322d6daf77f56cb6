//! Identifiers of whom, what and where: their shape, and what in them proves that they were copied
//! right.
//!
//! Parsing demands the shape, `check` the rest: check digit, existing date. They are apart because
//! codes were issued that fail the second; whether one is refused then is for its mode to say.

mod canonical;
mod citizen;
mod credit;
mod date;
mod doubts;
mod e_licence;
mod identifiers;
mod iso7064;
mod item;
mod kind;
mod mode;
mod organisation;
mod permit;
mod project;
mod region;
#[cfg(test)]
mod tests;

pub(crate) use self::{canonical::canonical, identifiers::Against};
pub use self::{
    citizen::CitizenId,
    credit::CreditCode,
    e_licence::ELicenceId,
    identifiers::Identifiers,
    item::ItemCode,
    kind::{Identifier, IdentifierFault},
    mode::{IdentifierModes, Mode},
    organisation::OrganisationCode,
    permit::PermitNumber,
    project::ProjectCode,
    region::RegionCode,
};
