//! Its stream over bytes yields blocks. The steps that its documentation leaves to the caller are here: a block without
//! data is no event, the default type is `message`, and an id stays until the next.

use futures_util::StreamExt;
use serde_json::json;
use sse_conformance_adapters::{error, event, last, stream};
use sse_stream::SseByteStream;

fn main() {
    let mut blocks = SseByteStream::new(stream());
    let (mut last_event_id, mut retry) = (String::new(), None);
    futures_executor::block_on(async {
        while let Some(block) = blocks.next().await {
            match block {
                Ok(block) => {
                    last_event_id = block.id.unwrap_or(last_event_id.clone());
                    retry = block.retry.or(retry);
                    if let Some(data) = block.data {
                        let event_type = block.event.filter(|event_type| !event_type.is_empty());
                        event(event_type.as_deref().unwrap_or("message"), &data, &last_event_id);
                    }
                }
                Err(reason) => error(reason),
            }
        }
    });
    last(json!({ "lastEventId": last_event_id, "retry": retry }));
}
