//! Peers that ask and do not read.

use std::time::Duration;

use http_body_util::BodyExt;
use tokio::io::AsyncWriteExt;

use super::town::{FIRE, Town, call};
use crate::{Limits, Refusal};

const SOON: Duration = Duration::from_millis(50);
const LATER: Duration = Duration::from_secs(3_600);
const WATER: &str = "spiffe://oncebus.test/dept/water/system/window-1";

/// A call of `/endless` by a peer whose windows are as wide as HTTP/2 has them.
const ENDLESS: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\
    \x00\x00\x06\x04\x00\x00\x00\x00\x00\x00\x04\x7f\xff\xff\xff\
    \x00\x00\x04\x08\x00\x00\x00\x00\x00\x7f\x00\x00\x00\
    \x00\x00\x0c\x01\x05\x00\x00\x00\x01\x83\x87\x04\x08/endless";

#[tokio::test]
async fn an_answer_that_nobody_takes_is_counted_and_costs_no_other_call() {
    let mut town = Town::with(Limits { response_progress: SOON, ..Limits::default() }).await;
    let (stalled, other) = (town.channel(FIRE), town.channel(WATER));
    let unread = call(&stalled, "/endless").await.unwrap();

    assert_eq!(town.refusal().await, Refusal::SlowReader);
    call(&stalled, "/peer").await.unwrap();
    call(&other, "/peer").await.unwrap();

    let ports = town.service.ports();
    assert_eq!(ports[0], ports[1], "the stalled call's connection was lost");
    assert!(unread.into_body().collect().await.is_err());
}

#[tokio::test]
async fn a_peer_that_reads_nothing_at_all_loses_its_connection() {
    let mut town = Town::with(Limits { response_progress: SOON, ..Limits::default() }).await;
    let mut deaf = town.knock(&town.authority.credentials(FIRE)).await;

    deaf.write_all(ENDLESS).await.unwrap();
    deaf.flush().await.unwrap();

    assert_eq!(town.refusal().await, Refusal::SlowReader);
    town.until_open(0).await;
}

#[tokio::test]
async fn windows_that_are_shut_keep_no_connection_past_its_drain() {
    let limits = Limits { age: SOON, drain: SOON, response_progress: LATER, ..Limits::default() };
    let town = Town::with(limits).await;

    let unread = call(&town.channel(FIRE), "/endless").await.unwrap();

    town.until_open(0).await;
    drop(unread);
}
