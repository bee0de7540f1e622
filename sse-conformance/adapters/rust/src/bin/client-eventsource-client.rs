//! Its stream, with its defaults, until it gives up. It reports only the ids of events, so the last one is kept here.

use eventsource_client::{Client, ClientBuilder, SSE};
use futures_util::StreamExt;
use sse_conformance_adapters::{error, event};

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let url = std::env::args().nth(1).expect("a URL");
    let client = ClientBuilder::for_url(&url).expect("a URL").build_http();
    let mut events = client.stream();
    let mut last_event_id = String::new();
    while let Some(item) = events.next().await {
        match item {
            Ok(SSE::Event(item)) => {
                last_event_id = item.id.unwrap_or(last_event_id);
                event(&item.event_type, &item.data, &last_event_id);
            }
            Ok(_) => {}
            Err(reason) => error(reason),
        }
    }
}
