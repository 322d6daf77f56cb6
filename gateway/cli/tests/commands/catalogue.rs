//! `oncebus catalog` on folders, and what the shipped one says.

mod folders;
mod golden;
mod types;

use std::{
    fs,
    path::{Path, PathBuf},
    process::Output,
};

use super::{oncebus, root};

/// The shipped catalogue.
fn jining() -> PathBuf {
    root().join("gateway/cli/catalog/jining")
}

/// Runs `oncebus catalog`.
fn catalog<const N: usize>(args: [&dyn AsRef<std::ffi::OsStr>; N]) -> Output {
    let mut command = oncebus();
    command.arg("catalog");
    for arg in args {
        command.arg(arg.as_ref());
    }
    command.output().unwrap()
}

/// Copies the shipped catalogue, each file through `change`, which gets its name and its text.
pub(super) fn copy_catalogue(to: &Path, change: impl Fn(&str, String) -> String) {
    for entry in fs::read_dir(jining()).unwrap() {
        let entry = entry.unwrap();
        let name = entry.file_name().into_string().unwrap();
        let text = fs::read_to_string(entry.path()).unwrap();
        fs::write(to.join(&name), change(&name, text)).unwrap();
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}
