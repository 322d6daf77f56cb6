//! What is wrong with a configuration: file, key, fault and cure.

use std::path::{Path, PathBuf};

use figment::error::{Actual, Kind};
use oncebus_core::{CatalogError, DeptId, FieldError, PermissionError};
use oncebus_store::RecipientError;
use oncebus_trail::OriginError;
use oncebus_transport::{CredentialsError, EndpointError, IdentityError};

/// Why a configuration cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("{}: {fault}", file.display())]
pub struct ConfigError {
    /// The file.
    pub file: PathBuf,
    /// What is wrong with it.
    #[source]
    pub fault: ConfigFault,
}

/// What is wrong with a configuration; the text begins with the key.
#[derive(Debug, thiserror::Error)]
pub enum ConfigFault {
    /// The file cannot be read.
    #[error("cannot be read: {0}")]
    Unreadable(#[source] std::io::Error),
    /// The file does not say what it must, or says something unknown.
    #[error("{0}")]
    Value(String),
    /// The trust domain is none.
    #[error("trust_domain: {0}")]
    TrustDomain(#[source] IdentityError),
    /// The auditors' keys are none.
    #[error("seal_recipients: {0}")]
    SealRecipients(#[source] RecipientError),
    /// The region is none.
    #[error("region: give 1 to 32 letters, digits and -, like 370800, or leave it out")]
    Region,
    /// The id makes no name of a log.
    #[error("id: {0}")]
    Origin(#[from] OriginError),
    /// Records are kept for too short a time, or for ever.
    #[error(
        "retention.keep_days: is {got}, give {least} to {most}: State Council Order 809 has records \
         kept for three years"
    )]
    KeepDays {
        /// What the file says.
        got: u32,
        /// The least.
        least: u32,
        /// The most.
        most: u32,
    },
    /// A legal hold is none.
    #[error(
        "retention.hold: give from and until as days like \"2026-10-01\", from not after until, and a \
         reference"
    )]
    Hold,
    /// A department's code is none.
    #[error("adapter: {0}")]
    AdapterCode(#[source] FieldError),
    /// A department has two adapters.
    #[error("adapter: department {0} is listed twice, remove one")]
    TwoAdapters(DeptId),
    /// An adapter has no time, or too much.
    #[error("adapter: first_byte_s of {department} is {got}, give 1 to 60")]
    FirstByte {
        /// The department.
        department: DeptId,
        /// What the file says.
        got: u64,
    },
    /// An adapter's department is not in the catalogue.
    #[error("adapter: department {0} is not in the catalogue, add it there or remove this")]
    AdapterDepartment(DeptId),
    /// An adapter's address is none.
    #[error("adapter: {0}")]
    Endpoint(#[from] EndpointError),
    /// A system's name is no identity.
    #[error("system: {0}")]
    System(#[source] IdentityError),
    /// A role is given to what is no system of a department on the bus.
    #[error(
        "system: {0:?} is no system of a department in the catalogue, give \
         spiffe://TRUST_DOMAIN/dept/CODE/system/NAME"
    )]
    NoSystem(String),
    /// A system has two roles.
    #[error("system: {0:?} is listed twice, remove one")]
    TwoRoles(String),
    /// The catalogue is faulty.
    #[error("catalog_dir: {0}")]
    Catalog(#[from] CatalogError),
    /// A permission is faulty.
    #[error(transparent)]
    Permission(#[from] PermissionError),
    /// The gateway's own identity cannot be used.
    #[error("tls: {}", told(.0))]
    Identity(#[from] CredentialsError),
}

// === impl ConfigFault ===

impl ConfigFault {
    /// Says in which file the fault is.
    pub(crate) fn within(self, file: &Path) -> ConfigError {
        ConfigError { file: file.to_owned(), fault: self }
    }
}

impl From<figment::Error> for ConfigFault {
    fn from(error: figment::Error) -> Self {
        let place = |last: &str| {
            let steps = error.path.iter().map(String::as_str).filter(|step| *step != last);
            let steps: Vec<_> = steps.chain((!last.is_empty()).then_some(last)).collect();
            if steps.is_empty() { String::new() } else { format!("{}: ", steps.join(".")) }
        };
        let said = match &error.kind {
            Kind::MissingField(field) => format!("{}is missing, add it", place(field)),
            Kind::UnknownField(field, known) => {
                format!("{}is unknown, give one of {}", place(field), known.join(", "))
            }
            Kind::UnknownVariant(found, known) => {
                format!("{}is {found:?}, give one of {}", place(""), known.join(", "))
            }
            Kind::InvalidType(found, expected) | Kind::InvalidValue(found, expected) => {
                format!("{}is {}, give {expected}", place(""), kind_of(found))
            }
            other => format!("{}{}", place(""), without_excerpt(&other.to_string())),
        };
        let environment = error.metadata.is_some_and(|origin| origin.name.contains("environment"));
        Self::Value(if environment { format!("{said} (in the environment)") } else { said })
    }
}

/// Keeps where a text is no TOML, and why; leaves out the lines of the file in between, which may
/// say anything.
fn without_excerpt(said: &str) -> String {
    let mut lines = said.lines().filter(|line| !line.trim().is_empty());
    match (lines.next(), lines.next_back()) {
        (Some(place), Some(fault)) => format!("{place}: {fault}"),
        _ => said.to_owned(),
    }
}

/// Says what kind of value was found; of a text no more, since it may be a key that was pasted.
fn kind_of(found: &Actual) -> String {
    match found {
        Actual::Str(_) => "a text".to_owned(),
        found => found.to_string(),
    }
}

/// Says what the operating system or the library said as well. One line of it: a path of several is
/// a key that was pasted.
fn told(error: &CredentialsError) -> String {
    let told = match std::error::Error::source(error) {
        Some(source) => format!("{error}: {source}"),
        None => error.to_string(),
    };
    told.lines().next().unwrap_or_default().to_owned()
}
