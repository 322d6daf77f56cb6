//! Sample documents in the departments' stores: one of every type that a department holds already.

use std::{fs, time::Duration};

use jiff::Timestamp;
use oncebus_adapter::{FieldError, Subject};
use oncebus_adapter_files::{FilesConfig, Sidecar};
use oncebus_gateway::{Catalog, Clock as _, Day, MaterialType, Supply, SystemClock};

use super::{
    cast::Member,
    home::{Home, disk, write_whole},
};
use crate::{exit::CliError, extension::extension, sample::Sample};

const MONTH: Duration = Duration::from_secs(30 * 24 * 3_600);

/// Adds the sample documents that are missing in the stores of these departments, whose adapters are
/// configured already.
pub(super) fn ensure<'m>(
    home: &Home,
    catalog: &Catalog,
    members: impl Iterator<Item = &'m Member>,
) -> Result<(), CliError> {
    for member in members {
        let config = FilesConfig::load(&home.adapter_config(&member.department))
            .map_err(|error| CliError::misused(&error))?;
        for (place, row) in catalog.types().iter().enumerate() {
            if row.supply != Supply::Uploaded && row.department.as_str() == member.department {
                let about_project = row.supply == Supply::OriginHeld;
                let about_project = about_project.then(|| Sample::of(catalog, place, row));
                let about_parties = Sample::of_parties(catalog, place, row);
                for sample in about_project.into_iter().chain(about_parties) {
                    add(&config, row, &sample)?;
                }
            }
        }
    }
    Ok(())
}

/// Adds a document unless its sidecar is there.
fn add(config: &FilesConfig, row: &MaterialType, sample: &Sample) -> Result<(), CliError> {
    let unfit = |error: FieldError| CliError::usage(format!("sample of {}: {error}", row.code));
    let (scheme, value) = sample.subject;
    let subject = Subject::new(scheme, value).map_err(unfit)?;
    let number = sample.number.parse().map_err(unfit)?;
    let code = row.code.as_str().parse().map_err(unfit)?;
    let path = config.root.join(config.sidecar_path(&code, &subject, &number));
    if path.is_file() {
        return Ok(());
    }
    let dir = path.parent().unwrap_or(&config.root);
    fs::create_dir_all(dir).map_err(|error| disk("make", dir, &error))?;

    let file = path.with_extension(extension(&sample.media_type));
    let name = file.file_name().map(|name| name.to_string_lossy().into_owned());
    let sidecar = Sidecar {
        number: sample.number.clone(),
        file: name.unwrap_or_default(),
        size_bytes: sample.content.len() as u64,
        sha256: format!("sha256:{}", hex::encode(sample.digest())),
        media_type: sample.media_type.clone(),
        issuer: Some(sample.issuer.clone()),
        issued: Some(issued(SystemClock.now())),
        valid_until: sample.valid_until.map(str::to_owned),
        status: None,
    };
    write_whole(&file, &sample.content)?;
    // The sidecar last: a document without one is not there.
    write_whole(&path, sidecar.to_toml().as_bytes())
}

/// A month ago, so that nothing has lapsed when somebody looks at the samples.
fn issued(now: Timestamp) -> String {
    Day::of(now - MONTH).to_string()
}
