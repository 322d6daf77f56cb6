//! Connections in memory, on a clock that stands still until all are waiting.

use std::{convert::Infallible, future::pending, net::IpAddr, sync::Mutex};

use bytes::Bytes;
use futures_util::stream;
use http::{HeaderMap, Method, Request, Response, StatusCode};
use http_body::Frame;
use http_body_util::{BodyExt, Empty, StreamBody};
use hyper::{
    body::Incoming,
    client::conn::http2::{Builder, SendRequest},
};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::{
    io::duplex,
    sync::mpsc,
    task::yield_now,
    time::{Instant, sleep},
};
use tonic::{Status, body::Body};
use tower::util::BoxCloneSyncService;

use super::*;
use crate::{
    Identity, Limits, RequestBody,
    serve::{
        activity::Activity,
        http2::{Session, http2},
    },
};

const CHUNK: usize = 256 * 1024;
const CHUNKS: usize = 8;
const LIMIT: Duration = Duration::from_secs(10);

/// A caller on a connection of its own.
struct Line {
    sender: SendRequest<Empty<Bytes>>,
    holder: Arc<Holder>,
    refused: mpsc::Receiver<Refusal>,
}

/// Answers the calls; its content counts who still holds it.
#[derive(Default)]
struct Holder {
    content: Arc<()>,
    hang_ups: Mutex<Vec<HangUp>>,
}

/// A chunk of content.
struct Content {
    bytes: Vec<u8>,
    _held: Arc<()>,
}

#[derive(Debug)]
struct Counter(mpsc::Sender<Refusal>);

impl AsRef<[u8]> for Content {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

impl Refusals for Counter {
    fn refused(&self, _address: IpAddr, refusal: Refusal) {
        self.0.try_send(refusal).unwrap();
    }
}

// === impl Line ===

impl Line {
    /// Opens a connection whose streams take `window` bytes ahead.
    async fn open(window: u32) -> Self {
        let (ours, theirs) = duplex(64 * 1024);
        let holder = Arc::new(Holder::default());
        let (counted, refused) = mpsc::channel(16);
        let streams = Arc::new(Streams::new(Arc::new(peer()), Arc::new(Counter(counted)), LIMIT));
        let activity = Arc::new(Activity::new(Instant::now()));
        let answering = Arc::clone(&holder);
        let service = BoxCloneSyncService::new(tower::service_fn(move |request| {
            let holder = Arc::clone(&answering);
            async move { Ok::<_, Infallible>(holder.answer(request).await) }
        }));
        let session = Session::new(Arc::new(peer()), activity, streams, service);
        tokio::spawn(http2(&Limits::default(), theirs, session));
        let (sender, connection) = Builder::new(TokioExecutor::new())
            .initial_stream_window_size(window)
            .initial_connection_window_size(64 * 1024 * 1024)
            .handshake(TokioIo::new(ours))
            .await
            .unwrap();
        tokio::spawn(connection);
        Self { sender, holder, refused }
    }

    async fn call(&self, path: &str) -> hyper::Result<Response<Incoming>> {
        let request = Request::post(format!("https://gateway.test{path}"));
        self.sender.clone().send_request(request.body(Empty::new()).unwrap()).await
    }

    /// A call in between, that must be answered.
    async fn is_served(&self) {
        let answer = self.call("/words").await.unwrap().into_body();
        assert_eq!(answer.collect().await.unwrap().to_bytes(), "words");
    }

    fn hang_up(&self) {
        self.holder.hang_ups.lock().unwrap().last().unwrap().now();
    }

