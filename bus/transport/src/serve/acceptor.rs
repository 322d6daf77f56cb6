//! Accepts sockets, and deals those that may come in to the workers in turn.

use std::{io, net::SocketAddr, sync::Arc, time::Duration};

use tokio::{
    net::{TcpListener, TcpStream},
    time::sleep,
};
use tokio_util::task::TaskTracker;

use super::{Lane, Shared, admission::Admission, connection};

/// First and longest pause when the system has no more sockets or memory to give.
const PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

/// The accept loop.
#[derive(Debug)]
pub(super) struct Acceptor {
    pub(super) listener: TcpListener,
    pub(super) lanes: Vec<Lane>,
    pub(super) admission: Arc<Admission>,
    pub(super) shared: Arc<Shared>,
    pub(super) tasks: TaskTracker,
}

impl Acceptor {
    /// Accepts until told to stop; the listener closes with it.
    pub(super) async fn run(self) {
        let drain = self.shared.stopping.drain.clone();
        drain.run_until_cancelled(self.accept()).await;
    }

    async fn accept(&self) {
        let mut lanes = self.lanes.iter().cycle();
        let mut pause = PAUSE;
        loop {
            match self.listener.accept().await {
                Ok((socket, address)) => {
                    pause = PAUSE;
                    if let Some(lane) = lanes.next() {
                        self.admit(socket, address, lane);
                    }
                }
                Err(error) if is_of_one_connection(&error) => {}
                Err(error) => {
                    // Out of files or memory: give back what a stranger holds, and wait.
                    tracing::warn!(%error, ?pause, "cannot accept connections");
                    self.admission.drop_oldest();
                    sleep(pause).await;
                    pause = (pause * 2).min(LONGEST_PAUSE);
                }
            }
        }
    }

    fn admit(&self, socket: TcpStream, address: SocketAddr, lane: &Lane) {
        let opening = match self.admission.admit(address.ip()) {
            Ok(opening) => opening,
            Err(refusal) => return self.shared.refuse(address, refusal),
        };
        // The socket leaves this runtime's reactor for the worker's.
        let socket = socket.set_nodelay(true).and_then(|()| socket.into_std());
        match socket {
            Ok(socket) => {
                let shared = Arc::clone(&self.shared);
                let task = connection::run(socket, address, opening, shared, lane.clone());
                self.tasks.spawn_on(task, &lane.worker.runtime);
            }
            Err(error) => tracing::debug!(%error, %address, "connection was gone at once"),
        }
    }
}

/// Tells errors that concern the connection being accepted from those of the whole process.
fn is_of_one_connection(error: &io::Error) -> bool {
    use io::ErrorKind::{
        ConnectionAborted, ConnectionRefused, ConnectionReset, HostUnreachable, Interrupted,
        NetworkDown, NetworkUnreachable,
    };
    matches!(
        error.kind(),
        ConnectionAborted
            | ConnectionRefused
            | ConnectionReset
            | HostUnreachable
            | Interrupted
            | NetworkDown
            | NetworkUnreachable
    )
}
