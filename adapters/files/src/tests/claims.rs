//! Claims are compared with what the department holds as data.

use std::fs;

use oncebus_adapter::{Adapter as _, AdapterError, Claim, Verdict, Verify};

use super::support::{Scene, content, query, sidecar};
use crate::Sidecar;

fn claims(claims: &[(&str, &str)]) -> Verify {
    let query = query(None);
    let claim = |(field, value): &(&str, &str)| Claim {
        field: (*field).to_owned(),
        value: (*value).to_owned(),
    };
    Verify {
        material_type: query.material_type,
        subject: query.subject,
        number: None,
        claims: claims.iter().map(claim).collect(),
    }
}

fn record(scene: &Scene, number: &str, text: &str) {
    let path = scene.sidecar_path(&content(number, text.as_bytes()));
    let file = path.with_extension("json");
    let name = file.file_name().unwrap().to_str().unwrap();
    let sidecar = Sidecar {
        media_type: "application/json".to_owned(),
        issuer: Some("公安局".to_owned()),
        ..sidecar(number, text.as_bytes(), name)
    };
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(&file, text).unwrap();
    fs::write(&path, sidecar.to_toml()).unwrap();
}

fn no_match(fields: &[&str]) -> Verdict {
    Verdict::NoMatch(fields.iter().map(ToString::to_string).collect())
}

#[tokio::test]
async fn every_claim_must_be_true_of_one_record() {
    let scene = Scene::new();
    record(&scene, "R1", r#"{"grade":1,"name":"张伟","native":true,"nested":{"a":1}}"#);
    record(&scene, "R2", r#"{"grade":2,"name":"李娜","native":true}"#);
    let cases: [(&[(&str, &str)], Verdict); 9] = [
        (&[("name", "张伟")], Verdict::Match),
        (&[("name", "张伟"), ("grade", "1"), ("native", "true")], Verdict::Match),
        (&[("name", "李娜"), ("number", "R2"), ("issuer", "公安局")], Verdict::Match),
        (&[], Verdict::Match),
        (&[("name", "张伟"), ("grade", "2")], no_match(&[])),
        (&[("name", "王芳"), ("grade", "1")], no_match(&["name"])),
        (&[("nested", "{\"a\":1}")], no_match(&["nested"])),
        (&[("unheard_of", "1")], no_match(&["unheard_of"])),
        (&[("name", "张伟 ")], no_match(&["name"])),
    ];

    for (asked, expected) in cases {
        assert_eq!(scene.adapter.verify(&claims(asked)).await.unwrap(), expected, "{asked:?}");
    }
}

#[tokio::test]
async fn what_is_not_held_or_not_in_force_matches_nothing() {
    let scene = Scene::new();
    let nothing = scene.adapter.verify(&claims(&[("name", "张伟")])).await.unwrap();
    let not_even = scene.adapter.verify(&claims(&[])).await.unwrap();
    record(&scene, "R1", r#"{"name":"张伟","status":"03"}"#);

    let revoked = scene.adapter.verify(&claims(&[("name", "张伟")])).await.unwrap();

    assert_eq!((nothing, not_even), (no_match(&["name"]), no_match(&[])));
    assert_eq!(revoked, no_match(&[]));
}

#[tokio::test]
async fn a_content_without_fields_is_not_guessed_about() {
    let scene = Scene::new();
    scene.hold("N1", b"%PDF");

    let unknown = scene.adapter.verify(&claims(&[("name", "张伟")])).await.unwrap_err();
    let known = scene.adapter.verify(&claims(&[("number", "N1")])).await.unwrap();

    assert!(matches!(unknown, AdapterError::CannotVerify), "{unknown:?}");
    assert_eq!(known, Verdict::Match);
}

#[tokio::test]
async fn a_record_that_is_damaged_is_a_fault_that_quotes_nothing() {
    let scene = Scene::new();
    record(&scene, "R1", r#"["SECRET"]"#);

    let fault = scene.adapter.verify(&claims(&[("name", "张伟")])).await.unwrap_err();

    let AdapterError::Fault(source) = fault else { panic!("{fault:?}") };
    assert_eq!(source.to_string(), "a record is no JSON object: line 1");
}
