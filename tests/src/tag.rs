//! What a drill names one call by: subject, content and records all follow from it.

use bytes::Bytes;
use oncebus_proto::v1 as pb;

use crate::Behaviour;

/// One call of a drill. Its text is the subject's value and the purpose's legal basis, so that the
/// adapter knows what to do and the trail which call a record is of; the content begins with it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Tag {
    /// When the adapter misbehaves.
    pub route: Route,
    /// How.
    pub behaviour: Behaviour,
    /// What tells it from all other tags of the drill.
    pub serial: u64,
    /// Size of the content in bytes.
    pub size: usize,
}

/// When the adapter misbehaves about a subject.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Route {
    /// From the first call on: nobody fetched the document yet.
    Fresh,
    /// After the first Fetch, which is honest: the document is a version then.
    Registered,
}

// === impl Tag ===

impl Tag {
    /// Names an honest call.
    pub fn honest(serial: u64, size: usize) -> Self {
        Self { route: Route::Fresh, behaviour: Behaviour::Honest, serial, size }
    }

    /// Returns its text.
    pub fn text(&self) -> String {
        let route = match self.route {
            Route::Fresh => "F",
            Route::Registered => "R",
        };
        format!("{route}-{}-{:08}-{}", self.behaviour.name(), self.serial, self.size)
    }

    /// Reads a text that may go on with other bytes after a line's end.
    pub fn read(text: &[u8]) -> Option<Self> {
        let line = text.split(|byte| *byte == b'\n').next()?;
        let mut parts = std::str::from_utf8(line).ok()?.split('-');
        let route = match parts.next()? {
            "F" => Route::Fresh,
            "R" => Route::Registered,
            _ => return None,
        };
        let behaviour = Behaviour::named(parts.next()?)?;
        let (serial, size) = (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?);
        Some(Self { route, behaviour, serial, size })
    }

    /// Returns the subject that it is about: a licence, whose number may be any text.
    pub fn subject(&self) -> pb::Subject {
        pb::Subject { scheme: "license".to_owned(), value: self.text() }
    }

    /// Returns a good purpose that names it.
    pub fn purpose(&self) -> pb::Purpose {
        pb::Purpose { legal_basis: self.text(), ..crate::purpose() }
    }

    /// Returns the document: its text, a line's end, and bytes that follow from the serial.
    pub fn content(&self) -> Bytes {
        let mut content = self.text().into_bytes();
        content.push(b'\n');
        let mut state = self.serial.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
        while content.len() < self.size {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            content.extend_from_slice(&state.to_le_bytes());
        }
        content.truncate(self.size);
        content.into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_is_read_back_from_its_text_and_from_its_content() {
        for (serial, behaviour) in (1..).zip(Behaviour::HOSTILE) {
            let tag = Tag { route: Route::Registered, behaviour, serial, size: 300 };

            assert_eq!(Tag::read(tag.text().as_bytes()), Some(tag.clone()));
            assert_eq!(Tag::read(&tag.content()), Some(tag.clone()));
            assert_eq!(tag.content().len(), 300);
        }
    }
}
