//! Drops what the policy does not keep: whole bundles, but for what is held.

use std::{ops::Range, slice, sync::Arc};

use jiff::{Timestamp, ToSpan as _};
use oncebus_core::{Caller, Clock as _, Operation, Role, Span, Spans};
use oncebus_store::{RecordFilter, Visibility};
use oncebus_trail::Receipt;

use super::{ActError, ActFailure, Acts, Refusal, call, must_be, ranges::without, served};

/// Records that are dropped together.
const BUNDLE: u64 = 256;

/// What was dropped, or would be.
#[derive(Debug)]
pub(crate) struct Retained {
    /// Dropped, or to be dropped.
    pub dropped: Vec<Range<u64>>,
    /// Old enough, and held.
    pub held: Vec<Range<u64>>,
    /// Proof that it is on the trail; none where nothing was to be done.
    pub receipt: Option<Receipt>,
}

// === impl Acts ===

impl Acts {
    /// Says what the policy drops now, and drops nothing.
    ///
    /// # Errors
    ///
    /// If the caller is no operator, which is on record too, or the trail cannot be searched.
    pub(crate) async fn plan_retention(&self, caller: &Caller) -> Result<Retained, ActFailure> {
        self.operator(caller).await?;
        let planned = self.plan().await?;
        self.journal().audit_read(call(caller, Operation::ApplyRetention), 0).await?;
        Ok(planned)
    }

    /// Drops what the policy drops now.
    ///
    /// # Errors
    ///
    /// As [`Self::plan_retention`]; and if the disk fails: the next time goes on then.
    pub(crate) async fn apply_retention(
        self: Arc<Self>,
        caller: Caller,
    ) -> Result<Retained, ActFailure> {
        let acts = Arc::clone(&self);
        self.alone(async move { acts.retain(&caller).await }).await
    }

    async fn retain(&self, caller: &Caller) -> Result<Retained, ActFailure> {
        self.operator(caller).await?;
        let mut planned = self.plan().await?;
        let call = call(caller, Operation::ApplyRetention);
        let spans: Vec<_> = planned
            .dropped
            .iter()
            .map(|range| Span { start: range.start, end: range.end })
            .collect();
        if spans.is_empty() {
            planned.receipt = Some(self.journal().admin(served(&call), None, None).await?);
        } else {
            for spans in Spans::several(&spans) {
                planned.receipt = Some(self.journal().retention(call.clone(), spans).await?);
            }
            let dropped = self.trail().prune(planned.dropped.clone()).await?;
            tracing::info!(dropped, "records that the policy does not keep are dropped");
        }
        // What a crash left of earlier ones as well.
        for range in self.trail().pruned() {
            self.index.forget(range).await?;
        }
        Ok(planned)
    }

    async fn operator(&self, caller: &Caller) -> Result<(), ActFailure> {
        let Err(error) = must_be(Role::Operator, caller) else { return Ok(()) };
        let call = call(caller, Operation::ApplyRetention);
        Err(self.refused(Refusal { call, indices: Vec::new(), ground: None, error }).await)
    }

    async fn plan(&self) -> Result<Retained, ActError> {
        let size = self.index.feed(self.trail()).await?;
        let retention = self.retention();
        let days = i64::from(retention.keep_days);
        let oldest_kept = self.journal().clock().now() - (days * 24).hours();
        let end = self.first_since(oldest_kept, size).await? / BUNDLE * BUNDLE;
        let mut held = Vec::new();
        for hold in &retention.holds {
            let (from, until) = hold.times();
            let start = self.first_since(from, size).await? / BUNDLE * BUNDLE;
            let after = self.first_since(until, size).await?.next_multiple_of(BUNDLE);
            held.push(start.min(end)..after.min(end));
        }
        let gone = self.trail().pruned();
        let old = without(slice::from_ref(&(0..end)), &gone);
        let dropped = without(&old, &held);
        Ok(Retained { held: without(&old, &dropped), dropped, receipt: None })
    }

    /// Returns the first record that is not older: times on the trail never go back.
    pub(super) async fn first_since(&self, time: Timestamp, size: u64) -> Result<u64, ActError> {
        let filter = RecordFilter { from: Some(time.as_millisecond()), ..Default::default() };
        let found = self.index.search_oldest(&filter, &Visibility::All, 0..size, 1).await?;
        Ok(found.first().copied().unwrap_or(size))
    }
}
