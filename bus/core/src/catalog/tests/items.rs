//! What rows of items, packages and forms may say, and how the rest is refused.

use super::*;
use crate::PartyRole;

const LONG: &str = "11370800MB285591843370117002011";

#[test]
fn an_item_is_found_by_each_of_its_codes() {
    let catalog = Catalog::from_sources(&town()).unwrap();

    let item = catalog.item("I01").unwrap();
    let condition =
        Condition { all: vec![("way".to_owned(), vec![FactValue::Choice("given".to_owned())])] };
    assert_eq!(catalog.item(LONG), Some(item));
    assert_eq!(catalog.item("I02"), None);
    assert_eq!(catalog.package("P01").unwrap().items, ["I01"]);
    assert_eq!(
        item.requires,
        [Requirement {
            any_of: vec![vec!["licence".parse().unwrap()]],
            party: PartyRole::Developer,
            with: vec![PartyRole::Agent],
            when: Some(condition),
        }]
    );
}

#[test]
fn alternatives_are_any_of_and_joined_types_all_of() {
    let mut sources = town();
    let more = [("b", "M02"), ("c", "M03")].map(|(code, alias)| {
        TYPES.replace("\"licence\"", &format!("{code:?}")).replace("M01", alias)
    });
    sources.types = format!("{TYPES}{}", more.concat());
    sources.items = ITEMS.replace("of = \"M01\"", "of = \"M01 | M02+c\"");

    let catalog = Catalog::from_sources(&sources).unwrap();

    let codes: Vec<Vec<_>> = catalog.items()[0].requires[0]
        .any_of
        .iter()
        .map(|all_of| all_of.iter().map(TypeCode::as_str).collect())
        .collect();
    assert_eq!(codes, [vec!["licence"], vec!["b", "c"]]);
}

#[test]
fn each_faulty_item_is_named_with_its_place_and_cure() {
    let cases = [
        (
            "code = \"I01\"",
            "code = \"i01\"",
            "items.toml:20:8: code \"i01\" is no short code, \
             give 1 to 16 upper-case letters and digits, a letter first",
        ),
        (
            LONG,
            "11370800MB28559184337011700201",
            "items.toml:21:10: codes \"11370800MB28559184337011700201\" is no implementation code, \
             give 31 or 33 characters: a unified social credit code and 13 or 15 digits",
        ),
        (
            "stage = \"building\"\nrequires",
            "stage = \"selling\"\nrequires",
            "items.toml:24:9: stage \"selling\" is in no [[stage]], add it there, or name another",
        ),
        (
            "of = \"M01\"",
            "of = \"M01|M02\"",
            "items.toml:25:20: of \"M02\" is in no [[type]], add it there, or name another",
        ),
        (
            "of = \"M01\"",
            "of = \"M01|licence\"",
            "items.toml:25:20: of \"M01|licence\" names something twice, remove one",
        ),
        (
            "of = \"M01\", party = \"developer\"",
            "of = \"M01\"",
            "items.toml:25:20: of \"M01\" is about a credit, but party project is a project, \
             name another party, or change the type's subject",
        ),
        (
            "party = \"developer\", with",
            "party = \"owner\", with",
            "items.toml:25:35: party \"owner\" is unknown, give one of project, developer, \
             contractor, supervisor, designer, surveyor, legal_representative, agent",
        ),
        (
            "with = [\"agent\"]",
            "with = [\"clerk\"]",
            "items.toml:25:56: with \"clerk\" is unknown, give one of project, developer, \
             contractor, supervisor, designer, surveyor, legal_representative, agent",
        ),
        (
            "way=given",
            "road=given",
            "items.toml:25:73: when \"road\" is in no [[fact]], add it there, or name another",
        ),
        (
            "way=given",
            "way=found",
            "items.toml:25:73: when has value \"found\" for fact \"way\", give bought or given",
        ),
        (
            "way=given",
            "way",
            "items.toml:25:73: when has \"way\", which is no condition, \
             write key=value, and join several by \" and \"",
        ),
        (
            "way=given",
            "way=given and way=bought",
            "items.toml:25:73: when names fact \"way\" twice, remove one",
        ),
        (
            "items = [\"11370800MB285591843370117002011\"]",
            "items = [\"I01\", \"I02\"]",
            "items.toml:31:17: items \"I02\" is in no [[item]], add it there, or name another",
        ),
        (
            "items = [\"11370800MB285591843370117002011\"]",
            "items = [\"I01\", \"11370800MB285591843370117002011\"]",
            "items.toml:31:17: items lists \"11370800MB285591843370117002011\" twice, \
             by two codes, remove one",
        ),
        (
            "[\"bought\", \"given\"]",
            "[\"bought\", \"Given\"]",
            "items.toml:9:21: values \"Given\" is no key, \
             give 1 to 63 lower-case letters, digits and _, a letter first",
        ),
        (
            "kind = \"day\"",
            "kind = \"day\"\nvalues = [\"a\"]",
            "items.toml:16:10: values is given though the fact is no choice, remove it",
        ),
        (
            "code = \"building\"\nname_zh",
            "code = \"any\"\nname_zh",
            "items.toml:2:8: code \"any\" means no single stage, give another",
        ),
        (
            "field = \"holder\"",
            "field = \"owner\"",
            "forms.toml:10:36: field \"owner\" of licence is no data item of it, \
             give one of holder, account, number, issuer, issued, valid_until",
        ),
        (
            "field = \"holder\"",
            "field = \"account\"",
            "forms.toml:10:36: field \"account\" of licence is secret, remove this source",
        ),
        (
            "type = \"M01\"",
            "type = \"M02\"",
            "forms.toml:10:21: type \"M02\" is in no [[type]], add it there, or name another",
        ),
        (
            ", party = \"developer\" }]\n",
            " }]\n",
            "forms.toml:10:21: type \"M01\" is about a credit, but party project is a project, \
             name another party, or change the type's subject",
        ),
        (
            "[{ type = \"M01\", field = \"holder\", party = \"developer\" }]",
            "[]",
            "forms.toml:10:11: sources is empty, list at least one",
        ),
    ];
    for (from, to, refused) in cases {
        let told = refusal_after(from, to);
        assert!(told.lines().any(|line| line == refused), "{from} became {to}: {told}");
    }
}

