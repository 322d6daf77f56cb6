//! Certificates made in memory, an adapter in memory, and what calls it.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use oncebus_proto::v1::{self as pb, adapter_service_client::AdapterServiceClient};
use oncebus_transport::Accepts;
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, ExtendedKeyUsagePurpose, IsCa, KeyPair,
    KeyUsagePurpose, SanType,
};
use tokio::{net::TcpListener, task::JoinHandle};
use tonic::{Code, Status, transport::Channel};
use tonic_types::StatusExt as _;

use crate::{
    Adapter, AdapterError, CHUNK_BYTES, CancellationToken, Content, ContentStream, Credentials,
    Description, Digest, Document, Options, Query, Seal, Sealed, Subject, UploadId, Verdict,
    Verify, async_trait, serve,
};

pub(super) const ADAPTER: &str = "spiffe://oncebus.test/dept/market/adapter/memory";
pub(super) const GATEWAY: &str = "spiffe://oncebus.test/gateway/g1";
pub(super) const UPLOAD: &str = "4be43c02-9e60-4e83-a3c6-4aaee1b9c3a7";

/// An authority that gives identities.
pub(super) struct Authority(CertifiedIssuer<'static, KeyPair>);

/// What [`Memory`] does instead of answering rightly.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mood {
    Honest,
    OtherSubject,
    OtherType,
    OtherNumber,
    SameNumberTwice,
    TooMany,
    WrongContent,
    WrongStagedLength,
    Panics,
    CannotStore,
    CannotVerify,
    OtherField,
    NotReady,
}

/// An adapter in memory.
pub(super) struct Memory {
    pub(super) mood: Mood,
    pub(super) content: Bytes,
}

/// A served adapter.
pub(super) struct Served {
    pub(super) authority: Authority,
    pub(super) endpoint: String,
    pub(super) shutdown: CancellationToken,
    pub(super) ended: JoinHandle<()>,
}

// === impl Authority ===

impl Authority {
    pub(super) fn new() -> Self {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        Self(CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap())
    }

    pub(super) fn credentials(&self, spiffe_id: &str) -> Credentials {
        self.credentials_trusting(spiffe_id, self)
    }

    pub(super) fn credentials_trusting(&self, spiffe_id: &str, trusted: &Self) -> Credentials {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::default();
        params.subject_alt_names = vec![SanType::URI(spiffe_id.try_into().unwrap())];
        params.is_ca = IsCa::ExplicitNoCa;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages =
            vec![ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth];
        let certificate = params.signed_by(&key, &self.0).unwrap();
        Credentials::from_pem(
            certificate.pem().as_bytes(),
            key.serialize_pem().as_bytes(),
            trusted.0.pem().as_bytes(),
            "oncebus.test".parse().unwrap(),
        )
        .unwrap()
    }
}

// === impl Memory ===

impl Memory {
    pub(super) fn document(&self) -> Document {
        Document {
            material_type: "business_licence".parse().unwrap(),
            subject: Subject::new("credit", "91110000").unwrap(),
            number: "N1".parse().unwrap(),
            size_bytes: self.content.len() as u64,
            digest: Digest::of(&self.content),
            media_type: "application/pdf".parse().unwrap(),
            issuer: Some("市场监管局".parse().unwrap()),
            issued: Some("2024-02-29".parse().unwrap()),
            valid_until: Some("长期".parse().unwrap()),
            status: crate::Status::Suspended,
        }
    }
}

#[async_trait]
impl Adapter for Memory {
    fn describe(&self) -> Description {
        let stores = self.mood != Mood::CannotStore;
        Description {
            stores,
            verifies: self.mood != Mood::CannotVerify,
            ..Description::new("market", "memory", "1.0", ["business_licence", "other"])
        }
    }

    async fn check(&self) -> Result<(), crate::NotReady> {
        if self.mood == Mood::NotReady {
            return Err(crate::NotReady("the disk\nis gone".to_owned()));
        }
        Ok(())
    }

    async fn lookup(&self, query: &Query) -> Result<Vec<Document>, AdapterError> {
        let mut document = self.document();
        match self.mood {
            Mood::Panics => panic!("on purpose"),
            Mood::OtherSubject => document.subject = Subject::new("credit", "91110001").unwrap(),
            Mood::OtherType => document.material_type = "other".parse().unwrap(),
            Mood::OtherNumber => document.number = "N2".parse().unwrap(),
            Mood::SameNumberTwice => return Ok(vec![document.clone(), document]),
            Mood::TooMany => {
                return Ok((0..1_001)
                    .map(|i| Document {
                        number: format!("N{i}").parse().unwrap(),
                        ..document.clone()
                    })
                    .collect());
            }
            _ => return Ok(Some(document).filter(|it| query.asks_for(it)).into_iter().collect()),
        }
        Ok(vec![document])
    }

