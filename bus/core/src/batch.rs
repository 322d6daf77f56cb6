//! Batch: one condition and many subjects, for benefits that are granted without asking anybody for
//! papers (静默认证).

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use futures_util::{StreamExt as _, stream};
use oncebus_trail::Receipt;
use tokio::{
    sync::Semaphore,
    time::{Instant, timeout_at},
};

use crate::{
    Admitted, BundleId, Bus, Caller, Claims, DeptId, ExchangeError, Failure, Finding, HolderError,
    MatchVerdict, MaterialType, Operation, Purpose, RequestId, Subject, Supply, Verified,
    exchange::{BatchIntent, Exchange},
    find::finished,
    verify::{Question, is_of_document},
};

/// Subjects that one holder is asked about at the same time, by all batches.
const AT_ONCE: usize = 32;
/// So much of the caller's time is kept back to record and answer what could not be asked: one part of
/// so many.
const KEPT_BACK: u32 = 10;

/// A checked request to verify many subjects.
#[derive(Clone, Debug)]
pub struct BatchQuery {
    /// Type of the material.
    pub material_type: Arc<MaterialType>,
    /// Whom or what it is about, 1 to 1,000.
    pub subjects: Vec<Subject>,
    /// What is said of each; nothing asks whether one in force is held.
    pub claims: Claims,
    /// Why.
    pub purpose: Purpose,
    /// The caller's id of the request.
    pub request_id: Option<RequestId>,
}

/// What was found of a batch, on record for each subject.
#[derive(Clone, Debug)]
pub struct Batch {
    /// Its id, which all its records carry.
    pub id: BundleId,
    /// The verdicts, in the order of the subjects, each with the index of its record.
    pub verdicts: Vec<(MatchVerdict, u64)>,
    /// Proof of the last subject's record; `None` of no subjects.
    pub receipt: Option<Receipt>,
}

/// Places at the holders, for all batches together.
#[derive(Clone, Debug, Default)]
pub(crate) struct BatchPlaces(Arc<Mutex<HashMap<DeptId, Arc<Semaphore>>>>);

/// What all subjects of a batch have in common.
struct Common {
    id: BundleId,
    caller: Caller,
    material_type: Arc<MaterialType>,
    claims: Claims,
    purpose: Purpose,
    request_id: Option<RequestId>,
    intent: Arc<BatchIntent>,
    places: Arc<Semaphore>,
    deadline: Instant,
}

impl Bus {
    /// Says of many subjects whether claims are true. Those that cannot be asked, or not in time, are
    /// [`MatchVerdict::Unknown`], and their records say why.
    ///
    /// # Errors
    ///
    /// Every refusal of the batch, with the receipt of its record; what keeps a record of one subject
    /// from being written fails all.
    pub async fn batch_verify(
        &self,
        admitted: Admitted,
        query: BatchQuery,
    ) -> Result<Batch, Failure> {
        let bus = self.clone();
        finished(tokio::spawn(async move { bus.run_batch(admitted, query).await })).await
    }

    async fn run_batch(self, admitted: Admitted, query: BatchQuery) -> Result<Batch, Failure> {
        let Admitted { caller, deadline, permit, .. } = admitted;
        let BatchQuery { material_type, subjects, claims, purpose, request_id } = query;
        let id = BundleId(self.draw_uuid());
        let operation = Operation::BatchVerify;
        let mut whole = Exchange::begin(&self, &caller, operation, &material_type, &purpose);
        whole.request(request_id);
        whole.claims(&claims);
        whole.part_of(id);
        let let_in = async {
            whole.decide(&caller, operation, &material_type)?;
            permit.subjects(subjects.len())?;
            self.must_verify(&whole, &material_type, &claims, deadline).await
        };
        if let Err(refused) = let_in.await {
            return Err(whole.failed(refused).await);
        }
        let left = deadline.saturating_duration_since(Instant::now());
        let common = Common {
            id,
            caller,
            claims,
            purpose,
            request_id,
            intent: whole.for_batch(),
            places: self.batches.at(&material_type.department),
            deadline: deadline - left / KEPT_BACK,
            material_type,
        };
        let ask = |subject| self.verify_part(&common, subject);
        let verified = stream::iter(subjects).map(ask).buffered(AT_ONCE).collect::<Vec<_>>().await;
        let mut batch = Batch { id, verdicts: Vec::with_capacity(verified.len()), receipt: None };
        for one in verified {
            let Verified { finding: Finding { verdict, .. }, receipt } = one?;
            batch.verdicts.push((verdict, receipt.index));
            batch.receipt = Some(receipt);
        }
        Ok(batch)
    }

    /// Refuses what the holder can verify of nobody. One that is away says that of each.
    async fn must_verify(
        &self,
        whole: &Exchange,
        material_type: &MaterialType,
        claims: &Claims,
        deadline: Instant,
    ) -> Result<(), ExchangeError> {
        let of_documents = claims.as_slice().iter().all(is_of_document);
        if of_documents && material_type.supply != Supply::VerifyOnly {
            return Ok(());
        }
        let holder = &material_type.department;
        match self.holders.describe(holder, &whole.asking(deadline)).await {
            Ok(described) if !described.verifies => {
                Err(HolderError::CannotVerify { holder: holder.clone() }.into())
            }
            Ok(_) | Err(_) => Ok(()),
        }
    }

    /// Verifies one subject, decided and recorded as a call of its own.
    async fn verify_part(&self, common: &Common, subject: Subject) -> Result<Verified, Failure> {
        let Common { caller, material_type, claims, purpose, deadline, .. } = common;
        let operation = Operation::BatchVerify;
        let mut exchange = Exchange::begin(self, caller, operation, material_type, purpose);
        exchange.request(common.request_id);
        exchange.about(&subject);
        exchange.claims(claims);
        exchange.holder(&self.source(material_type, &subject));
        exchange.part_of(common.id);
        exchange.under_batch(&common.intent);
        let question = Question { material_type, subject: &subject, number: None, claims };
        let compared = match exchange.decide(caller, operation, material_type) {
            Ok(_standing) => match timeout_at(*deadline, common.places.acquire()).await {
                Ok(_place) => self.compare(&mut exchange, question, *deadline).await,
                Err(_late) => {
                    let holder = self.source(material_type, &subject);
                    Err(HolderError::Deadline { holder }.into())
                }
            },
            Err(denied) => Err(denied),
        };
        exchange.found(compared, is_of_one_subject).await
    }
}

// === impl BatchPlaces ===

impl BatchPlaces {
    /// Returns the places at a holder; there are never more holders than departments.
    fn at(&self, holder: &DeptId) -> Arc<Semaphore> {
        let mut places = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let at = places.entry(holder.clone());
        Arc::clone(at.or_insert_with(|| Arc::new(Semaphore::new(AT_ONCE))))
    }
}

/// Tells whether a failure says nothing of the other subjects.
fn is_of_one_subject(error: &ExchangeError) -> bool {
    matches!(error, ExchangeError::Holder(_) | ExchangeError::MaterialAmbiguous { .. })
}
