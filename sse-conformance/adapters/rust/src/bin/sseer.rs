//! Its stream, over the chunks.

use futures_util::StreamExt;
use serde_json::json;
use sse_conformance_adapters::{error, event, last, stream};
use sseer::EventStream;

fn main() {
    let mut events = EventStream::new(stream());
    futures_executor::block_on(async {
        // It continues after errors. It reports the reconnection time only with events.
        while let Some(item) = events.next().await {
            match item {
                Ok(item) => event(&item.event, &item.data, &item.id),
                Err(reason) => error(reason),
            }
        }
    });
    last(json!({ "lastEventId": &**events.last_event_id() }));
}
