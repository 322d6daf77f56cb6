//! The current versions of many types about many subjects, in one view.

use std::collections::HashMap;

use oncebus_core::{RegistryError, Subject, TypeCode, Version};
use sqlx::{AssertSqlSafe, Sqlite, Transaction};

use super::{
    SqliteRegistry, failed,
    rows::{self, VERSION},
    versions::MAX_CURRENT,
};

// === impl SqliteRegistry ===

impl SqliteRegistry {
    pub(super) async fn current_of_all(
        &self,
        topics: &[(TypeCode, Subject)],
    ) -> Result<Vec<Vec<Version>>, RegistryError> {
        let mut found = vec![Vec::new(); topics.len()];
        let mut subjects = HashMap::<&Subject, Vec<usize>>::new();
        for (place, (_, subject)) in topics.iter().enumerate() {
            subjects.entry(subject).or_default().push(place);
        }
        let mut view = self.database.reader.begin().await.map_err(failed("find versions"))?;
        for (subject, places) in subjects {
            for (material_type, version) in
                self.current_about(&mut view, subject, topics, &places).await?
            {
                let of_type = places.iter().filter(|place| topics[**place].0 == material_type);
                of_type.for_each(|place| found[*place].push(version.clone()));
            }
        }
        for versions in &mut found {
            versions.sort_by(|a, b| a.number.cmp(&b.number));
            versions.truncate(MAX_CURRENT);
        }
        Ok(found)
    }

    /// Reads the current versions of the types at `places` about one subject.
    async fn current_about(
        &self,
        view: &mut Transaction<'static, Sqlite>,
        subject: &Subject,
        topics: &[(TypeCode, Subject)],
        places: &[usize],
    ) -> Result<Vec<(TypeCode, Version)>, RegistryError> {
        let types = vec!["?"; places.len()].join(", ");
        let limit = MAX_CURRENT * places.len();
        let select = format!(
            "SELECT {VERSION} FROM materials m JOIN versions v ON v.id = m.current \
             WHERE m.subject_token = ? AND m.material_type IN ({types}) LIMIT {limit}"
        );
        let mut found = Vec::new();
        for token in self.keys.subject_tokens(subject) {
            let mut query = sqlx::query(AssertSqlSafe(select.as_str())).bind(token.to_vec());
            for place in places {
                query = query.bind(topics[*place].0.as_str());
            }
            let rows = query.fetch_all(&mut **view).await.map_err(failed("find versions"))?;
            for row in rows {
                let version = rows::version(&row, &self.keys)?;
                found.push((version.manifest.material_type.clone(), version));
            }
        }
        Ok(found)
    }
}
