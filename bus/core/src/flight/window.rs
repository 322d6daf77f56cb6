//! The bounded window between a flight and its seats.

use std::{
    collections::{HashMap, VecDeque},
    future::Future,
    ops::Range,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use bytes::Bytes;
use tokio::{
    select,
    sync::Notify,
    time::{Instant, sleep_until},
};

use crate::HolderError;

/// Chunks that a flight may be ahead of its slowest seat: 2 MiB.
const CHUNKS: usize = 8;
/// How long one slow seat may hold up others that have taken everything.
const PATIENCE: Duration = Duration::from_millis(100);

/// Chunks that came and are not taken by all yet.
#[derive(Debug)]
pub(super) struct Window {
    state: Mutex<State>,
    /// A chunk came, or the flight ended.
    came: Notify,
    /// A chunk was taken, or a seat was left.
    taken: Notify,
}

/// One caller's place on a flight.
#[derive(Debug)]
pub(crate) struct Seat {
    window: Arc<Window>,
    id: u64,
}

/// Why a seat does not give the next chunk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Missed {
    /// The caller was too slow for the others, or the flight was left early: fetch it otherwise.
    LeftBehind,
    /// The holder failed.
    Failed(HolderError),
}

#[derive(Debug)]
struct State {
    /// Index of the first chunk of `chunks`.
    first: usize,
    chunks: VecDeque<Bytes>,
    /// Index behind the last chunk to come.
    end: usize,
    ended: Option<Result<(), HolderError>>,
    /// The chunk that each seat wants next.
    seats: HashMap<u64, usize>,
    next_seat: u64,
}

// === impl Window ===

impl Window {
    pub(super) fn new(chunks: Range<usize>) -> Self {
        let state = State {
            first: chunks.start,
            chunks: VecDeque::new(),
            end: chunks.end,
            ended: None,
            seats: HashMap::new(),
            next_seat: 0,
        };
        Self { state: Mutex::new(state), came: Notify::new(), taken: Notify::new() }
    }

    /// Takes the seat of the caller who starts the flight.
    pub(super) fn first_seat(self: &Arc<Self>) -> Seat {
        let mut state = self.state();
        let first = state.first;
        Seat { window: Arc::clone(self), id: state.sit(first) }
    }

    /// Takes a seat from `chunk` on; `None` if that chunk is gone, or far from coming.
    pub(super) fn seat(self: &Arc<Self>, chunk: usize) -> Option<Seat> {
        let mut state = self.state();
        let near = state.first..(state.came() + CHUNKS).min(state.end);
        let over = state.ended.is_some() && state.came() <= chunk;
        if over || !near.contains(&chunk) {
            return None;
        }
        Some(Seat { window: Arc::clone(self), id: state.sit(chunk) })
    }

    /// Runs `work` as long as somebody has a seat; `None` when the last one is left.
    pub(super) async fn while_wanted<T>(&self, work: impl Future<Output = T>) -> Option<T> {
        select! {
            biased;
            () = self.deserted() => None,
            done = work => Some(done),
        }
    }

    /// Adds a chunk as soon as there is room, or the slow ones had their time.
    pub(super) async fn add(&self, chunk: Bytes) {
        let mut patience = None;
        loop {
            let taken = self.taken.notified();
            tokio::pin!(taken);
            taken.as_mut().enable();
            {
                let mut state = self.state();
                state.drop_taken();
                if state.chunks.len() < CHUNKS || patience.is_some_and(|end| end <= Instant::now())
                {
                    state.make_room();
                    state.chunks.push_back(chunk);
                    break;
                }
                // Only others who have taken everything make a slow one lose its place.
                patience = state
                    .somebody_waits()
                    .then(|| patience.unwrap_or_else(|| Instant::now() + PATIENCE));
            }
            match patience {
                Some(end) => select! {
                    () = taken => {}
                    () = sleep_until(end) => {}
                },
                None => taken.await,
            }
        }
        self.came.notify_waiters();
    }

    /// Says that no more chunks come.
    pub(super) fn end(&self, end: Result<(), HolderError>) {
        self.state().ended = Some(end);
        self.came.notify_waiters();
    }

    async fn deserted(&self) {
        loop {
            let taken = self.taken.notified();
            tokio::pin!(taken);
            taken.as_mut().enable();
            if self.state().seats.is_empty() {
                return;
            }
            taken.await;
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

// === impl State ===

impl State {
    /// Returns the index behind the last chunk that came.
    fn came(&self) -> usize {
        self.first + self.chunks.len()
    }

    fn sit(&mut self, chunk: usize) -> u64 {
        let id = self.next_seat;
        self.next_seat += 1;
        self.seats.insert(id, chunk);
        id
    }

    /// Tells whether a seat has taken all that came.
    fn somebody_waits(&self) -> bool {
        let came = self.came();
        self.seats.values().any(|next| came <= *next)
    }

    /// Drops what every seat has taken.
    fn drop_taken(&mut self) {
        let wanted = self.seats.values().copied().min().unwrap_or_else(|| self.came());
        while self.first < wanted && self.chunks.pop_front().is_some() {
            self.first += 1;
        }
    }

    /// Drops the oldest chunk of a full window, whoever wants it.
    fn make_room(&mut self) {
        if self.chunks.len() == CHUNKS {
            self.chunks.pop_front();
            self.first += 1;
        }
    }

    fn take(&mut self, id: u64) -> Option<Result<Bytes, Missed>> {
        let next = self.seats.get(&id).copied()?;
        let Some(at) = next.checked_sub(self.first) else { return Some(Err(Missed::LeftBehind)) };
        if let Some(chunk) = self.chunks.get(at) {
            let chunk = chunk.clone();
            self.seats.insert(id, next + 1);
            return Some(Ok(chunk));
        }
        match &self.ended {
            Some(Err(error)) => Some(Err(Missed::Failed(error.clone()))),
            Some(Ok(())) => Some(Err(Missed::LeftBehind)),
            None => None,
        }
    }
}

// === impl Seat ===

impl Seat {
    /// Returns the next chunk, once it is there.
    pub(crate) async fn next(&self) -> Result<Bytes, Missed> {
        loop {
            let came = self.window.came.notified();
            tokio::pin!(came);
            came.as_mut().enable();
            if let Some(taken) = self.window.state().take(self.id) {
                self.window.taken.notify_waiters();
                return taken;
            }
            came.await;
        }
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.window.state().seats.remove(&self.id);
        self.window.taken.notify_waiters();
    }
}

#[cfg(test)]
mod tests;
