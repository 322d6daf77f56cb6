//! The committed code is what the .proto files say.
//!
//! `ONCEBUS_REGENERATE=1` writes it anew instead. Where code of an older generator does not compile
//! any more, empty `src/gen/oncebus.v1.rs` first: this test needs no more of the crate than that.

use std::{collections::BTreeMap, env, fs, io, path::Path};

use prost::Message;

/// The folder with the .proto files.
const PROTO_DIR: &str = env!("CARGO_MANIFEST_DIR");
/// The committed code.
const GENERATED_DIR: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/src/gen");

#[test]
fn committed_code_is_what_the_proto_files_say() {
    let fresh = tempfile::tempdir().unwrap();

    generate(fresh.path()).unwrap();

    if env::var_os("ONCEBUS_REGENERATE").is_some_and(|value| value == "1") {
        replace(GENERATED_DIR.as_ref(), fresh.path()).unwrap();
        return;
    }
    let committed = files(GENERATED_DIR.as_ref()).unwrap();
    let fresh = files(fresh.path()).unwrap();
    assert!(committed.keys().eq(fresh.keys()), "other files in proto/src/gen: run `make proto`");
    for (name, content) in &fresh {
        assert!(committed[name] == *content, "proto/src/gen/{name} is old: run `make proto`");
    }
}

#[test]
fn descriptors_cover_the_package_and_its_imports() {
    let set = prost_types::FileDescriptorSet::decode(oncebus_proto::FILE_DESCRIPTOR_SET).unwrap();

    let known: Vec<&str> = set.file.iter().map(|file| file.name()).collect();
    for file in &set.file {
        assert!(file.source_code_info.is_none(), "{} carries comments", file.name());
        for import in &file.dependency {
            assert!(known.contains(&import.as_str()), "{} lacks {import}", file.name());
        }
    }
    for path in proto_files().unwrap() {
        assert!(known.contains(&path.as_str()), "{path} is missing");
    }
}

/// Writes the code and the descriptors of every .proto file to `into`.
fn generate(into: &Path) -> io::Result<()> {
    let mut set = protox::compile(proto_files()?, [PROTO_DIR]).map_err(io::Error::other)?;
    tonic_prost_build::configure()
        .bytes(".")
        // A client that connects by itself would do so without a certificate.
        .build_transport(false)
        .emit_rerun_if_changed(false)
        .out_dir(into)
        .compile_fds(set.clone())?;
    for file in &mut set.file {
        file.source_code_info = None;
    }
    fs::write(into.join("oncebus.v1.bin"), set.encode_to_vec())
}

/// Names the package's files as they import each other, in order.
fn proto_files() -> io::Result<Vec<String>> {
    let names = files(&Path::new(PROTO_DIR).join("oncebus/v1"))?.into_keys();
    Ok(names.map(|name| format!("oncebus/v1/{name}")).collect())
}

/// Reads all files of a folder.
fn files(dir: &Path) -> io::Result<BTreeMap<String, Vec<u8>>> {
    let read = |entry: io::Result<fs::DirEntry>| {
        let entry = entry?;
        Ok((entry.file_name().to_string_lossy().into_owned(), fs::read(entry.path())?))
    };
    fs::read_dir(dir)?.map(read).collect()
}

/// Makes `target` hold the files of `source` and no others.
fn replace(target: &Path, source: &Path) -> io::Result<()> {
    for name in files(target)?.keys() {
        fs::remove_file(target.join(name))?;
    }
    for (name, content) in files(source)? {
        fs::write(target.join(name), content)?;
    }
    Ok(())
}
