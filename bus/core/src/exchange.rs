//! One call and its records: Intent before an adapter is asked, Outcome before anything leaves.

mod batch;

use std::{sync::Arc, time::Duration};

use jiff::Timestamp;
use oncebus_trail::Receipt;
use tokio::time::Instant;

use crate::{
    AdapterCalls, Asking, BundleId, Bus, Cache, Caller, Claims, CorrectionId, CorrectionState,
    Counts, DeptId, Excepted, ExchangeError, Failure, Intake, MaterialType, Note, Operation,
    Purpose, RecordId, RequestId, Revocation, Rule, Subject, Version,
    planted::Bug,
    record::{Call, Ending},
    standing::Standing,
};

pub(crate) use self::batch::BatchIntent;

/// One call on its way, and what its records will say.
#[derive(Debug)]
pub(crate) struct Exchange {
    bus: Bus,
    call: Call,
    personal: bool,
    intent: Option<u64>,
    /// The Intent of the batch that the call is a part of.
    batch: Option<Arc<BatchIntent>>,
    calls: AdapterCalls,
    asking: Asking,
    /// One for each decision that it rests on.
    standings: Vec<Standing>,
    /// Index of the Outcome by which bytes may leave.
    outcome: Option<u64>,
    begun: Instant,
}

// === impl Exchange ===

impl Exchange {
    /// Opens the exchange of a checked call.
    pub(crate) fn begin(
        bus: &Bus,
        caller: &Caller,
        operation: Operation,
        material_type: &MaterialType,
        purpose: &Purpose,
    ) -> Self {
        let call = Call::new(caller, operation, &material_type.code, purpose);
        Self::with(bus, call, material_type)
    }

    /// Opens the exchange of a checked call about many types. Its records name none of them.
    pub(crate) fn begin_many(
        bus: &Bus,
        caller: &Caller,
        operation: Operation,
        purpose: &Purpose,
    ) -> Self {
        Self::of(bus, Call::about_many(caller, operation, purpose))
    }

    /// Opens the exchange of a call whose record is begun.
    pub(crate) fn with(bus: &Bus, call: Call, material_type: &MaterialType) -> Self {
        Self { personal: material_type.personal, ..Self::of(bus, call) }
    }

    fn of(bus: &Bus, call: Call) -> Self {
        let catalog = call.catalog.or_else(|| Some(Arc::clone(bus.catalog().mark())));
        let call = Call { catalog, ..call };
        Self {
            bus: bus.clone(),
            call,
            personal: false,
            intent: None,
            batch: None,
            calls: AdapterCalls::default(),
            asking: Asking::until(Instant::now()),
            standings: Vec::new(),
            outcome: None,
            begun: Instant::now(),
        }
    }

    /// Notes which request this is.
    pub(crate) fn request(&mut self, id: impl Into<Option<RequestId>>) {
        self.call.request = id.into().map(|id| crate::Digest::of(id.0.as_bytes()));
    }

    /// Says of which bundle or batch the call is a part.
    pub(crate) fn part_of(&mut self, bundle: BundleId) {
        self.call.bundle = Some(bundle);
    }

    /// Says whom or what the call is about, to auditors only.
    pub(crate) fn about(&mut self, subject: &Subject) {
        self.call.private.subject = Some(subject.clone());
    }

    /// Says of which fields something is claimed, to auditors only; what is claimed stands nowhere.
    pub(crate) fn claims(&mut self, claims: &Claims) {
        self.call.private.claims = Some(claims.fields()).filter(|fields| !fields.is_empty());
    }

    /// Decides the call, by nothing but caller, type and operation.
    pub(crate) fn decide(
        &mut self,
        caller: &Caller,
        operation: Operation,
        material_type: &MaterialType,
    ) -> Result<Standing, ExchangeError> {
        let Bus { policy, revocations, .. } = &self.bus;
        let code = &material_type.code;
        let (decided, by) = Standing::decide(policy, revocations, caller, operation, code);
        self.call.policy = Some(by.digest);
        let (rule, standing) = decided?;
        self.by_rule(rule);
        self.standings = vec![standing.clone()];
        Ok(standing)
    }

    /// Decides one of the types that a call is about.
    pub(crate) fn decide_also(
        &mut self,
        caller: &Caller,
        operation: Operation,
        material_type: &MaterialType,
    ) -> Result<(), ExchangeError> {
        let others = std::mem::take(&mut self.standings);
        let decided = self.decide(caller, operation, material_type);
        let own = std::mem::replace(&mut self.standings, others);
        self.standings.extend(own);
        decided.map(drop)
    }

    /// Says which package of items the call is made for.
    pub(crate) fn package(&mut self, code: &str) {
        if let Some(why) = &mut self.call.why {
            why.package = Some(code.to_owned());
        }
    }

    /// Says how many pieces a checklist has.
    pub(crate) fn counted(&mut self, counts: Counts) {
        self.call.counts = Some(counts);
    }

