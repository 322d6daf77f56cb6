//! What rows of types and regions may say, and how the rest is refused.

use super::*;

#[test]
fn each_faulty_term_is_named_with_its_place_and_cure() {
    let cases = [
        ("issuer = \"住建局\"\n", "", "types.toml:1:1: issuer is missing, add it"),
        (
            "subject = \"credit\"",
            "subject = \"license\"",
            "types.toml:15:11: subject \"license\" is unknown, give project, credit or citizen",
        ),
        (
            "stage = \"building\"\nclass",
            "stage = \"selling\"\nclass",
            "types.toml:16:9: stage \"selling\" is in no [[stage]], add it there, or name another",
        ),
        (
            "class = \"unconditional\"",
            "class = \"open\"",
            "types.toml:17:9: class \"open\" is unknown, \
             give unconditional, conditional or not_shared",
        ),
        (
            "class = \"unconditional\"",
            "class = \"unconditional\"\nconditions = \"on request\"",
            "types.toml:18:14: conditions is given though the class has none, remove it",
        ),
        (
            "class = \"unconditional\"",
            "class = \"conditional\"",
            "types.toml:1:1: conditions is missing, add it",
        ),
        (
            "class = \"unconditional\"",
            "class = \"not_shared\"",
            "types.toml:1:1: citation is missing, add it",
        ),
        (
            "class = \"unconditional\"",
            "class = \"conditional\"\nconditions = \"here\"\ncitation = \"a law\"",
            "types.toml:19:12: citation is given though the type is shared, remove it",
        ),
        (
            "\"daily\"",
            "\"often\"",
            "types.toml:18:20: update_frequency \"often\" is unknown, \
             give real_time, daily, weekly, monthly, yearly or on_change",
        ),
        (
            "supply = \"origin_held\"",
            "supply = \"verify_only\"",
            "types.toml:19:15: sharing_way lets a verify_only type leave its holder, \
             give verification",
        ),
        (
            "\"general\"",
            "\"state_secret\"",
            "types.toml:20:18: classification \"state_secret\" is a secret, which no catalogue may \
             list and no bus carry, remove this type",
        ),
        (
            "\"general\"",
            "\"work_secret\"",
            "types.toml:20:18: classification \"work_secret\" is a secret, which no catalogue may \
             list and no bus carry, remove this type",
        ),
        (
            "\"general\"",
            "\"dull\"",
            "types.toml:20:18: classification \"dull\" is unknown, give general, important or core",
        ),
        (
            "name = \"holder\", name_zh",
            "name = \"number\", name_zh",
            "types.toml:23:14: name \"number\" is a field of every document already, remove it\n\
             forms.toml:10:36: field \"holder\" of licence is no data item of it, give one of",
        ),
        (
            "name = \"account\"",
            "name = \"holder\"",
            "types.toml:24:14: name \"holder\" stands in line 23 already, remove one, or rename it",
        ),
        (
            "sensitivity = \"secret\"",
            "sensitivity = \"hidden\"",
            "types.toml:24:55: sensitivity \"hidden\" is unknown, give public, personal or secret",
        ),
        (
            "code = \"370811\"",
            "code = \"37081\"",
            "regions.toml:2:8: code \"37081\" is no region, \
             give the 6 digits of GB/T 2260, or the city's own",
        ),
        (
            "expiring_days = 30",
            "expiring_days = 0",
            "catalog.toml:3:17: expiring_days is 0, give 1 to 366",
        ),
        (
            "[[source]]",
            "[[source]]\nregion = \"370899\"",
            "departments.toml:8:10: region \"370899\" is in no [[region]], \
             add it there, or name another",
        ),
    ];
    for (from, to, refused) in cases {
        let first = refused.lines().next().unwrap();
        assert_eq!(refusal_after(from, to).lines().next(), Some(first), "{from} became {to}");
    }
}

#[test]
fn a_type_lists_at_least_one_data_item() {
    let mut sources = town();
    sources.forms.clear();
    let (before, _) = TYPES.split_once("fields = [").unwrap();

    sources.types = format!("{before}fields = []\n");
    let none = refusal(&sources);
    sources.types = before.to_owned();
    let missing = refusal(&sources);

    assert_eq!(none, "types.toml:22:10: fields is empty, list at least one");
    assert_eq!(missing, "types.toml:1:1: fields is missing, add it");
}

