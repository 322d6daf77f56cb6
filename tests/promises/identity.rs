//! Who may call, and what those hear who may not.

use oncebus_proto::v1 as pb;
use oncebus_tests::{Authority, Document, Pair, TestBus, leaf, reason, receipt};
use tonic::{Code, Status};

async fn try_as(bus: &TestBus, pair: &Pair) -> Result<(), Status> {
    let mut catalog = bus.client_with(pair).catalog;
    catalog.list_departments(pb::ListDepartmentsRequest::default()).await.map(drop)
}

/// Waits until as many refusals are on record: a peer hears of its refusal before it is counted.
async fn counted(bus: &TestBus, reason: &str, expected: i64) {
    let auditor = bus.client("audit");
    let all_there = async {
        loop {
            bus.gateway().record_refusals().await;
            let records = auditor.records().await;
            let counted = records.iter().filter(|r| r.kind == "refused" && r.reason == reason);
            let count: i64 = counted.map(|record| record.count).sum();
            assert!(count <= expected, "{count} refusals are counted");
            if count == expected {
                return;
            }
        }
    };
    let waited = tokio::time::timeout(std::time::Duration::from_secs(10), all_there).await;
    assert!(waited.is_ok(), "{reason} is not counted");
}

#[tokio::test]
async fn a_certificate_of_another_authority_is_refused_and_counted() {
    let bus = TestBus::start().await;
    let stranger = Authority::new("another authority");
    let pair = stranger.sign(&leaf(&["spiffe://oncebus.test/dept/planning/system/test"]));

    let refused = try_as(&bus, &pair).await;

    assert!(refused.is_err());
    counted(&bus, "UNTRUSTED_CERTIFICATE", 1).await;
}

#[tokio::test]
async fn a_certificate_without_a_spiffe_name_is_refused_and_counted() {
    let bus = TestBus::start().await;
    let two = ["spiffe://oncebus.test/dept/planning/system/a", "https://planning.example/"];
    let pairs = [leaf(&[]), leaf(&["https://planning.example/"]), leaf(&two)];

    for params in &pairs {
        assert!(raw_tls(&bus, Some(&bus.authority.sign(params))).await.is_err());
    }

    counted(&bus, "NO_IDENTITY", 3).await;
}

#[tokio::test]
async fn a_peer_without_a_certificate_is_refused_and_counted() {
    let bus = TestBus::start().await;

    assert!(raw_tls(&bus, None).await.is_err());

    counted(&bus, "NO_CERTIFICATE", 1).await;
}

#[tokio::test]
async fn an_adapter_is_no_system() {
    let bus = TestBus::start().await;
    let pair = bus.authority.sign(&leaf(&["spiffe://oncebus.test/dept/planning/adapter/files"]));

    assert!(try_as(&bus, &pair).await.is_err());

    counted(&bus, "WRONG_KIND", 1).await;
}

#[tokio::test]
async fn a_department_that_is_not_in_the_catalogue_is_refused_and_counted() {
    let bus = TestBus::start().await;
    let refused = try_as(&bus, &bus.pair("tourism")).await.unwrap_err();

    assert_eq!(refused.code(), Code::PermissionDenied);
    assert_eq!(reason(&refused), "UNKNOWN_DEPARTMENT");
    counted(&bus, "UNKNOWN_DEPARTMENT", 1).await;
}

#[tokio::test]
async fn a_department_without_permission_is_denied_with_a_record_and_no_adapter_hears_of_it() {
    let bus = TestBus::start().await;
    let contract = Document::new("construction_contract", "C-1", "secret");
    bus.client("housing").publish(&contract).await.unwrap();
    let before = bus.adapter_calls();
    // Market may fetch M01 to M26 and publish nothing; audit may do neither.
    let absent = Document { number: "C-404".to_owned(), ..contract.clone() };

    let publish = bus.client("market").publish(&contract).await.unwrap_err();
    let held = bus.client("audit").fetch(contract.fetch()).await.unwrap_err();
    let missing = bus.client("audit").fetch(absent.fetch()).await.unwrap_err();

    for refused in [&publish, &held, &missing] {
        assert_eq!(refused.code(), Code::PermissionDenied);
        assert_eq!(reason(refused), "ACCESS_DENIED");
        let index = receipt(refused).expect("a refusal has a receipt").index;
        let records = bus.client("audit").records().await;
        let record = records.iter().find(|record| record.index == index).unwrap();
        assert_eq!((record.outcome.as_str(), record.reason.as_str()), ("denied", "ACCESS_DENIED"));
    }
    assert_eq!(held.message(), missing.message(), "the refusal tells whether it exists");
    assert_eq!(bus.adapter_calls(), before);
}

