//! One connection, from its socket to its end.

use std::{net::SocketAddr, pin::pin, sync::Arc, time::Duration};

use tokio::{
    net::TcpStream,
    select,
    time::{Instant, sleep, sleep_until},
};
use tokio_rustls::server::TlsStream;

use super::{
    Lane, Shared,
    activity::Activity,
    admission::{Open, Opening},
    handshake::shake_hands,
    http2::{Session, http2},
    streams::Streams,
};
use crate::{Peer, Refusal};

/// How long a connection without a call in flight may take to close once it was told to go.
const QUIET_GRACE: Duration = Duration::from_secs(1);

/// Runs one connection to its end.
pub(super) async fn run(
    socket: std::net::TcpStream,
    address: SocketAddr,
    opening: Opening,
    shared: Arc<Shared>,
    lane: Lane,
) {
    let cut = shared.stopping.cut.clone();
    cut.run_until_cancelled(async {
        if let Err(refusal) = open(socket, address, opening, &shared, lane).await {
            shared.refuse(address, refusal);
        }
    })
    .await;
}

async fn open(
    socket: std::net::TcpStream,
    address: SocketAddr,
    opening: Opening,
    shared: &Shared,
    lane: Lane,
) -> Result<(), Refusal> {
    let Ok(socket) = TcpStream::from_std(socket) else { return Err(Refusal::HandshakeFailed) };
    let (stream, peer) = shake_hands(socket, address, &opening, shared, &lane).await?;
    let number = opening.number;
    let place = opening.open(peer.certificate)?;
    serve(stream, peer, number, shared, lane).await;
    drop::<Open>(place);
    Ok(())
}

async fn serve(stream: TlsStream<TcpStream>, peer: Peer, number: u64, shared: &Shared, lane: Lane) {
    let limits = &shared.limits;
    let start = Instant::now();
    let activity = Arc::new(Activity::new(start));
    let peer = Arc::new(peer);
    let refusals = Arc::clone(&shared.refusals);
    let streams = Arc::new(Streams::new(Arc::clone(&peer), refusals, limits.response_progress));
    let service = lane.worker.service;
    let session = Session::new(peer, Arc::clone(&activity), Arc::clone(&streams), service);
    let mut connection = pin!(http2(limits, stream, session));
    select! {
        biased;
        ended = connection.as_mut() => return log(ended),
        () = streams.stuck() => return,
        () = shared.stopping.drain.cancelled() => {}
        () = sleep_until(start + limits.age_of(number)) => {}
        () = activity.quiet(limits) => {}
    }
    // Told to go: the calls in flight end, new ones go elsewhere.
    connection.as_mut().graceful_shutdown();
    select! {
        ended = connection => log(ended),
        () = streams.stuck() => {}
        () = overdue(&activity, limits.drain) => {}
    }
}

/// Returns when a connection that was told to go has had its time; without a call that is short.
async fn overdue(activity: &Activity, drain: Duration) {
    let quiet = QUIET_GRACE.min(drain);
    sleep(quiet).await;
    if activity.is_busy() {
        sleep(drain - quiet).await;
    }
}

fn log(ended: hyper::Result<()>) {
    if let Err(error) = ended {
        tracing::debug!(%error, "connection ended");
    }
}
