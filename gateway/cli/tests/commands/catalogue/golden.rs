//! The shipped items and packages against a table that was typed from the city's and the province's
//! lists, guides and statutes, and that no code ever writes.

use std::collections::BTreeSet;

use oncebus_gateway::Catalog;

use super::jining;

/// What each item requires. `|` is either. A letter says whose it is: `d` the developer's, `a` the
/// developer's with the agent, `l` the legal representative's, `c` the contractor's, `g` the
/// designer's, none the project's. `?` says under which condition it is required.
const ITEMS: [(&str, &str, &str, &str); 22] = [
    ("I01", "企业投资项目备案", "land", "M01d M02l M03a"),
    ("I02", "企业投资项目核准", "land", "M01d M02l M03a M08?land_way=allocated/mixed"),
    ("I03", "政府投资项目可研审批", "land", "M01d M03a M08 M13"),
    ("I04", "用地预审与选址意见书", "land", "M01d M02l M03a M07"),
    (
        "I05",
        "建设用地规划许可证",
        "land",
        "M01d M02l M03a M06|M07 M08?land_way=allocated/mixed M09?land_way=granted/mixed",
    ),
    ("I06", "环评审批", "land", "M01d M03a M06|M07 M10"),
    ("I07", "节能审查", "land", "M01d M03a M06|M07"),
    ("I08", "水土保持方案审批", "land", "M01d M03a M06|M07 M10"),
    ("I09", "建设工程规划许可证", "planning", "M01d M02l M03a M06|M07 M09 M10 M11 M16 M18"),
    ("I10", "人防结建审批", "planning", "M01d M03a M06|M07 M10 M11 M16"),
    ("I11", "施工图审查", "construction", "M01d M04g M10 M16 M17 M19"),
    ("I12", "消防设计审查", "construction", "M01d M03a M04c M17 M20"),
    ("I13", "质量安全监督手续", "construction", "M01d M03a M04c M05c M17 M20 M22 M23"),
    (
        "I14",
        "建筑工程施工许可证",
        "construction",
        "M01d M02l M03a M04c M05c M06|M07 M10 M11 M17 M18 M20 M21?special_fire=true M22 M23 M24",
    ),
    ("I15", "雷电防护装置设计审核", "construction", "M01d M03a M04c M17 M20"),
    ("I16", "污水排入排水管网许可（施工临时）", "construction", "M01d M03a M11 M17 M25"),
    ("I17", "城市建筑垃圾处置核准", "construction", "M01d M03a M17 M23 M25"),
    ("I18", "市政公用接入（水电气热信）", "construction", "M01d M02l M03a M10 M11 M17 M25"),
    ("I19", "竣工规划核实", "completion", "M01d M03a M11 M16 M17 M25 M26"),
    ("I20", "消防验收、备案", "completion", "M01d M03a M04c M20 M21?special_fire=true M25 M26"),
    (
        "I21",
        "竣工联合验收、竣工验收备案",
        "completion",
        "M01d M03a M12 M14 M15 M17 M20 M21 M24 M25 M26 M27 M28",
    ),
    ("I22", "不动产首次登记（房屋）", "completion", "M01d M02l M03a M11 M17 M25 M26 M27 M28"),
];

/// The packages and their items.
const PACKAGES: [(&str, &str, &str); 12] = [
    ("P01", "项目立项", "I01 I04"),
    ("P02", "用地规划", "I04 I05"),
    ("P03", "工程规划许可", "I09 I10"),
    ("P04", "建设项目开工", "I12 I13 I14 I16 I17"),
    ("P05", "拿地即开工", "I05 I09 I14"),
    ("P06", "多评合一", "I06 I07 I08"),
    ("P07", "市政公用接入", "I18"),
    ("P08", "竣工联合验收", "I19 I20 I21"),
    ("P09", "验收即拿证", "I21 I22"),
    ("P10", "施工许可变更", "I14"),
    ("P11", "既有建筑改造装修", "I12 I14 I20"),
    ("P12", "市政基础设施项目", "I03 I09 I14 I21"),
];

/// Items that a private industrial project does not go through.
const NOT_PRIVATE: [&str; 5] = ["I02", "I03", "I04", "I12", "I15"];

fn shipped() -> Catalog {
    Catalog::load(&jining()).unwrap()
}

