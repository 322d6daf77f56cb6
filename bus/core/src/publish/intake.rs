//! Intake: what an upload may become, by whose record its type is.

use tokio::time::Instant;

use crate::{
    Bus, Caller, DuplicateCollection, ExchangeError, FieldError, Intake, MaterialType, Supply,
    cache::Topic, correct::PATIENCE, exchange::Exchange,
};

use super::BeginQuery;

impl Bus {
    /// Puts another rule on duplicate collection in force, for every upload that begins after this
    /// returned.
    pub fn replace_duplicate_collection(&self, rule: DuplicateCollection) {
        self.duplicates.replace(rule);
    }

    /// Decides what an upload may become: the source department's is the record, all others' are
    /// contributions beside it.
    pub(super) fn intake(
        &self,
        caller: &Caller,
        query: &BeginQuery,
    ) -> Result<Intake, ExchangeError> {
        let MaterialType { code, supply, department, .. } = &*query.material_type;
        match (supply, &query.excepted) {
            (Supply::VerifyOnly, _) => {
                Err(ExchangeError::VerifyOnly { material_type: code.clone() })
            }
            (Supply::OriginHeld, Some(excepted)) => {
                Ok(Intake::Excepted { exception: excepted.exception })
            }
            (Supply::OriginHeld, None) => match self.duplicates.rule() {
                DuplicateCollection::Record => Ok(Intake::Duplicate),
                DuplicateCollection::Refuse => {
                    let (material_type, holder) = (code.clone(), department.clone());
                    Err(ExchangeError::NotUploaded { material_type, holder })
                }
            },
            (Supply::Uploaded, Some(_)) => {
                let fault = "is given for a type that is uploaded";
                Err(FieldError::new("exception", fault, "leave it out").into())
            }
            (Supply::Uploaded, None) => {
                let source = self.source(&query.material_type, &query.subject);
                if source == caller.department {
                    return Ok(Intake::Source);
                }
                Ok(Intake::Other { source })
            }
        }
    }

    /// Checks under the Intent of the upload that its type's holder does not answer: nobody is taken
    /// at their word that it does not.
    pub(super) async fn holder_is_down(
        &self,
        exchange: &mut Exchange,
        query: &BeginQuery,
    ) -> Result<(), ExchangeError> {
        let material_type = &*query.material_type;
        let holder = &self.source(material_type, &query.subject);
        if self.holders.ready(holder).is_err() {
            self.outages.note(holder, self.clock.now());
            return Ok(());
        }
        let (code, subject) = (material_type.code.clone(), query.subject.clone());
        let topic = Topic { material_type: code.clone(), subject };
        // Not until the caller's deadline: a short one would make any department silent.
        let deadline = Instant::now() + PATIENCE;
        let error = match self.look_up(exchange, material_type, &topic, deadline).await {
            Err(ExchangeError::Holder(error)) if error.is_away() => {
                self.outages.note(holder, self.clock.now());
                return Ok(());
            }
            Ok(_told) => {
                self.outages.ended(holder);
                ExchangeError::HolderReachable { material_type: code, holder: holder.clone() }
            }
            Err(error) => error,
        };
        // The record tells who was asked, and whom it concerns.
        exchange.holder(holder);
        Err(error)
    }
}
