//! The shape of `connection.json`, on which scripts rely.

use std::path::Path;

use oncebus_gateway::{Catalog, GatewayConfig, Role};
use oncebus_transport::Credentials;
use serde_json::Value;
use tempfile::TempDir;

use super::*;
use crate::{
    client::Profile,
    dev::{cast::Cast, catalogue, home::write_json, samples, seal_identity, settings::Settings},
};

/// A bus that is ready to start, and the folder that it is in.
struct Ready {
    temporary: TempDir,
    home: Home,
    catalog: Catalog,
    connection: Value,
}

impl Ready {
    /// Makes one whose department `market` has an adapter that is not started here.
    fn new() -> Self {
        let temporary = tempfile::tempdir().unwrap();
        let home = Home::open(&temporary.path().join("dev")).unwrap();
        let catalog = catalogue::install(&home, None).unwrap();
        let cast = Cast::of(&catalog).unwrap();
        let settings = Settings::settle(&home, &cast, None).unwrap();
        let now = "2026-03-01T08:00:00Z".parse().unwrap();
        let authority = identities::ensure(&home, &cast, now).unwrap();
        let foreign = ("market".to_owned(), "https://127.0.0.1:7001".to_owned());
        let seal_recipient = seal_identity::ensure(&home).unwrap();
        let setting = Setting {
            home: &home,
            cast: &cast,
            settings: &settings,
            domain: authority.trust_domain(),
            seal_recipient: &seal_recipient,
            foreign_adapters: &BTreeMap::from([foreign]),
        };
        setting.write().unwrap();
        samples::ensure(&home, &catalog, setting.own_adapters()).unwrap();
        let processes = Processes {
            gateway_pid: 7,
            gateway_endpoint: "https://127.0.0.1:7443".to_owned(),
            trail_vkey: "oncebus.test/gateway/g1+00000000+AQ==".to_owned(),
            adapter_pids: [("housing".to_owned(), 8), ("planning".to_owned(), 9)].into(),
        };
        let connection = Connection::of(&setting, processes);
        write_json(&home.connection(), &connection).unwrap();
        let connection = serde_json::to_value(&connection).unwrap();
        Self { temporary, home, catalog, connection }
    }
}

fn keys(value: &Value) -> Vec<&str> {
    let mut keys: Vec<_> = value.as_object().unwrap().keys().map(String::as_str).collect();
    keys.sort_unstable();
    keys
}

#[test]
fn fields_are_those_that_scripts_rely_on() {
    let Ready { connection, .. } = Ready::new();

    let fields = [
        "adapters",
        "ca_file",
        "ca_key_file",
        "catalog_dir",
        "endpoint",
        "gateway_pid",
        "server_name",
        "systems",
        "trail_dir",
        "trail_vkey",
    ];
    assert_eq!(keys(&connection), fields);
    let systems = ["auditor", "housing", "market", "operator", "planning", "security"];
    assert_eq!(keys(&connection["systems"]), systems);
    let fields = ["cert_file", "department", "fetches", "key_file", "publishes", "spiffe_id"];
    assert_eq!(keys(&connection["systems"]["housing"]), fields);
    assert_eq!(keys(&connection["adapters"]), ["housing", "market", "planning"]);
    assert_eq!(keys(&connection["adapters"]["housing"]), ["data_dir", "endpoint", "pid"]);
    assert_eq!(keys(&connection["adapters"]["market"]), ["endpoint"]);
}

#[test]
fn every_path_is_absolute_and_there() {
    let Ready { connection, temporary, .. } = Ready::new();

    let mut paths = vec![&connection["ca_file"], &connection["ca_key_file"]];
    paths.push(&connection["catalog_dir"]);
    for system in connection["systems"].as_object().unwrap().values() {
        paths.extend([&system["cert_file"], &system["key_file"]]);
    }
    paths.push(&connection["adapters"]["housing"]["data_dir"]);
    for path in paths {
        let path = Path::new(path.as_str().unwrap());
        assert!(path.is_absolute() && path.exists(), "{}", path.display());
    }
    drop(temporary);
}

#[test]
fn every_system_has_the_certificate_that_the_file_names() {
    let Ready { connection, .. } = &Ready::new();

    for (name, system) in connection["systems"].as_object().unwrap() {
        let path = |key: &str| Path::new(system[key].as_str().unwrap());
        let credentials = Credentials::load(
            path("cert_file"),
            path("key_file"),
            Path::new(connection["ca_file"].as_str().unwrap()),
            "oncebus.test".parse().unwrap(),
        );
        assert_eq!(credentials.unwrap().own_spiffe_id(), system["spiffe_id"], "{name}");
    }
    let auditor = &connection["systems"]["auditor"];
    assert_eq!(auditor["spiffe_id"], "spiffe://oncebus.test/dept/audit/system/auditor");
    assert_eq!(auditor["fetches"], Value::Array(Vec::new()));
}

#[test]
fn a_systems_types_follow_from_the_catalogue() {
    let Ready { connection, catalog, .. } = Ready::new();

    let code = |alias: &str| {
        let row = catalog.types().iter().find(|row| row.alias == alias);
        row.unwrap().code.clone()
    };
    let lists = |system: &str, list: &str, code: &str| {
        let codes = connection["systems"][system][list].as_array().unwrap();
        codes.iter().any(|listed| listed == code)
    };
    assert!(lists("housing", "publishes", code("M23").as_str()));
    assert!(!lists("planning", "publishes", code("M23").as_str()));
    assert!(lists("planning", "fetches", code("M23").as_str()));
    assert!(
        !lists("planning", "fetches", code("M02").as_str()),
        "verify-only types are never fetched"
    );
}

#[test]
fn the_gateway_reads_its_configuration_and_the_client_its_profile() {
    let Ready { home, temporary, connection, .. } = Ready::new();

    let gateway = GatewayConfig::load(&home.gateway_config()).unwrap();

    let market = gateway.adapters.iter().find(|adapter| adapter.department.as_str() == "market");
    assert_eq!(market.unwrap().endpoint, "https://127.0.0.1:7001");
    let roles = gateway.systems.iter().map(|system| (system.spiffe_id.as_str(), system.role));
    let [auditor, operator, security] = ["auditor", "operator", "security"]
        .map(|name| connection["systems"][name]["spiffe_id"].as_str().unwrap());
    let expected =
        [(auditor, Role::Auditor), (operator, Role::Operator), (security, Role::Security)];
    assert_eq!(roles.collect::<Vec<_>>(), expected);
    assert!(Profile::load(&home.connection()).is_ok());
    drop(temporary);
}

#[test]
fn a_second_run_makes_nothing_anew() {
    let Ready { home, catalog, connection, temporary } = Ready::new();
    let cast = Cast::of(&catalog).unwrap();
    let certificate = connection["systems"]["housing"]["cert_file"].as_str().unwrap();
    let before = std::fs::read(certificate).unwrap();

    identities::ensure(&home, &cast, "2027-03-01T08:00:00Z".parse().unwrap()).unwrap();
    let started_here = cast.members.iter().filter(|member| member.department != "market");
    samples::ensure(&home, &catalog, started_here).unwrap();

    assert_eq!(std::fs::read(certificate).unwrap(), before);
    drop(temporary);
}
