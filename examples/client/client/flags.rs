//! The command line.

use std::{error::Error, fs, path::PathBuf, time::Duration};

use lexopt::prelude::*;
use reqwest::{
    Method, Url,
    header::{HeaderMap, HeaderName, HeaderValue},
};
use sse_client::{EventId, Limits, Policy};

pub(crate) const HELP: &str = "\
Prints the events of an event stream (text/event-stream) as they come, and reconnects when it ends.

Usage: client [OPTIONS] URL

  $ client http://127.0.0.1:8080/sse
  ping (1700000000): 1700000000

That is an event's type, the last event ID if there is one, and the data. Further lines of the data are
indented, and control characters are shown as U+FFFD. Errors and waits are printed on standard error.

URL begins with http:// or https://. HTTP/2 is used if an https server offers it. Redirects are followed.

Options:
  --policy NAME         When to reconnect:
                          feed               always; it backs off, and watches for silence
                          browser            as browsers do: any status other than 200 is the end
                          until-first-event  only while no event has come
                          after-event-id     only once an id has come
                          never
                        [default: feed; with another method than GET: until-first-event]
  --attempts N          Give up after N failures in a row
  --idle DURATION       Give up a connection after a silence of this time
  --head-timeout DURATION  Give up a request without an answer after this time
  --until TEXT          End after the event with this data, such as [DONE]
  --max-event BYTES     Skip events that are larger [default: 16777216]
  --last-event-id ID    Ask for the events after this one
  --state FILE          Keep the last event ID in this file: it is read at the start, and written after each
                        printed event
  --method METHOD       [default: GET; with --data: POST]
  --header 'NAME: VALUE'   Also send this header; may be given several times
  --data BODY           Send this body; with @FILE the content of the file
  --cacert FILE         Trust the certificates in this PEM file, and no others
  --json                Print JSON Lines: those of `decode`, and a line for each change of the connection
  --comments            Show comments
  -h, --help            Show this text

A DURATION is a number with a unit: 500ms, 30s, 5m, 2h.

Exit code: 0 if the stream ended (with --policy never and the like), on 204, after --until, on Ctrl-C or
SIGTERM. 1 if it could not begin: wrong flags, files that cannot be read. 2 if the answer is not an event
stream. 3 if it could not connect, or gave up. 4 if the stream is cut off and cannot be requested again.
";

pub(crate) struct Flags {
    pub(crate) url: Url,
    pub(crate) method: Method,
    pub(crate) headers: HeaderMap,
    pub(crate) data: Option<Vec<u8>>,
    pub(crate) policy: Policy,
    pub(crate) until: Option<String>,
    pub(crate) last_event_id: Option<EventId>,
    pub(crate) state: Option<PathBuf>,
    pub(crate) cacert: Option<PathBuf>,
    pub(crate) json: bool,
    pub(crate) comments: bool,
}

impl Flags {
    /// Parses the command line. `None` if help is requested.
    pub(crate) fn parse() -> Result<Option<Self>, Box<dyn Error>> {
        let (mut url, mut method, mut data, mut headers) = (None, None, None, HeaderMap::new());
        let (mut policy, mut attempts, mut idle, mut head_timeout) = (None, None, None, None);
        let (mut until, mut max_event, mut last_event_id) = (None, None, None);
        let (mut state, mut cacert, mut json, mut comments) = (None, None, false, false);
        let mut args = lexopt::Parser::from_env();
        while let Some(arg) = args.next()? {
            match arg {
                Long("policy") => policy = Some(preset(&args.value()?.string()?)?),
                Long("attempts") => attempts = Some(args.value()?.parse()?),
                Long("idle") => idle = Some(args.value()?.parse_with(duration)?),
                Long("head-timeout") => head_timeout = Some(args.value()?.parse_with(duration)?),
                Long("until") => until = Some(args.value()?.string()?),
                Long("max-event") => max_event = Some(args.value()?.parse()?),
                Long("last-event-id") => last_event_id = Some(EventId::lenient(args.value()?.string()?)?),
                Long("state") => state = Some(args.value()?.into()),
                Long("method") => method = Some(args.value()?.parse()?),
                Long("header") => {
                    let (name, value) = args.value()?.parse_with(header)?;
                    headers.append(name, value);
                }
                Long("data") => data = Some(args.value()?.parse_with(body)?),
                Long("cacert") => cacert = Some(args.value()?.into()),
                Long("json") => json = true,
                Long("comments") => comments = true,
                Short('h') | Long("help") => return Ok(None),
                Value(text) if url.is_none() => url = Some(text.parse_with(address)?),
                other => return Err(other.unexpected().into()),
            }
        }
        let method = method.unwrap_or(if data.is_some() { Method::POST } else { Method::GET });
        let default = if method == Method::GET { Policy::feed() } else { Policy::until_first_event() };
        let mut policy = policy.unwrap_or(default);
        if let Some(attempts) = attempts {
            policy = policy.attempts(attempts);
        }
        if let Some(idle) = idle {
            policy = policy.idle(idle);
        }
        if let Some(timeout) = head_timeout {
            policy = policy.head_timeout(timeout);
        }
        if let Some(bytes) = max_event {
            policy = policy.limits(Limits::new().with_event(bytes));
        }
        let url = url.ok_or("no URL; see `client --help`")?;
        Ok(Some(Self {
            url,
            method,
            headers,
            data,
            policy,
            until,
            last_event_id,
            state,
            cacert,
            json,
            comments,
        }))
    }
}

fn preset(name: &str) -> Result<Policy, String> {
    match name {
        "feed" => Ok(Policy::feed()),
        "browser" => Ok(Policy::browser()),
        "until-first-event" => Ok(Policy::until_first_event()),
        "after-event-id" => Ok(Policy::after_event_id()),
        "never" => Ok(Policy::never()),
        _ => Err(format!(
            "there is no policy {name}; choose feed, browser, until-first-event, after-event-id or never"
        )),
    }
}

fn address(text: &str) -> Result<Url, String> {
    let url = Url::parse(text).map_err(|error| format!("{text} is not a URL: {error}"))?;
    match url.scheme() {
        "http" | "https" => Ok(url),
        _ => Err(format!("{text} does not begin with http:// or https://")),
    }
}

fn header(text: &str) -> Result<(HeaderName, HeaderValue), Box<dyn Error + Send + Sync>> {
    let (name, value) = text.split_once(':').ok_or("a header must be a name, a colon and a value")?;
    Ok((name.trim().parse()?, value.trim().parse()?))
}

fn body(text: &str) -> Result<Vec<u8>, String> {
    match text.strip_prefix('@') {
        None => Ok(text.into()),
        Some(file) => fs::read(file).map_err(|error| format!("{file}: {error}")),
    }
}

fn duration(text: &str) -> Result<Duration, &'static str> {
    const WRONG: &str = "a duration must be a number with a unit: 500ms, 30s, 5m, 2h";
    let digits = text.trim_end_matches(|char: char| char.is_ascii_alphabetic());
    let number: u64 = digits.parse().map_err(|_| WRONG)?;
    let millis = match &text[digits.len()..] {
        "ms" => 1,
        "s" => 1_000,
        "m" => 60_000,
        "h" => 3_600_000,
        _ => return Err(WRONG),
    };
    Ok(Duration::from_millis(number.saturating_mul(millis)))
}
