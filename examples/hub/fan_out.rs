//! The shortest hub: all clients of `GET /events` get the events of `POST /events`, even those published while they
//! were disconnected. `cargo run --example fan_out`, then `curl -N http://127.0.0.1:8080/events` and `curl
//! http://127.0.0.1:8080/events -d 'Hello, all!'`
use std::{env, io};

use axum::{Router, extract::State, http::HeaderMap, response::Result, routing::get};
use sse_axum::{Sse, last_event_id};
use sse_hub::{Hub, Subscription};
use tokio::net::TcpListener;

async fn listen(State(hub): State<Hub>, headers: HeaderMap) -> Result<Sse<Subscription>> {
    Ok(Sse::new(hub.topic("news").subscribe(last_event_id(&headers)).await?))
}

async fn say(State(hub): State<Hub>, text: String) -> Result<String> {
    Ok(format!("{}\n", hub.topic("news").publish(text).await?))
}

#[tokio::main]
async fn main() -> io::Result<()> {
    let app = Router::new().route("/events", get(listen).post(say)).with_state(Hub::new());
    let listener = TcpListener::bind(env::args().nth(1).unwrap_or("127.0.0.1:8080".into())).await?;
    println!("Listening on http://{}/, Ctrl-C stops", listener.local_addr()?);
    axum::serve(listener, app).await
}
