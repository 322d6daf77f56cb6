//! The data plane's runtimes: one thread for each core, each with a runtime of its own.

use std::{
    io,
    sync::mpsc::sync_channel,
    thread::{self, JoinHandle},
};

use tokio::runtime::{Builder, Handle};
use tokio_util::sync::CancellationToken;

/// One current-thread runtime per core.
#[derive(Debug)]
pub(super) struct Cores {
    stop: CancellationToken,
    cores: Vec<Core>,
}

#[derive(Debug)]
struct Core {
    handle: Handle,
    thread: JoinHandle<()>,
}

// === impl Cores ===

impl Cores {
    /// Starts as many as this process may use.
    ///
    /// # Errors
    ///
    /// Returns what the operating system says if it gives no thread or no poll descriptor.
    pub(super) fn start() -> io::Result<Self> {
        let stop = CancellationToken::new();
        let count = thread::available_parallelism()?.get();
        let cores = (0..count)
            .map(|number| Core::start(number, stop.clone()))
            .collect::<io::Result<_>>()?;
        Ok(Self { stop, cores })
    }

    /// Returns where to spawn work.
    pub(super) fn handles(&self) -> Vec<Handle> {
        self.cores.iter().map(|core| core.handle.clone()).collect()
    }

    /// Ends the runtimes, and drops what still runs there.
    pub(super) fn stop(self) {
        self.stop.cancel();
        for core in self.cores {
            if core.thread.join().is_err() {
                tracing::error!("a core's thread ended by a panic");
            }
        }
    }
}

// === impl Core ===

impl Core {
    fn start(number: usize, stop: CancellationToken) -> io::Result<Self> {
        let (made, wait) = sync_channel(1);
        let thread = thread::Builder::new().name(format!("core-{number}")).spawn(move || {
            let runtime = match Builder::new_current_thread().enable_all().build() {
                Ok(runtime) => runtime,
                Err(error) => {
                    let _starter_gone = made.send(Err(error));
                    return;
                }
            };
            let _starter_gone = made.send(Ok(runtime.handle().clone()));
            runtime.block_on(stop.cancelled());
        })?;
        let handle = wait.recv().map_err(io::Error::other)??;
        Ok(Self { handle, thread })
    }
}
