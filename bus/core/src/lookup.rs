//! Asks a holder what it has of one type about one subject.

use tokio::time::Instant;

use crate::{
    Bus, DeptId, ExchangeError, HolderError, Holding, LookupQuery, MaterialType, cache::Topic,
    exchange::Exchange,
};

/// What a holder said.
#[derive(Clone, Debug)]
pub(crate) struct Told {
    /// The department.
    pub(crate) holder: DeptId,
    /// What it has, checked.
    pub(crate) holdings: Vec<Holding>,
    /// Index of the Intent under which it was asked.
    pub(crate) intent: u64,
}

impl Bus {
    /// Asks the holder under the exchange's Intent.
    pub(crate) async fn look_up(
        &self,
        exchange: &mut Exchange,
        material_type: &MaterialType,
        topic: &Topic,
        deadline: Instant,
    ) -> Result<Told, ExchangeError> {
        let holder = self.source(material_type, &topic.subject);
        let query = LookupQuery {
            material_type: topic.material_type.clone(),
            subject: topic.subject.clone(),
            number: None,
        };
        let intent = exchange.intent(&holder).await?;
        exchange.counts().lookup += 1;
        let holdings = self.holders.lookup(&holder, &query, &exchange.asking(deadline)).await?;
        check(&holder, &holdings, material_type)?;
        Ok(Told { holder, holdings, intent })
    }
}

/// Refuses what a holder may not say: numbers twice, sizes and media types that the type forbids.
fn check(
    holder: &DeptId,
    holdings: &[Holding],
    material_type: &MaterialType,
) -> Result<(), HolderError> {
    let misbehaved = |detail: &str| HolderError::Misbehaved {
        holder: holder.clone(),
        detail: format!("its Lookup names {detail}"),
    };
    for (at, Holding { document, .. }) in holdings.iter().enumerate() {
        let number = &document.number;
        if holdings.iter().take(at).any(|earlier| earlier.document.number == *number) {
            return Err(misbehaved("a number twice"));
        }
        if document.size_bytes == 0 || document.size_bytes > material_type.max_size_bytes {
            return Err(misbehaved("a size that the type does not allow"));
        }
        if !material_type.media_types.contains(&document.media_type) {
            return Err(misbehaved("a media type that the type does not allow"));
        }
    }
    Ok(())
}
