//! What an adapter says of itself.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use oncebus_core::{DeptId, Description};
use oncebus_proto::v1 as pb;
use tokio::time::Instant;

/// How long a description is relied on.
const KEPT: Duration = Duration::from_secs(300);
/// Least time between two questions that nobody waits for.
const PAUSE: Duration = Duration::from_secs(60);
/// So much of name and build stands in records, in bytes: a leaf has 4 KiB.
const NAME_BYTES: usize = 64;

/// An adapter's last description.
#[derive(Debug, Default)]
pub(super) struct Introduction(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    described: Option<(Instant, Description)>,
    name: Option<Arc<str>>,
    asked: Option<Instant>,
}

// === impl Introduction ===

impl Introduction {
    /// Returns the description, if it is young enough to be relied on.
    pub(super) fn lately(&self) -> Option<Description> {
        let state = self.state();
        let young = state.described.as_ref().filter(|(at, _)| at.elapsed() < KEPT);
        young.map(|(_, description)| description.clone())
    }

    /// Returns name and build, however old.
    pub(super) fn name(&self) -> Option<Arc<str>> {
        self.state().name.clone()
    }

    /// Returns whether to ask now; who is told so asks.
    pub(super) fn is_due(&self) -> bool {
        let mut state = self.state();
        let known = state.described.as_ref().is_some_and(|(at, _)| at.elapsed() < KEPT);
        let due = !known && state.asked.is_none_or(|at| at.elapsed() >= PAUSE);
        if due {
            state.asked = Some(Instant::now());
        }
        due
    }

    /// Keeps a description.
    pub(super) fn note(&self, description: Description) {
        let mut state = self.state();
        state.name = Some(name(&description).into());
        state.described = Some((Instant::now(), description));
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Reads the answer of Describe.
///
/// # Errors
///
/// If it is of another department.
pub(super) fn read(answer: pb::DescribeResponse, holder: &DeptId) -> Result<Description, String> {
    if answer.department != holder.as_str() {
        return Err("it describes itself as another department's".to_owned());
    }
    let pb::DescribeResponse { adapter, build, stores, verifies, .. } = answer;
    Ok(Description { adapter, build, stores, verifies })
}

/// Writes name and build for records: what is no plain character is `_`, what is too long is cut.
fn name(description: &Description) -> String {
    let name = format!("{}/{}", description.adapter, description.build);
    let plain = |c: char| if c.is_ascii_graphic() && !"\"\\".contains(c) { c } else { '_' };
    name.chars().map(plain).take(NAME_BYTES).collect()
}

#[cfg(test)]
mod tests {
    use tokio::time::advance;

    use super::*;

    fn description(adapter: &str) -> Description {
        let (adapter, build) = (adapter.to_owned(), "1.2".to_owned());
        Description { adapter, build, stores: true, verifies: true }
    }

    #[tokio::test(start_paused = true)]
    async fn an_adapter_is_asked_once_a_minute_until_it_is_known_and_again_when_that_is_old() {
        let introduction = Introduction::default();

        let mut due = vec![introduction.is_due(), introduction.is_due()];
        advance(PAUSE).await;
        due.push(introduction.is_due());
        introduction.note(description("files"));
        advance(KEPT - Duration::from_secs(1)).await;
        due.push(introduction.is_due());
        advance(Duration::from_secs(1)).await;
        due.push(introduction.is_due());

        assert_eq!(due, [true, false, true, false, true]);
        assert_eq!(introduction.name().as_deref(), Some("files/1.2"), "an old name is a name");
    }

    #[test]
    fn a_hostile_name_gets_no_room_in_records() {
        let long = name(&description(&"x".repeat(1_000)));
        let odd = name(&description("a\"b\\c\n市"));

        assert_eq!((long.len(), odd.as_str()), (64, "a_b_c__/1.2"));
    }
}
