//! What a type's row says of sharing.

use crate::{
    Classification, FieldError, Sharing, SharingWay, UpdateFrequency,
    catalog::row::{Located, Row},
};

/// Longest conditions or citation, in bytes.
const TERMS_BYTES: usize = 1024;

const FREQUENCIES: [(&str, UpdateFrequency); 6] = [
    ("real_time", UpdateFrequency::RealTime),
    ("daily", UpdateFrequency::Daily),
    ("weekly", UpdateFrequency::Weekly),
    ("monthly", UpdateFrequency::Monthly),
    ("yearly", UpdateFrequency::Yearly),
    ("on_change", UpdateFrequency::OnChange),
];
const WAYS: [(&str, SharingWay); 3] = [
    ("interface", SharingWay::Interface),
    ("file", SharingWay::File),
    ("verification", SharingWay::Verification),
];

/// The terms as far as they have no fault.
#[derive(Debug)]
pub(super) struct Terms {
    pub(super) sharing: Option<Sharing>,
    pub(super) update_frequency: Option<UpdateFrequency>,
    pub(super) sharing_way: Option<Located<SharingWay>>,
    pub(super) classification: Option<Classification>,
}

/// The three classes of Order 809, and no other.
#[derive(Clone, Copy, Debug)]
enum Class {
    Unconditional,
    Conditional,
    NotShared,
}

const CLASSES: [(&str, Class); 3] = [
    ("unconditional", Class::Unconditional),
    ("conditional", Class::Conditional),
    ("not_shared", Class::NotShared),
];

/// Reads the terms, and lists their faults.
pub(super) fn read(row: &mut Row<'_, '_>) -> Terms {
    let sharing = sharing(row);
    let update_frequency = row.word("update_frequency", &FREQUENCIES).map(|read| read.value);
    let sharing_way = row.word("sharing_way", &WAYS);
    let classification = row.checked("classification", classification).map(|read| read.value);
    Terms { sharing, update_frequency, sharing_way, classification }
}

fn sharing(row: &mut Row<'_, '_>) -> Option<Sharing> {
    match row.word("class", &CLASSES)?.value {
        Class::Unconditional => {
            row.refuse("conditions", "though the class has none");
            row.refuse("citation", "though the type is shared");
            Some(Sharing::Unconditional)
        }
        Class::Conditional => {
            row.refuse("citation", "though the type is shared");
            let conditions = row.text("conditions", TERMS_BYTES)?.value;
            Some(Sharing::Conditional { conditions })
        }
        Class::NotShared => {
            row.refuse("conditions", "though the type is not shared");
            let citation = row.text("citation", TERMS_BYTES)?.value;
            Some(Sharing::NotShared { citation })
        }
    }
}

/// Secrets have laws of their own and must not even be listed (Order 809).
fn classification(written: &str) -> Result<Classification, FieldError> {
    match written {
        "general" => Ok(Classification::General),
        "important" => Ok(Classification::Important),
        "core" => Ok(Classification::Core),
        "state_secret" | "work_secret" => {
            let fault = "is a secret, which no catalogue may list and no bus carry";
            Err(FieldError::new("classification", fault, "remove this type"))
        }
        _ => {
            let cure = "give general, important or core";
            Err(FieldError::new("classification", "is unknown", cure))
        }
    }
}
