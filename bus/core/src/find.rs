//! Find and get: what is held, without moving a byte of it.

use std::sync::Arc;

use crate::{
    Admitted, Bus, Day, ExchangeError, Facts, Failure, MaterialInfo, MaterialType, Number,
    Operation, Purpose, RequestId, Subject, VersionId, When, exchange::Exchange,
};
use oncebus_trail::Receipt;
use tokio::time::Instant;

/// A checked request for what is held about a subject.
#[derive(Clone, Debug)]
pub struct FindQuery {
    /// Type of the material.
    pub material_type: Arc<MaterialType>,
    /// Whom or what it is about.
    pub subject: Subject,
    /// The issuer's number, or every one.
    pub number: Option<Number>,
    /// What is wanted beside the current versions.
    pub beside: Beside,
    /// Why.
    pub purpose: Purpose,
    /// The caller's id of the request.
    pub request_id: Option<RequestId>,
    /// A day at whose end what is found was current; `None` means now.
    pub as_of: Option<Day>,
}

/// What is wanted beside current versions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Beside {
    /// Nothing.
    Nothing,
    /// Contributions, which are not current.
    Contributions,
}

/// What was found.
#[derive(Clone, Debug)]
pub struct FoundMaterials {
    /// The current versions, by number.
    pub current: Vec<MaterialInfo>,
    /// Contributions, oldest first; at most 100.
    pub contributions: Vec<MaterialInfo>,
}

/// A checked request for what is known of one version.
#[derive(Clone, Debug)]
pub struct GetQuery {
    /// Type of the material.
    pub material_type: Arc<MaterialType>,
    /// The version.
    pub id: VersionId,
    /// Why.
    pub purpose: Purpose,
    /// The caller's id of the request.
    pub request_id: Option<RequestId>,
}

impl Bus {
    /// Lists the current versions of one type about one subject, by number.
    ///
    /// # Errors
    ///
    /// Every refusal and failure, with the receipt of its record.
    pub async fn find(
        &self,
        admitted: Admitted,
        query: FindQuery,
    ) -> Result<(FoundMaterials, Receipt), Failure> {
        let bus = self.clone();
        finished(tokio::spawn(async move { bus.run_find(admitted, query).await })).await
    }

    async fn run_find(
        self,
        admitted: Admitted,
        query: FindQuery,
    ) -> Result<(FoundMaterials, Receipt), Failure> {
        let Admitted { caller, deadline, permit: _until_the_end, .. } = admitted;
        let FindQuery { material_type, subject, number, beside, purpose, request_id, as_of } =
            query;
        let mut exchange =
            Exchange::begin(&self, &caller, Operation::Find, &material_type, &purpose);
        exchange.request(request_id);
        exchange.about(&subject);
        exchange.holder(&self.source(&material_type, &subject));
        let found = async {
            exchange.decide(&caller, Operation::Find, &material_type)?;
            let number = number.as_ref();
            let current = match as_of {
                Some(day) => self.find_then(&material_type, &subject, number, day).await?,
                None => {
                    let (of, about) = (&material_type, &subject);
                    self.find_now(&mut exchange, of, about, number, deadline).await?
                }
            };
            let mut contributions = match (beside, as_of) {
                (Beside::Contributions, None) => {
                    self.contributed_now(&material_type, &subject).await?
                }
                (Beside::Contributions, Some(_)) | (Beside::Nothing, _) => Vec::new(),
            };
            contributions
                .retain(|info| number.is_none_or(|number| *number == info.document.number));
            let found = FoundMaterials { current, contributions };
            Ok::<_, ExchangeError>((found, exchange.served(0, None).await?))
        };
        match found.await {
            Ok(found) => Ok(found),
            Err(error) => Err(exchange.failed(error).await),
        }
    }

    async fn find_now(
        &self,
        exchange: &mut Exchange,
        material_type: &MaterialType,
        subject: &Subject,
        number: Option<&Number>,
        deadline: Instant,
    ) -> Result<Vec<MaterialInfo>, ExchangeError> {
        let found = self.resolve(exchange, material_type, subject, number, deadline).await?;
        let (now, facts) = (self.clock.now(), Facts::default());
        let under = self.circumstances(material_type, subject, &facts, When::Now(now)).await?;
        Ok(found.iter().map(|found| found.info(material_type, &under, now)).collect())
    }

    /// Describes one version by its name; asks no adapter.
    ///
    /// # Errors
    ///
    /// Every refusal and failure, with the receipt of its record.
    pub async fn get(
        &self,
        admitted: Admitted,
        query: GetQuery,
    ) -> Result<(MaterialInfo, Receipt), Failure> {
        let Admitted { caller, permit: _until_the_end, .. } = admitted;
        let GetQuery { material_type, id, purpose, request_id } = query;
        let mut exchange = Exchange::begin(self, &caller, Operation::Get, &material_type, &purpose);
        exchange.request(request_id);
        let found = async {
            exchange.decide(&caller, Operation::Get, &material_type)?;
            let version = self.named(&id, &material_type).await?;
            exchange.version(&version);
            let info = self.describe(&version, &material_type).await?;
            Ok::<_, ExchangeError>((info, exchange.served(0, None).await?))
        };
        match found.await {
            Ok(found) => Ok(found),
            Err(error) => Err(exchange.failed(error).await),
        }
    }
}

/// Waits for a task that outlives a caller who hangs up.
pub(crate) async fn finished<T>(
    task: tokio::task::JoinHandle<Result<T, Failure>>,
) -> Result<T, Failure> {
    match task.await {
        Ok(done) => done,
        Err(error) if error.is_panic() => std::panic::resume_unwind(error.into_panic()),
        Err(_runtime_stopped) => Err(ExchangeError::Cancelled.into()),
    }
}
