//! What follows from a fault, by the mode in force.

use std::{
    cell::RefCell,
    io::{self, Write},
    sync::Mutex,
};

use jiff::{Timestamp, ToSpan as _};

use super::super::*;
use crate::{Clock, FieldError, Region, Subject};

const LEGACY: &str = "2020-330327-48-01-167360";
const E_LICENCE: &str = "1.2.156.3005.2.11100000000013338W011.11430000006122244L.20230000403.001.U";

#[derive(Debug)]
struct Hands(Mutex<Timestamp>);

impl Clock for Hands {
    fn now(&self) -> Timestamp {
        *self.0.lock().unwrap()
    }
}

thread_local! {
    /// What this thread logged.
    static LOGGED: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// Takes what is logged, of each thread for itself. It is every thread's: an event that a thread without a
/// subscriber reports first is never reported to the one thread that has its own.
struct Log;

impl Log {
    /// Takes what is logged from now on; tests run on threads of their own.
    fn take() -> Self {
        let subscriber = tracing_subscriber::fmt().with_writer(|| Self).finish();
        // A second test's subscriber would be the same.
        drop(tracing::subscriber::set_global_default(subscriber));
        Self
    }

    fn text(&self) -> String {
        LOGGED.with_borrow(|logged| String::from_utf8(logged.clone()).unwrap())
    }

    fn lines(&self) -> usize {
        self.text().lines().filter(|line| line.contains("let through")).count()
    }
}

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        LOGGED.with_borrow_mut(|logged| logged.write(bytes))
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn clock() -> Hands {
    Hands(Mutex::new("2026-03-02T01:00:00Z".parse().unwrap()))
}

fn all(mode: Mode) -> Identifiers {
    Identifiers::new(IdentifierModes {
        credit: mode,
        citizen: mode,
        project: mode,
        item: mode,
        permit: mode,
        e_licence: mode,
        region: mode,
    })
}

fn subject(identifiers: &Identifiers, scheme: &str, value: &str) -> Result<Subject, FieldError> {
    identifiers.subject(scheme, value, Against { regions: &[], clock: &clock() })
}

/// A scheme and value with a fault of what the shape holds, and one that is none.
const WRONG: [(&str, &str, Identifier); 5] = [
    ("credit", "91350211M0000XUF46", Identifier::Credit),
    ("citizen", "370811198502300015", Identifier::Citizen),
    ("project", LEGACY, Identifier::Project),
    ("license", "330109202113210222", Identifier::Permit),
    (
        "license",
        "1.2.156.3005.2.11100000000013338W011.11430000006122244L.20230000403.002.U",
        Identifier::ELicence,
    ),
];

#[test]
fn strict_refuses_warn_counts_and_off_does_not_look() {
    let [strict, warn, off] = [Mode::Strict, Mode::Warn, Mode::Off].map(all);

    for (scheme, value, identifier) in WRONG {
        let refused = subject(&strict, scheme, value).unwrap_err();
        assert_eq!(refused.field, "subject.value");
        assert!(!refused.to_string().contains(value), "{refused}");
        assert_eq!(subject(&warn, scheme, value).unwrap().value(), value);
        assert_eq!(subject(&off, scheme, value).unwrap().value(), value);
        let counts = [&strict, &warn, &off].map(|modes| modes.doubted(identifier));
        assert_eq!(counts, [0, 1, 0], "{identifier:?}");
    }
}

#[test]
fn a_fault_is_named_with_its_cure() {
    for (scheme, value, said) in [
        (
            "credit",
            "91350211M0000XUF46",
            "subject.value has a wrong check digit: the last of 18 characters does not fit the \
             others, give the code as the licence shows it",
        ),
        (
            "citizen",
            "370811198502300015",
            "subject.value has a birth date that does not exist, in its digits 7 to 14, give the \
             number as the identity card shows it",
        ),
        (
            "project",
            LEGACY,
            "subject.value has the form from before 2021, without a check digit, give the code as \
             the approval platform shows it today",
        ),
        (
            "project",
            "P-1",
            "subject.value is no investment project code, give digits with hyphens, like \
             2501-370800-04-01-000016",
        ),
    ] {
        assert_eq!(subject(&all(Mode::Strict), scheme, value).unwrap_err().to_string(), said);
    }
}

#[test]
fn an_impossible_shape_is_refused_unless_the_mode_is_off() {
    let [strict, warn, off] = [Mode::Strict, Mode::Warn, Mode::Off].map(all);

    for scheme in ["credit", "citizen", "project"] {
        assert_eq!(subject(&strict, scheme, "P-1").unwrap_err().field, "subject.value");
        assert_eq!(subject(&warn, scheme, "P-1").unwrap_err().field, "subject.value");
        assert_eq!(subject(&off, scheme, "P-1").unwrap().value(), "P-1");
    }
    let shape = E_LICENCE.replace(".001.", ".1.");
    assert!(subject(&strict, "license", &shape).is_err());
    assert_eq!(subject(&warn, "license", &shape).unwrap().value(), shape);
    assert_eq!(warn.doubted(Identifier::ELicence), 1);
}

#[test]
fn a_licences_number_of_no_known_form_is_let_through() {
    let strict = all(Mode::Strict);

    for number in ["建字第370800202500001号", "JN-2025-0001", "33010920211321022", E_LICENCE] {
        assert_eq!(subject(&strict, "license", number).unwrap().value(), number);
    }
    assert_eq!(subject(&strict, "license", "jn-2025-0001").unwrap().value(), "JN-2025-0001");
    assert!(Identifier::ALL.iter().all(|identifier| strict.doubted(*identifier) == 0));
}

#[test]
fn whatever_the_mode_a_value_is_one_word_of_128_bytes() {
    let off = all(Mode::Off);

    for (value, fault) in [
        (String::new(), "is empty"),
        ("  ".to_owned(), "is empty"),
        ("X".repeat(300), "has 300 bytes"),
        ("X".repeat(600), "has 600 bytes"),
        ("Ｘ".repeat(129), "has 129 bytes"),
        // One character that stands for eighteen.
        ("\u{fdfa}".repeat(20), "has 660 bytes"),
        ("A B".to_owned(), "has a space inside"),
        ("A\u{3000}B".to_owned(), "has a space inside"),
        ("A\n".to_owned(), "has a control character"),
        ("\u{138}".to_owned(), "has a letter without upper case"),
    ] {
        let refused = subject(&off, "license", &value).unwrap_err();

        assert_eq!((&*refused.field, refused.fault.as_str()), ("subject.value", fault));
        assert!(!refused.cure.is_empty());
    }
    assert_eq!(subject(&off, "license", &"Ｘ".repeat(128)).unwrap().value(), "X".repeat(128));
}

#[test]
fn only_an_implementation_code_is_checked_as_an_item() {
    let [strict, warn, off] = [Mode::Strict, Mode::Warn, Mode::Off].map(all);
    let item = |identifiers: &Identifiers, text: &str| {
        identifiers.item(text, Against { regions: &[], clock: &clock() })
    };
    let wrong = "11370800MB285591853370117002011";

    let code = item(&strict, "11370800mb285591843370117002011").unwrap();
    let refused = item(&strict, wrong).unwrap_err();

    assert_eq!(code, "11370800MB285591843370117002011");
    assert_eq!(item(&strict, "I14").unwrap(), "I14");
    assert_eq!(item(&strict, &"X".repeat(2_000)).unwrap(), "X".repeat(2_000));
    assert!(refused.fault.starts_with("has a wrong check digit"), "{refused}");
    assert_eq!(
        (item(&warn, wrong).unwrap(), item(&off, wrong).unwrap()),
        (wrong.into(), wrong.into())
    );
    assert_eq!((warn.doubted(Identifier::Item), off.doubted(Identifier::Item)), (1, 0));
}

#[test]
fn a_region_that_is_not_listed_is_judged_by_its_own_mode() {
    let known = ["370800", "370811"].map(|code| Region {
        code: code.to_owned(),
        name_zh: "区".to_owned(),
        name_en: "Region".to_owned(),
    });
    let modes = |region| IdentifierModes { region, ..IdentifierModes::default() };
    let judged = |region, scheme: &str, value: &str| {
        let identifiers = Identifiers::new(modes(region));
        let against = Against { regions: &known, clock: &clock() };
        let judged =
            identifiers.subject(scheme, value, against).map(|subject| subject.value().len());
        (judged, identifiers.doubted(Identifier::Region))
    };
    let (strange, permit) = ("2510-370829-07-02-000421", "330109202101210222");

    let (refused, _) = judged(Mode::Strict, "project", strange);

    let refused = refused.unwrap_err();
    assert_eq!(refused.field, "subject.value");
    assert!(refused.fault.contains("region that the catalogue does not list"), "{refused}");
    assert!(judged(Mode::Strict, "license", permit).0.is_err());
    assert_eq!(judged(Mode::Warn, "project", strange), (Ok(24), 1));
    assert_eq!(judged(Mode::Off, "project", strange), (Ok(24), 0));
    assert_eq!(judged(Mode::Strict, "project", "2506-370811-04-01-123450"), (Ok(24), 0));
    // Companies and citizens come from anywhere.
    assert_eq!(judged(Mode::Strict, "credit", "91110000101623741K"), (Ok(18), 0));
    assert_eq!(judged(Mode::Strict, "citizen", "11010519491231002X"), (Ok(18), 0));
}

#[test]
fn other_modes_count_from_the_next_check_on() {
    let identifiers = Identifiers::default();
    let company = "91350211M0000XUF46";
    assert!(subject(&identifiers, "credit", company).is_err());

    identifiers.replace_modes(IdentifierModes { credit: Mode::Warn, ..IdentifierModes::default() });

    assert_eq!(subject(&identifiers, "credit", company).unwrap().value(), company);
}

#[test]
fn of_many_that_are_let_through_is_told_once_a_minute() {
    let (log, clock) = (Log::take(), clock());
    let warn = all(Mode::Warn);
    let ask = |scheme, value| {
        warn.subject(scheme, value, Against { regions: &[], clock: &clock }).unwrap();
    };

    ask("project", LEGACY);
    ask("project", LEGACY);
    ask("credit", "91350211M0000XUF46");
    *clock.0.lock().unwrap() += 59.seconds();
    ask("project", LEGACY);
    let within = log.lines();
    *clock.0.lock().unwrap() += 1.seconds();
    ask("project", LEGACY);

    assert_eq!(within, 2);
    assert_eq!((log.lines(), warn.doubted(Identifier::Project)), (3, 4));
    assert!(!log.text().contains("167360") && !log.text().contains("91350211"), "{}", log.text());
}
