//! A client for the command line: see `HELP` in `flags.rs`.

#[path = "../../shared/cli.rs"]
mod cli;
mod flags;
#[path = "../../shared/json.rs"]
mod json;
mod output;
#[path = "../../shared/signals.rs"]
mod signals;
mod state;

use std::{
    error::Error,
    fs,
    process::{self, ExitCode},
    time::Duration,
};

use futures_util::{FutureExt, StreamExt};
use reqwest::{Body, Certificate, Client, Response};
use sse_client::{Attempt, Ending, EventSource, Failure, Handle, Update};
use tokio::time;

use flags::Flags;
use output::{Output, whole};

/// How many bytes of a refusal are printed.
const MAX_REFUSAL: usize = 64 * 1024;

type ClientError = sse_client::Error<reqwest::Error, Body>;

#[tokio::main(worker_threads = 1)]
async fn main() -> ExitCode {
    cli::end("client", run().await)
}

async fn run() -> Result<ExitCode, Box<dyn Error>> {
    let Some(flags) = Flags::parse()? else {
        cli::say(flags::HELP);
        return Ok(ExitCode::SUCCESS);
    };
    let stopped = signals::stop()?;
    let last_event_id = match (&flags.last_event_id, &flags.state) {
        (Some(id), _) => id.clone(),
        (None, Some(file)) => state::read(file)?,
        (None, None) => Default::default(),
    };
    let _ = rustls::crypto::ring::default_provider().install_default();
    let mut http = http_client(&flags)?;
    let mut source = EventSource::new(|attempt: Attempt| {
        if attempt.wants_new_connection() {
            // The old client could reuse the dead connection.
            http = http_client(&flags).unwrap_or_else(|_| http.clone());
        }
        let mut headers = attempt.headers();
        headers.extend(flags.headers.clone());
        let request = http.request(flags.method.clone(), flags.url.clone()).headers(headers);
        let request = if let Some(body) = &flags.data { request.body(body.clone()) } else { request };
        let response = request.send();
        async { response.await.map(http::Response::from) }
    })
    .policy(flags.policy.clone())
    .from_last_event_id(last_event_id);
    if let Some(last) = flags.until.clone() {
        source = source.ends_with(move |event| event.data() == last);
    }
    let mut updates = source.updates();
    tokio::spawn(close_when(stopped, updates.handle()));

    let mut output = Output::new(flags.json, flags.comments);
    let end = loop {
        // Available updates are written together.
        let update = match updates.next().now_or_never() {
            Some(update) => update,
            None => {
                output.flush()?;
                updates.next().await
            }
        };
        match update {
            Some(Ok(Update::Event(event))) => output.event(&event, updates.last_event_id())?,
            Some(Ok(Update::Ended(ending))) => break Ok(ending),
            Some(Ok(update)) => {
                output.update(&update)?;
                if let (Update::LastEventId { id, .. }, Some(file)) = (&update, &flags.state) {
                    // Only after the event is written: after a restart it does not come again.
                    output.flush()?;
                    state::write(file, id)?;
                }
            }
            Some(Err(error)) => break Err(error),
            None => return Err("the stream ended without a reason".into()),
        }
    };
    let (name, code) = end_of(&end);
    output.end(updates.last_event_id(), updates.retry(), name)?;
    if let Err(error) = end {
        explain(error).await;
    }
    Ok(code.into())
}

fn http_client(flags: &Flags) -> Result<Client, Box<dyn Error>> {
    let mut builder = Client::builder();
    if let Some(file) = &flags.cacert {
        let pem = fs::read(file).map_err(|error| format!("{}: {error}", file.display()))?;
        builder = builder.tls_certs_only(Certificate::from_pem_bundle(&pem)?);
    }
    builder.build().map_err(|error| whole(&error).into())
}

/// Ends the stream, and soon after that the program, even if nobody reads its output.
async fn close_when(stopped: impl Future<Output = ()>, handle: Handle) {
    stopped.await;
    handle.close();
    time::sleep(Duration::from_millis(500)).await;
    process::exit(0)
}

/// The name of an end, and its exit code: see `HELP`.
fn end_of(end: &Result<Ending, ClientError>) -> (&'static str, u8) {
    match end {
        Ok(Ending::NoContent) => ("no-content", 0),
        Ok(Ending::Matched) => ("until", 0),
        Ok(Ending::Closed) => ("closed", 0),
        Ok(_) => ("ended", 0),
        Err(ClientError::Failed(Failure::Refused(_))) => ("refused", 2),
        Err(ClientError::Failed(_)) => ("failed", 3),
        Err(ClientError::GaveUp(_)) => ("gave-up", 3),
        Err(ClientError::WaitTooLong { .. }) => ("wait-too-long", 3),
        Err(ClientError::Truncated(_)) => ("truncated", 4),
        Err(ClientError::TooLarge(_)) => ("too-large", 4),
        Err(_) => ("failed", 1),
    }
}

/// Prints the error, with the answer of the server.
async fn explain(error: ClientError) {
    cli::complain("client", &whole(&error));
    let Some(response) = error.into_response() else { return };
    let mut response = Response::from(response);
    if let Some(location) = response.headers().get("location") {
        cli::complain("client", &format!("its location is {}", String::from_utf8_lossy(location.as_bytes())));
    }
    let mut body = Vec::new();
    while let Ok(Ok(Some(chunk))) = time::timeout(Duration::from_secs(5), response.chunk()).await {
        body.extend_from_slice(&chunk);
        if body.len() > MAX_REFUSAL {
            break;
        }
    }
    let body = String::from_utf8_lossy(&body);
    for line in body.lines().filter(|line| !line.is_empty()) {
        cli::complain("client", line);
    }
}
