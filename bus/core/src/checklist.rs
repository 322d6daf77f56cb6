//! The checklist: what an item or a package requires, and what of it is held already.

mod counts;
mod fetches;
mod plan;
mod sentence;
mod stand;
mod status;

use std::{sync::Arc, time::Duration};

use oncebus_trail::Receipt;

pub use self::{
    counts::Counts,
    stand::MaterialAnswer,
    status::{Question, RequirementStatus},
};
use self::{plan::Plan, stand::Stands};
use crate::{
    Admitted, Bus, Caller, Catalog, Digest, ExchangeError, Facts, Failure, FieldError, Item,
    Number, Operation, Parties, PartyRole, Purpose, RequestId, TypeCode, exchange::Exchange,
    find::finished, gather::answer_by,
};

/// A checked request for a checklist.
#[derive(Clone, Debug)]
pub struct ChecklistQuery {
    /// The catalogue that it was checked against.
    pub catalog: Arc<Catalog>,
    /// What is asked about.
    pub asked: Asked,
    /// Whom the case concerns.
    pub parties: Parties,
    /// What is known of it.
    pub facts: Facts,
    /// Which of several materials is meant.
    pub choices: Vec<Choice>,
    /// Why.
    pub purpose: Purpose,
    /// The caller's id of the request.
    pub request_id: Option<RequestId>,
}

/// Most items that are asked about together.
const MAX_ITEMS: usize = 100;

/// What a checklist is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Asked {
    /// Items, by their short codes, each once.
    Items(Vec<String>),
    /// A package of items, by its code.
    Package(String),
}

/// Which of several materials of one type and party is meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choice {
    /// The type.
    pub material_type: TypeCode,
    /// The party.
    pub party: PartyRole,
    /// The issuer's number.
    pub number: Number,
}

/// A checklist.
#[derive(Clone, Debug)]
pub struct Checklist {
    /// Every item, in the package's order.
    pub items: Vec<ItemChecklist>,
    /// How many pieces that are.
    pub counts: Counts,
    /// Digest of the catalogue that answered.
    pub catalog: Digest,
    /// How long it took to look and judge, without the wait for its record.
    pub looked: Duration,
}

/// What one item requires, and what of it is held.
#[derive(Clone, Debug)]
pub struct ItemChecklist {
    /// Code of the item.
    pub item: String,
    /// Chinese name.
    pub name_zh: String,
    /// English name.
    pub name_en: String,
    /// Its requirements, but those whose condition is false.
    pub requirements: Vec<RequirementAnswer>,
}

/// A requirement, and how it stands.
#[derive(Clone, Debug)]
pub struct RequirementAnswer {
    /// Any of these lists of types, all of one.
    pub any_of: Vec<Vec<TypeCode>>,
    /// Whose material.
    pub party: PartyRole,
    /// How it stands.
    pub status: RequirementStatus,
    /// What satisfies it; where nothing does, what was held and is good no more, or was brought while
    /// its holder did not answer.
    pub materials: Vec<MaterialAnswer>,
    /// Whether the applicant may be asked for it.
    pub may_ask: bool,
    /// Chinese name of what is required, or of what satisfies it.
    pub name_zh: String,
    /// English name of it.
    pub name_en: String,
    /// What a clerk reads, in Chinese.
    pub sentence_zh: String,
    /// What a clerk reads, in English.
    pub sentence_en: String,
}

impl Bus {
    /// Says of everything that an item or a package requires whether it is held and good. No bytes of a
    /// document move, and one record has the counts.
    ///
    /// # Errors
    ///
    /// Every refusal and failure, with the receipt of its record. A department that does not answer is
    /// no failure.
    pub async fn resolve_requirements(
        &self,
        admitted: Admitted,
        query: ChecklistQuery,
    ) -> Result<(Checklist, Receipt), Failure> {
        let bus = self.clone();
        finished(tokio::spawn(async move { bus.run_checklist(admitted, query).await })).await
    }

