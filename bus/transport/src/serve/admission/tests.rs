//! Who may come in, by the numbers.

use super::*;

const HOME: &str = "192.0.2.1";
const AWAY: &str = "192.0.2.2";

fn admission(change: impl FnOnce(&mut Limits)) -> Arc<Admission> {
    let mut limits = Limits {
        connections: 4,
        connections_per_address: 3,
        connections_per_certificate: 2,
        handshakes: 3,
        handshakes_per_address: 2,
        ..Limits::default()
    };
    change(&mut limits);
    Arc::new(Admission::new(&limits))
}

fn ip(text: &str) -> IpAddr {
    text.parse().unwrap()
}

#[test]
fn the_oldest_of_the_newcomers_address_gives_way_first() {
    let admission = admission(|_| {});
    let stranger = admission.admit(ip(AWAY)).unwrap();
    let oldest = admission.admit(ip(HOME)).unwrap();
    let younger = admission.admit(ip(HOME)).unwrap();

    let newcomer = admission.admit(ip(HOME)).unwrap();

    assert!(oldest.dropped.is_cancelled());
    for kept in [stranger, younger, newcomer] {
        assert!(!kept.dropped.is_cancelled());
    }
}

#[test]
fn the_oldest_of_all_gives_way_when_all_places_are_taken() {
    let admission = admission(|limits| limits.handshakes_per_address = 3);
    let oldest = admission.admit(ip(AWAY)).unwrap();
    let younger: Vec<_> = (0..2).map(|_| admission.admit(ip(HOME)).unwrap()).collect();

    let newcomer = admission.admit(ip(HOME)).unwrap();

    assert!(oldest.dropped.is_cancelled());
    assert!(younger.iter().all(|kept| !kept.dropped.is_cancelled()));
    assert!(!newcomer.dropped.is_cancelled());
}

#[test]
fn sockets_of_dropped_handshakes_are_bounded() {
    let admission = admission(|_| {});
    let held: Vec<_> = (0..6).map(|_| admission.admit(ip(HOME)).unwrap()).collect();

    let newcomer = admission.admit(ip(HOME));

    assert_eq!(newcomer.err(), Some(Refusal::HandshakeDropped));
    drop(held);
    assert!(admission.admit(ip(HOME)).is_ok());
}

#[test]
fn unfinished_handshakes_take_no_place_of_an_open_connection() {
    let admission = admission(|limits| limits.connections = 1);
    let _unfinished: Vec<_> = (0..3).map(|_| admission.admit(ip(HOME)).unwrap()).collect();

    let place = admission.admit(ip(AWAY)).unwrap().open([1; 32]);

    assert!(place.is_ok());
    assert_eq!(admission.open(), 1);
}

#[test]
fn every_cap_of_open_connections_holds_and_places_come_back() {
    let admission = admission(|_| {});
    let open = |address, certificate| admission.admit(ip(address))?.open([certificate; 32]);
    let first = open(HOME, 1).unwrap();
    let second = open(HOME, 1).unwrap();

    assert_eq!(open(HOME, 1).err(), Some(Refusal::TooManyConnectionsOfCertificate));
    let third = open(HOME, 2).unwrap();
    assert_eq!(open(HOME, 3).err(), Some(Refusal::TooManyConnectionsOfAddress));
    let fourth = open(AWAY, 3).unwrap();
    assert_eq!(open(AWAY, 4).err(), Some(Refusal::TooManyConnections));

    drop((first, second, third, fourth));
    assert_eq!(admission.open(), 0);
    let table = admission.table();
    assert!(table.by_address.is_empty() && table.by_certificate.is_empty());
    assert!(table.unfinished.is_empty());
    assert_eq!(table.opening, 0);
}

#[test]
fn places_taken_during_the_handshake_are_taken() {
    let admission = admission(|limits| limits.connections = 1);
    let early = admission.admit(ip(HOME)).unwrap();
    let late = admission.admit(ip(AWAY)).unwrap();

    let _open = early.open([1; 32]).unwrap();

    assert_eq!(late.open([2; 32]).err(), Some(Refusal::TooManyConnections));
}

#[test]
fn an_ipv6_network_counts_as_one_address_and_a_mapped_one_as_ipv4() {
    assert_eq!(network(ip("2001:db8:1:2::1")), network(ip("2001:db8:1:2:ffff::9")));
    assert_ne!(network(ip("2001:db8:1:2::1")), network(ip("2001:db8:1:3::1")));
    assert_eq!(network(ip("::ffff:192.0.2.1")), ip(HOME));
}
