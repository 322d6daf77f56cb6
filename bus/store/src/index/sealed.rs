//! The tokens that a sealed part may be found by; the rest of it is encrypted.

use crate::seal::SealedForm;

/// Bytes of a token that are kept: no two subjects of one bus share so many.
const KEPT_BYTES: usize = 16;

/// What is kept of a sealed part.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Tokens {
    pub(super) subject: Option<Vec<u8>>,
    pub(super) case: Option<Vec<u8>>,
}

// === impl Tokens ===

impl Tokens {
    /// Reads the tokens; none where nothing is sealed, or it is of no form that is known.
    pub(super) fn read(sealed: &[u8]) -> Self {
        match SealedForm::read(sealed) {
            Ok(form) => {
                Self { subject: form.subject_token.map(kept), case: form.case_token.map(kept) }
            }
            Err(_none_or_foreign) => Self::default(),
        }
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
        let head = [&[1][..], &[0; 52]].concat();
        [&head[..], &[tokens.len() as u8], &tokens.concat(), b"nonce and ciphertext"].concat()
    }

    #[test]
    fn the_subjects_token_comes_before_the_cases() {
        let read = Tokens::read(&sealed(&[[1; 32], [2; 32]]));
        let only_case = Tokens::read(&sealed(&[[0; 32], [2; 32]]));

        assert_eq!((read.subject, read.case), (Some(vec![1; 16]), Some(vec![2; 16])));
        assert_eq!((only_case.subject, only_case.case), (None, Some(vec![2; 16])));
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
