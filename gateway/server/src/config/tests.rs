//! What a file must say, and what whoever wrote another hears of it.

use std::fs;

use super::*;

const SOUND: &str = r#"
id = "g1"
trust_domain = "oncebus.test"
listen = "127.0.0.1:0"
data_dir = "data"
catalog_dir = "catalog"
seal_recipients = ["age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p"]
[tls]
cert = "cert.pem"
key = "key.pem"
ca = "ca.pem"
[[adapter]]
department = "market"
endpoint = "https://127.0.0.1:7001"
[[permission]]
department = "planning"
fetch = ["M01", "M03"]
[[system]]
spiffe_id = "spiffe://oncebus.test/dept/audit/system/auditor"
role = "auditor"
[limits]
streams = 20
"#;

fn load(text: &str) -> Result<GatewayConfig, ConfigError> {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("gateway.toml");
    fs::write(&file, text).unwrap();
    GatewayConfig::load(&file)
}

#[test]
fn every_value_is_listed_with_its_source() {
    let settings = load(SOUND).unwrap().settings();

    let listed = |key: &str| {
        let setting = settings.iter().find(|setting| setting.key == key);
        setting.map(|setting| (setting.value.as_str(), setting.source))
    };
    assert_eq!(listed("id"), Some(("g1", Source::File)));
    let (trail, source) = listed("trail_dir").unwrap();
    assert!(trail.ends_with("/data/trail"), "{trail}");
    assert_eq!(source, Source::Default);
    assert_eq!(listed("adapter market"), Some(("https://127.0.0.1:7001", Source::File)));
    assert_eq!(listed("permission planning fetch"), Some(("M01, M03", Source::File)));
    assert_eq!(listed("permission planning publish"), Some(("none", Source::Default)));
    assert_eq!(listed("limits.streams"), Some(("20", Source::File)));
    assert_eq!(listed("limits.idle_s"), Some(("300", Source::Default)));
    let auditor = "system spiffe://oncebus.test/dept/audit/system/auditor";
    assert_eq!(listed(auditor), Some(("auditor", Source::File)));
}

#[test]
fn a_fault_names_file_key_and_cure() {
    for (from, to, said) in [
        ("listen = \"127.0.0.1:0\"\n", "", "listen: is missing, add it"),
        ("listen", "listne", "listne: is unknown, give one of id, trust_domain, listen"),
        ("\"127.0.0.1:0\"", "7443", "listen: is signed int `7443`, give a string"),
        ("cert = ", "crt = ", "tls.crt: is unknown, give one of cert, key, ca"),
        ("ca = \"ca.pem\"\n", "", "tls.ca: is missing, add it"),
        ("\"auditor\"", "\"king\"", "system.0.role: is \"king\", give one of department, auditor"),
        ("id = \"g1\"", "id = \"a b\"", "id: "),
        ("\"market\"", "\"Market Office\"", "adapter: "),
        ("streams = 20", "streams = 0", "limits.streams: is 0, give 1 to 10000"),
        (
            "streams = 20",
            "stream = 20",
            "limits.stream: is unknown, give one of limits.connections",
        ),
        ("streams = 20", "streams = \"many\"", "limits.streams: is a text, give u64"),
    ] {
        let faulty = SOUND.replacen(from, to, 1);
        assert_ne!(faulty, SOUND, "{said}");

        let error = load(&faulty).expect_err(said).to_string();

        assert!(error.contains(&format!("/gateway.toml: {said}")), "{said}: {error}");
    }
}

