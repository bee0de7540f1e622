//! The reads in progress, those that wait, and those that failed.

use std::{
    collections::HashSet,
    mem,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
};

use tokio::sync::Semaphore;

use crate::redis::log::Logged;

/// How many pages are read at the same time.
const AT_ONCE: usize = 8;

/// The assumed size of an entry before one was read, in bytes.
const TYPICAL_SIZE: usize = 1024;

/// The state of all reads of a process.
#[derive(Debug)]
pub(super) struct Readers {
    pub(super) permits: Semaphore,
    waiting: AtomicUsize,
    /// Topics of which a read failed: their subscribers wait until the tail wakes them.
    failed: Mutex<HashSet<Arc<str>>>,
    /// The average size of an entry in the last page, in bytes: so that no more entries are read than fit.
    entry_size: AtomicUsize,
}

impl Default for Readers {
    fn default() -> Self {
        Self {
            permits: Semaphore::new(AT_ONCE),
            waiting: AtomicUsize::new(0),
            failed: Mutex::default(),
            entry_size: AtomicUsize::new(TYPICAL_SIZE),
        }
    }
}

impl Readers {
    /// Takes a place among the waiting clients, unless there are `max` already.
    pub(super) fn place(&self, max: usize) -> Option<Place<'_>> {
        let place = Place(&self.waiting);
        // If there is none, dropping `place` gives it back.
        (self.waiting.fetch_add(1, Ordering::Relaxed) < max).then_some(place)
    }

    /// Records that a read of this topic failed.
    pub(super) fn fail(&self, topic: Arc<str>) {
        self.failed().insert(topic);
    }

    /// The topics of which a read failed since the last call.
    pub(super) fn take_failed(&self) -> HashSet<Arc<str>> {
        mem::take(&mut self.failed())
    }

    /// The expected size of an entry, in bytes.
    pub(super) fn entry_size(&self) -> usize {
        self.entry_size.load(Ordering::Relaxed)
    }

    /// Records the sizes of the entries of a page.
    pub(super) fn learn(&self, entries: &[Logged]) {
        let bytes: usize = entries.iter().map(Logged::size).sum();
        if let Some(average) = bytes.checked_div(entries.len()) {
            self.entry_size.store(average.max(1), Ordering::Relaxed);
        }
    }

    fn failed(&self) -> MutexGuard<'_, HashSet<Arc<str>>> {
        self.failed.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A place among the waiting clients.
pub(super) struct Place<'a>(&'a AtomicUsize);

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}
