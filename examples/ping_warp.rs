//! The classic sample of Server-Sent Events, on warp: see `HELP`.

mod shared {
    pub(crate) mod cli;
    pub(crate) mod flags;
    pub(crate) mod pings;
    pub(crate) mod server;
}

use std::{convert::Infallible, error::Error, net::SocketAddr, process::ExitCode, time::Duration};

use socket2::SockRef;
use tokio::sync::watch;
use warp::{
    Filter, Reply,
    http::{Method, header},
    reply,
};

use shared::{
    cli,
    flags::Flags,
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

Options:
  --addr ADDR    Where to listen; port 0 takes a free one [default: 127.0.0.1:8080]
  --interval MS  Milliseconds between two pings, at least 1 [default: 500]
  -h, --help     Show this text
";

#[tokio::main]
async fn main() -> ExitCode {
    cli::end("ping_warp", run().await)
}

async fn run() -> Result<ExitCode, Box<dyn Error>> {
    let Some(Flags { addr, interval }) = Flags::read(HELP, pings::INTERVAL)? else {
        return Ok(ExitCode::SUCCESS);
    };
    let listener = server::listen(&addr).await?;
    // Events are small, and none shall wait for the next. warp leaves its sockets as they come; on Linux
    // they have this from their listener.
    let _ = SockRef::from(&listener).set_tcp_nodelay(true);
    server::run(|stopping| {
        warp::serve(routes(interval, stopping.clone()))
            .incoming(listener)
            .graceful(server::stopped(stopping))
            .run()
    })
    .await?;
    Ok(ExitCode::SUCCESS)
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
