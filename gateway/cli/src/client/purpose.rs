//! `--purpose`, read.

use oncebus_proto::v1 as pb;

/// The keys, and whether each must be given.
const KEYS: [(&str, bool); 6] = [
    ("item", true),
    ("case", true),
    ("cause", true),
    ("basis", true),
    ("officer", true),
    ("authorization", false),
];

/// How a comma is meant.
const COMMA: &str = r"a comma within a value is written \,";

/// Reads `item=I14,case=C1,cause=APPROVAL,basis=...,officer=...[,authorization=...]`.
///
/// # Errors
///
/// Names the key that is missing, unknown, given twice or has no such value, and the cure.
pub(crate) fn purpose(text: &str) -> Result<pb::Purpose, String> {
    let mut values: [Option<String>; KEYS.len()] = Default::default();
    for part in parts(text) {
        let (key, value) =
            part.split_once('=').ok_or_else(|| format!("{part:?} is no KEY=VALUE, {COMMA}"))?;
        let known = KEYS.iter().position(|(name, _)| *name == key.trim());
        let place = known.ok_or_else(|| format!("no key {key:?}, the keys are {}", names()))?;
        if values[place].replace(value.trim().to_owned()).is_some() {
            return Err(format!("{key} is given twice"));
        }
    }
    let missing = KEYS.iter().zip(&values).find(|((_, must), value)| *must && value.is_none());
    if let Some(((key, _), _)) = missing {
        return Err(format!("{key} is missing, the keys are {}", names()));
    }
    let [item, case_number, cause, legal_basis, officer, authorization] =
        values.map(Option::unwrap_or_default);
    Ok(pb::Purpose {
        item,
        case_number,
        cause: named_cause(&cause)?.into(),
        legal_basis,
        officer,
        authorization: Some(named_authorization(&authorization)?),
    })
}

/// Splits at commas; `\,` is a comma and `\\` a backslash within a value, else a backslash is itself.
fn parts(text: &str) -> Vec<String> {
    let mut parts = vec![String::new()];
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        let last = parts.len() - 1;
        match letter {
            ',' => parts.push(String::new()),
            '\\' => {
                let escaped = letters.next_if(|next| [',', '\\'].contains(next));
                parts[last].push(escaped.unwrap_or(letter));
            }
            _ => parts[last].push(letter),
        }
    }
    parts
}

fn named_cause(name: &str) -> Result<pb::Cause, String> {
    match pb::Cause::from_str_name(&format!("CAUSE_{name}")) {
        Some(cause) if cause != pb::Cause::Unspecified => Ok(cause),
        _ => Err(format!(
            "no cause {name:?}, give APPROVAL, SUPERVISION, ENFORCEMENT, PUBLIC_SERVICE or CORRECTION"
        )),
    }
}

fn named_authorization(text: &str) -> Result<pb::Authorization, String> {
    let (name, reference) = text.split_once(':').unwrap_or((text, ""));
    let kind = match name {
        "" | "STATUTORY_DUTY" => pb::AuthorizationKind::StatutoryDuty,
        "HOLDER_CONSENT" => pb::AuthorizationKind::HolderConsent,
        _ => {
            return Err(format!(
                "no authorization {name:?}, give STATUTORY_DUTY or HOLDER_CONSENT:REFERENCE"
            ));
        }
    };
    Ok(pb::Authorization { kind: kind.into(), reference: reference.to_owned() })
}

fn names() -> String {
    KEYS.map(|(name, _)| name).join(", ")
}
