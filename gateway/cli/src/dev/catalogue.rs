//! The catalogue of a development bus: the shipped one, or the user's.

use std::{fs, path::Path};

use oncebus_gateway::{Catalog, CatalogError, CatalogSources};

use super::home::{Home, disk, write_whole};
use crate::exit::CliError;

/// Returns the catalogue that the program brings along: that of Jining.
pub(crate) fn shipped() -> CatalogSources {
    CatalogSources {
        catalog: include_str!("../../catalog/jining/catalog.toml").to_owned(),
        regions: include_str!("../../catalog/jining/regions.toml").to_owned(),
        departments: include_str!("../../catalog/jining/departments.toml").to_owned(),
        types: include_str!("../../catalog/jining/types.toml").to_owned(),
        items: include_str!("../../catalog/jining/items.toml").to_owned(),
        forms: include_str!("../../catalog/jining/forms.toml").to_owned(),
    }
}

/// Puts a catalogue into the bus's folder: the user's, else the one of the last run, else the shipped
/// one. What cannot be read replaces nothing.
pub(super) fn install(home: &Home, chosen: Option<&Path>) -> Result<Catalog, CliError> {
    let dir = home.catalog();
    let (from, sources) = match chosen {
        Some(chosen) => (chosen, read(chosen)?),
        None if dir.is_dir() => (dir.as_path(), read(&dir)?),
        None => (dir.as_path(), shipped()),
    };
    let catalog = Catalog::from_sources(&sources).map_err(|error| faulty(from, &error))?;
    fs::create_dir_all(&dir).map_err(|error| disk("make", &dir, &error))?;
    for (name, text) in sources.files() {
        write_whole(&dir.join(name), text.as_bytes())?;
    }
    Ok(catalog)
}

fn read(dir: &Path) -> Result<CatalogSources, CliError> {
    CatalogSources::read(dir).map_err(|error| faulty(dir, &error))
}

fn faulty(dir: &Path, error: &CatalogError) -> CliError {
    CliError::usage(format!("catalogue in {}: {error}", dir.display()))
}

#[cfg(test)]
mod tests {
    use oncebus_gateway::Supply;

    use super::*;

    fn count(catalog: &Catalog, supply: Supply) -> usize {
        catalog.types().iter().filter(|row| row.supply == supply).count()
    }

    #[test]
    fn the_shipped_catalogue_is_sound_and_has_the_28_types() {
        let catalog = Catalog::from_sources(&shipped()).unwrap();

        assert_eq!(catalog.types().len(), 28);
        assert_eq!(count(&catalog, Supply::Uploaded), 5);
        assert_eq!(count(&catalog, Supply::OriginHeld), 22);
        assert_eq!(count(&catalog, Supply::VerifyOnly), 1);
    }

    #[test]
    fn a_chosen_catalogue_stays_for_later_runs() {
        let temporary = tempfile::tempdir().unwrap();
        let home = Home::open(&temporary.path().join("dev")).unwrap();
        let chosen = temporary.path().join("chosen");
        fs::create_dir(&chosen).unwrap();
        for (name, text) in shipped().files() {
            fs::write(chosen.join(name), text.replace("\"jining\"", "\"elsewhere\"")).unwrap();
        }

        install(&home, Some(&chosen)).unwrap();
        install(&home, None).unwrap();

        assert!(CatalogSources::read(&home.catalog()).unwrap().catalog.contains("elsewhere"));
    }

    #[test]
    fn a_faulty_catalogue_replaces_nothing() {
        let temporary = tempfile::tempdir().unwrap();
        let home = Home::open(&temporary.path().join("dev")).unwrap();
        install(&home, None).unwrap();
        let chosen = temporary.path().join("chosen");
        fs::create_dir(&chosen).unwrap();

        install(&home, Some(&chosen)).unwrap_err();

        assert_eq!(CatalogSources::read(&home.catalog()).unwrap(), shipped());
    }
}
