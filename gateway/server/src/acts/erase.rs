//! Erases sealed parts for good: on record, then done, then on record that it is done.

use std::sync::Arc;

use jiff::{Timestamp, civil::Date};
use oncebus_core::{
    Call, Caller, Digest, Ending, ExchangeError, Ground, Operation, RequestId, Role, Span, Spans,
};
use oncebus_trail::Receipt;

use super::{ActError, ActFailure, Acts, Refusal, call, erased::Recorded, must_be};

/// What is to be erased, and why.
#[derive(Debug)]
pub(crate) struct EraseQuery {
    /// What.
    pub target: Target,
    /// Why.
    pub ground: Ground,
    /// Which request it is.
    pub request: RequestId,
}

/// What is to be erased.
#[derive(Debug)]
pub(crate) enum Target {
    /// The sealed parts of these records; ascending, each once.
    Parts(Vec<u64>),
    /// All that was sealed on a day, in UTC, with its keys.
    Day(Date),
}

/// What was erased.
#[derive(Debug)]
pub(crate) struct Erased {
    /// Parts, or keys of a day.
    pub count: u64,
    /// Proof that it is on the trail.
    pub receipt: Receipt,
}

// === impl Acts ===

impl Acts {
    /// Erases sealed parts.
    ///
    /// # Errors
    ///
    /// If the caller has not the role, a legal hold keeps them, or the request id was used for
    /// something else; on record too. If the disk fails it is finished later.
    pub(crate) async fn erase(
        self: Arc<Self>,
        caller: Caller,
        query: EraseQuery,
    ) -> Result<Erased, ActFailure> {
        let acts = Arc::clone(&self);
        self.alone(async move { acts.erase_now(&caller, query).await }).await
    }

    async fn erase_now(&self, caller: &Caller, query: EraseQuery) -> Result<Erased, ActFailure> {
        let request = Some(Digest::of(query.request.0.as_bytes()));
        let call = Call { request, ..call(caller, Operation::EraseSealed) };
        let recorded = match self.erasable(caller, &call, &query).await {
            Ok(recorded) => recorded,
            Err(error) => {
                let EraseQuery { target, ground, .. } = query;
                let (indices, ground) = (target.indices(), Some(ground));
                return Err(self.refused(Refusal { call, indices, ground, error }).await);
            }
        };
        let first = match recorded {
            Some(Recorded { done: Some((index, count)), .. }) => {
                return Ok(Erased { count, receipt: self.receipt(index).await? });
            }
            Some(recorded) if recorded.is_complete() => recorded.first,
            _ => self.record_erasure(&call, &query).await?,
        };
        let EraseQuery { target, ground, .. } = query;
        Ok(self.carry_out(call, first, &target, ground, Ending::Served).await?)
    }

    /// Checks that the caller may; returns what is on record of the same request.
    async fn erasable(
        &self,
        caller: &Caller,
        call: &Call,
        query: &EraseQuery,
    ) -> Result<Option<Recorded>, ActError> {
        must_be(Role::Security, caller)?;
        let known = self.erasures().await?.remove(&(call.system.clone(), call.request));
        match known {
            Some(known) if known.is_of(&query.target, query.ground) => return Ok(Some(known)),
            Some(_other) => return Err(ExchangeError::IdempotencyKeyReused.into()),
            None => {}
        }
        if query.ground != Ground::CourtOrder {
            self.check_holds(&query.target).await?;
        }
        Ok(None)
    }

    async fn check_holds(&self, target: &Target) -> Result<(), ActError> {
        let retention = self.retention();
        if retention.holds.is_empty() {
            return Ok(());
        }
        match target {
            Target::Day(day) => {
                let held =
                    retention.holds.iter().any(|hold| hold.from <= *day && *day <= hold.until);
                if held { Err(ActError::Held(day.to_string())) } else { Ok(()) }
            }
            Target::Parts(indices) => {
                for (index, record) in self.records(indices.clone()).await? {
                    let time = Timestamp::from_millisecond(record.time).unwrap_or_default();
                    if retention.hold_at(time).is_some() {
                        return Err(ActError::Held(format!("record {index}")));
                    }
                }
                Ok(())
            }
        }
    }

    /// Puts on record what is about to be erased; returns the position of the first record.
    async fn record_erasure(&self, call: &Call, query: &EraseQuery) -> Result<u64, ActError> {
        let key = query.target.key();
        let indices = query.target.indices();
        let meant = (!indices.is_empty()).then_some(indices.len() as u64);
        let mut first = None;
        for spans in Spans::several(&Span::runs(indices)) {
            let spans = meant.map(|_parts| spans);
            let record =
                self.journal().erasure(call.clone(), spans, key.clone(), query.ground, meant);
            let index = record.await?.index;
            first.get_or_insert(index);
        }
        Ok(first.unwrap_or_default())
    }

    /// Erases what is on record at `first`, and puts on record that it is done: that record lets the
    /// frames go which still hold the parts.
    async fn carry_out(
        &self,
        call: Call,
        first: u64,
        target: &Target,
        ground: Ground,
        ending: Ending,
    ) -> Result<Erased, ActError> {
        let count = match target {
            Target::Parts(indices) => self.erase_parts(indices).await?,
            Target::Day(day) => self.erase_day(*day).await?,
        };
        let call = Call { outcome: Some(ending), intent: Some(first), ..call };
        let done = self.journal().erasure(call, None, None, ground, Some(count)).await;
        Ok(Erased { count, receipt: done.map_err(ActError::unfinished)? })
    }

    async fn erase_parts(&self, indices: &[u64]) -> Result<u64, ActError> {
        let trail = self.trail();
        let mut count = 0;
        for index in indices {
            let part = trail.read_sealed(*index, 1).map_err(ActError::unfinished)?;
            count += u64::from(part.first().is_some_and(|part| !part.is_empty()));
        }
        self.erase_of(indices).await?;
        Ok(count)
    }

    /// Erases the parts of these records from the trail's files, and what they were found by.
    pub(super) async fn erase_of(&self, indices: &[u64]) -> Result<(), ActError> {
        self.trail().erase(indices.iter().copied().collect()).await?;
        self.index.forget_tokens(indices).await.map_err(ActError::unfinished)
    }

    /// Finishes what the last run left. What cannot be is left to the next start, or to who asks again.
    pub(super) async fn finish_erasures(&self) {
        let open = match self.erasures().await {
            Ok(all) => all.into_values().filter(|one| one.done.is_none() && one.is_complete()),
            Err(error) => return tracing::error!(?error, "erasures of the last run are not known"),
        };
        for recorded in open {
            let Some(target) = recorded.target() else { continue };
            let Recorded { call, first, ground, .. } = recorded;
            match self.carry_out(call, first, &target, ground, Ending::Recovered).await {
                Ok(_erased) => tracing::info!(first, "an erasure of the last run is finished"),
                Err(error) => tracing::error!(?error, first, "an erasure is on record, not done"),
            }
        }
    }
}

// === impl Target ===

impl Target {
    /// Returns the key as records name it, of a day.
    pub(super) fn key(&self) -> Option<String> {
        match self {
            Self::Parts(_) => None,
            Self::Day(day) => Some(format!("data:{day}")),
        }
    }

    fn indices(&self) -> Vec<u64> {
        match self {
            Self::Parts(indices) => indices.clone(),
            Self::Day(_) => Vec::new(),
        }
    }
}
