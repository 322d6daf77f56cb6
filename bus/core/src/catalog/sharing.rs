//! What a catalogue's entry says of sharing: how it may be used, how it comes, how often it changes.
//!
//! Sources: State Council Order 809, articles on the catalogue (nine entries) and its three sharing
//! classes; GB/T 21063 for the words.

use serde::Serialize;

/// Whether a type may be shared, and on what terms.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "class", rename_all = "snake_case")]
pub enum Sharing {
    /// With every department whose duties need it; no condition may be put.
    Unconditional,
    /// For the scope and use that the conditions name.
    Conditional {
        /// Scope and use.
        conditions: String,
    },
    /// Not at all.
    NotShared {
        /// The article that forbids it; callers get it as the reason.
        citation: String,
    },
}

/// How often what the source department holds changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum UpdateFrequency {
    /// At once.
    RealTime,
    /// Each day.
    Daily,
    /// Each week.
    Weekly,
    /// Each month.
    Monthly,
    /// Each year.
    Yearly,
    /// When something happens to it.
    OnChange,
}

/// By what way the material comes to who uses it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum SharingWay {
    /// A call for one material.
    Interface,
    /// A whole file.
    File,
    /// A question that is answered with yes or no.
    Verification,
}

/// Class of the data by the harm that its loss would do. State and work secrets never get here: the
/// catalogue refuses them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Classification {
    /// 一般数据.
    General,
    /// 重要数据.
    Important,
    /// 核心数据.
    Core,
}

/// One data item of a type.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DataField {
    /// Name in structured content, lower case.
    pub name: String,
    /// Chinese name.
    pub name_zh: String,
    /// Who may see it.
    pub sensitivity: Sensitivity,
}

/// Who may see a data item.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Sensitivity {
    /// Anybody.
    Public,
    /// Who may see data about this person.
    Personal,
    /// Nobody but its source department.
    Secret,
}
