//! What a catalogue takes, and how it refuses the rest.

use std::{collections::HashMap, fs};

use super::*;

const JINING: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../gateway/cli/catalog/jining");

const CATALOG: &str = "schema_version = 1\nname = \"town\"\n";

const DEPARTMENTS: &str = r#"[[department]]
code = "housing"
name_zh = "住建局"
name_en = "Housing"
credit_code = "11370800MB00000198"

[[source]]
name = "住建局"
department = "housing"
"#;

const TYPES: &str = r#"[[type]]
code = "licence"
alias = "M01"
name_zh = "营业执照"
name_en = "Licence"
source_department = "住建局"
supply = "origin_held"
media_types = ["application/pdf"]
max_size_bytes = 1_048_576
personal = false
may_be_stale = true
pointer_age_s = 60
basis = "a law"
"#;

fn town() -> CatalogSources {
    CatalogSources {
        catalog: CATALOG.to_owned(),
        departments: DEPARTMENTS.to_owned(),
        types: TYPES.to_owned(),
    }
}

/// Returns the faults as an operator reads them.
fn refusal(sources: &CatalogSources) -> String {
    Catalog::from_sources(sources).unwrap_err().to_string()
}

/// Returns the faults after `from` became `to` in one of the three files.
fn refusal_after(from: &str, to: &str) -> String {
    let mut sources = town();
    let texts = [&mut sources.catalog, &mut sources.departments, &mut sources.types];
    let text = texts.into_iter().find(|text| text.contains(from)).unwrap();
    *text = text.replacen(from, to, 1);
    refusal(&sources)
}

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
fn version_follows_what_is_said_and_not_how() {
    let version = |sources: &CatalogSources| *Catalog::from_sources(sources).unwrap().version();
    let town = town();
    let mut spaced = town.clone();
    spaced.types = format!("# a remark\n\n{}", TYPES.replace("1_048_576", "1048576"));
    let mut changed = town.clone();
    changed.types = TYPES.replace("pointer_age_s = 60", "pointer_age_s = 61");

    assert_eq!(version(&spaced), version(&town));
    assert_ne!(version(&changed), version(&town));
}

#[test]
fn sources_written_to_a_folder_load_as_the_same_catalogue() {
    let dir = tempfile::tempdir().unwrap();
    let town = town();

    for (name, text) in town.files() {
        fs::write(dir.path().join(name), text).unwrap();
    }

    assert_eq!(CatalogSources::read(dir.path()).unwrap(), town);
    let loaded = Catalog::load(dir.path()).unwrap();
    assert_eq!(loaded.version(), Catalog::from_sources(&town).unwrap().version());
}

#[test]
fn each_fault_is_named_with_its_place_and_cure() {
    let cases = [
        (
            "schema_version = 1",
            "schema_version = 2",
            "catalog.toml:1:18: schema_version is 2, give 1",
        ),
        ("name = \"town\"\n", "", "catalog.toml:1:1: name is missing, add it"),
        (
            "name = \"town\"",
            "nam = \"town\"",
            "catalog.toml:1:1: name is missing, add it\n\
             catalog.toml:2:1: key \"nam\" is unknown, remove it; known are schema_version, name",
        ),
        (
            "code = \"housing\"",
            "code = \"Housing\"",
            "departments.toml:2:8: code \"Housing\" has a character that codes do not have, \
             give lower-case letters, digits and -\n\
             departments.toml:9:14: department \"housing\" is in no [[department]], \
             add it there, or name another",
        ),
        (
            "11370800MB00000198",
            "11370800MB0000019",
            "departments.toml:5:15: credit_code \"11370800MB0000019\" is no unified social credit \
             code, give 18 of 0-9 and A-Y without I, O, S, V, with a region's 6 digits from the third",
        ),
        (
            "name_en = \"Housing\"",
            "name_en = 7",
            "departments.toml:4:11: name_en is a whole number, give a text in double quotes",
        ),
        (
            "department = \"housing\"",
            "department = \"planning\"",
            "departments.toml:9:14: department \"planning\" is in no [[department]], \
             add it there, or name another",
        ),
        (
            "code = \"licence\"",
            "code = \"\"",
            "types.toml:2:8: code \"\" is empty, give 1 to 63 bytes",
        ),
        (
            "alias = \"M01\"",
            "alias = \"m01\"",
            "types.toml:3:9: alias \"m01\" is no alias, \
             give 1 to 16 upper-case letters and digits, a letter first",
        ),
        (
            "source_department = \"住建局\"",
            "source_department = \"气象局\"",
            "types.toml:6:21: source_department \"气象局\" has no [[source]], \
             add one to departments.toml",
        ),
        (
            "\"origin_held\"",
            "\"held\"",
            "types.toml:7:10: supply \"held\" is unknown, give uploaded, origin_held or verify_only",
        ),
        ("[\"application/pdf\"]", "[]", "types.toml:8:15: media_types is empty, list at least one"),
        (
            "[\"application/pdf\"]",
            "[\"application/pdf\", \"pdf\"]",
            "types.toml:8:35: media_types \"pdf\" is no media type, \
             give one in lower case without parameters, like application/pdf",
        ),
        (
            "[\"application/pdf\"]",
            "[\"application/pdf\", \"application/pdf\"]",
            "types.toml:8:35: media_types lists \"application/pdf\" twice, remove one",
        ),
        ("1_048_576", "0", "types.toml:9:18: max_size_bytes is 0, give 1 to 1073741824"),
        (
            "1_048_576",
            "1_073_741_825",
            "types.toml:9:18: max_size_bytes is 1073741825, give 1 to 1073741824",
        ),
        (
            "1_048_576",
            "\"1 MiB\"",
            "types.toml:9:18: max_size_bytes is a text, give a whole number",
        ),
        (
            "personal = false",
            "personal = \"no\"",
            "types.toml:10:12: personal is a text, give true or false",
        ),
        (
            "personal = false",
            "personal = true",
            "types.toml:11:16: may_be_stale is true of a personal type, which the bus never keeps, \
             set it to false",
        ),
        (
            "pointer_age_s = 60",
            "pointer_age_s = -1",
            "types.toml:12:17: pointer_age_s is -1, give 1 to 86400",
        ),
        (
            "basis = \"a law\"",
            "basis = \"a law\"\ncolour = \"red\"",
            "types.toml:14:1: key \"colour\" is unknown, remove it; known are code, alias, name_zh, \
             name_en, source_department, supply, media_types, max_size_bytes, personal, \
             may_be_stale, pointer_age_s, basis",
        ),
    ];
    for (from, to, refused) in cases {
        assert_eq!(refusal_after(from, to), refused, "{from} became {to}");
    }
}

