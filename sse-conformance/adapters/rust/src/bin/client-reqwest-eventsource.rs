//! Its stream, with its defaults, until it gives up.

use futures_util::StreamExt;
use reqwest_eventsource::{Event, EventSource};
use sse_conformance_adapters::{error, event};

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let url = std::env::args().nth(1).expect("a URL");
    let mut events = EventSource::get(url);
    while let Some(item) = events.next().await {
        match item {
            Ok(Event::Open) => {}
            Ok(Event::Message(item)) => event(&item.event, &item.data, &item.id),
            Err(reason) => error(reason),
        }
    }
}