#[test]
fn a_faulty_row_is_not_told_again_where_others_refer_to_it() {
    let refused = refusal_after("name_en = \"Licence\"\n", "");
    let item = refusal_after("name_en = \"Permit\"\n", "");

    assert_eq!(refused, "types.toml:1:1: name_en is missing, add it");
    assert_eq!(item, "items.toml:19:1: name_en is missing, add it");
}

#[test]
fn a_form_takes_what_every_document_has() {
    for field in FieldSource::OF_DOCUMENTS {
        let sources = changed("field = \"holder\"", &format!("field = {field:?}"));

        let catalog = Catalog::from_sources(&sources).unwrap();

        assert_eq!(catalog.form("F01").unwrap().fields[0].sources[0].field, field);
    }
}

#[test]
fn codes_of_items_are_one_name_space_and_those_of_packages_another() {
    let mut sources = town();
    let (_, item) = ITEMS.split_once("[[item]]").unwrap();
    let second = item.replace("I01", "I02").split_once("[[package]]").unwrap().0.to_owned();
    let package =
        "[[package]]\ncode = \"I01\"\nname_zh = \"一\"\nname_en = \"One\"\nitems = [\"I01\"]\n";
    sources.items = format!("{ITEMS}{package}");
    let apart = Catalog::from_sources(&sources).map(|catalog| catalog.packages().len());
    sources.items = format!("{ITEMS}[[item]]{second}");

    let refused = refusal(&sources);

    assert_eq!(apart.ok(), Some(2));
    assert_eq!(
        refused,
        format!(
            "items.toml:34:10: item \"{LONG}\" stands in line 21 already, remove one, or rename it"
        )
    );
}

#[test]
fn every_row_is_in_the_version() {
    let version = |sources: &CatalogSources| *Catalog::from_sources(sources).unwrap().version();
    let changes = [
        ("expiring_days = 30", "expiring_days = 31"),
        ("Rencheng", "Rencheng District"),
        ("name_en = \"Building\"", "name_en = \"Works\""),
        ("By what way?", "How?"),
        ("way=given", "way=bought"),
        ("name_en = \"Permit\"", "name_en = \"Paper\""),
        ("name_en = \"Start\"", "name_en = \"Begin\""),
        ("label_en = \"Holder\"", "label_en = \"Owner\""),
        ("\"daily\"", "\"weekly\""),
        ("name_zh = \"账号\"", "name_zh = \"帐号\""),
    ];

    for (from, to) in changes {
        assert_ne!(version(&changed(from, to)), version(&town()), "{from} became {to}");
    }
}
