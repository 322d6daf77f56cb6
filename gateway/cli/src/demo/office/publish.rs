//! One upload: begin, chunks, commit.

use bytes::Bytes;
use oncebus_gateway::MaterialType;
use oncebus_proto::v1::{
    BeginPublishRequest, CommitPublishRequest, Digest, DigestAlgorithm, PutChunkRequest, Receipt,
};
use tonic::Status;

use super::{Answer, Office, failed, purpose, request_id, subject, timed};
use crate::{
    exit::CliError,
    sample::{ISSUED, Sample},
};

/// Bytes sent in one call, the most that there may be.
const CHUNK: usize = 1024 * 1024;

/// How an upload ended.
#[derive(Debug)]
pub(super) enum Published {
    /// Stored; what was answered to the begin and to the commit.
    Stored([Answer; 2]),
    /// The bus had it: no byte was sent.
    HeldAlready(Answer),
}

// === impl Office ===

impl Office {
    /// Publishes a document.
    ///
    /// # Errors
    ///
    /// Returns a failed check at the first call that fails or carries no proof.
    pub(super) async fn publish(
        &self,
        row: &MaterialType,
        sample: &Sample,
    ) -> Result<Published, CliError> {
        let what = format!("upload of {} by {}", row.code, self.department);
        let mut transfer = self.transfer.clone();
        let lost = |status: Status| failed(&what, &status);

        let begun = transfer.begin_publish(timed(begin(row, sample, ""))).await.map_err(lost)?;
        let begun = begun.into_inner();
        let answer = |receipt: Option<Receipt>| match receipt {
            Some(receipt) => Ok(Answer { what: what.clone(), receipt }),
            None => Err(CliError::check(format!("{what}: the answer has no receipt"))),
        };
        if begun.held_version.is_some() {
            return Ok(Published::HeldAlready(answer(begun.receipt)?));
        }

        let content = Bytes::from(sample.content.clone());
        let mut offset = usize::try_from(begun.offset).unwrap_or_default();
        while offset < content.len() {
            let end = content.len().min(offset + CHUNK);
            let data = content.slice(offset..end);
            let chunk =
                PutChunkRequest { upload: begun.upload.clone(), offset: signed(offset), data };
            transfer.put_chunk(timed(chunk)).await.map_err(lost)?;
            offset = end;
        }

        let commit = CommitPublishRequest {
            upload: begun.upload,
            size_bytes: signed(content.len()),
            digest: Some(digest(sample)),
            request_id: request_id(),
        };
        let committed = transfer.commit_publish(timed(commit)).await.map_err(lost)?.into_inner();
        Ok(Published::Stored([answer(begun.receipt)?, answer(committed.receipt)?]))
    }

    /// Begins to replace a version, and sends the first part of the new document.
    ///
    /// # Errors
    ///
    /// Returns a failed check if a call fails.
    pub(in super::super) async fn put_first(
        &self,
        row: &MaterialType,
        sample: &Sample,
        replaced: &str,
    ) -> Result<(), CliError> {
        let lost = |status: Status| failed(&format!("first part of a new {}", row.code), &status);
        let mut transfer = self.transfer.clone();
        let request = timed(begin(row, sample, replaced));
        let upload = transfer.begin_publish(request).await.map_err(lost)?.into_inner().upload;
        let data = Bytes::from(sample.content.clone()).slice(..CHUNK);
        let chunk = PutChunkRequest { upload, offset: 0, data };
        transfer.put_chunk(timed(chunk)).await.map_err(lost)?;
        Ok(())
    }

    /// Goes on with what [`Self::put_first`] began, and returns at which byte.
    ///
    /// # Errors
    ///
    /// Returns a failed check if a call fails.
    pub(in super::super) async fn finish(
        &self,
        row: &MaterialType,
        sample: &Sample,
        replaced: &str,
    ) -> Result<u64, CliError> {
        let lost = |status: Status| failed(&format!("rest of a new {}", row.code), &status);
        let mut transfer = self.transfer.clone();
        let request = timed(begin(row, sample, replaced));
        let begun = transfer.begin_publish(request).await.map_err(lost)?.into_inner();
        let resumed_at = usize::try_from(begun.offset).unwrap_or_default();
        let data = Bytes::from(sample.content.clone()).slice(resumed_at..);
        let chunk = PutChunkRequest { upload: begun.upload.clone(), offset: begun.offset, data };
        transfer.put_chunk(timed(chunk)).await.map_err(lost)?;
        let commit = CommitPublishRequest {
            upload: begun.upload,
            size_bytes: signed(sample.content.len()),
            digest: Some(digest(sample)),
            request_id: request_id(),
        };
        transfer.commit_publish(timed(commit)).await.map_err(lost)?;
        Ok(resumed_at as u64)
    }
}

fn begin(row: &MaterialType, sample: &Sample, replaced: &str) -> BeginPublishRequest {
    BeginPublishRequest {
        material_type: row.code.to_string(),
        subject: subject(row),
        number: sample.number.clone(),
        size_bytes: signed(sample.content.len()),
        digest: Some(digest(sample)),
        media_type: sample.media_type.clone(),
        issued: ISSUED.to_owned(),
        valid_until: sample.valid_until.unwrap_or_default().to_owned(),
        issuer: sample.issuer.clone(),
        expected_version: replaced.to_owned(),
        request_id: request_id(),
        purpose: purpose(),
        relations: Vec::new(),
        ..Default::default()
    }
}

fn digest(sample: &Sample) -> Digest {
    let value = Bytes::copy_from_slice(&sample.digest());
    Digest { algorithm: DigestAlgorithm::Sha256.into(), value }
}

fn signed(size: usize) -> i64 {
    i64::try_from(size).unwrap_or(i64::MAX)
}
