//! The programs of others that verify a log's folder.

use std::{
    fmt,
    path::{Path, PathBuf},
    process::Command,
};

use serde_json::Value;
use tempfile::TempDir;
use tokio::task::JoinHandle;

use super::{
    log::{Log, WrittenLog},
    missing,
};
use crate::root;

/// Where Debian puts the packages of Go programs; golang-golang-x-mod-dev has ours.
const GOPATH: &str = "/usr/share/gocode";

/// A program that verifies a log's folder.
pub(super) struct Verifier {
    name: &'static str,
    program: PathBuf,
    script: Option<PathBuf>,
    _built: Option<TempDir>,
}

// === impl Verifier ===

impl Verifier {
    /// Returns those that can be had here, and says loudly which cannot.
    pub(super) fn all() -> Vec<Self> {
        [Self::go(), Self::python()].into_iter().flatten().collect()
    }

    /// Go's packages for its own log of modules.
    fn go() -> Option<Self> {
        let packages = Path::new(GOPATH).join("src/golang.org/x/mod/sumdb/tlog");
        if !packages.exists() || Command::new("go").arg("version").output().is_err() {
            missing("Go with x/mod (Debian's golang-go and golang-golang-x-mod-dev)");
            return None;
        }
        let built = tempfile::tempdir().unwrap();
        let program = built.path().join("verify");
        let output = Command::new("go")
            .args(["build", "-o"])
            .arg(&program)
            .args(["verify.go", "folder.go"].map(|file| root().join("tests/outside").join(file)))
            .envs([("GO111MODULE", "off"), ("GOPATH", GOPATH), ("CGO_ENABLED", "0")])
            .env("GOFLAGS", "")
            .env("GOCACHE", Path::new(env!("CARGO_TARGET_TMPDIR")).join("go"))
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        Some(Self { name: "x/mod's tlog", program, script: None, _built: Some(built) })
    }

    /// PyPI's aics-tlog.
    fn python() -> Option<Self> {
        if !imports("aics_tlog") {
            missing("aics-tlog (pip install --ignore-requires-python aics-tlog)");
            return None;
        }
        let script = Some(root().join("tests/outside/verify_tlog.py"));
        Some(Self { name: "aics-tlog", program: "python3".into(), script, _built: None })
    }

    /// Verifies a log and all that was kept of it; returns what was verified, or the first fault.
    pub(super) fn verify(&self, log: &WrittenLog) -> Result<Value, String> {
        run(self.command(&log.dir(), &log.vkey).arg(log.kept_dir()))
    }

    /// Verifies a log while it is written, elsewhere.
    pub(super) fn read_on(&self, log: &Log) -> JoinHandle<Result<Value, String>> {
        let mut command = self.command(&log.dir(), &log.vkey());
        tokio::task::spawn_blocking(move || run(&mut command))
    }

    fn command(&self, dir: &Path, vkey: &str) -> Command {
        let mut command = Command::new(&self.program);
        command.args(&self.script).arg(dir).arg(vkey);
        command
    }
}

impl fmt::Debug for Verifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

/// Whether Python has a package.
pub(super) fn imports(package: &str) -> bool {
    let output = Command::new("python3").args(["-c", &format!("import {package}")]).output();
    output.is_ok_and(|output| output.status.success())
}

fn run(command: &mut Command) -> Result<Value, String> {
    let output = command.output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    if output.status.success() {
        return Ok(serde_json::from_slice(&output.stdout).unwrap());
    }
    assert_eq!(output.status.code(), Some(1), "{command:?}: {said}");
    Err(said)
}
