//! What an item requires: `{ of = "M06|M07", party = "developer", when = "key=value" }`.

use super::{Known, condition};
use crate::{
    PartyRole, Requirement, TypeCode,
    catalog::{
        fault::quoted,
        row::{Located, NAME_BYTES, Row},
    },
};

/// Reads one row to its end, so that every fault of it is listed.
pub(super) fn read(row: &mut Row<'_, '_>, known: Known<'_>) -> Option<Requirement> {
    let party = row.if_given("party", |row| row.parsed::<PartyRole>("party"));
    let party = party.map(|given| given.map_or(PartyRole::Project, |party| party.value));
    let of = row.text("of", NAME_BYTES);
    let any_of = of.and_then(|of| any_of(row, known, &of, party));
    let with = row.if_given("with", |row| row.list::<PartyRole>("with"));
    let when = condition::read(row, known.ground);
    Some(Requirement {
        any_of: any_of?,
        party: party?,
        with: with?.unwrap_or_default(),
        when: when?,
    })
}

/// Reads alternatives separated by `|`, in each of which all types joined by `+` are needed.
fn any_of(
    row: &mut Row<'_, '_>,
    known: Known<'_>,
    of: &Located<String>,
    party: Option<PartyRole>,
) -> Option<Vec<Vec<TypeCode>>> {
    let mut any_of = Vec::new();
    let mut whole = true;
    for alternative in of.value.split('|') {
        let mut all_of = Vec::new();
        for name in alternative.split('+') {
            let name = Located { value: name.trim(), span: of.span.clone() };
            let code = known.types.find(row, "of", &name, party);
            whole &= code.is_some();
            all_of.extend(code);
        }
        any_of.push(all_of);
    }
    (whole && each_once(row, of, &any_of)).then_some(any_of)
}

/// Checks that no alternative stands twice, and no type twice in one.
fn each_once(row: &mut Row<'_, '_>, of: &Located<String>, any_of: &[Vec<TypeCode>]) -> bool {
    let repeated = has_repeated(any_of) || any_of.iter().any(|all_of| has_repeated(all_of));
    if repeated {
        let fault = format!("of {} names something twice", quoted(&of.value));
        row.faults().add(&of.span, fault, "remove one");
    }
    !repeated
}

fn has_repeated<T: PartialEq>(list: &[T]) -> bool {
    list.iter().enumerate().any(|(place, value)| list[..place].contains(value))
}
