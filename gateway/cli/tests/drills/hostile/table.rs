//! What may stand on record for each behaviour.

use oncebus_tests::Behaviour;

const MISBEHAVED: &str = "ADAPTER_MISBEHAVED";
const UNAVAILABLE: &str = "ADAPTER_UNAVAILABLE";
const NOT_FOUND: &str = "MATERIAL_NOT_FOUND";
const DIGEST: &str = "DIGEST_MISMATCH";
const SIZE: &str = "SIZE_MISMATCH";
const DEADLINE: &str = "DEADLINE";
/// The content was right, however it came.
const SERVED: &str = "served";

/// Returns the reasons that a call to an adapter that behaves so may end with.
pub(super) fn reasons(behaviour: Behaviour) -> &'static [&'static str] {
    match behaviour {
        Behaviour::LookupOtherNumber => &[NOT_FOUND, MISBEHAVED],
        Behaviour::LookupOtherSubject
        | Behaviour::LookupOtherType
        | Behaviour::LookupNumberTwice
        | Behaviour::LookupEmptyDocument
        | Behaviour::LookupTooLarge
        | Behaviour::LookupNegativeSize
        | Behaviour::LookupForbiddenMediaType
        | Behaviour::LookupShortDigest
        | Behaviour::LookupUnknownAlgorithm
        | Behaviour::LookupTooMany
        | Behaviour::LookupGarbage
        | Behaviour::OversizedChunk
        | Behaviour::EmptyChunks
        | Behaviour::Garbage
        | Behaviour::HugeLength
        | Behaviour::UnknownStatus
        | Behaviour::CutByError => &[MISBEHAVED],
        Behaviour::LookupNever | Behaviour::Silent | Behaviour::Never | Behaviour::Drip => {
            &[DEADLINE]
        }
        Behaviour::EndlessEmptyChunks => &[MISBEHAVED, DEADLINE],
        Behaviour::LookupOtherDigest
        | Behaviour::OtherBytes
        | Behaviour::LastByte
        | Behaviour::Reordered
        | Behaviour::OtherContent => &[DIGEST],
        Behaviour::OneShort | Behaviour::OneLong | Behaviour::NoData => &[SIZE],
        // Of a registered version a chunk is wrong before the size is.
        Behaviour::DuplicateChunk | Behaviour::Endless => &[SIZE, DIGEST],
        Behaviour::Reset => &[UNAVAILABLE, MISBEHAVED],
        Behaviour::CloseConnection => &[UNAVAILABLE, MISBEHAVED],
        Behaviour::NotFoundThenData | Behaviour::DataThenNotFound => &[NOT_FOUND, MISBEHAVED],
        Behaviour::HugeTrailers => &[MISBEHAVED, UNAVAILABLE],
        Behaviour::HttpError => &[UNAVAILABLE, MISBEHAVED],
        // Nobody says that the content is whole, or something twice; the digest says that it is right.
        Behaviour::NoTrailers | Behaviour::LookupTwoAnswers => &[SERVED, MISBEHAVED],
        Behaviour::Honest => &[SERVED],
    }
}
