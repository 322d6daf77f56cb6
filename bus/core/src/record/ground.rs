//! Why somebody administered the trail: a closed list.

use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::FieldError;

/// Why records are unsealed, erased or dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Ground {
    /// Somebody complained.
    Complaint,
    /// The use of materials is inspected.
    Inspection,
    /// A court ordered it.
    CourtOrder,
    /// Something went wrong and is looked into.
    Incident,
    /// The one whom the data is about asked for it.
    DataSubjectRequest,
    /// The policy of retention.
    Retention,
}

// === impl Ground ===

impl Ground {
    /// Returns it as it is written.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Complaint => "COMPLAINT",
            Self::Inspection => "INSPECTION",
            Self::CourtOrder => "COURT_ORDER",
            Self::Incident => "INCIDENT",
            Self::DataSubjectRequest => "DATA_SUBJECT_REQUEST",
            Self::Retention => "RETENTION",
        }
    }
}

impl FromStr for Ground {
    type Err = FieldError;

    fn from_str(text: &str) -> Result<Self, FieldError> {
        match text {
            "COMPLAINT" => Ok(Self::Complaint),
            "INSPECTION" => Ok(Self::Inspection),
            "COURT_ORDER" => Ok(Self::CourtOrder),
            "INCIDENT" => Ok(Self::Incident),
            "DATA_SUBJECT_REQUEST" => Ok(Self::DataSubjectRequest),
            "RETENTION" => Ok(Self::Retention),
            _ => {
                let cure = "give COMPLAINT, INSPECTION, COURT_ORDER, INCIDENT, \
                     DATA_SUBJECT_REQUEST or RETENTION";
                Err(FieldError::new("ground", "is unknown", cure))
            }
        }
    }
}
