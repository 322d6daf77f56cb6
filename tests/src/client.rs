//! An agency system: the calls that one would make, in one line each.

use bytes::Bytes;
use oncebus_proto::v1::{
    self as pb, audit_service_client::AuditServiceClient,
    catalog_service_client::CatalogServiceClient, material_service_client::MaterialServiceClient,
    transfer_service_client::TransferServiceClient,
};
use prost::Message as _;
use sha2::{Digest as _, Sha256};
use tonic::{Response, Status, transport::Channel};
use tonic_types::StatusExt as _;

/// A connection of one system.
#[derive(Clone, Debug)]
pub struct Client {
    /// TransferService.
    pub transfer: TransferServiceClient<Channel>,
    /// MaterialService.
    pub material: MaterialServiceClient<Channel>,
    /// AuditService.
    pub audit: AuditServiceClient<Channel>,
    /// CatalogService.
    pub catalog: CatalogServiceClient<Channel>,
    /// The connection, for other calls.
    pub channel: Channel,
}

/// A document to publish.
#[derive(Clone, Debug)]
pub struct Document {
    /// Code or alias of the type.
    pub material_type: String,
    /// The issuer's number.
    pub number: String,
    /// The bytes.
    pub content: Bytes,
    /// The version that it replaces.
    pub expected: String,
}

/// What a fetch brought.
#[derive(Clone, Debug)]
pub struct Fetched {
    /// The description.
    pub info: pb::MaterialInfo,
    /// The bytes.
    pub content: Vec<u8>,
    /// The proof.
    pub receipt: pb::Receipt,
    /// How many messages it took.
    pub messages: usize,
}

impl Document {
    /// Describes a document of the first upload type of the shipped catalogue.
    pub fn new(material_type: &str, number: &str, content: impl Into<Bytes>) -> Self {
        Self {
            material_type: material_type.to_owned(),
            number: number.to_owned(),
            content: content.into(),
            expected: String::new(),
        }
    }

    /// Returns the request that announces it.
    pub fn begin(&self) -> pb::BeginPublishRequest {
        pb::BeginPublishRequest {
            material_type: self.material_type.clone(),
            subject: Some(subject()),
            number: self.number.clone(),
            size_bytes: self.content.len() as i64,
            digest: Some(digest(&self.content)),
            media_type: "application/pdf".to_owned(),
            expected_version: self.expected.clone(),
            request_id: request_id(),
            purpose: Some(purpose()),
            ..Default::default()
        }
    }

    /// Returns the request that commits its upload.
    pub fn commit(&self, upload: &str) -> pb::CommitPublishRequest {
        pb::CommitPublishRequest {
            upload: upload.to_owned(),
            size_bytes: self.content.len() as i64,
            digest: Some(digest(&self.content)),
            request_id: request_id(),
        }
    }

    /// Returns the request that fetches the current version.
    pub fn fetch(&self) -> pb::FetchMaterialRequest {
        pb::FetchMaterialRequest {
            material_type: self.material_type.clone(),
            subject: Some(subject()),
            number: self.number.clone(),
            purpose: Some(purpose()),
            request_id: request_id(),
            ..Default::default()
        }
    }
}

impl Client {
    pub(crate) fn new(channel: Channel) -> Self {
        Self {
            transfer: TransferServiceClient::new(channel.clone()),
            material: MaterialServiceClient::new(channel.clone()),
            audit: AuditServiceClient::new(channel.clone()),
            catalog: CatalogServiceClient::new(channel.clone()),
            channel,
        }
    }

    /// Publishes a document: begin, put, commit.
    pub async fn publish(&self, document: &Document) -> Result<pb::CommitPublishResponse, Status> {
        self.publish_as(document, document.begin()).await
    }

