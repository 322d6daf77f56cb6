//! `oncebus material verify`: yes or no, as an exit code too.

use super::Dev;

const SUBJECT: &str = "citizen:370800199001011237";
const PURPOSE: &str = "item=I14,case=C1,cause=APPROVAL,basis=Construction Law art. 8,officer=o7";
#[test]
fn a_list_of_subjects_is_verified_against_one_claim() {
    let dev = Dev::start();
    let file = dev.dir.path().join("list.csv");
    let rows =
        "reference,scheme,value\nA-1,citizen,370800199001011237\nA-2,credit,91370800MA3ABCD15K\n";
    std::fs::write(&file, rows).unwrap();
    let list = file.to_str().unwrap();
    let what = ["material", "verify", "--type", "M02", "--batch", list, "--claim", "name=张伟"];

    let told = dev.json("housing", &[&what[..], &["--purpose", PURPOSE, "-o", "json"]].concat());
    let table = dev.command("housing", &[&what[..], &["--purpose", PURPOSE]].concat());

    let counts = ["match", "no_match", "unknown"].map(|word| told[word].as_i64().unwrap());
    assert_eq!(counts, [1, 1, 0]);
    assert_eq!(told["verdicts"][0]["reference"], "A-1");
    let said = String::from_utf8_lossy(&table.stdout).into_owned();
    assert!(said.contains("A-2") && !said.contains("91370800MA3ABCD15K"), "{said}");
    assert_eq!(table.status.code(), Some(0));
}

#[test]
fn a_citizen_of_the_sample_city_is_matched_and_never_fetched() {
    let dev = Dev::start();
    let out = dev.dir.path().join("out.json");
    let verify = |system: &str, claim: &str| {
        let what = ["--type", "M02", "--subject", SUBJECT, "--claim", claim];
        let why = ["--purpose", PURPOSE, "-o", "json"];
        let output = dev.command(system, &[&["material", "verify"][..], &what, &why].concat());
        (output.status.code(), String::from_utf8_lossy(&output.stdout).into_owned())
    };

    let yes = verify("housing", "name=张伟");
    let no = verify("housing", "name=李娜");
    let denied = verify("auditor", "name=张伟");
    let fetch = ["material", "fetch", "--type", "M02", "--subject", SUBJECT, "--purpose", PURPOSE];
    let fetched = dev.command("housing", &[&fetch[..], &["--out", out.to_str().unwrap()]].concat());
    let records = dev.json("auditor", &["audit", "search", "--operation", "verify", "-o", "json"]);

    assert_eq!((yes.0, no.0, denied.0), (Some(0), Some(6), Some(3)));
    let told: serde_json::Value = serde_json::from_str(&yes.1).unwrap();
    assert_eq!((&told["verdict"], told["receipt"]["index"].is_u64()), (&"match".into(), true));
    assert!(no.1.contains("no_match") && !no.1.contains("name"), "{}", no.1);
    let said = String::from_utf8_lossy(&fetched.stderr).into_owned();
    assert!(said.contains("VERIFY_ONLY") && !out.exists(), "{said}");
    let calls: Vec<_> = records.as_array().unwrap().iter().collect();
    assert_eq!(calls.iter().filter(|record| record["adapter_calls"]["verify"] == 1).count(), 2);
    assert!(!format!("{calls:?}").contains("张伟"));
}
