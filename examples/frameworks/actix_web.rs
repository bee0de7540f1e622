//! Events from actix-web: `cargo run --features actix-web`, then `curl -N http://127.0.0.1:3000/events`.

use actix_web::{App, HttpResponse, HttpServer, web};
use futures_util::{StreamExt, stream};
use sse_hyper::{Event, HEADERS, Sse};
use tokio_util::sync::CancellationToken;

async fn events(stop: web::Data<CancellationToken>) -> HttpResponse {
    let hellos = stream::iter(1..=3_u64).map(|n| Event::new("hello").with_id(n)).chain(stream::pending());
    let sse = Sse::new(hellos)
        .keep_alive(std::time::Duration::from_secs(1)) // to see one soon; the default is 15 s
        .until(stop.get_ref().clone().cancelled_owned())
        .on_close(|closed| println!("closed: {:?}", closed.reason()));
    let mut response = HttpResponse::Ok();
    HEADERS.iter().fold(&mut response, |response, header| response.insert_header(*header));
    response.streaming(sse.into_byte_stream())
}

#[actix_web::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let stop = CancellationToken::new();
    let (signal, state) = (stop.clone(), web::Data::new(stop.clone()));
    ctrlc::set_handler(move || signal.cancel())?; // also at SIGTERM
    let app = move || App::new().app_data(state.clone()).route("/events", web::get().to(events));
    let server = HttpServer::new(app).tcp_nodelay(true).shutdown_signal(stop.cancelled_owned());
    let address = std::env::args().nth(1).unwrap_or("127.0.0.1:3000".into());
    let server = server.shutdown_timeout(5).bind(address)?;
    println!("http://{}/events", server.addrs()[0]);
    Ok(server.run().await?)
}
