//! The events of axum, encoded by its response.

use std::{convert::Infallible, time::Duration};

use axum::response::{IntoResponse, Sse, sse::Event};
use futures_util::stream;
use http_body_util::BodyExt;
use sse_conformance_adapters::{lines, text, write};

fn main() {
    let mut all_encoded = true;
    for line in lines() {
        let mut event = Event::default();
        if let Some(comment) = text(&line, "comment") {
            event = event.comment(comment);
        }
        if let Some(id) = text(&line, "id") {
            event = event.id(id);
        }
        if let Some(event_type) = text(&line, "event") {
            event = event.event(event_type);
        }
        if let Some(retry) = line["retry"].as_u64() {
            event = event.retry(Duration::from_millis(retry));
        } else if !line["retry"].is_null() {
            all_encoded = false;
            continue;
        }
        if let Some(data) = text(&line, "data") {
            event = event.data(data);
        }
        let response = Sse::new(stream::iter([Ok::<_, Infallible>(event)])).into_response();
        let body =
            futures_executor::block_on(response.into_body().collect()).expect("the body does not fail");
        write(&body.to_bytes());
    }
    std::process::exit(if all_encoded { 0 } else { 2 });
}
