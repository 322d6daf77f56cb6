//! What a file is called by what is in it.

/// Returns what a file of that media type ends in; never `toml`, which sidecars are.
pub(crate) fn extension(media_type: &str) -> &str {
    match media_type.rsplit(['/', '.', '+']).next() {
        Some(subtype) if !matches!(subtype, "" | "toml") => subtype,
        _ => "bin",
    }
}
