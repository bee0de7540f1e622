//! The keys of kept events, for `publish_once`.

use std::{
    collections::{HashMap, VecDeque},
    sync::Arc,
};

use crate::Position;

/// The keys of the events that are kept.
#[derive(Debug, Default)]
pub(crate) struct Keys {
    positions: HashMap<Arc<str>, Position>,
    /// Oldest first.
    order: VecDeque<(Position, Arc<str>)>,
}

impl Keys {
    /// The position of the event with this key.
    pub(crate) fn get(&self, key: &str) -> Option<Position> {
        self.positions.get(key).copied()
    }

    /// Remembers the key of the latest event.
    pub(crate) fn insert(&mut self, key: &str, position: Position) {
        let key: Arc<str> = key.into();
        self.order.push_back((position, key.clone()));
        self.positions.insert(key, position);
    }

    /// Forgets the keys of events that are no longer kept.
    pub(crate) fn forget_up_to(&mut self, floor: Position) {
        while let Some((_, key)) = self.order.front().filter(|(position, _)| *position <= floor) {
            self.positions.remove(key);
            self.order.pop_front();
        }
    }
}
