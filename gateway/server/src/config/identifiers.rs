//! The keys of the table `[identifiers]`.

use oncebus_core::Identifier;

/// Each key, and which identifier's mode it is, in the order of the documentation.
pub(super) const KEYS: [(&str, Identifier); 7] = [
    ("identifiers.credit", Identifier::Credit),
    ("identifiers.citizen", Identifier::Citizen),
    ("identifiers.project", Identifier::Project),
    ("identifiers.item", Identifier::Item),
    ("identifiers.permit", Identifier::Permit),
    ("identifiers.e_licence", Identifier::ELicence),
    ("identifiers.region", Identifier::Region),
];