    /// Waits until nothing of the content is held for anybody, by no clock.
    async fn until_given_back(&self) {
        for _ in 0..1_000 {
            if Arc::strong_count(&self.holder.content) == 1 {
                return;
            }
            yield_now().await;
        }
        panic!("{} hold content", Arc::strong_count(&self.holder.content) - 1);
    }
}

// === impl Holder ===

impl Holder {
    async fn answer(self: Arc<Self>, request: Request<RequestBody>) -> Response<Body> {
        self.hang_ups.lock().unwrap().push(request.extensions().get::<HangUp>().unwrap().clone());
        let (chunks, pause) = match request.uri().path() {
            "/words" => return Response::new(Body::new("words".to_owned())),
            "/never" => return pending().await,
            "/chunk" => (1, Duration::ZERO),
            "/slowly" => (3, 6 * LIMIT),
            _ => (CHUNKS, Duration::ZERO),
        };
        let held = Arc::clone(&self.content);
        let frames = stream::unfold((0, held), move |(sent, held)| async move {
            if 0 < sent && sent < chunks {
                sleep(pause).await;
            }
            let frame = match sent {
                _ if sent < chunks => Frame::data(chunk(&held)),
                _ if sent == chunks => Frame::trailers(HeaderMap::new()),
                _ => return None,
            };
            Some((Ok::<_, Status>(frame), (sent + 1, held)))
        });
        Response::new(Body::new(StreamBody::new(frames)))
    }
}

fn chunk(held: &Arc<()>) -> Bytes {
    Bytes::from_owner(Content { bytes: vec![7; CHUNK], _held: Arc::clone(held) })
}

fn peer() -> Peer {
    let identity = Identity::System { department: "fire".into(), name: "window-1".into() };
    let address = ([127, 0, 0, 1], 1).into();
    Peer { identity, spiffe_id: String::new(), certificate: [0; 32], address }
}

/// Reads `bytes`, or all there is.
async fn read(body: &mut Incoming, bytes: usize) -> hyper::Result<usize> {
    let mut sum = 0;
    while sum < bytes {
        let Some(frame) = body.frame().await else { break };
        sum += frame?.into_data().map_or(0, |data| data.len());
    }
    Ok(sum)
}

#[track_caller]
fn is_reset(error: &hyper::Error) {
    let text = format!("{error:?}");
    assert!(text.contains("CANCEL"), "{text}");
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_takes_a_byte_a_second_is_cut_and_its_neighbours_are_served() {
    for path in ["/content", "/chunk"] {
        let mut line = Line::open(1).await;
        let mut body = line.call(path).await.unwrap().into_body();
        let begun = Instant::now();

        let cut = loop {
            match read(&mut body, 1).await {
                Ok(taken) => assert_eq!(taken, 1, "{path} came to its end"),
                Err(error) => break error,
            }
            assert!(begun.elapsed() < 2 * LIMIT, "{path} is not cut");
            line.is_served().await;
            sleep(Duration::from_secs(1)).await;
        };

        is_reset(&cut);
        let after = begun.elapsed();
        assert!(LIMIT <= after && after <= LIMIT + Duration::from_secs(1), "{path}: {after:?}");
        assert_eq!(line.refused.try_recv(), Ok(Refusal::SlowReader));
        line.until_given_back().await;
        line.is_served().await;
    }
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_nobody_reads_is_given_back() {
    let line = Line::open(CHUNK as u32).await;
    let unread = line.call("/content").await.unwrap();

    sleep(LIMIT - Duration::from_millis(10)).await;
    assert!(1 < Arc::strong_count(&line.holder.content));
    sleep(Duration::from_millis(20)).await;

    line.until_given_back().await;
    line.is_served().await;
    drop(unread);
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_is_made_slowly_is_not_cut() {
    let mut line = Line::open(CHUNK as u32).await;

    let body = line.call("/slowly").await.unwrap().into_body();

    assert_eq!(body.collect().await.unwrap().to_bytes().len(), 3 * CHUNK);
    assert!(line.refused.try_recv().is_err());
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_reads_slowly_and_steadily_is_not_cut() {
    let mut line = Line::open(CHUNK as u32).await;
    let mut body = line.call("/content").await.unwrap().into_body();

    let mut sum = 0;
    while sum < CHUNKS * CHUNK {
        sleep(LIMIT - Duration::from_secs(1)).await;
        sum += read(&mut body, CHUNK).await.unwrap();
    }

    assert_eq!(read(&mut body, 1).await.unwrap(), 0);
    assert!(line.refused.try_recv().is_err());
    line.until_given_back().await;
}

#[tokio::test(start_paused = true)]
async fn hanging_up_ends_a_stream_whose_window_is_shut_at_once() {
    let mut line = Line::open(1).await;
    let mut body = line.call("/content").await.unwrap().into_body();
    let begun = Instant::now();

    line.hang_up();
    // What had come before may still be read.
    let cut = read(&mut body, 100).await;

    is_reset(&cut.unwrap_err());
    line.until_given_back().await;
    assert_eq!(begun.elapsed(), Duration::ZERO);
    assert!(line.refused.try_recv().is_err());
    line.is_served().await;
}

#[tokio::test(start_paused = true)]
async fn hanging_up_ends_a_call_that_is_not_answered_yet() {
    let line = Line::open(1).await;

    let call = line.call("/never");
    let hang_up = async {
        while line.holder.hang_ups.lock().unwrap().is_empty() {
            yield_now().await;
        }
        line.hang_up();
    };
    let (cut, ()) = tokio::join!(timeout(LIMIT, call), hang_up);

    is_reset(&cut.unwrap().unwrap_err());
}

#[tokio::test(start_paused = true)]
async fn hanging_up_on_a_stream_that_has_ended_changes_nothing() {
    let line = Line::open(CHUNK as u32).await;
    line.is_served().await;

    line.hang_up();

    line.is_served().await;
}

#[tokio::test(start_paused = true)]
async fn no_stream_becomes_a_tunnel() {
    let line = Line::open(1).await;
    let request = Request::builder().method(Method::CONNECT).uri("gateway.test:443");

    let answer = line.sender.clone().send_request(request.body(Empty::new()).unwrap()).await;

    assert_eq!(answer.unwrap().status(), StatusCode::METHOD_NOT_ALLOWED);
    assert!(line.holder.hang_ups.lock().unwrap().is_empty());
}
