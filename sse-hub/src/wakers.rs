//! The tasks that wait for the next event of a topic.

use std::{mem, task::Waker};

/// A place for one waker, which a subscription keeps as long as it lives.
#[derive(Debug)]
pub(crate) struct Slot(usize);

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
    pub(crate) fn wait(&mut self, slot: &mut Option<Slot>, waker: &Waker) -> Option<Waker> {
        let &mut Slot(slot) = slot.get_or_insert_with(|| self.allocate());
        match self.slots[slot].map(|place| &mut self.waiting[place].1) {
            Some(same) if same.will_wake(waker) => None,
            Some(other) => Some(mem::replace(other, waker.clone())),
            None => {
                self.slots[slot] = Some(self.waiting.len());
                self.waiting.push((slot, waker.clone()));
                None
            }
        }
    }

    /// The number of stored wakers.
    pub(crate) fn waiting(&self) -> usize {
        self.waiting.len()
    }

    /// Frees a slot. Returns its waker, to be dropped outside the lock.
    pub(crate) fn free(&mut self, Slot(slot): Slot) -> Option<Waker> {
        self.free.push(slot);
        let place = self.slots[slot].take()?;
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

    fn allocate(&mut self) -> Slot {
        Slot(self.free.pop().unwrap_or_else(|| {
            self.slots.push(None);
            self.slots.len() - 1
        }))
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
