//! The routes of the program.

use std::time::Duration;

use axum::{
    Router,
    body::Bytes,
    extract::{DefaultBodyLimit, Path, Query, Request, State},
    http::{HeaderMap, StatusCode, Uri, Version, header},
    middleware::{self, Next},
    response::{Html, IntoResponse, Response},
    routing::{get, post},
};
use serde::Deserialize;
use sse_axum::{Event, EventType, Sse, last_event_id_or_query};
use sse_hub::{Hub, Start};
use tokio::sync::watch;

use crate::shared::{server, silence};

/// The state that all requests share.
#[derive(Clone)]
pub(crate) struct App {
    pub(crate) hub: Hub,
    pub(crate) max_event: usize,
    pub(crate) silence: Duration,
    /// Changes when the server stops.
    pub(crate) stopping: watch::Receiver<()>,
}

const BYE: EventType = EventType::from_static("bye");

/// Clients reconnect at random times within this time after the server stops.
const COME_BACK: Duration = Duration::from_secs(2);

pub(crate) fn router(app: App) -> Router {
    Router::new()
        .route("/", get(|| async { Html(include_str!("page.html")) }))
        .route("/topics/{name}", get(stream).head(head).post(publish))
        .route("/topics/{name}/finish", post(finish))
        // The hub checks the size of the event as it is sent. This limits how much of the body is read.
        .layer(DefaultBodyLimit::max(app.max_event))
        .layer(middleware::from_fn(with_host))
        .with_state(app)
}

/// > A server MUST respond with a 400 (Bad Request) status code to any HTTP/1.1 request message that lacks a Host header
/// > field.
///
/// hyper leaves that to the service.
async fn with_host(request: Request, next: Next) -> Response {
    if request.version() == Version::HTTP_11 && !request.headers().contains_key(header::HOST) {
        return StatusCode::BAD_REQUEST.into_response();
    }
    next.run(request).await
}

/// The query of a request for a stream.
#[derive(Deserialize)]
struct From {
    /// How many of the kept events a new client gets.
    last: Option<usize>,
}

async fn stream(
    State(app): State<App>,
    Path(name): Path<String>,
    Query(from): Query<From>,
    uri: Uri,
    headers: HeaderMap,
) -> Response {
    let last_event_id = last_event_id_or_query(&headers, &uri, "last_event_id");
    let subscriber = app.hub.topic(name).subscriber().last_event_id(last_event_id);
    match subscriber.start(from.last.map_or(Start::Now, Start::Last)).open().await {
        Ok(subscription) => Sse::new(subscription)
            .keep_alive(silence::keep_alive(app.silence))
            .until(server::stopped(app.stopping))
            .farewell(Event::new("{}").with_event_type(BYE))
            .retry_window(COME_BACK)
            .into_response(),
        Err(error) => error.into_response(),
    }
}

/// The head of a stream, without a subscription.
async fn head() -> Response {
    sse_hyper::HEADERS.into_response()
}

/// The query of a request that publishes.
#[derive(Deserialize)]
struct Options {
    r#type: Option<String>,
}

/// Answers with the position of the event.
async fn publish(
    State(app): State<App>,
    Path(name): Path<String>,
    Query(options): Query<Options>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<String, Response> {
    let text = str::from_utf8(&body).map_err(|_| refuse("the body is not UTF-8"))?;
    let mut event = Event::new(text);
    if let Some(event_type) = options.r#type {
        // `sse-hub` refuses its own types.
        if event_type == BYE.as_str() {
            return Err(refuse("the event type `bye` is reserved for this server"));
        }
        event = event.try_with_event_type(event_type).map_err(|error| refuse(error.to_string()))?;
    }
    let topic = app.hub.topic(name);
    let position = match headers.get("idempotency-key") {
        Some(key) => {
            let key = key.to_str().map_err(|_| refuse("the idempotency key is not ASCII"))?;
            topic.publish_once(key, event).await
        }
        None => topic.publish(event).await,
    };
    position.map(|position| format!("{position}\n")).map_err(IntoResponse::into_response)
}

async fn finish(State(app): State<App>, Path(name): Path<String>) -> Result<StatusCode, Response> {
    app.hub.topic(name).finish().await.map_err(IntoResponse::into_response)?;
    Ok(StatusCode::NO_CONTENT)
}

fn refuse(why: impl Into<String>) -> Response {
    (StatusCode::BAD_REQUEST, format!("{}\n", why.into())).into_response()
}
