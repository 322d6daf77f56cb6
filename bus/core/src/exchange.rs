//! One call and its records: Intent before an adapter is asked, Outcome before anything leaves.

use oncebus_trail::Receipt;

use crate::{
    AdapterCalls, Bus, Cache, Caller, DeptId, Epoch, ExchangeError, Failure, MaterialType,
    Operation, Purpose, RecordId, RequestId, TypeCode, Version,
    record::{Call, Ending},
};

/// One call on its way, and what its records will say.
#[derive(Debug)]
pub(crate) struct Exchange {
    bus: Bus,
    call: Call,
    personal: bool,
    intent: Option<u64>,
    calls: AdapterCalls,
    decided: Option<Decided>,
}

/// What was decided in favour of the call, and by the permissions of which epoch.
#[derive(Debug)]
struct Decided {
    caller: Caller,
    operation: Operation,
    material_type: TypeCode,
    epoch: Epoch,
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

    /// Opens the exchange of a call whose record is begun.
    pub(crate) fn with(bus: &Bus, call: Call, material_type: &MaterialType) -> Self {
        Self {
            bus: bus.clone(),
            call,
            personal: material_type.personal,
            intent: None,
            calls: AdapterCalls::default(),
            decided: None,
        }
    }

    /// Notes which request this is.
    pub(crate) fn request(&mut self, id: impl Into<Option<RequestId>>) {
        self.call.request = id.into().map(|id| crate::Digest::of(id.0.as_bytes()));
    }

    /// Decides the call, by nothing but caller, type and operation.
    pub(crate) fn decide(
        &mut self,
        caller: &Caller,
        operation: Operation,
        material_type: &MaterialType,
    ) -> Result<(), ExchangeError> {
        let (caller, material_type) = (caller.clone(), material_type.code.clone());
        let (rule, epoch) = self.bus.policy.decide(&caller, operation, &material_type)?;
        if let Some(why) = &mut self.call.why {
            why.rule = Some(rule);
        }
        self.decided = Some(Decided { caller, operation, material_type, epoch });
        Ok(())
    }

    /// Decides the call again if the permissions have changed since.
    pub(crate) fn still_allowed(&mut self) -> Result<(), ExchangeError> {
        let Some(decided) = &mut self.decided else { return Ok(()) };
        if self.bus.policy.epoch() != decided.epoch {
            let Decided { caller, operation, material_type, .. } = &*decided;
            let (_rule, epoch) = self.bus.policy.decide(caller, *operation, material_type)?;
            decided.epoch = epoch;
        }
        Ok(())
    }

    /// Says what the call does, where it turns out to be another thing than it began as.
    pub(crate) fn operation(&mut self, operation: Operation) {
        self.call.operation = Some(operation);
    }

    /// Says whom the call concerns.
    pub(crate) fn holder(&mut self, holder: &DeptId) {
        self.call.holder = Some(holder.clone());
    }

    /// Says which version the call concerns; of a personal type only its size.
    pub(crate) fn version(&mut self, version: &Version) {
        self.holder(&version.holder);
        self.call.size_bytes = Some(version.manifest.size_bytes);
        if !self.personal {
            self.call.version = Some(version.name().to_string());
            self.call.digest = Some(version.manifest.content);
        }
    }

    /// Makes the Intent durable, once. Adapters may be asked when this has returned.
    pub(crate) async fn intent(&mut self, holder: &DeptId) -> Result<(), ExchangeError> {
        if self.intent.is_none() {
            self.upload_intent(holder).await?;
        }
        Ok(())
    }

    /// Makes the Intent of an upload durable, and returns its proof: the answer carries it, since
    /// the outcome comes with the commit.
    pub(crate) async fn upload_intent(
        &mut self,
        holder: &DeptId,
    ) -> Result<Receipt, ExchangeError> {
        self.holder(holder);
        let receipt = self.bus.journal.intent(self.call.clone()).await?;
        self.intent = Some(receipt.index);
        Ok(receipt)
    }

    /// Continues under the Intent that an earlier call made durable, and closes it.
    pub(crate) fn under(&mut self, intent: u64) {
        self.intent = Some(intent);
    }

    /// Counts the adapter calls that are about to be made.
    pub(crate) fn counts(&mut self) -> &mut AdapterCalls {
        &mut self.calls
    }

    /// Makes the Outcome of a served call durable: at most `bytes` may leave now.
    pub(crate) async fn served(
        &self,
        bytes: u64,
        cache: Option<Cache>,
    ) -> Result<Receipt, ExchangeError> {
        let call = Call { bytes_authorised: Some(bytes), cache, ..self.closing() };
        self.write(self.bus.journal.draw_id(), Ending::Served, call).await
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

    /// Says how many bytes left before a stream was cut. Nothing waits for it.
    pub(crate) async fn aborted(&self, bytes: u64, reason: &'static str) {
        let call =
            Call { bytes_authorised: Some(bytes), reason: Some(reason.into()), ..self.closing() };
        if let Err(error) = self.bus.journal.aborted(call).await {
            tracing::error!(%error, "a cut stream is not on the trail");
        }
    }

    fn closing(&self) -> Call {
        let calls = (self.calls != AdapterCalls::default()).then_some(self.calls);
        Call { adapter_calls: calls, intent: self.intent, ..self.call.clone() }
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
