//! Headless Chromium on cut streams: with each adapter it gets the same events, reconnects, and sends its last event
//! ID.

use std::{
    convert::Infallible,
    future,
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::Duration,
};

use axum::{Router, http::HeaderMap, routing::get};
use futures_util::{Stream, stream};
use hyper::{
    Request, Response,
    body::Incoming,
    header::{ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue},
    server::conn::http1,
    service::service_fn,
};
use hyper_util::rt::{TokioIo, TokioTimer};
use serde_json::json;
use sse_hyper::{Event, EventId, EventType, LAST_EVENT_ID, Sse, SseBody};
use tokio::net::TcpListener;
use warp::{Filter, Reply};

use sse_conformance::browser::{Browser, html};

const PING: EventType = EventType::from_static("ping");

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_browser_comes_back_with_the_right_last_event_id() {
    let servers = [Cut::default(), Cut::default(), Cut::default()];
    let [hyper, axum, warp] = servers.clone();
    let (hyper, axum, warp) = (serve_hyper(hyper).await, serve_axum(axum).await, serve_warp(warp).await);
    let query = format!("hyper=http://{hyper}/&axum=http://{axum}/&warp=http://{warp}/");
    let page = |_: &_| Some(html(include_str!("reconnect.html")));
    let Some(browser) = Browser::observe(&query, page).await else { return };

    let seen = browser.report();
    let events = json!([
        ["message", "a", ""],
        ["ping", " two\nlines", "1"],
        ["message", "b", "1"],
        ["ping", "", "två ✓"],
        ["message", "c", "två ✓"],
        ["message", "d", ""],
        ["message", "e", ""],
        ["ping", "enough", "18446744073709551615"],
    ]);
    assert_eq!(seen, json!({ "hyper": events, "axum": events, "warp": events }));
    for server in servers {
        let last_event_ids = server.last_event_ids.lock().unwrap();
        assert_eq!(
            last_event_ids[..],
            [None, Some("1"), Some("två ✓"), None].map(|id| id.map(str::to_owned))
        );
    }
}

/// A server that cuts its stream three times, and records the ids with which the client reconnects.
#[derive(Clone, Default)]
struct Cut {
    last_event_ids: Arc<Mutex<Vec<Option<String>>>>,
}

impl Cut {
    /// The stream of the next connection.
    fn answer(&self, headers: &HeaderMap) -> impl Stream<Item = Result<Event, &'static str>> + use<> {
        let last_event_id =
            headers.get(LAST_EVENT_ID).map(|id| str::from_utf8(id.as_bytes()).unwrap().to_owned());
        let mut last_event_ids = self.last_event_ids.lock().unwrap();
        last_event_ids.push(last_event_id);
        let event = Event::new;
        stream::iter(match last_event_ids.len() {
            1 => vec![
                Ok(event("a").with_retry(Duration::from_millis(20))),
                Ok(event(" two\nlines").with_event_type(PING).with_id(1_u64)),
                Ok(event("b")),
            ],
            // The response is cut off.
            2 => vec![
                Ok(event("").with_event_type(PING).with_id(EventId::from_static("två ✓"))),
                Ok(event("c")),
                Err("cut"),
            ],
            3 => vec![Ok(event("d").with_id(EventId::default()))],
            _ => vec![Ok(event("e")), Ok(event("enough").with_event_type(PING).with_id(u64::MAX))],
        })
    }

    /// The same as a response, for hyper and axum.
    fn response(
        &self,
        headers: &HeaderMap,
    ) -> Response<SseBody<impl Stream<Item = Result<Event, &'static str>> + use<>>> {
        let sse = Sse::new(self.answer(headers)).timer(TokioTimer::new()).break_on_error();
        let mut response = sse.into_http_response();
        response.headers_mut().insert(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
        response
    }
}

async fn serve_hyper(cut: Cut) -> SocketAddr {
    let (listener, addr) = listen().await;
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            let cut = cut.clone();
            let service = service_fn(move |request: Request<Incoming>| {
                future::ready(Ok::<_, Infallible>(cut.response(request.headers())))
            });
            tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
        }
    });
    addr
}

async fn serve_axum(cut: Cut) -> SocketAddr {
    let (listener, addr) = listen().await;
    let app = Router::new().route("/", get(async move |headers: HeaderMap| cut.response(&headers)));
    tokio::spawn(async { axum::serve(listener, app).await });
    addr
}

async fn serve_warp(cut: Cut) -> SocketAddr {
    let (listener, addr) = listen().await;
    let route = warp::header::headers_cloned().map(move |headers: HeaderMap| {
        let reply = sse_warp::reply(cut.answer(&headers)).with(Sse::break_on_error);
        warp::reply::with_header(reply, ACCESS_CONTROL_ALLOW_ORIGIN, "*").into_response()
    });
    tokio::spawn(warp::serve(route).incoming(listener).run());
    addr
}

async fn listen() -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = listener.local_addr().unwrap();
    (listener, addr)
}
