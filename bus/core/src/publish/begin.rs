//! Begin: what is held is never sent again; else an upload opens, or goes on where it stood.

use tokio::time::Instant;

use crate::{
    Admitted, Bus, Caller, ExchangeError, Failure, FieldError, Intake, MaterialId, MaterialKey,
    MaterialType, NewUpload, Operation, Relation, RequestScope, SealedContent, Upload,
    UploadException, UploadId, exchange::Exchange, find::finished, record::Why,
};

use super::{BeginQuery, Begun};

impl Bus {
    /// Announces a version.
    ///
    /// # Errors
    ///
    /// Every refusal and failure, with the receipt of its record.
    pub async fn begin_publish(
        &self,
        admitted: Admitted,
        query: BeginQuery,
    ) -> Result<Begun, Failure> {
        let bus = self.clone();
        finished(tokio::spawn(async move { bus.run_begin(admitted, query).await })).await
    }

    async fn run_begin(self, admitted: Admitted, query: BeginQuery) -> Result<Begun, Failure> {
        let Admitted { caller, deadline, permit: _until_the_end, .. } = admitted;
        let operation = Operation::Publish;
        let mut exchange =
            Exchange::begin(&self, &caller, operation, &query.material_type, &query.purpose);
        exchange.request(query.request_id);
        exchange.about(&query.subject);
        let scope = RequestScope {
            system: caller.system.clone(),
            method: "BeginPublish",
            id: query.request_id,
        };
        let claimed = async {
            exchange.decide(&caller, operation, &query.material_type)?;
            self.claim(&scope, &query.payload).await
        };
        if let Err(error) = claimed.await {
            return Err(exchange.failed(error).await);
        }
        match self.begin(&mut exchange, &caller, &query, deadline).await {
            Ok(begun) => {
                self.registry.finish_request(&scope).await.map_err(ExchangeError::from)?;
                Ok(begun)
            }
            Err(error) => {
                self.registry.release_request(&scope).await.map_err(ExchangeError::from)?;
                Err(exchange.failed(error).await)
            }
        }
    }

    async fn begin(
        &self,
        exchange: &mut Exchange,
        caller: &Caller,
        query: &BeginQuery,
        deadline: Instant,
    ) -> Result<Begun, ExchangeError> {
        let intake = self.intake(caller, query)?;
        exchange.takes(&intake, query.excepted.as_ref());
        acceptable(query)?;
        let number = Some(&query.document.number);
        let code = &query.material_type.code;
        self.never_revoked(exchange, query).await?;
        self.related(query).await?;
        let current = self.registry.current(code, &query.subject, number).await?.pop();
        if let Some(version) = &current
            && version.manifest.content == query.document.digest
        {
            exchange.version(version);
            let info = Box::new(self.describe(version, &query.material_type).await?);
            let receipt = exchange.published(self.journal.draw_id(), true).await?;
            return Ok(Begun::Held { info, receipt });
        }
        if !intake.fits(current.as_ref(), query.expected) {
            let current = current.map(|version| version.name());
            return Err(ExchangeError::VersionConflict { current });
        }
        let holder = &caller.department;
        exchange.holder(holder);
        if !self.holders.describe(holder, &exchange.asking(deadline)).await?.stores {
            return Err(ExchangeError::HolderCannotStore { holder: holder.clone() });
        }
        self.open_upload(exchange, caller, query, intake, deadline).await
    }

    /// Refuses a content that was revoked of this material.
    async fn never_revoked(
        &self,
        exchange: &mut Exchange,
        query: &BeginQuery,
    ) -> Result<(), ExchangeError> {
        let key = query.material();
        if let Some(revoked) = self.registry.revoked_content(&key, &query.document.digest).await? {
            exchange.version(&revoked);
            revoked.not_revoked()?;
        }
        Ok(())
    }

    /// Refuses relations to versions that there are not.
    async fn related(&self, query: &BeginQuery) -> Result<(), ExchangeError> {
        for Relation { version: name, .. } in &query.document.relations {
            let version = self.registry.version(&name.id).await?;
            if !version.is_some_and(|version| version.name() == *name) {
                let cure = "name versions that the bus has";
                return Err(FieldError::new("relations.version", "is not on the bus", cure).into());
            }
        }
        Ok(())
    }

    async fn open_upload(
        &self,
        exchange: &mut Exchange,
        caller: &Caller,
        query: &BeginQuery,
        intake: Intake,
        deadline: Instant,
    ) -> Result<Begun, ExchangeError> {
        let key = query.material();
        let material = self.registry.material(&key, MaterialId(self.draw_uuid())).await?;
        let mut new = NewUpload {
            id: UploadId(self.draw_uuid()),
            system: caller.system.clone(),
            holder: caller.department.clone(),
            material,
            material_type: key.material_type,
            subject: key.subject,
            document: query.document.clone(),
            expected: query.expected,
            intent: 0,
            intake,
            private: query.private(),
            why: Why { rule: Some(crate::Rule::Publish), ..Why::of(&query.purpose) },
            now: self.clock.now(),
        };
        if let Some(upload) = self.registry.pending_upload(&new).await? {
            return self.resume(exchange, &upload, deadline).await;
        }
        let receipt = exchange.upload_intent(&new.holder).await?;
        new.intent = receipt.index;
        if new.intake.exception() == Some(UploadException::HolderDown) {
            self.holder_is_down(exchange, query).await?;
        }
        let upload = self.registry.begin_upload(&new, self.limits.pending_uploads).await?;
        if upload.begun.id != new.id {
            // The same announcement on another connection was faster: this Intent closes at once.
            return self.resume(exchange, &upload, deadline).await;
        }
        Ok(Begun::Upload { upload: new.id, offset: 0, receipt })
    }

    /// Continues an upload under the Intent that began it.
    async fn resume(
        &self,
        exchange: &mut Exchange,
        upload: &Upload,
        deadline: Instant,
    ) -> Result<Begun, ExchangeError> {
        exchange.operation(Operation::Resume);
        exchange.counts().stage += 1;
        let offset = self.continue_at(upload, &exchange.asking(deadline)).await?;
        let receipt = exchange.served(0, None).await?;
        Ok(Begun::Upload { upload: upload.begun.id, offset, receipt })
    }
}

// === impl BeginQuery ===

impl BeginQuery {
    fn material(&self) -> MaterialKey {
        MaterialKey {
            material_type: self.material_type.code.clone(),
            subject: self.subject.clone(),
            number: self.document.number.clone(),
        }
    }

    /// Returns what records say of it to auditors only.
    fn private(&self) -> SealedContent {
        let note = self.excepted.as_ref().map(|excepted| excepted.ground.to_string());
        SealedContent { note, ..SealedContent::of(&self.purpose) }
    }
}

/// Checks size and media type by what the type allows.
fn acceptable(query: &BeginQuery) -> Result<(), ExchangeError> {
    let MaterialType { code, max_size_bytes, media_types, .. } = &*query.material_type;
    let size = query.document.size_bytes;
    if size > *max_size_bytes {
        let fault = format!("is {size}");
        let cure = format!("{code} may have at most {max_size_bytes} bytes");
        return Err(FieldError::new("size_bytes", fault, cure).into());
    }
    if !media_types.contains(&query.document.media_type) {
        let allowed: Vec<_> = media_types.iter().map(|allowed| allowed.as_str()).collect();
        let fault = format!("is {}", query.document.media_type);
        let cure = format!("{code} may be {}", allowed.join(" or "));
        return Err(FieldError::new("media_type", fault, cure).into());
    }
    Ok(())
}
