//! Commit: sealed at the adapter, then current in the registry, then on record, then answered.

use oncebus_trail::Receipt;
use tokio::time::Instant;

use crate::{
    Admitted, Asking, Bus, CHUNK_BYTES, Call, Caller, Committed, ExchangeError, Failure,
    HolderError, Manifest, MaterialType, NewUpload, Operation, RecordId, RequestScope, Upload,
    UploadState, Version, VersionName, exchange::Exchange, find::finished,
};

use super::{CommitQuery, Published};

impl Bus {
    /// Ends an upload. May be repeated: the answer stays.
    ///
    /// # Errors
    ///
    /// Every refusal and failure, with the receipt of its record.
    pub async fn commit_publish(
        &self,
        admitted: Admitted,
        query: CommitQuery,
    ) -> Result<Published, Failure> {
        let bus = self.clone();
        finished(tokio::spawn(async move { bus.run_commit(admitted, query).await })).await
    }

    async fn run_commit(
        self,
        admitted: Admitted,
        query: CommitQuery,
    ) -> Result<Published, Failure> {
        let Admitted { caller, deadline, permit: _until_the_end, .. } = admitted;
        let upload = self.own_upload(&caller, query.upload).await?;
        let material_type = self.stored_type(&upload.begun.material_type)?;
        let mut exchange = commit_exchange(&self, &caller, &upload.begun, &material_type);
        exchange.request(query.request_id);
        let scope = RequestScope {
            system: caller.system.clone(),
            method: "CommitPublish",
            id: query.request_id,
        };
        let claimed = async {
            exchange.decide(&caller, Operation::Publish, &material_type)?;
            self.claim(&scope, &query.payload).await
        };
        if let Err(error) = claimed.await {
            return Err(exchange.failed(error).await);
        }
        match self.commit(&mut exchange, &caller, &query, deadline).await {
            Ok(published) => {
                self.registry.finish_request(&scope).await.map_err(ExchangeError::from)?;
                Ok(published)
            }
            Err(error) => {
                self.registry.release_request(&scope).await.map_err(ExchangeError::from)?;
                Err(exchange.failed(error).await)
            }
        }
    }

    async fn commit(
        &self,
        exchange: &mut Exchange,
        caller: &Caller,
        query: &CommitQuery,
        deadline: Instant,
    ) -> Result<Published, ExchangeError> {
        let turn = self.commits.take(query.upload, deadline).await;
        let _turn = turn.ok_or(ExchangeError::RequestInProgress)?;
        let upload = self.own_upload(caller, query.upload).await?;
        as_announced(&upload, query)?;
        match &upload.state {
            UploadState::Pending => {}
            UploadState::Committed { version, already_held, outcome, receipt } => {
                let version = self.registry.version(version).await?;
                let version = version.ok_or(ExchangeError::MaterialNotFound)?;
                exchange.under(upload.begun.intent);
                let ended = Ended { version, already_held: *already_held, outcome: *outcome };
                return self.conclude(exchange, &upload, ended, receipt.clone()).await;
            }
            UploadState::Discarding | UploadState::Discarded => {
                return Err(ExchangeError::UploadNotFound);
            }
        }
        complete(&upload)?;
        exchange.counts().stage += upload.pieces;
        if !self.is_current(&upload).await? {
            self.seal(exchange, &upload, deadline).await?;
        }
        let ended = self.make_current(exchange, &upload, deadline).await?;
        exchange.under(upload.begun.intent);
        self.conclude(exchange, &upload, ended, None).await
    }

    /// Returns whether the announced content is the material's current version already.
    async fn is_current(&self, upload: &Upload) -> Result<bool, ExchangeError> {
        let NewUpload { material_type, subject, document, .. } = &upload.begun;
        let current = self.registry.current(material_type, subject, Some(&document.number)).await?;
        Ok(current.iter().any(|version| version.manifest.content == document.digest))
    }

    async fn seal(
        &self,
        exchange: &mut Exchange,
        upload: &Upload,
        deadline: Instant,
    ) -> Result<(), ExchangeError> {
        let NewUpload { id, holder, document, .. } = &upload.begun;
        exchange.counts().seal += 1;
        let (size, digest) = (document.size_bytes, &document.digest);
        let asking = exchange.asking(deadline);
        let sealed = self.holders.seal(holder, *id, size, digest, &upload.chunks, &asking).await;
        match sealed {
            Ok(()) => Ok(()),
            Err(HolderError::DigestMismatch { .. }) => {
                // What is staged can never become what was announced.
                self.give_up(exchange, upload).await?;
                Err(ExchangeError::DigestMismatch)
            }
            // The adapter lost a part, or all of it: the upload goes on from there.
            Err(HolderError::SizeMismatch { .. } | HolderError::NotFound { .. }) => {
                let staged = self.continue_at(upload, &asking).await?;
                Err(ExchangeError::SizeMismatch { staged, announced: size })
            }
            Err(error) => Err(error.into()),
        }
    }

