//! Lookup, right and wrong.

use bytes::Bytes;
use oncebus_proto::v1 as pb;
use oncebus_tests::{Behaviour, Tag, digest};
use prost::Message as _;

use crate::reply::Reply;

/// More than any type allows.
const TOO_LARGE: i64 = 1 << 40;
/// One more than an answer may name.
const TOO_MANY: usize = 1_001;

/// Answers a Lookup as the tag wants it.
pub(crate) fn answer(request: &pb::LookupRequest, tag: &Tag) -> Reply {
    if tag.behaviour == Behaviour::LookupGarbage {
        return Reply::messages(vec![Bytes::from_static(&[0xff; 64])]);
    }
    let holdings = holdings(request, tag);
    let answer = Bytes::from(pb::LookupResponse { holdings }.encode_to_vec());
    match tag.behaviour {
        Behaviour::LookupTwoAnswers => Reply::messages(vec![answer.clone(), answer]),
        _ => Reply::messages(vec![answer]),
    }
}

fn holdings(request: &pb::LookupRequest, tag: &Tag) -> Vec<pb::Holding> {
    let content = tag.content();
    let mut holding = pb::Holding {
        material_type: request.material_type.clone(),
        subject: request.subject.clone(),
        number: format!("N-{}", tag.serial),
        size_bytes: i64::try_from(content.len()).unwrap(),
        digest: Some(digest(&content)),
        media_type: "application/pdf".to_owned(),
        ..Default::default()
    };
    match tag.behaviour {
        Behaviour::LookupOtherSubject => {
            let other = Tag { serial: tag.serial + 1, ..tag.clone() };
            holding.subject = Some(other.subject());
        }
        Behaviour::LookupOtherType => "construction_permit".clone_into(&mut holding.material_type),
        Behaviour::LookupOtherNumber => holding.number.push_str("-OTHER"),
        Behaviour::LookupEmptyDocument => holding.size_bytes = 0,
        Behaviour::LookupTooLarge => holding.size_bytes = TOO_LARGE,
        Behaviour::LookupNegativeSize => holding.size_bytes = -1,
        Behaviour::LookupForbiddenMediaType => "text/html".clone_into(&mut holding.media_type),
        Behaviour::LookupShortDigest => holding.digest = Some(of_bytes(1, 31)),
        Behaviour::LookupUnknownAlgorithm => holding.digest = Some(of_bytes(99, 32)),
        Behaviour::LookupOtherDigest => holding.digest = Some(of_bytes(1, 32)),
        Behaviour::LookupNumberTwice => return vec![holding; 2],
        Behaviour::LookupTooMany => {
            let number = |at| format!("N-{at}");
            let many =
                (0..TOO_MANY).map(|at| pb::Holding { number: number(at), ..holding.clone() });
            return many.collect();
        }
        _ => {}
    }
    vec![holding]
}

fn of_bytes(algorithm: i32, length: usize) -> pb::Digest {
    pb::Digest { algorithm, value: vec![7; length].into() }
}
