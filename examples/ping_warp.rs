//! The classic example of Server-Sent Events, on warp: see `HELP`.

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

use std::{convert::Infallible, net::SocketAddr, process::ExitCode};

use hyper::{
    Request,
    body::Incoming,
    service::{Service, service_fn},
};
use hyper_util::service::TowerToHyperService;
use tokio::net::TcpListener;
use warp::{
    Filter, Reply,
    http::{Method, header},
    reply,
};

use shared::{
    connections,
    interval_server::{self, Settings},
    log,
    pings::{self, Kind},
    server, silence,
};

const HELP: &str = "\
Serves an event stream (text/event-stream) of pings, and a page that shows them: `ping`, on warp.

Usage: ping_warp [--addr ADDR] [--interval MS] [--silence MS]

  GET /             the page
  GET /sse          `ping` events: the Unix time in seconds, as id and as data
  GET /sse?unnamed  the same without an event type, for a page's `onmessage`

Pages of any origin may listen (`access-control-allow-origin: *`), including those that send a preflight
request for `Last-Event-ID`. Speaks HTTP/1.1, and HTTP/2 with clients that start with it.

Ctrl-C or SIGTERM ends all streams and stops.

Differences because of warp:
  - A route does not see the version of HTTP, so the terminal does not show it, and no stream has the
    header `connection: keep-alive`, which is not allowed on HTTP/2.
  - `/sse/` is the same as `/sse`.
";

#[tokio::main]
async fn main() -> ExitCode {
    interval_server::main("ping_warp", HELP, pings::INTERVAL, serve).await
}

/// `warp::serve(routes).incoming(listener).run()` is shorter, but waits forever for a client that sends nothing.
async fn serve(listener: TcpListener, settings: Settings) {
    let routes = TowerToHyperService::new(warp::service(routes(settings.clone())));
    connections::serve("ping_warp", listener, settings, |peer| {
        let routes = routes.clone();
        service_fn(move |mut request: Request<Incoming>| {
            request.extensions_mut().insert(peer);
            routes.call(request)
        })
    })
    .await;
}

fn routes(settings: Settings) -> impl Filter<Extract = (impl Reply,), Error = Infallible> + Clone {
    let page = warp::path::end().and(warp::method()).map(|method| answer(&method, pings::page));

    let query = warp::query::raw().or(warp::any().map(String::new)).unify();
    let stream = warp::path!("sse").and(warp::method()).and(warp::ext::optional()).and(query).map(
        move |method, peer: Option<SocketAddr>, query: String| {
            let kind = Kind::of(&query);
            let sse = sse_warp::reply(kind.pings(settings.interval)).with(|sse| {
                let stopped = server::stopped(settings.stopping.clone());
                sse.keep_alive(silence::keep_alive(settings.silence)).until(stopped)
            });
            let sse = match peer {
                // A HEAD request has no stream to log.
                Some(peer) if method == Method::GET => {
                    log::say(format_args!("{peer} came for {} pings", kind.name()));
                    sse.with(|sse| sse.on_close(pings::left(peer)))
                }
                _ => sse,
            };
            answer(&method, || reply::with_header(sse, header::ACCESS_CONTROL_ALLOW_ORIGIN, "*"))
        },
    );

    page.or(stream).unify().or(warp::any().map(|| pings::not_found().into_response())).unify()
}

fn answer<R: Reply>(method: &Method, reply: impl FnOnce() -> R) -> reply::Response {
    match *method {
        Method::GET => reply().into_response(),
        // On HTTP/2 hyper would send the body.
        Method::HEAD => reply().into_response().map(|_| "".into()),
        Method::OPTIONS => pings::options().into_response(),
        _ => pings::method_not_allowed().into_response(),
    }
}
