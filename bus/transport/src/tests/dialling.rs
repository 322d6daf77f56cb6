//! Whom a client calls, and what it says when it cannot.

use tokio::net::TcpListener;

use super::{
    authority::{Authority, domain, leaf},
    town::{FIRE, GATEWAY, Town, call},
};
use crate::{Accepts, Credentials, CredentialsError, Limits, connection_cause, was_not_sent};

const FILES: &str = "spiffe://oncebus.test/dept/fire/adapter/files";

/// Calls the town as `credentials`, wanting `wanted`, and returns what went wrong.
async fn complaint(town: &Town, credentials: &Credentials, wanted: Accepts) -> String {
    let channel = credentials.dialer(wanted).unwrap().channel(&town.endpoint()).unwrap();
    let status = call(&channel, "/peer").await.unwrap_err();
    connection_cause(&status).unwrap_or_else(|| panic!("no cause in {status:?}"))
}

#[tokio::test]
async fn a_server_of_another_kind_is_not_called() {
    let town = Town::with(Limits::default()).await;
    let own = town.authority.credentials(FIRE);

    let complaint = complaint(&town, &own, Accepts::AdaptersOf("fire".to_owned())).await;

    let address = town.address();
    assert_eq!(
        complaint,
        format!("certificate of {address} is refused: {GATEWAY} is not an adapter of fire")
    );
    assert!(town.service.ports().is_empty());
}

#[tokio::test]
async fn a_server_of_another_authority_is_not_called() {
    let town = Town::with(Limits::default()).await;
    let elsewhere = Authority::new("elsewhere").credentials(FIRE);

    let complaint = complaint(&town, &elsewhere, Accepts::Gateways).await;

    assert!(complaint.contains("an authority that our trust bundle does not hold"), "{complaint}");
    assert!(town.service.ports().is_empty());
}

#[tokio::test]
async fn a_server_of_another_trust_domain_is_not_called() {
    let town = Town::with(Limits::default()).await;
    let pair = town.authority.sign(&leaf(&["spiffe://other.test/dept/fire/system/a"]));
    let other = Credentials::from_pem(
        pair.certificate.as_bytes(),
        pair.key.as_bytes(),
        town.authority.pem.as_bytes(),
        "other.test".parse().unwrap(),
    );

    let complaint = complaint(&town, &other.unwrap(), Accepts::Gateways).await;

    assert!(complaint.contains("is not of the trust domain other.test"), "{complaint}");
}

#[tokio::test]
async fn a_refused_caller_is_told_who_it_is_and_what_to_do() {
    let town = Town::with(Limits::default()).await;
    let adapter = town.authority.credentials(FILES);

    let complaint = complaint(&town, &adapter, Accepts::Gateways).await;

    let refused = format!("{} refused the certificate of {FILES}: ", town.address());
    assert!(complaint.starts_with(&refused), "{complaint}");
    assert!(complaint.contains("wrong trust domain or kind"), "{complaint}");
}

#[tokio::test]
async fn a_closed_port_is_named() {
    let town = Town::with(Limits::default()).await;
    let own = town.authority.credentials(FIRE);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);

    let dialer = own.dialer(Accepts::Gateways).unwrap();
    let channel = dialer.channel(&format!("https://{address}")).unwrap();
    let status = call(&channel, "/peer").await.unwrap_err();

    assert_eq!(status.code(), tonic::Code::Unavailable);
    let cause = connection_cause(&status).unwrap();
    assert!(cause.starts_with(&format!("cannot reach {address}: ")), "{cause}");
    assert!(was_not_sent(&status));
}

#[tokio::test]
async fn a_status_of_the_server_has_no_connection_cause() {
    let status = tonic::Status::not_found("no such thing");

    assert_eq!(connection_cause(&status), None);
    assert!(!was_not_sent(&status));
}

#[test]
fn credentials_that_cannot_be_used_say_why() {
    let authority = Authority::new("town");
    let (good, other) = (authority.sign(&leaf(&[FIRE])), authority.sign(&leaf(&[FIRE])));
    let nameless = authority.sign(&leaf(&[]));
    let load = |certificate: &str, key: &str, bundle: &str| {
        let (certificate, key) = (certificate.as_bytes(), key.as_bytes());
        Credentials::from_pem(certificate, key, bundle.as_bytes(), domain()).err()
    };
    let bundle = authority.pem.as_str();

    assert!(load(&good.certificate, &good.key, bundle).is_none());
    assert!(matches!(load(&good.certificate, &other.key, bundle), Some(CredentialsError::Key(_))));
    assert!(matches!(
        load(&nameless.certificate, &nameless.key, bundle),
        Some(CredentialsError::Identity(_))
    ));
    assert!(matches!(
        load("", &good.key, bundle),
        Some(CredentialsError::Empty { what: "certificate" })
    ));
    assert!(matches!(
        load(&good.certificate, &good.key, ""),
        Some(CredentialsError::Empty { what: "trust bundle" })
    ));
    assert!(matches!(
        load(&good.certificate, "", bundle),
        Some(CredentialsError::Pem { what: "key", .. })
    ));
}

#[test]
fn a_file_that_cannot_be_read_is_named() {
    let missing = std::path::Path::new("no-such-folder/cert.pem");

    let error = Credentials::load(missing, missing, missing, domain()).unwrap_err();

    assert_eq!(error.to_string(), "cannot read no-such-folder/cert.pem");
}

#[test]
fn no_key_is_printed() {
    let credentials = Authority::new("town").credentials(FIRE);

    assert_eq!(format!("{credentials:?}"), format!("Credentials {{ identity: {FIRE:?}, .. }}"));
}
