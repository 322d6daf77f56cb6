//! Which department may fetch and publish which types: configuration, until grants arrive.

use std::{
    collections::{HashMap, HashSet},
    fmt,
    str::FromStr,
};

use serde::{
    Deserialize, Serialize,
    de::{IntoDeserializer as _, value},
};

use crate::{Caller, Catalog, DeptId, Digest, ExchangeError, FieldError, TypeCode};

/// What a call does; the word stands in the trail.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Operation {
    /// Sends a version.
    Fetch,
    /// Makes a version.
    Publish,
    /// Continues an upload that is under way.
    Resume,
    /// Revokes a version.
    Revoke,
    /// Lists versions.
    Find,
    /// Describes a version.
    Get,
    /// Says whether claims are true.
    Verify,
    /// Says of many subjects whether claims are true.
    BatchVerify,
    /// Lists everything of a project.
    List,
    /// Says what of an item's or a package's requirements is held.
    Resolve,
    /// Tells what becomes of materials.
    Watch,
    /// Fills a form with data items.
    Prefill,
    /// Asks for records to be unsealed.
    RequestUnseal,
    /// Approves that.
    ApproveUnseal,
    /// Reads sealed parts.
    ReadSealed,
    /// Drops old records.
    ApplyRetention,
    /// Erases sealed parts.
    EraseSealed,
    /// Searches the trail.
    SearchRecords,
    /// Reads one record.
    GetRecord,
    /// Follows the trail.
    TailRecords,
    /// Takes records with their proofs.
    ExportRecords,
    /// Proves one record.
    GetReceipt,
    /// Proves that the trail only grew.
    GetConsistencyProof,
    /// Asks who used what about a subject.
    GetSubjectReport,
    /// Asks how often materials were reused.
    GetReuseReport,
    /// Compares a contribution with its holder's record; the gateway does so by itself.
    Correct,
    /// Reads everything again and compares it; the gateway does so by itself.
    Scrub,
}

/// One `[[permission]]` of the configuration. Codes or aliases of types; what is not listed is
/// denied.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Permission {
    /// The department that may.
    pub department: String,
    /// Types that it may fetch, find, get, verify and watch; those that are only verified, verify.
    #[serde(default)]
    pub fetch: Vec<String>,
    /// Types that it may publish, find, get and watch.
    #[serde(default)]
    pub publish: Vec<String>,
}

/// All permissions, checked against the catalogue.
#[derive(Clone, Debug, Default)]
pub struct Permissions(HashMap<DeptId, Allowed>);

/// Why a decision allowed a call; stands in the trail as `rule`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Rule {
    /// The department may fetch the type.
    #[serde(rename = "permission.fetch")]
    Fetch,
    /// The department may publish the type.
    #[serde(rename = "permission.publish")]
    Publish,
    /// The department holds what the call is about.
    #[serde(rename = "holder")]
    Holder,
}

/// What is wrong with a permission of the configuration.
#[derive(Debug, thiserror::Error)]
pub enum PermissionError {
    /// The department is not in the catalogue.
    #[error(
        "permission of department {department:?}: not in the catalogue, add it there or remove this"
    )]
    Department {
        /// As written.
        department: String,
    },
    /// The type is not in the catalogue.
    #[error("permission of {department}: type {code:?} is not in the catalogue")]
    Type {
        /// The department.
        department: String,
        /// As written.
        code: String,
    },
}

#[derive(Clone, Debug, Default)]
struct Allowed {
    fetch: HashSet<TypeCode>,
    publish: HashSet<TypeCode>,
}

// === impl Permissions ===

impl Permissions {
    /// Checks every department and type against the catalogue.
    ///
    /// # Errors
    ///
    /// Names the first department or type that the catalogue does not have.
    pub fn check(listed: &[Permission], catalog: &Catalog) -> Result<Self, PermissionError> {
        let mut permissions = HashMap::<DeptId, Allowed>::new();
        for permission in listed {
            let written = &permission.department;
            let department = written.parse().ok().filter(|id| catalog.department(id).is_some());
            let Some(department) = department else {
                return Err(PermissionError::Department { department: written.clone() });
            };
            let codes = |listed: &[String]| {
                listed
                    .iter()
                    .map(|code| type_code(written, code, catalog))
                    .collect::<Result<Vec<_>, _>>()
            };
            let allowed = permissions.entry(department).or_default();
            allowed.fetch.extend(codes(&permission.fetch)?);
            allowed.publish.extend(codes(&permission.publish)?);
        }
        Ok(Self(permissions))
    }

