//! The clients: each connects, reads a number of events, and returns the number of bytes of their data.

use std::pin::Pin;

use eventsource_stream::Eventsource;
use futures_util::StreamExt;
use http_body_util::Empty;
use hyper::{Request, body::Bytes};
use hyper_util::{client::legacy, rt::TokioExecutor};

type Run = fn(&str, usize) -> Pin<Box<dyn Future<Output = usize> + '_>>;

/// The first is the bare loop, which never reconnects.
pub(crate) const CLIENTS: [(&str, Run); 6] = [
    ("loop over bytes_stream with eventsource-stream", |url, events| Box::pin(bare(url, events))),
    ("sse-client on reqwest", |url, events| Box::pin(on_reqwest(url, events))),
    ("sse-client on hyper-util", |url, events| Box::pin(on_hyper_util(url, events))),
    ("reqwest-eventsource 0.6", |url, events| Box::pin(reqwest_eventsource(url, events))),
    ("eventsource-client 0.16", |url, events| Box::pin(eventsource_client(url, events))),
    ("sseer 0.3", |url, events| Box::pin(sseer(url, events))),
];

async fn bare(url: &str, events: usize) -> usize {
    let response = reqwest::get(url).await.expect("an answer");
    let mut stream = response.bytes_stream().eventsource();
    let mut bytes = 0;
    for _ in 0..events {
        bytes += stream.next().await.expect("an event").expect("no error").data.len();
    }
    bytes
}

async fn on_reqwest(url: &str, events: usize) -> usize {
    let client = reqwest::Client::new();
    let mut stream = sse_client::EventSource::new(|attempt| {
        let request = client.get(url).headers(attempt.headers()).send();
        async { request.await.map(http::Response::from) }
    });
    let mut bytes = 0;
    for _ in 0..events {
        bytes += stream.next().await.expect("an event").expect("no error").data().len();
    }
    bytes
}

async fn on_hyper_util(url: &str, events: usize) -> usize {
    let client = legacy::Client::builder(TokioExecutor::new()).build_http::<Empty<Bytes>>();
    let mut stream = sse_client::EventSource::new(|attempt| {
        let mut request = Request::get(url).body(Empty::new()).expect("a request");
        request.headers_mut().extend(attempt.headers());
        client.request(request)
    });
    let mut bytes = 0;
    for _ in 0..events {
        bytes += stream.next().await.expect("an event").expect("no error").data().len();
    }
    bytes
}

async fn reqwest_eventsource(url: &str, events: usize) -> usize {
    use reqwest_eventsource::Event;

    let mut stream = reqwest_eventsource::EventSource::get(url);
    let (mut bytes, mut left) = (0, events);
    while left > 0 {
        if let Event::Message(event) = stream.next().await.expect("an event").expect("no error") {
            bytes += event.data.len();
            left -= 1;
        }
    }
    bytes
}

async fn eventsource_client(url: &str, events: usize) -> usize {
    use eventsource_client::{Client, ClientBuilder, SSE};

    let client = ClientBuilder::for_url(url).expect("a URL").build_http();
    let mut stream = client.stream();
    let (mut bytes, mut left) = (0, events);
    while left > 0 {
        if let SSE::Event(event) = stream.next().await.expect("an event").expect("no error") {
            bytes += event.data.len();
            left -= 1;
        }
    }
    bytes
}

async fn sseer(url: &str, events: usize) -> usize {
    use sseer::reqwest::StreamEvent;

    let request = reqwest::Client::new().get(url);
    let mut stream = sseer::reqwest::EventSource::new(request).expect("a request");
    let (mut bytes, mut left) = (0, events);
    while left > 0 {
        if let StreamEvent::Event(event) = stream.next().await.expect("an event").expect("no error") {
            bytes += event.data.len();
            left -= 1;
        }
    }
    bytes
}
