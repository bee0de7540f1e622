//! The classic sample of Server-Sent Events, on warp: see `HELP`.

mod shared {
    pub(crate) mod cli;
    pub(crate) mod interval_server;
    pub(crate) mod pings;
    pub(crate) mod server;
}

use std::{convert::Infallible, net::SocketAddr, process::ExitCode, time::Duration};

use socket2::SockRef;
use tokio::{net::TcpListener, sync::watch};
use warp::{
    Filter, Reply,
    http::{Method, header},
    reply,
};

use shared::{
    cli, interval_server,
    pings::{self, Kind},
    server,
};

const HELP: &str = "\
Serves an event stream (text/event-stream) of pings, and a page that shows them: `ping`, on warp.

Usage: ping_warp [--addr ADDR] [--interval MS]

  GET /             the page
  GET /sse          `ping` events: the Unix time in seconds, as id and as data
  GET /sse?unnamed  the same without an event type, for a page's `onmessage`

Speaks HTTP/1.1, and HTTP/2 to those who start with it. Ctrl-C ends all streams and stops.

Since this is warp:
  - A route does not see the version of HTTP: so the terminal does not tell it, and no stream has the
    header `connection: keep-alive`, which is not allowed on HTTP/2.
  - `/sse/` is the same as `/sse`.
  - A connection without a request stays open, and one that cannot be taken is not told of.
";

#[tokio::main]
async fn main() -> ExitCode {
    interval_server::main("ping_warp", HELP, pings::INTERVAL, serve).await
}

async fn serve(listener: TcpListener, interval: Duration, stopping: watch::Receiver<()>) {
    // Events are small, and none shall wait for the next. warp leaves its sockets as they come; on Linux
    // they have this from their listener.
    let _ = SockRef::from(&listener).set_tcp_nodelay(true);
    let routes = routes(interval, stopping.clone());
    warp::serve(routes).incoming(listener).graceful(server::stopped(stopping)).run().await;
}

fn routes(
    interval: Duration,
    stopping: watch::Receiver<()>,
) -> impl Filter<Extract = (impl Reply,), Error = Infallible> + Clone {
    let page = warp::path::end().and(warp::method()).map(|method| answer(&method, pings::page));

    let query = warp::query::raw().or(warp::any().map(String::new)).unify();
    let stream = warp::path!("sse").and(warp::method()).and(warp::addr::remote()).and(query).map(
        move |method, peer: Option<SocketAddr>, query: String| {
            let kind = Kind::of(&query);
            let sse = sse_warp::reply(kind.pings(interval))
                .with(|sse| sse.until(server::stopped(stopping.clone())));
            let sse = match peer {
                // A HEAD request has no stream that could begin and end.
                Some(peer) if method == Method::GET => {
                    cli::say(format_args!("{peer} came for {} pings\n", kind.name()));
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
        // On HTTP/2 hyper would send the body even so.
        Method::HEAD => reply().into_response().map(|_| "".into()),
        _ => pings::method_not_allowed().into_response(),
    }
}
