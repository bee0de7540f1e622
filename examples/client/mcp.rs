//! Calls a tool of an MCP server (Streamable HTTP), and prints its messages up to the result. `cargo run --example mcp
//! -- http://127.0.0.1:3000/mcp`
use std::{env, error::Error};

use futures_util::StreamExt;
use serde_json::{Value, json};
use sse_client::{EventSource, Policy};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let _ = rustls::crypto::ring::default_provider().install_default(); // for `rustls-no-provider`
    let url = env::args().nth(1).ok_or("usage: mcp URL")?;
    let call = json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": { "name": "count" } });
    let is_result = |message: &str| serde_json::from_str::<Value>(message).is_ok_and(|json| json["id"] == 1);
    let http = reqwest::Client::new();
    let mut answer = EventSource::new(|attempt| {
        // The call is sent once. If the answer breaks off, the next request fetches the rest.
        let is_first = attempt.last_event_id().is_none();
        let request = if is_first { http.post(&url).json(&call) } else { http.get(&url) };
        let request = request.headers(attempt.headers()).header("accept", "application/json").send();
        async { request.await.map(reqwest::Response::into) }
    })
    .policy(Policy::after_event_id())
    .ends_with(move |event| is_result(event.data()));
    while let Some(event) = answer.next().await {
        match event {
            Ok(event) if event.data().is_empty() => {} // only an id
            Ok(event) => println!("{}", event.data()),
            Err(error) if error.status() == Some(reqwest::StatusCode::OK) => {
                // The answer is JSON, not events.
                let response = error.into_response().ok_or("no answer")?;
                println!("{}", reqwest::Response::from(response).text().await?);
            }
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}
