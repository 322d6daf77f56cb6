//! What the catalogue implies for the demo.

use oncebus_gateway::{Catalog, Supply};

use super::{case::Case, figures::Figures, office::ROUNDS};
use crate::{dev::Town, exit::CliError};

/// What the demo's figures must be: it follows from the catalogue and the departments alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Expected {
    material_types: u64,
    published: u64,
    origin_held: u64,
    verify_only: u64,
    /// Departments that fetch what another one holds.
    others: u64,
    /// Cases that are played.
    cases: u64,
    /// Requirements of all their items.
    pieces_asked: u64,
}

// === impl Expected ===

impl Expected {
    /// Returns what must come out of `town`.
    ///
    /// # Errors
    ///
    /// Returns a failed check if the shipped case cannot be read.
    pub(super) fn of(town: &Town) -> Result<Self, CliError> {
        let cases = Case::all(town.catalog())?;
        Ok(Self::implied(town.catalog(), town.departments().count() as u64, &cases))
    }

    fn implied(catalog: &Catalog, departments: u64, cases: &[Case]) -> Self {
        let count =
            |supply| catalog.types().iter().filter(|row| row.supply == supply).count() as u64;
        Self {
            material_types: catalog.types().len() as u64,
            published: count(Supply::Uploaded),
            origin_held: count(Supply::OriginHeld),
            verify_only: count(Supply::VerifyOnly),
            others: departments.saturating_sub(1),
            cases: cases.len() as u64,
            pieces_asked: cases.iter().map(|case| case.pieces(catalog)).sum(),
        }
    }

    /// Compares the figures.
    ///
    /// # Errors
    ///
    /// Returns a failed check naming each figure that is not what it must be.
    pub(super) fn compare(&self, figures: &Figures) -> Result<(), CliError> {
        let fetchable = self.published + self.origin_held;
        let reuses = fetchable * self.others;
        let fetches = reuses * ROUNDS;
        let repeated = self.published.min(1);
        let denied = fetchable.min(1);
        // Two of each upload: to its begin and to its commit.
        // The first case is asked for before anything is uploaded too.
        let lists = self.cases + self.cases.min(1);
        let receipts = 2 * self.published + repeated + fetches + denied + lists;
        let pairs = [
            ("material_types", self.material_types, figures.material_types),
            ("published", self.published, figures.published),
            ("origin_held", self.origin_held, figures.origin_held),
            ("verify_only", self.verify_only, figures.verify_only),
            ("duplicate_publishes", repeated, figures.duplicate_publishes),
            ("fetches", fetches, figures.fetches),
            ("reuses", reuses, figures.reuses),
            (
                "fetches by way of cache, flight and holder",
                fetches,
                figures.cache_hits + figures.joined + figures.adapter_fetches,
            ),
            ("denied", denied, figures.denied),
            ("pieces_asked", self.pieces_asked, figures.pieces_asked),
            ("to_collect", 0, figures.to_collect),
            ("receipts_verified", receipts, figures.receipts_verified),
        ];
        let wrong: Vec<_> = pairs
            .into_iter()
            .filter(|(_, expected, counted)| expected != counted)
            .map(|(name, expected, counted)| format!("{name} is {counted}, not {expected}"))
            .collect();
        if wrong.is_empty() {
            return Ok(());
        }
        Err(CliError::check(format!("the figures are not as they must be: {}", wrong.join(", "))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dev::shipped_catalog;

    fn figures() -> Figures {
        Figures {
            material_types: 28,
            published: 5,
            origin_held: 22,
            verify_only: 1,
            duplicate_publishes: 1,
            fetches: 108,
            adapter_fetches: 30,
            cache_hits: 60,
            joined: 18,
            reuses: 54,
            denied: 1,
            pieces_asked: 193,
            receipts_verified: 124,
            ..Figures::default()
        }
    }

    #[test]
    fn the_shipped_catalogue_implies_54_reuses_in_108_fetches() {
        let catalog = Catalog::from_sources(&shipped_catalog()).unwrap();

        Expected::implied(&catalog, 3, &Case::all(&catalog).unwrap()).compare(&figures()).unwrap();
    }

    #[test]
    fn every_figure_that_differs_is_named() {
        let catalog = Catalog::from_sources(&shipped_catalog()).unwrap();

        let wrong = Figures { fetches: 107, reuses: 53, ..figures() };
        let expected = Expected::implied(&catalog, 3, &Case::all(&catalog).unwrap());
        let error = expected.compare(&wrong).unwrap_err();

        assert!(error.message.contains("fetches is 107, not 108"), "{error}");
        assert!(error.message.contains("reuses is 53, not 54"), "{error}");
    }
}
