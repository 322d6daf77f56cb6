//! Finds what was current on a day, as the bus knew it at its end. Nobody is asked.

use crate::{
    Bus, Day, ExchangeError, Facts, FieldError, MaterialInfo, MaterialType, Number, Subject,
    Supply, When, planted::Bug,
};

impl Bus {
    /// Returns what was current at the end of `day`, by number, judged then and now.
    pub(crate) async fn find_then(
        &self,
        material_type: &MaterialType,
        subject: &Subject,
        number: Option<&Number>,
        day: Day,
    ) -> Result<Vec<MaterialInfo>, ExchangeError> {
        if material_type.supply == Supply::VerifyOnly {
            return Err(ExchangeError::VerifyOnly { material_type: material_type.code.clone() });
        }
        if !self.journal.clock().is_sound() {
            return Err(ExchangeError::ClockBehind);
        }
        let now = self.clock.now();
        self.known_of(day, Day::of(now)).await?;
        let known_by = if self.planted.is(Bug::PastIsPresent) { Day::of(now) } else { day };
        let past = self.registry.past(&material_type.code, subject, known_by.end()).await?;
        let facts = Facts::default();
        let under = self.circumstances(material_type, subject, &facts, When::Now(now)).await?;
        let then = self.circumstances(material_type, subject, &facts, When::Then(day)).await?;
        let past = past.iter().filter(|then| number.is_none_or(|n| *n == then.version.number));
        Ok(past.map(|past| past.info(&under, &then, now)).collect())
    }

    /// Refuses a day that is to come, or of which the bus no longer knows everything.
    async fn known_of(&self, day: Day, today: Day) -> Result<(), ExchangeError> {
        if today < day {
            let cure = format!("give {today} or a day before");
            return Err(FieldError::new("as_of", "is to come", cure).into());
        }
        let since = self.registry.change_span().await?.since;
        if day.end() < since {
            let cure = format!("give {} or a later day", Day::of(since));
            let fault = "lies before what the bus still knows";
            return Err(FieldError::new("as_of", fault, cure).into());
        }
        Ok(())
    }
}