    /// Makes the Intent of a call that asks several holders durable, once.
    pub(crate) async fn intent_for_all(&mut self) -> Result<(), ExchangeError> {
        if self.intent.is_none() {
            self.intent = Some(self.bus.journal.intent(self.call.clone()).await?.index);
        }
        Ok(())
    }

    /// Opens a part of this exchange, about one type: it asks under the Intent of the whole, and writes
    /// no Outcome of its own.
    pub(crate) fn part(&self, material_type: &MaterialType) -> Self {
        Self {
            personal: material_type.personal,
            intent: self.intent,
            asking: self.asking.clone(),
            ..Self::of(&self.bus, self.call.clone())
        }
    }

    /// Counts the adapter calls of a part.
    pub(crate) fn add(&mut self, part: &Self) {
        self.calls.lookup += part.calls.lookup;
    }

    /// Says what the call does, where it turns out to be another thing than it began as.
    pub(crate) fn operation(&mut self, operation: Operation) {
        self.call.operation = Some(operation);
    }

    /// Says whom the call concerns.
    pub(crate) fn holder(&mut self, holder: &DeptId) {
        self.call.holder = Some(holder.clone());
    }

    /// Says which version the call concerns; what that is of a personal type, to auditors only.
    pub(crate) fn version(&mut self, version: &Version) {
        self.holder(&version.holder);
        self.about(&version.subject);
        let manifest = &version.manifest;
        self.call.size_bytes = Some(manifest.size_bytes);
        self.call.media_type = Some(manifest.media_type.clone());
        let (name, digest) = (Some(version.name().to_string()), Some(manifest.content));
        if self.personal {
            (self.call.private.version, self.call.private.digest) = (name, digest);
        } else {
            (self.call.version, self.call.digest) = (name, digest);
        }
    }

    /// Says that the call is about to give a version on, which it may until that is revoked.
    ///
    /// # Errors
    ///
    /// [`ExchangeError::VersionRevoked`] if it was before.
    pub(crate) fn gives_on(&mut self, version: &Version) -> Result<(), ExchangeError> {
        version.not_revoked()?;
        for standing in &mut self.standings {
            standing.gives_on(version.id);
        }
        Ok(())
    }

    /// Says why a version is revoked, and a note for auditors only.
    pub(crate) fn revokes(&mut self, reason: Revocation, note: Option<&Note>) {
        self.call.revocation = Some(reason);
        self.call.private.note = note.map(ToString::to_string);
    }

    /// Says what an upload comes as, and the ground of an exception to auditors only.
    pub(crate) fn takes(&mut self, intake: &Intake, excepted: Option<&Excepted>) {
        self.call.duplicate_collection = intake.duplicate();
        self.call.exception = intake.exception();
        self.call.private.note = excepted.map(|excepted| excepted.ground.to_string());
    }

    /// Says which correction the call opened, or is about, and what a comparison came to.
    pub(crate) fn corrects(&mut self, id: CorrectionId, compared: Option<CorrectionState>) {
        (self.call.correction, self.call.compared) = (Some(id), compared);
    }

    /// Says on what a decision rests that no permission made.
    pub(crate) fn by_rule(&mut self, rule: Rule) {
        if let Some(why) = &mut self.call.why {
            why.rule = Some(rule);
        }
    }

    /// Says since when the bus has had what a hit rests on.
    pub(crate) fn cached_since(&mut self, since: Timestamp) {
        self.call.cached_since = Some(since.as_millisecond());
    }

    /// Makes the Intent durable, once, and returns its index. Adapters may be asked when this has
    /// returned. What cannot be asked now needs no Intent, and fails.
    pub(crate) async fn intent(&mut self, holder: &DeptId) -> Result<u64, ExchangeError> {
        match (self.intent, self.batch.clone()) {
            (Some(intent), _) => Ok(intent),
            (None, Some(batch)) => self.batch_intent(&batch, holder).await,
            (None, None) => Ok(self.upload_intent(holder).await?.index),
        }
    }

    /// Shares the Intent of another call, which asks the holder for both; an own one stays.
    pub(crate) fn share(&mut self, intent: u64) {
        self.intent.get_or_insert(intent);
    }

    /// Begins anew behind the Outcome, if there is one already, and tells whether: a new Intent and a
    /// new Outcome will link to it.
    pub(crate) fn follow(&mut self) -> bool {
        let Some(outcome) = self.outcome.take() else { return false };
        self.call.follows = Some(outcome);
        self.intent = None;
        self.calls = AdapterCalls::default();
        self.asking = Asking::until(Instant::now());
        self.call.cached_since = None;
        true
    }

    /// Returns when the call began.
    pub(crate) fn begun(&self) -> Instant {
        self.begun
    }

    /// Returns whether the call made no Lookup of its own, but relied on what was known.
    pub(crate) fn relied(&self) -> bool {
        self.calls.lookup == 0
    }

    /// Returns whether the type is personal.
    pub(crate) fn personal(&self) -> bool {
        self.personal
    }

