//! What a catalogue takes, and how it refuses the rest.

mod items;
mod shipped;
mod terms;

use std::fs;

use super::*;

const CATALOG: &str = "schema_version = 2\nname = \"town\"\nexpiring_days = 30\n";

const REGIONS: &str = r#"[[region]]
code = "370811"
name_zh = "任城区"
name_en = "Rencheng"
"#;

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
issuer = "住建局"
subject = "credit"
stage = "building"
class = "unconditional"
update_frequency = "daily"
sharing_way = "interface"
classification = "general"
validity = { kind = "live_status", max_age_s = 60 }
fields = [
    { name = "holder", name_zh = "持有人", sensitivity = "public" },
    { name = "account", name_zh = "账号", sensitivity = "secret" },
]
"#;

const ITEMS: &str = r#"[[stage]]
code = "building"
name_zh = "施工许可"
name_en = "Building"

[[fact]]
key = "way"
kind = "choice"
values = ["bought", "given"]
question_zh = "如何取得？"
question_en = "By what way?"

[[fact]]
key = "started"
kind = "day"
question_zh = "何日开工？"
question_en = "Started when?"

[[item]]
code = "I01"
codes = ["11370800MB285591843370117002011"]
name_zh = "施工许可证"
name_en = "Permit"
stage = "building"
requires = [{ of = "M01", party = "developer", with = ["agent"], when = "way=given" }]

[[package]]
code = "P01"
name_zh = "开工"
name_en = "Start"
items = ["11370800MB285591843370117002011"]
"#;

const FORMS: &str = r#"[[form]]
code = "F01"
name_zh = "申请表"
name_en = "Application"

[[form.field]]
key = "holder"
label_zh = "持有人"
label_en = "Holder"
sources = [{ type = "M01", field = "holder", party = "developer" }]
"#;

fn town() -> CatalogSources {
    CatalogSources {
        catalog: CATALOG.to_owned(),
        regions: REGIONS.to_owned(),
        departments: DEPARTMENTS.to_owned(),
        types: TYPES.to_owned(),
        items: ITEMS.to_owned(),
        forms: FORMS.to_owned(),
    }
}

/// Returns the faults as an operator reads them.
fn refusal(sources: &CatalogSources) -> String {
    Catalog::from_sources(sources).unwrap_err().to_string()
}

/// Returns the catalogue's texts after `from` became `to` in the first file that has it.
fn changed(from: &str, to: &str) -> CatalogSources {
    let mut sources = town();
    let texts = [
        &mut sources.catalog,
        &mut sources.regions,
        &mut sources.departments,
        &mut sources.types,
        &mut sources.items,
        &mut sources.forms,
    ];
    let text = texts.into_iter().find(|text| text.contains(from)).unwrap();
    *text = text.replacen(from, to, 1);
    sources
}

/// Returns the faults after `from` became `to` in the first file that has it.
fn refusal_after(from: &str, to: &str) -> String {
    refusal(&changed(from, to))
}

#[test]
fn version_follows_what_is_said_and_not_how() {
    let version = |sources: &CatalogSources| *Catalog::from_sources(sources).unwrap().version();
    let town = town();
    let mut spaced = town.clone();
    spaced.types = format!("# a remark\n\n{}", TYPES.replace("1_048_576", "1048576"));
    let mut changed = town.clone();
    changed.types = TYPES.replace("pointer_age_s = 60", "pointer_age_s = 59");

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
            "schema_version = 2",
            "schema_version = 1",
            "catalog.toml:1:18: schema_version is 1, give 2",
        ),
        ("name = \"town\"\n", "", "catalog.toml:1:1: name is missing, add it"),
        (
            "name = \"town\"",
            "nam = \"town\"",
            "catalog.toml:1:1: name is missing, add it\n\
             catalog.toml:2:1: key \"nam\" is unknown, remove it; known are schema_version, name, \
             expiring_days",
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
             add one without a region to departments.toml",
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
             name_en, issuer, source_department, subject, stage, supply, class, conditions, citation, \
             update_frequency, sharing_way, classification, fields, media_types, max_size_bytes, \
             personal, may_be_stale, pointer_age_s, validity, basis",
        ),
    ];
    for (from, to, refused) in cases {
        // Nothing refers to the type here: a name that changes would be missed there too.
        let (ground, _) = ITEMS.split_once("[[item]]").unwrap();
        let (items, forms) = (ground.to_owned(), String::new());
        let sources = CatalogSources { items, forms, ..changed(from, to) };
        assert_eq!(refusal(&sources), refused, "{from} became {to}");
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
         types.toml:28:9: alias \"M01\" stands in line 3 already, remove one, or rename it\n\
         types.toml:52:8: code \"licence\" stands in line 2 already, remove one, or rename it"
    );
}

#[test]
fn faults_of_all_files_are_listed_together() {
    let mut sources = town();
    sources.catalog = "schema_version = 2\nname = \n".to_owned();
    sources.departments = DEPARTMENTS.replace("name_zh = \"住建局\"\n", "");
    sources.types = TYPES.replace("= false", "= 0").replace("age_s = 60\n", "age_s = 0\n");

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
fn a_catalogue_may_have_no_rows() {
    let sources = CatalogSources {
        regions: String::new(),
        departments: "department = []\n".to_owned(),
        types: "# none yet\n".to_owned(),
        items: String::new(),
        forms: String::new(),
        ..town()
    };

    let catalog = Catalog::from_sources(&sources).unwrap();

    assert!(catalog.types().is_empty() && catalog.departments().is_empty());
    assert!(catalog.items().is_empty() && catalog.packages().is_empty());
}

#[test]
fn a_table_that_is_no_list_is_refused() {
    let mut sources = town();
    sources.forms = "[form]\ncode = \"F01\"\n".to_owned();
    sources.regions = "region = [7]\n".to_owned();

    let refused = refusal(&sources);

    assert_eq!(
        refused,
        "regions.toml:1:11: this region is no table, write [[region]]\n\
         forms.toml:1:1: form is no list of tables, write [[form]]"
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
    let absent = |name: &str| {
        let cure = "add it, or name another folder";
        format!("{}: cannot be read: No such file or directory (os error 2), {cure}", file(name))
    };
    assert_eq!(
        lines,
        [
            format!(
                "{}: cannot be read: stream did not contain valid UTF-8, save it as UTF-8",
                file("catalog.toml")
            ),
            absent("regions.toml"),
            format!("{}: cannot be read: longer than 1 MiB, shorten it", file("departments.toml")),
            absent("types.toml"),
            absent("items.toml"),
            absent("forms.toml"),
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
