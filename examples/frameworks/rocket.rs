//! Events from Rocket. In the root of the project: `cargo run --manifest-path examples/frameworks/Cargo.toml
//! --features rocket --bin sse-rocket`, then `curl -N http://127.0.0.1:8000/events`.
//! It needs sse-hyper, rocket, futures-util and tokio-util (feature `io`).

use futures_util::{StreamExt, stream};
use rocket::{Request, Response, Shutdown, response::Responder};
use sse_hyper::{Event, HEADERS, Sse};
use tokio_util::io::StreamReader;

#[rocket::get("/events")]
fn events(stop: Shutdown) -> Events {
    let hellos = stream::iter(1..=3_u64).map(|n| Event::new("hello").with_id(n)).chain(stream::pending());
    let sse = Sse::new(hellos)
        .keep_alive(std::time::Duration::from_secs(1)) // to see one soon; the default is 15 s
        .until(stop)
        .on_close(|closed| println!("closed: {:?}", closed.reason()));
    let mut response = Response::build();
    HEADERS.iter().fold(&mut response, |response, (name, value)| response.raw_header(*name, *value));
    Events(response.streamed_body(StreamReader::new(sse.into_byte_stream())).finalize())
}

struct Events(Response<'static>);
impl Responder<'_, 'static> for Events {
    fn respond_to(self, _: &Request<'_>) -> rocket::response::Result<'static> {
        Ok(self.0)
    }
}

#[rocket::launch] // Rocket itself stops at Ctrl-C and SIGTERM, and gives open responses 2 s to end
fn rocket() -> _ {
    rocket::build().mount("/", rocket::routes![events])
}
