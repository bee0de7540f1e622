//! The tasks that wait for the next event of a topic.

use std::{
    mem, ptr,
    task::{RawWakerVTable, Waker},
};

/// A place for one waker, which a subscription keeps as long as it lives.
#[derive(Debug)]
pub(crate) struct Slot {
    index: usize,
    /// The identity of the waker that was stored last.
    waker: Identity,
    /// The count of changes when it was stored. A change removes it.
    changes: u64,
}

/// The wakers of a topic: at most one for each slot, however often the slot is used.
#[derive(Debug, Default)]
pub(crate) struct Wakers {
    /// The stored wakers, each with its slot.
    waiting: Vec<(usize, Waker)>,
    /// For each slot, the index of its waker in `waiting`.
    slots: Vec<Option<usize>>,
    /// Unused slots.
    free: Vec<usize>,
}

impl Wakers {
    /// Stores a waker for the next event. Returns the one that it replaces, to be dropped outside the lock: the last
    /// waker of a task drops the task, and perhaps a subscription.
    pub(crate) fn wait(&mut self, slot: &mut Option<Slot>, waker: &Waker, changes: u64) -> Option<Waker> {
        let index = slot.take().map_or_else(|| self.allocate(), |slot| slot.index);
        *slot = Some(Slot { index, waker: Identity::of(waker), changes });
        match self.slots[index].map(|place| &mut self.waiting[place].1) {
            Some(same) if same.will_wake(waker) => None,
            Some(other) => Some(mem::replace(other, waker.clone())),
            None => {
                self.slots[index] = Some(self.waiting.len());
                self.waiting.push((index, waker.clone()));
                None
            }
        }
    }

    /// The number of stored wakers.
    pub(crate) fn waiting(&self) -> usize {
        self.waiting.len()
    }

    /// Frees a slot. Returns its waker, to be dropped outside the lock.
    pub(crate) fn free(&mut self, slot: Slot) -> Option<Waker> {
        self.free.push(slot.index);
        let place = self.slots[slot.index].take()?;
        let (_, waker) = self.waiting.swap_remove(place);
        if let Some((moved, _)) = self.waiting.get(place) {
            self.slots[*moved] = Some(place);
        }
        Some(waker)
    }

    /// Removes all wakers, so that they can be woken outside the lock.
    pub(crate) fn take(&mut self) -> Woken {
        for (slot, _) in &self.waiting {
            self.slots[*slot] = None;
        }
        Woken(mem::take(&mut self.waiting))
    }

    /// Reuses the buffer for the next wakers.
    pub(crate) fn reuse(&mut self, woken: Woken) {
        if self.waiting.is_empty() {
            self.waiting = woken.0;
        }
    }

    fn allocate(&mut self) -> usize {
        self.free.pop().unwrap_or_else(|| {
            self.slots.push(None);
            self.slots.len() - 1
        })
    }
}

impl Slot {
    /// Whether this waker is still stored. An address is not reused before the waker is removed, which is a change.
    pub(crate) fn has(&self, waker: &Waker, changes: u64) -> bool {
        self.changes == changes && self.waker == Identity::of(waker)
    }
}

/// What [`Waker::will_wake`] compares.
#[derive(Clone, Copy, Debug)]
struct Identity {
    data: usize,
    vtable: &'static RawWakerVTable,
}

impl Identity {
    fn of(waker: &Waker) -> Self {
        Self { data: waker.data().addr(), vtable: waker.vtable() }
    }
}

impl PartialEq for Identity {
    fn eq(&self, other: &Self) -> bool {
        self.data == other.data && ptr::eq(self.vtable, other.vtable)
    }
}

/// Wakers that were removed to be woken.
#[derive(Debug)]
pub(crate) struct Woken(Vec<(usize, Waker)>);

impl Woken {
    /// Wakes them. Returns whether there were any.
    pub(crate) fn wake(&mut self) -> bool {
        let is_any = !self.0.is_empty();
        self.0.drain(..).for_each(|(_, waker)| waker.wake());
        is_any
    }
}
