//! A process of our own program, for as long as the supervisor wants it.

use std::{
    ffi::OsString,
    io,
    process::{ExitStatus, Stdio},
    time::Duration,
};

use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use tokio::{
    io::{AsyncBufReadExt as _, AsyncReadExt as _, BufReader},
    process::{Child as Process, ChildStdin, ChildStdout, Command},
    time::timeout,
};

use crate::{exit::CliError, logging};

/// Longest wait for `ready`; a machine under load takes seconds.
const START: Duration = Duration::from_secs(30);
/// Longest wait for the end after SIGTERM.
const STOP: Duration = Duration::from_secs(10);
/// The line `ready https://ADDRESS` is far shorter.
const READY_BYTES: u64 = 1024;

/// A running process.
#[derive(Debug)]
pub(super) struct Child {
    /// What it is, for people.
    name: String,
    /// Its id.
    pub(super) pid: u32,
    /// Where it listens, `https://HOST:PORT`.
    pub(super) endpoint: String,
    process: Process,
    /// Closes when this process ends, however it ends: then the child ends itself.
    stdin: Option<ChildStdin>,
    ended: bool,
}

// === impl Child ===

impl Child {
    /// Starts our own program with these arguments, and waits until it says that it is ready.
    ///
    /// # Errors
    ///
    /// Returns a failed check if it does not start, ends early, or is not ready within 30 s.
    pub(super) async fn start(
        name: String,
        arguments: Vec<OsString>,
        log: &str,
    ) -> Result<Self, CliError> {
        let failed = |what: &str| CliError::check(format!("{name} {what}"));
        let mut process = command(arguments, log)
            .and_then(|mut command| command.spawn())
            .map_err(|error| failed(&format!("cannot be started: {error}")))?;
        let stdout = process.stdout.take().ok_or_else(|| failed("has no output"))?;
        let stdin = process.stdin.take();
        let endpoint = match timeout(START, ready(stdout)).await {
            Ok(Ok(Some(endpoint))) => endpoint,
            Ok(Ok(None)) => {
                let status = process.wait().await.map(described).unwrap_or_default();
                return Err(failed(&format!("ended before it was ready{status}")));
            }
            Ok(Err(error)) => return Err(failed(&format!("cannot be heard: {error}"))),
            Err(_elapsed) => return Err(failed(&format!("is not ready after {START:?}"))),
        };
        let pid = process.id().ok_or_else(|| failed("has ended"))?;
        Ok(Self { name, pid, endpoint, process, stdin, ended: false })
    }

    /// Waits until it ends by itself, and says so; never answers once it has said so.
    pub(super) async fn death(&mut self) -> String {
        if self.ended {
            return std::future::pending().await;
        }
        let status = self.process.wait().await.map(described).unwrap_or_default();
        self.report(&status)
    }

    fn report(&mut self, status: &str) -> String {
        self.ended = true;
        format!("{} (process {}) ended{status}", self.name, self.pid)
    }

    /// Ends it at once, as a loss of power does: it can tell nobody.
    pub(super) async fn kill(mut self) {
        // It may have ended by itself already.
        let _ended = self.process.kill().await;
    }

    /// Ends it: SIGTERM, then, after 10 s, SIGKILL. Says so if it did not end in order, and was not
    /// reported yet: it had died by itself.
    pub(super) async fn stop(mut self) -> Option<String> {
        if self.ended {
            return None;
        }
        drop(self.stdin.take());
        if let Ok(pid) = i32::try_from(self.pid) {
            // It may have ended in this moment, and is not waited for yet: its id is still its own.
            let _ended = kill(Pid::from_raw(pid), Signal::SIGTERM);
        }
        match timeout(STOP, self.process.wait()).await {
            Ok(Ok(status)) if !status.success() => Some(self.report(&described(status))),
            Ok(_ended) => None,
            Err(_elapsed) => {
                tracing::warn!(
                    name = self.name,
                    pid = self.pid,
                    "killed, as it did not end in time"
                );
                let _ended = self.process.kill().await;
                None
            }
        }
    }
}

fn command(arguments: Vec<OsString>, log: &str) -> io::Result<Command> {
    let mut command = Command::new(std::env::current_exe()?);
    command
        .args(arguments)
        .arg("--until-stdin-closes")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        // A group of its own: Ctrl-C is for the supervisor, which ends its children in order.
        .process_group(0);
    if std::env::var_os(logging::FILTER_VARIABLE).is_none() {
        command.env(logging::FILTER_VARIABLE, log);
    }
    Ok(command)
}

/// Reads the line `ready ENDPOINT`; afterwards nobody reads what else is written.
async fn ready(stdout: ChildStdout) -> io::Result<Option<String>> {
    let mut stdout = BufReader::new(stdout);
    let mut line = String::new();
    (&mut stdout).take(READY_BYTES).read_line(&mut line).await?;
    let endpoint = line.trim_end().strip_prefix("ready ").map(ToOwned::to_owned);
    tokio::spawn(async move { tokio::io::copy(&mut stdout, &mut tokio::io::sink()).await });
    Ok(endpoint)
}

fn described(status: ExitStatus) -> String {
    format!(" ({status})")
}
