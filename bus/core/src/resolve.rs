//! Finds what is held of one type about one subject: in the registry, or by asking the holder.

use jiff::Timestamp;
use tokio::time::Instant;

use crate::{
    Bus, DeptId, ExchangeError, HolderError, Holding, LookupQuery, MaterialInfo, MaterialType,
    Number, Subject, Supply, Version, exchange::Exchange, info::age,
};

/// What is held.
#[derive(Clone, Debug)]
pub(crate) enum Found {
    /// A version that the registry has.
    Registered(Box<Version>),
    /// A document that the holder has and nobody fetched yet.
    Held(Box<Held>),
}

/// A document that its holder told of, and that is no version yet.
#[derive(Clone, Debug)]
pub(crate) struct Held {
    /// The department.
    pub holder: DeptId,
    /// What it says of the document.
    pub holding: Holding,
    /// Whether the subject has this one document of the type only. Then the registry's word for it
    /// may be relied on for the type's pointer age; else the holder is asked each time, so that a
    /// call without a number never misses that there are several.
    pub only_one: bool,
}

// === impl Found ===

impl Found {
    pub(crate) fn info(&self, material_type: &MaterialType, now: Timestamp) -> MaterialInfo {
        match self {
            Self::Registered(version) => MaterialInfo::of_version(version, now),
            Self::Held(held) => {
                let (holding, holder) = (held.holding.clone(), held.holder.clone());
                MaterialInfo::of_holding(holding, material_type.code.clone(), holder, now)
            }
        }
    }
}

impl Bus {
    /// Returns the one document that the call means.
    pub(crate) async fn resolve_one(
        &self,
        exchange: &mut Exchange,
        material_type: &MaterialType,
        subject: &Subject,
        number: Option<&Number>,
        deadline: Instant,
    ) -> Result<Found, ExchangeError> {
        let mut found = self.resolve(exchange, material_type, subject, number, deadline).await?;
        match (found.pop(), found.len()) {
            (None, _) => Err(ExchangeError::MaterialNotFound),
            (Some(one), 0) => Ok(one),
            (Some(_), others) => Err(ExchangeError::MaterialAmbiguous { count: others + 1 }),
        }
    }

    /// Returns all that is held of the type about the subject, by number.
    pub(crate) async fn resolve(
        &self,
        exchange: &mut Exchange,
        material_type: &MaterialType,
        subject: &Subject,
        number: Option<&Number>,
        deadline: Instant,
    ) -> Result<Vec<Found>, ExchangeError> {
        let registered = self.registry.current(&material_type.code, subject, number).await?;
        match material_type.supply {
            Supply::Uploaded => Ok(registered.into_iter().map(Found::registered).collect()),
            Supply::OriginHeld if self.may_rely_on(&registered, material_type) => {
                Ok(registered.into_iter().map(Found::registered).collect())
            }
            Supply::OriginHeld => {
                let holder = &material_type.department;
                let query = LookupQuery {
                    material_type: material_type.code.clone(),
                    subject: subject.clone(),
                    number: None,
                };
                exchange.intent(holder).await?;
                exchange.counts().lookup += 1;
                let holdings = self.holders.lookup(holder, &query, deadline).await?;
                check_holdings(holder, &holdings, material_type)?;
                self.match_up(holder, holdings, registered, number).await
            }
            Supply::VerifyOnly => {
                Err(ExchangeError::VerifyOnly { material_type: material_type.code.clone() })
            }
        }
    }

    fn may_rely_on(&self, registered: &[Version], material_type: &MaterialType) -> bool {
        let now = self.clock.now();
        registered.len() == 1
            && registered.iter().all(|v| age(v.confirmed_at, now) < material_type.pointer_age)
    }

    /// Pairs what the holder has now with the versions that are registered, and confirms those.
    async fn match_up(
        &self,
        holder: &DeptId,
        holdings: Vec<Holding>,
        registered: Vec<Version>,
        number: Option<&Number>,
    ) -> Result<Vec<Found>, ExchangeError> {
        let only_one = holdings.len() == 1;
        let now = self.clock.now();
        let mut found = Vec::new();
        for holding in holdings {
            if number.is_some_and(|number| *number != holding.number) {
                continue;
            }
            match registered.iter().find(|version| version.document() == holding) {
                Some(version) => {
                    if only_one {
                        self.registry.confirm(&version.id, now).await?;
                    }
                    found.push(Found::registered(Version { confirmed_at: now, ..version.clone() }));
                }
                None => {
                    let held = Held { holder: holder.clone(), holding, only_one };
                    found.push(Found::Held(Box::new(held)));
                }
            }
        }
        found.sort_by(|a, b| a.number().cmp(b.number()));
        Ok(found)
    }
}

impl Found {
    fn registered(version: Version) -> Self {
        Self::Registered(Box::new(version))
    }

    fn number(&self) -> &Number {
        match self {
            Self::Registered(version) => &version.number,
            Self::Held(held) => &held.holding.number,
        }
    }
}

/// Refuses what a holder may not say: numbers twice, sizes and media types that the type forbids.
fn check_holdings(
    holder: &DeptId,
    holdings: &[Holding],
    material_type: &MaterialType,
) -> Result<(), HolderError> {
    let misbehaved = |detail: &str| HolderError::Misbehaved {
        holder: holder.clone(),
        detail: format!("its Lookup names {detail}"),
    };
    for (at, holding) in holdings.iter().enumerate() {
        if holdings.iter().take(at).any(|earlier| earlier.number == holding.number) {
            return Err(misbehaved("a number twice"));
        }
        if holding.size_bytes == 0 || holding.size_bytes > material_type.max_size_bytes {
            return Err(misbehaved("a size that the type does not allow"));
        }
        if !material_type.media_types.contains(&holding.media_type) {
            return Err(misbehaved("a media type that the type does not allow"));
        }
    }
    Ok(())
}
