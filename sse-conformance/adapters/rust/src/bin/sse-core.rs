//! Its decoder, chunk by chunk.

use serde_json::json;
use sse_conformance_adapters::{chunks, error, event, last};
use sse_core::{SseDecoder, SseEvent};

fn main() {
    let mut decoder = SseDecoder::new();
    let mut retry = None;
    for mut chunk in chunks() {
        while let Some(item) = decoder.next(&mut chunk) {
            match item {
                Ok(SseEvent::Message(item)) => {
                    event(&item.event, &item.data, item.last_event_id.as_deref().unwrap_or_default());
                }
                Ok(SseEvent::Retry(milliseconds)) => retry = Some(milliseconds),
                Err(reason) => error(reason),
            }
        }
    }
    last(json!({ "lastEventId": decoder.last_event_id().map_or("", |id| id), "retry": retry }));
}
