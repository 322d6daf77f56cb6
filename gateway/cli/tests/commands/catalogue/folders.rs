//! `oncebus catalog check`, `show`, `export` and `diff` on folders.

use std::fs;

use serde_json::Value;

use super::{catalog, copy_catalogue, jining, root, text};

#[test]
fn a_sound_folder_is_counted_and_named_by_its_version() {
    let told = catalog([&"check", &jining()]);
    let json = catalog([&"check", &jining(), &"-o", &"json"]);
    let empty = catalog([&"check", &root().join("gateway/cli/catalog/empty")]);

    let counts: Value = serde_json::from_slice(&json.stdout).unwrap();
    let count = |table: &str| counts[table].as_u64().unwrap();
    let all = ["types", "items", "packages", "forms", "regions", "departments"].map(count);
    assert_eq!(all, [28, 22, 12, 1, 12, 4]);
    let version = counts["version"].as_str().unwrap();
    assert!(text(&told.stdout).ends_with(&format!("version {version}\n")), "{told:?}");
    assert_eq!([&told, &json, &empty].map(|output| output.status.code()), [Some(0); 3]);
}

#[test]
fn every_fault_of_a_folder_is_named_with_its_place_and_cure() {
    let dir = tempfile::tempdir().unwrap();
    copy_catalogue(dir.path(), |name, text| match name {
        "catalog.toml" => text.replace("expiring_days = 30", "expiring_days = 0"),
        "types.toml" => text.replacen("classification = \"general\"\n", "", 1),
        "items.toml" => text.replace("{ of = \"M19\" }", "{ of = \"M91\" }"),
        "forms.toml" => text.replace("\"bid_price\"", "\"price\""),
        _ => text,
    });

    let refused = catalog([&"check", &dir.path()]);

    let said = text(&refused.stderr);
    assert_eq!(refused.status.code(), Some(5), "{said}");
    let within = |name: &str| dir.path().join(name).display().to_string();
    for fault in [
        format!("{}:5:17: expiring_days is 0, give 1 to 366", within("catalog.toml")),
        format!("{}:23:1: classification is missing, add it", within("types.toml")),
        "of \"M91\" is in no [[type]], add it there, or name another".to_owned(),
        "field \"price\" of bid_award_notice is no data item of it".to_owned(),
    ] {
        assert!(said.contains(&fault), "{fault} is not in {said}");
    }
    let faults = said.lines().filter(|line| line.contains(".toml:")).count();
    assert_eq!(faults, 4, "{said}");
}

#[test]
fn a_row_is_shown_by_any_of_its_names() {
    let show = |code: &str| {
        let output = catalog([&"show", &jining(), &code, &"-o", &"json"]);
        serde_json::from_slice::<Value>(&output.stdout).unwrap()
    };

    assert_eq!(show("business_license"), show("M01"));
    assert_eq!(show("11370800MB285591843370117002011"), show("I14"));
    assert_eq!(show("I14")["requires"].as_array().unwrap().len(), 15);
    assert_eq!(show("P04")["name_zh"], "建设项目开工");
    assert_eq!(show("F01")["fields"][1]["sources"].as_array().unwrap().len(), 2);
    let unknown = catalog([&"show", &jining(), &"X99"]);
    assert_eq!(unknown.status.code(), Some(4));
    assert!(text(&unknown.stderr).contains("X99 is no type, item, package or form"));
    let all = catalog([&"show", &jining(), &"-o", &"jsonl"]);
    assert_eq!(text(&all.stdout).lines().count(), 28 + 22 + 12 + 1);
}

#[test]
fn the_export_has_nine_things_of_each_type() {
    let exported = catalog([&"export", &jining(), &"--format", &"csv"]);

    let said = text(&exported.stdout);
    let lines: Vec<_> = said.lines().collect();
    assert_eq!(lines.len(), 29);
    assert_eq!(
        lines[0],
        "目录名称,数据项,提供部门,数据格式,更新频率,共享属性,共享方式,使用条件,数据分级"
    );
    assert_eq!(
        lines[2],
        "法定代表人身份证明,姓名、公民身份号码、性别、证件有效期限,公安局,application/json,实时,\
         有条件共享,核验,限工程建设项目审批核验建设单位法定代表人身份使用，只返回一致或不一致,一般数据"
    );
    assert!(lines.iter().all(|line| line.matches(',').count() == 8), "{said}");
}

#[test]
fn an_export_quotes_what_has_commas_and_quotes() {
    let dir = tempfile::tempdir().unwrap();
    copy_catalogue(dir.path(), |_, text| {
        text.replace("限办理委托书所载事项使用，", "scope \\\"A\\\", and B, ")
    });

    let exported = catalog([&"export", &dir.path(), &"--format", &"csv"]);

    let said = text(&exported.stdout);
    assert!(said.contains(",\"scope \"\"A\"\", and B, 不得用于其他事项\","), "{said}");
}

#[test]
fn a_difference_that_a_running_gateway_refuses_ends_with_5() {
    let dir = tempfile::tempdir().unwrap();
    copy_catalogue(dir.path(), |name, text| match name {
        "types.toml" => text
            .replacen("supply = \"origin_held\"", "supply = \"uploaded\"", 1)
            .replace("alias = \"M19\"", "alias = \"M30\""),
        "items.toml" => text.replace("M19", "M30"),
        _ => text,
    });

    let refused = catalog([&"diff", &jining(), &dir.path()]);
    fs::remove_file(dir.path().join("forms.toml")).unwrap();
    let faulty = catalog([&"diff", &jining(), &dir.path()]);

    let said = text(&refused.stderr);
    assert_eq!(refused.status.code(), Some(5), "{said}");
    assert!(
        said.contains("supply of business_license is uploaded instead of origin_held"),
        "{said}"
    );
    assert!(text(&refused.stdout).contains("geotech_survey_report"), "{refused:?}");
    assert_eq!(faulty.status.code(), Some(5));
    assert!(text(&faulty.stderr).contains("forms.toml: cannot be read"), "{faulty:?}");
}