    /// Returns the SHA-256 of all of them, hexadecimal: the same for the same permissions, however
    /// they are listed.
    pub fn digest(&self) -> String {
        let mut lines: Vec<_> =
            self.0.iter().flat_map(|(dept, allowed)| allowed.lines(dept)).collect();
        lines.sort_unstable();
        hex::encode(Digest::of(lines.join("\n").as_bytes()).as_bytes())
    }

    /// Decides one call, without looking whether the material exists.
    ///
    /// # Errors
    ///
    /// [`ExchangeError::AccessDenied`] unless the caller's department has the permission.
    pub fn decide(
        &self,
        caller: &Caller,
        operation: Operation,
        material_type: &TypeCode,
    ) -> Result<Rule, ExchangeError> {
        let allowed = self.0.get(&caller.department);
        let may_fetch = allowed.is_some_and(|a| a.fetch.contains(material_type));
        let may_publish = allowed.is_some_and(|a| a.publish.contains(material_type));
        match operation {
            Operation::Fetch
            | Operation::Find
            | Operation::Get
            | Operation::Verify
            | Operation::BatchVerify
            | Operation::List
            | Operation::Resolve
            | Operation::Watch
            | Operation::Prefill
                if may_fetch =>
            {
                Ok(Rule::Fetch)
            }
            Operation::Publish
            | Operation::Resume
            | Operation::Revoke
            | Operation::Find
            | Operation::Get
            | Operation::List
            | Operation::Resolve
            | Operation::Watch
                if may_publish =>
            {
                Ok(Rule::Publish)
            }
            _ => Err(ExchangeError::AccessDenied {
                department: caller.department.clone(),
                operation,
                material_type: material_type.clone(),
            }),
        }
    }
}

// === impl Allowed ===

impl Allowed {
    fn lines<'a>(&'a self, department: &'a DeptId) -> impl Iterator<Item = String> + 'a {
        let fetch = self.fetch.iter().map(move |code| format!("{department} fetch {code}"));
        let publish = self.publish.iter().map(move |code| format!("{department} publish {code}"));
        fetch.chain(publish)
    }
}

// === impl Operation ===

impl FromStr for Operation {
    type Err = FieldError;

    fn from_str(word: &str) -> Result<Self, FieldError> {
        Self::deserialize(word.into_deserializer()).map_err(|unknown: value::Error| {
            // It lists the words that there are behind the one that was given.
            let unknown = unknown.to_string().replace('`', "");
            let known = unknown.split_once("expected ").map_or("another", |(_, known)| known);
            FieldError::new("operation", "is unknown", format!("give {known}"))
        })
    }
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Fetch => "fetch",
            Self::Publish => "publish",
            Self::Resume => "resume",
            Self::Revoke => "revoke",
            Self::Find => "find",
            Self::Get => "get",
            Self::Verify => "verify",
            Self::BatchVerify => "batch_verify",
            Self::List => "list",
            Self::Resolve => "resolve",
            Self::Watch => "watch",
            Self::Prefill => "prefill",
            Self::RequestUnseal => "request_unseal",
            Self::ApproveUnseal => "approve_unseal",
            Self::ReadSealed => "read_sealed",
            Self::ApplyRetention => "apply_retention",
            Self::EraseSealed => "erase_sealed",
            Self::SearchRecords => "search_records",
            Self::GetRecord => "get_record",
            Self::TailRecords => "tail_records",
            Self::ExportRecords => "export_records",
            Self::GetReceipt => "get_receipt",
            Self::GetConsistencyProof => "get_consistency_proof",
            Self::GetSubjectReport => "get_subject_report",
            Self::GetReuseReport => "get_reuse_report",
            Self::Correct => "correct",
            Self::Scrub => "scrub",
        })
    }
}

fn type_code(department: &str, code: &str, catalog: &Catalog) -> Result<TypeCode, PermissionError> {
    match catalog.material_type(code) {
        Some(material_type) => Ok(material_type.code.clone()),
        None => {
            Err(PermissionError::Type { department: department.to_owned(), code: code.to_owned() })
        }
    }
}
