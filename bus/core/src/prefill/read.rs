//! Reads the structured contents that a form takes data items from, each once.

use std::sync::Arc;

use futures_util::future::join_all;
use oncebus_trail::Receipt;

use super::{
    PrefillQuery,
    answer::SourceStatus,
    held::{HeldMaterial, HeldMaterials},
    items::Items,
    plan::Plan,
};
use crate::{
    Admitted, Bar, Bus, DeptId, ExchangeError, FetchQuery, MaterialInfo, Number, Target,
    gather::Wanted,
};

/// Largest content that is read, in bytes: a record of data items has a few KiB.
const MAX_CONTENT_BYTES: u64 = 1024 * 1024;
/// Most contents that one call reads.
const MAX_CONTENTS: usize = 64;
/// Most contents that one call reads at the same time, so that it does not crowd out others.
const AT_ONCE: usize = 8;

/// A content to read.
struct Content<'p> {
    /// Place in the plan.
    place: usize,
    /// Place among what is held there.
    material: usize,
    wanted: &'p Wanted,
    number: Number,
    items: &'p [&'p str],
}

/// What reading a content came to.
enum Came {
    /// It was read.
    Read { info: Box<MaterialInfo>, items: Result<Items, SourceStatus>, receipt: Box<Receipt> },
    /// It was not.
    Not(SourceStatus),
}

impl Bus {
    /// Reads every content that is needed, and returns a proof of each fetch. One that does not come
    /// spoils its own values only.
    ///
    /// # Errors
    ///
    /// What keeps the bus itself from working.
    pub(super) async fn read_items(
        &self,
        admitted: &Admitted,
        query: &PrefillQuery,
        plan: &Plan<'_>,
        held: &mut [HeldMaterials],
    ) -> Result<Vec<Receipt>, ExchangeError> {
        let contents = contents(plan, held);
        let mut receipts = Vec::with_capacity(contents.len());
        for some in contents.chunks(AT_ONCE) {
            let reads = some.iter().map(|content| self.read_content(admitted, query, content));
            for (content, came) in some.iter().zip(join_all(reads).await) {
                let Some(material) = content.of(held) else { continue };
                match came? {
                    Came::Read { info, items, receipt } => {
                        *material = HeldMaterial { info: *info, items };
                        receipts.push(*receipt);
                    }
                    Came::Not(status) => material.items = Err(status),
                }
            }
        }
        Ok(receipts)
    }

    async fn read_content(
        &self,
        admitted: &Admitted,
        query: &PrefillQuery,
        content: &Content<'_>,
    ) -> Result<Came, ExchangeError> {
        let Wanted { material_type, subject } = content.wanted;
        let number = Some(content.number.clone());
        let query = FetchQuery {
            material_type: Arc::clone(material_type),
            target: Target::Current { subject: subject.clone(), number },
            offset: 0,
            purpose: query.purpose.clone(),
            request_id: query.request_id,
        };
        match self.take(admitted, query, MAX_CONTENT_BYTES).await {
            Ok(taken) => Ok(Came::Read {
                items: match Items::are_in(taken.info.document.media_type.as_str()) {
                    true => Items::read(&taken.content, content.items),
                    false => Err(SourceStatus::NotStructured),
                },
                info: Box::new(taken.info),
                receipt: Box::new(taken.receipt),
            }),
            Err(failure) => {
                let Wanted { material_type, subject } = content.wanted;
                not_read(failure.error, self.source(material_type, subject)).map(Came::Not)
            }
        }
    }
}

// === impl Content ===

impl Content<'_> {
    fn of<'h>(&self, held: &'h mut [HeldMaterials]) -> Option<&'h mut HeldMaterial> {
        match held.get_mut(self.place)? {
            HeldMaterials::Known(materials) => materials.get_mut(self.material),
            HeldMaterials::Barred(_) | HeldMaterials::Away(_) => None,
        }
    }
}

/// Returns what has to be read, and says of the rest why it is not.
fn contents<'p>(plan: &'p Plan<'_>, held: &mut [HeldMaterials]) -> Vec<Content<'p>> {
    let mut contents = Vec::new();
    let needed = plan.wanted.iter().zip(&plan.items).zip(held).enumerate();
    for (place, ((wanted, items), held)) in needed.filter(|(_, ((_, items), _))| !items.is_empty())
    {
        let HeldMaterials::Known(materials) = held else { continue };
        for (at, material) in materials.iter_mut().enumerate().filter(|(_, held)| held.is_good()) {
            let document = &material.info.document;
            if !Items::are_in(document.media_type.as_str()) {
                material.items = Err(SourceStatus::NotStructured);
            } else if document.size_bytes <= MAX_CONTENT_BYTES && contents.len() < MAX_CONTENTS {
                let number = document.number.clone();
                contents.push(Content { place, material: at, wanted, number, items });
            }
        }
    }
    contents
}

/// Says why a content was not read, where that concerns this content only.
fn not_read(error: ExchangeError, holder: DeptId) -> Result<SourceStatus, ExchangeError> {
    match error {
        ExchangeError::Holder(error) => {
            tracing::warn!(%error, "a department does not give what a form takes from it");
            Ok(SourceStatus::Unknown { holder })
        }
        // What was current a moment ago is not any more.
        ExchangeError::MaterialNotFound
        | ExchangeError::MaterialAmbiguous { .. }
        | ExchangeError::VersionRevoked { .. } => Ok(SourceStatus::NotGood),
        ExchangeError::AccessDenied { .. } => Ok(SourceStatus::NotShared(Bar::Permission)),
        // It grew past the limit since it was looked up.
        ExchangeError::Cancelled => Ok(SourceStatus::NotRead),
        error => Err(error),
    }
}
