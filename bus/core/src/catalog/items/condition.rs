//! Conditions, written `key=value and key=value|value`.

use super::Ground;
use crate::{
    Condition, FactValue,
    catalog::{
        fault::quoted,
        row::{Located, NAME_BYTES, Row},
    },
};

/// Reads `when` if it is given.
pub(super) fn read(row: &mut Row<'_, '_>, ground: &Ground) -> Option<Option<Condition>> {
    row.if_given("when", |row| {
        let written = row.text("when", NAME_BYTES)?;
        let parts: Vec<_> = written.value.split(" and ").collect();
        let mut all = Vec::with_capacity(parts.len());
        for part in &parts {
            all.extend(term(row, ground, part, &written, &all));
        }
        (all.len() == parts.len()).then_some(Condition { all })
    })
}

/// Reads one `key=value|value` that follows those `before`.
fn term(
    row: &mut Row<'_, '_>,
    ground: &Ground,
    part: &str,
    written: &Located<String>,
    before: &[(String, Vec<FactValue>)],
) -> Option<(String, Vec<FactValue>)> {
    let span = written.span.clone();
    let Some((key, value)) = part.split_once('=') else {
        let fault = format!("when has {}, which is no condition", quoted(part));
        row.faults().add(&span, fault, "write key=value, and join several by \" and \"");
        return None;
    };
    let key = key.trim().to_owned();
    if before.iter().any(|(named, _)| *named == key) {
        let fault = format!("when names fact {} twice", quoted(&key));
        row.faults().add(&span, fault, "remove one");
        return None;
    }
    let key = Located { value: key, span };
    let fact = ground.fact(row, "when", &key)?;
    let parts: Vec<_> = value.split('|').map(str::trim).collect();
    let mut values = Vec::with_capacity(parts.len());
    for part in &parts {
        match fact.value(part) {
            Ok(value) => values.push(value),
            Err(error) => {
                let fault = format!("when has value {} for fact {:?}", quoted(part), fact.key);
                row.faults().add(&key.span, fault, error.cure);
            }
        }
    }
    (values.len() == parts.len()).then_some((key.value, values))
}
