//! How a hostile adapter answers; a subject's value says which way it wants.

/// What the adapter does with one request. Names are what subjects carry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Behaviour {
    /// It keeps the contract.
    Honest,
    /// Lookup is about another subject.
    LookupOtherSubject,
    /// Lookup is about another type.
    LookupOtherType,
    /// Lookup names another number than was asked for.
    LookupOtherNumber,
    /// Lookup names one number twice.
    LookupNumberTwice,
    /// Lookup names a document of no byte.
    LookupEmptyDocument,
    /// Lookup names a document larger than the type allows.
    LookupTooLarge,
    /// Lookup names a size below zero.
    LookupNegativeSize,
    /// Lookup names a media type that the type does not have.
    LookupForbiddenMediaType,
    /// Lookup names a digest of 31 bytes.
    LookupShortDigest,
    /// Lookup names the digest of another content.
    LookupOtherDigest,
    /// Lookup names a digest of an unknown algorithm.
    LookupUnknownAlgorithm,
    /// Lookup names more holdings than allowed.
    LookupTooMany,
    /// Lookup answers bytes that are no message.
    LookupGarbage,
    /// Lookup answers twice.
    LookupTwoAnswers,
    /// Lookup never answers.
    LookupNever,
    /// Fetch sends other bytes of the right size.
    OtherBytes,
    /// Fetch sends another last byte.
    LastByte,
    /// Fetch ends one byte early.
    OneShort,
    /// Fetch sends one byte more.
    OneLong,
    /// Fetch never ends.
    Endless,
    /// Fetch sends its headers, and then nothing.
    Silent,
    /// Fetch never answers.
    Never,
    /// Fetch sends one byte a second.
    Drip,
    /// Fetch ends in the middle with an error.
    CutByError,
    /// Fetch resets its stream in the middle.
    Reset,
    /// Fetch cuts the connection in the middle.
    CloseConnection,
    /// Fetch sends the first chunk twice.
    DuplicateChunk,
    /// Fetch sends the second chunk first.
    Reordered,
    /// Fetch sends a chunk of more than 256 KiB.
    OversizedChunk,
    /// Fetch sends an empty chunk between others.
    EmptyChunks,
    /// Fetch sends nothing but empty chunks, for ever.
    EndlessEmptyChunks,
    /// Fetch sends bytes that are no message.
    Garbage,
    /// Fetch announces a message of 4 GiB.
    HugeLength,
    /// Fetch sends what another request asked for.
    OtherContent,
    /// Fetch says NOT_FOUND at once, and sends the content all the same.
    NotFoundThenData,
    /// Fetch sends the content, and then says NOT_FOUND.
    DataThenNotFound,
    /// Fetch ends with a status and a reason that nobody knows.
    UnknownStatus,
    /// Fetch ends well without any data.
    NoData,
    /// Fetch ends with trailers of 64 KiB.
    HugeTrailers,
    /// Fetch answers with an HTTP error.
    HttpError,
    /// Fetch sends the content and ends without a status.
    NoTrailers,
}

// === impl Behaviour ===

impl Behaviour {
    /// All but the honest one.
    pub const HOSTILE: [Self; 41] = [
        Self::LookupOtherSubject,
        Self::LookupOtherType,
        Self::LookupOtherNumber,
        Self::LookupNumberTwice,
        Self::LookupEmptyDocument,
        Self::LookupTooLarge,
        Self::LookupNegativeSize,
        Self::LookupForbiddenMediaType,
        Self::LookupShortDigest,
        Self::LookupOtherDigest,
        Self::LookupUnknownAlgorithm,
        Self::LookupTooMany,
        Self::LookupGarbage,
        Self::LookupTwoAnswers,
        Self::LookupNever,
        Self::OtherBytes,
        Self::LastByte,
        Self::OneShort,
        Self::OneLong,
        Self::Endless,
        Self::Silent,
        Self::Never,
        Self::Drip,
        Self::CutByError,
        Self::Reset,
        Self::CloseConnection,
        Self::DuplicateChunk,
        Self::Reordered,
        Self::OversizedChunk,
        Self::EmptyChunks,
        Self::EndlessEmptyChunks,
        Self::Garbage,
        Self::HugeLength,
        Self::OtherContent,
        Self::NotFoundThenData,
        Self::DataThenNotFound,
        Self::UnknownStatus,
        Self::NoData,
        Self::HugeTrailers,
        Self::HttpError,
        Self::NoTrailers,
    ];

    /// Returns its name as subjects carry it: upper case.
    pub fn name(self) -> String {
        format!("{self:?}").to_uppercase()
    }

    /// Returns the behaviour of that name.
    pub fn named(name: &str) -> Option<Self> {
        let all = Self::HOSTILE.into_iter().chain([Self::Honest]);
        all.into_iter().find(|behaviour| behaviour.name() == name)
    }

    /// Whether Lookup shows it; else Fetch does.
    pub fn shows_in_lookup(self) -> bool {
        format!("{self:?}").starts_with("Lookup")
    }

    /// Whether it takes as long as its caller waits.
    pub fn holds_up(self) -> bool {
        matches!(
            self,
            Self::LookupNever | Self::Silent | Self::Never | Self::Drip | Self::EndlessEmptyChunks
        )
    }
}