    async fn fetch(&self, content: &Content, offset: u64) -> Result<ContentStream, AdapterError> {
        if !content.is_of(&self.document()) {
            return Err(AdapterError::NotFound);
        }
        let bytes = match self.mood {
            Mood::WrongContent => Bytes::from(vec![0; self.content.len()]),
            _ => self.content.clone(),
        };
        Ok(ContentStream::from_reader(std::io::Cursor::new(bytes)).skip(offset))
    }

    async fn verify(&self, verify: &Verify) -> Result<Verdict, AdapterError> {
        let untrue = verify.claims.iter().filter(|claim| claim.value != "true");
        let untrue: Vec<_> = untrue.map(|claim| claim.field.clone()).collect();
        match self.mood {
            Mood::Panics => panic!("on purpose"),
            Mood::OtherField => Ok(Verdict::NoMatch(vec!["other".to_owned()])),
            _ if untrue.is_empty() => Ok(Verdict::Match),
            _ => Ok(Verdict::NoMatch(untrue)),
        }
    }

    async fn staged(&self, _upload: &UploadId) -> Result<u64, AdapterError> {
        Ok(7)
    }

    async fn stage(
        &self,
        _upload: &UploadId,
        offset: u64,
        data: Bytes,
    ) -> Result<u64, AdapterError> {
        match self.mood {
            Mood::WrongStagedLength => Ok(offset),
            _ if offset > 7 => Err(AdapterError::StageOutOfRange { staged_bytes: 7 }),
            _ => Ok(offset + data.len() as u64),
        }
    }

    async fn seal(&self, _seal: &Seal) -> Result<Sealed, AdapterError> {
        Ok(Sealed::New)
    }

    async fn discard(&self, _: &UploadId, _: Option<&Digest>) -> Result<(), AdapterError> {
        Ok(())
    }
}

// === impl Served ===

impl Served {
    pub(super) async fn start(mood: Mood) -> Self {
        let authority = Authority::new();
        let adapter = Memory { mood, content: bytes(CHUNK_BYTES + 9) };
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint = format!("https://{}", listener.local_addr().unwrap());
        let shutdown = CancellationToken::new();
        let credentials = authority.credentials(ADAPTER);
        let until = shutdown.clone();
        let ended = tokio::spawn(async move {
            let options = Options { drain: Duration::from_secs(5), ..Options::default() };
            serve(Arc::new(adapter), listener, &credentials, options, until).await.unwrap();
        });
        Self { authority, endpoint, shutdown, ended }
    }

    pub(super) fn channel(&self, credentials: &Credentials) -> Channel {
        let dialer = credentials.dialer(Accepts::AdaptersOf("market".to_owned())).unwrap();
        dialer.channel(&self.endpoint).unwrap()
    }

    pub(super) fn client(&self) -> AdapterServiceClient<Channel> {
        AdapterServiceClient::new(self.channel(&self.authority.credentials(GATEWAY)))
    }
}

pub(super) fn bytes(size: usize) -> Bytes {
    (0..size).map(|i| (i / 3) as u8).collect()
}

pub(super) fn subject() -> Option<pb::Subject> {
    Some(pb::Subject { scheme: "credit".to_owned(), value: "91110000".to_owned() })
}

pub(super) fn digest(bytes: &[u8]) -> Option<pb::Digest> {
    Some(pb::Digest { algorithm: 1, value: Digest::of(bytes).as_bytes().to_vec().into() })
}

pub(super) fn lookup() -> pb::LookupRequest {
    pb::LookupRequest {
        material_type: "business_licence".to_owned(),
        subject: subject(),
        number: String::new(),
    }
}

pub(super) fn verify() -> pb::VerifyRequest {
    let claim = |field: &str| pb::Claim { field: field.to_owned(), value: "true".to_owned() };
    pb::VerifyRequest {
        material_type: "business_licence".to_owned(),
        subject: subject(),
        number: String::new(),
        claims: vec![claim("name"), claim("grade")],
    }
}

pub(super) fn fetch() -> pb::FetchRequest {
    let content = bytes(CHUNK_BYTES + 9);
    pb::FetchRequest {
        material_type: "business_licence".to_owned(),
        subject: subject(),
        number: "N1".to_owned(),
        digest: digest(&content),
        size_bytes: content.len() as i64,
        offset: 0,
        sealed: false,
    }
}

pub(super) fn seal() -> pb::SealRequest {
    pb::SealRequest {
        upload: UPLOAD.to_owned(),
        size_bytes: 5,
        digest: digest(b"hello"),
        chunk_root: vec![0; 32].into(),
    }
}

/// Returns code, reason and metadata of a status.
pub(super) fn reason(status: &Status) -> (Code, String, Vec<(String, String)>) {
    let info = status.get_details_error_info().unwrap();
    assert_eq!(info.domain, "oncebus");
    (status.code(), info.reason, info.metadata.into_iter().collect())
}
