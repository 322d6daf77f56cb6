//! What somebody sees who types the commands: real processes, real mutual TLS, nothing in between.

#![expect(clippy::unwrap_used, reason = "helpers of tests panic where a step fails")]

mod audit;
mod bundle;
mod catalogue;
mod config;
mod crash;
mod demo;
mod dev;
mod garbage;
mod offline;
mod origin;
mod outside;
mod python;
mod unsealing;
mod verifying;

use std::{
    fs::{self, File},
    io::{BufRead as _, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
};

use serde_json::Value;

/// `oncebus dev` in a folder of its own; ends when this is dropped.
struct Dev {
    child: Child,
    dir: tempfile::TempDir,
    flags: Vec<String>,
    variables: Vec<(&'static str, &'static str)>,
    /// How it ends: 7 once a child of its died by itself.
    exit: i32,
}

impl Dev {
    /// Starts it and waits until it says that it is ready.
    fn start() -> Self {
        Self::start_with(&[])
    }

    fn start_with(flags: &[&str]) -> Self {
        Self::start_as(flags, &[])
    }

    /// Starts it with some variables in its environment, which its children inherit.
    fn start_as(flags: &[&str], variables: &[(&'static str, &'static str)]) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let flags: Vec<_> = flags.iter().map(ToString::to_string).collect();
        let variables = variables.to_vec();
        let child = Self::run(dir.path(), &flags, &variables);
        Self { child, dir, flags, variables, exit: 0 }
    }

    fn run(dir: &Path, flags: &[String], variables: &[(&str, &str)]) -> Child {
        let mut child = oncebus()
            .envs(variables.iter().copied())
            .args(["dev", "--dir"])
            .arg(dir)
            .args(flags)
            .stdout(Stdio::piped())
            .stderr(File::create(dir.join("stderr")).unwrap())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let ready = lines.any(|line| line.unwrap() == "ready");
        let said = || fs::read_to_string(dir.join("stderr")).unwrap();
        assert!(ready, "dev ended before it was ready: {}", said());
        child
    }

    /// Ends it as ctrl-C does, and starts it again on the same folder.
    fn restart(&mut self) {
        self.interrupt();
        self.child = Self::run(self.dir.path(), &self.flags, &self.variables);
    }

    fn interrupt(&mut self) {
        let pid = nix::unistd::Pid::from_raw(self.child.id().try_into().unwrap());
        nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGINT).unwrap();
        let ended = self.child.wait().unwrap().code();
        assert_eq!(ended, Some(self.exit), "dev did not end as it should");
    }

    fn profile(&self) -> PathBuf {
        self.dir.path().join("connection.json")
    }

    fn connection(&self) -> Value {
        serde_json::from_slice(&fs::read(self.profile()).unwrap()).unwrap()
    }

    /// Runs a command as one of the systems.
    fn command(&self, system: &str, args: &[&str]) -> Output {
        oncebus()
            .args(args)
            .arg("--profile")
            .arg(self.profile())
            .args(["--as", system])
            .output()
            .unwrap()
    }

    /// Runs a command that must succeed, and reads its JSON.
    fn json(&self, system: &str, args: &[&str]) -> Value {
        let output = self.command(system, args);
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{args:?}: {stderr}");
        serde_json::from_slice(&output.stdout).unwrap()
    }
}

impl Drop for Dev {
    fn drop(&mut self) {
        // It may have ended already.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

fn oncebus() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_oncebus"));
    command.stdin(Stdio::null()).env_remove("ONCEBUS_PROFILE").env_remove("ONCEBUS_AS");
    command
}

/// The repository's root.
fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}
