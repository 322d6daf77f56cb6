//! `oncebus material prefill` on the sample case, whose departments call the project by two names.

use super::Dev;

const PURPOSE: &str = "item=I14,case=C1,cause=APPROVAL,basis=Construction Law art. 8,officer=o7";

#[test]
fn a_form_is_filled_and_a_conflict_is_shown_to_the_clerk() {
    let dev = Dev::start();
    let prefill = |form: &'static str| {
        let case =
            ["material", "prefill", "--form", "F01", "--project", "2501-370800-04-01-000016"];
        let parties =
            ["developer=credit:91370800MA3ABCD15K", "contractor=credit:911101066976941872"];
        let parties = parties.iter().flat_map(|party| ["--party", party]);
        let args = case.into_iter().chain(parties).chain(["--purpose", PURPOSE, "-o", form]);
        args.collect::<Vec<_>>()
    };

    let filled = dev.json("planning", &prefill("json"));
    let table = dev.command("planning", &prefill("table")).stdout;
    let csv = dev.command("planning", &prefill("csv")).stdout;

    let fields = filled["fields"].as_array().unwrap();
    let field = |key: &str| fields.iter().find(|field| field["key"] == key).unwrap();
    let name = field("project_name");
    assert_eq!((&name["conflict"], name["values"].as_array().unwrap().len()), (&true.into(), 2));
    assert_eq!(field("developer_name")["values"][0]["value"], "济宁示例置业有限公司");
    assert_eq!(field("developer_name")["values"][0]["sources"].as_array().unwrap().len(), 2);
    assert_eq!(field("building_area")["values"][0]["sources"][0]["holder"], "planning");
    let table = String::from_utf8(table).unwrap();
    let lines: Vec<_> = table.lines().filter(|line| line.contains("冲突 conflict")).collect();
    assert_eq!(lines.len(), 2, "{table}");
    assert!(lines.iter().all(|line| line.contains("示例产业园")), "{table}");
    assert!(table.contains("施工图审查合格书未持有 missing"), "{table}");
    assert!(String::from_utf8(csv).unwrap().starts_with("key,label_zh,label_en,value,conflict,"));
}
