use super::*;

const TEXT: &str = "oncebus.test/log\n3\nBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc=\n";

fn key(name: &str, seed: u8) -> SigningKey {
    SigningKey::from_seed(&name.parse().unwrap(), &[seed; 32]).unwrap()
}

fn log() -> SigningKey {
    key("oncebus.test/log", 7)
}

fn witness() -> SigningKey {
    key("witness.test/w1", 9)
}

/// The key that checks what a witness signs with `key`.
fn cosigner(key: &SigningKey) -> VerifierKey {
    let text = key.verifier().to_string();
    let public = STANDARD.decode(text.splitn(3, '+').last().unwrap()).unwrap();
    let name = key.verifier().name().clone();
    VerifierKey::new(name, Algorithm::Cosignature, public[1..].try_into().unwrap())
}

/// The signature line of a witness, as C2SP tlog-cosignature writes it.
fn cosignature(witness: &SigningKey, time: u64, text: &str) -> String {
    let message = format!("cosignature/v1\ntime {time}\n{text}");
    let key = cosigner(witness);
    let signature = witness.sign(message.as_bytes());
    let bytes = [&key.id_bytes()[..], &time.to_be_bytes(), &signature].concat();
    format!("\u{2014} {} {}\n", key.name(), STANDARD.encode(bytes))
}

fn note() -> String {
    Note::sign(TEXT.to_owned(), &log()).to_string()
}

#[test]
fn note_verifies_by_its_signer_and_reads_back_as_it_is() {
    let read = Note::parse(&note()).unwrap();

    assert_eq!(read.text(), TEXT);
    assert_eq!(read.verify(log().verifier()), Ok(()));
    assert_eq!(read.to_string(), note());
}

#[test]
fn cosigned_note_verifies_by_log_and_by_witness() {
    let cosigned = note() + &cosignature(&witness(), 1_772_413_200, TEXT);

    let read = Note::parse(&cosigned).unwrap();

    assert_eq!(read.verify(log().verifier()), Ok(()));
    assert_eq!(read.verify(&cosigner(&witness())), Ok(()));
}

#[test]
fn cosigner_key_reads_back_and_is_not_the_signer_key() {
    let key = cosigner(&witness());

    assert_eq!(key.to_string().parse::<VerifierKey>(), Ok(key.clone()));
    assert_ne!(key.id(), witness().verifier().id());
}

#[test]
fn cosignature_of_another_text_time_or_witness_is_refused() {
    let key = cosigner(&witness());
    let other = Note::parse(&(note() + &cosignature(&witness(), 7, "another\n"))).unwrap();
    let line = cosignature(&witness(), 7, TEXT);
    let (head, bytes) = line.trim_end().rsplit_once(' ').unwrap();
    let mut bytes = STANDARD.decode(bytes).unwrap();
    bytes[KEY_ID_BYTES + 7] = 8;
    let later = Note::parse(&format!("{}{head} {}\n", note(), STANDARD.encode(&bytes))).unwrap();
    let cut = STANDARD.encode(&bytes[..KEY_ID_BYTES + 7]);
    let short = Note::parse(&format!("{}{head} {cut}\n", note())).unwrap();
    let stranger = self::key("witness.test/w1", 10);
    let foreign = Note::parse(&(note() + &cosignature(&stranger, 7, TEXT))).unwrap();

    for forged in [other, later, short] {
        assert!(matches!(forged.verify(&key), Err(NoteError::Forged { .. })), "{forged}");
        // What is wrong with a witness says nothing of the log.
        assert_eq!(forged.verify(log().verifier()), Ok(()));
    }
    assert!(matches!(foreign.verify(&key), Err(NoteError::Unsigned { .. })));
}

#[test]
fn log_signature_does_not_pass_for_a_cosignature() {
    let signed = Note::sign(TEXT.to_owned(), &witness()).to_string();

    let refused = Note::parse(&signed).unwrap().verify(&cosigner(&witness()));

    assert!(matches!(refused, Err(NoteError::Unsigned { .. })));
}

#[test]
fn note_signed_twice_by_one_key_is_refused() {
    let twice = note() + note().rsplit_once("\n\n").unwrap().1;

    let refused = Note::parse(&twice).unwrap().verify(log().verifier());

    assert!(matches!(refused, Err(NoteError::Twice { .. })));
}

#[test]
fn any_other_form_is_no_note() {
    let (text, line) = (TEXT, note().rsplit_once("\n\n").unwrap().1.to_owned());
    let cases = [
        (String::new(), NoteError::Parts),
        (text.to_owned(), NoteError::Parts),
        (format!("{text}\n"), NoteError::Parts),
        (note().trim_end().to_owned(), NoteError::Parts),
        (format!("{text}\nline\n"), NoteError::Signature { line: 1 }),
        (
            format!("{text}\n{line}{}", line.replace('\u{2014}', "-")),
            NoteError::Signature { line: 2 },
        ),
        (format!("{text}\n\u{2014} name AAAA\n"), NoteError::Signature { line: 1 }),
        (format!("{text}\n\u{2014} name AAAAAA==\n"), NoteError::Signature { line: 1 }),
        (format!("{text}\n\u{2014} a+b AAAAAAA=\n"), OriginError::Character { found: '+' }.into()),
        (format!("{text}\n{}", line.repeat(101)), NoteError::TooMany),
    ];

    for (note, error) in cases {
        assert_eq!(Note::parse(&note), Err(error), "{note:?}");
    }
}
