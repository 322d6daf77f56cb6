//! The one way in which an identifier is written.

use unicode_normalization::UnicodeNormalization as _;

/// Returns an identifier in compatibility form (NFKC), without spaces around it, in upper case.
///
/// Input methods give full-width digits and letters, and forms copy spaces: the same code, typed
/// otherwise. Names are never changed like this, since each of these steps may make another name.
/// Control characters stay, for the caller to refuse.
///
/// Source: Unicode Standard Annex 15.
pub(crate) fn canonical(text: &str) -> String {
    if text.is_ascii() {
        return trimmed(text).to_ascii_uppercase();
    }
    let composed: String = text.nfkc().collect();
    // An upper-case letter may compose with a mark that its lower-case one stood apart from.
    trimmed(&composed).to_uppercase().nfkc().collect()
}

fn trimmed(text: &str) -> &str {
    text.trim_matches(|c: char| c.is_whitespace() && !c.is_control())
}
