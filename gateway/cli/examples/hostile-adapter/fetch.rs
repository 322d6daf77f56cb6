//! Fetch, right and wrong.

use std::{iter, time::Duration};

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, StatusCode};
use oncebus_proto::v1 as pb;
use oncebus_tests::{Behaviour, Tag};
use prost::Message as _;

use crate::reply::{Reply, Step, message, trailers};

const CHUNK: usize = 256 * 1024;
const FOR_EVER: Duration = Duration::from_secs(3_600);
/// gRPC's codes.
const NOT_FOUND: u16 = 5;
const INTERNAL: u16 = 13;
const NO_CODE: u16 = 99;

/// Sends this content as the contract wants it.
pub(crate) fn honest(content: &Bytes) -> Reply {
    Reply::steps(chunks(content).into_iter().chain([good()]))
}

/// Sends the tag's content from `offset` on as the tag wants it.
pub(crate) fn answer(tag: &Tag, offset: usize) -> Reply {
    let content = tag.content().slice(offset..);
    match tag.behaviour {
        Behaviour::OtherBytes
        | Behaviour::LastByte
        | Behaviour::OneShort
        | Behaviour::OneLong
        | Behaviour::OtherContent
        | Behaviour::NoData => honest(&changed(tag, &content)),
        Behaviour::DuplicateChunk
        | Behaviour::Reordered
        | Behaviour::OversizedChunk
        | Behaviour::EmptyChunks
        | Behaviour::Garbage
        | Behaviour::HugeLength => Reply::steps(cut_wrongly(tag.behaviour, &content)),
        Behaviour::Endless => Reply::steps(iter::repeat(chunk(&Bytes::from(vec![7; CHUNK])))),
        Behaviour::EndlessEmptyChunks => Reply::steps(
            iter::repeat([Step::Wait(Duration::from_millis(10)), chunk(&Bytes::new())]).flatten(),
        ),
        Behaviour::Silent => Reply::steps([Step::Wait(FOR_EVER)]),
        Behaviour::Drip => Reply::steps(drip(&content)),
        Behaviour::CutByError
        | Behaviour::Reset
        | Behaviour::CloseConnection
        | Behaviour::DataThenNotFound
        | Behaviour::UnknownStatus
        | Behaviour::HugeTrailers
        | Behaviour::NoTrailers => Reply::steps(ended_wrongly(tag.behaviour, &content)),
        Behaviour::NotFoundThenData => {
            let mut reply = honest(&content);
            reply.headers.extend(trailers(NOT_FOUND));
            reply
        }
        // As a proxy in between says it: no gRPC status at all.
        Behaviour::HttpError => {
            Reply { status: StatusCode::SERVICE_UNAVAILABLE, ..Reply::steps(chunks(&content)) }
        }
        _ => honest(&content),
    }
}

/// Content that keeps the form and is another one.
fn changed(tag: &Tag, content: &Bytes) -> Bytes {
    let mut bytes = content.to_vec();
    match tag.behaviour {
        Behaviour::OtherBytes => bytes.fill(b'x'),
        Behaviour::LastByte => *bytes.last_mut().unwrap() ^= 1,
        Behaviour::OneShort => drop(bytes.pop()),
        Behaviour::OneLong => bytes.push(b'x'),
        Behaviour::NoData => bytes.clear(),
        // What another request of the same size would get.
        _ => return Tag { serial: tag.serial + 1, ..tag.clone() }.content(),
    }
    bytes.into()
}

/// The content in chunks that the contract does not allow.
fn cut_wrongly(behaviour: Behaviour, content: &Bytes) -> Vec<Step> {
    let mut steps = chunks(content);
    match behaviour {
        Behaviour::DuplicateChunk => steps.insert(0, steps[0].clone()),
        Behaviour::Reordered => steps.swap(0, 1),
        Behaviour::OversizedChunk => {
            let at = CHUNK + 1024;
            steps = vec![chunk(&content.slice(..at)), chunk(&content.slice(at..))];
        }
        Behaviour::EmptyChunks => steps.insert(1, chunk(&Bytes::new())),
        Behaviour::HugeLength => {
            steps.insert(1, Step::Bytes(Bytes::from_static(&[0, 0xff, 0xff, 0xff, 0xff, 1, 2])));
        }
        _ => steps.insert(1, message(Bytes::from_static(&[0xff; 64]))),
    }
    steps.push(good());
    steps
}

/// The first chunk, or all, and then an end that is none.
fn ended_wrongly(behaviour: Behaviour, content: &Bytes) -> Vec<Step> {
    let mut steps = chunks(content);
    match behaviour {
        Behaviour::CutByError => {
            steps.truncate(1);
            steps.push(Step::Trailers(trailers(INTERNAL)));
        }
        Behaviour::Reset => {
            steps.truncate(1);
            steps.push(Step::Reset);
        }
        Behaviour::CloseConnection => {
            steps.truncate(1);
            // The chunk is on its way before the wire is cut.
            steps.push(Step::Wait(Duration::from_millis(20)));
            steps.extend([Step::Cut, Step::Wait(FOR_EVER)]);
        }
        Behaviour::DataThenNotFound => steps.push(Step::Trailers(trailers(NOT_FOUND))),
        Behaviour::UnknownStatus => steps.push(Step::Trailers(unknown())),
        Behaviour::HugeTrailers => steps.push(Step::Trailers(huge())),
        _ => {}
    }
    steps
}

fn drip(content: &Bytes) -> impl Iterator<Item = Step> + Send + use<> {
    let content = content.clone();
    let drop =
        move |at: usize| [chunk(&content.slice(at..=at)), Step::Wait(Duration::from_secs(1))];
    (0..usize::MAX).map_while(move |at| (at < CHUNK).then(|| drop(at))).flatten()
}

fn unknown() -> HeaderMap {
    let mut unknown = trailers(NO_CODE);
    unknown.insert("grpc-message", HeaderValue::from_static("NO_SUCH_REASON"));
    unknown
}

fn huge() -> HeaderMap {
    let mut huge = trailers(INTERNAL);
    huge.insert("grpc-status-details-bin", HeaderValue::from_str(&"A".repeat(64 * 1024)).unwrap());
    huge
}

fn chunks(content: &Bytes) -> Vec<Step> {
    content.chunks(CHUNK).map(|piece| chunk(&content.slice_ref(piece))).collect()
}

fn chunk(data: &Bytes) -> Step {
    message(pb::FetchResponse { data: data.clone() }.encode_to_vec().into())
}

fn good() -> Step {
    Step::Trailers(trailers(0))
}
