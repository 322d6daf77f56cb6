//! What a file must say, and what it hears that does not.