    /// Publishes a document as another announcement says.
    pub async fn publish_as(
        &self,
        document: &Document,
        begin: pb::BeginPublishRequest,
    ) -> Result<pb::CommitPublishResponse, Status> {
        let mut transfer = self.transfer.clone();
        let begun = transfer.begin_publish(begin).await?.into_inner();
        if let Some(info) = begun.held_version {
            let (info, receipt) = (Some(info), begun.receipt);
            let correction = String::new();
            return Ok(pb::CommitPublishResponse { info, already_held: true, receipt, correction });
        }
        self.put(document, &begun.upload, begun.offset as usize).await?;
        Ok(transfer.commit_publish(document.commit(&begun.upload)).await?.into_inner())
    }

    /// Sends a document's bytes from `offset` on.
    pub async fn put(&self, document: &Document, upload: &str, from: usize) -> Result<(), Status> {
        let mut transfer = self.transfer.clone();
        let mut offset = from;
        while offset < document.content.len() {
            let end = document.content.len().min(offset + 1024 * 1024);
            let data = document.content.slice(offset..end);
            let upload = upload.to_owned();
            let request = pb::PutChunkRequest { upload, offset: offset as i64, data };
            offset = match transfer.put_chunk(request).await {
                Ok(staged) => staged.into_inner().offset as usize,
                // Another connection of the same system sends the same upload: go on behind it.
                Err(status) => match expected_offset(&status).filter(|&other| other > offset) {
                    Some(other) => other,
                    None => return Err(status),
                },
            };
        }
        Ok(())
    }

    /// Fetches by whatever the request names, to the end.
    pub async fn fetch(&self, request: pb::FetchMaterialRequest) -> Result<Fetched, Status> {
        let mut stream = self.transfer.clone().fetch_material(request).await?.into_inner();
        let (mut info, mut receipt, mut content, mut messages) = (None, None, Vec::new(), 0);
        while let Some(message) = stream.message().await? {
            messages += 1;
            info = info.or(message.info);
            assert!(receipt.is_none(), "a message came behind the receipt");
            receipt = message.receipt;
            content.extend_from_slice(&message.data);
        }
        let info = info.expect("an answer has a description");
        let receipt = receipt.expect("an answer has a receipt");
        Ok(Fetched { info, content, receipt, messages })
    }

    /// Finds what is held of a type about the tests' project.
    pub async fn find(&self, material_type: &str) -> Result<Vec<pb::MaterialInfo>, Status> {
        let request = pb::FindMaterialsRequest {
            material_type: material_type.to_owned(),
            subject: Some(subject()),
            purpose: Some(purpose()),
            ..Default::default()
        };
        let found = self.material.clone().find_materials(request).await;
        found.map(|answer| answer.into_inner().materials)
    }

    /// Finds what was current of a type at the end of a day, about the tests' project.
    pub async fn find_as_of(
        &self,
        material_type: &str,
        day: &str,
    ) -> Result<Vec<pb::MaterialInfo>, Status> {
        let request = pb::FindMaterialsRequest {
            material_type: material_type.to_owned(),
            subject: Some(subject()),
            purpose: Some(purpose()),
            as_of: day.to_owned(),
            ..Default::default()
        };
        let found = self.material.clone().find_materials(request).await;
        found.map(|answer| answer.into_inner().materials)
    }

    /// Describes a version.
    pub async fn get(&self, version: &str) -> Result<pb::MaterialInfo, Status> {
        let request = pb::GetMaterialRequest {
            version: version.to_owned(),
            purpose: Some(purpose()),
            ..Default::default()
        };
        let got = self.material.clone().get_material(request).await;
        got.map(|answer| answer.into_inner().info.expect("an answer has a description"))
    }

    /// Fetches a version by its name, to the end.
    pub async fn fetch_version(&self, version: &str) -> Result<Fetched, Status> {
        let request = pb::FetchMaterialRequest {
            version: version.to_owned(),
            purpose: Some(purpose()),
            request_id: request_id(),
            ..Default::default()
        };
        self.fetch(request).await
    }

    /// Asks for the checklist of an item or a package, whichever the code names.
    pub async fn resolve(
        &self,
        code: &str,
        parties: &[pb::Party],
    ) -> Result<pb::ResolveRequirementsResponse, Status> {
        let request =
            pb::ResolveRequirementsRequest { parties: parties.to_vec(), ..checklist(code) };
        self.material.clone().resolve_requirements(request).await.map(Response::into_inner)
    }

