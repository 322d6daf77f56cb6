//! One code, everything (一码查询): what is held of a project and of its parties' licences, by stage.

use std::sync::Arc;

use oncebus_trail::Receipt;

use crate::{
    Admitted, Bus, Catalog, Digest, ExchangeError, Facts, Failure, MaterialInfo, Operation,
    Parties, PartyRole, Purpose, RequestId, Scheme, Supply, TypeCode, When,
    exchange::Exchange,
    find::finished,
    gather::{Gathered, Wanted, answer_by},
};

/// A checked request for everything of a project.
#[derive(Clone, Debug)]
pub struct TimelineQuery {
    /// The catalogue that it was checked against.
    pub catalog: Arc<Catalog>,
    /// The project and its parties.
    pub parties: Parties,
    /// Why.
    pub purpose: Purpose,
    /// The caller's id of the request.
    pub request_id: Option<RequestId>,
}

/// Everything of a project that the caller may see.
#[derive(Clone, Debug)]
pub struct Timeline {
    /// What is held: by stage, then by the catalogue's order, party and number.
    pub entries: Vec<TimelineEntry>,
    /// Types that nobody knows of now, as their department does not answer, and whose.
    pub unknown: Vec<(TypeCode, PartyRole)>,
    /// Types that may not be shared with the caller.
    pub not_shared: Vec<TypeCode>,
    /// Digest of the catalogue that answered.
    pub catalog: Digest,
}

/// One material of a timeline.
#[derive(Clone, Debug)]
pub struct TimelineEntry {
    /// Code of its type's stage; `None` for what belongs to any.
    pub stage: Option<String>,
    /// Whose it is.
    pub party: PartyRole,
    /// What it is.
    pub info: MaterialInfo,
}

/// A type, and whose material of it is looked for.
struct Sought {
    stage: Option<String>,
    party: PartyRole,
    wanted: Wanted,
}

impl Bus {
    /// Lists everything that is held of a project and of its parties' licences. What is only ever
    /// verified is left out. No bytes move, and one record is written.
    ///
    /// # Errors
    ///
    /// Every refusal and failure, with the receipt of its record. A department that does not answer is
    /// no failure.
    pub async fn list_materials(
        &self,
        admitted: Admitted,
        query: TimelineQuery,
    ) -> Result<(Timeline, Receipt), Failure> {
        let bus = self.clone();
        finished(tokio::spawn(async move { bus.run_timeline(admitted, query).await })).await
    }

    async fn run_timeline(
        self,
        admitted: Admitted,
        query: TimelineQuery,
    ) -> Result<(Timeline, Receipt), Failure> {
        let Admitted { caller, deadline, permit: _until_the_end, .. } = admitted;
        let operation = Operation::List;
        let mut exchange = Exchange::begin_many(&self, &caller, operation, &query.purpose);
        exchange.request(query.request_id);
        if let Some(project) = query.parties.subject(PartyRole::Project) {
            exchange.about(project);
        }
        let sought = sought(&query.catalog, &query.parties);
        let wanted: Vec<_> = sought.iter().map(|sought| sought.wanted.clone()).collect();
        let by = answer_by(deadline);
        let listed = async {
            let gathered = self.gather(&mut exchange, &caller, operation, &wanted, by).await?;
            let timeline = self.timeline(&query, sought, gathered).await?;
            Ok::<_, ExchangeError>((timeline, exchange.served(0, None).await?))
        };
        match listed.await {
            Ok(listed) => Ok(listed),
            Err(error) => Err(exchange.failed(error).await),
        }
    }

    async fn timeline(
        &self,
        query: &TimelineQuery,
        sought: Vec<Sought>,
        gathered: Vec<Gathered>,
    ) -> Result<Timeline, ExchangeError> {
        let catalog = *query.catalog.version();
        let (entries, unknown, not_shared) = Default::default();
        let mut timeline = Timeline { entries, unknown, not_shared, catalog };
        let (now, facts) = (self.clock.now(), Facts::default());
        for (Sought { stage, party, wanted }, gathered) in sought.into_iter().zip(gathered) {
            let Wanted { material_type, subject } = wanted;
            match gathered {
                Gathered::Found(found) => {
                    let when = When::Now(now);
                    let under = self.circumstances(&material_type, &subject, &facts, when).await?;
                    let infos = found.iter().map(|found| found.info(&material_type, &under, now));
                    let entry = |info| TimelineEntry { stage: stage.clone(), party, info };
                    timeline.entries.extend(infos.map(entry));
                }
                Gathered::Away { .. } => {
                    timeline.unknown.push((material_type.code.clone(), party));
                }
                Gathered::Barred(_) => {
                    let code = &material_type.code;
                    if !timeline.not_shared.contains(code) {
                        timeline.not_shared.push(code.clone());
                    }
                }
            }
        }
        Ok(timeline)
    }
}

/// Every type of the catalogue about every party that may have one, by stage. Two roles of one subject
/// are looked for once.
fn sought(catalog: &Catalog, parties: &Parties) -> Vec<Sought> {
    let stages = catalog.stages().iter().map(|stage| Some(stage.code.as_str()));
    let mut sought: Vec<Sought> = Vec::new();
    for stage in [None].into_iter().chain(stages) {
        let rows = catalog
            .types()
            .iter()
            .filter(|row| row.stage.as_deref() == stage && row.supply != Supply::VerifyOnly);
        for material_type in rows {
            for party in parties.iter().filter(|party| fits(material_type.subject, party.role)) {
                let same = |other: &Sought| {
                    other.wanted.material_type.code == material_type.code
                        && other.wanted.subject == party.subject
                };
                if !sought.iter().any(same) {
                    let (material_type, subject) =
                        (Arc::clone(material_type), party.subject.clone());
                    let wanted = Wanted { material_type, subject };
                    sought.push(Sought {
                        stage: stage.map(str::to_owned),
                        party: party.role,
                        wanted,
                    });
                }
            }
        }
    }
    sought
}

fn fits(subject: Scheme, role: PartyRole) -> bool {
    role.scheme() == subject
}
