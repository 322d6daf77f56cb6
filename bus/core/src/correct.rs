//! Corrections: contributions are compared with their source's record when that can be asked.

use std::{collections::HashSet, time::Duration};

use jiff::Timestamp;
use tokio::time::Instant;

use crate::{
    Bus, Call, Circumstances, Contribution, CorrectionId, CorrectionState, DeptId, Ending,
    ExchangeError, Facts, MaterialInfo, MaterialType, Operation, Subject, Supply, Version, When,
    cache::Topic, exchange::Exchange,
};

/// Contributions that one round looks at.
const ROUND: u32 = 100;
/// How long a department may be silent before it counts as away.
pub(crate) const PATIENCE: Duration = Duration::from_secs(10);

/// What one round of comparing came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Corrected {
    /// Contributions that their source has too.
    pub matched: u32,
    /// Contributions that their source has otherwise, or not at all.
    pub differs: u32,
    /// Contributions whose source does not answer; a later round asks again.
    pub left: u32,
    /// Where the next round goes on; `None` when all were looked at.
    pub next: Option<CorrectionId>,
}

impl Bus {
    /// Compares the contributions behind `after`, oldest first, at most 100: each is an Intent, a
    /// Lookup at the department that should have it, and an Outcome with what came of it. A department
    /// that does not answer is asked once a round.
    ///
    /// # Errors
    ///
    /// If registry or trail fail; then what is left waits for the next round.
    pub async fn correct(&self, after: Option<CorrectionId>) -> Result<Corrected, ExchangeError> {
        let open = self.registry.open_contributions(after, ROUND).await?;
        let full = u32::try_from(open.len()).is_ok_and(|looked_at| looked_at == ROUND);
        let last = open.last().map(|(_, contribution)| contribution.correction);
        let mut corrected = Corrected { next: last.filter(|_| full), ..Corrected::default() };
        let mut away = HashSet::new();
        for (version, contribution) in open {
            match self.correct_one(&version, &contribution, &mut away).await? {
                Some(CorrectionState::Matched) => corrected.matched += 1,
                Some(_differs) => corrected.differs += 1,
                None => corrected.left += 1,
            }
        }
        Ok(corrected)
    }

    /// Compares one, unless its source is among those that are away, or turns out to be.
    async fn correct_one(
        &self,
        version: &Version,
        contribution: &Contribution,
        away: &mut HashSet<DeptId>,
    ) -> Result<Option<CorrectionState>, ExchangeError> {
        let material_type = self.stored_type(&version.manifest.material_type)?;
        let source = self.source(&material_type, &version.subject);
        let asks = material_type.supply != Supply::Uploaded;
        if asks && (away.contains(&source) || self.holders.ready(&source).is_err()) {
            return Ok(None);
        }
        let call = Call {
            operation: Some(Operation::Correct),
            material_type: Some(material_type.code.clone()),
            correction: Some(contribution.correction),
            ..Call::default()
        };
        let mut exchange = Exchange::with(self, call, &material_type);
        exchange.version(version);
        exchange.holder(&source);
        let state = match self.state(&mut exchange, &material_type, version).await {
            Ok(state) => state,
            Err(error) => {
                tracing::warn!(%error, correction = %contribution.correction, "not compared yet");
                away.insert(source);
                let failure = exchange.failed(error).await;
                return match failure.error {
                    ExchangeError::Holder(_) => Ok(None),
                    error => Err(error),
                };
            }
        };
        exchange.corrects(contribution.correction, Some(state));
        exchange.ended(self.journal.draw_id(), Ending::Served).await?;
        self.registry.close_contribution(&version.id, state, self.clock.now()).await?;
        let (correction, code) = (contribution.correction, &material_type.code);
        tracing::info!(%correction, material_type = %code, ?state, "a contribution is compared");
        Ok(Some(state))
    }

    async fn state(
        &self,
        exchange: &mut Exchange,
        material_type: &MaterialType,
        version: &Version,
    ) -> Result<CorrectionState, ExchangeError> {
        let content = version.manifest.content;
        let topic = version.topic();
        let same = match material_type.supply {
            // The bus itself has the source's record.
            Supply::Uploaded => {
                let Topic { material_type, subject } = &topic;
                let current = self.registry.current(material_type, subject, None).await?;
                current.iter().any(|current| current.manifest.content == content)
            }
            Supply::OriginHeld | Supply::VerifyOnly => {
                let deadline = Instant::now() + PATIENCE;
                let told = self.look_up(exchange, material_type, &topic, deadline).await?;
                told.holdings.iter().any(|holding| holding.document.digest == content)
            }
        };
        Ok(if same { CorrectionState::Matched } else { CorrectionState::Differs })
    }

    /// Describes the contributions of a type about a subject as they are judged now, oldest first.
    pub(crate) async fn contributed_now(
        &self,
        material_type: &MaterialType,
        subject: &Subject,
    ) -> Result<Vec<MaterialInfo>, ExchangeError> {
        let (now, facts) = (self.clock.now(), Facts::default());
        let under = self.circumstances(material_type, subject, &facts, When::Now(now)).await?;
        let topic = Topic { material_type: material_type.code.clone(), subject: subject.clone() };
        self.contributed(&topic, &under, now).await
    }

    /// Describes the contributions about a topic, oldest first.
    pub(crate) async fn contributed(
        &self,
        topic: &Topic,
        under: &Circumstances<'_>,
        now: Timestamp,
    ) -> Result<Vec<MaterialInfo>, ExchangeError> {
        let found = self.registry.contributions(&topic.material_type, &topic.subject).await?;
        let infos = found.into_iter().map(|(version, contribution)| MaterialInfo {
            contribution: Some(contribution),
            ..MaterialInfo::of_version(&version, under, now)
        });
        Ok(infos.collect())
    }
}
