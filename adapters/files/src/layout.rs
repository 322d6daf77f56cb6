//! The folders under the root that are the adapter's own.

use oncebus_adapter::{Digest, UploadId};

/// Holds uploads that are not sealed, each named by its id.
pub(crate) const STAGING: &str = "staging";
/// Holds sealed contents by digest.
pub(crate) const SEALED: &str = "sealed";
/// Holds drafts of sealed contents; emptied at start.
pub(crate) const DRAFTS: &str = "drafts";
/// Held by the one adapter that may work here.
pub(crate) const LOCK: &str = "lock";

/// Returns where an upload is staged.
pub(crate) fn staged(upload: &UploadId) -> String {
    format!("{STAGING}/{upload}")
}

/// Returns the folder of a sealed content: 256 of them keep each one small.
pub(crate) fn sealed_folder(digest: &Digest) -> String {
    let hex = digest.to_hex();
    format!("{SEALED}/sha256/{}", &hex[..2])
}

/// Returns where a content is sealed.
pub(crate) fn sealed(digest: &Digest) -> String {
    format!("{}/{}", sealed_folder(digest), digest.to_hex())
}