/// Writes what an item of the catalogue requires as the table does.
fn written(catalog: &Catalog, code: &str) -> String {
    let requires = catalog.item(code).unwrap().requires.iter().map(|requirement| {
        let any_of: Vec<_> = requirement
            .any_of
            .iter()
            .map(|all_of| {
                let aliases: Vec<_> = all_of
                    .iter()
                    .map(|code| &*catalog.material_type(code.as_str()).unwrap().alias)
                    .collect();
                aliases.join("+")
            })
            .collect();
        let with: Vec<_> = requirement.with.iter().map(|role| role.as_str()).collect();
        let whose = match (requirement.party.as_str(), &with[..]) {
            ("project", []) => "",
            ("developer", []) => "d",
            ("developer", ["agent"]) => "a",
            ("legal_representative", []) => "l",
            ("contractor", []) => "c",
            ("designer", []) => "g",
            _ => "?",
        };
        let terms = requirement.when.iter().flat_map(|condition| &condition.all);
        let terms = terms.map(|(key, values)| {
            let values: Vec<_> = values.iter().map(ToString::to_string).collect();
            format!("?{key}={}", values.join("/"))
        });
        let terms: Vec<_> = terms.collect();
        format!("{}{whose}{}", any_of.join("|"), terms.concat())
    });
    requires.collect::<Vec<_>>().join(" ")
}

/// Counts what the table's `items` ask: pieces, different ones, and different types.
fn counted<'a>(items: impl IntoIterator<Item = &'a str>) -> (usize, usize, usize) {
    let asked: Vec<&str> = items
        .into_iter()
        .flat_map(|code| ITEMS.iter().find(|row| row.0 == code).unwrap().3.split(' '))
        .map(|reference| reference.split('?').next().unwrap().trim_end_matches(char::is_lowercase))
        .collect();
    let distinct: BTreeSet<&str> = asked.iter().copied().collect();
    let types: BTreeSet<&str> = asked.iter().flat_map(|any_of| any_of.split('|')).collect();
    (asked.len(), distinct.len(), types.len())
}

#[test]
fn the_shipped_items_are_those_of_the_golden_table() {
    let catalog = shipped();

    let codes: Vec<_> = catalog.items().iter().map(|item| item.code.as_str()).collect();
    assert_eq!(codes, ITEMS.map(|(code, ..)| code));
    for (code, name_zh, stage, requires) in ITEMS {
        let item = catalog.item(code).unwrap();
        assert_eq!((item.name_zh.as_str(), item.stage.as_str()), (name_zh, stage), "{code}");
        assert_eq!(written(&catalog, code), requires, "{code}");
    }
}

#[test]
fn the_shipped_packages_are_those_of_the_golden_table() {
    let catalog = shipped();

    let packages: Vec<_> = catalog
        .packages()
        .iter()
        .map(|row| (row.code.as_str(), row.name_zh.as_str(), row.items.join(" ")))
        .collect();

    let expected: Vec<_> =
        PACKAGES.iter().map(|(code, name, items)| (*code, *name, (*items).to_owned())).collect();
    assert_eq!(packages, expected);
}

#[test]
fn the_table_has_139_references_to_28_types() {
    let (references, _, types) = counted(ITEMS.map(|(code, ..)| code));

    assert_eq!((references, types), (139, 28));
    let catalog = shipped();
    let of = |code: &str| catalog.item(code).unwrap().requires.len();
    assert_eq!(ITEMS.iter().map(|(code, ..)| of(code)).sum::<usize>(), 139);
}

#[test]
fn a_private_industrial_project_is_asked_117_pieces_of_which_26_differ() {
    let items: Vec<_> = ITEMS
        .map(|(code, ..)| code)
        .into_iter()
        .filter(|code| !NOT_PRIVATE.contains(code))
        .collect();

    assert_eq!(items.len(), 17);
    assert_eq!(counted(items), (117, 26, 27));
}

#[test]
fn the_package_of_a_start_asks_38_pieces_of_which_16_differ() {
    let (_, _, items) = PACKAGES.iter().find(|(code, ..)| *code == "P04").unwrap();

    assert_eq!(counted(items.split(' ')), (38, 16, 17));
}

#[test]
fn an_item_is_known_by_its_codes_of_31_and_33_characters() {
    let catalog = shipped();

    for code in ["11370800MB285591843370117002011", "11370800MB28559184337011700201101"] {
        assert_eq!(catalog.item(code).unwrap().code, "I14", "{code}");
    }
    let coded = catalog.items().iter().filter(|item| !item.codes.is_empty()).count();
    assert!(2 <= coded, "{coded}");
}
