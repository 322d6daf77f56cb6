//! The configuration file: raw in, checked out.

use std::{
    fs, io,
    net::SocketAddr,
    path::{Path, PathBuf},
};

use figment::{
    Figment,
    error::Kind,
    providers::{Env, Format as _, Toml},
};
use oncebus_adapter::{FieldError, Number, Subject, TrustDomain, TypeCode};
use serde::Deserialize;

use crate::template::{self, Template};

/// Environment variables with this prefix override the file: `ONCEBUS_FILES_TLS__CERT` is `tls.cert`.
const ENVIRONMENT: &str = "ONCEBUS_FILES_";

/// The configuration of a files adapter, already checked.
#[derive(Clone, Debug)]
pub struct FilesConfig {
    /// Code of the department that it serves.
    pub department: String,
    /// Its name within the department; `files` where the file names none.
    pub name: String,
    /// Trust domain of all certificates.
    pub trust_domain: TrustDomain,
    /// Address to listen on; port 0 takes a free one. `127.0.0.1:0` where the file names none.
    pub listen: SocketAddr,
    /// Folder of all data.
    pub root: PathBuf,
    /// Certificate with its chain, PEM.
    pub certificate: PathBuf,
    /// Private key, PEM.
    pub key: PathBuf,
    /// Certificates of the authorities, PEM.
    pub authorities: PathBuf,
    /// Types that it can look up.
    pub types: Vec<TypeCode>,
    pub(crate) template: Template,
}

/// Why a configuration file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("cannot read {}", file.display())]
    Read {
        /// The file.
        file: PathBuf,
        /// What the operating system says.
        source: io::Error,
    },
    /// The file is no TOML.
    #[error("{} is no TOML: {fault}", file.display())]
    Toml {
        /// The file.
        file: PathBuf,
        /// What the parser says, with the line.
        fault: String,
    },
    /// A key is missing, unknown or has a wrong value.
    #[error("{}: {key} {fault}, {cure}", file.display())]
    Key {
        /// The file.
        file: PathBuf,
        /// Name of the key, with its table.
        key: String,
        /// What is wrong with it.
        fault: String,
        /// What to write instead.
        cure: String,
    },
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawConfig {
    department: String,
    #[serde(default = "default_name")]
    name: String,
    trust_domain: String,
    #[serde(default = "default_listen")]
    listen: String,
    root: PathBuf,
    #[serde(default = "default_path")]
    path: String,
    types: Vec<String>,
    tls: RawTls,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawTls {
    cert: PathBuf,
    key: PathBuf,
    ca: PathBuf,
}

/// A fault of one key; the file is added by who knows it.
struct KeyFault {
    key: String,
    fault: String,
    cure: String,
}

// === impl FilesConfig ===

impl FilesConfig {
    /// Reads a configuration file. Relative paths in it are relative to its folder.
    ///
    /// # Errors
    ///
    /// Returns [`ConfigError`] naming file, key and cure.
    pub fn load(file: &Path) -> Result<Self, ConfigError> {
        let named = file.to_owned();
        let text = match fs::read_to_string(file) {
            Ok(text) => text,
            Err(source) => return Err(ConfigError::Read { file: named, source }),
        };
        if let Err(error) = text.parse::<toml::Table>() {
            return Err(ConfigError::Toml { file: named, fault: error.to_string() });
        }
        let raw = Figment::from(Toml::string(&text))
            .merge(Env::prefixed(ENVIRONMENT).split("__"))
            .extract::<RawConfig>()
            .map_err(|error| key_fault(&error));
        let base = file.parent().unwrap_or(Path::new(""));
        raw.and_then(|raw| Self::check(raw, base)).map_err(|KeyFault { key, fault, cure }| {
            ConfigError::Key { file: named, key, fault, cure }
        })
    }

    /// Returns where the sidecar of a document belongs, relative to the root.
    pub fn sidecar_path(
        &self,
        material_type: &TypeCode,
        subject: &Subject,
        number: &Number,
    ) -> PathBuf {
        Path::new(&self.template.folder(material_type, subject)).join(self.template.file(number))
    }

    fn check(raw: RawConfig, base: &Path) -> Result<Self, KeyFault> {
        let wrong = |key: &str, fault: String, cure: &str| KeyFault {
            key: key.to_owned(),
            fault,
            cure: cure.to_owned(),
        };
        let types = raw.types.iter().enumerate().map(|(at, code)| {
            code.parse().map_err(|error: FieldError| {
                wrong(&format!("types[{at}]"), error.fault, &error.cure)
            })
        });
        let cure = format!("write one like {}", template::DEFAULT);
        Ok(Self {
            trust_domain: raw.trust_domain.parse().map_err(
                |error: oncebus_adapter::IdentityError| {
                    wrong(
                        "trust_domain",
                        format!("is none: {error}"),
                        "write one like oncebus.test",
                    )
                },
            )?,
            listen: raw.listen.parse().map_err(|error: std::net::AddrParseError| {
                wrong(
                    "listen",
                    format!("is {:?}: {error}", raw.listen),
                    "write one like 127.0.0.1:0",
                )
            })?,
            template: raw.path.parse().map_err(|error: template::TemplateError| {
                wrong("path", error.to_string(), &cure)
            })?,
            types: types.collect::<Result<_, _>>()?,
            root: base.join(raw.root),
            certificate: base.join(raw.tls.cert),
            key: base.join(raw.tls.key),
            authorities: base.join(raw.tls.ca),
            department: code("department", raw.department)?,
            name: code("name", raw.name)?,
        })
    }
}

fn default_name() -> String {
    "files".to_owned()
}

fn default_listen() -> String {
    "127.0.0.1:0".to_owned()
}

fn default_path() -> String {
    template::DEFAULT.to_owned()
}

/// Checks the code of a department or adapter, as certificates spell it.
fn code(key: &str, text: String) -> Result<String, KeyFault> {
    let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    if (1..=32).contains(&text.len()) && text.bytes().all(allowed) {
        return Ok(text);
    }
    Err(KeyFault {
        key: key.to_owned(),
        fault: "is no code".to_owned(),
        cure: "write 1 to 32 lower-case letters, digits and -".to_owned(),
    })
}

fn key_fault(error: &figment::Error) -> KeyFault {
    let key = |last: &str| {
        let path = error.path.iter().map(String::as_str);
        path.chain((!last.is_empty()).then_some(last)).collect::<Vec<_>>().join(".")
    };
    match &error.kind {
        Kind::MissingField(name) => {
            KeyFault { key: key(name), fault: "is missing".to_owned(), cure: "add it".to_owned() }
        }
        Kind::UnknownField(name, known) => KeyFault {
            // figment's path ends in the unknown key already.
            key: if error.path.last() == Some(name) { key("") } else { key(name) },
            fault: "is no key here".to_owned(),
            cure: format!("write one of {}", known.join(", ")),
        },
        Kind::InvalidType(actual, expected) => KeyFault {
            key: key(""),
            fault: format!("is {actual}"),
            cure: format!("write {expected}"),
        },
        other => KeyFault {
            key: key(""),
            fault: format!("has a wrong value: {other}"),
            cure: "correct it".to_owned(),
        },
    }
}

#[cfg(test)]
mod tests;