#[test]
fn names_that_stand_twice_are_refused_with_both_lines() {
    let mut sources = town();
    let second = TYPES.replace("code = \"licence\"", "code = \"permit\"");
    sources.types = format!("{TYPES}{second}{}", TYPES.replace("M01", "M02"));
    sources.departments = format!("{DEPARTMENTS}{DEPARTMENTS}");

    assert_eq!(
        refusal(&sources),
        "departments.toml:11:8: department \"housing\" stands in line 2 already, \
         remove one, or rename it\n\
         departments.toml:17:8: source \"住建局\" stands in line 8 already, remove one, or rename it\n\
         types.toml:16:9: alias \"M01\" stands in line 3 already, remove one, or rename it\n\
         types.toml:28:8: code \"licence\" stands in line 2 already, remove one, or rename it"
    );
}

#[test]
fn faults_of_all_files_are_listed_together() {
    let mut sources = town();
    sources.catalog = "schema_version = 1\nname = \n".to_owned();
    sources.departments = DEPARTMENTS.replace("name_zh = \"住建局\"\n", "");
    sources.types = TYPES.replace("= false", "= 0").replace("60", "0");

    let error = Catalog::from_sources(&sources).unwrap_err();

    let places: Vec<_> =
        error.faults().iter().map(|fault| (fault.file.as_str(), fault.position)).collect();
    let at = |line, column| Some(Position { line, column });
    assert_eq!(
        places,
        [
            ("catalog.toml", at(2, 8)),
            ("departments.toml", at(1, 1)),
            ("types.toml", at(10, 12)),
            ("types.toml", at(12, 17)),
        ],
        "{error}"
    );
}

#[test]
fn a_file_without_rows_is_refused() {
    let mut sources = town();
    sources.types.clear();
    sources.departments = "[department]\ncode = \"housing\"\n".to_owned();

    assert_eq!(
        refusal(&sources),
        "departments.toml:1:1: there is no [[department]], add one or more\n\
         departments.toml:1:1: there is no [[source]], add one or more\n\
         types.toml:1:1: there is no [[type]], add one or more"
    );
}

#[test]
fn columns_count_characters() {
    let inline = "type = [{ code = \"a\", name_zh = \"营业执照\", alias = \"é\" }]";
    let mut sources = town();
    sources.types = inline.to_owned();

    let error = Catalog::from_sources(&sources).unwrap_err();

    let alias = error.faults().iter().find(|fault| fault.fault.starts_with("alias")).unwrap();
    assert_eq!(alias.position, Some(Position { line: 1, column: 49 }), "{error}");
}

#[test]
fn each_file_that_cannot_be_read_is_named_with_its_folder() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("catalog.toml"), [0xff]).unwrap();
    fs::write(dir.path().join("departments.toml"), "#".repeat((1 << 20) + 1)).unwrap();

    let error = Catalog::load(dir.path()).unwrap_err();

    let lines: Vec<_> = error.faults().iter().map(CatalogFault::to_string).collect();
    let file = |name: &str| dir.path().join(name).display().to_string();
    assert_eq!(
        lines,
        [
            format!(
                "{}: cannot be read: stream did not contain valid UTF-8, save it as UTF-8",
                file("catalog.toml")
            ),
            format!("{}: cannot be read: longer than 1 MiB, shorten it", file("departments.toml")),
            format!(
                "{}: cannot be read: No such file or directory (os error 2), \
                 add it, or name another folder",
                file("types.toml")
            ),
        ]
    );
}

#[test]
fn faults_in_a_folder_name_the_file_with_its_folder() {
    let dir = tempfile::tempdir().unwrap();
    for (name, text) in town().files() {
        fs::write(dir.path().join(name), text.replace("origin_held", "held")).unwrap();
    }

    let error = Catalog::load(dir.path()).unwrap_err();

    let file = dir.path().join("types.toml");
    assert!(error.to_string().starts_with(&format!("{}:7:10: ", file.display())), "{error}");
}
