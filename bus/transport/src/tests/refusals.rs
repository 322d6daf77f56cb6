//! Who is let in, who is not, and under which reason that is counted.

use std::sync::Arc;

use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, SanType,
    date_time_ymd,
};
use rustls::{
    HandshakeKind,
    client::Resumption,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
    sign::CertifiedKey,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use super::{
    authority::{Authority, Pair, leaf},
    town::{FIRE, Town, call, shake, showing},
};
use crate::{Accepts, Identity, Limits, Refusal, tls};

/// A TLS 1.2 hello: X25519, ECDHE-ECDSA-AES128-GCM-SHA256, no `supported_versions`.
const TLS_1_2_HELLO: &[u8] = &[
    0x16, 0x03, 0x01, 0x00, 0x4e, 0x01, 0x00, 0x00, 0x4a, 0x03, 0x03, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7,
    7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 0x00, 0x00, 0x02, 0xc0, 0x2b,
    0x01, 0x00, 0x00, 0x1f, 0x00, 0x0a, 0x00, 0x04, 0x00, 0x02, 0x00, 0x1d, 0x00, 0x0d, 0x00, 0x04,
    0x00, 0x02, 0x04, 0x03, 0x00, 0x0b, 0x00, 0x02, 0x01, 0x00, 0x00, 0x17, 0x00, 0x00, 0xff, 0x01,
    0x00, 0x01, 0x00,
];

fn certified(chain: &[&str], key: &str) -> CertifiedKey {
    let pem = chain.concat();
    let chain = CertificateDer::pem_slice_iter(pem.as_bytes()).collect::<Result<_, _>>().unwrap();
    let key = PrivateKeyDer::from_pem_slice(key.as_bytes()).unwrap();
    CertifiedKey::from_der(chain, key, &tls::provider()).unwrap()
}

/// Shows `pair` to the town, and returns how it is refused.
async fn refused(town: &mut Town, pair: &Pair) -> Refusal {
    let trusting = town.authority.credentials(FIRE);
    let shown = certified(&[&pair.certificate], &pair.key);
    let config = showing(&trusting, Some(shown));
    if let Ok(mut stream) = shake(town.address(), config).await {
        // With TLS 1.3 the refusal is the first thing that a client reads.
        let read = stream.read(&mut [0; 64]).await;
        assert!(read.is_err(), "the certificate was taken");
    }
    town.refusal().await
}

async fn refused_leaf(town: &mut Town, params: &CertificateParams) -> Refusal {
    let pair = town.authority.sign(params);
    refused(town, &pair).await
}

#[tokio::test]
async fn a_system_is_let_in_and_every_call_knows_it() {
    let mut town = Town::with(Limits::default()).await;

    let answer = call(&town.channel(FIRE), "/peer").await.unwrap();

    assert_eq!(answer.headers()["grpc-status"], "0");
    let peer = town.service.peers.lock().unwrap()[0].clone();
    let (department, name) = ("fire".to_owned(), "window-1".to_owned());
    assert_eq!(peer.identity, Identity::System { department, name });
    assert_eq!(peer.spiffe_id, FIRE);
    assert_ne!(peer.certificate, [0; 32]);
    assert!(peer.address.ip().is_loopback());
    assert!(town.no_refusal());
}

#[tokio::test]
async fn a_system_certified_by_a_branch_authority_is_let_in() {
    let town = Town::with(Limits::default()).await;
    let branch = town.authority.branch("branch");
    let pair = branch.sign(&leaf(&[FIRE]));
    let shown = certified(&[&pair.certificate, &branch.pem], &pair.key);
    let config = showing(&town.authority.credentials(FIRE), Some(shown));

    let mut stream = shake(town.address(), config).await.unwrap();

    // The server's HTTP/2 settings.
    assert!(stream.read(&mut [0; 9]).await.unwrap() > 0);
}

#[tokio::test]
async fn a_leaf_needs_its_usage_though_its_branch_authority_needs_none() {
    let mut town = Town::with(Limits::default()).await;
    let branch = town.authority.branch("branch");
    let mut params = leaf(&[FIRE]);
    params.extended_key_usages.clear();
    let mut pair = branch.sign(&params);
    pair.certificate.push_str(&branch.pem);

    assert_eq!(refused(&mut town, &pair).await, Refusal::UntrustedCertificate);
}

#[tokio::test]
async fn nobody_is_let_in_without_a_certificate() {
    let mut town = Town::with(Limits::default()).await;
    let config = showing(&town.authority.credentials(FIRE), None);

    let mut stream = shake(town.address(), config).await.unwrap();

    assert!(stream.read(&mut [0; 64]).await.is_err());
    assert_eq!(town.refusal().await, Refusal::NoCertificate);
}

#[tokio::test]
async fn certificates_that_cannot_be_trusted_are_refused() {
    let mut town = Town::with(Limits::default()).await;
    let foreign = Authority::new("elsewhere").sign(&leaf(&[FIRE]));
    // The same name as our authority, another key: the signature is what is wrong.
    let impostor = Authority::new("town").sign(&leaf(&[FIRE]));
    let spoiled = |spoil: fn(&mut CertificateParams)| {
        let mut params = leaf(&[FIRE]);
        spoil(&mut params);
        params
    };
    let expired = spoiled(|leaf| leaf.not_after = date_time_ymd(2021, 1, 1));
    let early = spoiled(|leaf| leaf.not_before = date_time_ymd(2089, 1, 1));
    let authority = spoiled(|leaf| leaf.is_ca = IsCa::Ca(BasicConstraints::Unconstrained));
    let for_nothing = spoiled(|leaf| leaf.extended_key_usages.clear());
    let for_servers =
        spoiled(|leaf| leaf.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth]);

    for pair in [foreign, impostor] {
        assert_eq!(refused(&mut town, &pair).await, Refusal::UntrustedCertificate);
    }
    for params in [expired, early, authority, for_nothing, for_servers] {
        let refusal = refused_leaf(&mut town, &params).await;
        assert_eq!(refusal, Refusal::UntrustedCertificate, "{params:?}");
    }
}

