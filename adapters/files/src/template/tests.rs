//! Names that cannot leave their folder, and templates that cannot mix two subjects up.

use std::collections::HashSet;

use super::*;

fn folder(template: &str, scheme: &str, value: &str) -> String {
    let template: Template = template.parse().unwrap();
    template.folder(&"licence".parse().unwrap(), &Subject::new(scheme, value).unwrap())
}

#[test]
fn a_plain_subject_and_number_stay_readable() {
    let template: Template = DEFAULT.parse().unwrap();

    assert_eq!(folder(DEFAULT, "credit", "91110000MA01"), "origin/licence/credit-91110000MA01");
    assert_eq!(template.file(&"LIC-1".parse().unwrap()), "LIC-1.toml");
}

#[test]
fn no_subject_or_number_escapes_its_folder() {
    let template: Template = DEFAULT.parse().unwrap();
    let hostile = ["..", ".", "../../ETC", "/ETC/PASSWD", "A/B", "A\\B", "%2E%2E", "~", ".HIDDEN"];

    for value in hostile {
        let folder = folder(DEFAULT, "license", value);
        let file = template.file(&value.parse().unwrap());

        assert_eq!(folder.matches('/').count(), 2, "{folder}");
        assert!(!file.contains('/') && !file.starts_with('.'), "{file}");
        assert!(folder.split('/').all(|name| name != ".." && name != "."), "{folder}");
    }
}

#[test]
fn different_values_make_different_names() {
    let long = "一".repeat(42);
    let longer = format!("{long}A");
    let values =
        ["A/B", "A%2FB", "AB", ".A", "%2EA", "A.", "建字第1号", "建字第2号", &long, &longer];

    let names: HashSet<_> = values.iter().map(|value| escape(value)).collect();

    assert_eq!(names.len(), values.len());
    assert!(names.iter().all(|name| name.len() <= MAX_VALUE_BYTES && name.is_ascii()));
}

#[test]
fn a_subject_does_not_show_in_the_form_for_logs() {
    let template: Template = DEFAULT.parse().unwrap();
    let subject = Subject::new("citizen", "110101199003070011").unwrap();

    let shown = template.shown_folder(&"id_card".parse().unwrap(), &subject);

    assert_eq!(shown, "origin/id_card/citizen-(hidden)");
}

#[test]
fn only_names_with_a_number_are_sidecars() {
    let template: Template = "o/{type}/{scheme}/{subject}/doc-{number}.toml".parse().unwrap();

    assert!(template.is_sidecar("doc-1.toml"));
    for name in ["doc-.toml", "1.toml", "doc-1.pdf", "doc-1.toml.bak"] {
        assert!(!template.is_sidecar(name), "{name}");
    }
}

#[test]
fn templates_that_keep_subjects_apart_are_taken() {
    for template in [
        DEFAULT,
        "o/{type}/{scheme}/{subject}/{number}.toml",
        "o/t-{type}.d/{subject}_{scheme}/n.{number}.meta.toml",
        "o/{scheme}/{type}/{subject}/{number}.toml",
        "o/{scheme}-{type}/{subject}/{number}.toml",
    ] {
        assert!(template.parse::<Template>().is_ok(), "{template} was refused");
    }
}

#[test]
fn a_faulty_template_is_refused_with_its_fault() {
    use TemplateError as E;
    let long = format!("o/{}/{{number}}.toml", "a".repeat(300));
    let cases = [
        ("{number}.toml", E::FirstFolder),
        ("{type}/{scheme}/{subject}/{number}.toml", E::FirstFolder),
        ("staging/{type}/{scheme}/{subject}/{number}.toml", E::FirstFolder),
        ("sealed/{type}/{scheme}/{subject}/{number}.toml", E::FirstFolder),
        ("o/{type}/{subject}/{number}.toml", E::Folders),
        ("o/{type}/{type}/{scheme}/{subject}/{number}.toml", E::Folders),
        ("o/{type}/{scheme}/{subject}/a.toml", E::File),
        ("o/{type}/{scheme}/{subject}/{number}", E::File),
        ("o/{type}/{scheme}/{subject}/{number}{number}.toml", E::File),
        ("o/{type}/{scheme}/{subject}/.{number}.toml", E::File),
        ("o/{type}/{scheme}/{subject}/{number}.json", E::File),
        ("o/{type}/{scheme}/{subject}/{day}/{number}.toml", E::Placeholder),
        ("o/{type}/{scheme}/{subject/{number}.toml", E::Placeholder),
        ("o/{type}-{subject}/{scheme}/{number}.toml", E::Ambiguous),
        ("o/{type}/{scheme}{subject}/{number}.toml", E::Ambiguous),
        ("o/{type}/{scheme}x{subject}/{number}.toml", E::Ambiguous),
        ("/o/{type}/{scheme}/{subject}/{number}.toml", E::Literal),
        ("o/../{type}/{scheme}/{subject}/{number}.toml", E::Literal),
        ("o//{type}/{scheme}/{subject}/{number}.toml", E::Literal),
        ("o/a b/{type}/{scheme}/{subject}/{number}.toml", E::Literal),
        (long.as_str(), E::TooLong),
    ];

    for (template, fault) in cases {
        assert_eq!(template.parse::<Template>(), Err(fault), "{template}");
    }
}
