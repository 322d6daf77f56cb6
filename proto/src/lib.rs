//! The oncebus API: messages, clients and servers generated from `oncebus/v1/*.proto`.
//!
//! The generated code is committed, so that a build needs no protobuf compiler. The test
//! `generated` compares it with the `.proto` files; `make proto` writes it anew.

#![warn(missing_docs)]

/// Package `oncebus.v1`.
///
/// All `bytes` fields are [`prost::bytes::Bytes`]: a decoded message shares its buffer with them.
#[expect(
    clippy::allow_attributes,
    clippy::allow_attributes_without_reason,
    reason = "tonic's generator writes them"
)]
pub mod v1 {
    include!("gen/oncebus.v1.rs");
}

/// The encoded `google.protobuf.FileDescriptorSet` of the package and of what it imports.
///
/// Without comments: an answer of the reflection service has to fit into one message.
pub const FILE_DESCRIPTOR_SET: &[u8] = include_bytes!("gen/oncebus.v1.bin");
