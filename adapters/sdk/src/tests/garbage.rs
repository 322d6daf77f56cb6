//! Random bytes as requests: an error or a valid answer each, never the end of the adapter.

use std::str::FromStr as _;

use bytes::{Buf as _, BufMut as _, Bytes};
use http::uri::PathAndQuery;
use tonic::{
    Code, Request, Status,
    client::Grpc,
    codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder},
};

use super::support::{GATEWAY, Mood, Served, lookup};
use crate::Digest;

const SEQUENCES: u64 = 1_000;

/// Sends and takes messages as they are.
#[derive(Debug, Default)]
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

    fn encode(&mut self, item: Bytes, to: &mut EncodeBuf<'_>) -> Result<(), Status> {
        to.put(item);
        Ok(())
    }
}

impl Decoder for Raw {
    type Item = Bytes;
    type Error = Status;

    fn decode(&mut self, from: &mut DecodeBuf<'_>) -> Result<Option<Bytes>, Status> {
        Ok(Some(from.copy_to_bytes(from.remaining())))
    }
}

/// Returns the random bytes of one number: up to 4 KiB, half of them shaped like protobuf fields.
fn garbage(seed: u64) -> Bytes {
    let random = |at: u64| *Digest::of(&[seed, at].map(u64::to_be_bytes).concat()).as_bytes();
    let blocks = u64::from(random(0)[0]) % 128;
    let mut bytes: Vec<u8> = (1..=blocks).flat_map(random).collect();
    if seed.is_multiple_of(2) {
        for field in bytes.chunks_mut(8).filter(|field| field.len() == 8) {
            // Field 1 to 7, length-delimited or varint, then a short length.
            field[0] = (1 + field[0] % 7) << 3 | if field[1].is_multiple_of(2) { 2 } else { 0 };
            field[1] = 6;
        }
    }
    bytes.into()
}

#[tokio::test]
async fn random_bytes_are_refused_or_answered_and_harm_nothing() {
    let served = Served::start(Mood::Honest).await;
    let mut client = Grpc::new(served.channel(&served.authority.credentials(GATEWAY)));

    for method in ["Describe", "Check", "Lookup", "Fetch", "Stage", "Seal", "Discard"] {
        let path = format!("/oncebus.v1.AdapterService/{method}");
        let path = PathAndQuery::from_str(&path).unwrap();
        for seed in 0..SEQUENCES {
            client.ready().await.unwrap();
            let request = Request::new(garbage(seed));
            let answer = client.server_streaming(request, path.clone(), Raw).await;
            let code = match answer {
                Ok(answer) => {
                    answer.into_inner().message().await.map_or_else(|e| e.code(), |_| Code::Ok)
                }
                Err(status) => status.code(),
            };
            // Internal is how tonic answers what does not decode.
            let expected = [Code::Ok, Code::InvalidArgument, Code::Internal];
            assert!(expected.contains(&code), "{method} answered {code:?} to sequence {seed}");
        }
    }
    served.client().lookup(lookup()).await.unwrap();
}
