//! Cases 23, 24, 27 and 28: a subscription as a response of axum.

use std::{
    pin::Pin,
    task::{Context, Waker},
    time::Duration,
};

use axum::{
    Router,
    body::Body,
    extract::{Path, State},
    response::IntoResponse,
    routing::get,
};
use futures_util::FutureExt;
use http::{HeaderMap, Request, StatusCode};
use http_body::Body as _;
use http_body_util::BodyExt;
use sse_hub::{
    Hub, Subscription,
    error::{PublishError, SubscribeError},
};
use sse_hyper::{Sse, last_event_id};
use tokio::sync::watch;
use tower::ServiceExt;

use crate::support::*;

async fn events(
    State(hub): State<Hub>,
    Path(room): Path<String>,
    headers: HeaderMap,
) -> Result<Sse<Subscription>, SubscribeError> {
    Ok(Sse::new(hub.topic(room).subscribe(last_event_id(&headers)).await?))
}

async fn say(State(hub): State<Hub>, Path(room): Path<String>, text: String) -> Result<String, PublishError> {
    Ok(hub.topic(room).publish(text).await?.to_string())
}

fn app(hub: &Hub) -> Router {
    Router::new().route("/{room}", get(events).post(say)).with_state(hub.clone())
}

async fn answer(hub: &Hub, request: http::request::Builder, body: &str) -> (StatusCode, HeaderMap, Body) {
    let request = request.body(Body::from(body.to_owned())).unwrap();
    let (parts, body) = app(hub).oneshot(request).await.unwrap().into_parts();
    (parts.status, parts.headers, body)
}

#[tokio::test]
async fn ten_lines_on_axum() {
    let hub = Hub::new();
    let (status, _, id) = answer(&hub, Request::post("/room"), "one").await;
    assert_eq!(status, StatusCode::OK);
    let id = id.collect().await.unwrap().to_bytes();
    hub.topic("room").publish("two").await.unwrap();
    hub.topic("room").finish().await.unwrap();
    let (status, headers, body) =
        answer(&hub, Request::get("/room").header("last-event-id", &id[..]), "").await;
    assert_eq!((status, &headers["content-type"]), (StatusCode::OK, &"text/event-stream".parse().unwrap()));
    let body = body.collect().await.unwrap().to_bytes();
    assert!(body.ends_with(b"event: end\ndata: {}\n\n"));
    assert!(String::from_utf8_lossy(&body).contains("data: two\n\nid: "));
}

#[tokio::test]
async fn case_27_the_id_of_the_end_is_answered_with_204() {
    let hub = Hub::new();
    let end = hub.topic("room").finish().await.unwrap();
    let (status, _, body) =
        answer(&hub, Request::get("/room").header("last-event-id", end.to_string()), "").await;
    assert_eq!(status, StatusCode::NO_CONTENT);
    assert!(body.collect().await.unwrap().to_bytes().is_empty());
    let (status, _, text) = answer(&hub, Request::post("/room"), "more").await;
    assert_eq!(status, StatusCode::GONE);
    assert_eq!(text.collect().await.unwrap().to_bytes(), "the topic is finished; publish to another one\n");
    // Temporary errors say when to try again.
    let response = SubscribeError::from(sse_hub::error::ReadError::Busy).into_response();
    assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(response.headers()["retry-after"], "2");
}

/// The frames of a body that are ready.
fn frames(body: &mut (impl http_body::Body<Data = bytes::Bytes, Error: std::fmt::Debug> + Unpin)) -> String {
    let mut text = String::new();
    let mut cx = Context::from_waker(Waker::noop());
    while let std::task::Poll::Ready(Some(frame)) = Pin::new(&mut *body).poll_frame(&mut cx) {
        text += str::from_utf8(&frame.unwrap().into_data().unwrap()).unwrap();
    }
    text
}

#[tokio::test]
async fn case_24_at_a_shutdown_nothing_is_lost() {
    let topic = topic(100);
    let (stop, stopping) = watch::channel(());
    let stopped = || {
        let mut stopping = stopping.clone();
        async move { drop(stopping.changed().await) }
    };
    let mut bodies: Vec<_> = (0..20)
        .map(|_| {
            let sse =
                Sse::new(subscribe(&topic, None)).until(stopped()).retry_window(Duration::from_secs(60));
            sse.into_http_response().into_body()
        })
        .collect();
    let first = publish(&topic, "1");
    for body in &mut bodies {
        assert!(frames(body).ends_with("data: 1\n\n"));
    }
    stop.send(()).unwrap();
    publish(&topic, "2");
    let mut retries: Vec<_> = bodies
        .iter_mut()
        .map(|body| {
            let rest = frames(body);
            assert!(body.is_end_stream());
            assert!(!rest.contains("data: 2") && rest.contains("retry: "), "{rest}");
            rest
        })
        .collect();
    // Case 23: the clients do not all reconnect at once.
    retries.sort();
    retries.dedup();
    assert!(retries.len() > 10, "{retries:?}");
    assert_eq!(read(&mut subscribe(&topic, first)), ["2: 2"]);
}

#[tokio::test]
async fn case_28_a_body_that_is_not_polled_takes_no_place() {
    let hub = Hub::new();
    for method in ["HEAD", "GET"] {
        let request = Request::builder().method(method).uri("/room");
        let (status, _, body) = answer(&hub, request, "").await;
        assert_eq!(status, StatusCode::OK);
        let stats = hub.topic("room").stats().unwrap();
        // axum drops the body of an answer to HEAD.
        assert_eq!(stats.subscribers, usize::from(method == "GET"));
        drop(body);
        assert_eq!(hub.topic("room").stats().unwrap().subscribers, 0);
    }
    let topic = hub.topic("room");
    let waiting = subscribe(&topic, None);
    assert!(format!("{waiting:?}").contains("room"));
    assert!(topic.publish("1").now_or_never().is_some());
}