    /// Makes the Intent of an upload durable, and returns its proof: the answer carries it, since
    /// the outcome comes with the commit.
    pub(crate) async fn upload_intent(
        &mut self,
        holder: &DeptId,
    ) -> Result<Receipt, ExchangeError> {
        self.holder(holder);
        self.bus.holders.ready(holder)?;
        let receipt = self.bus.journal.intent(self.call.clone()).await?;
        self.intent = Some(receipt.index);
        Ok(receipt)
    }

    /// Makes the Intent of something durable that asks no adapter, but is for ever.
    pub(crate) async fn announce(&mut self) -> Result<(), ExchangeError> {
        let receipt = self.bus.journal.intent(self.call.clone()).await?;
        self.intent = Some(receipt.index);
        Ok(())
    }

    /// Continues under the Intent that an earlier call made durable, and closes it.
    pub(crate) fn under(&mut self, intent: u64) {
        self.intent = Some(intent);
    }

    /// Gives an adapter until `deadline` for a call of this exchange.
    pub(crate) fn asking(&self, deadline: Instant) -> Asking {
        self.asking.by(deadline)
    }

    /// Counts the adapter calls that are about to be made.
    pub(crate) fn counts(&mut self) -> &mut AdapterCalls {
        &mut self.calls
    }

    /// Makes the Outcome of a served call durable: at most `bytes` may leave now.
    ///
    /// # Errors
    ///
    /// If the trail cannot be written, or the permissions have changed to the caller's loss.
    pub(crate) async fn served(
        &mut self,
        bytes: u64,
        cache: Option<Cache>,
    ) -> Result<Receipt, ExchangeError> {
        for standing in &mut self.standings {
            standing.check().await?;
        }
        let call = Call { bytes_authorised: Some(bytes), cache, ..self.closing() };
        if self.bus.planted.is(Bug::OutcomeAfterRelease) {
            return Ok(self.bus.write_later(call));
        }
        let receipt = self.write(self.bus.journal.draw_id(), Ending::Served, call).await?;
        self.outcome = Some(receipt.index);
        Ok(receipt)
    }

    /// Makes the Outcome of a publication durable, under the id that the registry has.
    pub(crate) async fn published(
        &self,
        id: RecordId,
        already_held: bool,
    ) -> Result<Receipt, ExchangeError> {
        let call =
            Call { already_held: Some(already_held), bytes_authorised: Some(0), ..self.closing() };
        self.write(id, Ending::Served, call).await
    }

    /// Makes an Outcome durable that says no more than the call does, under the id that the registry
    /// has.
    pub(crate) async fn ended(
        &self,
        id: RecordId,
        ending: Ending,
    ) -> Result<Receipt, ExchangeError> {
        self.write(id, ending, self.closing()).await
    }

    /// Makes the Outcome of a call that was refused or failed durable, and gives back what the
    /// caller hears: where the trail cannot be written, only that.
    pub(crate) async fn failed(&self, error: ExchangeError) -> Failure {
        if let ExchangeError::Audit(_) = error {
            return error.into();
        }
        let ending = if error.is_denial() { Ending::Denied } else { Ending::Failed };
        let call = Call { reason: Some(error.reason().into()), ..self.closing() };
        match self.write(self.bus.journal.draw_id(), ending, call).await {
            Ok(receipt) => Failure { error, receipt: Some(Box::new(receipt)) },
            Err(unwritten) => unwritten.into(),
        }
    }

    /// Says how many bytes left before a stream was cut, and returns the proof where it could be
    /// written.
    pub(crate) async fn aborted(&self, bytes: u64, reason: &'static str) -> Option<Box<Receipt>> {
        let call =
            Call { bytes_authorised: Some(bytes), reason: Some(reason.into()), ..self.closing() };
        let written = self.bus.journal.aborted(call).await;
        written
            .inspect_err(|error| tracing::error!(%error, "a cut stream is not on the trail"))
            .ok()
            .map(Box::new)
    }

    /// Returns how long a caller may not take a part of its answer.
    pub(crate) fn progress(&self) -> Duration {
        self.bus.limits.progress
    }

    fn closing(&self) -> Call {
        let asked = (self.calls != AdapterCalls::default()).then_some(self.calls);
        let adapter = |holder| self.bus.holders.adapter(holder);
        let policy = self.standings.last().map(|standing| Arc::clone(&standing.by().digest));
        let retries = self.asking.retries();
        Call {
            adapter: asked.and(self.call.holder.as_ref()).and_then(adapter),
            adapter_calls: asked,
            retries: (retries > 0).then_some(retries),
            policy: policy.or_else(|| self.call.policy.clone()),
            intent: self.intent,
            latency_ms: Some(u64::try_from(self.begun.elapsed().as_millis()).unwrap_or(u64::MAX)),
            ..self.call.clone()
        }
    }

    async fn write(
        &self,
        id: RecordId,
        ending: Ending,
        call: Call,
    ) -> Result<Receipt, ExchangeError> {
        Ok(self.bus.journal.outcome(id, ending, call).await?)
    }
}
