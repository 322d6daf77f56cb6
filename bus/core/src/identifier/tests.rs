//! What is taken for an identifier, and what is found wrong with the rest.

mod modes;
mod properties;

use super::*;

/// One line of `vectors.txt`.
struct Vector {
    identifier: Identifier,
    verdict: &'static str,
    text: &'static str,
    canonical: &'static str,
}

fn vectors() -> impl Iterator<Item = Vector> {
    let lines = include_str!("tests/vectors.txt").lines();
    lines.filter(|line| !line.is_empty() && !line.starts_with('#')).map(|line| {
        let (words, texts) = line.split_once('"').unwrap();
        let (name, verdict) = words.trim().split_once(' ').unwrap();
        let mut texts = texts.strip_suffix('"').unwrap().split("\" \"");
        let text = texts.next().unwrap();
        let canonical = texts.next().unwrap_or(text);
        let mut known = Identifier::ALL.into_iter();
        let identifier = known.find(|identifier| identifier.as_str() == name).unwrap();
        Vector { identifier, verdict, text, canonical }
    })
}

#[test]
fn every_vector_is_judged_as_it_was_typed() {
    for Vector { identifier, verdict, text, canonical: expected } in vectors() {
        let written = canonical(text);
        let judged = match identifier.check(&written) {
            Ok(()) => "good",
            Err(IdentifierFault::Check(_)) => "check",
            Err(IdentifierFault::Shape(_)) => "shape",
        };

        assert_eq!((judged, written.as_str()), (verdict, expected), "{identifier:?} {text:?}");
    }
    assert!(vectors().count() >= 60);
}

#[test]
fn a_fault_is_said_with_its_cure_and_without_the_value() {
    for Vector { identifier, text, .. } in vectors() {
        let Err(fault) = identifier.check(&canonical(text)) else { continue };
        let said = fault.error();

        assert!(!said.cure.is_empty() && !said.fault.is_empty(), "{said}");
        assert!(text.is_empty() || !said.fault.contains(text), "{said}");
    }
}

#[test]
fn a_credit_code_holds_an_organisation_code() {
    let of = |credit: &str| credit.parse::<CreditCode>().unwrap().organisation().unwrap();
    let right = of("91110000101623741K");
    let newer = of("91370800MA3ABCD15K");

    assert_eq!((right.as_str(), newer.as_str()), ("101623741", "MA3ABCD15"));
    assert_eq!((right.check(), newer.check()), (Ok(()), Ok(())));
    for wrong in ["101623742", "10162374X", "MA3ABCD16"] {
        assert!(wrong.parse::<OrganisationCode>().unwrap().check().is_err(), "{wrong}");
    }
    for none in ["10162374", "1016237411", "10162374A", "10162374-1", "ma3abcd15"] {
        assert!(none.parse::<OrganisationCode>().is_err(), "{none}");
    }
    // X stands for 10, and 0 for 11.
    assert_eq!("00010001X".parse::<OrganisationCode>().unwrap().check(), Ok(()));
    assert_eq!("000000000".parse::<OrganisationCode>().unwrap().check(), Ok(()));
}

#[test]
fn a_later_version_of_an_electronic_licence_supersedes_an_earlier_one() {
    let id = |serial: &str, version: &str| {
        let root = "1.2.156.3005.2.11100000000013338W011.11430000006122244L";
        format!("{root}.{serial}.{version}.0").parse::<ELicenceId>().unwrap()
    };
    let first = id("20230000403", "001");

    assert!(id("20230000403", "002").supersedes(&first));
    assert!(id("20230000403", "010").supersedes(&id("20230000403", "009")));
    assert!(!first.supersedes(&id("20230000403", "002")) && !first.supersedes(&first));
    assert!(!id("20230000404", "002").supersedes(&first));
    assert_eq!(id("20230000403", "010").version(), 10);
}

#[test]
fn an_identifier_says_in_which_region_it_was_given() {
    let project: ProjectCode = "2506-370811-04-01-123450".parse().unwrap();
    let permit: PermitNumber = "330109202101210222".parse().unwrap();
    let item: ItemCode = "11370800MB285591843370117002011".parse().unwrap();

    assert_eq!(project.region().unwrap().as_str(), "370811");
    assert_eq!(permit.region().unwrap().as_str(), "330109");
    assert_eq!(item.agency().as_str(), "11370800MB28559184");
}

#[test]
fn what_may_be_personal_is_hidden_from_debug() {
    let citizen: CitizenId = "370800199001011237".parse().unwrap();
    let permit: PermitNumber = "330109202101210222".parse().unwrap();
    let licence: ELicenceId =
        "1.2.156.3005.2.11100000000013338W011.11430000006122244L.20230000403.001.U"
            .parse()
            .unwrap();

    let shown = format!("{citizen:?} {permit:?} {licence:?}");

    assert_eq!(shown, "CitizenId(hidden) PermitNumber(hidden) ELicenceId(hidden)");
}