#[tokio::test]
async fn a_call_without_purpose_is_refused_and_counted() {
    let bus = TestBus::start().await;
    let mut request = Document::new("M01", "L-1", "").fetch();
    request.purpose = None;

    let refused = bus.client("planning").fetch(request).await.unwrap_err();

    assert_eq!(
        (refused.code(), reason(&refused).as_str()),
        (Code::InvalidArgument, "INVALID_FIELD")
    );
    assert!(refused.message().starts_with("purpose is missing"), "{}", refused.message());
    counted(&bus, "INVALID_FIELD", 1).await;
    assert_eq!(bus.adapter_calls(), 0);
}

/// Shakes hands as a library would that knows nothing of us, and waits for what comes back.
async fn raw_tls(bus: &TestBus, pair: Option<&Pair>) -> std::io::Result<()> {
    use rustls::pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _};
    use tokio::io::AsyncReadExt as _;

    let mut roots = rustls::RootCertStore::empty();
    let ca = CertificateDer::from_pem_slice(bus.authority.pem.as_bytes()).unwrap();
    roots.add(ca).unwrap();
    let provider = std::sync::Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .dangerous()
        .with_custom_certificate_verifier(std::sync::Arc::new(Trusting));
    let mut config = match pair {
        None => config.with_no_client_auth(),
        Some(pair) => {
            let certificate = CertificateDer::from_pem_slice(pair.certificate.as_bytes()).unwrap();
            let key = PrivateKeyDer::from_pem_slice(pair.key.as_bytes()).unwrap();
            config.with_client_auth_cert(vec![certificate], key).unwrap()
        }
    };
    config.alpn_protocols = vec![b"h2".to_vec()];
    let socket = tokio::net::TcpStream::connect(bus.gateway().address()).await?;
    let connector = tokio_rustls::TlsConnector::from(std::sync::Arc::new(config));
    let mut stream = connector.connect("127.0.0.1".try_into().unwrap(), socket).await?;
    // The server's verdict on our certificate comes with its first bytes.
    let mut byte = [0];
    stream.read_exact(&mut byte).await.map(drop)
}

/// Takes any server: these tests look at the other side.
#[derive(Debug)]
struct Trusting;

impl rustls::client::danger::ServerCertVerifier for Trusting {
    fn verify_server_cert(
        &self,
        _end_entity: &rustls::pki_types::CertificateDer<'_>,
        _intermediates: &[rustls::pki_types::CertificateDer<'_>],
        _server_name: &rustls::pki_types::ServerName<'_>,
        _ocsp: &[u8],
        _now: rustls::pki_types::UnixTime,
    ) -> Result<rustls::client::danger::ServerCertVerified, rustls::Error> {
        Ok(rustls::client::danger::ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _message: &[u8],
        _cert: &rustls::pki_types::CertificateDer<'_>,
        _dss: &rustls::DigitallySignedStruct,
    ) -> Result<rustls::client::danger::HandshakeSignatureValid, rustls::Error> {
        Err(rustls::Error::General("TLS 1.2 is not expected".to_owned()))
    }

    fn verify_tls13_signature(
        &self,
        _message: &[u8],
        _cert: &rustls::pki_types::CertificateDer<'_>,
        _dss: &rustls::DigitallySignedStruct,
    ) -> Result<rustls::client::danger::HandshakeSignatureValid, rustls::Error> {
        Ok(rustls::client::danger::HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<rustls::SignatureScheme> {
        vec![rustls::SignatureScheme::ECDSA_NISTP256_SHA256]
    }
}
