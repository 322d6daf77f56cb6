//! A city of the briefing's size: 65 items that ask for 458 pieces of 28 types.

use std::{fs, path::Path, sync::Arc};

use oncebus_core::{
    Catalog, ChunkDigests, Digest, Document, Manifest, MaterialId, MaterialKey, MaterialType,
    Party, PartyRole, Subject, Supply,
};
use oncebus_store::FixtureMaterial;
use uuid::Uuid;

/// Items, and the pieces that they ask for together.
const ITEMS: usize = 65;
const PIECES: usize = 458;
/// Pieces of the largest item, and its code.
pub(crate) const LARGEST: u32 = 20;
pub(crate) const LARGEST_ITEM: &str = "B01";

/// Projects, and what their types are.
#[derive(Debug)]
pub(crate) struct City {
    /// What the registry knows: all but what is only ever verified.
    types: Vec<Arc<MaterialType>>,
    projects: usize,
    versions: usize,
}

/// Copies the shipped catalogue with other items.
pub(crate) fn write_catalog(dir: &Path) {
    let shipped = concat!(env!("CARGO_MANIFEST_DIR"), "/../gateway/cli/catalog/jining");
    fs::create_dir(dir).unwrap();
    for file in fs::read_dir(shipped).unwrap() {
        let file = file.unwrap();
        fs::copy(file.path(), dir.join(file.file_name())).unwrap();
    }
    let path = dir.join("items.toml");
    let text = fs::read_to_string(&path).unwrap();
    let head = &text[..text.find("\n[[item]]").unwrap()];
    let catalog = Catalog::load(Path::new(shipped)).unwrap();
    let items: String = (0..ITEMS).map(|at| item(&catalog, at)).collect();
    fs::write(path, format!("{head}\n{items}")).unwrap();

    let made = Catalog::load(dir).unwrap();
    let pieces: usize = made.items().iter().map(|item| item.requires.len()).sum();
    assert_eq!((made.items().len(), pieces, made.types().len()), (ITEMS, PIECES, 28));
}

/// Returns how many pieces an item asks for: the first one most, the others six or seven.
fn size(at: usize) -> usize {
    let rest = PIECES - LARGEST as usize;
    match at {
        0 => LARGEST as usize,
        at => rest / (ITEMS - 1) + usize::from(at <= rest % (ITEMS - 1)),
    }
}

fn item(catalog: &Catalog, at: usize) -> String {
    // The largest asks for what the registry knows; a verified type is asked of its holder each time.
    let known = |row: &&Arc<MaterialType>| at > 0 || row.supply != Supply::VerifyOnly;
    let rows: Vec<_> = catalog.types().iter().filter(known).collect();
    let requires: String = (0..size(at))
        .map(|piece| {
            let row = rows[(at * 5 + piece) % rows.len()];
            format!("    {{ of = \"{}\", party = \"{}\" }},\n", row.alias, role(row))
        })
        .collect();
    format!(
        "[[item]]\ncode = \"B{:02}\"\nname_zh = \"事项\"\nname_en = \"Item\"\nstage = \"land\"\n\
         requires = [\n{requires}]\n\n",
        at + 1
    )
}

fn role(row: &MaterialType) -> PartyRole {
    match row.subject.as_str() {
        "credit" => PartyRole::Developer,
        "citizen" => PartyRole::LegalRepresentative,
        _ => PartyRole::Project,
    }
}

// === impl City ===

impl City {
    pub(crate) fn new(catalog: &Catalog, projects: usize, versions: usize) -> Self {
        let types = catalog.types().iter().filter(|row| row.supply != Supply::VerifyOnly);
        Self { types: types.cloned().collect(), projects, versions }
    }

    /// Returns who is concerned in the project of a call: another one each time, while there are.
    pub(crate) fn parties(&self, call: usize) -> Vec<Party> {
        let project = call * 7 % self.projects;
        [PartyRole::Project, PartyRole::Developer, PartyRole::LegalRepresentative]
            .map(|role| Party { role, subject: subject(role, project) })
            .to_vec()
    }

    /// Returns every material of every project; some have a version more than the others.
    pub(crate) fn materials(&self) -> impl Iterator<Item = FixtureMaterial> {
        let (types, all) = (self.types.clone(), self.projects * self.types.len());
        let (each, more) = (self.versions / all, self.versions % all);
        (0..all).map(move |number| {
            let (project, row) = (number / types.len(), &types[number % types.len()]);
            material(project, number, row, each + usize::from(number < more))
        })
    }
}

fn subject(role: PartyRole, project: usize) -> Subject {
    match role {
        PartyRole::Project => Subject::new("project", &format!("2501-370800-04-01-{project:06}")),
        PartyRole::LegalRepresentative => {
            Subject::new("citizen", &format!("3708001990{project:08}"))
        }
        _ => Subject::new("credit", &format!("91370800MA{project:08}")),
    }
    .unwrap()
}

fn material(project: usize, number: usize, row: &MaterialType, versions: usize) -> FixtureMaterial {
    let id = MaterialId(Uuid::from_u128(number as u128 + 1));
    let document = |version: usize| Document {
        number: format!("{}-{project}", row.alias).parse().unwrap(),
        size_bytes: 1_000,
        digest: Digest::of(format!("{number} {version}").as_bytes()),
        media_type: row.media_types[0].clone(),
        issuer: None,
        issued: "2026-01-15".parse().ok(),
        valid_until: "2039-12-30".parse().ok(),
        relations: Vec::new(),
    };
    let chunks = ChunkDigests::of(&number.to_be_bytes());
    let manifests =
        (0..versions).map(|version| Manifest::new(id, &row.code, &document(version), &chunks));
    let key = MaterialKey {
        material_type: row.code.clone(),
        subject: subject(role(row), project),
        number: document(0).number,
    };
    FixtureMaterial { versions: manifests.collect(), key, chunks, holder: row.department.clone() }
}
