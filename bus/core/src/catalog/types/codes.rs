//! Which type each code and alias names, of faulty rows too.

use std::collections::HashMap;

use crate::{
    TypeCode,
    catalog::{
        names::missing,
        row::{Located, Row, Rows},
    },
};

/// Type by code and by alias; `None` where that row's code is faulty, which is listed at the row.
#[derive(Debug)]
pub(in crate::catalog) struct TypeCodes(HashMap<String, Option<TypeCode>>);

// === impl TypeCodes ===

impl TypeCodes {
    /// Looks over the rows before they are read: they may refer to each other.
    pub(super) fn of(rows: &Rows<'_>) -> Self {
        let mut codes = HashMap::new();
        for [code, alias] in rows.texts("type", ["code", "alias"]) {
            let checked = code.and_then(|code| code.parse().ok());
            for name in [code, alias].into_iter().flatten() {
                codes.insert(name.to_owned(), checked.clone());
            }
        }
        Self(codes)
    }

    /// Finds a type, or adds the fault that there is none.
    pub(super) fn find(
        &self,
        row: &mut Row<'_, '_>,
        key: &str,
        name: &Located<&str>,
    ) -> Option<TypeCode> {
        let found = self.0.get(name.value);
        if found.is_none() {
            missing(row.faults(), key, name.value, &name.span, "type");
        }
        found.cloned().flatten()
    }
}
