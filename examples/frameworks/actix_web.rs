//! Events from actix-web. In the root of the project: `cargo run --manifest-path examples/frameworks/Cargo.toml
//! --features actix-web --bin sse-actix-web`, then `curl -N http://127.0.0.1:3000/events -H 'last-event-id: 41'`.
//! It needs sse-hyper, actix-web, ctrlc (feature `termination`), futures-util, and tokio-util (feature `rt`).

use actix_web::{App, HttpRequest, HttpResponse, HttpServer, web};
use futures_util::{StreamExt, stream};
use sse_hyper::{Event, HEADERS, Sse, last_event_id_of};
use tokio_util::sync::CancellationToken;
static STOP: std::sync::LazyLock<CancellationToken> = std::sync::LazyLock::new(CancellationToken::new);

async fn events(request: HttpRequest) -> HttpResponse {
    let seen = last_event_id_of(request.headers().get_all("last-event-id").map(|id| id.as_bytes()));
    let seen = seen.unwrap_or_default().and_then(|id| id.parse().ok()).unwrap_or(0);
    let hellos = stream::iter((seen..=u64::MAX).skip(1).take(3)).map(|n| Event::new("hello").with_id(n));
    let sse = Sse::new(hellos.chain(stream::pending()))
        .keep_alive(std::time::Duration::from_secs(1)) // to see one soon; the default is 15 s
        .until(STOP.cancelled())
        .on_close(|closed| println!("closed: {:?}", closed.reason()));
    let mut response = HttpResponse::Ok();
    for header in HEADERS {
        response.insert_header(header);
    }
    response.streaming(sse.into_byte_stream())
}

#[actix_web::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    ctrlc::set_handler(|| STOP.cancel())?; // also at SIGTERM and SIGHUP
    let server = HttpServer::new(|| App::new().route("/events", web::get().to(events))).tcp_nodelay(true);
    let server = server.h1_allow_half_closed(false); // a client that closes its side has left: drop its stream
    let server = server.bind(std::env::args().nth(1).unwrap_or("127.0.0.1:3000".into()))?;
    println!("http://{}/events", server.addrs()[0]);
    Ok(server.shutdown_signal(STOP.cancelled()).shutdown_timeout(5).run().await?)
}