    /// Revokes a version, for fraud.
    pub async fn revoke(&self, version: &str) -> Result<pb::RevokeMaterialResponse, Status> {
        let request = pb::RevokeMaterialRequest {
            version: version.to_owned(),
            reason: pb::Revocation::Fraud.into(),
            note: String::new(),
            purpose: Some(purpose()),
            request_id: request_id(),
        };
        self.material.clone().revoke_material(request).await.map(Response::into_inner)
    }

    /// Returns every record that the system may see, oldest first.
    pub async fn records(&self) -> Vec<pb::Record> {
        let mut records = Vec::new();
        let mut page_token = String::new();
        loop {
            let request =
                pb::SearchRecordsRequest { page_size: 1_000, page_token, ..Default::default() };
            let answer = self.audit.clone().search_records(request).await.unwrap().into_inner();
            records.extend(answer.records);
            page_token = answer.next_page_token;
            if page_token.is_empty() {
                records.sort_by_key(|record| record.index);
                return records;
            }
        }
    }

    /// Returns the outcomes of one operation that the system may see, oldest first.
    pub async fn outcomes(&self, operation: &str) -> Vec<pb::Record> {
        let mut records = self.records().await;
        records.retain(|record| record.kind == "outcome" && record.operation == operation);
        records
    }
}

/// Where an upload continues, if that is what the status says.
fn expected_offset(status: &Status) -> Option<usize> {
    let info = status.get_details_error_info()?;
    info.metadata.get("expected_offset")?.parse().ok()
}

/// The purpose of a call that is in order.
pub fn purpose() -> pb::Purpose {
    pb::Purpose {
        item: "I14".to_owned(),
        case_number: "CASE-4711".to_owned(),
        cause: pb::Cause::Approval.into(),
        legal_basis: "Construction Law, article 8".to_owned(),
        officer: "officer-0815".to_owned(),
        authorization: Some(pb::Authorization {
            kind: pb::AuthorizationKind::StatutoryDuty.into(),
            reference: String::new(),
        }),
    }
}

/// A request for the checklist of an item or a package, without parties or facts.
pub fn checklist(code: &str) -> pb::ResolveRequirementsRequest {
    let (item, package) = match code.starts_with('P') {
        true => (String::new(), code.to_owned()),
        false => (code.to_owned(), String::new()),
    };
    pb::ResolveRequirementsRequest {
        item,
        package,
        project: subject().value,
        purpose: Some(purpose()),
        ..Default::default()
    }
}

/// A party of the tests' case.
pub fn party(role: &str, scheme: &str, value: &str) -> pb::Party {
    let subject = pb::Subject { scheme: scheme.to_owned(), value: value.to_owned() };
    pb::Party { role: role.to_owned(), subject: Some(subject) }
}

/// The project that the tests are about.
pub fn subject() -> pb::Subject {
    pb::Subject { scheme: "project".to_owned(), value: "2501-370800-04-01-000016".to_owned() }
}

/// Digest of a content.
pub fn digest(content: &[u8]) -> pb::Digest {
    pb::Digest {
        algorithm: pb::DigestAlgorithm::Sha256.into(),
        value: Bytes::copy_from_slice(&Sha256::digest(content)),
    }
}

/// A request id that no other call has.
pub fn request_id() -> String {
    use std::sync::atomic::{AtomicU64, Ordering};
    static NEXT: AtomicU64 = AtomicU64::new(1);
    format!("00000000-0000-4000-8000-{:012x}", NEXT.fetch_add(1, Ordering::Relaxed))
}

/// The registered reason of a status: there must be exactly one.
pub fn reason(status: &Status) -> String {
    let info = status.get_details_error_info();
    info.unwrap_or_else(|| panic!("no ErrorInfo in {status:?}")).reason
}

/// The receipt that an error carries.
pub fn receipt(status: &Status) -> Option<pb::Receipt> {
    let bytes = status.metadata().get_bin("oncebus-receipt-bin")?.to_bytes().unwrap();
    Some(pb::Receipt::decode(bytes).unwrap())
}
