//! Names of things, each a type of its own.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{Digest, FieldError, field, field::checked_text};

/// Code of a department: 1 to 32 of `a-z`, `0-9`, `-`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct DeptId(String);

/// SPIFFE id of a system, as its certificate says it; checked where the certificate is.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SystemId(String);

/// Code of a material type: 1 to 63 of `a-z`, `0-9`, `_`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct TypeCode(String);

/// Hash of a version's manifest: the version's id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct VersionId(Digest);

/// Full name of a version, `materialTypes/{code}/versions/{id}`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct VersionName {
    /// Type of the material.
    pub material_type: TypeCode,
    /// Id of the version.
    pub id: VersionId,
}

/// Id of one material, drawn when its first version is announced.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct MaterialId(pub Uuid);

/// Id of one upload.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct UploadId(pub Uuid);

/// Id of one record of the trail.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RecordId(pub Uuid);

/// Id of one correction: what a contribution opens, and a comparison closes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct CorrectionId(pub Uuid);

/// Id of one run of a gateway.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct BootId(pub Uuid);

/// Id of one bundle or batch: of the calls that were made as parts of one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct BundleId(pub Uuid);

/// Id that a caller gives to one request and keeps when it retries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct RequestId(pub Uuid);

// === impl DeptId ===

impl DeptId {
    /// Returns the code.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for DeptId {
    type Err = FieldError;

    fn from_str(text: &str) -> Result<Self, FieldError> {
        code("department", text, 32, b'-')?;
        Ok(Self(text.to_owned()))
    }
}

impl fmt::Display for DeptId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

checked_text!(DeptId, FieldError);

// === impl SystemId ===

impl SystemId {
    /// Takes the id from a certificate that was verified.
    pub fn verified(spiffe_id: String) -> Self {
        Self(spiffe_id)
    }

    /// Returns the SPIFFE id.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for SystemId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

// === impl TypeCode ===

impl TypeCode {
    /// Returns the code.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for TypeCode {
    type Err = FieldError;

    fn from_str(text: &str) -> Result<Self, FieldError> {
        code("material_type", text, 63, b'_')?;
        Ok(Self(text.to_owned()))
    }
}

impl fmt::Display for TypeCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

checked_text!(TypeCode, FieldError);

// === impl VersionId ===

impl VersionId {
    /// Takes the hash of a manifest.
    pub fn from_digest(digest: Digest) -> Self {
        Self(digest)
    }

    /// Returns the hash of the manifest.
    pub fn digest(&self) -> &Digest {
        &self.0
    }
}

impl fmt::Display for VersionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0.as_bytes()))
    }
}

// === impl VersionName ===

impl FromStr for VersionName {
    type Err = FieldError;

    fn from_str(text: &str) -> Result<Self, FieldError> {
        let fault = || {
            FieldError::new(
                "version",
                "is no version name",
                "give materialTypes/{code}/versions/{64 hexadecimal digits}",
            )
        };
        let rest = text.strip_prefix("materialTypes/").ok_or_else(fault)?;
        let (code, id) = rest.split_once("/versions/").ok_or_else(fault)?;
        let material_type = code.parse().map_err(|_code: FieldError| fault())?;
        let mut bytes = [0; 32];
        if id.bytes().any(|byte| byte.is_ascii_uppercase()) {
            return Err(fault());
        }
        hex::decode_to_slice(id, &mut bytes).map_err(|_id: hex::FromHexError| fault())?;
        Ok(Self { material_type, id: VersionId(Digest::from_bytes(bytes)) })
    }
}

impl fmt::Display for VersionName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "materialTypes/{}/versions/{}", self.material_type, self.id)
    }
}

checked_text!(VersionName, FieldError);

// === impl UploadId ===

impl UploadId {
    const PREFIX: &str = "uploads/";
}

impl FromStr for UploadId {
    type Err = FieldError;

    fn from_str(text: &str) -> Result<Self, FieldError> {
        let id = text.strip_prefix(Self::PREFIX).and_then(hyphenated);
        id.map(Self).ok_or_else(|| {
            FieldError::new(
                "upload",
                "is no upload name",
                "give the one that BeginPublish answered",
            )
        })
    }
}

impl fmt::Display for UploadId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", Self::PREFIX, self.0)
    }
}

// === impl RequestId ===

impl FromStr for RequestId {
    type Err = FieldError;

    fn from_str(text: &str) -> Result<Self, FieldError> {
        hyphenated(text).map(Self).ok_or_else(|| {
            FieldError::new("request_id", "is no UUID", "give a new UUID, like uuidgen prints it")
        })
    }
}

impl fmt::Display for RecordId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Display for CorrectionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Display for BundleId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Display for BootId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Reads a UUID in its one hyphenated form, so that two spellings cannot name one thing.
fn hyphenated(text: &str) -> Option<Uuid> {
    if text.len() != 36 {
        return None;
    }
    Uuid::try_parse(text).ok().filter(|id| !id.is_nil())
}

/// Checks a code of lower-case letters, digits and `joint`.
fn code(field: &'static str, text: &str, max: usize, joint: u8) -> Result<(), FieldError> {
    field::text(field, text, max)?;
    let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == joint;
    if text.bytes().all(allowed) {
        return Ok(());
    }
    let cure = format!("give lower-case letters, digits and {}", char::from(joint));
    Err(FieldError::new(field, "has a character that codes do not have", cure))
}
