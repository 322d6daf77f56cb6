//! `items.toml`: stages, facts of a case, approval items, and packages of them.

mod codes;
mod condition;
mod ground;
mod packages;
mod requirement;

pub(super) use self::ground::Ground;
use super::{
    CatalogFault, CatalogSources, Item, Package,
    fault::Faults,
    names::{self, Names},
    row::{Located, NAME_BYTES, Row, Rows},
    types::TypeRows,
};

/// The file while it is read: types refer to its first half, and its second half to them.
#[derive(Debug)]
pub(super) struct ItemsFile<'t> {
    rows: Option<Rows<'t>>,
    found: Faults<'t>,
}

/// What the second half says.
#[derive(Debug)]
pub(super) struct ItemRows {
    /// The items without a fault, in the file's order.
    pub(super) items: Vec<Item>,
    /// The packages without a fault, in the file's order.
    pub(super) packages: Vec<Package>,
}

/// What items refer to.
#[derive(Clone, Copy, Debug)]
struct Known<'a> {
    ground: &'a Ground,
    types: &'a TypeRows,
}

// === impl ItemsFile ===

impl<'t> ItemsFile<'t> {
    /// Parses the file, or finds its faults of TOML.
    pub(super) fn parse(text: &'t str) -> Self {
        let mut found = Faults::new(CatalogSources::ITEMS, text);
        let rows = Rows::parse(text, &mut found);
        if let Some(rows) = &rows {
            let mut top = rows.top(&mut found);
            for table in ["stage", "fact", "item", "package"] {
                top.table(table);
            }
            top.finish();
        }
        Self { rows, found }
    }

    /// Reads stages and facts.
    pub(super) fn ground(&mut self) -> Option<Ground> {
        let rows = self.rows.as_ref()?;
        Some(Ground::read(rows, &mut self.found))
    }

    /// Reads items and packages, if what they refer to could be read.
    pub(super) fn items(
        &mut self,
        ground: Option<&Ground>,
        types: Option<&TypeRows>,
    ) -> Option<ItemRows> {
        let (rows, found) = (self.rows.as_ref()?, &mut self.found);
        let known = Known { ground: ground?, types: types? };
        let mut codes = Names::default();
        let items = rows.each("item", found, |row| item(row, known, &mut codes));
        let packages = packages::read(rows, found, &items, &codes);
        Some(ItemRows { items, packages })
    }

    /// Returns all faults by their place.
    pub(super) fn into_faults(self) -> Vec<CatalogFault> {
        self.found.into_list()
    }
}

/// Reads one row to its end, so that every fault of it is listed.
fn item(row: &mut Row<'_, '_>, known: Known<'_>, seen: &mut Names) -> Option<Item> {
    let code = row.checked("code", names::short);
    let code = seen.take(row, "item", code);
    let codes = row.if_given("codes", |row| {
        let listed = row.located("codes", codes::implementation)?;
        listed.into_iter().map(|code| seen.take(row, "item", Some(code))).collect()
    });
    let name_zh = row.text("name_zh", NAME_BYTES);
    let name_en = row.text("name_en", NAME_BYTES);
    let stage = row.text("stage", NAME_BYTES);
    let stage = stage.filter(|stage| known.ground.has_stage(row, stage));
    let link = row.text_if_given("link", NAME_BYTES);
    let scene = row.text_if_given("scene", NAME_BYTES);
    let requires = row.rows("requires", |row| requirement::read(row, known));
    Some(Item {
        code: code?,
        codes: codes?.unwrap_or_default(),
        name_zh: name_zh?.value,
        name_en: name_en?.value,
        stage: stage?.value,
        link: link?,
        scene: scene?,
        requires: requires.map(|Located { value, .. }| value)?,
    })
}
