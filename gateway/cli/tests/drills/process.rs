//! A process of a drill: started, killed, and never left behind.

use std::{
    fs::{File, OpenOptions},
    io::Read as _,
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};

use tokio::{
    io::{AsyncBufReadExt as _, BufReader},
    process::{Child, Command},
    time::timeout,
};

/// Longest wait for the line that says that it is ready, and for its end.
const PATIENCE: Duration = Duration::from_secs(30);

/// A running process.
#[derive(Debug)]
pub(crate) struct Process {
    child: Child,
    /// What it said on the line `ready`.
    pub(crate) endpoint: String,
    log: PathBuf,
}

// === impl Process ===

impl Process {
    /// Starts it, and waits for the line `ready ...`. What it logs is added to `log`.
    pub(crate) async fn start(mut command: Command, log: &Path) -> Self {
        let file = OpenOptions::new().create(true).append(true).open(log).unwrap();
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(file)
            .kill_on_drop(true)
            .spawn()
            .unwrap_or_else(|error| panic!("{command:?}: {error}; `make drills` builds it"));
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let ready = async {
            while let Some(line) = lines.next_line().await.unwrap() {
                if let Some(endpoint) = line.strip_prefix("ready") {
                    return Some(endpoint.trim().to_owned());
                }
            }
            None
        };
        let ready = timeout(PATIENCE, ready).await.ok().flatten();
        let endpoint = ready.unwrap_or_else(|| panic!("it is not ready: {}", text(log)));
        tokio::spawn(async move { while let Ok(Some(_line)) = lines.next_line().await {} });
        Self { child, endpoint, log: log.to_owned() }
    }

    /// Returns its id.
    pub(crate) fn pid(&self) -> u32 {
        self.child.id().unwrap()
    }

    /// Sends it SIGKILL, and waits until it is gone.
    pub(crate) async fn kill(mut self) {
        self.child.kill().await.unwrap();
    }

    /// Sends it a signal, and leaves it.
    pub(crate) fn signal(&self, signal: nix::sys::signal::Signal) {
        let pid = nix::unistd::Pid::from_raw(self.pid().try_into().unwrap());
        nix::sys::signal::kill(pid, signal).unwrap();
    }

    /// Ends it in order, as its supervisor's end does.
    pub(crate) async fn stop(mut self) {
        drop(self.child.stdin.take());
        let ended = timeout(PATIENCE, self.child.wait()).await;
        let status = ended.expect("it does not end").unwrap();
        assert!(status.success(), "{status}: {}", text(&self.log));
    }

    /// Returns how much memory it has, in bytes.
    pub(crate) fn resident(&self) -> u64 {
        resident(self.pid())
    }
}

/// Returns how much memory a process has, in bytes.
pub(crate) fn resident(pid: u32) -> u64 {
    let status = text(Path::new(&format!("/proc/{pid}/status")));
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() * 1024
}

/// Returns what a file says.
pub(crate) fn text(path: &Path) -> String {
    let mut text = String::new();
    File::open(path).unwrap().read_to_string(&mut text).unwrap();
    text
}
