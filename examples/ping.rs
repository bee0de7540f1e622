//! The classic example of Server-Sent Events, on hyper: see `HELP`.

mod shared {
    pub(crate) mod cli;
    pub(crate) mod connections;
    pub(crate) mod interval_server;
    pub(crate) mod log;
    pub(crate) mod pings;
    pub(crate) mod server;
    pub(crate) mod signals;
    pub(crate) mod silence;
}

use std::{convert::Infallible, future, net::SocketAddr, process::ExitCode};

use http_body_util::{BodyExt, Full, combinators::UnsyncBoxBody};
use hyper::{
    Method, Request, Response, StatusCode, Version,
    body::{Bytes, Incoming},
    header::{self, HeaderMap, HeaderValue},
    service::service_fn,
};
use sse_hyper::{Sse, StreamFailed};
use tokio::net::TcpListener;

use shared::{
    connections,
    interval_server::{self, Settings},
    log,
    pings::{self, Kind},
    server, silence,
};

const HELP: &str = "\
Serves an event stream (text/event-stream) of pings, and a page that shows them.

Usage: ping [--addr ADDR] [--interval MS] [--silence MS]

  GET /             the page
  GET /sse          `ping` events: the Unix time in seconds, as id and as data
  GET /sse?unnamed  the same without an event type, for a page's `onmessage`

Pages of any origin may listen (`access-control-allow-origin: *`), including those that send a preflight
request for `Last-Event-ID`. Speaks HTTP/1.1, and HTTP/2 with clients that start with it.

Ctrl-C or SIGTERM ends all streams and stops.
";

#[tokio::main]
async fn main() -> ExitCode {
    interval_server::main("ping", HELP, pings::INTERVAL, serve).await
}

async fn serve(listener: TcpListener, settings: Settings) {
    connections::serve("ping", listener, settings.clone(), |peer| {
        let client = Client { peer, settings: settings.clone() };
        service_fn(move |request| future::ready(Ok::<_, Infallible>(client.answer(&request))))
    })
    .await;
}

type Body = UnsyncBoxBody<Bytes, StreamFailed>;

/// The client of a connection, and the state to answer it.
struct Client {
    peer: SocketAddr,
    settings: Settings,
}

impl Client {
    fn answer(&self, request: &Request<Incoming>) -> Response<Body> {
        let method = request.method();
        // "A server MUST respond with a 400 (Bad Request) status code to any HTTP/1.1 request message that lacks a Host
        // header field": hyper leaves that to the service.
        if request.version() == Version::HTTP_11 && !request.headers().contains_key(header::HOST) {
            let mut response = Response::new(Body::default());
            *response.status_mut() = StatusCode::BAD_REQUEST;
            return response;
        }
        let response = match request.uri().path() {
            "/" | "/sse" if *method == Method::OPTIONS => whole(pings::options()),
            "/" | "/sse" if *method != Method::GET && *method != Method::HEAD => {
                whole(pings::method_not_allowed())
            }
            "/" => whole(pings::page()),
            "/sse" => self.pings(request),
            _ => whole(pings::not_found()),
        };
        // On HTTP/2 hyper would send the body.
        if *method == Method::HEAD { response.map(|_| Body::default()) } else { response }
    }

    /// The event stream.
    fn pings(&self, request: &Request<Incoming>) -> Response<Body> {
        let kind = Kind::of(request.uri().query().unwrap_or_default());
        let Settings { interval, silence, stopping } = &self.settings;
        let mut sse = Sse::new(kind.pings(*interval))
            .keep_alive(silence::keep_alive(*silence))
            .until(server::stopped(stopping.clone()));
        // A HEAD request has no stream to log.
        if request.method() == Method::GET {
            let Self { peer, .. } = *self;
            log::say(format_args!("{peer} came for {} pings over {:?}", kind.name(), request.version()));
            sse = sse.on_close(pings::left(peer));
        }

        let mut response = sse.into_http_response().map(BodyExt::boxed_unsync);
        let headers = response.headers_mut();
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
        // The classic example has it. On HTTP/2 it is not allowed, and it would be wrong if hyper adds `close`.
        let closes = asks_to_close(request.headers()) || stopping.has_changed().is_err();
        if request.version() == Version::HTTP_11 && !closes {
            headers.insert(header::CONNECTION, HeaderValue::from_static("keep-alive"));
        }
        response
    }
}

fn asks_to_close(headers: &HeaderMap) -> bool {
    let values = headers.get_all(header::CONNECTION).iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).any(|option| option.trim().eq_ignore_ascii_case("close"))
}

fn whole(response: Response<&'static str>) -> Response<Body> {
    response.map(|text| Full::from(text).map_err(|never| match never {}).boxed_unsync())
}
