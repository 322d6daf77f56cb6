use base64::{Engine as _, engine::general_purpose::STANDARD};
use proptest::prelude::*;
use signed_note::{
    Note as TheirNote, Signer as _, StandardSigner, StandardVerifier, Verifier as _, VerifierList,
};

use super::*;
use crate::{
    checkpoint::{Checkpoint, SignedCheckpoint},
    key::{SigningKey, VerifierKey},
};

/// The same key, ours and theirs.
fn keys(name: &str, seed: [u8; 32]) -> (SigningKey, StandardSigner, StandardVerifier) {
    let ours = SigningKey::from_seed(&name.parse().unwrap(), &seed).unwrap();
    let secret = STANDARD.encode([&[1][..], &seed].concat());
    let signer = format!("PRIVATE+KEY+{name}+{}+{secret}", ours.verifier().id());
    let verifier = StandardVerifier::new(&ours.verifier().to_string()).unwrap();
    (ours, StandardSigner::new(&signer).unwrap(), verifier)
}

fn checkpoint(name: &str, size: u64, root: [u8; 32]) -> Checkpoint {
    Checkpoint { origin: name.parse().unwrap(), size, root }
}

proptest! {
    #![proptest_config(cases(64))]

    #[test]
    fn verifier_key_is_theirs_and_theirs_is_ours(name in "[!-*,-~é木]{1,60}", seed: [u8; 32]) {
        let (ours, signer, verifier) = keys(&name, seed);

        prop_assert_eq!(verifier.name(), name.as_str());
        prop_assert_eq!(format!("{:08x}", verifier.key_id()), ours.verifier().id());
        prop_assert_eq!(signer.key_id(), verifier.key_id());
        let read: VerifierKey = ours.verifier().to_string().parse().unwrap();
        prop_assert_eq!(&read, ours.verifier());
    }

    #[test]
    fn checkpoint_is_signed_as_they_sign_it(
        name in "[!-*,-~é木]{1,60}",
        seed: [u8; 32],
        size: u64,
        root: [u8; 32],
    ) {
        let (ours, signer, verifier) = keys(&name, seed);
        let signed = checkpoint(&name, size, root).sign(&ours);

        let theirs = tlog_tiles::Checkpoint::new(&name, size, Hash(root), "").unwrap();
        let mut note = TheirNote::new(&theirs.to_bytes(), &[]).unwrap();
        note.add_sigs(&[&signer]).unwrap();
        prop_assert_eq!(&String::from_utf8(note.to_bytes()).unwrap(), &signed.note);
        prop_assert_eq!(SignedCheckpoint::open(&signed.note, ours.verifier()), Ok(signed.clone()));

        let read = TheirNote::from_bytes(signed.note.as_bytes()).unwrap();
        let (known, unknown) = read.verify(&VerifierList::new(vec![Box::new(verifier)])).unwrap();
        prop_assert_eq!((known.len(), unknown.len()), (1, 0));
        let read = tlog_tiles::Checkpoint::from_bytes(read.text()).unwrap();
        prop_assert_eq!((read.origin(), read.size(), read.hash()), (&*name, size, &Hash(root)));
    }

    #[test]
    fn neither_takes_an_altered_checkpoint(
        seed: [u8; 32],
        size: u64,
        pick: prop::sample::Index,
        bit in 0_u8..8,
    ) {
        let (ours, _, verifier) = keys("oncebus.test/log", seed);
        let mut altered = checkpoint("oncebus.test/log", size, [7; 32]).sign(&ours).note.into_bytes();
        let place = pick.index(altered.len());
        altered[place] ^= 1_u8 << bit;

        let theirs = TheirNote::from_bytes(&altered).and_then(|note| {
            note.verify(&VerifierList::new(vec![Box::new(verifier)]))
        });
        prop_assert!(theirs.is_err());
        if let Ok(text) = String::from_utf8(altered) {
            prop_assert!(SignedCheckpoint::open(&text, ours.verifier()).is_err());
        }
    }
}
