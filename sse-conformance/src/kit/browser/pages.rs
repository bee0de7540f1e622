//! The page, the streams that it requests, and its report.

use std::{
    collections::BTreeMap,
    convert::Infallible,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use base64::{Engine, engine::general_purpose::STANDARD};
use bytes::Bytes;
use futures_util::{StreamExt, stream};
use http_body_util::{BodyExt, Full, Limited, StreamBody, combinators::UnsyncBoxBody};
use hyper::{
    Method, Request, Response, StatusCode,
    body::{Frame, Incoming},
    server::conn::http1,
    service::service_fn,
};
use hyper_util::rt::TokioIo;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::{net::TcpListener, sync::mpsc, time::sleep};

use crate::{kit::report::Outcome, vectors::Vector};

/// The largest report of a page, in bytes.
const MAX_REPORT: usize = 64 * 1024 * 1024;
/// The number of runs of the page whose requests are kept.
const MAX_RUNS: usize = 16;
/// The pause between two parts of a cut stream.
const PAUSE: Duration = Duration::from_millis(10);

type Body = UnsyncBoxBody<Bytes, Infallible>;

/// A server of the page.
pub(super) struct Pages {
    reports: mpsc::UnboundedReceiver<Result<PageReport, String>>,
}

/// The report of a page.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct PageReport {
    pub(super) user_agent: String,
    /// One for each vector, in order.
    pub(super) outcomes: Vec<Outcome>,
    pub(super) notes: Vec<String>,
}

struct Shared {
    /// The streams, as parts to send.
    streams: Vec<Vec<Bytes>>,
    /// The description of the streams for the page.
    vectors: Bytes,
    /// The requests of each run, by its number.
    runs: Mutex<BTreeMap<u64, Run>>,
    reports: mpsc::UnboundedSender<Result<PageReport, String>>,
}

/// The `Last-Event-ID` of each request for a stream, by the number of the stream.
type Run = BTreeMap<usize, Vec<Option<String>>>;

impl Pages {
    pub(super) fn serve(listener: TcpListener, vectors: &[Vector]) -> Self {
        let (sender, reports) = mpsc::unbounded_channel();
        let told: Vec<_> = vectors.iter().map(tell).collect();
        let shared = Arc::new(Shared {
            streams: vectors.iter().map(parts).collect(),
            vectors: Value::from(told).to_string().into(),
            runs: Mutex::default(),
            reports: sender,
        });
        tokio::spawn(async move {
            loop {
                let Ok((stream, _)) = listener.accept().await else { continue };
                let shared = shared.clone();
                let service = service_fn(move |request| {
                    let shared = shared.clone();
                    async move { Ok::<_, Infallible>(shared.answer(request).await) }
                });
                tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
            }
        });
        Self { reports }
    }

    /// The next report of a page, or why it is invalid. `None` if the server has ended.
    pub(super) async fn report(&mut self) -> Option<Result<PageReport, String>> {
        self.reports.recv().await
    }
}

fn tell(vector: &Vector) -> Value {
    let events = vector.events.iter().map(|event| json!([event.event_type, event.data, event.last_event_id]));
    json!({
        "name": vector.name,
        "category": vector.category,
        "why": vector.why,
        "input": STANDARD.encode(&vector.input),
        "events": events.collect::<Vec<_>>(),
        "lastEventId": vector.final_last_event_id,
        // As a float: some do not fit an integer of JavaScript, and it only matters whether it is long.
        "retry": vector.retry.map(|retry| retry as f64),
    })
}

fn parts(vector: &Vector) -> Vec<Bytes> {
    let input = Bytes::copy_from_slice(&vector.input);
    let ends = vector.splits.iter().copied().chain([input.len()]);
    let mut start = 0;
    ends.map(|end| input.slice(std::mem::replace(&mut start, end)..end)).collect()
}

impl Shared {
    async fn answer(&self, request: Request<Incoming>) -> Response<Body> {
        let query = request.uri().query().unwrap_or_default().to_owned();
        match (request.method(), request.uri().path()) {
            (&Method::GET, "/") => text("text/html; charset=utf-8", include_str!("page.html")),
            (&Method::GET, "/vectors") => text("application/json", self.vectors.clone()),
            (&Method::GET, "/stream") => self.stream(&request, &query),
            (&Method::GET, "/seen") => self.seen(&query),
            (&Method::POST, "/report") => {
                let body = Limited::new(request.into_body(), MAX_REPORT).collect().await;
                let report = match body {
                    Ok(body) => serde_json::from_slice(&body.to_bytes()).map_err(|error| error.to_string()),
                    Err(error) => Err(error.to_string()),
                };
                // The receiver may be gone.
                let _ = self
                    .reports
                    .send(report.map_err(|error| format!("the report of the page is invalid: {error}")));
                empty(StatusCode::NO_CONTENT)
            }
            _ => empty(StatusCode::NOT_FOUND),
        }
    }

    /// The stream for the first request; later ones get 204, so that the browser stops.
    fn stream(&self, request: &Request<Incoming>, query: &str) -> Response<Body> {
        let (Some(run), Some(number)) = (value(query, "run"), value(query, "number")) else {
            return empty(StatusCode::BAD_REQUEST);
        };
        let number = usize::try_from(number).unwrap_or(usize::MAX);
        let Some(parts) = self.streams.get(number) else { return empty(StatusCode::NOT_FOUND) };
        let id = request.headers().get("last-event-id");
        let id = id.map(|id| String::from_utf8_lossy(id.as_bytes()).into_owned());
        let mut runs = self.runs.lock().unwrap_or_else(PoisonError::into_inner);
        let requests = runs.entry(run).or_default().entry(number).or_default();
        requests.push(id);
        let is_first = requests.len() == 1;
        while runs.len() > MAX_RUNS {
            runs.pop_first();
        }
        if !is_first {
            return empty(StatusCode::NO_CONTENT);
        }
        let frames = stream::iter(parts.clone().into_iter().enumerate()).then(async |(number, part)| {
            if number > 0 {
                sleep(PAUSE).await;
            }
            Ok(Frame::data(part))
        });
        let frames = Box::pin(frames);
        let mut response = Response::new(StreamBody::new(frames).boxed_unsync());
        let headers = response.headers_mut();
        headers.insert("content-type", hyper::header::HeaderValue::from_static("text/event-stream"));
        headers.insert("cache-control", hyper::header::HeaderValue::from_static("no-store"));
        response
    }

    /// For each stream that was requested twice: its number, and the id of the second request.
    fn seen(&self, query: &str) -> Response<Body> {
        let runs = self.runs.lock().unwrap_or_else(PoisonError::into_inner);
        let run = value(query, "run").and_then(|run| runs.get(&run));
        let seen = run
            .into_iter()
            .flatten()
            .filter_map(|(number, ids)| Some((number.to_string(), ids.get(1)?.clone())));
        let seen: serde_json::Map<_, _> =
            seen.map(|(number, id)| (number, id.unwrap_or_default().into())).collect();
        text("application/json", Value::from(seen).to_string())
    }
}

/// A number in a query.
fn value(query: &str, name: &str) -> Option<u64> {
    query.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('=')?.parse().ok())
}

fn text(content_type: &'static str, text: impl Into<Bytes>) -> Response<Body> {
    let mut response = Response::new(Full::new(text.into()).boxed_unsync());
    response.headers_mut().insert("content-type", hyper::header::HeaderValue::from_static(content_type));
    response
}

fn empty(status: StatusCode) -> Response<Body> {
    let mut response = Response::new(Body::default());
    *response.status_mut() = status;
    response
}
