//! Smart combined forms (智慧综合表单): fills in what departments have already, and shows where they
//! differ.

mod answer;
mod held;
mod items;
mod plan;
mod read;

use std::sync::Arc;

use oncebus_trail::Receipt;

pub use self::answer::{
    FieldText, FieldValue, FormSource, PrefilledField, PrefilledForm, SourceStatus,
};
use self::{held::HeldMaterials, plan::Plan};
use crate::{
    Admitted, Bus, Catalog, ExchangeError, Facts, Failure, FieldError, Form, Operation, Parties,
    PartyRole, Purpose, RequestId, When,
    exchange::Exchange,
    find::finished,
    gather::{Gathered, Wanted, answer_by},
};

/// A checked request for a filled form.
#[derive(Clone, Debug)]
pub struct PrefillQuery {
    /// The catalogue that it was checked against.
    pub catalog: Arc<Catalog>,
    /// The form.
    pub form: Form,
    /// Whom the case concerns.
    pub parties: Parties,
    /// Why.
    pub purpose: Purpose,
    /// The caller's id of the request.
    pub request_id: Option<RequestId>,
}

// === impl PrefillQuery ===

impl PrefillQuery {
    /// Returns the form of that code.
    ///
    /// # Errors
    ///
    /// Names `form` if the catalogue has none.
    pub fn form(catalog: &Catalog, code: &str) -> Result<Form, FieldError> {
        catalog.form(code).cloned().ok_or_else(|| {
            let known: Vec<_> = catalog.forms().iter().map(|form| form.code.as_str()).collect();
            let cure = match &known[..] {
                [] => "the catalogue has no forms".to_owned(),
                known => format!("give one of {}", known.join(", ")),
            };
            FieldError::new("form", "is not in the catalogue", cure)
        })
    }
}

impl Bus {
    /// Fills a form. What structured contents say is fetched first, each on a record of its own; what
    /// is known of a document without its content is given on the record of this call.
    ///
    /// # Errors
    ///
    /// Every refusal and failure, with the receipt of its record. A department that does not answer is
    /// no failure.
    pub async fn prefill_form(
        &self,
        admitted: Admitted,
        query: PrefillQuery,
    ) -> Result<(PrefilledForm, Receipt), Failure> {
        let bus = self.clone();
        finished(tokio::spawn(async move { bus.run_prefill(admitted, query).await })).await
    }

    async fn run_prefill(
        self,
        admitted: Admitted,
        query: PrefillQuery,
    ) -> Result<(PrefilledForm, Receipt), Failure> {
        let admitted = Admitted { deadline: answer_by(admitted.deadline), ..admitted };
        let (caller, operation) = (&admitted.caller, Operation::Prefill);
        let mut exchange = Exchange::begin_many(&self, caller, operation, &query.purpose);
        exchange.request(query.request_id);
        if let Some(project) = query.parties.subject(PartyRole::Project) {
            exchange.about(project);
        }
        let filled = async {
            let form = self.fill(&mut exchange, &admitted, &query).await?;
            Ok::<_, ExchangeError>((form, exchange.served(0, None).await?))
        };
        match filled.await {
            Ok(filled) => Ok(filled),
            Err(error) => Err(exchange.failed(error).await),
        }
    }

    async fn fill(
        &self,
        exchange: &mut Exchange,
        admitted: &Admitted,
        query: &PrefillQuery,
    ) -> Result<PrefilledForm, ExchangeError> {
        let plan = Plan::new(&query.catalog, &query.form, &query.parties);
        let Admitted { caller, deadline, .. } = admitted;
        let gathered =
            self.gather(exchange, caller, Operation::Prefill, &plan.wanted, *deadline).await?;
        let mut held = self.judged(&plan.wanted, gathered).await?;
        let receipts = self.read_items(admitted, query, &plan, &mut held).await?;
        let Form { code, name_zh, name_en, .. } = query.form.clone();
        Ok(PrefilledForm {
            code,
            name_zh,
            name_en,
            fields: plan.fields.iter().map(|planned| answer::field(planned, &held)).collect(),
            receipts,
            catalog: *query.catalog.version(),
        })
    }

    /// Judges what was gathered for `wanted`, as of now.
    async fn judged(
        &self,
        wanted: &[Wanted],
        gathered: Vec<Gathered>,
    ) -> Result<Vec<HeldMaterials>, ExchangeError> {
        let (now, facts) = (self.clock.now(), Facts::default());
        let mut held = Vec::with_capacity(wanted.len());
        for (Wanted { material_type, subject }, gathered) in wanted.iter().zip(gathered) {
            held.push(match gathered {
                Gathered::Found(found) => {
                    let when = When::Now(now);
                    let under = self.circumstances(material_type, subject, &facts, when).await?;
                    let infos = found.iter().map(|found| found.info(material_type, &under, now));
                    HeldMaterials::Known(infos.map(held::HeldMaterial::unread).collect())
                }
                Gathered::Barred(bar) => HeldMaterials::Barred(bar),
                Gathered::Away { holder, .. } => HeldMaterials::Away(holder),
            });
        }
        Ok(held)
    }
}
