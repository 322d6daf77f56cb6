//! A bug that a test plants: frames are taken without a look at their checksum.

use std::cell::Cell;

thread_local! {
    static PLANTED: Cell<bool> = const { Cell::new(false) };
}

/// Plants the bug in this thread.
#[derive(Debug)]
pub(crate) struct Frames(());

// === impl Frames ===

impl Frames {
    pub(crate) fn until_dropped() -> Self {
        PLANTED.set(true);
        Self(())
    }
}

impl Drop for Frames {
    fn drop(&mut self) {
        PLANTED.set(false);
    }
}

pub(super) fn is_planted() -> bool {
    PLANTED.get()
}
