//! The tokens at the head of a record's sealed part.

/// The form that is read.
const VERSION: u8 = 1;
/// Bytes of version, key id and salt in front of the count.
const HEAD_BYTES: usize = 1 + 20 + 32;
/// Length of a token in bytes.
const TOKEN_BYTES: usize = 32;
/// Bytes of a token that are kept: no two subjects of one bus share so many.
pub(super) const KEPT_BYTES: usize = 16;

/// What a sealed part may be found by; the rest of it is encrypted.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Tokens {
    pub(super) subject: Option<Vec<u8>>,
    pub(super) case: Option<Vec<u8>>,
}

// === impl Tokens ===

impl Tokens {
    /// Reads the tokens; none where nothing is sealed, or it is of no form that is known.
    pub(super) fn read(sealed: &[u8]) -> Self {
        Self::parse(sealed).unwrap_or_default()
    }

    /// Form: version 1, key id of 20 bytes, salt of 32, count of tokens, tokens of 32 bytes each: of
    /// the subject, then of the case.
    fn parse(sealed: &[u8]) -> Option<Self> {
        if *sealed.first()? != VERSION {
            return None;
        }
        let (count, rest) = sealed.get(HEAD_BYTES..)?.split_first()?;
        let tokens = rest.get(..usize::from(*count) * TOKEN_BYTES)?;
        let mut tokens = tokens.chunks_exact(TOKEN_BYTES);
        // Zeros stand where only a case follows.
        let subject = tokens.next().filter(|token| token.iter().any(|byte| *byte != 0));
        Some(Self { subject: subject.map(kept), case: tokens.next().map(kept) })
    }
}

/// Returns what is kept of a token.
pub(super) fn kept(token: &[u8]) -> Vec<u8> {
    token[..token.len().min(KEPT_BYTES)].to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sealed(tokens: &[[u8; 32]]) -> Vec<u8> {
        let head = [&[VERSION][..], &[0; 52]].concat();
        [&head[..], &[tokens.len() as u8], &tokens.concat(), b"ciphertext"].concat()
    }

    #[test]
    fn the_subjects_token_comes_before_the_cases() {
        let read = Tokens::read(&sealed(&[[1; 32], [2; 32]]));

        assert_eq!((read.subject, read.case), (Some(vec![1; 16]), Some(vec![2; 16])));
        assert_eq!(Tokens::read(&sealed(&[[1; 32]])).case, None);
    }

    #[test]
    fn what_is_cut_foreign_or_absent_has_no_tokens() {
        let whole = sealed(&[[1; 32], [2; 32]]);
        let foreign = [&[2][..], &whole[1..]].concat();

        for part in [&[][..], &[1], &whole[..53], &whole[..54], &whole[..100], &foreign] {
            assert_eq!(Tokens::read(part), Tokens::default(), "{} bytes", part.len());
        }
    }
}
