//! Calls with bytes as they are, whatever they mean.

use bytes::{Buf as _, BufMut as _, Bytes};
use tonic::{
    Request, Status,
    client::Grpc,
    codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder},
    transport::Channel,
};

/// Longest answer that is read, in bytes.
const MAX_ANSWER_BYTES: usize = 4 << 20;

/// Sends `bytes` as the message of one call, and reads what comes back to its end.
///
/// # Errors
///
/// Returns the status that the call ended with, unless that is OK.
pub async fn send(channel: &Channel, path: &'static str, bytes: Bytes) -> Result<(), Status> {
    let mut client = Grpc::new(channel.clone()).max_decoding_message_size(MAX_ANSWER_BYTES);
    client.ready().await.expect("the connection is there");
    let path = path.parse().unwrap();
    let mut answer = client.server_streaming(Request::new(bytes), path, Raw).await?.into_inner();
    while answer.message().await?.is_some() {}
    Ok(())
}

/// Passes bytes through as they are.
#[derive(Clone, Copy, Debug, Default)]
struct Raw;

impl Codec for Raw {
    type Encode = Bytes;
    type Decode = Bytes;
    type Encoder = Self;
    type Decoder = Self;

    fn encoder(&mut self) -> Self {
        Self
    }

    fn decoder(&mut self) -> Self {
        Self
    }
}

impl Encoder for Raw {
    type Item = Bytes;
    type Error = Status;

    fn encode(&mut self, item: Bytes, buffer: &mut EncodeBuf<'_>) -> Result<(), Status> {
        buffer.put(item);
        Ok(())
    }
}

impl Decoder for Raw {
    type Item = Bytes;
    type Error = Status;

    fn decode(&mut self, buffer: &mut DecodeBuf<'_>) -> Result<Option<Bytes>, Status> {
        Ok(Some(buffer.copy_to_bytes(buffer.remaining())))
    }
}
