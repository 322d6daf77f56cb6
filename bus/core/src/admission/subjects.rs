//! How many subjects a department may verify in batches.

use std::{num::NonZeroU32, sync::Arc, time::Duration};

use super::{AdmissionLimits, Load, pace::Pace};
use crate::Clock;

const MINUTE: Duration = Duration::from_secs(60);
const DAY: Duration = Duration::from_secs(24 * 3_600);

/// Counts the subjects of one department: a call may have many, so calls alone do not bound them.
#[derive(Debug)]
pub(super) struct Subjects {
    a_minute: Pace,
    a_day: Pace,
}

// === impl Subjects ===

impl Subjects {
    pub(super) fn new(limits: &AdmissionLimits, clock: &Arc<dyn Clock>) -> Self {
        Self {
            a_minute: Pace::within(MINUTE, limits.batch_subjects_per_minute, clock),
            a_day: Pace::within(DAY, limits.batch_subjects_per_day, clock),
        }
    }

    /// Counts so many, or none of them.
    ///
    /// # Errors
    ///
    /// Says when they will be let in. What the day does not let in has used up the minute.
    pub(super) fn take(&self, several: usize) -> Result<(), Load> {
        let several = u32::try_from(several).unwrap_or(u32::MAX);
        let Some(several) = NonZeroU32::new(several) else { return Ok(()) };
        let paces = [(&self.a_minute, "minute", MINUTE), (&self.a_day, "day", DAY)];
        paces.into_iter().try_for_each(|(pace, per, longest)| {
            let limit = pace.limit();
            pace.take(several, longest).map_err(|wait| Load::Subjects { limit, per, wait })
        })
    }
}
