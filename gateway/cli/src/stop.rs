//! When a serving process is asked to end.

use std::{
    io::{self, Read as _},
    thread,
};

use clap::Args;
use tokio::{
    signal::unix::{Signal, SignalKind, signal},
    sync::oneshot,
};

use crate::exit::CliError;

/// Flags of a serving process.
#[derive(Debug, Args)]
pub(crate) struct StopArgs {
    /// Stop when standard input closes too, so that this process ends with its supervisor
    #[arg(long)]
    until_stdin_closes: bool,
}

/// Waits to be asked to end: SIGTERM, SIGINT, or the end of standard input.
#[derive(Debug)]
pub(crate) struct Stop {
    terminate: Signal,
    interrupt: Signal,
    stdin: Option<oneshot::Receiver<()>>,
}

// === impl StopArgs ===

impl StopArgs {
    /// Listens from now on.
    ///
    /// # Errors
    ///
    /// Returns an error if the operating system refuses a signal handler or a thread.
    pub(crate) fn listen(&self) -> Result<Stop, CliError> {
        let mut stop = Stop::on_signals()?;
        if self.until_stdin_closes {
            stop.stdin = Some(stdin_closes().map_err(|error| refused(&error))?);
        }
        Ok(stop)
    }
}

// === impl Stop ===

impl Stop {
    /// Listens for signals alone from now on.
    ///
    /// # Errors
    ///
    /// Returns an error if the operating system refuses a signal handler.
    pub(crate) fn on_signals() -> Result<Self, CliError> {
        let listen = |kind| signal(kind).map_err(|error| refused(&error));
        let terminate = listen(SignalKind::terminate())?;
        Ok(Self { terminate, interrupt: listen(SignalKind::interrupt())?, stdin: None })
    }

    /// Waits, and says what asked.
    pub(crate) async fn asked(&mut self) -> &'static str {
        let stdin = async {
            match &mut self.stdin {
                // The sender's thread ends with standard input, whether it could send or not.
                Some(closed) => {
                    let _closed = closed.await;
                }
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            _ = self.terminate.recv() => "SIGTERM",
            _ = self.interrupt.recv() => "SIGINT",
            () = stdin => "end of standard input",
        }
    }
}

/// Reads standard input to its end on a thread of its own: nothing else could give up a blocked read.
fn stdin_closes() -> io::Result<oneshot::Receiver<()>> {
    let (closes, closed) = oneshot::channel();
    thread::Builder::new().name("stdin".to_owned()).spawn(move || {
        let mut buffer = [0; 256];
        let mut stdin = io::stdin().lock();
        loop {
            match stdin.read(&mut buffer) {
                Ok(0) => break,
                Ok(_ignored) => {}
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(_broken) => break,
            }
        }
        let _ended_already = closes.send(());
    })?;
    Ok(closed)
}

fn refused(error: &io::Error) -> CliError {
    CliError::check(format!("cannot listen for the request to stop: {error}"))
}
