//! The test service for the contract tests of event stream clients: see `HELP`.

#[path = "../shared/cli.rs"]
mod cli;
#[path = "../shared/signals.rs"]
mod signals;

use std::{
    collections::HashMap,
    convert::Infallible,
    error::Error,
    io::{self, Write},
    process::ExitCode,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use futures_util::StreamExt;
use http_body_util::{BodyExt, Full};
use hyper::{
    Method, Request, Response, StatusCode,
    body::{Bytes, Incoming},
    header::{HeaderMap, HeaderValue, LOCATION},
    server::conn::http1,
    service::service_fn,
};
use hyper_util::rt::TokioIo;
use lexopt::prelude::*;
use reqwest::{Body, Client};
use serde::Deserialize;
use serde_json::{Value as Json, json};
use sse_client::{EventId, EventSource, Failure, Handle, Policy, Update};
use tokio::{net::TcpListener, sync::Notify};

const HELP: &str = "\
Runs sse-client under the contract tests of LaunchDarkly for event stream clients.

  $ contract_service
  Listening on http://127.0.0.1:8000/, Ctrl-C stops
  $ sse-contract-tests --url http://127.0.0.1:8000

Usage: contract_service [--addr ADDR]

Options:
  --addr ADDR  Where to listen; with port 0 on a free port [default: 127.0.0.1:8000]
  -h, --help   Show this text

It connects to any requested URL, so let only tests reach it. Their `docs` describe the protocol.
";

/// The supported optional features. `event-type-listeners` is not one: all event types are delivered.
const CAPABILITIES: &[&str] = &[
    "bom",
    "comments",
    "headers",
    "last-event-id",
    "post",
    "read-timeout",
    "report",
    "restart",
    "server-directed-shutdown-request",
];

#[tokio::main(worker_threads = 1)]
async fn main() -> ExitCode {
    cli::end("contract_service", run().await)
}

async fn run() -> Result<ExitCode, Box<dyn Error>> {
    let mut addr = "127.0.0.1:8000".to_owned();
    let mut args = lexopt::Parser::from_env();
    while let Some(arg) = args.next()? {
        match arg {
            Long("addr") => addr = args.value()?.string()?,
            Short('h') | Long("help") => {
                cli::say(HELP);
                return Ok(ExitCode::SUCCESS);
            }
            other => return Err(other.unexpected().into()),
        }
    }
    let _ = rustls::crypto::ring::default_provider().install_default();
    let stopped = signals::stop()?;
    let listener =
        TcpListener::bind(&addr).await.map_err(|error| format!("cannot listen on {addr}: {error}"))?;
    writeln!(io::stdout(), "Listening on http://{}/, Ctrl-C stops", listener.local_addr()?)?;
    let service = Arc::new(Service::default());
    tokio::select! {
        never = serve(listener, service.clone()) => match never {},
        () = service.stopped.notified() => {}
        () = stopped => {}
    }
    Ok(ExitCode::SUCCESS)
}

async fn serve(listener: TcpListener, service: Arc<Service>) -> Infallible {
    loop {
        let Ok((socket, _)) = listener.accept().await else {
            tokio::time::sleep(Duration::from_millis(100)).await;
            continue;
        };
        let service = service.clone();
        let answer = service_fn(move |request| {
            let service = service.clone();
            async move { Ok::<_, Infallible>(service.answer(request).await) }
        });
        tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(socket), answer));
    }
}

/// The open streams, by number.
#[derive(Default)]
struct Service {
    streams: Mutex<HashMap<u64, Handle>>,
    stopped: Notify,
}

type Answer = Response<Full<Bytes>>;

impl Service {
    async fn answer(&self, request: Request<Incoming>) -> Answer {
        let method = request.method().clone();
        let stream = request.uri().path().strip_prefix("/streams/").and_then(|number| number.parse().ok());
        let is_root = request.uri().path() == "/";
        let body = request.into_body().collect().await.map(|body| body.to_bytes()).unwrap_or_default();
        match (method, stream) {
            (Method::GET, None) if is_root => {
                Response::new(json!({ "capabilities": CAPABILITIES }).to_string().into())
            }
            (Method::DELETE, None) if is_root => {
                self.stopped.notify_one();
                status(StatusCode::NO_CONTENT)
            }
            (Method::POST, None) if is_root => self.create(&body),
            (Method::POST, Some(stream)) => self.command(stream, &body),
            (Method::DELETE, Some(stream)) => self.close(stream),
            _ => status(StatusCode::NOT_FOUND),
        }
    }

