//! A service that answers like a language model, to try a client without one: see `HELP`.

#[path = "../shared/cli.rs"]
mod cli;
#[path = "../shared/signals.rs"]
mod signals;

use std::{
    convert::Infallible,
    error::Error,
    io::{self, Write},
    process::ExitCode,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use futures_util::{StreamExt, stream};
use http_body_util::{BodyExt, Either, Full, Limited};
use hyper::{
    Method, Request, Response, StatusCode,
    body::{Bytes, Incoming},
    server::conn::http1,
    service::service_fn,
};
use hyper_util::rt::{TokioIo, TokioTimer};
use lexopt::prelude::*;
use serde_json::{Value as Json, json};
use sse_hyper::{Event, Sse, SseBody};
use tokio::{net::TcpListener, time};

const HELP: &str = "\
Answers POST /v1/chat/completions like a language model: with a stream of chunks, and [DONE].

  $ llm_server
  Listening on http://127.0.0.1:8090/, Ctrl-C stops

Usage: llm_server [--addr ADDR] [--interval MS] [--unavailable N] [--break-after N]

Options:
  --addr ADDR        Where to listen; with port 0 on a free port [default: 127.0.0.1:8090]
  --interval MS      Milliseconds between two words [default: 40]
  --unavailable N    Answer the first N requests with 503 and Retry-After [default: 0]
  --break-after N    End each answer after N words, without [DONE]
  -h, --help         Show this text

A request needs a bearer token; any token is accepted.
";

const MAX_REQUEST: usize = 1024 * 1024;

struct Settings {
    interval: Duration,
    unavailable: AtomicU32,
    break_after: Option<usize>,
}

#[tokio::main(worker_threads = 1)]
async fn main() -> ExitCode {
    cli::end("llm_server", run().await)
}

async fn run() -> Result<ExitCode, Box<dyn Error>> {
    let mut addr = "127.0.0.1:8090".to_owned();
    let (mut interval, mut unavailable, mut break_after) = (40, 0, None);
    let mut args = lexopt::Parser::from_env();
    while let Some(arg) = args.next()? {
        match arg {
            Long("addr") => addr = args.value()?.string()?,
            Long("interval") => interval = args.value()?.parse()?,
            Long("unavailable") => unavailable = args.value()?.parse()?,
            Long("break-after") => break_after = Some(args.value()?.parse()?),
            Short('h') | Long("help") => {
                cli::say(HELP);
                return Ok(ExitCode::SUCCESS);
            }
            other => return Err(other.unexpected().into()),
        }
    }
    let stopped = signals::stop()?;
    let listener =
        TcpListener::bind(&addr).await.map_err(|error| format!("cannot listen on {addr}: {error}"))?;
    writeln!(io::stdout(), "Listening on http://{}/, Ctrl-C stops", listener.local_addr()?)?;
    let interval = Duration::from_millis(interval);
    let settings = Arc::new(Settings { interval, unavailable: AtomicU32::new(unavailable), break_after });
    tokio::select! {
        never = serve(listener, settings) => match never {},
        () = stopped => {}
    }
    Ok(ExitCode::SUCCESS)
}

async fn serve(listener: TcpListener, settings: Arc<Settings>) -> Infallible {
    loop {
        let Ok((socket, _)) = listener.accept().await else {
            // Most likely there are too many open files.
            time::sleep(Duration::from_millis(100)).await;
            continue;
        };
        let _ = socket.set_nodelay(true);
        let settings = settings.clone();
        let service = service_fn(move |request| answer(request, settings.clone()));
        let mut server = http1::Builder::new();
        server.timer(TokioTimer::new());
        tokio::spawn(server.serve_connection(TokioIo::new(socket), service));
    }
}

type Words = SseBody<futures_util::stream::BoxStream<'static, Event>>;
type Answer = Response<Either<Words, Full<Bytes>>>;

async fn answer(request: Request<Incoming>, settings: Arc<Settings>) -> Result<Answer, Infallible> {
    if (request.method(), request.uri().path()) != (&Method::POST, "/v1/chat/completions") {
        return Ok(refuse(StatusCode::NOT_FOUND, "there is only POST /v1/chat/completions"));
    }
    let authorization = request.headers().get("authorization").and_then(|value| value.to_str().ok());
    let token = authorization.and_then(|value| value.strip_prefix("Bearer "));
    if token.is_none_or(|token| token.trim().is_empty()) {
        return Ok(refuse(StatusCode::UNAUTHORIZED, "this needs a bearer token: set OPENAI_API_KEY"));
    }
    if take_one(&settings.unavailable) {
        let mut answer = refuse(StatusCode::SERVICE_UNAVAILABLE, "this is overloaded; try again in a second");
        answer.headers_mut().insert("retry-after", 1.into());
        return Ok(answer);
    }
    let question = Limited::new(request.into_body(), MAX_REQUEST).collect().await.ok().and_then(|body| {
        let body: Json = serde_json::from_slice(&body.to_bytes()).ok()?;
        Some(body["messages"].as_array()?.last()?["content"].as_str()?.to_owned())
    });
    Ok(match question {
        Some(question) => Sse::new(words(&question, &settings).boxed())
            .timer(TokioTimer::new())
            .into_http_response()
            .map(Either::Left),
        None => refuse(StatusCode::BAD_REQUEST, "the body is not JSON with messages"),
    })
}

/// Decrements the count. Returns whether it was above zero.
fn take_one(count: &AtomicU32) -> bool {
    count.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1)).is_ok()
}

fn words(question: &str, settings: &Settings) -> impl futures_util::Stream<Item = Event> + Send + use<> {
    let answer = format!("You ask: {question} Nobody knows, and least of all this program.");
    let mut events: Vec<_> = answer
        .split_inclusive(' ')
        .map(|word| {
            let choices = json!([{ "index": 0, "delta": { "content": word } }]);
            Event::new(json!({ "object": "chat.completion.chunk", "choices": choices }).to_string())
        })
        .collect();
    match settings.break_after {
        Some(words) => events.truncate(words),
        None => events.push(Event::new("[DONE]")),
    }
    let interval = settings.interval;
    stream::iter(events).then(move |event| async move {
        time::sleep(interval).await;
        event
    })
}

fn refuse(status: StatusCode, message: &str) -> Answer {
    let body = json!({ "error": { "message": message, "code": status.as_u16() } }).to_string();
    let mut answer = Response::new(Either::Right(Full::from(body)));
    *answer.status_mut() = status;
    answer.headers_mut().insert("content-type", hyper::header::HeaderValue::from_static("application/json"));
    answer
}
