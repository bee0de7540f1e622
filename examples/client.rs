//! A client on hyper that prints the events of a stream: see `HELP`.

mod shared {
    pub(crate) mod cli;
    pub(crate) mod json_lines;
    pub(crate) mod signals;
}

use std::{
    error::Error,
    io::{self, BufWriter, Stdout, Write},
    process::{self, ExitCode},
    time::Duration,
};

use http_body_util::{BodyExt, Empty};
use hyper::{
    Request, Response, StatusCode, Uri,
    body::{Bytes, Incoming},
    client::conn::http1,
    header::{ACCEPT, CACHE_CONTROL, CONTENT_TYPE, HOST, LOCATION},
};
use hyper_util::rt::TokioIo;
use lexopt::prelude::*;
use sse_codec::{Decoder, EventId, decode::ItemRef, error::DecodeError};
use sse_hyper::{LAST_EVENT_ID, last_event_id_header};
use tokio::{net::TcpStream, time};

use shared::{
    cli::{self, printable},
    json_lines, signals,
};

const HELP: &str = "\
Prints the events of an event stream (text/event-stream) as they come.

Usage: client [--json] [--comments] [--reconnect] [--last-event-id ID] URL

  $ client http://127.0.0.1:8080/sse
  ping (1700000000): 1700000000

That is an event's type, the last event ID if there is one, and the data. Further lines of the data are
indented, and control characters are shown as U+FFFD.

URL begins with http://, since this client speaks no TLS. For https: curl -sN URL | decode

Options:
  --json              Print JSON Lines, the same as `decode` does
  --comments          Show comments, of up to 64 KiB each
  --reconnect         When the stream ends or breaks, or nobody answers: wait for the reconnection time,
                      which is 3 s if the server sets no other and 100 ms at least, and ask for
                      what comes after the last event
  --last-event-id ID  Ask for what comes after this event
  -h, --help          Show this text

Exit code: 0 if the stream ends, the server has no more for us (204), or on Ctrl-C or SIGTERM. 1 if the
answer is no event stream, or, without --reconnect, if the connection breaks or there is none.
";

const RECONNECTION_TIME: Duration = Duration::from_secs(3);
const SHORTEST_RECONNECTION_TIME: Duration = Duration::from_millis(100);

#[tokio::main(worker_threads = 1)]
async fn main() -> ExitCode {
    cli::end("client", run().await)
}

/// Reads the flags, and connects for as long as there is something to come.
async fn run() -> Result<ExitCode, Box<dyn Error>> {
    let (mut url, mut last_event_id) = (None, EventId::default());
    let (mut json, mut comments, mut reconnect) = (false, false, false);
    let mut args = lexopt::Parser::from_env();
    while let Some(arg) = args.next()? {
        match arg {
            Long("json") => json = true,
            Long("comments") => comments = true,
            Long("reconnect") => reconnect = true,
            Long("last-event-id") => {
                last_event_id = EventId::lenient(args.value()?.string()?)?;
                last_event_id_header(&last_event_id)?;
            }
            Short('h') | Long("help") => {
                cli::say(HELP);
                return Ok(ExitCode::SUCCESS);
            }
            Value(text) if url.is_none() => url = Some(text.string()?),
            other => return Err(other.unexpected().into()),
        }
    }
    let stop_signal = signals::stop()?;
    tokio::spawn(async {
        // At once, also while the main thread waits for who reads our output.
        stop_signal.await;
        process::exit(0);
    });
    let mut client = Client {
        server: Server::new(&url.ok_or("no URL; `client --help` tells more")?)?,
        decoder: Decoder::builder().comments(comments).last_event_id(last_event_id).build(),
        output: BufWriter::new(io::stdout()),
        json,
    };
    loop {
        let why = match client.listen().await? {
            End::NoMore => break,
            End::Clean if !reconnect => break,
            End::Clean => "the stream ended".to_owned(),
            End::Broken(why) if !reconnect => return Err(why.into()),
            End::Broken(why) => why,
        };
        let wait = client.decoder.retry().unwrap_or(RECONNECTION_TIME);
        let wait = wait.max(SHORTEST_RECONNECTION_TIME);
        cli::complain("client", &format!("{why}; reconnecting in {wait:?}"));
        time::sleep(wait).await;
        client.decoder.reconnect();
    }
    if json {
        json_lines::write_final(&mut client.output, &client.decoder)?;
    }
    client.output.flush()?;
    Ok(ExitCode::SUCCESS)
}

struct Client {
    server: Server,
    decoder: Decoder,
    output: BufWriter<Stdout>,
    json: bool,
}

/// How a connection ended.
enum End {
    /// The server does not want us back.
    NoMore,
    Clean,
    Broken(String),
}

