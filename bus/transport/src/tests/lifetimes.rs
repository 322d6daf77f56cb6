//! How long connections live, and how they end.

use std::{sync::Arc, thread, time::Duration};

use http::{Request, Response};
use http_body_util::BodyExt;
use tokio::{
    io::AsyncReadExt,
    net::{TcpListener, TcpStream},
    runtime,
    sync::oneshot,
};
use tonic::{Status, body::Body};

use super::{
    authority::Authority,
    town::{FIRE, GATEWAY, Handler, Town, call, counter},
};
use crate::{Accepts, Limits, RequestBody, Worker, serve, was_not_sent};

const SOON: Duration = Duration::from_millis(30);
const LATER: Duration = Duration::from_secs(20);

#[tokio::test]
async fn a_connection_without_a_request_is_closed() {
    let town = Town::with(Limits { first_request: SOON, ..Limits::default() }).await;

    let mut stream = town.knock(&town.authority.credentials(FIRE)).await;
    let mut sent = Vec::new();
    let _ = stream.read_to_end(&mut sent).await;

    town.until_open(0).await;
}

#[tokio::test]
async fn an_idle_connection_is_closed_and_the_caller_does_not_notice() {
    let town = Town::with(Limits { idle: SOON, ..Limits::default() }).await;
    let channel = town.channel(FIRE);
    call(&channel, "/peer").await.unwrap();

    town.until_open(0).await;
    call(&channel, "/peer").await.unwrap();

    let ports = town.service.ports();
    assert_ne!(ports[0], ports[1]);
}

#[tokio::test]
async fn a_connection_with_a_call_in_flight_is_not_idle() {
    let town = Town::with(Limits { idle: SOON, ..Limits::default() }).await;
    let channel = town.channel(FIRE);
    let waiting = tokio::spawn({
        let channel = channel.clone();
        async move { call(&channel, "/wait").await }
    });
    town.service.begun().await;

    // Twice the limit passes by the runtime's own timer: the call is what keeps the connection.
    tokio::time::sleep(2 * SOON).await;
    assert_eq!(town.serving.connections(), 1);

    town.service.let_go();
    waiting.await.unwrap().unwrap();
    town.until_open(0).await;
}

#[tokio::test]
async fn a_streamed_answer_is_a_call_in_flight_to_its_end() {
    let town = Town::with(Limits { idle: SOON, ..Limits::default() }).await;
    let answer = call(&town.channel(FIRE), "/stream").await.unwrap().into_body();
    town.service.begun().await;

    tokio::time::sleep(2 * SOON).await;
    town.service.let_go();

    assert_eq!(answer.collect().await.unwrap().to_bytes(), "chunkchunk");
    town.until_open(0).await;
}

#[tokio::test]
async fn an_old_connection_sends_new_calls_elsewhere_and_ends_the_one_in_flight() {
    let limits = Limits { age: SOON, age_jitter_percent: 0, drain: LATER, ..Limits::default() };
    let town = Town::with(limits).await;
    let channel = town.channel(FIRE);
    let waiting = tokio::spawn({
        let channel = channel.clone();
        async move { call(&channel, "/wait").await }
    });
    town.service.begun().await;
    let old = town.service.ports()[0];

    // Calls go over the same channel until the goodbye has arrived; one that crosses it is not sent.
    while town.service.ports().last() == Some(&old) {
        if let Err(crossed) = call(&channel, "/peer").await {
            assert!(was_not_sent(&crossed), "{crossed:?}");
        }
    }

    town.service.let_go();
    waiting.await.unwrap().unwrap();
}

#[tokio::test]
async fn an_old_connection_is_cut_when_its_drain_is_over() {
    let limits = Limits { age: SOON, drain: SOON, ..Limits::default() };
    let town = Town::with(limits).await;

    let cut = call(&town.channel(FIRE), "/wait").await;

    assert!(cut.is_err());
    town.until_open(0).await;
}

