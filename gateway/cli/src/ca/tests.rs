//! The authority: what it issues, and what it refuses.

use std::{
    fs,
    net::IpAddr,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
};

use clap::Parser as _;
use jiff::Timestamp;
use oncebus_transport::{Accepts, Credentials, Identity, TrustDomain};
use p12_keystore::{KeyStore, Pkcs12ImportPolicy};
use tempfile::TempDir;

use super::{Authority, CaCommand, CaError, Issued, Lifetime, Names, key_store, show};
use crate::exit::{CliError, Exit};

fn domain() -> TrustDomain {
    "oncebus.test".parse().unwrap()
}

fn now() -> Timestamp {
    "2026-03-01T08:00:00Z".parse().unwrap()
}

fn system() -> Identity {
    Identity::System { department: "housing".to_owned(), name: "approval".to_owned() }
}

fn gateway() -> Identity {
    Identity::Gateway { id: "g1".to_owned() }
}

/// A folder with an authority in `ca`.
fn folder() -> (TempDir, PathBuf) {
    let temporary = tempfile::tempdir().unwrap();
    let dir = temporary.path().join("ca");
    Authority::init(&dir, domain(), now()).unwrap();
    (temporary, dir)
}

fn issue(authority: &Authority, identity: &Identity) -> Issued {
    let names = Names::default().or_loopback(identity);
    authority.issue(identity, &names, Lifetime::days(30, now())).unwrap()
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

/// Runs `oncebus ca` with these flags.
fn ca(flags: &[&str]) -> Result<(), CliError> {
    #[derive(clap::Parser)]
    struct Line {
        #[command(subcommand)]
        command: CaCommand,
    }
    let line = ["ca"].into_iter().chain(flags.iter().copied());
    Line::try_parse_from(line).unwrap().command.run()
}

#[test]
fn issued_certificate_is_that_identity_to_the_bus() {
    let (temporary, dir) = folder();
    let out = temporary.path().join("out");

    issue(&Authority::open(&dir).unwrap(), &system()).write(&out).unwrap();

    let credentials = Credentials::load(
        &out.join("cert.pem"),
        &out.join("key.pem"),
        &out.join("ca.pem"),
        domain(),
    )
    .unwrap();
    assert_eq!(credentials.own_identity(), &system());
    assert_eq!(credentials.own_spiffe_id(), "spiffe://oncebus.test/dept/housing/system/approval");
    assert!(credentials.dialer(Accepts::Gateways).is_ok());
}

#[test]
fn keys_are_their_owners_alone() {
    let (temporary, dir) = folder();
    let out = temporary.path().join("out");

    issue(&Authority::open(&dir).unwrap(), &system()).write(&out).unwrap();

    assert_eq!((mode(&dir), mode(&out)), (0o700, 0o700));
    assert_eq!((mode(&dir.join("ca-key.pem")), mode(&out.join("key.pem"))), (0o600, 0o600));
}

#[test]
fn shown_certificate_has_identity_hosts_and_validity() {
    let (temporary, dir) = folder();
    let out = temporary.path().join("out");
    issue(&Authority::open(&dir).unwrap(), &gateway()).write(&out).unwrap();

    let shown = show::certificates(&out).unwrap();

    let [authority, leaf] = shown.as_slice() else { panic!("{shown:?}") };
    assert_eq!(authority.spiffe_id, "spiffe://oncebus.test");
    assert_eq!((authority.authority, leaf.authority), (true, false));
    assert_eq!(leaf.spiffe_id, "spiffe://oncebus.test/gateway/g1");
    assert_eq!(leaf.hosts, ["localhost", "127.0.0.1", "::1"]);
    assert_eq!(leaf.not_before, "2026-03-01T07:55:00Z".parse().unwrap());
    assert_eq!(leaf.not_after, "2026-03-31T08:00:00Z".parse().unwrap());
    assert_eq!(leaf.sha256.len(), 64);
}

#[test]
fn a_system_is_no_server_and_has_only_the_names_it_is_given() {
    let (temporary, dir) = folder();
    let authority = Authority::open(&dir).unwrap();

    issue(&authority, &system()).write(&temporary.path().join("out")).unwrap();

    let shown = show::certificates(&temporary.path().join("out/cert.pem")).unwrap();
    assert!(shown[0].hosts.is_empty(), "{shown:?}");
}

#[test]
fn given_names_replace_the_loopback_ones() {
    let names = Names::new(vec!["bus.city.example".to_owned()], vec![IpAddr::from([10, 0, 0, 1])]);
    let (temporary, dir) = folder();
    let authority = Authority::open(&dir).unwrap();
    let out = temporary.path().join("out");

    let lifetime = Lifetime::days(30, now());
    let issued = authority.issue(&gateway(), &names.or_loopback(&gateway()), lifetime).unwrap();
    issued.write(&out).unwrap();

    let shown = show::certificates(&out.join("cert.pem")).unwrap();
    assert_eq!(shown[0].hosts, ["bus.city.example", "10.0.0.1"]);
}

#[test]
fn two_certificates_differ_in_key_and_serial_number() {
    let authority = Authority::new(domain(), now()).unwrap();

    let (first, second) = (issue(&authority, &system()), issue(&authority, &system()));

    assert_ne!(first.key.serialized_der(), second.key.serialized_der());
    let serial = |issued: &Issued| {
        let (_, parsed) = x509_parser::parse_x509_certificate(&issued.certificate_der).unwrap();
        parsed.raw_serial().to_vec()
    };
    assert_ne!(serial(&first), serial(&second));
    assert!(16 <= serial(&first).len(), "a serial number is at least 128 bits");
}

#[test]
fn nothing_is_overwritten() {
    let (temporary, dir) = folder();
    let out = temporary.path().join("out");
    let authority = Authority::open(&dir).unwrap();
    issue(&authority, &system()).write(&out).unwrap();
    let before = fs::read(out.join("key.pem")).unwrap();

    let again = issue(&authority, &system()).write(&out);
    let authority_again = Authority::init(&dir, domain(), now());

    assert!(matches!(again, Err(CaError::Exists { .. })), "{again:?}");
    assert!(matches!(authority_again, Err(CaError::Exists { .. })));
    assert_eq!(fs::read(out.join("key.pem")).unwrap(), before);
}

#[test]
fn a_name_that_would_make_another_identity_is_refused() {
    let authority = Authority::new(domain(), now()).unwrap();
    for (department, name) in
        [("", "approval"), ("housing", ""), ("Housing", "a"), ("housing", "a/b"), ("住建", "a")]
    {
        let identity =
            Identity::System { department: department.to_owned(), name: name.to_owned() };

        let refused = authority.issue(&identity, &Names::default(), Lifetime::days(1, now()));

        assert!(matches!(refused, Err(CaError::Identity(_))), "{department}/{name}: {refused:?}");
    }
}

#[test]
fn a_host_name_that_is_none_is_refused() {
    let authority = Authority::new(domain(), now()).unwrap();
    for name in ["", "a b", "a..b", "https://a", "10.0.0.1:7443", "城"] {
        let names = Names::new(vec![name.to_owned()], Vec::new());

        let refused = authority.issue(&gateway(), &names, Lifetime::days(1, now()));

        assert!(matches!(refused, Err(CaError::DnsName { .. })), "{name}: {refused:?}");
    }
}

#[test]
fn no_certificate_outlives_its_authority() {
    let authority = Authority::new(domain(), now()).unwrap();
    let later: Timestamp = "2030-01-01T00:00:00Z".parse().unwrap();

    let refused = authority.issue(&system(), &Names::default(), Lifetime::days(3_650, later));

    assert!(matches!(refused, Err(CaError::Outlives { .. })), "{refused:?}");
}

#[test]
fn a_folder_without_an_authority_is_named() {
    let temporary = tempfile::tempdir().unwrap();

    let error = Authority::open(temporary.path()).unwrap_err();

    assert!(error.to_string().contains("ca.pem"), "{error}");
}

#[test]
fn key_store_opens_with_its_password_and_holds_the_chain() {
    let (temporary, dir) = folder();
    let out = temporary.path().join("out");
    let (dir, out) = (dir.to_str().unwrap(), out.to_str().unwrap());

    ca(&["issue", "--dir", dir, "--system", "housing/approval", "--out", out, "--p12"]).unwrap();

    let out = Path::new(out);
    let password = fs::read_to_string(out.join(key_store::PASSWORD_FILE)).unwrap();
    let store = fs::read(out.join(key_store::FILE)).unwrap();
    let store = KeyStore::from_pkcs12(&store, &password, Pkcs12ImportPolicy::Strict).unwrap();
    let (_, chain) = store.private_key_chain().unwrap();
    assert_eq!(chain.certs().len(), 2);
    assert_eq!(mode(&out.join(key_store::PASSWORD_FILE)), 0o600);
}

#[test]
fn commands_make_show_and_refuse() {
    let temporary = tempfile::tempdir().unwrap();
    let dir = temporary.path().join("ca");
    let out = temporary.path().join("out");
    let (dir, out) = (dir.to_str().unwrap(), out.to_str().unwrap());

    ca(&["init", "--dir", dir, "--trust-domain", "city.example"]).unwrap();
    ca(&["issue", "--dir", dir, "--gateway", "g1", "--out", out]).unwrap();
    let again = ca(&["issue", "--dir", dir, "--gateway", "g1", "--out", out]).unwrap_err();
    let nowhere = ca(&["show", "--dir", temporary.path().to_str().unwrap()]).unwrap_err();

    ca(&["show", "--dir", out]).unwrap();
    assert_eq!((again.code, nowhere.code), (Exit::Usage, Exit::NotFound));
    let shown = show::certificates(Path::new(out)).unwrap();
    assert_eq!(shown[1].spiffe_id, "spiffe://city.example/gateway/g1");
}