    async fn make_current(
        &self,
        exchange: &mut Exchange,
        upload: &Upload,
        deadline: Instant,
    ) -> Result<Ended, ExchangeError> {
        let NewUpload { id, material, material_type, document, .. } = &upload.begun;
        let manifest = Manifest::new(*material, material_type, document, &upload.chunks);
        let (outcome, now) = (self.journal.draw_id(), self.clock.now());
        let committed =
            self.registry.commit_upload(*id, &manifest, &upload.chunks, outcome, now).await;
        // Before anybody is answered; also where it failed, as nobody knows how far it came.
        self.caches.moved(&upload.topic());
        match committed? {
            Committed::New { version, outcome } | Committed::Contributed { version, outcome } => {
                Ok(Ended { version, already_held: false, outcome })
            }
            Committed::AlreadyHeld { version, outcome } => {
                self.forget_copy(upload, &exchange.asking(deadline)).await?;
                Ok(Ended { version, already_held: true, outcome })
            }
            Committed::Conflict { current } => {
                self.give_up(exchange, upload).await?;
                let material_type = material_type.clone();
                let current = current.map(|id| VersionName { material_type, id });
                Err(ExchangeError::VersionConflict { current })
            }
            Committed::Revoked { version } => {
                self.give_up(exchange, upload).await?;
                version.not_revoked()?;
                Err(ExchangeError::UploadNotFound)
            }
            Committed::Gone => Err(ExchangeError::UploadNotFound),
        }
    }

    /// Makes the outcome durable under its chosen id, unless it is, and answers.
    async fn conclude(
        &self,
        exchange: &mut Exchange,
        upload: &Upload,
        ended: Ended,
        receipt: Option<Receipt>,
    ) -> Result<Published, ExchangeError> {
        let Ended { version, already_held, outcome } = ended;
        exchange.version(&version);
        let material_type = self.stored_type(&version.manifest.material_type)?;
        let info = self.describe(&version, &material_type).await?;
        if let Some(contribution) = &info.contribution {
            exchange.corrects(contribution.correction, None);
        }
        let receipt = match receipt {
            Some(receipt) => receipt,
            None => {
                let receipt = exchange.published(outcome, already_held).await?;
                self.registry.outcome_recorded(upload.begun.id, &receipt).await?;
                receipt
            }
        };
        Ok(Published { info, already_held, receipt })
    }

    /// Ends an upload that cannot succeed any more; its failure's record closes the Intent. An
    /// adapter that does not answer now is asked again by the sweeper.
    async fn give_up(&self, exchange: &mut Exchange, upload: &Upload) -> Result<(), ExchangeError> {
        exchange.under(upload.begun.intent);
        if let Some(discard) = self.registry.discard_now(upload.begun.id).await? {
            self.discard(&discard).await;
        }
        Ok(())
    }

    /// Has an adapter forget what it staged or sealed of a content that is held already.
    async fn forget_copy(&self, upload: &Upload, asking: &Asking) -> Result<(), ExchangeError> {
        if let Some(discard) = self.registry.discard_now(upload.begun.id).await? {
            self.discard(&discard).await;
            return Ok(());
        }
        let NewUpload { id, holder, .. } = &upload.begun;
        if let Err(error) = self.holders.discard(holder, *id, None, asking).await {
            tracing::warn!(%error, "a staged copy is left at an adapter");
        }
        Ok(())
    }
}

/// How an upload ended well.
struct Ended {
    version: Version,
    already_held: bool,
    outcome: RecordId,
}

/// Opens the exchange of a commit: for the purpose of the upload's begin.
pub(crate) fn commit_exchange(
    bus: &Bus,
    caller: &Caller,
    begun: &NewUpload,
    material_type: &MaterialType,
) -> Exchange {
    let call = Call {
        operation: Some(Operation::Publish),
        material_type: Some(begun.material_type.clone()),
        holder: Some(begun.holder.clone()),
        duplicate_collection: begun.intake.duplicate(),
        exception: begun.intake.exception(),
        why: Some(begun.why.clone()),
        private: begun.private(),
        ..Call::by(caller)
    };
    Exchange::with(bus, call, material_type)
}

fn as_announced(upload: &Upload, query: &CommitQuery) -> Result<(), ExchangeError> {
    let document = &upload.begun.document;
    if query.size_bytes != document.size_bytes {
        let (staged, announced) = (upload.passed_bytes(), document.size_bytes);
        return Err(ExchangeError::SizeMismatch { staged, announced });
    }
    if query.digest != document.digest {
        return Err(ExchangeError::DigestMismatch);
    }
    Ok(())
}

fn complete(upload: &Upload) -> Result<(), ExchangeError> {
    let announced = upload.begun.document.size_bytes;
    let wanted = announced.div_ceil(CHUNK_BYTES as u64);
    if upload.chunks.len() as u64 == wanted {
        return Ok(());
    }
    Err(ExchangeError::SizeMismatch { staged: upload.passed_bytes(), announced })
}
