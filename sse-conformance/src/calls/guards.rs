//! The guards of a decoder: called, called again, dropped early, leaked.

use std::mem;

use bytes::Bytes;
use sse_codec::{
    Decoder,
    decode::{Events, Item, ItemRef},
};

use super::{Asks, Step, check, model::Model};
use crate::levels::{borrowed, ms, owned};

/// Decodes a chunk into borrowed items.
pub(super) fn lend(decoder: &mut Decoder, model: &mut Model, chunk: &[u8], step: Step) {
    let mut events = decoder.decode(chunk);
    model.give(chunk);
    let mut is_asked = false;
    let same_state = |events: &Events<'_>, model: &Model| {
        assert_eq!(events.last_event_id(), model.last_event_id());
        assert_eq!(ms(events.retry()), model.retry());
    };
    same_state(&events, model);
    step.asks.each(|for_item| {
        is_asked = true;
        let output = if for_item {
            events.next_item().map(borrowed)
        } else {
            events.next_event().map(|event| borrowed(event.map(ItemRef::Event)))
        };
        assert_eq!(output, model.next(for_item), "asked for an item: {for_item}");
        same_state(&events, model);
        output.is_some()
    });
    if is_asked {
        model.end_line();
    }
    if step.leaks {
        mem::forget(events);
        model.lose();
    }
}

/// The same with owned items.
pub(super) fn own(decoder: &mut Decoder, model: &mut Model, chunk: &[u8], step: Step) {
    let mut items = decoder.decode_bytes(Bytes::copy_from_slice(chunk)).items();
    model.give(chunk);
    let mut is_asked = false;
    step.asks.each(|for_item| {
        is_asked = true;
        let item =
            if for_item { items.next() } else { items.get_mut().next().map(|event| event.map(Item::Event)) };
        let output = item.map(|item| owned(item, items.last_event_id()));
        assert_eq!(output, model.next(for_item), "asked for an item: {for_item}");
        assert_eq!(items.last_event_id(), model.last_event_id());
        assert_eq!(ms(items.retry()), model.retry());
        output.is_some()
    });
    if is_asked {
        model.end_line();
    }
    if step.leaks {
        mem::forget(items);
        model.lose();
    }
}

/// Reads all unread input and this chunk.
pub(super) fn read(decoder: &mut Decoder, model: &mut Model, chunk: &[u8]) {
    let step = Step { what: super::what::LENT, len: chunk.len(), asks: Asks::ALL, leaks: false };
    lend(decoder, model, chunk, step);
    check(decoder, model);
}
