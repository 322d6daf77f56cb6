//! What is an identity, to the letter.

use proptest::prelude::*;

use super::*;

fn domain() -> TrustDomain {
    "oncebus.test".parse().unwrap()
}

#[test]
fn every_kind_of_identity_is_read_and_written() {
    let domain = domain();
    let fire = ("fire".to_owned(), "window-1".to_owned());
    let identities = [
        (
            "spiffe://oncebus.test/dept/fire/system/window-1",
            Identity::System { department: fire.0.clone(), name: fire.1.clone() },
        ),
        (
            "spiffe://oncebus.test/dept/fire/adapter/window-1",
            Identity::Adapter { department: fire.0, name: fire.1 },
        ),
        ("spiffe://oncebus.test/gateway/gw-1", Identity::Gateway { id: "gw-1".to_owned() }),
    ];

    for (uri, identity) in identities {
        assert_eq!(Identity::parse(uri, &domain).as_ref(), Ok(&identity));
        assert_eq!(identity.uri(&domain), uri);
    }
}

#[test]
fn everything_else_is_refused() {
    let long = "a".repeat(33);
    let uris = [
        "".to_owned(),
        "spiffe://".to_owned(),
        "spiffe://oncebus.test".to_owned(),
        "spiffe://oncebus.test/".to_owned(),
        "https://oncebus.test/gateway/a".to_owned(),
        "SPIFFE://oncebus.test/gateway/a".to_owned(),
        "spiffe://oncebus.test:7443/gateway/a".to_owned(),
        "spiffe://user@oncebus.test/gateway/a".to_owned(),
        "spiffe://ONCEBUS.test/gateway/a".to_owned(),
        "spiffe://oncebus.test.evil/gateway/a".to_owned(),
        "spiffe://evil/oncebus.test/gateway/a".to_owned(),
        "spiffe://oncebus.tes/gateway/a".to_owned(),
        "spiffe://oncebus.test/gateway".to_owned(),
        "spiffe://oncebus.test/gateway/".to_owned(),
        "spiffe://oncebus.test//gateway/a".to_owned(),
        "spiffe://oncebus.test/gateway/a/".to_owned(),
        "spiffe://oncebus.test/gateway/a/b".to_owned(),
        "spiffe://oncebus.test/gateway/a?b".to_owned(),
        "spiffe://oncebus.test/gateway/a#b".to_owned(),
        "spiffe://oncebus.test/gateway/%61".to_owned(),
        "spiffe://oncebus.test/gateway/A".to_owned(),
        "spiffe://oncebus.test/gateway/..".to_owned(),
        "spiffe://oncebus.test/gateway/a b".to_owned(),
        "spiffe://oncebus.test/gateway/\u{430}".to_owned(),
        "spiffe://oncebus.test/dept/fire".to_owned(),
        "spiffe://oncebus.test/dept/fire/system".to_owned(),
        "spiffe://oncebus.test/dept//system/a".to_owned(),
        "spiffe://oncebus.test/dept/fire/robot/a".to_owned(),
        "spiffe://oncebus.test/dept/fire/system/a/b".to_owned(),
        format!("spiffe://oncebus.test/gateway/{long}"),
        format!("spiffe://oncebus.test/gateway/{}", "a".repeat(300)),
    ];

    for uri in uris {
        assert!(Identity::parse(&uri, &domain()).is_err(), "{uri:?} was taken");
    }
}

#[test]
fn the_longest_trust_domain_leaves_room_for_the_longest_path() {
    let domain: TrustDomain = "d".repeat(160).parse().unwrap();
    let longest = "c".repeat(32);
    let identity = Identity::Adapter { department: longest.clone(), name: longest };

    let uri = identity.uri(&domain);

    assert!(uri.len() <= 255);
    assert_eq!(Identity::parse(&uri, &domain), Ok(identity));
}

#[test]
fn a_trust_domain_is_spelt_like_one() {
    for name in ["a", "oncebus.test", "city_1.gov-data.cn"] {
        assert!(name.parse::<TrustDomain>().is_ok(), "{name:?} was refused");
    }
    let long = "a".repeat(161);
    for name in ["", ".", "a.", ".a", "a..b", "A", "a/b", "a:1", "a%62", "a b", &long] {
        assert!(name.parse::<TrustDomain>().is_err(), "{name:?} was taken");
    }
}

proptest! {
    #[test]
    fn what_is_read_is_written_back_the_same(uri in "spiffe://oncebus\\.test/(dept/[a-zA-Z0-9.%-]{0,34}/(system|adapter|x)|gateway)/[a-z0-9/-]{0,34}") {
        if let Ok(identity) = Identity::parse(&uri, &domain()) {
            prop_assert_eq!(identity.uri(&domain()), uri);
        }
    }

    #[test]
    fn any_text_is_answered(text in any::<String>()) {
        let _ = Identity::parse(&text, &domain());
        let _ = Identity::parse(&format!("spiffe://oncebus.test/{text}"), &domain());
    }
}