#[tokio::test]
async fn trusted_certificates_without_exactly_one_name_of_ours_are_refused() {
    let mut town = Town::with(Limits::default()).await;
    let mut common_name = leaf(&[]);
    common_name.distinguished_name.push(DnType::CommonName, FIRE);
    let mut dns_only = leaf(&[]);
    dns_only.subject_alt_names = vec![SanType::DnsName("fire.oncebus.test".try_into().unwrap())];
    let second = "spiffe://oncebus.test/dept/housing/system/window-1";

    for params in [
        common_name,
        dns_only,
        leaf(&[FIRE, second]),
        leaf(&[FIRE, "https://fire.example/"]),
        leaf(&["spiffe://elsewhere.test/dept/fire/system/window-1"]),
        leaf(&["spiffe://oncebus.test/dept/fire"]),
        leaf(&["https://oncebus.test/dept/fire/system/window-1"]),
    ] {
        let refusal = refused_leaf(&mut town, &params).await;
        assert_eq!(refusal, Refusal::NoIdentity, "{params:?}");
    }
}

#[tokio::test]
async fn identities_of_another_kind_are_refused() {
    let mut town = Town::with(Limits::default()).await;

    for uri in
        ["spiffe://oncebus.test/dept/fire/adapter/files", "spiffe://oncebus.test/gateway/gw-2"]
    {
        assert_eq!(refused_leaf(&mut town, &leaf(&[uri])).await, Refusal::WrongKind);
    }
}

#[tokio::test]
async fn tls_1_2_is_not_spoken() {
    let mut town = Town::with(Limits::default()).await;
    let mut socket = TcpStream::connect(town.address()).await.unwrap();

    socket.write_all(TLS_1_2_HELLO).await.unwrap();
    let mut answer = Vec::new();
    socket.read_to_end(&mut answer).await.unwrap();

    // A fatal alert, protocol_version (70).
    assert_eq!(answer, [0x15, 0x03, 0x03, 0x00, 0x02, 0x02, 70]);
    assert_eq!(town.refusal().await, Refusal::HandshakeFailed);
}

#[tokio::test]
async fn noise_and_silence_and_other_protocols_are_counted_as_failed() {
    let mut town = Town::with(Limits::default()).await;

    let mut socket = TcpStream::connect(town.address()).await.unwrap();
    socket.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").await.unwrap();
    assert_eq!(town.refusal().await, Refusal::HandshakeFailed);

    drop(TcpStream::connect(town.address()).await.unwrap());
    assert_eq!(town.refusal().await, Refusal::HandshakeFailed);

    let mut config =
        (*tls::client(&town.authority.credentials(FIRE), Accepts::Gateways).unwrap()).clone();
    config.alpn_protocols.clear();
    let mut stream = shake(town.address(), Arc::new(config)).await.unwrap();
    assert_eq!(stream.read(&mut [0; 64]).await.unwrap_or(0), 0);
    assert_eq!(town.refusal().await, Refusal::HandshakeFailed);
}

#[tokio::test]
async fn no_session_is_resumed_so_every_connection_shows_its_certificate() {
    let town = Town::with(Limits::default()).await;
    let mut config =
        (*tls::client(&town.authority.credentials(FIRE), Accepts::Gateways).unwrap()).clone();
    config.resumption = Resumption::in_memory_sessions(8);
    let config = Arc::new(config);

    for _ in 0..2 {
        let mut stream = shake(town.address(), Arc::clone(&config)).await.unwrap();
        // Tickets would come before the server's HTTP/2 settings.
        assert!(stream.read(&mut [0; 64]).await.unwrap() > 0);

        assert_eq!(stream.get_ref().1.handshake_kind(), Some(HandshakeKind::Full));
        assert_eq!(stream.get_ref().1.tls13_tickets_received(), 0);
    }
}

#[tokio::test]
async fn key_exchange_is_post_quantum() {
    let town = Town::with(Limits::default()).await;

    let stream = town.knock(&town.authority.credentials(FIRE)).await;

    let group = stream.get_ref().1.negotiated_key_exchange_group().unwrap();
    assert_eq!(group.name(), rustls::NamedGroup::X25519MLKEM768);
}