#[test]
fn records_are_kept_for_three_years_at_least_and_holds_are_days() {
    let keep = |days: u32| format!("{SOUND}[retention]\nkeep_days = {days}\n");
    let hold = |from: &str, until: &str, reference: &str| {
        format!(
            "{SOUND}[[retention.hold]]\nfrom = {from:?}\nuntil = {until:?}\nreference = {reference:?}\n"
        )
    };

    let three_years = load(SOUND).unwrap().retention;
    let longer = load(&keep(2_000)).unwrap();
    let held = load(&hold("2026-03-02", "2026-03-03", "H-1")).unwrap();

    assert_eq!((three_years.keep_days, three_years.holds.len()), (1_095, 0));
    assert_eq!(longer.retention.keep_days, 2_000);
    let listed = |config: &GatewayConfig, key: &str| {
        let found = config.settings().into_iter().find(|setting| setting.key == key);
        found.map(|setting| (setting.value, setting.source))
    };
    let keep_days = |config| listed(config, "retention.keep_days");
    assert_eq!(keep_days(&longer), Some(("2000".to_owned(), Source::File)));
    assert_eq!(keep_days(&held), Some(("1095".to_owned(), Source::Default)));
    let key = "retention.hold 2026-03-02 to 2026-03-03";
    assert_eq!(listed(&held, key), Some(("H-1".to_owned(), Source::File)));
    let at = |text: &str| held.retention.hold_at(text.parse().unwrap()).is_some();
    let times = ["2026-03-01T23:59:59.999Z", "2026-03-02T00:00:00Z", "2026-03-03T23:59:59.999Z"];
    assert_eq!(times.map(at), [false, true, true]);
    assert!(!at("2026-03-04T00:00:00Z"));
    for (text, said) in [
        (keep(1_094), "retention.keep_days: is 1094, give 1095 to 36500: State Council Order 809"),
        (keep(40_000), "retention.keep_days: is 40000, give 1095 to 36500"),
        (hold("2026-03-03", "2026-03-02", "H-1"), "retention.hold: give from and until as days"),
        (hold("March", "2026-03-02", "H-1"), "retention.hold: give from and until as days"),
        (hold("2026-03-02", "2026-03-02", ""), "retention.hold: give from and until as days"),
        (format!("{SOUND}[retention]\nkeep = 1\n"), "retention.keep: is unknown"),
    ] {
        let error = load(&text).expect_err(said).to_string();
        assert!(error.contains(&format!("/gateway.toml: {said}")), "{said}: {error}");
    }
}

#[test]
fn a_duplicate_collection_is_refused_unless_the_file_says_record() {
    let table = |rows: &str| format!("{SOUND}[policy]\n{rows}\n");

    let listed = |text: &str| {
        let rows = load(text).unwrap().settings();
        let row = rows.into_iter().find(|row| row.key == "policy.duplicate_collection").unwrap();
        (row.value, row.source)
    };

    assert_eq!(listed(SOUND), ("refuse".to_owned(), Source::Default));
    let recorded = table("duplicate_collection = \"record\"");
    assert_eq!(listed(&recorded), ("record".to_owned(), Source::File));
    for (rows, said) in [
        (
            "duplicate_collection = \"allow\"",
            "policy.duplicate_collection: is \"allow\", give one of refuse, record",
        ),
        ("collect = true", "policy.collect: is unknown, give one of duplicate_collection"),
    ] {
        let error = load(&table(rows)).expect_err(said).to_string();
        assert!(error.contains(&format!("/gateway.toml: {said}")), "{said}: {error}");
    }
}

#[test]
fn each_identifier_has_a_mode_and_the_others_keep_theirs() {
    let table = |rows: &str| format!("{SOUND}[identifiers]\n{rows}\n");

    let config = load(&table("project = \"strict\"\ncitizen = \"off\"")).unwrap();

    let listed: Vec<_> = config
        .settings()
        .into_iter()
        .filter_map(|row| {
            Some((row.key.strip_prefix("identifiers.")?.to_owned(), row.value, row.source))
        })
        .collect();
    let expected = [
        ("credit", "strict", Source::Default),
        ("citizen", "off", Source::File),
        ("project", "strict", Source::File),
        ("item", "warn", Source::Default),
        ("permit", "warn", Source::Default),
        ("e_licence", "warn", Source::Default),
        ("region", "warn", Source::Default),
    ];
    assert_eq!(listed, expected.map(|(key, mode, from)| (key.to_owned(), mode.to_owned(), from)));
    for (rows, said) in [
        ("credit = \"hard\"", "identifiers.credit: is \"hard\", give one of strict, warn, off"),
        ("passport = \"warn\"", "identifiers.passport: is unknown, give one of credit, citizen"),
        ("credit = true", "identifiers.credit: is bool true, give"),
    ] {
        let error = load(&table(rows)).expect_err(said).to_string();
        assert!(error.contains(&format!("/gateway.toml: {said}")), "{said}: {error}");
    }
}

#[test]
fn what_is_no_toml_is_told_by_its_place_without_its_text() {
    let error = load(&format!("{SOUND}-----BEGIN PRIVATE KEY-----\n")).unwrap_err().to_string();

    let line = format!("line {}", SOUND.lines().count() + 1);
    assert!(error.contains(&line) && !error.contains("PRIVATE"), "{error}");
}

