//! What the shipped catalogues say.

use std::collections::HashMap;

use super::*;

const JINING: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../gateway/cli/catalog/jining");
const EMPTY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../gateway/cli/catalog/empty");

#[test]
fn shipped_catalogue_has_the_28_types() {
    let catalog = Catalog::load(JINING.as_ref()).unwrap();

    let count = |supply| catalog.types().iter().filter(|row| row.supply == supply).count();
    assert_eq!(catalog.name(), "jining");
    assert_eq!(catalog.types().len(), 28);
    assert_eq!(count(Supply::Uploaded), 5);
    assert_eq!(count(Supply::OriginHeld), 22);
    assert_eq!(count(Supply::VerifyOnly), 1);
    let personal = catalog.types().iter().filter(|row| row.personal);
    assert_eq!(personal.map(|row| row.alias.as_str()).collect::<Vec<_>>(), ["M02", "M03"]);
    for (number, row) in (1..).zip(catalog.types()) {
        assert_eq!(row.alias, format!("M{number:02}"));
        assert_eq!(catalog.material_type(&row.alias), Some(row));
        assert_eq!(catalog.material_type(row.code.as_str()), Some(row));
    }
    assert_eq!(catalog.material_type("m01"), None);
}

#[test]
fn shipped_departments_each_answer_for_several_types() {
    let catalog = Catalog::load(JINING.as_ref()).unwrap();

    let mut types: HashMap<&str, usize> = HashMap::new();
    for row in catalog.types() {
        *types.entry(row.department.as_str()).or_default() += 1;
    }
    let codes: Vec<_> = catalog.departments().iter().map(|row| row.code.as_str()).collect();
    assert_eq!(codes, ["housing", "planning", "market", "audit"]);
    assert_eq!(types, HashMap::from([("housing", 11), ("planning", 10), ("market", 7)]));
    let housing = "housing".parse().unwrap();
    assert_eq!(catalog.department(&housing), catalog.departments().first());
    assert_eq!(catalog.department(&"water".parse().unwrap()), None);
}

#[test]
fn shipped_catalogue_serves_nothing_stale_whose_status_counts_now() {
    let catalog = Catalog::load(JINING.as_ref()).unwrap();

    for alias in ["M01", "M02", "M04", "M05", "M10", "M11", "M17", "M25", "M28"] {
        assert!(!catalog.material_type(alias).unwrap().may_be_stale, "{alias} may be stale");
    }
    assert_eq!(catalog.material_type("M11").unwrap().pointer_age, Duration::from_secs(30));
}

/// Source: GB 32100-2015, annex A.
#[test]
fn shipped_credit_codes_have_right_check_digits() {
    let catalog = Catalog::load(JINING.as_ref()).unwrap();

    for department in catalog.departments() {
        let code = department.credit_code.as_str();
        let values = code.chars().map(|symbol| CreditCode::SYMBOLS.find(symbol).unwrap());
        let mut weight = 1;
        let mut sum = 0;
        for value in values.take(17) {
            sum += value * weight;
            weight = weight * 3 % 31;
        }
        let check = CreditCode::SYMBOLS.chars().nth((31 - sum % 31) % 31);
        assert_eq!(code.chars().last(), check, "{code}");
    }
}

#[test]
fn personal_data_items_are_in_personal_types_alone() {
    let catalog = Catalog::load(JINING.as_ref()).unwrap();

    for row in catalog.types() {
        let personal = row.fields.iter().any(|item| item.sensitivity == Sensitivity::Personal);
        assert!(row.personal || !personal, "{}", row.alias);
        assert!((4..=8).contains(&row.fields.len()), "{}", row.alias);
    }
}

#[test]
fn shipped_types_have_the_validity_of_the_law() {
    let catalog = Catalog::load(JINING.as_ref()).unwrap();

    let validity = |alias: &str| catalog.material_type(alias).unwrap().validity.clone();
    let started = "work_started".to_owned();
    let permit =
        ValidityKind::StartWithin { months: 3, extensions: 2, extension_months: 3, started };
    assert_eq!(validity("M25"), permit);
    assert_eq!(validity("M05"), ValidityKind::FixedUntil { months: Some(36) });
    assert_eq!(validity("M17"), ValidityKind::FixedUntil { months: None });
    assert_eq!(validity("M11"), ValidityKind::LiveStatus { max_age: Duration::from_secs(30) });
    let planning_permit = catalog.material_type("M17").unwrap().code.clone();
    assert_eq!(validity("M18"), ValidityKind::VersionBound { to: Some(planning_permit) });
    assert_eq!(validity("M15"), ValidityKind::VersionBound { to: None });
    assert_eq!(validity("M23"), ValidityKind::TermOfContract);
    assert_eq!(validity("M28"), ValidityKind::OpenUntilChanged);
}

#[test]
fn the_empty_catalogue_has_a_form_and_no_rows() {
    let catalog = Catalog::load(EMPTY.as_ref()).unwrap();

    assert_eq!((catalog.name(), catalog.types().len(), catalog.items().len()), ("empty", 0, 0));
}

/// What `#` hides in a file of the empty profile, but for its sentences.
fn shown(text: &str) -> String {
    let lines = text.lines().filter_map(|line| line.strip_prefix("# "));
    let rows = lines.skip_while(|line| !line.starts_with("[["));
    rows.filter(|line| !line.starts_with("  #")).map(|line| format!("{line}\n")).collect()
}

/// The one example of each table may name rows of others.
#[test]
fn the_examples_of_the_empty_catalogue_are_sound_rows() {
    let mut sources = CatalogSources::read(EMPTY.as_ref()).unwrap();
    let unnamed = "[[source]]\nname = \"市场监管局\"\ndepartment = \"market\"\n";
    sources.regions = shown(&sources.regions);
    sources.departments = format!("{}{unnamed}", shown(&sources.departments));
    let types = shown(&sources.types);
    let others = [("agent_paper", "M03", "credit"), ("site_opinion", "M08", "project")];
    let others = others.map(|(code, alias, subject)| {
        types
            .replace("\"business_license\"", &format!("{code:?}"))
            .replace("\"M01\"", &format!("{alias:?}"))
            .replace("\"credit\"", &format!("{subject:?}"))
    });
    sources.types = types + &others.concat();
    sources.items = shown(&sources.items);
    sources.forms = shown(&sources.forms);

    let catalog = Catalog::from_sources(&sources).unwrap();

    assert_eq!(catalog.item("I14").unwrap().requires.len(), 3);
    assert_eq!(catalog.form("F01").unwrap().fields.len(), 1);
}
