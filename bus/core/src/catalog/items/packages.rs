//! Packages of items.

use crate::{
    Item, Package,
    catalog::{
        fault::{Faults, quoted},
        names::{self, Names},
        row::{Located, NAME_BYTES, Row, Rows},
    },
};

/// Reads the packages; `codes` are those of all items, be they faulty.
pub(super) fn read<'t>(
    rows: &Rows<'t>,
    found: &mut Faults<'t>,
    items: &[Item],
    codes: &Names,
) -> Vec<Package> {
    let mut seen = Names::default();
    rows.each("package", found, |row| {
        let code = row.checked("code", names::short);
        let code = seen.take(row, "package", code);
        let name_zh = row.text("name_zh", NAME_BYTES);
        let name_en = row.text("name_en", NAME_BYTES);
        let listed = row.located("items", |written| Ok(written.to_owned()));
        let listed = listed.and_then(|listed| members(row, &listed, items, codes));
        Some(Package {
            code: code?,
            name_zh: name_zh?.value,
            name_en: name_en?.value,
            items: listed?,
        })
    })
}

/// Finds the items that a package lists, by whichever of their codes.
fn members(
    row: &mut Row<'_, '_>,
    listed: &[Located<String>],
    items: &[Item],
    codes: &Names,
) -> Option<Vec<String>> {
    let mut members: Vec<String> = Vec::with_capacity(listed.len());
    for name in listed {
        let known = codes.check(row, "items", name, "item");
        let item = items.iter().find(|item| item.is_called(&name.value));
        let Some(item) = item.filter(|_| known) else { continue };
        if members.contains(&item.code) {
            let fault = format!("items lists {} twice, by two codes", quoted(&name.value));
            row.faults().add(&name.span, fault, "remove one");
            continue;
        }
        members.push(item.code.clone());
    }
    (members.len() == listed.len()).then_some(members)
}
