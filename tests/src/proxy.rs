//! A wire between two processes that a test can slow down, stall and cut.

use std::{
    io,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{
        TcpListener, TcpStream,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
    sync::watch,
    task::JoinHandle,
    time::{Instant, sleep_until},
};

/// Bytes that one direction has on its way at most.
const PIECE_BYTES: usize = 16 * 1024;
/// Pieces that one direction has on its way at most.
const PIECES: usize = 64;

/// Passes bytes on between its callers and one address. TLS passes through as it is.
#[derive(Debug)]
pub struct Proxy {
    address: SocketAddr,
    wire: Arc<Wire>,
    accepting: JoinHandle<()>,
}

#[derive(Debug)]
struct Wire {
    target: SocketAddr,
    latency_us: AtomicU64,
    /// While it is true, nothing passes.
    stalled: watch::Sender<bool>,
    /// Grows with each cut; connections of an older number end.
    cuts: watch::Sender<u64>,
}

// === impl Proxy ===

impl Proxy {
    /// Listens on `listen` and passes on to `target`.
    ///
    /// # Errors
    ///
    /// If the address cannot be listened on.
    pub async fn start(listen: &str, target: SocketAddr) -> io::Result<Self> {
        let listener = TcpListener::bind(listen).await?;
        let address = listener.local_addr()?;
        let wire = Arc::new(Wire {
            target,
            latency_us: AtomicU64::new(0),
            stalled: watch::Sender::new(false),
            cuts: watch::Sender::new(0),
        });
        let accepting = tokio::spawn(accept(listener, Arc::clone(&wire)));
        Ok(Self { address, wire, accepting })
    }

    /// Returns where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Has every piece take so much longer from now on, each way.
    pub fn delay(&self, latency: Duration) {
        let micros = u64::try_from(latency.as_micros()).unwrap();
        self.wire.latency_us.store(micros, Ordering::Relaxed);
    }

    /// Lets nothing pass until [`Proxy::go_on`].
    pub fn stall(&self) {
        self.wire.stalled.send_replace(true);
    }

    /// Lets bytes pass again.
    pub fn go_on(&self) {
        self.wire.stalled.send_replace(false);
    }

    /// Ends every connection there is; new ones are taken.
    pub fn cut(&self) {
        self.wire.cuts.send_modify(|cuts| *cuts += 1);
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.cut();
        self.accepting.abort();
    }
}

async fn accept(listener: TcpListener, wire: Arc<Wire>) {
    while let Ok((near, _peer)) = listener.accept().await {
        let wire = Arc::clone(&wire);
        let mut cuts = wire.cuts.subscribe();
        tokio::spawn(async move {
            tokio::select! {
                _cut = cuts.changed() => {}
                () = connect(near, &wire) => {}
            }
        });
    }
}

async fn connect(near: TcpStream, wire: &Arc<Wire>) {
    let Ok(far) = TcpStream::connect(wire.target).await else { return };
    let (_near, _far) = (near.set_nodelay(true), far.set_nodelay(true));
    let (near_in, near_out) = near.into_split();
    let (far_in, far_out) = far.into_split();
    // Both ways end together: half-closed connections are nothing that HTTP/2 knows.
    tokio::select! {
        () = pass(near_in, far_out, wire) => {}
        () = pass(far_in, near_out, wire) => {}
    }
}

/// Passes one way on; reading goes on while pieces are delayed, so that latency costs no bandwidth.
async fn pass(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, wire: &Arc<Wire>) {
    let (sender, mut pieces) = tokio::sync::mpsc::channel::<(Instant, Vec<u8>)>(PIECES);
    let read = async move {
        let mut buffer = vec![0; PIECE_BYTES];
        while let Ok(length @ 1..) = from.read(&mut buffer).await {
            let latency = Duration::from_micros(wire.latency_us.load(Ordering::Relaxed));
            let piece = (Instant::now() + latency, buffer[..length].to_vec());
            if sender.send(piece).await.is_err() {
                return;
            }
        }
    };
    let write = async move {
        let mut stalled = wire.stalled.subscribe();
        while let Some((due, piece)) = pieces.recv().await {
            sleep_until(due).await;
            let open = stalled.wait_for(|stalled| !stalled).await.is_ok();
            if !open || to.write_all(&piece).await.is_err() {
                return;
            }
        }
    };
    tokio::join!(read, write);
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn echo() -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move {
            while let Ok((mut socket, _peer)) = listener.accept().await {
                tokio::spawn(async move {
                    let (mut from, mut to) = socket.split();
                    tokio::io::copy(&mut from, &mut to).await
                });
            }
        });
        address
    }

    async fn ask(socket: &mut TcpStream) -> io::Result<[u8; 4]> {
        let mut answer = [0; 4];
        socket.write_all(b"ping").await?;
        socket.read_exact(&mut answer).await?;
        Ok(answer)
    }

    #[tokio::test]
    async fn bytes_pass_late_when_delayed_and_not_at_all_once_cut() {
        let proxy = Proxy::start("127.0.0.1:0", echo().await).await.unwrap();
        let mut socket = TcpStream::connect(proxy.address()).await.unwrap();

        let prompt = ask(&mut socket).await.unwrap();
        proxy.delay(Duration::from_millis(20));
        let begun = Instant::now();
        let late = ask(&mut socket).await.unwrap();
        let took = begun.elapsed();
        proxy.cut();
        let cut = ask(&mut socket).await;
        let mut again = TcpStream::connect(proxy.address()).await.unwrap();

        assert_eq!((&prompt, &late), (b"ping", b"ping"));
        assert!(took >= Duration::from_millis(40), "{took:?}");
        assert!(cut.is_err());
        assert!(ask(&mut again).await.is_ok());
    }

    #[tokio::test]
    async fn a_stalled_wire_keeps_bytes_until_it_goes_on() {
        let proxy = Proxy::start("127.0.0.1:0", echo().await).await.unwrap();
        let mut socket = TcpStream::connect(proxy.address()).await.unwrap();
        ask(&mut socket).await.unwrap();

        proxy.stall();
        socket.write_all(b"wait").await.unwrap();
        let mut answer = [0; 4];
        let early = tokio::time::timeout(Duration::from_millis(50), socket.read_exact(&mut answer));
        let early = early.await.is_ok();
        proxy.go_on();
        socket.read_exact(&mut answer).await.unwrap();

        assert!(!early, "bytes passed a stalled wire");
        assert_eq!(&answer, b"wait");
    }
}
