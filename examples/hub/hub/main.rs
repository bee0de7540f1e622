//! A service of topics, each a stream of events with history: see `HELP`.

#[path = "../../shared"]
mod shared {
    pub(crate) mod axum_listener;
    pub(crate) mod cli;
    pub(crate) mod log;
    pub(crate) mod server;
    pub(crate) mod signals;
    pub(crate) mod silence;
}
mod routes;

use std::{
    error::Error,
    num::{NonZeroU32, NonZeroUsize},
    process::ExitCode,
    time::Duration,
};

use lexopt::prelude::*;
use sse_axum::WriteLimit;
use sse_hub::{Builder, Hub};

use routes::App;
use shared::{axum_listener::Listener, cli, server, silence};

const HELP: &str = "\
Serves topics as event streams (text/event-stream) with history: a client that reconnects gets the events that
it missed, or a gap that says how many are lost. With --redis, several processes form one service.

Usage: hub [--addr ADDR] [--redis URL] [--history N] [--max-event BYTES] [--silence MS]

  GET  /                     a page that shows topics, to chat in several tabs
  GET  /topics/NAME          the stream: after the event of `Last-Event-ID`, or of `?last_event_id=ID` for
                             clients that cannot set a header; else from now on, or, with `?last=N`, with
                             the last N events first
  POST /topics/NAME          publishes the body, which is text, and answers with its position in the topic;
                             `?type=TYPE` is its event type. Requests with the same `Idempotency-Key`
                             publish it once
  POST /topics/NAME/finish   finishes the topic: its streams end, and browsers do not reconnect

  $ curl -N http://127.0.0.1:8080/topics/lobby
  $ curl http://127.0.0.1:8080/topics/lobby -d 'Hello, all!'

Streams also have events of the hub: `ready` for a new client, `gap` if events are missing, with JSON
such as {\"reason\":\"trimmed\",\"missed\":12}, `end` when the topic is finished, and `bye` when the server stops.

Ctrl-C or SIGTERM ends all streams and stops. Anyone who can reach it can publish: there is no authentication.

Options:
  --addr ADDR         Where to listen; with port 0 on a free port [default: 127.0.0.1:8080]
  --redis URL         Keep the topics in this Redis, 7.0 or later, or Valkey, such as
                      redis://127.0.0.1:6379 [default: in the memory of this process]
  --history N         Events that are kept for each topic, at least 1 [default: 1000]
  --max-event BYTES   The largest event, as it is sent, at least 1 [default: 65536]
  --silence MS        Milliseconds without a byte after which a connection is closed, at least 1; an open
                      stream has a comment after half of this time [default: 30000]
  -h, --help          Show this text
";

#[tokio::main]
async fn main() -> ExitCode {
    cli::end("hub", run().await)
}

struct Flags {
    addr: String,
    redis: Option<String>,
    history: NonZeroUsize,
    max_event: usize,
    silence: Duration,
}

/// Reads the flags, and serves.
async fn run() -> Result<ExitCode, Box<dyn Error>> {
    let mut flags = Flags {
        addr: "127.0.0.1:8080".to_owned(),
        redis: None,
        history: NonZeroUsize::MIN.saturating_add(999),
        max_event: 64 * 1024,
        silence: silence::LIMIT,
    };
    let mut args = lexopt::Parser::from_env();
    while let Some(arg) = args.next()? {
        match arg {
            Long("addr") => flags.addr = args.value()?.string()?,
            Long("redis") => flags.redis = Some(args.value()?.string()?),
            Long("history") => flags.history = args.value()?.parse()?,
            Long("max-event") => flags.max_event = args.value()?.parse::<NonZeroUsize>()?.get(),
            Long("silence") => {
                flags.silence = Duration::from_millis(args.value()?.parse::<NonZeroU32>()?.get().into());
            }
            Short('h') | Long("help") => {
                cli::say(HELP);
                return Ok(ExitCode::SUCCESS);
            }
            other => return Err(other.unexpected().into()),
        }
    }
    let Flags { addr, redis, history, max_event, silence } = flags;
    let hub = Hub::builder().history(history.get()).max_event(max_event);
    let hub = match &redis {
        Some(url) => on_redis(hub, url, history).await?,
        None => hub.build(),
    };
    server::run(&addr, |listener, stopping| {
        // The streams end at once, unless their clients do not read.
        let limit =
            WriteLimit::new().until(server::stopped(stopping.clone())).drain(Duration::from_millis(400));
        let listener = limit.listener(Listener { listener, silence });
        let app = App { hub, max_event, silence, stopping: stopping.clone() };
        axum::serve(listener, routes::router(app)).with_graceful_shutdown(server::stopped(stopping))
    })
    .await?;
    Ok(ExitCode::SUCCESS)
}

/// Keeps the topics in Redis.
#[cfg(feature = "redis")]
async fn on_redis(hub: Builder, url: &str, history: NonZeroUsize) -> Result<Hub, Box<dyn Error>> {
    let redis = sse_hub::redis::Redis::builder().history(history.get()).connect(url).await;
    let redis = redis.map_err(|error| format!("cannot use the Redis at {url}: {error}"))?;
    Ok(hub.backplane(redis).build())
}

#[cfg(not(feature = "redis"))]
async fn on_redis(_: Builder, _: &str, _: NonZeroUsize) -> Result<Hub, Box<dyn Error>> {
    Err("this was built without Redis; build it with `--features redis`".into())
}