#[test]
fn each_validity_is_read() {
    let validity = |written: &str| {
        let sources = changed("{ kind = \"live_status\", max_age_s = 60 }", written);
        Catalog::from_sources(&sources).unwrap().types()[0].validity.clone()
    };
    let started = || "started".to_owned();
    let licence = "licence".parse().unwrap();

    assert_eq!(validity("{ kind = \"fixed_until\" }"), ValidityKind::FixedUntil { months: None });
    assert_eq!(
        validity("{ kind = \"start_within\", months = 24, started = \"started\" }"),
        ValidityKind::StartWithin {
            months: 24,
            extensions: 0,
            extension_months: 0,
            started: started()
        }
    );
    assert_eq!(
        validity(
            "{ kind = \"start_within\", months = 3, extensions = 2, extension_months = 3, \
             started = \"started\" }"
        ),
        ValidityKind::StartWithin {
            months: 3,
            extensions: 2,
            extension_months: 3,
            started: started()
        }
    );
    assert_eq!(
        validity("{ kind = \"version_bound\", to = \"M01\" }"),
        ValidityKind::VersionBound { to: Some(licence) }
    );
    assert_eq!(validity("{ kind = \"open_until_changed\" }"), ValidityKind::OpenUntilChanged);
    assert_eq!(validity("{ kind = \"term_of_contract\" }"), ValidityKind::TermOfContract);
}

#[test]
fn each_faulty_validity_is_named_with_its_place_and_cure() {
    let cases = [
        ("\"always\"", "types.toml:21:12: validity \"always\" is unknown"),
        (
            "{ kind = \"always\" }",
            "types.toml:21:21: kind \"always\" is unknown, give fixed_until, start_within, \
             open_until_changed, live_status, version_bound or term_of_contract",
        ),
        (
            "{ kind = \"live_status\", max_age_s = 59 }",
            "types.toml:21:48: max_age_s is 59, give 60 to 86400",
        ),
        ("{ kind = \"fixed_until\", months = 0 }", "types.toml:21:45: months is 0, give 1 to 1200"),
        ("{ kind = \"start_within\", months = 3 }", "types.toml:21:12: started is missing, add it"),
        (
            "{ kind = \"start_within\", months = 3, started = \"begun\" }",
            "types.toml:21:59: started \"begun\" is in no [[fact]], add it there, or name another",
        ),
        (
            "{ kind = \"start_within\", months = 3, started = \"way\" }",
            "types.toml:21:59: started names fact \"way\", which is no day, \
             name a fact of kind day",
        ),
        (
            "{ kind = \"start_within\", months = 3, extension_months = 3, started = \"started\" }",
            "types.toml:21:68: extension_months is given without extensions, remove it",
        ),
        (
            "{ kind = \"start_within\", months = 3, extensions = 1, started = \"started\" }",
            "types.toml:21:12: extension_months is missing, add it",
        ),
        (
            "{ kind = \"version_bound\", to = \"M17\" }",
            "types.toml:21:43: to \"M17\" is in no [[type]], add it there, or name another",
        ),
        (
            "{ kind = \"term_of_contract\", months = 3 }",
            "types.toml:21:41: key \"months\" is unknown, remove it; known are kind",
        ),
    ];
    let live = "{ kind = \"live_status\", max_age_s = 60 }";
    let no_table = "types.toml:21:12: validity is a text, give a table in braces";
    for (written, refused) in cases {
        let refused = if written == "\"always\"" { no_table } else { refused };
        assert_eq!(refusal_after(live, written), refused, "{written}");
    }
}

#[test]
fn a_region_may_have_another_department_for_the_same_authority() {
    let mut sources = town();
    let second = DEPARTMENTS
        .replace("code = \"housing\"", "code = \"rencheng\"")
        .replace("name = \"住建局\"", "name = \"住建局\"\nregion = \"370811\"")
        .replace("department = \"housing\"", "department = \"rencheng\"");
    sources.departments = format!("{DEPARTMENTS}{second}");

    let catalog = Catalog::from_sources(&sources).unwrap();

    let of = |region| catalog.source_department(&catalog.types()[0], region).as_str();
    assert_eq!(of(None), "housing");
    assert_eq!(of(Some("370811")), "rencheng");
    assert_eq!(of(Some("370812")), "housing");
}

#[test]
fn an_authority_has_one_department_per_region() {
    let mut sources = town();
    let row = "[[source]]\nname = \"住建局\"\nregion = \"370811\"\ndepartment = \"housing\"\n";
    sources.departments = format!("{DEPARTMENTS}{row}{row}");

    assert_eq!(
        refusal(&sources),
        "departments.toml:15:8: source \"住建局\" stands in line 11 already, \
         remove one, or rename it"
    );
}