#[test]
fn a_key_that_was_pasted_is_not_told() {
    let tls = "[tls]\ncert = \"cert.pem\"\nkey = \"key.pem\"\nca = \"ca.pem\"\n";
    let pasted = SOUND
        .replace(tls, "")
        .replace("data_dir", "tls = \"-----BEGIN PRIVATE KEY-----\\nSECRET\\n\"\ndata_dir");

    let error = load(&pasted).unwrap_err().to_string();

    assert!(error.ends_with("tls: is a text, give a table of cert, key and ca"), "{error}");
}

#[test]
fn a_file_that_is_not_there_is_named() {
    let error = GatewayConfig::load(Path::new("/nowhere/gateway.toml")).unwrap_err().to_string();

    assert!(error.starts_with("/nowhere/gateway.toml: cannot be read: "), "{error}");
}

#[test]
fn an_adapter_has_one_to_sixty_seconds_for_its_first_byte() {
    let with = |seconds: u64| {
        let endpoint = "endpoint = \"https://127.0.0.1:1\"\n";
        let adapter = format!("[[adapter]]\ndepartment = \"housing\"\n{endpoint}");
        load(&format!("{SOUND}{adapter}first_byte_s = {seconds}\n"))
    };

    for seconds in [1, 5, 60] {
        let first_byte = with(seconds).unwrap().adapters.last().unwrap().first_byte;
        assert_eq!(first_byte.as_secs(), seconds);
    }
    for seconds in [0, 61] {
        let error = with(seconds).unwrap_err().to_string();
        assert!(error.contains("first_byte_s of housing is"), "{error}");
    }
}

#[test]
fn every_limit_sets_its_own_value_and_is_documented_with_its_default() {
    let documented = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/configuration.md");
    let documented = fs::read_to_string(documented).unwrap();

    for key in bounds::KEYS {
        let default = (key.get)(&Bounds::default());
        let (table, name) = key.name.split_once('.').unwrap();
        let written = [(name.to_owned(), default + 1)].into();
        let (cache, limits) = match table {
            "cache" => (written, BTreeMap::new()),
            _ => (BTreeMap::new(), written),
        };
        let other = bounds::checked(cache, limits).unwrap();

        for one in bounds::KEYS {
            let moved = u64::from(one.name == key.name);
            assert_eq!((one.get)(&other), (one.get)(&Bounds::default()) + moved, "{name}");
        }
        let row = documented.lines().find(|line| line.starts_with(&format!("| `{}` |", key.name)));
        let row = row.unwrap_or_else(|| panic!("{name} is not documented")).replace(',', "");
        assert!(row.ends_with(&format!("| {default} | start |")), "{row}: {default}");
    }
}

#[test]
fn a_file_without_auditors_keys_is_refused_with_the_command_that_makes_one() {
    let without = SOUND.lines().filter(|line| !line.starts_with("seal_recipients"));
    let without = without.collect::<Vec<_>>().join("\n");
    let misspelt = SOUND.replace("age1ql3", "age1xxx");

    let refused = [&without, &misspelt].map(|text| load(text).unwrap_err().to_string());

    for said in refused {
        assert!(said.contains("seal_recipients: "), "{said}");
        assert!(said.contains("oncebus audit seal-key"), "{said}");
        assert!(!said.contains("age1xxx"), "{said}");
    }
}

#[test]
fn a_region_that_does_not_fit_into_records_is_refused() {
    for region in ["a b", "370800\\n", &"7".repeat(33)] {
        let faulty = SOUND.replace("[tls]", &format!("region = \"{region}\"\n[tls]"));
        let said = load(&faulty).unwrap_err().to_string();
        assert!(said.contains("region: give"), "{said}");
    }
}

#[test]
fn configurations_that_differ_in_a_value_have_other_digests() {
    let digest = |text: &str| load(text).unwrap().digest();
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("gateway.toml");
    let within = |text: &str| {
        fs::write(&file, text).unwrap();
        GatewayConfig::load(&file).unwrap().digest()
    };

    let [one, again] = [within(SOUND), within(SOUND)];
    let other = within(&SOUND.replace("streams = 20", "streams = 21"));

    assert_eq!((one.len(), &one), (64, &again));
    assert_ne!(one, other);
    assert_ne!(one, digest(SOUND), "paths are whole");
}