    async fn run_checklist(
        self,
        admitted: Admitted,
        query: ChecklistQuery,
    ) -> Result<(Checklist, Receipt), Failure> {
        let Admitted { caller, deadline, permit: _until_the_end, .. } = admitted;
        let mut exchange = Exchange::begin_many(&self, &caller, Operation::Resolve, &query.purpose);
        exchange.request(query.request_id);
        if let Some(project) = query.parties.subject(PartyRole::Project) {
            exchange.about(project);
        }
        if let Asked::Package(code) = &query.asked {
            exchange.package(code);
        }
        let deadline = answer_by(deadline);
        let listed = async {
            let checklist = self.checklist(&mut exchange, &caller, &query, deadline).await?;
            exchange.counted(checklist.counts);
            let receipt = exchange.served(0, None).await?;
            Ok::<_, ExchangeError>((checklist, receipt))
        };
        match listed.await {
            Ok(listed) => Ok(listed),
            Err(error) => Err(exchange.failed(error).await),
        }
    }

    async fn checklist(
        &self,
        exchange: &mut Exchange,
        caller: &Caller,
        query: &ChecklistQuery,
        deadline: tokio::time::Instant,
    ) -> Result<Checklist, ExchangeError> {
        let ChecklistQuery { catalog, asked, parties, facts, .. } = query;
        let items = asked.of(catalog);
        let plan = Plan::new(catalog, &items, parties, facts);
        let operation = Operation::Resolve;
        let gathered = self.gather(exchange, caller, operation, &plan.wanted, deadline).await?;
        let stands = Stands::judge(self, &plan.wanted, gathered, query).await?;
        let items: Vec<_> = plan.items.iter().map(|planned| stands.answer(planned)).collect();
        let (counts, catalog) = (Counts::of(&items), *catalog.version());
        Ok(Checklist { counts, items, catalog, looked: exchange.begun().elapsed() })
    }
}

// === impl Asked ===

impl Asked {
    /// Takes the codes of items.
    ///
    /// # Errors
    ///
    /// Names `field`: none, over 100, one twice, or one that is not in the catalogue.
    pub fn items<'i>(
        catalog: &Catalog,
        field: &'static str,
        codes: impl IntoIterator<Item = &'i str>,
    ) -> Result<Self, FieldError> {
        let mut items = Vec::new();
        for code in codes {
            let item = catalog.item(code).ok_or_else(|| unknown(field))?;
            if items.contains(&item.code) {
                return Err(FieldError::new(field, "names an item twice", "name each once"));
            }
            if items.len() == MAX_ITEMS {
                let cure = format!("name at most {MAX_ITEMS}");
                return Err(FieldError::new(field, "names too many items", cure));
            }
            items.push(item.code.clone());
        }
        if items.is_empty() {
            return Err(FieldError::new(field, "is empty", "give an item, items or a package"));
        }
        Ok(Self::Items(items))
    }

    /// Takes the code of a package.
    ///
    /// # Errors
    ///
    /// Names `package` if it is not in the catalogue.
    pub fn package(catalog: &Catalog, code: &str) -> Result<Self, FieldError> {
        let package = catalog.package(code).ok_or_else(|| unknown("package"))?;
        Ok(Self::Package(package.code.clone()))
    }

    /// Returns the items, in the order in which they are answered.
    fn of<'c>(&self, catalog: &'c Catalog) -> Vec<&'c Item> {
        let codes = match self {
            Self::Items(codes) => codes,
            Self::Package(code) => match catalog.package(code) {
                Some(package) => &package.items,
                None => return Vec::new(),
            },
        };
        codes.iter().filter_map(|code| catalog.item(code)).collect()
    }
}

fn unknown(field: &'static str) -> FieldError {
    let cure = "give a code that the catalogue has, as ListItems lists them";
    FieldError::new(field, "is not in the catalogue", cure)
}
