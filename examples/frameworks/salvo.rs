//! Events from salvo. In the root of the project: `cargo run --manifest-path examples/frameworks/Cargo.toml
//! --features salvo --bin sse-salvo`, then `curl -N http://127.0.0.1:3000/events`.
//! It needs sse-hyper, salvo (feature `server-handle`), ctrlc (feature `termination`), futures-util,
//! tokio (features `macros`, `rt-multi-thread`) and tokio-util (feature `rt`).

use futures_util::{FutureExt, StreamExt, stream};
use salvo::prelude::*;
use sse_hyper::{Event, HEADERS, Sse};
use tokio_util::sync::CancellationToken;

static STOP: std::sync::LazyLock<CancellationToken> = std::sync::LazyLock::new(CancellationToken::new);

#[handler]
async fn events(response: &mut Response) {
    let hellos = stream::iter(1..=3_u64).map(|n| Event::new("hello").with_id(n)).chain(stream::pending());
    let sse = Sse::new(hellos)
        .keep_alive(std::time::Duration::from_secs(1)) // to see one soon; the default is 15 s
        .until(STOP.cancelled())
        .on_close(|closed| println!("closed: {:?}", closed.reason()));
    HEADERS.iter().for_each(|(name, value)| _ = response.add_header(*name, *value, true));
    response.stream(sse.into_byte_stream());
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    ctrlc::set_handler(|| STOP.cancel())?; // also at SIGTERM and SIGHUP
    let address = std::env::args().nth(1).unwrap_or("127.0.0.1:3000".into());
    let server = Server::new(TcpListener::new(address).try_bind().await?);
    println!("{}", server.holdings()[0]);
    let (handle, limit) = (server.handle(), std::time::Duration::from_secs(5));
    tokio::spawn(STOP.cancelled().map(move |()| handle.stop_graceful(limit)));
    Ok(server.try_serve(Router::with_path("events").get(events)).await?)
}
