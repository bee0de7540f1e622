//! An answer that is written word by word, like that of a language model, even while nobody listens.
//!
//! Each answer is a topic. A late reader gets it from the start, a disconnected one continues after its last event, and
//! a browser that has all of it does not reconnect.
//!
//! `cargo run --example generation`, then `curl -i http://127.0.0.1:8080/answers -d 'Why is the sky blue?'`, and at any
//! time, as often as you like: `curl -N http://127.0.0.1:8080/answers/1`
use std::{
    env, io,
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use axum::{
    Router,
    extract::{Path, State},
    http::{HeaderMap, StatusCode, header::LOCATION},
    response::{IntoResponse, Result},
    routing::{get, post},
};
use sse_axum::{Sse, last_event_id};
use sse_hub::{Hub, Start, Subscription, Topic, error::PublishError};
use tokio::net::TcpListener;

static ANSWERS: AtomicU64 = AtomicU64::new(1);

/// Begins an answer, and returns its location.
async fn ask(State(hub): State<Hub>, question: String) -> impl IntoResponse {
    let number = ANSWERS.fetch_add(1, Ordering::Relaxed);
    tokio::spawn(generate(hub.topic(number.to_string()), question));
    (StatusCode::CREATED, [(LOCATION, format!("/answers/{number}"))])
}

/// Writes the answer, whether anyone reads it or not.
async fn generate(answer: Topic, question: String) -> Result<(), PublishError> {
    let text = format!("You ask: {question} Nobody knows, and least of all this program.");
    for word in text.split_inclusive(' ') {
        tokio::time::sleep(Duration::from_millis(200)).await;
        answer.publish(word).await?;
    }
    answer.finish().await?;
    Ok(())
}

/// Reads an answer: from its start, or after the reader's last event.
async fn read(
    State(hub): State<Hub>,
    Path(number): Path<u64>,
    headers: HeaderMap,
) -> Result<Sse<Subscription>> {
    if !(1..ANSWERS.load(Ordering::Relaxed)).contains(&number) {
        return Err(StatusCode::NOT_FOUND.into());
    }
    let answer = hub.topic(number.to_string());
    let reader = answer.subscriber().last_event_id(last_event_id(&headers)).start(Start::Oldest);
    Ok(Sse::new(reader.open().await?)) // 204 for a reader that has seen the end
}

#[tokio::main]
async fn main() -> io::Result<()> {
    let app = Router::new()
        .route("/answers", post(ask))
        .route("/answers/{number}", get(read))
        .with_state(Hub::new());
    let listener = TcpListener::bind(env::args().nth(1).unwrap_or("127.0.0.1:8080".into())).await?;
    println!("Listening on http://{}/, Ctrl-C stops", listener.local_addr()?);
    axum::serve(listener, app).await
}
