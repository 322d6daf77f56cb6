//! What holds for every text.

use proptest::prelude::*;

use super::super::*;

const DIGITS_AND_LETTERS: &str = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";

/// Returns the one text of these that passes its check, of all that differ in the last symbol.
fn completed(identifier: Identifier, body: &str) -> String {
    let all = DIGITS_AND_LETTERS.chars().map(|last| format!("{body}{last}"));
    let mut good = all.filter(|text| identifier.check(text).is_ok());
    let one = good.next().expect("one symbol fits");
    assert_eq!(good.next(), None, "{one}");
    one
}

/// Asserts that no other symbol passes at any place, but where a code's parts meet.
fn assert_every_slip_is_found(identifier: Identifier, good: &str) {
    for (at, symbol) in good.char_indices() {
        for other in DIGITS_AND_LETTERS.chars().chain(".- ".chars()).filter(|o| *o != symbol) {
            let mut slipped = good.to_owned();
            slipped.replace_range(at..=at, other.encode_utf8(&mut [0; 4]));
            assert!(identifier.check(&slipped).is_err(), "{good} as {slipped}");
        }
    }
}

#[test]
fn every_character_is_canonical_after_one_step_alone_and_with_marks() {
    for symbol in '\0'..=char::MAX {
        for typed in [format!("{symbol}"), format!("x{symbol}\u{345}\u{307}")] {
            let once = canonical(&typed);
            assert_eq!(canonical(&once), once, "{typed:?}");
        }
    }
}

proptest! {
    #[test]
    fn any_one_wrong_symbol_of_a_credit_code_is_found(
        body in "[0-9A-HJ-NPQRTUWXY]{2}[0-9]{6}[0-9A-HJ-NPQRTUWXY]{9}",
    ) {
        assert_every_slip_is_found(Identifier::Credit, &completed(Identifier::Credit, &body));
    }

    #[test]
    fn any_one_wrong_symbol_of_a_citizen_id_is_found(
        body in "[0-9]{6}(19|20)[0-9]{2}(0[1-9]|1[0-2])(0[1-9]|1[0-9]|2[0-8])[0-9]{3}",
    ) {
        assert_every_slip_is_found(Identifier::Citizen, &completed(Identifier::Citizen, &body));
    }

    #[test]
    fn any_one_wrong_symbol_of_todays_project_code_is_found(
        body in "[0-9]{2}(0[1-9]|1[0-2])-[0-9]{6}-[0-9]{2}-[0-9]{2}-[0-9]{5}",
    ) {
        assert_every_slip_is_found(Identifier::Project, &completed(Identifier::Project, &body));
    }

    #[test]
    fn any_one_wrong_symbol_of_an_electronic_licences_id_is_found(
        body in "[0-9A-HJ-NPQRTUWXY]{2}[0-9]{6}[0-9A-HJ-NPQRTUWXY]{10}[0-9]{3}\\.\
                 [0-9A-HJ-NPQRTUWXY]{2}[0-9]{6}[0-9A-HJ-NPQRTUWXY]{10}\\.\
                 [0-9A-Z]{1,20}\\.[0-9]{3}\\.",
    ) {
        let body = format!("1.2.156.3005.2.{body}");
        assert_every_slip_is_found(Identifier::ELicence, &completed(Identifier::ELicence, &body));
    }

    #[test]
    fn what_is_canonical_stays_so(text in any::<String>(), letters in "[\\p{L}\\p{M}]{0,12}") {
        for text in [text, letters] {
            let once = canonical(&text);
            prop_assert_eq!(canonical(&once), once);
        }
    }

    #[test]
    fn spaces_around_case_and_width_make_no_other_subject(
        value in "[0-9A-Z][0-9A-Z.-]{0,30}",
        spaces in "[ \u{3000}\u{a0}]{0,3}",
    ) {
        let wide = |c: char| char::from_u32(u32::from(c) + 0xfee0).unwrap();
        let full_width: String = value.chars().map(wide).collect();

        for typed in [value.to_lowercase(), full_width.clone(), full_width.to_lowercase()] {
            prop_assert_eq!(&canonical(&format!("{spaces}{typed}{spaces}")), &value);
        }
    }

    #[test]
    fn no_text_makes_a_check_panic(
        any in any::<String>(),
        near in "[0-9A-Zx.\\-年é]{0,80}",
        licence in "1\\.2\\.156\\.3005\\.2\\.[0-9A-Z.é]{0,70}",
        permit in "[0-9]{18}",
    ) {
        for text in [&any, &near, &licence, &permit] {
            for identifier in Identifier::ALL {
                let _judged = identifier.check(text);
                let _region = identifier.region(text);
            }
            let _organisation = text.parse::<OrganisationCode>();
        }
    }
}
