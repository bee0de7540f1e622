//! Prints the answer of a language model as it comes, with the API that many services share. Offline: `cargo run
//! --example llm_server`, then `OPENAI_API_KEY=any cargo run --example llm -- "Why is the sky blue?"`.
use std::{env, error::Error, io::Write};

use futures_util::StreamExt;
use serde_json::{Value, json};
use sse_client::{EventSource, Policy};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let _ = rustls::crypto::ring::default_provider().install_default(); // for `rustls-no-provider`
    let url = env::var("OPENAI_BASE_URL").unwrap_or("http://127.0.0.1:8090/v1".into()) + "/chat/completions";
    let question = env::args().nth(1).unwrap_or("Why is the sky blue?".into());
    let message = json!({ "role": "user", "content": question });
    let body = json!({ "model": "gpt-5-mini", "stream": true, "messages": [message] });
    let http = reqwest::Client::new();
    let mut answer = EventSource::new(|attempt| {
        let token = env::var("OPENAI_API_KEY").unwrap_or_default(); // a fresh one for each attempt
        let request = http.post(&url).headers(attempt.headers()).bearer_auth(token).json(&body).send();
        async { request.await.map(reqwest::Response::into) }
    })
    .policy(Policy::until_first_event().attempts(4)) // no second request once there is text
    .ends_with(|event| event.data() == "[DONE]");
    while let Some(event) = answer.next().await {
        match event {
            Ok(event) if event.data() == "[DONE]" => println!(),
            Ok(event) => {
                let chunk: Value = serde_json::from_str(event.data())?;
                print!("{}", chunk["choices"][0]["delta"]["content"].as_str().unwrap_or_default());
                std::io::stdout().flush()?;
            }
            Err(error) => {
                eprintln!("{error}");
                let response = error.into_response().ok_or("the answer is incomplete")?;
                return Err(reqwest::Response::from(response).text().await?.into());
            }
        }
    }
    Ok(())
}