#[tokio::test]
async fn a_drain_refuses_newcomers_and_lets_the_call_in_flight_end() {
    let town = Town::with(Limits::default()).await;
    let (address, handler) = (town.address(), Arc::clone(&town.service));
    let channel = town.channel(FIRE);
    let waiting = tokio::spawn(async move { call(&channel, "/wait").await });
    handler.begun().await;

    let drain = tokio::spawn(town.serving.drain(LATER));
    while TcpStream::connect(address).await.is_ok() {
        tokio::task::yield_now().await;
    }
    handler.let_go();

    waiting.await.unwrap().unwrap();
    let drained = drain.await.unwrap();
    assert_eq!(drained.cut, 0);
    assert!(drained.after < LATER);
}

#[tokio::test]
async fn a_drain_cuts_what_does_not_end_in_its_grace() {
    let town = Town::with(Limits::default()).await;
    let channel = town.channel(FIRE);
    let waiting = tokio::spawn(async move { call(&channel, "/wait").await });
    town.service.begun().await;

    let drained = town.serving.drain(SOON).await;

    assert_eq!(drained.cut, 1);
    assert!(waiting.await.unwrap().is_err());
}

#[tokio::test]
async fn a_drain_does_not_wait_for_peers_that_say_nothing() {
    let town = Town::with(Limits { handshake_timeout: LATER, ..Limits::default() }).await;
    let _silent = TcpStream::connect(town.address()).await.unwrap();
    let _mute = town.knock(&town.authority.credentials(FIRE)).await;
    call(&town.channel(FIRE), "/peer").await.unwrap();

    let drained = town.serving.drain(LATER).await;

    assert!(drained.after < LATER / 2, "{drained:?}");
}

#[tokio::test]
async fn a_dropped_listener_cuts_its_connections() {
    let town = Town::with(Limits::default()).await;
    let channel = town.channel(FIRE);
    let waiting = tokio::spawn(async move { call(&channel, "/wait").await });
    town.service.begun().await;

    drop(town);

    assert!(waiting.await.unwrap().is_err());
}

#[tokio::test]
async fn headers_over_the_limit_reach_no_handler() {
    let town = Town::with(Limits::default()).await;
    let channel = town.channel(FIRE);
    let mut request = Request::post("/peer").body(Body::empty()).unwrap();
    request.headers_mut().insert("x-big", "x".repeat(9 * 1024).parse().unwrap());

    let answer = tower::ServiceExt::oneshot(channel, request).await;

    assert!(answer.is_err() || answer.is_ok_and(|answer| answer.status() != 200));
    assert!(town.service.ports().is_empty());
}

/// A data plane thread as the gateway has them, one runtime each.
fn data_plane(name: &str) -> (runtime::Handle, oneshot::Sender<()>) {
    let plane = runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let (handle, (stop, stopped)) = (plane.handle().clone(), oneshot::channel::<()>());
    let run = move || {
        let _ = plane.block_on(stopped);
    };
    thread::Builder::new().name(name.to_owned()).spawn(run).unwrap();
    (handle, stop)
}

#[tokio::test]
async fn connections_are_dealt_to_the_workers_in_turn() {
    let names = || {
        tower::service_fn(|_: Request<RequestBody>| async {
            let mut answer: Response<Body> = Status::ok("").into_http();
            let name = thread::current().name().unwrap().parse().unwrap();
            answer.headers_mut().insert("thread", name);
            Ok(answer)
        })
    };
    let (one, stop_one) = data_plane("plane-1");
    let (two, stop_two) = data_plane("plane-2");
    let workers = vec![Worker::new(one, names()), Worker::new(two, names())];
    let town = Town::serving(Limits::default(), Arc::new(Handler::default()), workers).await;

    let mut threads = Vec::new();
    for _ in 0..4 {
        let answer = call(&town.channel(FIRE), "/").await.unwrap();
        threads.push(answer.headers()["thread"].to_str().unwrap().to_owned());
    }

    assert_eq!(threads, ["plane-1", "plane-2", "plane-1", "plane-2"]);
    assert_eq!(town.serving.drain(LATER).await.cut, 0);
    drop((stop_one, stop_two));
}

#[tokio::test]
async fn a_listener_needs_a_worker() {
    let authority = Authority::new("town");
    let tls = authority.credentials(GATEWAY).server(Accepts::Systems).unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (counter, _refused) = counter();

    let none = serve(listener, tls, Limits::default(), vec![], counter);

    assert_eq!(none.err().unwrap().kind(), std::io::ErrorKind::InvalidInput);
}
