//! Events from poem. In the root of the project: `cargo run --manifest-path examples/frameworks/Cargo.toml
//! --features poem --bin sse-poem`, then `curl -N http://127.0.0.1:3000/events`.
//! It needs sse-hyper, poem (feature `server`), ctrlc (feature `termination`), futures-util,
//! tokio (features `macros`, `net`, `rt-multi-thread`) and tokio-util (feature `rt`).

use futures_util::{StreamExt, stream};
use poem::{Body, EndpointExt, Response, Route, Server, get, handler, listener::TcpAcceptor, web::Data};
use sse_hyper::{Event, HEADERS, Sse};
use tokio_util::sync::CancellationToken;

#[handler]
fn events(stop: Data<&CancellationToken>) -> Response {
    let hellos = stream::iter(1..=3_u64).map(|n| Event::new("hello").with_id(n)).chain(stream::pending());
    let sse = Sse::new(hellos)
        .keep_alive(std::time::Duration::from_secs(1)) // to see one soon; the default is 15 s
        .until(stop.clone().cancelled_owned())
        .on_close(|closed| println!("closed: {:?}", closed.reason()));
    let response = HEADERS.iter().fold(Response::builder(), |new, (name, value)| new.header(*name, *value));
    response.body(Body::from_bytes_stream(sse.into_byte_stream()))
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let (stop, limit) = (CancellationToken::new(), std::time::Duration::from_secs(5));
    let signal = stop.clone();
    ctrlc::set_handler(move || signal.cancel())?; // also at SIGTERM and SIGHUP
    let address = std::env::args().nth(1).unwrap_or("127.0.0.1:3000".into());
    let listener = tokio::net::TcpListener::bind(address).await?;
    println!("http://{}/events", listener.local_addr()?);
    let server = Server::new_with_acceptor(TcpAcceptor::from_tokio(listener)?);
    let app = Route::new().at("/events", get(events)).data(stop.clone());
    Ok(server.run_with_graceful_shutdown(app, stop.cancelled_owned(), Some(limit)).await?)
}
