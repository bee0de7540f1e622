//! One stream of events for many clients: see `HELP`.

mod shared {
    pub(crate) mod axum_listener;
    pub(crate) mod cli;
    pub(crate) mod log;
    pub(crate) mod server;
    pub(crate) mod signals;
    pub(crate) mod silence;
}

use std::{
    error::Error,
    num::{NonZeroU16, NonZeroU32},
    process::ExitCode,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use axum::{
    Router,
    extract::{DefaultBodyLimit, State},
    http::StatusCode,
    routing::{get, post},
};
use futures_util::{Stream, stream};
use lexopt::prelude::*;
use sse_axum::{Encoded, Event, EventType, Sse};
use tokio::{
    sync::{
        broadcast::{self, error::RecvError},
        watch,
    },
    time,
};

use shared::{axum_listener::Listener, cli, server, silence};

const HELP: &str = "\
Serves one stream of events (text/event-stream) to many clients: a ticker, and a chat.

Usage: fan_out [--addr ADDR] [--rate N] [--buffer N] [--silence MS]

  GET /sse   the events that happen from now on
  POST /say  publishes the body, a text, and answers with the id of its event; 413 if that takes more
             than 64 KiB as it is sent, where each line has `data: ` in front

  $ curl -N http://127.0.0.1:8080/sse
  $ curl http://127.0.0.1:8080/say -d 'Hello, all!'

The events are `tick`, with the number of clients as data, and `said`, with what somebody said. Their ids
count up. Each is encoded once, for all clients. A client that is slower than that gets an event `lagged`
in place of those that it missed, with their number as data, and goes on.

Ctrl-C or SIGTERM ends all streams and stops.

Options:
  --addr ADDR   Where to listen; port 0 takes a free one [default: 127.0.0.1:8080]
  --rate N      Ticks in a second, 0 to 1000 [default: 1]
  --buffer N    How many events a client can fall behind, 1 to 65535, rounded up to a power of two.
                So many are kept in memory, of up to 64 KiB each as they are sent [default: 256]
  --silence MS  Milliseconds after which a connection on which nothing comes or goes is closed, at
                least 1; an open stream has a comment after half of them [default: 30000]
  -h, --help    Show this text
";

const TICK: EventType = EventType::from_static("tick");
const SAID: EventType = EventType::from_static("said");
const LAGGED: EventType = EventType::from_static("lagged");

/// The largest event, in bytes, as it is kept and sent. A text of line breaks takes seven times its size.
const MAX_EVENT: usize = 64 * 1024;

#[tokio::main]
async fn main() -> ExitCode {
    cli::end("fan_out", run().await)
}

/// Reads the flags, and serves.
async fn run() -> Result<ExitCode, Box<dyn Error>> {
    let mut addr = "127.0.0.1:8080".to_owned();
    let (mut rate, mut buffer, mut silence) = (1, 256, silence::LIMIT);
    let mut args = lexopt::Parser::from_env();
    while let Some(arg) = args.next()? {
        match arg {
            Long("addr") => addr = args.value()?.string()?,
            Long("rate") => rate = args.value()?.parse_with(parse_rate)?,
            Long("buffer") => buffer = args.value()?.parse::<NonZeroU16>()?.get(),
            Long("silence") => {
                silence = Duration::from_millis(args.value()?.parse::<NonZeroU32>()?.get().into());
            }
            Short('h') | Long("help") => {
                cli::say(HELP);
                return Ok(ExitCode::SUCCESS);
            }
            other => return Err(other.unexpected().into()),
        }
    }
    let hub = Arc::new(Hub { events: broadcast::Sender::new(buffer.into()), count: Mutex::new(0) });
    if let Some(interval) = Duration::from_secs(1).checked_div(rate) {
        tokio::spawn(tick(hub.clone(), interval));
    }
    server::run(&addr, |listener, stopping| {
        let app = App { hub, silence, stopping: stopping.clone() };
        let routes = Router::new().route("/sse", get(events)).route("/say", post(say));
        let routes = routes.layer(DefaultBodyLimit::max(MAX_EVENT)).with_state(app);
        axum::serve(Listener { listener, silence }, routes).with_graceful_shutdown(server::stopped(stopping))
    })
    .await?;
    Ok(ExitCode::SUCCESS)
}

fn parse_rate(text: &str) -> Result<u32, &'static str> {
    text.parse().ok().filter(|rate| *rate <= 1000).ok_or("not a number from 0 to 1000")
}

/// Where all events come together, and go out to all clients.
struct Hub {
    events: broadcast::Sender<Encoded>,
    /// How many there were. Locked until the event is out, so that they go in the order of their ids.
    count: Mutex<u64>,
}

impl Hub {
    /// Gives the event the next id, and sends it. None if it is too large.
    fn publish(&self, event: Event) -> Option<u64> {
        let mut count = self.count.lock().unwrap_or_else(PoisonError::into_inner);
        let id = *count + 1;
        let event = event.with_id(id);
        if event.encoded_len() > MAX_EVENT {
            return None;
        }
        *count = id;
        // Without clients there is nobody to miss it.
        let _ = self.events.send(event.into());
        Some(id)
    }

    /// What happens from now on, for one client.
    fn subscribe(&self) -> impl Stream<Item = Encoded> + Send + use<> {
        stream::unfold(self.events.subscribe(), |mut events| async move {
            let event = match events.recv().await {
                Ok(event) => event,
                // Without an id: that of the last event stays the client's last one.
                Err(RecvError::Lagged(missed)) => {
                    Event::new(missed.to_string()).with_event_type(LAGGED).into()
                }
                Err(RecvError::Closed) => return None,
            };
            Some((event, events))
        })
    }
}

async fn tick(hub: Arc<Hub>, interval: Duration) {
    let mut interval = time::interval(interval);
    loop {
        interval.tick().await;
        hub.publish(Event::new(hub.events.receiver_count().to_string()).with_event_type(TICK));
    }
}

#[derive(Clone)]
struct App {
    hub: Arc<Hub>,
    silence: Duration,
    stopping: watch::Receiver<()>,
}

async fn events(State(app): State<App>) -> Sse<impl Stream<Item = Encoded>> {
    Sse::new(app.hub.subscribe())
        .keep_alive(silence::keep_alive(app.silence))
        .until(server::stopped(app.stopping))
}

/// axum refuses a body that is no text.
async fn say(State(app): State<App>, text: String) -> Result<String, StatusCode> {
    match app.hub.publish(Event::new(text).with_event_type(SAID)) {
        Some(id) => Ok(format!("{id}\n")),
        None => Err(StatusCode::PAYLOAD_TOO_LARGE),
    }
}
