//! Follows a feed for years: after a restart it continues after the last handled event. `cargo run --example ping`, and
//! then `cargo run --example feed -- http://127.0.0.1:8080/sse last-event-id.txt`
use std::{env, error::Error, fs};

use futures_util::StreamExt;
use http_body_util::Empty;
use hyper::{Request, Uri, body::Bytes};
use hyper_util::{client::legacy::Client, rt::TokioExecutor};
use sse_client::{EventId, EventSource, Update};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut args = env::args().skip(1);
    let (url, file) = args.next().zip(args.next()).ok_or("usage: feed URL FILE")?;
    let url: Uri = url.parse()?;
    let seen = if fs::exists(&file)? { fs::read_to_string(&file)? } else { String::new() };
    let client = Client::builder(TokioExecutor::new()).build_http();
    let mut feed = EventSource::new(|attempt| {
        let mut request = Request::new(Empty::<Bytes>::new());
        *request.uri_mut() = url.clone();
        *request.headers_mut() = attempt.headers();
        client.request(request)
    })
    .from_last_event_id(EventId::lenient(seen.trim_end_matches(['\r', '\n']))?)
    .updates();
    while let Some(update) = feed.next().await {
        match update? {
            Update::Event(event) => {
                println!("{}: {}", event.event_type(), event.data());
                // The event is handled. The rename keeps the file complete at any time.
                fs::write(format!("{file}.new"), feed.last_event_id().as_str())?;
                fs::rename(format!("{file}.new"), &file)?;
            }
            Update::Waiting { failure, wait } => eprintln!("{failure}; again in {:.1?}", wait.delay),
            _ => {}
        }
    }
    Ok(())
}
