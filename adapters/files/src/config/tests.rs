//! Configuration files, right and wrong.

use super::*;

const RIGHT: &str = r#"
department = "market"
trust_domain = "oncebus.test"
root = "data"
types = ["business_licence", "id_card"]

[tls]
cert = "cert.pem"
key = "/keys/key.pem"
ca = "ca.pem"
"#;

fn load(text: &str) -> Result<FilesConfig, ConfigError> {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("adapter.toml");
    fs::write(&file, text).unwrap();
    let mut config = FilesConfig::load(&file)?;
    let relative = |path: &PathBuf| path.strip_prefix(dir.path()).unwrap_or(path).to_owned();
    config.root = relative(&config.root);
    config.certificate = relative(&config.certificate);
    Ok(config)
}

#[test]
fn defaults_fill_what_is_not_said_and_paths_are_the_files_own() {
    let config = load(RIGHT).unwrap();

    assert_eq!(config.name, "files");
    assert_eq!(config.listen.to_string(), "127.0.0.1:0");
    assert_eq!(config.root, Path::new("data"));
    assert_eq!(config.certificate, Path::new("cert.pem"));
    assert_eq!(config.key, Path::new("/keys/key.pem"));
    assert_eq!(config.template, template::DEFAULT.parse().unwrap());
    assert_eq!(config.types.len(), 2);
}

#[test]
fn a_sidecar_belongs_where_the_template_says() {
    let config = load(RIGHT).unwrap();
    let subject = Subject::new("credit", "91110000").unwrap();

    let path = config.sidecar_path(&config.types[0], &subject, &"N/1".parse().unwrap());

    assert_eq!(path, Path::new("origin/business_licence/credit-91110000/N%2F1.toml"));
}

#[test]
fn every_fault_names_file_key_and_cure() {
    let with = |line: &str| format!("{line}\n{RIGHT}");
    let cases = [
        (RIGHT.replace("root = \"data\"\n", ""), ": root is missing, add it"),
        (RIGHT.replace("ca = \"ca.pem\"\n", ""), ": tls.ca is missing, add it"),
        (with("colour = 1"), ": colour is no key here, write one of department, name"),
        (RIGHT.replace("ca =", "crl ="), ": tls.crl is no key here, write one of cert, key, ca"),
        (with("name = 7"), ": name is signed int `7`, write a string"),
        (with("name = \"Files\""), ": name is no code, write 1 to 32 lower-case letters"),
        (RIGHT.replace("\"market\"", "\"\""), ": department is no code"),
        (with("listen = \"localhost\""), ": listen is \"localhost\": "),
        (with("path = \"x\""), ": path must begin with a folder of its own"),
        (RIGHT.replace("id_card", "ID"), ": types[1] has a character that codes do not have, give"),
        (RIGHT.replace("oncebus.test", "A B"), ": trust_domain is none: "),
        (with("= 1"), "adapter.toml is no TOML: TOML parse error at line 1"),
    ];

    for (text, expected) in cases {
        let error = load(&text).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}, not {expected}");
        assert!(error.contains("adapter.toml"), "{error}");
    }
}

#[test]
fn a_missing_file_is_named() {
    let error = FilesConfig::load(Path::new("/nowhere/adapter.toml")).unwrap_err();

    assert_eq!(error.to_string(), "cannot read /nowhere/adapter.toml");
}
