//! The adapter as `run` runs it, asked by a gateway over mutual TLS.

use std::{fs, path::Path};

use oncebus_adapter::{CancellationToken, Credentials, Digest};
use oncebus_proto::v1::{self as pb, adapter_service_client::AdapterServiceClient};
use oncebus_transport::Accepts;
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, ExtendedKeyUsagePurpose, IsCa, KeyPair,
    KeyUsagePurpose, SanType,
};
use tokio::sync::oneshot;
use tonic_types::StatusExt as _;

use super::support::{Scene, bytes, seal, sealed, upload};
use crate::run;

const MIB: usize = 1024 * 1024;

/// Writes `cert.pem`, `key.pem` and `ca.pem` for an identity.
fn issue(authority: &CertifiedIssuer<'_, KeyPair>, spiffe_id: &str, dir: &Path) {
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::default();
    params.subject_alt_names = vec![SanType::URI(spiffe_id.try_into().unwrap())];
    params.is_ca = IsCa::ExplicitNoCa;
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages =
        vec![ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth];
    let certificate = params.signed_by(&key, authority).unwrap();
    fs::create_dir_all(dir).unwrap();
    fs::write(dir.join("cert.pem"), certificate.pem()).unwrap();
    fs::write(dir.join("key.pem"), key.serialize_pem()).unwrap();
    fs::write(dir.join("ca.pem"), authority.pem()).unwrap();
}

fn authority() -> CertifiedIssuer<'static, KeyPair> {
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap()
}

fn request(content: &oncebus_adapter::Content) -> pb::FetchRequest {
    pb::FetchRequest {
        material_type: content.material_type.to_string(),
        subject: Some(pb::Subject {
            scheme: content.subject.scheme().as_str().to_owned(),
            value: content.subject.value().to_owned(),
        }),
        number: content.number.as_str().to_owned(),
        digest: Some(pb::Digest {
            algorithm: pb::DigestAlgorithm::Sha256.into(),
            value: content.digest.as_bytes().to_vec().into(),
        }),
        size_bytes: content.size_bytes as i64,
        offset: 0,
        sealed: content.sealed,
    }
}

#[tokio::test]
async fn a_gateway_uploads_and_fetches_and_is_told_why_not() {
    let scene = Scene::new();
    let held = scene.hold("N1", &bytes(MIB));
    fs::write(scene.content_path(&held), bytes(MIB - 1)).unwrap();
    let (config, authority) = (scene.config.clone(), authority());
    let gateway = scene.outside("gateway");
    issue(&authority, "spiffe://oncebus.test/dept/market/adapter/files", &scene.outside(""));
    issue(&authority, "spiffe://oncebus.test/gateway/g1", &gateway);
    let (address, listens) = oneshot::channel();
    let shutdown = CancellationToken::new();
    let until = shutdown.clone();
    let _folder = scene.stopped();
    let running = tokio::spawn(run(config, until, |at| address.send(at).unwrap()));
    let credentials = Credentials::load(
        &gateway.join("cert.pem"),
        &gateway.join("key.pem"),
        &gateway.join("ca.pem"),
        "oncebus.test".parse().unwrap(),
    )
    .unwrap();
    let dialer = credentials.dialer(Accepts::AdaptersOf("market".to_owned())).unwrap();
    let endpoint = format!("https://{}", listens.await.unwrap());
    let mut client = AdapterServiceClient::new(dialer.channel(&endpoint).unwrap());

    let content = bytes(2 * MIB + 7);
    for (at, piece) in content.chunks(MIB).enumerate() {
        let request = pb::StageRequest {
            upload: upload(1).to_string(),
            offset: (at * MIB) as i64,
            data: piece.to_vec().into(),
        };
        client.stage(request).await.unwrap();
    }
    let announced = seal(&upload(1), &content);
    let request_of_seal = pb::SealRequest {
        upload: upload(1).to_string(),
        size_bytes: content.len() as i64,
        digest: request(&sealed(&content)).digest,
        chunk_root: announced.chunk_root.as_bytes().to_vec().into(),
    };
    let answer = client.seal(request_of_seal).await.unwrap().into_inner();
    let mut stream = client.fetch(request(&sealed(&content))).await.unwrap().into_inner();
    let mut received = Vec::new();
    while let Some(chunk) = stream.message().await.unwrap() {
        received.extend_from_slice(&chunk.data);
    }
    let refused = client.fetch(request(&held)).await.unwrap_err();

    assert!(!answer.already_sealed);
    assert_eq!(Digest::of(&received), Digest::of(&content));
    assert_eq!(refused.get_details_error_info().unwrap().reason, "SIZE_MISMATCH");
    shutdown.cancel();
    running.await.unwrap().unwrap();
}
