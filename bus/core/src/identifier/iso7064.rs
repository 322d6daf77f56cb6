//! Check characters of ISO 7064's hybrid systems.

/// Returns the check digit of digits, MOD 11,10; `None` if one is no digit.
///
/// Source: ISO 7064:2003, clause 10.
pub(super) fn mod_11_10(digits: impl Iterator<Item = char>) -> Option<char> {
    hybrid(digits, 10)
}

/// Returns the check character of digits and capital letters, MOD 37,36; `None` if one is neither.
///
/// Source: ISO 7064:2003, clause 10.
pub(super) fn mod_37_36(symbols: impl Iterator<Item = char>) -> Option<char> {
    hybrid(symbols, 36)
}

fn hybrid(symbols: impl Iterator<Item = char>, modulus: u32) -> Option<char> {
    let mut product = modulus;
    for symbol in symbols {
        let value = symbol.to_digit(modulus).filter(|_| !symbol.is_ascii_lowercase())?;
        let sum = match (product + value) % modulus {
            0 => modulus,
            sum => sum,
        };
        product = sum * 2 % (modulus + 1);
    }
    let check = char::from_digit((modulus + 1 - product) % modulus, modulus)?;
    Some(check.to_ascii_uppercase())
}
