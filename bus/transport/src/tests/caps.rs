//! How many may come in, and what strangers can take from those who may.

use std::time::Duration;

use bytes::Bytes;
use futures_util::{StreamExt as _, stream};
use http::Request;
use http_body::Frame;
use http_body_util::StreamBody;
use tokio::{io::AsyncReadExt, net::TcpStream};
use tonic::{Status, body::Body};
use tower::ServiceExt as _;

use super::town::{FIRE, Town, call};
use crate::{Limits, Refusal};

const WATER: &str = "spiffe://oncebus.test/dept/water/system/window-1";

#[tokio::test]
async fn idle_sockets_of_one_address_keep_no_newcomer_out() {
    let mut town = Town::with(Limits::default()).await;
    let mut idle = Vec::new();
    for _ in 0..40 {
        idle.push(TcpStream::connect(town.address()).await.unwrap());
    }

    for _ in 0..10 {
        call(&town.channel(FIRE), "/peer").await.unwrap();
    }

    // 32 may be unfinished; the oldest 8 of the 40, and one for each newcomer at most, had to go.
    for _ in 0..8 {
        assert_eq!(town.refusal().await, Refusal::HandshakeDropped);
    }
    assert_eq!(idle[0].read(&mut [0; 1]).await.unwrap_or(0), 0, "the oldest is still open");
}

#[tokio::test]
async fn the_oldest_of_all_unfinished_handshakes_makes_way() {
    let limits = Limits { handshakes: 4, handshakes_per_address: 100, ..Limits::default() };
    let mut town = Town::with(limits).await;
    let mut idle = Vec::new();
    for _ in 0..4 {
        idle.push(TcpStream::connect(town.address()).await.unwrap());
    }

    call(&town.channel(FIRE), "/peer").await.unwrap();

    assert_eq!(town.refusal().await, Refusal::HandshakeDropped);
    assert_eq!(idle[0].read(&mut [0; 1]).await.unwrap_or(0), 0);
    assert!(idle[3].try_read(&mut [0; 1]).is_err(), "the youngest was dropped");
}

#[tokio::test]
async fn a_silent_handshake_ends_in_its_time() {
    let limits = Limits { handshake_timeout: Duration::from_millis(20), ..Limits::default() };
    let mut town = Town::with(limits).await;

    let mut silent = TcpStream::connect(town.address()).await.unwrap();

    assert_eq!(town.refusal().await, Refusal::HandshakeTimeout);
    assert_eq!(silent.read(&mut [0; 1]).await.unwrap_or(0), 0);
}

#[tokio::test]
async fn connections_of_all_are_capped_and_a_freed_place_is_given_again() {
    let mut town = Town::with(Limits { connections: 2, ..Limits::default() }).await;
    let (first, second) = (town.channel(FIRE), town.channel(WATER));
    call(&first, "/peer").await.unwrap();
    call(&second, "/peer").await.unwrap();

    assert!(call(&town.channel(FIRE), "/peer").await.is_err());
    assert_eq!(town.refusal().await, Refusal::TooManyConnections);

    drop(first);
    town.until_open(1).await;
    call(&town.channel(FIRE), "/peer").await.unwrap();
}

#[tokio::test]
async fn connections_of_one_address_are_capped() {
    let mut town = Town::with(Limits { connections_per_address: 1, ..Limits::default() }).await;
    let first = town.channel(FIRE);
    call(&first, "/peer").await.unwrap();

    assert!(call(&town.channel(WATER), "/peer").await.is_err());

    assert_eq!(town.refusal().await, Refusal::TooManyConnectionsOfAddress);
    call(&first, "/peer").await.unwrap();
}

#[tokio::test]
async fn connections_of_one_certificate_are_capped() {
    let mut town = Town::with(Limits { connections_per_certificate: 1, ..Limits::default() }).await;
    let credentials = town.authority.credentials(FIRE);
    let _first = town.knock(&credentials).await;
    town.until_open(1).await;

    let mut second = town.knock(&credentials).await;

    assert_eq!(second.read(&mut [0; 1]).await.unwrap_or(0), 0);
    assert_eq!(town.refusal().await, Refusal::TooManyConnectionsOfCertificate);
    call(&town.channel(FIRE), "/peer").await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn answers_before_the_end_of_their_requests_cost_nobody_the_connection() {
    let town = Town::with(Limits { local_resets: 4, ..Limits::default() }).await;
    let channel = town.channel(FIRE);

    let calls = (0..1_000).map(|_| {
        let channel = channel.clone();
        async move {
            let pieces = stream::iter((0..8).map(|_| Ok::<_, Status>(piece())));
            let body = Body::new(StreamBody::new(pieces));
            channel.oneshot(Request::post("/peer").body(body).unwrap()).await
        }
    });
    let answers: Vec<_> = stream::iter(calls).buffer_unordered(32).collect().await;

    let lost = answers.iter().filter(|answer| answer.is_err()).count();
    assert_eq!(lost, 0, "{:?}", answers.iter().find_map(|answer| answer.as_ref().err()));
}

/// A part of a request that nobody reads.
fn piece() -> Frame<Bytes> {
    Frame::data(Bytes::from_static(&[0; 16 * 1024]))
}
