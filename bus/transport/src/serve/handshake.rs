//! The TLS handshake of an accepted socket, and why it failed.

use std::{io, net::SocketAddr, sync::Arc, time::Duration};

use aws_lc_rs::digest;
use rustls::{CertificateError, OtherError};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    select,
    time::timeout,
};
use tokio_rustls::{TlsAcceptor, server::TlsStream};

use super::{Lane, Shared, admission::Opening};
use crate::{
    Peer, Refusal,
    tls::{ALPN, Unaccepted, identity_of},
};

/// How long, and for how many bytes, a refused peer is listened to so that it can read the alert.
const FAREWELL: Duration = Duration::from_millis(250);
const FAREWELL_BYTES: u64 = 64 * 1024;

/// A refused handshake, and the socket if there is something to read for the peer.
struct Failed {
    refusal: Refusal,
    socket: Option<TcpStream>,
}

/// Makes a TLS connection of `socket`, within every limit that strangers must keep.
pub(super) async fn shake_hands(
    socket: TcpStream,
    address: SocketAddr,
    opening: &Opening,
    shared: &Shared,
    lane: &Lane,
) -> Result<(TlsStream<TcpStream>, Peer), Refusal> {
    let bounded = timeout(shared.limits.handshake_timeout, accept(socket, address, shared, lane));
    let failed = select! {
        biased;
        () = opening.dropped.cancelled() => return Err(Refusal::HandshakeDropped),
        () = shared.stopping.drain.cancelled() => return Err(Refusal::HandshakeDropped),
        done = bounded => match done {
            Ok(Ok(connection)) => return Ok(connection),
            Ok(Err(failed)) => failed,
            Err(_elapsed) => return Err(Refusal::HandshakeTimeout),
        },
    };
    if let Some(socket) = failed.socket {
        // The place is still held, and still given up for a newcomer.
        opening.dropped.run_until_cancelled(part(socket)).await;
    }
    Err(failed.refusal)
}

async fn accept(
    socket: TcpStream,
    address: SocketAddr,
    shared: &Shared,
    lane: &Lane,
) -> Result<(TlsStream<TcpStream>, Peer), Failed> {
    let accept = TlsAcceptor::from(Arc::clone(&shared.tls.config)).accept(socket).into_fallible();
    match lane.pace.walk(accept).await {
        Ok(stream) => match peer(&stream, address, shared) {
            Ok(peer) => Ok((stream, peer)),
            Err(refusal) => Err(Failed { refusal, socket: None }),
        },
        Err((error, socket)) => {
            tracing::debug!(%address, %error, "handshake failed");
            Err(Failed { refusal: refusal(&error), socket: Some(socket) })
        }
    }
}

/// Reads who the peer is; the verifier has let it pass, so the name is there.
fn peer(
    stream: &TlsStream<TcpStream>,
    address: SocketAddr,
    shared: &Shared,
) -> Result<Peer, Refusal> {
    let (_, session) = stream.get_ref();
    if session.alpn_protocol() != Some(ALPN) {
        return Err(Refusal::HandshakeFailed);
    }
    let leaf = session
        .peer_certificates()
        .and_then(|chain| chain.first())
        .ok_or(Refusal::NoCertificate)?;
    let Ok((identity, spiffe_id)) = identity_of(leaf, &shared.tls.domain) else {
        return Err(Refusal::NoIdentity);
    };
    let mut certificate = [0; 32];
    certificate.copy_from_slice(digest::digest(&digest::SHA256, leaf).as_ref());
    Ok(Peer { identity, spiffe_id, certificate, address })
}

fn refusal(error: &io::Error) -> Refusal {
    let tls = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>());
    match tls {
        Some(rustls::Error::NoCertificatesPresented) => Refusal::NoCertificate,
        Some(rustls::Error::InvalidCertificate(CertificateError::Other(OtherError(other)))) => {
            match other.downcast_ref() {
                Some(Unaccepted::Name(_)) => Refusal::NoIdentity,
                Some(Unaccepted::Kind { .. }) => Refusal::WrongKind,
                None => Refusal::UntrustedCertificate,
            }
        }
        Some(rustls::Error::InvalidCertificate(_)) => Refusal::UntrustedCertificate,
        _ => Refusal::HandshakeFailed,
    }
}

/// Closes a refused connection so that the peer can read why.
///
/// Closed with bytes unread, the system would reset the connection, and the alert be lost.
async fn part(mut socket: TcpStream) {
    let farewell = async {
        socket.shutdown().await?;
        let mut rest = socket.take(FAREWELL_BYTES);
        tokio::io::copy(&mut rest, &mut tokio::io::sink()).await
    };
    // Whether the peer listened changes nothing.
    let _ = timeout(FAREWELL, farewell).await;
}