impl Client {
    /// Connects, and prints what comes. An error is one that the next connection would meet again.
    async fn listen(&mut self) -> Result<End, Box<dyn Error>> {
        let response = match self.server.get(self.decoder.last_event_id()).await {
            Ok(response) => response,
            Err(why) => return Ok(End::Broken(why)),
        };
        if response.status() == StatusCode::NO_CONTENT {
            return Ok(End::NoMore);
        }
        check(&response)?;
        let mut body = response.into_body();
        while let Some(frame) = body.frame().await {
            match frame {
                Ok(frame) => {
                    if let Some(chunk) = frame.data_ref() {
                        self.print(chunk)?;
                    }
                }
                Err(error) => return Ok(End::Broken(format!("the connection broke: {}", whole(&error)))),
            }
        }
        Ok(if self.decoder.is_mid_event() {
            End::Broken("the stream broke off within an event".into())
        } else {
            End::Clean
        })
    }

    fn print(&mut self, chunk: &[u8]) -> io::Result<()> {
        let mut events = self.decoder.decode(chunk);
        while let Some(item) = events.next_item() {
            if self.json {
                json_lines::write_item(&mut self.output, &item)?;
            } else {
                write_text(&mut self.output, &item)?;
            }
        }
        self.output.flush()
    }
}

/// Where to connect, and what to ask for.
struct Server {
    /// Host and port.
    addr: String,
    /// The same as the URL has it.
    host: String,
    path: String,
}

impl Server {
    fn new(url: &str) -> Result<Self, String> {
        let uri: Uri = url.parse().map_err(|error| format!("{url} is not a URL: {error}"))?;
        match uri.scheme_str() {
            Some("http") => {}
            Some("https") => {
                return Err("this client speaks no TLS; for https, use: curl -sN URL | decode".into());
            }
            _ => return Err(format!("{url} does not begin with http://")),
        }
        let authority = uri.authority().map_or("", |authority| authority.as_str());
        let host = authority.rsplit('@').next().unwrap_or_default().to_owned();
        let has_port = uri.host().is_some_and(|name| name.len() < host.len());
        Ok(Self {
            addr: if has_port { host.clone() } else { format!("{host}:80") },
            host,
            path: uri.path_and_query().map_or("/", |path| path.as_str()).into(),
        })
    }

    /// The head of the answer. An error is one of the connection.
    async fn get(&self, last_event_id: &str) -> Result<Response<Incoming>, String> {
        let Self { addr, host, path } = self;
        let mut request = Request::get(path)
            .header(HOST, host)
            .header(ACCEPT, "text/event-stream")
            .header(CACHE_CONTROL, "no-cache");
        match EventId::lenient(last_event_id).map(|id| last_event_id_header(&id)) {
            Ok(Ok(Some(id))) => request = request.header(LAST_EVENT_ID, id),
            Ok(Err(error)) => cli::complain("client", &format!("cannot ask for what comes after: {error}")),
            _ => {}
        }
        let request = request.body(Empty::<Bytes>::new()).map_err(|error| error.to_string())?;

        let no_connection = |why: String| format!("cannot connect to {addr}: {why}");
        let stream = TcpStream::connect(addr).await.map_err(|error| no_connection(error.to_string()))?;
        let connection = http1::handshake(TokioIo::new(stream)).await;
        let (mut sender, connection) = connection.map_err(|error| no_connection(whole(&error)))?;
        // It ends with its response, and its errors are told there.
        tokio::spawn(connection);
        sender
            .send_request(request)
            .await
            .map_err(|error| format!("no answer from {addr}: {}", whole(&error)))
    }
}

/// Whether this is an event stream.
fn check(response: &Response<Incoming>) -> Result<(), String> {
    let text = |name| response.headers().get(name).map(|value| String::from_utf8_lossy(value.as_bytes()));
    let status = response.status();
    if let (true, Some(location)) = (status.is_redirection(), text(LOCATION)) {
        return Err(format!("the server answered {status}, to {}: try that URL", printable(&location)));
    }
    if status != StatusCode::OK {
        return Err(format!("the server answered {status}; an event stream comes with 200 OK"));
    }
    let content_type = text(CONTENT_TYPE).ok_or("the answer has no content type, not text/event-stream")?;
    let essence = content_type.split(';').next().unwrap_or_default().trim();
    if !essence.eq_ignore_ascii_case("text/event-stream") {
        return Err(format!("the answer is {}, not text/event-stream", printable(&content_type)));
    }
    Ok(())
}

fn write_text(output: &mut impl Write, item: &Result<ItemRef<'_>, DecodeError>) -> io::Result<()> {
    match item {
        Ok(ItemRef::Event(event)) => {
            write!(output, "{}", printable(event.event_type()))?;
            if !event.last_event_id().is_empty() {
                write!(output, " ({})", printable(event.last_event_id()))?;
            }
            write_indented(output, ": ", event.data())
        }
        Ok(ItemRef::Comment(text)) => write_indented(output, "comment: ", text),
        Ok(_) => Ok(()),
        Err(error) => {
            output.flush()?;
            cli::complain("client", &error.to_string());
            Ok(())
        }
    }
}

fn write_indented(output: &mut impl Write, start: &str, text: &str) -> io::Result<()> {
    let mut before = start;
    for line in text.split('\n') {
        writeln!(output, "{before}{}", printable(line))?;
        before = "    ";
    }
    Ok(())
}

/// An error with its reasons, which hyper leaves to us.
fn whole(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(reason) = source {
        text = format!("{text}: {reason}");
        source = reason.source();
    }
    text
}
