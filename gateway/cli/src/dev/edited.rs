//! The gateway's file, which people edit: written anew only where the plan has changed.

use std::path::Path;

use sha2::{Digest as _, Sha256};

use super::home::{read_if_there, write_whole};
use crate::{exit::CliError, say};

const HEAD: &str = "\
# Written by `oncebus dev`, and yours to edit: `oncebus config reload` puts permissions and roles in
# force, a new start all else. It is kept until dev is started with another plan (flags, catalogue,
# ports); then it is set aside as gateway.toml.edited.
";
/// Begins the line that says what was planned when the file was written.
const PLAN: &str = "# plan sha256:";

/// Writes `plan` unless it is what the file was written for; what people wrote in it is never lost.
///
/// # Errors
///
/// Returns wrong usage if a file cannot be read or written.
pub(super) fn write(path: &Path, plan: &str) -> Result<(), CliError> {
    let planned = digest(plan);
    if let Some(text) = read_if_there(path)? {
        let written = Written::of(&text);
        if written.plan == planned {
            if written.is_edited() {
                say::note(format_args!("{} was edited, and is kept", path.display()));
            }
            return Ok(());
        }
        if written.is_edited() {
            set_aside(path, &text)?;
        }
    }
    write_whole(path, format!("{HEAD}{PLAN}{planned}\n{plan}").as_bytes())
}

/// What a file says of its plan, and what stands below.
struct Written<'t> {
    plan: &'t str,
    body: &'t str,
}

// === impl Written ===

impl<'t> Written<'t> {
    /// Reads a file; one without a plan is of other hands.
    fn of(text: &'t str) -> Self {
        let marked = text.split_once(PLAN).and_then(|(_, rest)| rest.split_once('\n'));
        let (plan, body) = marked.unwrap_or_default();
        Self { plan, body }
    }

    fn is_edited(&self) -> bool {
        digest(self.body) != self.plan
    }
}

fn set_aside(path: &Path, text: &str) -> Result<(), CliError> {
    let aside = path.with_extension("toml.edited");
    write_whole(&aside, text.as_bytes())?;
    let (path, aside) = (path.display(), aside.display());
    say::note(format_args!(
        "the plan has changed, {path} is written anew; what it said is in {aside}"
    ));
    Ok(())
}

fn digest(text: &str) -> String {
    hex::encode(Sha256::digest(text))
}

#[cfg(test)]
mod tests {
    use std::{fs, path::PathBuf};

    use tempfile::TempDir;

    use super::*;

    fn written(plan: &str) -> (TempDir, PathBuf) {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("gateway.toml");
        write(&path, plan).unwrap();
        (dir, path)
    }

    fn edit(path: &Path) {
        let text = fs::read_to_string(path).unwrap();
        fs::write(path, text.replace("\"M01\"", "\"M02\"")).unwrap();
    }

    #[test]
    fn an_edited_file_is_kept_while_the_plan_is_the_same() {
        let (_dir, path) = written("fetch = [\"M01\"]\n");
        edit(&path);

        write(&path, "fetch = [\"M01\"]\n").unwrap();

        assert!(fs::read_to_string(&path).unwrap().ends_with("\nfetch = [\"M02\"]\n"));
    }

    #[test]
    fn an_edited_file_is_set_aside_where_the_plan_has_changed() {
        let (dir, path) = written("fetch = [\"M01\"]\n");
        edit(&path);

        write(&path, "fetch = [\"M01\", \"M03\"]\n").unwrap();

        assert!(fs::read_to_string(&path).unwrap().ends_with("\nfetch = [\"M01\", \"M03\"]\n"));
        let aside = fs::read_to_string(dir.path().join("gateway.toml.edited")).unwrap();
        assert!(aside.ends_with("\nfetch = [\"M02\"]\n"), "{aside}");
    }

    #[test]
    fn a_file_that_nobody_edited_follows_the_plan() {
        let (dir, path) = written("fetch = [\"M01\"]\n");

        write(&path, "fetch = [\"M04\"]\n").unwrap();

        assert!(fs::read_to_string(&path).unwrap().ends_with("\nfetch = [\"M04\"]\n"));
        assert!(!dir.path().join("gateway.toml.edited").exists());
    }

    #[test]
    fn a_file_of_other_hands_is_set_aside() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("gateway.toml");
        fs::write(&path, "# mine\n").unwrap();

        write(&path, "fetch = []\n").unwrap();

        let aside = fs::read_to_string(dir.path().join("gateway.toml.edited")).unwrap();
        assert_eq!(aside, "# mine\n");
    }
}
