//! Stages and facts: what types and items refer to.

use crate::{
    Fact, FactKind, FieldError, Stage,
    catalog::{
        fault::Faults,
        names::{self, Names},
        row::{Located, NAME_BYTES, Row, Rows},
    },
};

/// Stages and facts of a case.
#[derive(Debug)]
pub(in crate::catalog) struct Ground {
    /// The stages without a fault, in the file's order.
    pub(in crate::catalog) stages: Vec<Stage>,
    /// The facts without a fault, in the file's order.
    pub(in crate::catalog) facts: Vec<Fact>,
    stage_codes: Names,
    fact_keys: Names,
}

#[derive(Clone, Copy, Debug)]
enum Kind {
    Flag,
    Choice,
    Day,
}

const KINDS: [(&str, Kind); 3] =
    [("flag", Kind::Flag), ("choice", Kind::Choice), ("day", Kind::Day)];

// === impl Ground ===

impl Ground {
    /// What a type says that belongs to no single stage.
    pub(in crate::catalog) const ANY_STAGE: &str = "any";

    pub(super) fn read<'t>(rows: &Rows<'t>, found: &mut Faults<'t>) -> Self {
        let (mut stage_codes, mut fact_keys) = (Names::default(), Names::default());
        let stages = rows.each("stage", found, |row| stage(row, &mut stage_codes));
        let facts = rows.each("fact", found, |row| fact(row, &mut fact_keys));
        Self { stages, facts, stage_codes, fact_keys }
    }

    /// Checks that there is such a stage, or adds the fault.
    pub(in crate::catalog) fn has_stage(
        &self,
        row: &mut Row<'_, '_>,
        stage: &Located<String>,
    ) -> bool {
        self.stage_codes.check(row, "stage", stage, "stage")
    }

    /// Finds a fact, or adds the fault that there is none; a faulty one is listed at its row.
    pub(in crate::catalog) fn fact(
        &self,
        row: &mut Row<'_, '_>,
        key: &str,
        name: &Located<String>,
    ) -> Option<&Fact> {
        let declared = self.fact_keys.check(row, key, name, "fact");
        self.facts.iter().find(|fact| declared && fact.key == name.value)
    }
}

fn stage(row: &mut Row<'_, '_>, codes: &mut Names) -> Option<Stage> {
    let code = row.checked("code", stage_code);
    let code = codes.take(row, "stage", code);
    let name_zh = row.text("name_zh", NAME_BYTES);
    let name_en = row.text("name_en", NAME_BYTES);
    Some(Stage { code: code?, name_zh: name_zh?.value, name_en: name_en?.value })
}

fn stage_code(written: &str) -> Result<String, FieldError> {
    if written == Ground::ANY_STAGE {
        return Err(FieldError::new("code", "means no single stage", "give another"));
    }
    names::key(written)
}

fn fact(row: &mut Row<'_, '_>, keys: &mut Names) -> Option<Fact> {
    let key = row.checked("key", names::key);
    let key = keys.take(row, "fact", key);
    let kind = kind(row);
    let question_zh = row.text("question_zh", NAME_BYTES);
    let question_en = row.text("question_en", NAME_BYTES);
    Some(Fact {
        key: key?,
        kind: kind?,
        question_zh: question_zh?.value,
        question_en: question_en?.value,
    })
}

fn kind(row: &mut Row<'_, '_>) -> Option<FactKind> {
    let kind = row.word("kind", &KINDS)?.value;
    if let Kind::Choice = kind {
        let values = row.located("values", names::key)?;
        let values = values.into_iter().map(|Located { value, .. }| value).collect();
        return Some(FactKind::Choice { values });
    }
    row.refuse("values", "though the fact is no choice");
    Some(if let Kind::Flag = kind { FactKind::Flag } else { FactKind::Day })
}
