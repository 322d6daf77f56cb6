//! What a caller hears of an act on the trail that is not done.

use oncebus_core::Role;
use tonic::{Code, Status};

use super::{failure, proven, refused, storage};
use crate::acts::{ActError, ActFailure};

/// Returns the status of an act that is not done.
pub(crate) fn act_failure(failed: ActFailure) -> Status {
    let ActFailure { error, receipt } = failed;
    let reason = error.reason();
    let (code, message) = match error {
        ActError::Exchange(error) => return failure(oncebus_core::Failure { error, receipt }),
        ActError::Index(error) => return proven(storage(&error), receipt.as_deref()),
        ActError::NotRole(role) => {
            let role = role_name(role);
            let message = format!("only a system with the role {role} may, call as one");
            (Code::PermissionDenied, message)
        }
        ActError::OwnRequest => {
            let message = "who asks to unseal cannot approve it, have another system do so";
            (Code::PermissionDenied, message.to_owned())
        }
        ActError::NotAsker => {
            let message =
                "only the system that asked to unseal reads, ask by a request of your own";
            (Code::PermissionDenied, message.to_owned())
        }
        ActError::NoUnseal => {
            (Code::NotFound, "there is no such request to unseal, check its name".to_owned())
        }
        ActError::NotApproved => {
            let message = "nobody has approved this yet, ask a system with the role security to";
            (Code::FailedPrecondition, message.to_owned())
        }
        ActError::Expired(until) => {
            let message = format!("the approval ended at {until}, ask to unseal again");
            (Code::FailedPrecondition, message)
        }
        ActError::ApprovedByOther => {
            let message = "another system has approved this already, nothing is left to do";
            (Code::FailedPrecondition, message.to_owned())
        }
        ActError::Held(what) => {
            let message = format!("{what} is under a legal hold, only COURT_ORDER erases it");
            (Code::FailedPrecondition, message)
        }
        ActError::Unfinished(error) => {
            tracing::error!(%error, "an act on the trail is on record, not finished");
            let message = "it is on record but not finished, repeat it with the same request_id";
            (Code::Unavailable, message.to_owned())
        }
    };
    proven(refused(code, reason, message), receipt.as_deref())
}

fn role_name(role: Role) -> &'static str {
    match role {
        Role::Department => "department",
        Role::Auditor => "auditor",
        Role::Security => "security",
        Role::Operator => "operator",
    }
}