    fn create(&self, body: &[u8]) -> Answer {
        let Some(source) = serde_json::from_slice(body).ok().and_then(Settings::source) else {
            return status(StatusCode::BAD_REQUEST);
        };
        let mut streams = self.streams.lock().unwrap_or_else(PoisonError::into_inner);
        let number = streams.keys().max().map_or(1, |last| last + 1);
        streams.insert(number, source.0);
        tokio::spawn(source.1);
        let mut answer = status(StatusCode::CREATED);
        if let Ok(location) = HeaderValue::try_from(format!("/streams/{number}")) {
            answer.headers_mut().insert(LOCATION, location);
        }
        answer
    }

    fn command(&self, stream: u64, body: &[u8]) -> Answer {
        let streams = self.streams.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(handle) = streams.get(&stream) else { return status(StatusCode::NOT_FOUND) };
        let command: Json = serde_json::from_slice(body).unwrap_or_default();
        if command["command"] != "restart" {
            return status(StatusCode::BAD_REQUEST);
        }
        handle.reconnect();
        status(StatusCode::ACCEPTED)
    }

    fn close(&self, stream: u64) -> Answer {
        match self.streams.lock().unwrap_or_else(PoisonError::into_inner).remove(&stream) {
            Some(handle) => {
                handle.close();
                status(StatusCode::NO_CONTENT)
            }
            None => status(StatusCode::NOT_FOUND),
        }
    }
}

fn status(status: StatusCode) -> Answer {
    let mut answer = Answer::default();
    *answer.status_mut() = status;
    answer
}

/// The settings of a stream.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Settings {
    stream_url: String,
    callback_url: String,
    read_timeout_ms: Option<u64>,
    last_event_id: Option<String>,
    #[serde(default)]
    headers: HashMap<String, String>,
    method: Option<String>,
    body: Option<String>,
}

impl Settings {
    /// The stream, and the future that reports its updates. `None` if a setting is wrong.
    fn source(self) -> Option<(Handle, impl Future<Output = ()> + Send)> {
        let method = Method::from_bytes(self.method.as_deref().unwrap_or("GET").as_bytes()).ok()?;
        let headers: HeaderMap = (&self.headers).try_into().ok()?;
        let url = reqwest::Url::parse(&self.stream_url).ok()?;
        let mut policy = Policy::feed();
        if let Some(timeout) = self.read_timeout_ms {
            policy = policy.idle(Duration::from_millis(timeout));
        }
        let http = Client::new();
        let mut source = EventSource::new(move |attempt| {
            let mut all = attempt.headers();
            all.extend(headers.clone());
            let request = http.request(method.clone(), url.clone()).headers(all);
            let request = if let Some(body) = &self.body { request.body(body.clone()) } else { request };
            let response = request.send();
            async { response.await.map(http::Response::from) }
        })
        .policy(policy)
        .from_last_event_id(EventId::lenient(self.last_event_id.unwrap_or_default()).ok()?);
        let handle = source.handle();
        let mut updates = source.updates();
        let report = async move {
            let mut callback = Callback { client: Client::new(), url: self.callback_url, number: 0 };
            while let Some(update) = updates.next().await {
                let Some(message) = message(update, updates.last_event_id()) else { continue };
                if let Err(error) = callback.send(&message).await {
                    let why = format!("cannot report to the tests: {error}");
                    return cli::complain("contract_service", &why);
                }
            }
        };
        Some((handle, report))
    }
}

/// Reports updates to the tests, each message in a separate, numbered request.
struct Callback {
    client: Client,
    url: String,
    number: u64,
}

impl Callback {
    async fn send(&mut self, message: &Json) -> reqwest::Result<()> {
        self.number += 1;
        let request = self.client.post(format!("{}/{}", self.url, self.number)).json(message);
        request.send().await.map(drop)
    }
}

fn message<E: Error>(
    update: Result<Update<reqwest::Error, Body>, E>,
    last_event_id: &EventId,
) -> Option<Json> {
    match update {
        Ok(Update::Event(event)) => {
            let (r#type, id) = (event.event_type(), last_event_id.as_str());
            let event = json!({ "type": r#type, "data": event.data(), "id": id });
            Some(json!({ "kind": "event", "event": event }))
        }
        Ok(Update::Comment(text)) => Some(json!({ "kind": "comment", "comment": text.as_str() })),
        // These are not errors.
        Ok(Update::Waiting { failure: Failure::Ended | Failure::Requested, .. }) => None,
        Ok(Update::Waiting { failure, .. }) => {
            Some(json!({ "kind": "error", "comment": failure.to_string() }))
        }
        Ok(_) => None,
        Err(error) => Some(json!({ "kind": "error", "comment": error.to_string() })),
    }
}
