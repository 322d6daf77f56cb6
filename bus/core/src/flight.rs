//! A flight: one running fetch of one content from its holder, for all who want it.

mod landings;
mod window;

use std::{ops::Range, sync::Arc};

use tokio::time::Instant;

use self::window::Window;
pub(crate) use self::{
    landings::Landings,
    window::{Missed, Seat},
};
use crate::{
    Asking, Bus, ChunkDigests, Content, DeptId, Digest, HolderError,
    joint::{Joint, Lead},
    receive::Verified,
};

/// The flights under way.
pub(crate) type Flights = Joint<Route, Flight>;

/// What flies from where: the same content may lie with several holders, and one of them be away.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Route {
    /// The department.
    pub(crate) holder: DeptId,
    /// Digest of the content.
    pub(crate) content: Digest,
}

/// One flight, as its callers see it.
#[derive(Clone, Debug)]
pub(crate) struct Flight {
    /// Index of the Intent that it is under.
    pub(crate) intent: u64,
    window: Arc<Window>,
}

/// What is fetched from whom.
#[derive(Clone, Debug)]
pub(crate) struct Course {
    /// The department.
    pub(crate) holder: DeptId,
    /// The content.
    pub(crate) content: Content,
    /// Digests of its chunks.
    pub(crate) digests: ChunkDigests,
    /// First byte to fetch, a chunk's edge.
    pub(crate) offset: u64,
    /// Counts with the calls of who started it.
    pub(crate) asking: Asking,
    /// Which chunks those are.
    pub(crate) chunks: Range<usize>,
}

// === impl Course ===

impl Course {
    fn route(&self) -> Route {
        Route { holder: self.holder.clone(), content: self.content.digest }
    }
}

// === impl Flight ===

impl Flight {
    /// Starts a flight, and takes the first seat on it. Others can join until the lead is dropped, or
    /// another one leads.
    pub(crate) fn start(bus: &Bus, course: Course, intent: u64, lead: Lead<Route, Self>) -> Seat {
        let window = Arc::new(Window::new(course.chunks.clone()));
        let seat = window.first_seat();
        let flight = Self { intent, window };
        lead.share(flight.clone());
        tokio::spawn(fly(bus.clone(), course, flight, lead));
        seat
    }

    /// Takes a seat from a chunk on, if the flight has it or soon will.
    pub(crate) fn seat(&self, chunk: usize) -> Option<Seat> {
        Window::seat(&self.window, chunk)
    }
}

/// Flies: its callers may come and go. Nobody can join any more once the lead is dropped.
async fn fly(bus: Bus, course: Course, flight: Flight, lead: Lead<Route, Flight>) {
    let end = carry(&bus, &course, &flight.window).await;
    if end.is_ok() {
        bus.landings.note(course.route(), flight.intent);
    }
    if let Err(error) = &end {
        tracing::debug!(%error, "a flight failed");
    }
    flight.window.end(end);
    drop(lead);
}

async fn carry(bus: &Bus, course: &Course, window: &Window) -> Result<(), HolderError> {
    let Course { holder, content, digests, offset, asking, chunks } = course;
    // Its own time, not the leader's: others may wait longer.
    let asking = asking.by(Instant::now() + bus.limits.flight);
    let stream = window.while_wanted(bus.holders.fetch(holder, content, *offset, &asking)).await;
    let Some(stream) = stream else { return Ok(()) };
    let (size, digests) = (content.size_bytes, digests.clone());
    let mut verified = Verified::new(holder.clone(), stream?, digests, size, *offset);
    for index in chunks.clone() {
        let Some(chunk) = window.while_wanted(verified.next()).await else { return Ok(()) };
        let Some(chunk) = chunk? else { break };
        let chunk = bus.caches.chunks.keep(content.digest, index, &chunk, bus.clock.now());
        window.add(chunk).await;
    }
    Ok(())
}
